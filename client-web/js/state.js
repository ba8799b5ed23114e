// state.js - the model: conversations, their events without gaps, read cursors, presence. It knows no
// elements; the views listen to "change" and draw.
import {Change} from "./change.js";
import {Conversation, directId, readEvent, seqOf} from "./conversation.js";
import {Cursors} from "./cursors.js";
import {Loader} from "./loader.js";
import {Names} from "./names.js";

const TYPING_MS = 6000;
const WHO_MS = 20000;
const WHO_PAUSE_MS = 2000;
const WHO_NAMES = 100;
const HAVE_MAX = 1000;		// below the server's bound of a repeated field
const UNREAD_MAX = 1000;	// the server counts no further
const UNREAD_KINDS = ["MESSAGE", "INVITATION"];	// as the server counts

/**
 * Events: "change" (detail: {what, conversation}; what is one of Change), "event" (a new live event;
 * detail: {event, conversation}), "own" (a message of one's own is in the log, or none is loaded; detail:
 * its client id), "history" (the server has another one than before).
 */
export class State extends EventTarget {
	constructor(link) {
		super();
		this.link = link;
		this.conversations = new Map();
		this.left = new Map();		// group id -> seq of the event by which the user left it
		this.names = new Names();
		this.presence = new Map();	// user id -> {online, sinceMs}
		this.current = null;
		this.loaded = false;		// the list is here: what is not in it, there is not
		this.cursors = new Cursors(link);
		this.loader = new Loader(this);
		this.reloads = new Map();	// conversation id -> {promise, again}
		this.whoTimer = 0;
		link.have = () => this.have();
		link.addEventListener("ready", () => this.onReady());
		link.addEventListener("state", () => this.changed(Change.LIST));
		link.addEventListener("news", event => this.takeNews(event.detail));
		// The server tells the user's other devices what was read, but not other tabs of this one.
		this.tabs = new BroadcastChannel("kith.read");
		this.tabs.addEventListener("message", ({data}) =>
		    data.user === this.me?.userId && this.takeCursor(data, data.unread));
		setInterval(() => document.hidden || this.askWho(), WHO_MS);
		document.addEventListener("visibilitychange", () => document.hidden || this.askWho());
	}

	changed(what, conversation) {
		if (!Object.values(Change).includes(what))
			throw new TypeError(`no kind of change: ${what}`);
		this.dispatchEvent(new CustomEvent("change", {detail: {what, conversation}}));
	}

