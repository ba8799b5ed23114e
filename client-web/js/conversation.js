// conversation.js - one conversation in the page: what the list says of it, its events, its cursors.

const DIRECT_BIT = 1n << 62n;
const KEEP_MAX = 1000;		// events; a page that stays open for weeks is not to grow
const KEEP = 400;

/** Sequence numbers of one conversation are below 2^53. */
export const seqOf = value => Number(value ?? 0);

/** The id of the direct conversation of two users (kith-protocol(7), Ids). */
export function directId(one, other) {
	const [a, b] = [BigInt(one), BigInt(other)].sort((x, y) => (x < y ? -1 : 1));
	return String(DIRECT_BIT | a << 31n | b);
}

export const isDirect = id => (BigInt(id) & DIRECT_BIT) !== 0n;

export function readEvent(row) {
	return {...row, seq: seqOf(row.seq), timeMs: Number(row.timeMs ?? 0), text: row.text ?? ""};
}

export class Conversation {
	/** counts(event): it is a message of somebody else, which can be unread. */
	constructor(id, counts) {
		this.id = id;
		this.counts = counts;
		this.kind = null;		// null: not loaded yet
		this.name = "";
		this.topic = "";
		this.typing = new Map();	// user id -> {name, timer}
		this.startOver();
	}

	/** Knows no event, and no seq. */
	startOver() {
		this.forgetEvents();
		this.lastSeq = 0;
		this.readSeq = 0;
		this.peerReadSeq = 0;
		this.unread = 0;		// messages of others beyond readSeq
		this.preview = null;		// the last event that tells something
		this.previewSeq = 0;		// the last of those that were looked at for it
		this.since = null;		// {readSeq, timeMs}: when the first unread event was
		this.held = false;		// somebody reads older events: keep them
	}

	forgetEvents() {
		this.events = [];		// by rising seq, without a gap of readable ones
		this.begins = false;		// events[0] is the first readable one
		this.ends = true;		// what comes belongs behind the last of events
		this.loading = null;		// the promise of a page before or after them
	}

	/** Takes over a row of the server's list; events that came meanwhile are newer than the row. */
	update(row) {
		const isOld = seqOf(row.lastSeq) < this.lastSeq || seqOf(row.readSeq) < this.readSeq;
		this.kind = row.kind;
		this.name = row.name ?? "";
		this.topic = row.topic ?? "";
		this.role = row.role ?? "NOBODY";
		this.peer = row.peer;
		this.unread = isOld ? this.unread : row.unread ?? 0;
		this.lastSeq = Math.max(this.lastSeq, seqOf(row.lastSeq));
		this.readSeq = Math.max(this.readSeq, seqOf(row.readSeq));
		this.peerReadSeq = Math.max(this.peerReadSeq, seqOf(row.peerReadSeq));
	}

	get newest() {
		return this.events.at(-1)?.seq ?? 0;
	}

	get isGroup() {
		return this.kind === "GROUP";
	}

	/** The name as people write it. */
	get title() {
		return this.isGroup && this.name ? `#${this.name}` : this.name;
	}

	get isLoaded() {
		return this.events.length > 0 || this.begins;
	}

	get target() {
		return {conversation: this.id};
	}

	/** The index of the first event of at least this seq; events.length: none. */
	indexOf(seq) {
		let low = 0, high = this.events.length;
		while (low < high) {
			const middle = (low + high) >> 1;
			if (this.events[middle].seq < seq)
				low = middle + 1;
			else
				high = middle;
		}
		return low;
	}

	/** The index of the first unread message; -1: it is not among `events`. */
	get firstUnread() {
		const at = this.indexOf(this.readSeq + 1), {events, counts} = this;
		const isLoaded = at > 0 || this.begins || events[0]?.seq === this.readSeq + 1 ||
		    this.unread <= events.filter(counts).length;
		return isLoaded ? events.findIndex((event, n) => n >= at && counts(event)) : -1;
	}

	/** Puts a newer event behind the others; false: something before it is missing. */
	append(event) {
		if (!this.ends || event.seq <= this.newest)
			return true;
		if (this.events.length === 0 || event.seq !== this.newest + 1)
			return false;
		this.events.push(event);
		return true;
	}

	/** Forgets the oldest events of a long log, which can be loaded again. */
	trim() {
		if (this.held || this.events.length <= KEEP_MAX)
			return;
		this.events.splice(0, this.events.length - KEEP);
		this.begins = false;
	}

	/**
	 * The events of seq `first` to `last` are in view. The cursor goes over what was seen, without a
	 * gap: it moves only if the first unread message is in view, or was. Returns where it is to go.
	 */
	seen(first, last) {
		const at = this.firstUnread;
		const noGap = at >= 0 ? first <= this.events[at].seq : this.unread === 0;
		return noGap ? Math.max(last, this.readSeq) : this.readSeq;
	}

	/** Moves the cursor. */
	read(seq) {
		const passed = this.events.slice(this.indexOf(this.readSeq + 1), this.indexOf(seq + 1));
		this.unread = seq >= this.lastSeq ? 0 :
		    Math.max(0, this.unread - passed.filter(this.counts).length);
		this.readSeq = seq;
	}
}
