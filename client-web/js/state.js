// state.js - the model: conversations, their events without gaps, read cursors, presence. It knows no
// elements; the views listen to "change" and draw.

const PAGE = 50;
const FAR = 4 * PAGE;		// more missed than this: load again from the end
const PREVIEWS = 8;		// requests for previews in parallel
const TYPING_MS = 6000;
const WHO_MS = 20000;
const WHO_NAMES = 100;
const DIRECT_BIT = 1n << 62n;

/** Sequence numbers of one conversation are below 2^53. */
const seqOf = value => Number(value ?? 0);

/** The id of the direct conversation of two users (kith-protocol(7), Ids). */
export function directId(one, other) {
	const [a, b] = [BigInt(one), BigInt(other)].sort((x, y) => (x < y ? -1 : 1));
	return String(DIRECT_BIT | a << 31n | b);
}

class Conversation {
	constructor(id) {
		this.id = id;
		this.kind = null;		// null: not loaded yet
		this.name = "";
		this.topic = "";
		this.typing = new Map();	// user id -> {name, timer}
		this.startOver();
	}

	/** Knows no event. */
	startOver() {
		this.events = [];		// by rising seq, without a gap of readable ones
		this.begins = false;		// events[0] is the first readable one
		this.lastSeq = 0;
		this.readSeq = 0;
		this.peerReadSeq = 0;
		this.unread = 0;
		this.preview = null;		// the last event
		this.loading = null;		// the promise of an older page
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

	get target() {
		return {conversation: this.id};
	}
}

function readEvent(row) {
	return {...row, seq: seqOf(row.seq), timeMs: Number(row.timeMs ?? 0), text: row.text ?? ""};
}

/**
 * Events: "change" (detail: {what, conversation}; what is "all", "list", "current", "log", "older",
 * "restart", "read" or "typing"), "event" (a new live event; detail: {event, conversation}), "history"
 * (the server has another one than before).
 */
export class State extends EventTarget {
	constructor(link) {
		super();
		this.link = link;
		this.conversations = new Map();
		this.presence = new Map();	// user id -> {online, sinceMs}
		this.current = null;
		link.have = () => this.have();
		link.addEventListener("ready", () => this.onReady());
		link.addEventListener("news", event => this.takeNews(event.detail));
		// The server tells the user's other devices what was read, but not other tabs of this one.
		this.tabs = new BroadcastChannel("kith.read");
		this.tabs.addEventListener("message", ({data}) =>
		    data.user === this.me?.userId && this.takeCursor(data));
		setInterval(() => document.hidden || this.askWho(), WHO_MS);
		document.addEventListener("visibilitychange", () => document.hidden || this.askWho());
	}

	changed(what, conversation) {
		this.dispatchEvent(new CustomEvent("change", {detail: {what, conversation}}));
	}

	clear() {
		this.history = undefined;
		this.conversations.clear();
		this.presence.clear();
		this.current = null;
		this.changed("all");
	}

	get me() {
		return this.link.me;
	}

	isMine(event) {
		return event.sender === this.me?.userId;
	}

	/** The conversation with oneself: notes. */
	isOwn(conversation) {
		return conversation.peer !== undefined && conversation.peer === this.me?.userId;
	}

	isOnline(conversation) {
		return this.presence.get(conversation.peer)?.online ?? false;
	}

	/** For polls: the last sequence number of each conversation. */
	have() {
		return [...this.conversations.values()].map(({id, lastSeq}) =>
		    ({conversation: id, seq: String(lastSeq)}));
	}

	/** Latest activity first. */
	sorted() {
		const time = conversation => conversation.preview?.timeMs ?? 0;
		return [...this.conversations.values()].filter(c => c.kind).sort((a, b) =>
		    time(b) - time(a) || a.name.localeCompare(b.name));
	}

	get unread() {
		let n = 0;
		for (const conversation of this.conversations.values())
			n += conversation.unread;
		return n;
	}

	/* -- loading ------------------------------------------------------------------- */

	/** Another history than before (LoggedIn): an older backup was restored, and no seq counts. */
	onReady() {
		const {history} = this.me, before = this.history;
		this.history = history;
		if (before !== undefined && history !== undefined && before !== history)
			this.startOver();
		this.refresh();
	}

	startOver() {
		for (const conversation of this.conversations.values())
			conversation.startOver();
		this.changed("restart", this.current);
		this.dispatchEvent(new Event("history"));
	}

	/** After each login, and when events may have been missed. */
	async refresh() {
		try {
			await this.loadList();
			this.changed("all");
			for (const conversation of this.conversations.values())
				if (conversation.events.length)
					await this.catchUp(conversation);
				else if (conversation === this.current)
					await this.loadOlder(conversation);
			await this.askWho();
			await this.loadPreviews();
		} catch {
			// The connection was lost; the next login refreshes again.
		}
	}