	clear() {
		this.history = undefined;
		this.loaded = false;
		this.conversations.clear();
		this.left.clear();
		this.names.clear();
		this.presence.clear();
		this.current = null;
		this.cursors.clear();
		this.changed(Change.ALL);
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

	/** undefined: a group; or nobody knows, for want of a connection or of an answer. */
	isOnline(conversation) {
		return this.link.state === "online" ? this.presence.get(conversation.peer)?.online : undefined;
	}

	/**
	 * For polls: the last sequence number of each conversation. Those that are left out, of more than
	 * the server takes, count from the cursor: so those that were left, and the unread ones, come first.
	 */
	have() {
		const all = [...this.conversations.values()];
		if (all.length > HAVE_MAX)
			all.sort((a, b) => b.unread - a.unread || (b.preview?.timeMs ?? 0) - (a.preview?.timeMs ?? 0));
		const seqs = new Map([...this.left, ...all.map(({id, lastSeq}) => [id, lastSeq])]);
		return [...seqs].slice(0, HAVE_MAX).map(([id, seq]) => ({conversation: id, seq: String(seq)}));
	}

	/** Others who come and go are no news of a conversation. */
	tells(event) {
		return event !== null && (!["JOINED", "LEFT"].includes(event.kind) || this.isMine(event));
	}

	/** Latest activity first. */
	sorted() {
		const time = ({preview}) => this.tells(preview) ? preview.timeMs : 0;
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
		if (this.user !== undefined && this.user !== this.me.userId)
			this.clear();
		this.user = this.me.userId;
		if (before !== undefined && history !== undefined && before !== history)
			this.startOver();
		this.refresh();
	}

	startOver() {
		this.left.clear();
		for (const conversation of this.conversations.values())
			conversation.startOver();
		this.changed(Change.REPLACED);
		this.dispatchEvent(new Event("history"));
	}

	/** After each login, and when events may have been missed. */
	async refresh() {
		try {
			await Promise.all([this.loadList(), this.loadGroups()]);
			this.changed(Change.ALL);
			for (const conversation of this.conversations.values())
				if (conversation.events.length)
					await this.loader.loadMissed(conversation);
				else if (conversation === this.current)
					await this.loader.loadOlder(conversation);
			await this.askWho();
			await this.loader.loadPreviews();
		} catch {
			// The connection was lost; the next login refreshes again.
		}
	}

	/** A group that is no longer in the list was left elsewhere; one that came meanwhile was not. */
	async loadList() {
		const before = [...this.conversations.values()], seen = new Set();
		let after = "0", more = true;
		while (more) {
			const {conversations} = await this.link.request({listConversations: {after, limit: 200}});
			for (const row of conversations.conversations ?? []) {
				this.takeRow(row);
				seen.add(row.id);
				after = row.id;
			}
			more = conversations.more ?? false;
		}
		for (const conversation of before)
			if (!seen.has(conversation.id) && this.conversations.get(conversation.id) === conversation
			    && (conversation !== this.current || conversation.isGroup))
				this.drop(conversation.id);
		this.loaded = true;
	}

	/** null: the user is not in the group: the row says so, or is older than the leaving. */
	takeRow(row) {
		if (row.kind === "GROUP" && (row.role ?? "NOBODY") === "NOBODY")
			this.forget(row.id, seqOf(row.lastSeq));
		if (seqOf(row.lastSeq) <= this.left.get(row.id))
			return null;
		const conversation = this.get(row.id);
		conversation.update(row);
		if (!conversation.isGroup && !this.presence.has(conversation.peer))
			this.askWhoSoon();
		this.names.add(conversation.isGroup ? "#" : "@", conversation.name);
		return conversation;
	}

	/** The names of public groups: a text may speak of one that the user is not in. */
	async loadGroups() {
		for (let after = "0", more = true; more;) {
			const {conversations} = await this.link.request({listGroups: {after, limit: 200}});
			for (const {id, name} of conversations.conversations ?? []) {
				this.names.add("#", name);
				after = id;
			}
			more = conversations.more ?? false;
		}
	}

	/** What events tell beside their place in the log. */
	note(events) {
		for (const {kind, text, senderName, subjectName} of events) {
			this.names.add("@", senderName);
			this.names.add("@", subjectName);
			this.names.add("#", kind === "INVITATION" && text);
		}
		for (const event of events)
			if (event.clientId && this.isMine(event))
				this.dispatchEvent(new CustomEvent("own", {detail: event.clientId}));
	}

	notePreview(conversation, event) {
		const {preview} = conversation;
		conversation.previewSeq = Math.max(conversation.previewSeq, event.seq);
		if (event.seq > (preview?.seq ?? 0) && (this.tells(event) || !this.tells(preview)))
			conversation.preview = event;
	}

	get(id) {
		if (!this.conversations.has(id))
			this.conversations.set(id, new Conversation(id, event => this.counts(event)));
		return this.conversations.get(id);
	}

	/** Its row of the list. One request at a time: what is asked meanwhile makes one more. */
	reload(id) {
		const running = this.reloads.get(id);
		if (running) {
			running.again = true;
			return running.promise;
		}
		const job = {again: false};
		this.reloads.set(id, job);
		job.promise = this.reloadRow(id, job).finally(() => this.reloads.delete(id));
		return job.promise;
	}

	async reloadRow(id, job) {
		do {
			job.again = false;
			const {conversations} = await this.link.request({listConversations: {ids: [id]}});
			for (const row of conversations.conversations ?? [])
				this.takeRow(row);
			this.changed(Change.LIST);
		} while (job.again);
		if (!this.conversations.get(id)?.kind)
			this.drop(id);		// the server knows of none
	}

	/** However many events of people come who do not seem to be online. */
	askWhoSoon() {
		this.whoTimer ||= setTimeout(() => {
			this.whoTimer = 0;
			this.askWho();
		}, WHO_PAUSE_MS);
	}

	/** Asks for the presence of those with whom there is a direct conversation. */
	async askWho() {
		const names = this.sorted().filter(c => !c.isGroup).slice(0, WHO_NAMES).map(c => c.name);
		if (this.link.state !== "online" || names.length === 0)
			return;
		try {
			const {presences} = await this.link.request({who: {names}});
			(presences.users ?? []).forEach(row => this.notePresence(row));
			this.changed(Change.LIST);
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
		this.changed(Change.CURRENT, conversation);
		if (!conversation)
			return;
		const {loader} = this;
		const load = conversation.events.length ? loader.loadMissed(conversation) : loader.loadOlder(conversation);
		await load.then(() => loader.loadSince(conversation)).catch(() => {});	// the next login loads it
	}

	/** Puts a live event into the log, if that is loaded, and fetches a gap before it. */
	put(conversation, event) {
		if (conversation.isLoaded && !conversation.append(event))
			this.loader.loadMissed(conversation).catch(() => {});	// the next login fetches it
		else
			this.note([event]);
		if (conversation !== this.current)
			conversation.trim();
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
		const known = id => this.conversations.get(id)?.lastSeq ?? 0;
		if (positions.some(({conversation, sentSeq, lastSeq}) => seqOf(sentSeq) < seqOf(lastSeq) &&
		    seqOf(lastSeq) > known(conversation)))
			this.refresh();
	}

	/** Of somebody else, and of a kind that the server counts as unread. */
	counts(event) {
		return UNREAD_KINDS.includes(event.kind) && !this.isMine(event);
	}

	async takeEvent(event) {
		if (event.kind === "LEFT" && this.isMine(event))
			this.forget(event.conversation, event.seq);
		if (event.seq <= this.left.get(event.conversation))
			return;
		const conversation = this.get(event.conversation);
		const isNew = event.seq > conversation.lastSeq;
		conversation.lastSeq = Math.max(conversation.lastSeq, event.seq);
		if (isNew && conversation.kind && this.counts(event))
			conversation.unread++;
		this.notePreview(conversation, event);
		this.clearTyping(conversation, event.sender);
		this.put(conversation, event);
		if (this.counts(event) && !conversation.isGroup && !this.isOnline(conversation))
			this.askWhoSoon();
		this.changed(Change.LOG, conversation);
		const row = conversation.kind && event.kind === "MESSAGE" ? null : this.reload(event.conversation);
		if (!conversation.kind)
			await row.catch(() => {});	// the next login loads it
		if (isNew && this.conversations.get(event.conversation) === conversation)
			this.dispatchEvent(new CustomEvent("event", {detail: {event, conversation}}));
	}

	/** unread: how many there are left, if the one who read knows. */
	takeCursor({conversation: id, seq, user}, unread) {
		const conversation = this.conversations.get(id);
		if (!conversation)
			return;
		if (user !== this.me.userId) {
			conversation.peerReadSeq = Math.max(conversation.peerReadSeq, seqOf(seq));
			this.changed(Change.READ, conversation);
			return;
		}
		if (seqOf(seq) <= conversation.readSeq)
			return;
		conversation.readSeq = seqOf(seq);
		conversation.unread = conversation.readSeq >= conversation.lastSeq ? 0 : unread ?? conversation.unread;
		if (conversation.unread > 0 && unread === undefined)
			this.reload(id).catch(() => {});
		this.changed(Change.LIST, conversation);
	}

	takeTyping({conversation: id, userId, name}) {
		const conversation = this.conversations.get(id);
		if (!conversation || userId === this.me.userId)
			return;
		this.clearTyping(conversation, userId);
		conversation.typing.set(userId, {name, timer: setTimeout(() =>
		    this.clearTyping(conversation, userId), TYPING_MS)});
		this.changed(Change.TYPING, conversation);
	}

	clearTyping(conversation, userId) {
		const entry = conversation.typing.get(userId);
		if (!entry)
			return;
		clearTimeout(entry.timer);
		conversation.typing.delete(userId);
		this.changed(Change.TYPING, conversation);
	}

	/* -- actions -------------------------------------------------------------------------- */

	/** Moves the cursor to `seq`, here at once, and at the server soon. */
	markRead(conversation, seq) {
		const {id, readSeq, unread} = conversation;
		if (seq <= readSeq)
			return;
		conversation.read(seq);
		this.cursors.move(id, seq);
		this.tabs.postMessage({conversation: id, seq: String(seq), user: this.me.userId,
		    unread: conversation.unread});
		if (unread >= UNREAD_MAX && conversation.unread > 0)
			this.reload(id).catch(() => {});	// how many there really are
		this.changed(Change.LIST, conversation);
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
		this.names.add("@", row.name);
		this.notePresence(row);
		this.changed(Change.LIST);
		return conversation;
	}

	/** Creates or joins a group; resolves to its conversation. */
	async joined(request) {
		const {joined} = await this.link.request(request);
		const conversation = this.takeRow(joined.conversation);
		if (!conversation)
			throw {code: "NOT_MEMBER"};	// left meanwhile, with another device
		this.changed(Change.LIST);
		return conversation;
	}

	/** Of a public group that the user need not be in; undefined: there is none of this id. */
	async groupName(id) {
		const after = String(BigInt(id) - 1n);
		const {conversations} = await this.link.request({listGroups: {after, limit: 1}});
		return conversations.conversations?.find(row => row.id === id)?.name;
	}

	async leave(conversation) {
		await this.link.request({leaveGroup: {target: conversation.target}});
		this.forget(conversation.id, conversation.lastSeq);
	}

	drop(id) {
		this.conversations.delete(id);
		if (this.current?.id === id)
			this.current = null;
	}

	/** The user has left the group, by the event of this seq, or a later one. */
	forget(id, seq) {
		this.left.set(id, Math.max(seq, this.left.get(id) ?? 0));
		this.drop(id);
		this.changed(Change.ALL);
	}
}
