// outbox_unit.mjs - client-web/js/outbox.js without a browser: what becomes of a message, by the
// answers to it. Time is ours. The last line is for the test that runs it.
import assert from "node:assert/strict";

/* -- a browser's parts ---------------------------------------------------------------- */

class Storage {
	constructor() {
		Object.defineProperty(this, "full", { value: false, writable: true });
	}

	getItem(key) { return Object.hasOwn(this, key) ? this[key] : null; }

	setItem(key, value)
	{
		if (this.full)
			throw new Error("full");
		this[key] = value;
	}

	removeItem(key) { delete this[key]; }
}

const clock = { now: 1_800_000_000_000, timers: new Map(), next: 1 };
const listeners = [];

globalThis.navigator ??= {};
globalThis.localStorage = new Storage();
globalThis.addEventListener = (type, listener) => listeners.push(listener);
Date.now = () => clock.now;
globalThis.setTimeout = (run, ms = 0) => {
	clock.timers.set(clock.next, { run, at: clock.now + ms });
	return clock.next++;
};
globalThis.clearTimeout = id => clock.timers.delete(id);

const { drop, keysWith } = await import("../../client-web/js/storage.js");
const { loadDraft, Outbox } = await import("../../client-web/js/outbox.js");

async function settle()
{
	for (let n = 0; n < 50; n++)
		await null;
}

/* Runs the next timer; false: there is none. */
async function tick()
{
	const [id, timer] = [...clock.timers].sort((a, b) => a[1].at - b[1].at)[0] ?? [];
	if (!id)
		return false;
	clock.timers.delete(id);
	clock.now = Math.max(clock.now, timer.at);
	timer.run();
	await settle();
	return true;
}

/* -- a link whose answers are a script ------------------------------------------------- */

class FakeLink extends EventTarget {
	constructor(answer)
	{
		super();
		Object.assign(this, { state: "online", me: { userId: "7" }, sent: [], answer });
	}

	async request({ send })
	{
		this.sent.push(send);
		const answer = await this.answer(send, this.sent.length);
		if (answer.throws)
			throw Object.assign(new Error(answer.throws), { code: answer.throws, ...answer });
		return { sent: { outcomes: [answer] } };
	}

	become(state)
	{
		this.state = state;
		this.dispatchEvent(new Event("state"));
		if (state === "online")
			this.dispatchEvent(new Event("ready"));
	}
}

function make(answer)
{
	localStorage.full = false;
	["kith."].flatMap(keysWith).forEach(drop);
	clock.timers.clear();
	const link = new FakeLink(answer), outbox = new Outbox(link);
	link.become("online");
	return { link, outbox };
}

const STORED = { seq: "1" };
const refusal = code => ({ throws: code });
const outcome = code => ({ error: { code } });
const room = id => ({ id });
const shape = outbox => outbox.entries.map(e => [e.text, e.status, e.error]);

/* -- the tests -------------------------------------------------------------------------- */

