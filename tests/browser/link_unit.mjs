// link_unit.mjs - client-web/js/link_state.js: what may happen in each state, and what is remembered.
// The last line is for the test that runs it.
import assert from "node:assert/strict";
import { FIRST, next } from "../../client-web/js/link_state.js";

const MINUTE = 60_000;

// Each state and each thing that happens; "": it cannot.
const HAPPENS = ["start", "loggedIn", "lost", "noServer", "noSocket", "socketTried", "socket", "ended"];
const TABLE = {
	connecting: ["connecting", "online", "offline", "offline", "offline", "", "", "login"],
	online: ["connecting", "", "offline", "", "", "online", "connecting", "login"],
	offline: ["connecting", "", "", "", "", "", "", "login"],
	login: ["connecting", "", "", "", "", "", "", "login"],
};
for (const [name, row] of Object.entries(TABLE))
	for (const [n, what] of HAPPENS.entries()) {
		const state = Object.freeze({ ...FIRST, name });
		if (row[n])
			assert.equal(next(state, what, 0).name, row[n], `${what} while ${name}`);
		else
			assert.throws(() => next(state, what, 0), TypeError, `${what} while ${name}`);
	}
assert.throws(() => next(FIRST, "something else", 0), TypeError);

// What happens, one after the other (a number: so many ms pass), and what is remembered at the end.
const STORIES = {
	"each failure counts": ["lost start lost start lost", { failures: 3, polls: false }],
	"logging in alone is no success": ["lost start loggedIn 1000 lost", { failures: 1 }],
	"a minute is": [`lost start lost start loggedIn ${MINUTE + 1} lost`, { failures: 0 }],
	"a minute of two connections is not": [`lost start loggedIn 40000 lost start loggedIn 40000 lost`,
		{ failures: 1 }],
	"one broken WebSocket is an accident": ["noSocket start", { polls: false, brokenSockets: 1 }],
	"two are a network that breaks them": ["noSocket start noSocket start", { polls: true, failures: 2 }],
	"a server that was down between is not": ["noSocket start noServer start noSocket start",
		{ polls: false, brokenSockets: 1 }],
	"polls that fail: a WebSocket again": ["noSocket start noSocket start lost start",
		{ polls: false, brokenSockets: 2 }],
	"and if that fails, polls": ["noSocket start noSocket start lost start noSocket start", { polls: true }],
	"polls go on after a connection was lost": ["noSocket start noSocket start loggedIn lost start",
		{ polls: true }],
	"a WebSocket that works ends them": ["noSocket start noSocket start loggedIn 7000 socketTried socket",
		{ polls: false, brokenSockets: 0, name: "connecting", triedMs: 7000 }],
	"trying one is not a new connection": [`loggedIn 40000 socketTried 40000 lost`, { failures: 0, triedMs: 40000 }],
	"the login page keeps what was learned": ["noSocket start noSocket start ended start", { polls: true }],
	"ended twice, by two tabs": ["loggedIn ended ended", { name: "login" }],
};
for (const [story, [happens, expected]] of Object.entries(STORIES)) {
	let state = FIRST, now = 0;
	for (const what of happens.split(" "))
		if (/^\d+$/.test(what))
			now += Number(what);
		else
			state = next(state, what, now);
	for (const [key, value] of Object.entries(expected))
		assert.equal(state[key], value, `${story}: ${key}`);
}
console.log(JSON.stringify({ passed: [...Object.keys(TABLE), ...Object.keys(STORIES)] }));
