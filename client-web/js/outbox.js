// outbox.js - messages that are not stored yet. Each is in the browser's storage from before it is sent
// until its event is here, so a reload, a lost connection or a restart loses none. Its client id makes
// sending it again idempotent (kith-protocol(7), Client ids). An entry changes its status because of an
// answer of the server, or of what the user does; never because something is absent.
import {drop, keysWith, load, loadObject, onSaved, saveObject} from "./storage.js";
import {wellFormed} from "./wire.js";

const FREE_BIT = 1n << 62n;
const RETRY_MS = 1000;
const RETRY_MAX_MS = 30000;
const STORED_MS = 10 * 60 * 1000;	// after this nobody waits for the event of a stored one

/**
 * Errors after which the same message may be stored later, and how often it is sent for each. A
 * TIMEOUT may be the message's fault, for the connection works; so may LOST, if each one that
 * carries it breaks.
 */
const TRIES = {LOST: 10, TIMEOUT: 3, INTERNAL: 5, CLIENT_ID_TAKEN: 5, UNAVAILABLE: 20, BUSY: 20,
    SERVER_FULL: 20, RATE_LIMITED: 20, SHUTTING_DOWN: 20};
const TRIES_MAX = 20;		// of all together
const OVER_MAX = 1000;		// ids that are remembered

/** Where the text is kept that is not sent yet; `conversation` "": the beginning of all of a user's. */
export const draftKey = (user, conversation) => `kith.draft.${user}.${conversation}`;

/** {text, where}: what is not sent yet, and the name of the conversation. Once it was the text alone. */
export function loadDraft(key) {
	const draft = loadObject(key);
	return typeof draft?.text === "string" ? draft : {text: load(key) ?? ""};
}

const orderOf = ({order, clientId}) => BigInt(order ?? clientId);
const byOrder = (a, b) => (orderOf(a) < orderOf(b) ? -1 : 1);

/**
 * Entries: {clientId, order, conversation, where, text, timeMs, status, error, tries}; `order` is its
 * first client id, `where` the name of the conversation. By status:
 *   sending   it waits, or is on its way; error: why it was not stored at the last try
 *   stored    its event is to come
 *   failed    error says why; the user may retry or discard it
 * Events: "change"; "unsaved" (the browser's storage has no room: the entry is in this tab only).
 */
export class Outbox extends EventTarget {
	constructor(link) {
		super();
		this.link = link;
		this.user = null;		// whose entries they are
		this.entries = [];
		this.notBeforeMs = new Map();	// client id -> when to try again
		this.over = new Set();		// client ids of those whose event came last
		this.flushing = false;
		this.lastId = 0n;
		link.addEventListener("ready", () => this.load());
		link.addEventListener("state", () => this.changed());
		onSaved(() => this.prefix, (key, value) => this.onSaved(key.slice(this.prefix.length), value));
	}

	get prefix() {
		return `kith.outbox.${this.user}.`;
	}

	/** All tabs' entries. Each has a key of its own, so that tabs do not overwrite each other's. */
	load() {
		if (this.user !== this.link.me.userId)
			this.entries = [];
		this.user = this.link.me.userId;
		const kept = keysWith(this.prefix).map(key => loadObject(key)).filter(entry => entry?.clientId);
		const isOver = ({clientId, status, timeMs}) => this.over.has(clientId) ||
		    (status === "stored" && Date.now() - timeMs > STORED_MS);
		kept.filter(isOver).forEach(({clientId}) => this.forget(clientId));
		const waiting = this.entries.filter(e => !kept.some(({clientId}) => clientId === e.clientId));
		this.take([...waiting.filter(({status}) => status === "stored"), ...kept.filter(e => !isOver(e))]);
		this.flush();
	}

	take(entries) {
		this.entries = entries.sort(byOrder);
		for (const {clientId} of entries)
			this.lastId = BigInt(clientId) > this.lastId ? BigInt(clientId) : this.lastId;
		this.changed();
	}

	/**
	 * Another tab wrote an entry, or dropped it: what was not stored by then was discarded, or
	 * wiped by logging out; what was stored stays in view until its event is here.
	 */
	onSaved(clientId, entry) {
		if (entry && this.over.has(clientId)) {
			this.forget(clientId);	// its event overtook this word
			return;
		}
		const shown = this.find(clientId), others = this.entries.filter(e => e !== shown);
		if (entry?.clientId)
			this.take([...others, entry]);
		else if (shown && shown.status !== "stored")
			this.take(others);
		this.flush();
	}

	find(clientId) {
		return this.entries.find(e => e.clientId === clientId);
	}

	/** False: it is in this tab only. */
	save(entry) {
		return saveObject(this.prefix + entry.clientId, entry);
	}

	forget(clientId) {
		drop(this.prefix + clientId);
		this.notBeforeMs.delete(clientId);
	}

	/** 42 bits of time and 20 random bits; always above those that wait, since ids give the order. */
	freeClientId() {
		const random = crypto.getRandomValues(new Uint32Array(1))[0] & 0xfffff;
		const fresh = FREE_BIT | BigInt(Date.now()) << 20n | BigInt(random);
		this.lastId = fresh > this.lastId ? fresh : this.lastId + 1n;
		return String(this.lastId);
	}

	changed() {
		this.dispatchEvent(new Event("change"));
	}