const tests = {
	/* Each answer of the server, for ever: how it ends, and after how many sendings. */
	async every_refusal_ends()
	{
		const ends = { LOST: 10, TIMEOUT: 3, INTERNAL: 5, CLIENT_ID_TAKEN: 5, UNAVAILABLE: 20, BUSY: 20,
			SERVER_FULL: 20, RATE_LIMITED: 20, SHUTTING_DOWN: 20, BAD_REQUEST: 1, BAD_FRAME: 1,
			NOT_MEMBER: 1, TOO_LARGE: 1, NO_SUCH_CONVERSATION: 1, UNKNOWN_FIELD: 1, "of the future": 1 };
		for (const [code, times] of Object.entries(ends))
			for (const make_answer of [refusal, outcome]) {
				const { link, outbox } = make(({ text }) => text === "bad" ? make_answer(code) : STORED);
				outbox.add(room("1"), "bad");
				outbox.add(room("2"), "good");
				await settle();
				if (code !== "LOST")
					assert.deepEqual(shape(outbox)[1], ["good", "stored", undefined], code);
				for (let n = 0; n < 100 && outbox.entries[0].status === "sending"; n++) {
					await tick();
					if (code === "LOST")
						link.become("online");
					await settle();
				}
				assert.deepEqual(shape(outbox)[0], ["bad", "failed", code], code);
				assert.equal(link.sent.filter(({ text }) => text === "bad").length, times, code);
				assert.equal(JSON.parse(localStorage[`kith.outbox.7.${outbox.entries[0].clientId}`]).status,
					"failed", "also after a reload");
				// And from there the user may try again, or not.
				link.answer = () => STORED;
				outbox.retry(outbox.entries[0].clientId);
				await settle();
				assert.equal(outbox.entries[0].status, "stored", code);
			}
	},

	/* The pauses grow, and have a bound. */
	async pauses_grow()
	{
		const { outbox } = make(() => refusal("BUSY")), at = [];
		outbox.add(room("1"), "bad");
		await settle();
		while (outbox.entries[0].status === "sending") {
			at.push(clock.now);
			await tick();
		}
		const pauses = at.slice(1).map((time, n) => time - at[n]);
		assert.ok(pauses.every((ms, n) => n === 0 || ms >= pauses[n - 1]), String(pauses));
		assert.ok(Math.max(...pauses) <= 30000);
	},

	/* While one waits, the next of the same conversation does not overtake it. */
	async order_in_a_conversation()
	{
		const { link, outbox } = make((send, n) => n === 1 ? refusal("BUSY") : STORED);
		for (const text of ["one", "two", "three"])
			outbox.add(room("1"), text);
		await settle();
		assert.deepEqual(link.sent.map(({ text }) => text), ["one"]);
		await tick();
		assert.deepEqual(link.sent.map(({ text }) => text), ["one", "one", "two", "three"]);
	},

	/* A taken id: another one, and the same place. */
	async taken_id()
	{
		const { link, outbox } = make((send, n) => n === 1 ? refusal("CLIENT_ID_TAKEN") : STORED);
		outbox.add(room("1"), "one");
		outbox.add(room("1"), "two");
		await settle();
		const [first, again, other] = link.sent;
		assert.equal(again.text, "one");
		assert.notEqual(again.clientId, first.clientId);
		assert.notEqual(again.clientId, other.clientId);
		assert.deepEqual(shape(outbox).map(([text, status]) => `${text} ${status}`),
			["one stored", "two stored"]);
		assert.ok(!(`kith.outbox.7.${first.clientId}` in localStorage));
	},

	/* Text that the server would refuse for its characters. */
	async characters()
	{
		const { link, outbox } = make(() => STORED);
		for (const [text, sent] of [["lo\0g", "log"], ["\0\0x", "x"], ["a\ud800b", "a\ufffdb"],
			["\udfff", "\ufffd"], ["\u{1f600}", "\u{1f600}"]]) {
			outbox.add(room("1"), text);
			await settle();
			assert.equal(link.sent.at(-1).text, sent);
			assert.equal(outbox.entries.at(-1).text, sent);
		}
	},

	/* What another tab does with an entry of ours: only its word makes it stored. */
	async other_tabs()
	{
		const tell = (entry, newValue) => listeners.forEach(listener =>
			listener({ key: `kith.outbox.7.${entry.clientId}`, newValue }));
		for (const [name, words, end] of [
			["logged out there", [null], []],
			["stored there", [{ status: "stored" }], [["hi", "stored", undefined]]],
			["stored there, and arrived", [{ status: "stored" }, null], [["hi", "stored", undefined]]],
			["failed there", [{ status: "failed", error: "BUSY" }], [["hi", "failed", "BUSY"]]],
			["failed there, and discarded", [{ status: "failed", error: "BUSY" }, null], []],
			["something else", ["}{"], []],
		]) {
			const { outbox } = make(() => new Promise(() => {}));
			outbox.add(room("1"), "hi");
			const [entry] = outbox.entries;
			for (const word of words)
				tell(entry, word === null || typeof word === "string" ? word :
					JSON.stringify({ ...entry, ...word }));
			assert.deepEqual(shape(outbox), end, name);
		}
	},

	/* Its event may come before another tab's word that it is stored, or failed: that is no new entry. */
	async the_event_is_the_last_word()
	{
		for (const status of ["sending", "stored", "failed"]) {
			const { link, outbox } = make(() => new Promise(() => {}));
			outbox.add(room("1"), "hi");
			const entry = { ...outbox.entries[0], status }, key = `kith.outbox.7.${entry.clientId}`;
			outbox.arrived(entry.clientId);
			localStorage[key] = JSON.stringify(entry);	// as the other tab wrote it
			listeners.forEach(listener => listener({ key, newValue: localStorage[key] }));
			assert.deepEqual(shape(outbox), [], status);
			assert.ok(!(key in localStorage), status);
			localStorage[key] = JSON.stringify(entry);
			link.become("online");
			assert.deepEqual(shape(outbox), [], `${status}, after a reconnect`);
		}
	},

	/*
	 * A refusal says when to try again, and meanwhile the connection is lost and comes back, at
	 * each moment: nobody else has to wake the message.
	 */
	async a_reconnect_keeps_the_time_to_try_again()
	{
		for (const code of ["SHUTTING_DOWN", "BUSY", "UNAVAILABLE", "RATE_LIMITED", "TIMEOUT"])
			for (const retryAfterMs of [0, 5000])
				for (const first of ["lost before the answer", "lost after it"]) {
					const { link, outbox } = make((send, n) =>
						n === 1 ? { ...refusal(code), retryAfterMs } : STORED);
					outbox.add(room("1"), "one");
					if (first === "lost before the answer")
						link.state = "offline";
					await settle();
					link.become("offline");
					await settle();
					link.become("online");
					await settle();
					while (await tick());
					assert.deepEqual(shape(outbox), [["one", "stored", undefined]],
						`${code} ${retryAfterMs}, ${first}`);
				}
	},

	/* What no conversation of the list shows: in each status. */
	async nothing_is_unseen()
	{
		for (const [answer, here, elsewhere] of [[STORED, 0, 0], [refusal("NOT_MEMBER"), 1, 1],
			[outcome("TOO_LARGE"), 1, 1], [refusal("BUSY"), 0, 1]]) {
			const { outbox } = make(() => answer);
			outbox.add({ id: "3", title: "#tea" }, "hi");
			await settle();
			assert.equal(outbox.notSent(id => id === "3").length, here);
			assert.equal(outbox.notSent(() => false).length, elsewhere);
			assert.equal(outbox.entries[0].where, "#tea");
		}
	},

	/* No room in the browser: it is sent all the same, and the user is told. */
	async full_storage()
	{
		const { link, outbox } = make(() => STORED);
		let told = 0;
		outbox.addEventListener("unsaved", () => told++);
		localStorage.full = true;
		outbox.add(room("1"), "one");
		await settle();
		assert.deepEqual(link.sent.map(({ text }) => text), ["one"]);
		assert.deepEqual(shape(outbox), [["one", "stored", undefined]]);
		assert.equal(told, 1);
		localStorage.full = false;
	},

	/* A reload finds all, and passes over what is no entry. */
	async reload()
	{
		const { link, outbox } = make(() => refusal("LOST"));
		link.become("offline");
		outbox.add(room("1"), "one");
		outbox.add(room("1"), "two");
		assert.ok(outbox.entries.every(entry => outbox.waits(entry)), "may be discarded");
		outbox.discard(outbox.entries[1].clientId);
		localStorage["kith.outbox.7.5"] = "}{";
		localStorage["kith.outbox.7.6"] = "null";
		localStorage["kith.outbox.8.7"] = JSON.stringify({ clientId: "7", text: "not mine" });
		const other = new Outbox(link);
		link.answer = () => STORED;
		link.become("online");
		await settle();
		assert.deepEqual(shape(other), [["one", "stored", undefined]]);
	},

	/* With the name of its conversation; one of before, which was its text alone, is not lost. */
	async draft()
	{
		const kept = { text: "half", where: "#tea" };
		for (const [stored, text, where] of [[JSON.stringify(kept), "half", "#tea"], ["plain", "plain"],
			["null", "null"], ["12", "12"], ["[1]", "[1]"], ["{\"a\": 1}", "{\"a\": 1}"], ["{", "{"]]) {
			localStorage["kith.draft.7.2"] = stored;
			assert.deepEqual([loadDraft("kith.draft.7.2").text, loadDraft("kith.draft.7.2").where],
				[text, where], stored);
		}
		assert.equal(loadDraft("kith.draft.7.3").text, "");
	},

	/* Somebody else of the same browser keeps what was not sent. */
	async logout()
	{
		const { link, outbox } = make(() => refusal("LOST"));
		link.become("offline");
		outbox.add(room("1"), "mine");
		localStorage["kith.draft.7.1"] = "my draft";
		localStorage["kith.outbox.8.7"] = JSON.stringify({ clientId: "7", text: "not mine" });
		localStorage["kith.draft.8.1"] = "not my draft";
		outbox.clear();
		assert.deepEqual(Object.keys(localStorage).filter(key => /kith\.(outbox|draft)/.test(key)).sort(),
			["kith.draft.8.1", "kith.outbox.8.7"]);
	},
};

for (const [name, test] of Object.entries(tests))
	await test().catch(error => {
		error.message = `${name}: ${error.message}`;
		throw error;
	});
console.log(JSON.stringify({ passed: Object.keys(tests) }));
process.exit(0);