	async loadList() {
		const seen = new Set();
		let after = "0", more = true;
		while (more) {
			const {conversations} = await this.link.request({listConversations: {after, limit: 200}});
			for (const row of conversations.conversations ?? []) {
				this.get(row.id).update(row);
				seen.add(row.id);
				after = row.id;
			}
			more = conversations.more ?? false;
		}
		for (const id of this.conversations.keys())
			if (!seen.has(id) && id !== this.current?.id)
				this.conversations.delete(id);
	}

	/** The last event of each, for the list. */
	async loadPreviews() {
		const stale = [...this.conversations.values()].filter(c => c.lastSeq > (c.preview?.seq ?? 0));
		while (stale.length) {
			await Promise.all(stale.splice(0, PREVIEWS).map(c => this.loadPreview(c)));
			this.changed("list");
		}
	}

	async loadPreview(conversation) {
		const {historyPage} = await this.link.request({history: {target: conversation.target, limit: 1}});
		for (const row of historyPage.events ?? [])
			this.notePreview(conversation, readEvent(row));
	}

	notePreview(conversation, event) {
		if (event.seq > (conversation.preview?.seq ?? 0))
			conversation.preview = event;
	}

	get(id) {
		if (!this.conversations.has(id))
			this.conversations.set(id, new Conversation(id));
		return this.conversations.get(id);
	}

	async reload(id) {
		const {conversations} = await this.link.request({listConversations: {ids: [id]}});
		for (const row of conversations.conversations ?? [])
			this.get(id).update(row);
		this.changed("list");
	}

	/** Asks for the presence of those with whom there is a direct conversation. */
	async askWho() {
		const names = this.sorted().filter(c => !c.isGroup).slice(0, WHO_NAMES).map(c => c.name);
		if (this.link.state !== "online" || names.length === 0)
			return;
		try {
			const {presences} = await this.link.request({who: {names}});
			(presences.users ?? []).forEach(row => this.notePresence(row));
			this.changed("list");
		} catch {
			// The timer asks again.
		}
	}

	notePresence({userId, online = false, sinceMs = 0}) {
		this.presence.set(userId, {online, sinceMs: Number(sinceMs)});
	}

	/* -- a conversation's log --------------------------------------------------------- */

	/** Shows a conversation, or none; loads the newest page, unless it is there. */
	async open(conversation) {
		this.current = conversation;
		this.changed("current", conversation);
		if (!conversation)
			return;
		const load = conversation.events.length ? this.catchUp(conversation) : this.loadOlder(conversation);
		await load.catch(() => {});		// the next login loads it
	}

	/** Loads the page before the first event. One request at a time. */
	async loadOlder(conversation) {
		if (conversation.begins)
			return;
		conversation.loading ??= this.loadPage(conversation).finally(() => {
			conversation.loading = null;
		});
		await conversation.loading;
	}

	async loadPage(conversation) {
		const first = conversation.events[0]?.seq ?? 0, {lastSeq} = conversation;
		const {historyPage} = await this.link.request({history: {target: conversation.target,
		    before: String(first), limit: PAGE}});
		if (first !== (conversation.events[0]?.seq ?? 0))
			return;			// something else was loaded meanwhile
		conversation.events.unshift(...(historyPage.events ?? []).map(readEvent));
		conversation.begins = !historyPage.more;
		this.noteNewest(conversation);
		this.changed("older", conversation);
		if (conversation.lastSeq > Math.max(lastSeq, conversation.newest))
			await this.again(conversation);
	}

	/** An event arrived while a page was on its way; the page may lack it. */
	again(conversation) {
		return conversation.events.length ? this.catchUp(conversation) : this.loadPage(conversation);
	}

	/** Loads what came after the newest event. */
	async catchUp(conversation) {
		let more = conversation.lastSeq > conversation.newest;
		while (more) {
			const after = conversation.newest;
			if (conversation.lastSeq - after > FAR) {
				conversation.events = [];
				conversation.begins = false;
				return this.loadOlder(conversation);
			}
			const {historyPage} = await this.link.request({history: {target: conversation.target,
			    after: String(after), limit: PAGE}});
			for (const event of (historyPage.events ?? []).map(readEvent))
				if (event.seq > conversation.newest)
					conversation.events.push(event);
			more = (historyPage.more ?? false) && conversation.newest > after;
		}
		this.noteNewest(conversation);
		this.changed("log", conversation);
	}

	noteNewest(conversation) {
		if (conversation.events.length)
			this.notePreview(conversation, conversation.events.at(-1));
		conversation.lastSeq = Math.max(conversation.lastSeq, conversation.newest);
	}

	/** Puts a live event into the log, if that is loaded, and fetches a gap before it. */
	async put(conversation, event) {
		const {events, newest, begins} = conversation;
		if (events.length && event.seq === newest + 1) {
			events.push(event);
		} else if (events.length && event.seq > newest) {
			await this.catchUp(conversation);
		} else if (events.length === 0 && begins) {
			await this.loadPage(conversation);	// it was empty
		}
	}