	of(conversation) {
		return this.entries.filter(e => e.conversation === conversation.id);
	}

	/** Those that nobody sees in a conversation of the list (`isListed`), and those that failed. */
	notSent(isListed) {
		return this.entries.filter(({status, conversation}) => status === "failed" ||
		    (status === "sending" && !isListed(conversation)));
	}

	/** How many messages would be lost by logging out, with those that are only begun. */
	get unsent() {
		const drafts = keysWith(draftKey(this.user, "")).length;
		return this.entries.filter(({status}) => status !== "stored").length + drafts;
	}

	/** It waits for longer than a moment, so that the user may want to discard it. */
	waits(entry) {
		return entry.status === "sending" && (entry.error !== undefined || this.link.state !== "online");
	}

	add(conversation, text) {
		const clientId = this.freeClientId();
		const entry = {clientId, order: clientId, conversation: conversation.id,
		    where: conversation.title, text: wellFormed(text), timeMs: Date.now(), status: "sending"};
		this.entries.push(entry);
		if (!this.save(entry))
			this.dispatchEvent(new Event("unsaved"));
		this.changed();
		this.flush();
	}

	/* -- sending ---------------------------------------------------------------------- */

	/** Sends in the order of writing, in one tab at a time; what is not due yet, later. */
	async flush() {
		if (this.flushing)
			return;
		if (this.link.state === "online" && this.next()) {
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
		this.flushLater();
	}

	/** The oldest of each conversation. While it has to wait, it holds up its own conversation only. */
	heads() {
		const heads = new Map();
		for (const entry of this.entries)
			if (entry.status === "sending" && !heads.has(entry.conversation))
				heads.set(entry.conversation, entry);
		return [...heads.values()];
	}

	dueMs(entry) {
		return this.notBeforeMs.get(entry.clientId) ?? 0;
	}

	next() {
		const now = Date.now();
		return this.heads().find(entry => this.dueMs(entry) <= now);
	}

	flushLater() {
		const due = this.heads().map(entry => this.dueMs(entry));
		clearTimeout(this.timer);
		if (due.length && this.link.state === "online")
			this.timer = setTimeout(() => this.flush(), Math.max(0, Math.min(...due) - Date.now()));
	}

	async sendAll() {
		let next;
		while (this.link.state === "online" && (next = this.next()))
			await this.sendOne(next);
	}

	async sendOne(entry) {
		const {user} = this;
		let error;
		try {
			const {sent} = await this.link.request({send: {targets: [{conversation:
			    entry.conversation}], clientId: entry.clientId, text: entry.text}});
			({error} = sent.outcomes[0]);
		} catch (refusal) {
			error = refusal;
		}
		// Meanwhile it may be discarded, or the user another one.
		if (!this.find(entry.clientId) || this.user !== user)
			return;
		if (!error)
			this.settle(entry.clientId, {status: "stored", error: undefined});
		else
			this.refused(this.find(entry.clientId), error);
	}

	refused(entry, {code, retryAfterMs}) {
		const tries = {...entry.tries, [code]: (entry.tries?.[code] ?? 0) + 1};
		const bound = TRIES[code] ?? 0, sum = Object.values(tries).reduce((a, b) => a + b, 0);
		if (tries[code] >= bound || sum >= TRIES_MAX) {
			this.settle(entry.clientId, {status: "failed", error: code, tries: undefined});
			return;
		}
		const pause = Math.min(RETRY_MS * 2 ** (sum - 1), RETRY_MAX_MS);
		if (code === "CLIENT_ID_TAKEN")
			this.renumber(entry, tries);
		else if (code === "LOST")	// the next login tries again
			this.settle(entry.clientId, {tries});
		else {
			this.notBeforeMs.set(entry.clientId, Date.now() + Math.max(Number(retryAfterMs || 0), pause));
			this.settle(entry.clientId, {tries, error: code});
		}
	}

	/** Another message has its client id: it gets a new one, and keeps its place. */
	renumber(entry, tries) {
		this.forget(entry.clientId);
		entry.clientId = this.freeClientId();
		this.settle(entry.clientId, {tries});
	}

	settle(clientId, change) {
		const entry = Object.assign(this.find(clientId), change);
		this.save(entry);
		this.changed();
	}

	/** Its event is in the log: drop the entry, and do not believe another tab's older word of it. */
	arrived(clientId) {
		this.over.add(clientId);
		if (this.over.size > OVER_MAX)
			this.over.delete(this.over.values().next().value);
		if (!this.find(clientId))
			return;
		this.entries = this.entries.filter(e => e.clientId !== clientId);
		this.forget(clientId);
		this.changed();
	}

	retry(clientId) {
		if (!this.find(clientId))
			return;
		this.settle(clientId, {status: "sending", error: undefined, tries: undefined});
		this.flush();
	}

	discard(clientId) {
		this.forget(clientId);
		this.entries = this.entries.filter(e => e.clientId !== clientId);
		this.changed();
	}

	/** At logout: wipes this user's drafts and unsent messages from this browser; others keep theirs. */
	clear() {
		for (const prefix of [this.prefix, draftKey(this.user, ""), "kith.greeting"])
			keysWith(prefix).forEach(drop);
		this.entries = [];
		this.changed();
	}
}
