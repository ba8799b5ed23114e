// state_unit.mjs - client-web/js/state.js without a browser: which conversations the list holds, by the
// order in which events and answers come. The last line is for the test that runs it.
import assert from "node:assert/strict";
import "./no_browser.mjs";
import { State } from "../../client-web/js/state.js";

const ME = "7", OTHER = "8", GROUP = "41", HOME = "3";

const row = (id, lastSeq, rest = {}) => ({ id, kind: "GROUP", name: `g${id}`, role: "MEMBER",
	lastSeq: String(lastSeq), readSeq: "1", ...rest });
const event = (kind, seq, sender = OTHER, conversation = GROUP) => ({ event: { conversation,
	seq: String(seq), kind, sender, senderName: sender === ME ? "me" : "carol", text: "t",
	timeMs: "1800000000000" } });

// Answers when the test says so.
class FakeLink extends EventTarget {
	constructor()
	{
		super();
		Object.assign(this, { state: "online", me: { userId: ME }, asked: [] });
	}

	request(body)
	{
		return new Promise((resolve, reject) => this.asked.push({ body, resolve, reject }));
	}
}

async function settle()
{
	for (let n = 0; n < 50; n++)
		await null;
}

class Bench {
	constructor()
	{
		this.link = new FakeLink();
		this.state = new State(this.link);
		this.told = [];
		this.state.addEventListener("event", ({ detail }) => this.told.push(detail.event.kind));
		for (const one of [row(GROUP, 5), row(HOME, 2)])
			this.state.takeRow(one);
		this.state.loaded = true;
	}

	async news(reply)
	{
		this.link.dispatchEvent(Object.assign(new Event("news"), { detail: reply }));
		await settle();
	}

	// Answers the first question of this kind that waits.
	async answer(kind, reply)
	{
		const at = this.link.asked.findIndex(({ body }) => kind in body);
		assert.ok(at >= 0, `nobody asked for ${kind}`);
		this.link.asked.splice(at, 1)[0].resolve(reply);
		await settle();
	}

	rows(...conversations)
	{
		return this.answer("listConversations", { conversations: { conversations } });
	}

	get listed()
	{
		return this.state.sorted().map(({ id }) => id).sort();
	}
}

const nobody = lastSeq => row(GROUP, lastSeq, { role: undefined });

// Each: what happens; whether the group is in the list at the end; what was told as new.
const CASES = {
	"left elsewhere, and the answer of before comes after": [async b => {
		await b.news(event("JOINED", 6));
		await b.news(event("LEFT", 7, ME));
		await b.rows(row(GROUP, 6));
	}, false, ["JOINED"]],
	"left elsewhere, and the answer says so": [async b => {
		await b.news(event("JOINED", 6));
		await b.news(event("LEFT", 7, ME));
		await b.rows(nobody(7));
	}, false, ["JOINED"]],
	"the answer says so before the event": [async b => {
		await b.news(event("JOINED", 6));
		await b.rows(nobody(7));
		assert.deepEqual(b.listed, [HOME]);
		await b.news(event("LEFT", 7, ME));
	}, false, ["JOINED"]],
	"the server leaves the row out": [async b => {
		b.state.drop(GROUP);
		await b.news(event("MESSAGE", 9));
		await b.rows();
		assert.equal(b.state.conversations.has(GROUP), false);
	}, false, []],
	"an event that is older than the leaving": [async b => {
		await b.news(event("LEFT", 9, ME));
		await b.news(event("MESSAGE", 8));
		assert.deepEqual(b.link.asked, []);
	}, false, []],
	"a poll tells of a group that was left long ago": [async b => {
		b.state.drop(GROUP);
		await b.news({ syncPage: { events: [event("MESSAGE", 6).event, event("MESSAGE", 7).event,
			event("LEFT", 8, ME).event] } });
		await b.rows(nobody(8));
		assert.deepEqual(b.state.have().find(({ conversation }) => conversation === GROUP),
			{ conversation: GROUP, seq: "8" }, "and is not to tell it again");
	}, false, []],
	"left here, and the answer of before comes after": [async b => {
		await b.news(event("INVITED", 6));
		const left = b.state.leave(b.state.get(GROUP));
		await b.answer("leaveGroup", { done: {} });
		await left;
		await b.rows(row(GROUP, 6));
	}, false, ["INVITED"]],
	"left while the list was on its way": [async b => {
		const loaded = b.state.loadList();
		await b.news(event("LEFT", 6, ME));
		await b.rows(row(HOME, 2), row(GROUP, 5));
		await loaded;
	}, false, []],
	"left while joining": [async b => {
		await b.news(event("LEFT", 6, ME));
		const joined = b.state.joined({ joinGroup: { target: { group: "g41" } } });
		await b.news(event("LEFT", 8, ME));
		const refused = assert.rejects(joined, { code: "NOT_MEMBER" });
		await b.answer("joinGroup", { joined: { conversation: row(GROUP, 7) } });
		await refused;
	}, false, []],
	// And it does come back.
	"joined again here": [async b => {
		await b.news(event("LEFT", 6, ME));
		const joined = b.state.joined({ joinGroup: { target: { group: "g41" } } });
		await b.answer("joinGroup", { joined: { conversation: row(GROUP, 7) } });
		assert.equal(await joined, b.state.get(GROUP));
		assert.deepEqual(b.state.have().filter(({ conversation }) => conversation === GROUP),
			[{ conversation: GROUP, seq: "7" }]);
	}, true, []],
	"joined again elsewhere": [async b => {
		await b.news(event("LEFT", 6, ME));
		await b.news(event("JOINED", 7, ME));
		await b.rows(row(GROUP, 7));
	}, true, ["JOINED"]],
	"left and joined while the list was on its way": [async b => {
		const loaded = b.state.loadList();
		await b.news(event("LEFT", 6, ME));
		await b.news(event("JOINED", 7, ME));
		await b.rows(row(HOME, 2));
		await b.rows(row(GROUP, 7));
		await loaded;
	}, true, ["JOINED"]],
	"joined again after an answer of between": [async b => {
		await b.news(event("INVITED", 6));
		await b.news(event("LEFT", 7, ME));
		await b.news(event("JOINED", 8, ME));
		await b.rows(nobody(7));
		await b.rows(row(GROUP, 8));
	}, true, ["INVITED"]],
	"another history": [async b => {
		await b.news(event("LEFT", 60, ME));
		b.state.startOver();
		b.state.takeRow(row(GROUP, 4));
	}, true, []],
	"nobody left": [async b => {
		await b.news(event("JOINED", 6));
		await b.rows(row(GROUP, 6));
	}, true, ["JOINED"]],
};

for (const [name, [run, isListed, told]] of Object.entries(CASES)) {
	const bench = new Bench();
	await run(bench);
	assert.deepEqual(bench.listed, isListed ? [HOME, GROUP] : [HOME], name);
	assert.deepEqual(bench.told, told, name);
}
console.log(JSON.stringify({ passed: Object.keys(CASES) }));
