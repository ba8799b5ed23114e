// state.js - what is known: conversations, their events without holes, read cursors, who is here. No
// elements: the views listen to "change" (detail: what) and draw.

const PAGE = 50;
const TYPING_MS = 6000;
const WHO_MS = 20000;

const big = text => BigInt(text ?? 0);
const DIRECT_BIT = 1n << 62n;

/** Sequence numbers of one conversation are below 2^53. */
const seqOf = value => Number(value ?? 0);

/** The id of the direct conversation of two users (kith-protocol(7), Ids). */
export function directId(one, other) {
	const [a, b] = [big(one), big(other)].sort((x, y) => (x < y ? -1 : 1));
	return String(DIRECT_BIT | a << 31n | b);
}

class Conversation {
	constructor(id) {
		this.id = id;
		this.events = [];		// rising by one from events[0].seq
		this.begins = false;		// the first one is the first that may be read
		this.typing = new Map();	// user id -> {name, timer}
		this.loading = null;
	}

	/** Takes over what the server says of it. */
	update(row) {
		this.kind = row.kind ?? this.kind;
		this.name = row.name ?? this.name ?? "";
		this.topic = row.topic ?? "";
		this.isPublic = row.public ?? false;
		this.role = row.role ?? "NOBODY";
		this.peer = row.peer;
		this.sinceSeq = seqOf(row.sinceSeq);
		this.lastSeq = Math.max(this.lastSeq ?? 0, seqOf(row.lastSeq));
		this.readSeq = Math.max(this.readSeq ?? 0, seqOf(row.readSeq));
		this.peerReadSeq = Math.max(this.peerReadSeq ?? 0, seqOf(row.peerReadSeq));
		this.unread = row.unread ?? 0;
	}

	get newest() {
		return this.events.length ? this.events.at(-1).seq : 0;
	}

	get isGroup() {
		return this.kind === "GROUP";
	}
}

function readEvent(row) {
	return {...row, seq: seqOf(row.seq), timeMs: Number(row.timeMs ?? 0), text: row.text ?? ""};
}

export class State extends EventTarget {
	constructor(link) {
		super();
		this.link = link;
		this.conversations = new Map();
		this.online = new Map();	// user id -> is here
		this.current = null;
		link.have = () => this.have();
		link.addEventListener("ready", () => this.refresh());
		link.addEventListener("news", event => this.takeNews(event.detail));
		// The server tells the user's other devices what was read; to it, all tabs are one.
		this.tabs = new BroadcastChannel("kith.read");
		this.tabs.addEventListener("message", ({data}) =>
		    data.user === this.me?.userId && this.takeCursor(data));
		setInterval(() => document.hidden || this.askWho(), WHO_MS);
	}

	changed(what, conversation) {
		this.dispatchEvent(new CustomEvent("change", {detail: {what, conversation}}));
	}

	clear() {
		this.conversations.clear();
		this.online.clear();
		this.current = null;
		this.changed("all");
	}

	get me() {
		return this.link.me;
	}

	isMine(event) {
		return event.sender === this.me?.userId;
	}

	/** For polls: what is known of each conversation. */
	have() {
		return [...this.conversations.values()].map(c => ({conversation: c.id,
		    seq: String(Math.max(c.newest, c.lastSeq))}));
	}

	sorted() {
		return [...this.conversations.values()].filter(c => c.kind).sort((a, b) =>
		    (b.activeMs ?? 0) - (a.activeMs ?? 0) || b.lastSeq - a.lastSeq ||
		    a.name.localeCompare(b.name));
	}

	get unread() {
		let n = 0;
		for (const conversation of this.conversations.values())
			n += conversation.unread;
		return n;
	}

	/* -- asking -------------------------------------------------------------------- */

