// loader_unit.mjs - client-web/js/loader.js without a browser: what is loaded of logs of many shapes, by a
// link that answers History as kith-protocol(7) says. The last line is for the test that runs it.
import assert from "node:assert/strict";
import "./no_browser.mjs";
import { State } from "../../client-web/js/state.js";

const ME = "7", OTHER = "8", GROUP = "41";

// A log: {from, to, kind} for each stretch that the user may read.
class Log extends EventTarget {
	constructor(stretches)
	{
		super();
		Object.assign(this, { state: "online", me: { userId: ME }, asked: 0 });
		this.events = stretches.flatMap(({ from, to, kind = "MESSAGE", sender = OTHER }) =>
			Array.from({ length: to - from + 1 }, (_, n) => ({ conversation: GROUP,
				seq: String(from + n), kind, sender, text: "t", timeMs: String(1000 * (from + n)) })));
	}

	async request({ history: { after = "0", before = "0", limit = 50 } })
	{
		assert.ok(++this.asked < 100, "it does not end");
		const [from, to] = [Number(after), Number(before)], all = this.events;
		assert.ok(limit > 0 && limit <= 200 && !(from && to));
		const match = from ? all.filter(({ seq }) => seq > from) :
			all.filter(({ seq }) => !to || seq < to);
		const events = from ? match.slice(0, limit) : match.slice(-limit);
		return { historyPage: { events, more: match.length > events.length } };
	}
}

// name: [the log, read up to, unread, the first unread message].
const LOGS = {
	"a few, none read": [[{ from: 1, to: 5 }], 0, 5, 1],
	"more than a page, none read": [[{ from: 1, to: 60 }], 0, 60, 1],
	"many pages, none read": [[{ from: 1, to: 700 }], 0, 700, 1],
	"one is read": [[{ from: 1, to: 300 }], 1, 299, 2],
	"fewer are read than are shown before": [[{ from: 1, to: 300 }], 6, 294, 7],
	"half is read": [[{ from: 1, to: 300 }], 150, 150, 151],
	"joined late, none read": [[{ from: 500, to: 500, kind: "JOINED", sender: ME },
		{ from: 501, to: 700 }], 0, 200, 501],
	"joined late, and read": [[{ from: 500, to: 700 }], 600, 100, 601],
	"many come before somebody writes": [[{ from: 1, to: 90 }, { from: 91, to: 900, kind: "JOINED" },
		{ from: 901, to: 1200 }], 80, 310, 81],
	"nothing but coming since it was read": [[{ from: 1, to: 90 }, { from: 91, to: 900, kind: "JOINED" },
		{ from: 901, to: 1200 }], 90, 300, 901],
	"own ones since it was read": [[{ from: 1, to: 90 }, { from: 91, to: 300, sender: ME },
		{ from: 301, to: 500 }], 90, 200, 301],
};

for (const [name, [stretches, readSeq, unread, first]] of Object.entries(LOGS)) {
	const log = new Log(stretches), state = new State(log);
	const lastSeq = Number(log.events.at(-1).seq);
	state.takeRow({ id: GROUP, kind: "GROUP", name: "tea", role: "MEMBER", lastSeq: String(lastSeq),
		readSeq: String(readSeq), unread });
	const conversation = state.get(GROUP), { loader } = state;

	// At the end, as it is opened; then to the first unread one, and on to the end.
	await state.open(conversation);
	assert.equal(conversation.newest, lastSeq, name);
	const { timeMs } = conversation.since;
	const seen = log.events.find(({ seq }) => seq > readSeq);
	assert.ok([1000 * first, Number(seen.timeMs)].includes(timeMs), `${name}: since ${timeMs}`);
	await loader.loadFirstUnread(conversation);
	assert.equal(conversation.events[conversation.firstUnread]?.seq, first, name);
	while (!conversation.ends)
		await loader.loadNewer(conversation);
	while (!conversation.begins)
		await loader.loadOlder(conversation);
	assert.deepEqual(conversation.events.map(({ seq }) => String(seq)),
		log.events.map(({ seq }) => seq), `${name}: all, without a gap`);
}
console.log(JSON.stringify({ passed: Object.keys(LOGS) }));
