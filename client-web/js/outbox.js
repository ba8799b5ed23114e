// outbox.js - messages that are not stored yet. Each is in localStorage from before it is sent until
// the server has stored it, so a reload, a lost connection or a restart loses none. Its client id
// makes sending it again idempotent (kith-protocol(7), Client ids).

const FREE_BIT = 1n << 62n;
const RETRY_MS = 1000;
const PASSING = ["LOST", "TIMEOUT", "UNAVAILABLE", "BUSY", "SERVER_FULL", "RATE_LIMITED",
    "SHUTTING_DOWN", "INTERNAL"];

/** Entries: {clientId, conversation, text, timeMs, status: sending|stored|failed, error}. Event "change". */
export class Outbox extends EventTarget {
	constructor(link) {
		super();
		this.link = link;
		this.entries = [];
		this.flushing = false;
		this.lastId = 0n;
		link.addEventListener("ready", () => {
			this.load();
			this.flush();
		});
		addEventListener("storage", event => event.key?.startsWith(this.prefix) && this.load());
	}

	get prefix() {
		return `kith.outbox.${this.link.me?.userId}.`;
	}

	/**
	 * The entries of all tabs, oldest first. Each has a key of its own: with one shared list, an
	 * entry that another tab adds between our read and our write would be lost.
	 */
	read() {
		return Object.keys(localStorage).filter(key => key.startsWith(this.prefix))
		    .map(key => JSON.parse(localStorage.getItem(key))).filter(entry => entry !== null)
		    .sort((a, b) => (BigInt(a.clientId) < BigInt(b.clientId) ? -1 : 1));
	}

	write(entry) {
		localStorage.setItem(this.prefix + entry.clientId, JSON.stringify(entry));
	}

	remove(clientId) {
		localStorage.removeItem(this.prefix + clientId);
	}

	/** 42 bits of time and 20 random bits; always above those that wait, since ids give the order. */
	freeClientId() {
		const random = crypto.getRandomValues(new Uint32Array(1))[0] & 0xfffff;
		const fresh = FREE_BIT | BigInt(Date.now()) << 20n | BigInt(random);
		this.lastId = fresh > this.lastId ? fresh : this.lastId + 1n;
		return String(this.lastId);
	}

	/**
	 * An entry that is gone from localStorage was stored, perhaps by another tab; it stays in view
	 * until its event arrives. Only failed entries are ever discarded.
	 */
	load() {
		const waiting = this.read();
		const stored = this.entries.filter(e => e.status !== "failed" &&
		    !waiting.some(({clientId}) => clientId === e.clientId));
		for (const entry of stored)
			entry.status = "stored";
		this.entries = [...stored, ...waiting];
		this.lastId = this.entries.reduce((last, {clientId}) =>
		    BigInt(clientId) > last ? BigInt(clientId) : last, this.lastId);
		this.changed();
	}

	changed() {
		this.dispatchEvent(new Event("change"));
	}

	of(conversation) {
		return this.entries.filter(e => e.conversation === conversation.id);
	}

	add(conversation, text) {
		const entry = {clientId: this.freeClientId(), conversation: conversation.id, text,
		    timeMs: Date.now(), status: "sending"};
		this.write(entry);
		this.entries.push(entry);
		this.changed();
		this.flush();
	}

	/** Sends in the order of writing, in one tab at a time. */
	async flush() {
		if (this.flushing || this.link.state !== "online")
			return;
		this.flushing = true;
		try {
			if (navigator.locks)
				await navigator.locks.request(this.prefix, () => this.sendAll());
			else
				await this.sendAll();
		} finally {
			this.flushing = false;
		}
	}

	async sendAll() {
		let next;
		while (this.link.state === "online" &&
		    (next = this.read().find(e => e.status === "sending")))
			if (!await this.sendOne(next))
				return;
	}

	/** False: try again later. */
	async sendOne(entry) {
		try {
			const {sent} = await this.link.request({send: {targets: [{conversation:
			    entry.conversation}], clientId: entry.clientId, text: entry.text}});
			const {error} = sent.outcomes[0];
			if (error)
				throw Object.assign(new Error(error.text), error);
			this.settle(entry, "stored");
			return true;
		} catch (error) {
			if (PASSING.includes(error.code)) {
				setTimeout(() => this.flush(), Number(error.retryAfterMs || RETRY_MS));
				return false;
			}
			this.settle(entry, "failed", error.code);
			return true;
		}
	}

	settle(entry, status, error) {
		if (status === "stored")
			this.remove(entry.clientId);
		else
			this.write({...entry, status, error});
		const shown = this.entries.find(e => e.clientId === entry.clientId);
		if (shown)
			Object.assign(shown, {status, error});
		this.changed();
	}

	/** Its event is in the log: drop the entry. */
	arrived(clientId) {
		if (!this.entries.some(e => e.clientId === clientId))
			return;
		this.entries = this.entries.filter(e => e.clientId !== clientId);
		this.remove(clientId);
		this.changed();
	}

	retry(clientId) {
		const entry = this.entries.find(e => e.clientId === clientId);
		entry.status = "sending";
		entry.error = undefined;
		this.write(entry);
		this.changed();
		this.flush();
	}

	discard(clientId) {
		this.remove(clientId);
		this.entries = this.entries.filter(e => e.clientId !== clientId);
		this.changed();
	}

	/** At logout: wipes drafts and unsent messages from this browser. */
	clear() {
		for (const key of Object.keys(localStorage))
			if (/^kith\.(outbox|draft|greeting)/u.test(key))
				localStorage.removeItem(key);
		this.entries = [];
		this.changed();
	}
}