	/** After each login: the list, and what the loaded conversations have missed. */
	async refresh() {
		try {
			await this.loadList();
			for (const conversation of this.conversations.values())
				if (conversation.events.length)
					await this.catchUp(conversation);
			this.changed("all");
			await this.askWho();
		} catch {
			// The connection is gone again; the next login comes here.
		}
	}

	async loadList() {
		const seen = new Set();
		let after = "0", more = true;
		while (more) {
			const {conversations} = await this.link.request({listConversations: {after}});
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
		await this.loadPreviews();
	}

	/** The last event of each, for the list; a few at a time. */
	async loadPreviews() {
		const bare = [...this.conversations.values()].filter(c => !c.preview && c.lastSeq > 0);
		while (bare.length)
			await Promise.all(bare.splice(0, 8).map(c => this.loadPreview(c)));
	}

	async loadPreview(conversation) {
		const {historyPage} = await this.link.request({history: {target:
		    {conversation: conversation.id}, limit: 1}});
		const rows = historyPage.events ?? [];
		if (rows.length)
			this.notePreview(conversation, readEvent(rows[0]));
	}

	notePreview(conversation, event) {
		conversation.preview = event;
		conversation.activeMs = Math.max(conversation.activeMs ?? 0, event.timeMs);
	}

	get(id) {
		if (!this.conversations.has(id))
			this.conversations.set(id, new Conversation(id));
		return this.conversations.get(id);
	}

	async reload(id) {
		const {conversations} = await this.link.request({listConversations: {ids: [id]}});
		const row = conversations.conversations?.[0];
		if (row) {
			this.get(id).update(row);
			this.changed("list");
		}
	}

	async askWho() {
		const names = [...this.conversations.values()].filter(c => !c.isGroup && c.name)
		    .slice(0, 100).map(c => c.name);
		if (this.link.state !== "online" || names.length === 0)
			return;
		try {
			const {presences} = await this.link.request({who: {names}});
			for (const row of presences.users ?? [])
				this.online.set(row.userId, row.online ?? false);
			this.changed("list");
		} catch {
			// Asked again soon.
		}
	}

	/* -- a conversation's log --------------------------------------------------------- */

	/** Shows a conversation: the newest page, unless it is there. */
	async open(conversation) {
		this.current = conversation;
		this.changed("current", conversation);
		if (!conversation.events.length)
			await this.loadOlder(conversation).catch(() => {});
		else
			await this.catchUp(conversation).catch(() => {});
	}

	/** The page before what is there. One at a time. */
	loadOlder(conversation) {
		if (conversation.begins)
			return Promise.resolve();
		conversation.loading ??= this.loadPage(conversation).finally(() => {
			conversation.loading = null;
		});
		return conversation.loading;
	}

	async loadPage(conversation) {
		const first = conversation.events[0]?.seq ?? 0;
		const {historyPage} = await this.link.request({history: {target:
		    {conversation: conversation.id}, before: String(first), limit: PAGE}});
		const events = (historyPage.events ?? []).map(readEvent);
		if (first !== (conversation.events[0]?.seq ?? 0))
			return;			// something came first meanwhile
		conversation.events.unshift(...events);
		conversation.begins = !historyPage.more;
		this.changed("older", conversation);
	}

	/** What came after what is there; a long absence is cheaper to load from its end. */
	async catchUp(conversation) {
		let more = true;
		while (more) {
			const after = conversation.newest;
			if (conversation.lastSeq - after > 4 * PAGE) {
				conversation.events = [];
				conversation.begins = false;
				return this.loadOlder(conversation);
			}
			const {historyPage} = await this.link.request({history: {target:
			    {conversation: conversation.id}, after: String(after), limit: PAGE}});
			for (const row of historyPage.events ?? [])
				this.append(conversation, readEvent(row));
			more = (historyPage.more ?? false) && conversation.newest > after;
		}
		this.changed("log", conversation);
	}

	/** A live event into the log, if that is loaded; what is missing before it is fetched. */
	async put(conversation, event) {
		if (conversation.events.length) {
			if (!this.append(conversation, event))
				await this.catchUp(conversation);
		} else if (conversation.begins) {
			conversation.begins = false;	// it was empty
			await this.loadOlder(conversation);
		}
	}

	/** False: there is a hole before it. */
	append(conversation, event) {
		if (conversation.events.length && event.seq > conversation.newest + 1)
			return false;
		if (event.seq > conversation.newest)
			conversation.events.push(event);
		conversation.lastSeq = Math.max(conversation.lastSeq ?? 0, event.seq);
		return true;
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

	takeSync(page) {
		for (const row of page.events ?? [])
			this.takeEvent(readEvent(row));
		if (page.positions?.length)
			this.refresh();
	}

	async takeEvent(event) {
		if (event.kind === "LEFT" && this.isMine(event)) {
			this.forget(event.conversation);
			return;
		}
		const known = this.conversations.has(event.conversation);
		const conversation = this.get(event.conversation);
		const isNew = event.seq > (conversation.lastSeq ?? 0);
		this.clearTyping(conversation, event.sender);
		if (!known || event.kind !== "MESSAGE")
			await this.reload(event.conversation).catch(() => {});
		await this.put(conversation, event).catch(() => {});
		conversation.lastSeq = Math.max(conversation.lastSeq ?? 0, event.seq);
		if (isNew) {
			this.notePreview(conversation, event);
			if (known && event.kind === "MESSAGE" && !this.isMine(event))
				conversation.unread++;
		}
		this.changed("log", conversation);
		if (isNew)
			this.dispatchEvent(new CustomEvent("event", {detail: {event, conversation}}));
	}

	takeCursor({conversation: id, seq, user}) {
		const conversation = this.conversations.get(id);
		if (!conversation)
			return;
		if (user === this.me.userId) {
			conversation.readSeq = Math.max(conversation.readSeq, seqOf(seq));
			if (conversation.readSeq >= conversation.lastSeq)
				conversation.unread = 0;
			else
				this.reload(id).catch(() => {});
			this.changed("list");
		} else {
			conversation.peerReadSeq = Math.max(conversation.peerReadSeq, seqOf(seq));
			this.changed("read", conversation);
		}
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

	/* -- doing ---------------------------------------------------------------------------- */

	/** All up to its end was seen. */
	async markRead(conversation) {
		const seq = conversation.newest;
		if (seq === 0 || seq <= conversation.readSeq || this.link.state !== "online")
			return;
		conversation.readSeq = seq;
		conversation.unread = 0;
		this.changed("list");
		const cursor = {conversation: conversation.id, seq: String(seq)};
		this.tabs.postMessage({...cursor, user: this.me.userId});
		await this.link.request({markRead: cursor}).catch(() => {});
	}

	sendTyping(conversation) {
		this.link.request({typing: {conversation: conversation.id}}).catch(() => {});
	}

	/** The direct conversation with somebody, who must exist. */
	async openDirect(name) {
		const {presences} = await this.link.request({who: {names: [name]}});
		const row = presences.users[0];
		const conversation = this.get(directId(this.me.userId, row.userId));
		if (!conversation.kind)
			conversation.update({kind: "DIRECT", name: row.name, peer: row.userId, role: "MEMBER"});
		this.online.set(row.userId, row.online ?? false);
		this.changed("list");
		return conversation;
	}

	async joined(request) {
		const {joined} = await this.link.request(request);
		const conversation = this.get(joined.conversation.id);
		conversation.update(joined.conversation);
		this.changed("list");
		return conversation;
	}

	async leave(conversation) {
		await this.link.request({leaveGroup: {target: {conversation: conversation.id}}});
		this.forget(conversation.id);
	}

	/** Who has left a group has no business with it any more. */
	forget(id) {
		this.conversations.delete(id);
		if (this.current?.id === id)
			this.current = null;
		this.changed("all");
	}
}
