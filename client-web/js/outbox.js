// outbox.js - messages on their way. Each is in localStorage before it is sent, and until the
// server has stored it: a reload, a cut or a restart loses none, and its client id makes the
// repeat harmless (kith-protocol(7), Client ids).

const FREE_BIT = 1n << 62n;
const RETRY_MS = 1000;
const PASSING = ["LOST", "TIMEOUT", "UNAVAILABLE", "BUSY", "SERVER_FULL", "RATE_LIMITED",
    "SHUTTING_DOWN", "INTERNAL"];

/** 42 bits of time, so that they rise, and 20 random ones. */
function freeClientId() {
	const random = crypto.getRandomValues(new Uint32Array(1))[0] & 0xfffff;
	return String(FREE_BIT | BigInt(Date.now()) << 20n | BigInt(random));
}

/** Entries: {clientId, conversation, text, timeMs, status: sending|stored|failed, error}. Event "change". */
export class Outbox extends EventTarget {
	constructor(link) {
		super();
		this.link = link;
		this.entries = [];
		this.flushing = false;
		link.addEventListener("ready", () => {
			this.load();
			this.flush();
		});
		addEventListener("storage", event => event.key === this.key && this.load());
	}

	get key() {
		return `kith.outbox.${this.link.me?.userId}`;
	}

	read() {
		try {
			return JSON.parse(localStorage.getItem(this.key) ?? "[]");
		} catch {
			return [];
		}
	}

	write(entries) {
		localStorage.setItem(this.key, JSON.stringify(entries));
	}

	/** What is stored by now stays in view until its event is there. */
	load() {
		const stored = this.entries.filter(e => e.status === "stored");
		this.entries = [...stored, ...this.read()];
		this.changed();
	}

	changed() {
		this.dispatchEvent(new Event("change"));
	}

	of(conversation) {
		return this.entries.filter(e => e.conversation === conversation.id);
	}

	add(conversation, text) {
		const entry = {clientId: freeClientId(), conversation: conversation.id, text,
		    timeMs: Date.now(), status: "sending"};
		this.write([...this.read(), entry]);
		this.entries.push(entry);
		this.changed();
		this.flush();
	}

	/** In the order of writing, and in one tab only. */
	async flush() {
		if (this.flushing || this.link.state !== "online")
			return;
		this.flushing = true;
		try {
			if (navigator.locks)
				await navigator.locks.request(this.key, () => this.sendAll());
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

	/** False: later. */
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
		const rest = this.read().filter(e => e.clientId !== entry.clientId);
		this.write(status === "stored" ? rest : [...rest, {...entry, status, error}]);
		const shown = this.entries.find(e => e.clientId === entry.clientId);
		if (shown)
			Object.assign(shown, {status, error});
		this.changed();
	}

	/** Its event is in the log: the entry is done with. */
	arrived(clientId) {
		if (!this.entries.some(e => e.clientId === clientId))
			return;
		this.entries = this.entries.filter(e => e.clientId !== clientId);
		const left = this.read();
		if (left.some(e => e.clientId === clientId))
			this.write(left.filter(e => e.clientId !== clientId));
		this.changed();
	}

	retry(clientId) {
		this.write(this.read().map(e => e.clientId === clientId ? {...e, status: "sending"} : e));
		this.entries.forEach(e => e.clientId === clientId && (e.status = "sending"));
		this.changed();
		this.flush();
	}

	discard(clientId) {
		this.write(this.read().filter(e => e.clientId !== clientId));
		this.entries = this.entries.filter(e => e.clientId !== clientId);
		this.changed();
	}

	/** At logging out: nothing of what was written stays in this browser. */
	clear() {
		for (const key of Object.keys(localStorage))
			if (key.startsWith("kith.outbox.") || key.startsWith("kith.draft."))
				localStorage.removeItem(key);
		this.entries = [];
		this.changed();
	}
}