	/* -- news ------------------------------------------------------------------------- */

	takeNews(reply) {
		if (reply.event)
			this.takeEvent(readEvent(reply.event));
		else if (reply.cursorMoved)
			this.takeCursor(reply.cursorMoved);
		else if (reply.typing)
			this.takeTyping(reply.typing);
		else if (reply.syncPage)
			this.takeSync(reply.syncPage);
		else if (reply.resync)
			this.refresh();
	}

	/** The answer to a poll's `have`. Conversations that the page lacks are found by the list. */
	takeSync({events = [], positions = []}) {
		for (const row of events)
			this.takeEvent(readEvent(row));
		if (positions.some(({sentSeq, lastSeq}) => seqOf(sentSeq) < seqOf(lastSeq)))
			this.refresh();
	}

	async takeEvent(event) {
		if (event.kind === "LEFT" && this.isMine(event)) {
			this.forget(event.conversation);
			return;
		}
		const conversation = this.get(event.conversation);
		const isNew = event.seq > conversation.lastSeq;
		const counts = isNew && conversation.kind && event.kind === "MESSAGE" && !this.isMine(event);
		conversation.lastSeq = Math.max(conversation.lastSeq, event.seq);
		conversation.unread += counts ? 1 : 0;
		this.notePreview(conversation, event);
		this.clearTyping(conversation, event.sender);
		try {
			if (!conversation.kind || event.kind !== "MESSAGE")
				await this.reload(event.conversation);
			await this.put(conversation, event);
		} catch {
			// The next login fetches it.
		}
		if (!this.isMine(event) && !conversation.isGroup && !this.isOnline(conversation))
			this.askWho();
		this.changed("log", conversation);
		if (isNew)
			this.dispatchEvent(new CustomEvent("event", {detail: {event, conversation}}));
	}

	takeCursor({conversation: id, seq, user}) {
		const conversation = this.conversations.get(id);
		if (!conversation)
			return;
		if (user !== this.me.userId) {
			conversation.peerReadSeq = Math.max(conversation.peerReadSeq, seqOf(seq));
			this.changed("read", conversation);
			return;
		}
		conversation.readSeq = Math.max(conversation.readSeq, seqOf(seq));
		if (conversation.readSeq >= conversation.lastSeq)
			conversation.unread = 0;
		else
			this.reload(id).catch(() => {});
		this.changed("list");
	}

	takeTyping({conversation: id, userId, name}) {
		const conversation = this.conversations.get(id);
		if (!conversation || userId === this.me.userId)
			return;
		this.clearTyping(conversation, userId);
		conversation.typing.set(userId, {name, timer: setTimeout(() =>
		    this.clearTyping(conversation, userId), TYPING_MS)});
		this.changed("typing", conversation);
	}

	clearTyping(conversation, userId) {
		const entry = conversation.typing.get(userId);
		if (!entry)
			return;
		clearTimeout(entry.timer);
		conversation.typing.delete(userId);
		this.changed("typing", conversation);
	}

	/* -- actions -------------------------------------------------------------------------- */

	/** Marks everything up to the newest event as read. */
	async markRead(conversation) {
		const seq = conversation.newest, {readSeq} = conversation;
		if (seq <= readSeq || this.link.state !== "online")
			return;
		conversation.readSeq = seq;
		conversation.unread = 0;
		this.changed("list");
		const cursor = {conversation: conversation.id, seq: String(seq)};
		this.tabs.postMessage({...cursor, user: this.me.userId});
		await this.link.request({markRead: cursor}).catch(() => {
			conversation.readSeq = readSeq;		// the next time it is seen
		});
	}

	sendTyping(conversation) {
		this.link.request({typing: conversation.target}).catch(() => {});
	}

	/** The direct conversation with a user, who must exist. */
	async openDirect(name) {
		const {presences} = await this.link.request({who: {names: [name]}});
		const [row] = presences.users;
		const conversation = this.get(directId(this.me.userId, row.userId));
		if (!conversation.kind)
			conversation.update({kind: "DIRECT", name: row.name, peer: row.userId, role: "MEMBER"});
		this.notePresence(row);
		this.changed("list");
		return conversation;
	}

	/** Creates or joins a group; resolves to its conversation. */
	async joined(request) {
		const {joined} = await this.link.request(request);
		const conversation = this.get(joined.conversation.id);
		conversation.update(joined.conversation);
		this.changed("list");
		return conversation;
	}

	async leave(conversation) {
		await this.link.request({leaveGroup: {target: conversation.target}});
		this.forget(conversation.id);
	}

	/** The user has left the group. */
	forget(id) {
		this.conversations.delete(id);
		if (this.current?.id === id)
			this.current = null;
		this.changed("all");
	}
}
