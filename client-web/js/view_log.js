// view_log.js - the messages of one conversation. Only a window of them is in the page. It moves as
// the user scrolls, and the message at the top of the view keeps its place. What was in view, while
// somebody could look at it, is read, and nothing else.
import {Change, drawSoon} from "./change.js";
import {button, el, fill, icon, reconcile} from "./dom.js";
import {dayOf, formatDay, formatShort, t} from "./i18n.js";
import {isAway} from "./tabs.js";
import {continues, dayRow, foldedRow, folds, lineRow, messageRow, noteRow, pendingRow, setStatus, transcriptLine} from "./view_row.js";

const WINDOW = 120;		// messages in the page
const STEP = 40;		// messages by which the window moves
const EDGE_PX = 400;		// this near to an end of the window, it moves
const BOTTOM_PX = 60;		// this near to the bottom, new messages scroll into view
const SLACK_PX = 2;		// a row is in view though so much of its end is not
const ABOVE_PX = 8;		// between the top of the view and the "new messages" line
const QUIET_MS = 300;
const UNREAD_MAX = 1000;	// the server stops counting there

export class LogView {
	/** actions: join(group); onEnd(follows, n): n new messages are below the view. */
	constructor(state, link, outbox, actions, signal) {
		this.state = state;
		this.link = link;
		this.outbox = outbox;
		this.actions = actions;
		this.signal = signal;
		this.conversation = null;
		this.fromSeq = 0;		// the window in conversation.events
		this.toSeq = 0;
		this.endSeq = 0;		// the newest when the end was last in view
		this.unreadFrom = null;		// the "new messages" line is after this seq
		this.follows = true;
		this.endPx = 0;			// how far it was scrolled to the end
		this.allRead = false;
		this.watches = false;		// all is read, and what comes now comes before the reader's eyes
		this.wants = new Set();		// kinds of change to draw
		this.places = new WeakMap();	// conversation -> {seq, px}: where it was left, if not at the end
		this.drawNow = () => this.drawWanted();
		this.since = el("div", {class: "since"});
		this.list = el("div", {class: "messages"});
		this.pending = el("div", {class: "messages"});
		this.root = el("div", {class: "log", role: "log", "aria-live": "polite", tabindex: "0",
		    "aria-label": t("chat.log"), on: {scroll: () => this.onScroll(),
		    copy: event => this.onCopy(event)}}, this.list, this.pending);
		this.listen(signal);
	}

	listen(signal) {
		this.state.addEventListener("change", ({detail}) => this.onChange(detail), {signal});
		this.outbox.addEventListener("change", () => this.want(Change.UNSENT), {signal});
		this.link.addEventListener("state", () => this.onLink(), {signal});
		document.addEventListener("visibilitychange", () => this.seen(), {signal});
		addEventListener("focus", () => this.seen(), {signal});
		addEventListener("blur", () => { this.watches = false; }, {signal});
		addEventListener("beforeprint", () => this.drawAll(), {signal});
		const resized = new ResizeObserver(() => {
			if (this.follows)
				this.toBottom();
			this.seen();
		});
		resized.observe(this.root);
		signal.addEventListener("abort", () => resized.disconnect());
	}

	show(conversation) {
		const {places} = this;
		this.conversation = conversation;
		this.watches = this.allRead = false;
		this.unreadFrom = conversation?.unread ? conversation.readSeq : null;
		this.wants.clear();
		this.quietly(() => {
			reconcile(this.list, []);
			if (!places.has(conversation) || !this.showPlace(places.get(conversation)))
				this.showEnd();
		});
	}

	/** Before another one is shown: remembers where the reader was. */
	leave() {
		const {conversation} = this;
		if (!conversation)
			return;
		conversation.held = false;
		if (this.follows)
			this.places.delete(conversation);
		else
			this.places.set(conversation, this.place());
	}

	get events() {
		return this.conversation?.events ?? [];
	}

	/** The window's indexes in `events`. */
	get window() {
		const {conversation} = this;
		if (!conversation)
			return {from: 0, to: 0};
		return {from: conversation.indexOf(this.fromSeq), to: conversation.indexOf(this.toSeq + 1)};
	}

	setWindow(from, to) {
		this.fromSeq = this.events[from]?.seq ?? 0;
		this.toSeq = this.events[to - 1]?.seq ?? 0;
	}

	/* -- what changed ------------------------------------------------------------------- */

	onChange({what, conversation}) {
		if (this.conversation && (!conversation || conversation === this.conversation))
			this.want(what);
	}

	want(what) {
		this.wants.add(what);
		drawSoon(this.drawNow);
	}

	/** Without a connection nobody sees what comes. */
	onLink() {
		if (this.link.state !== "online")
			this.watches = false;
		if (this.events.length === 0)
			this.want(Change.LOG);
	}

	drawWanted() {
		const {wants} = this, wanted = (...kinds) => kinds.some(kind => wants.has(kind));
		if (this.signal.aborted || !this.conversation)
			return;
		if (wanted(Change.REPLACED))
			this.quietly(() => this.onReplaced());
		else if (wanted(Change.OLDER))
			this.quietly(() => this.onOlder());
		if (wanted(Change.LOG, Change.ALL))
			this.onNewer();
		if (wanted(Change.DAY))
			this.keepPlace(() => this.draw());
		if (wanted(Change.READ))
			this.drawStates();
		if (wanted(Change.UNSENT))
			this.keepBottom(() => this.drawPending());
		wants.clear();
		this.seen();
	}

	/** The user sent a message: the earlier ones no longer count as new. */
	onSend() {
		this.unreadFrom = null;
		this.jumpToEnd();
	}

	/** Draws history without a screen reader announcing it as new. */
	quietly(draw) {
		this.root.setAttribute("aria-live", "off");
		draw();
		clearTimeout(this.quiet);
		this.quiet = setTimeout(() => this.root.setAttribute("aria-live", "polite"), QUIET_MS);
	}

	/* -- the window ------------------------------------------------------------------- */

	get isAtEnd() {
		return this.window.to === this.events.length && (this.conversation?.ends ?? true);
	}

	setFollows(follows) {
		this.follows = follows;
		if (this.conversation)
			this.conversation.held = !follows;
	}

	showEnd() {
		this.setFollows(true);
		this.conversation?.trim();
		const {length} = this.events;
		this.endSeq = this.conversation?.newest ?? 0;
		this.setWindow(Math.max(0, length - WINDOW), length);
		this.draw();
		this.toBottom();
		this.tellEnd();
		this.seen();
	}

	/** Where the view is: the first row in it, and by how much it is above. */
	place() {
		const row = this.rowsInView()[0];
		return row && {seq: Number(row.dataset.seq), px: this.top() - row.getBoundingClientRect().top};
	}

	/** False: that event is not loaded. */
	showPlace({seq, px} = {}) {
		const at = this.conversation.indexOf(seq);
		if (this.events[at]?.seq !== seq)
			return false;
		this.showAround(at);
		const row = this.list.querySelector(`[data-seq="${seq}"]`);
		this.root.scrollTop += row.getBoundingClientRect().top - this.top() + px;
		return true;
	}

	showAround(at) {
		this.setFollows(false);
		const from = Math.max(0, at - STEP);
		this.setWindow(from, Math.min(from + WINDOW, this.events.length));
		this.draw();
	}

	/** Older events were prepended. */
	onOlder() {
		if (!this.list.querySelector("[data-seq]")) {
			this.showEnd();
			return;
		}
		const {from, to} = this.window;
		this.keepPlace(() => {
			this.setWindow(Math.max(0, from - STEP), to);
			this.draw();
		});
		this.onScroll();
	}

	/** Other events than before: at the end, if the view follows that. */
	onReplaced() {
		if (this.follows)
			this.showEnd();
		else
			this.keepPlace(() => this.draw());
	}

	onNewer() {
		const {readSeq, unread} = this.conversation;
		if (unread > 0 && !this.watches && (this.unreadFrom === null || this.allRead)) {
			this.unreadFrom = readSeq;
			this.allRead = false;
		}
		if (this.follows || !this.list.querySelector("[data-seq]"))
			this.showEnd();
		else		// the user reads older messages: show a button, do not jump
			this.onScroll();
	}

	tellEnd() {
		const newest = Math.max(this.conversation?.lastSeq ?? 0, this.endSeq);
		this.actions.onEnd(this.follows, this.follows ? 0 : newest - this.endSeq);
	}

	onScroll() {
		const {scrollTop, scrollHeight, clientHeight} = this.root, {conversation} = this;
		const below = scrollHeight - scrollTop - clientHeight, {from, to} = this.window;
		if (!conversation)
			return;
		// While it follows, what came since the last draw is drawn soon, and a view that became
		// lower is scrolled soon: only who scrolls up no longer follows.
		this.setFollows(this.follows ? scrollTop >= this.endPx || below < BOTTOM_PX :
		    below < BOTTOM_PX && this.isAtEnd);
		if (scrollTop < EDGE_PX && from > 0)
			this.move(-STEP);
		else if (scrollTop < EDGE_PX && !conversation.begins)
			this.state.loader.loadOlder(conversation).catch(() => {});
		else if (below < EDGE_PX && to < this.events.length && !this.follows)
			this.move(STEP);
		else if (below < EDGE_PX && !conversation.ends)
			this.state.loader.loadNewer(conversation).catch(() => {});
		if (this.follows)
			this.endSeq = conversation.newest;
		this.seen();
		this.tellEnd();
	}

	move(by) {
		const {length} = this.events;
		let {from, to} = this.window;
		if (by < 0) {
			from = Math.max(0, from + by);
			to = Math.min(to, from + WINDOW + STEP);
		} else {
			to = Math.min(length, to + by);
			from = Math.max(from, to - WINDOW - STEP);
		}
		this.setWindow(from, to);
		this.quietly(() => this.keepPlace(() => this.draw()));
	}

	/**
	 * Keeps the bottom of the message at the top of the view where it is. (Not its top: its
	 * heading disappears when the message before joins it.)
	 */
	keepPlace(draw) {
		const anchor = this.rowsInView()[0];
		const before = anchor?.getBoundingClientRect().bottom;
		draw();
		const after = anchor && this.list.querySelector(`[data-seq="${anchor.dataset.seq}"]`);
		if (after)
			this.root.scrollTop += after.getBoundingClientRect().bottom - before;
	}

	keepBottom(draw) {
		draw();
		if (this.follows)
			this.toBottom();
	}

	toBottom() {
		this.root.scrollTop = this.root.scrollHeight;
		this.endPx = this.root.scrollTop;
	}

	/** For paper: all that is loaded. Scrolling makes the window small again. */
	drawAll() {
		if (this.conversation) {
			this.setWindow(0, this.events.length);
			this.keepPlace(() => this.draw());
		}
	}

	jumpToEnd() {
		if (this.conversation?.ends === false) {
			this.setFollows(true);
			this.state.loader.loadEnd(this.conversation).catch(() => {});
		}
		this.showEnd();
	}

	/* -- what is read ------------------------------------------------------------------- */

	top() {
		return this.root.getBoundingClientRect().top;
	}

	/** The rows whose end is below the top of the view, and above its bottom. */
	rowsInView() {
		const {top, bottom} = this.root.getBoundingClientRect();
		const rows = this.list.querySelectorAll("[data-seq]"), found = [];
		let low = 0, high = rows.length;
		while (low < high) {
			const middle = (low + high) >> 1;
			if (rows[middle].getBoundingClientRect().bottom <= top)
				low = middle + 1;
			else
				high = middle;
		}
		for (; low < rows.length; low++) {
			if (found.length && rows[low].getBoundingClientRect().bottom > bottom + SLACK_PX)
				break;
			found.push(rows[low]);
		}
		return found;
	}

	/** Moves the cursor over what is in view, if somebody can look at it. */
	seen() {
		const {conversation, root} = this;
		if (!conversation || !root.isConnected)
			return;
		if (!isAway() && conversation.readSeq < conversation.newest)
			this.readView();
		this.allRead ||= conversation.unread === 0;
		this.watches = this.allRead && this.follows && !isAway() && this.link.state === "online";
		this.drawSince();
	}

	readView() {
		const {conversation} = this, rows = this.rowsInView();
		const {bottom} = this.root.getBoundingClientRect();
		const last = rows.findLast(row => row.getBoundingClientRect().bottom <= bottom + SLACK_PX);
		let seq = conversation.readSeq;
		if (this.watches && this.follows)
			seq = conversation.newest;
		else if (last)
			seq = conversation.seen(Number(rows[0].dataset.seq), Number(last.dataset.seq));
		this.state.markRead(conversation, seq);
	}

	/** The user has no wish to read them. */
	readAll() {
		this.unreadFrom = null;
		this.state.markRead(this.conversation, Math.max(this.conversation.lastSeq, this.conversation.newest));
		this.jumpToEnd();
	}

	async jumpToUnread() {
		const {conversation} = this;
		await this.state.loader.loadFirstUnread(conversation);
		if (conversation !== this.conversation || conversation.firstUnread < 0)
			return;
		this.unreadFrom = conversation.readSeq;
		this.quietly(() => {
			this.showAround(conversation.firstUnread);
			const line = this.list.querySelector(".divider");
			this.root.scrollTop += line.getBoundingClientRect().top - this.top() - ABOVE_PX;
		});
		this.root.focus();
		this.onScroll();
	}

	/** Above the view: how many unread messages there are before it, and a way to the first. */
	drawSince() {
		const {conversation} = this, first = this.rowsInView()[0];
		const isBefore = conversation.unread > 0 && first && this.hidesUnread(first);
		const {readSeq, timeMs} = conversation.since ?? {};
		const n = conversation.unread < UNREAD_MAX ? conversation.unread : `${UNREAD_MAX}+`;
		const label = !isBefore ? "" : readSeq !== undefined && timeMs ?
		    t("chat.since", {n, when: formatShort(timeMs)}) : t("chat.more", {n});
		if (this.since.dataset.looks === label)
			return;
		this.since.dataset.looks = label;
		fill(this.since, label && el("div", {class: "chip"},
		    el("button", {type: "button", class: "main", data: {action: "first-unread"},
		    on: {click: () => this.jumpToUnread().catch(() => {})}}, icon("up"), label),
		    button(t("chat.markRead"), "mark-read", () => this.readAll())));
	}

	/** An unread event is before this row. */
	hidesUnread(row) {
		const at = this.conversation.firstUnread;
		return at < 0 || this.events[at].seq < Number(row.dataset.seq);
	}

	/** Several messages are copied as a transcript: who, when and what. */
	onCopy(event) {
		const selection = getSelection();
		const rows = [...this.list.querySelectorAll("[data-seq]")].filter(row =>
		    selection.containsNode(row, true));
		if (rows.length < 2)
			return;
		const {conversation, state} = this;
		const lines = rows.flatMap(({dataset: {seq, from = seq}}) => this.events.slice(
		    conversation.indexOf(Number(from)), conversation.indexOf(Number(seq) + 1)))
		    .map(event => transcriptLine(event, state));
		event.clipboardData.setData("text/plain", lines.join("\n"));
		event.preventDefault();
	}

	/* -- drawing ------------------------------------------------------------------------ */

	draw() {
		const kept = new Map([...this.list.children].map(node => [node.dataset.key, node]));
		const rows = [], {from, to} = this.window;
		const put = (key, make) => rows.push(kept.get(key) ?? make(key));
		let before = this.events[from - 1];
		if (from === 0 && this.conversation?.begins)
			put("begin", key => lineRow("note", t("chat.begin"), key));
		else if (this.conversation && this.events.length === 0)
			this.putWaiting(put);
		const events = this.events.slice(from, to), {firstNew} = this;
		for (let at = 0, end; at < events.length; at = end) {
			for (end = at + 1; end < events.length && folds(events[end - 1], events[end]); end++)
				continue;
			this.putRows(before, events.slice(at, end), firstNew, put);
			before = events[end - 1];
		}
		reconcile(this.list, rows);
		this.drawStates();
		this.drawPending();
	}

	/** Nothing is loaded yet: what it waits for. */
	putWaiting(put) {
		const text = this.link.state === "online" ? t("chat.loading") : t("chat.noConnection");
		put(`waiting ${text}`, key => lineRow("note waiting", text, key));
	}

	/** The seq of the first message beyond `unreadFrom`, of those that are loaded; 0: there is none. */
	get firstNew() {
		const {conversation, events, unreadFrom} = this;
		if (unreadFrom === null)
			return 0;
		const from = conversation.indexOf(unreadFrom + 1);
		return events.find((event, at) => at >= from && conversation.counts(event))?.seq ?? 0;
	}

	/** The row of an event, or of several that fold, with the day and "new messages" lines before it. */
	putRows(before, events, firstNew, put) {
		const {conversation, state} = this, [event] = events, {seq, timeMs} = event;
		if (!before || dayOf(before.timeMs) !== dayOf(timeMs))
			put(`day ${dayOf(timeMs)} ${formatDay(timeMs)}`, key => dayRow(timeMs, key));
		const isFirstNew = seq === firstNew;
		if (isFirstNew)
			put(`new ${seq}`, key => lineRow("divider", t("chat.unread"), key));
		const joins = !isFirstNew && continues(before, event);
		if (event.kind === "MESSAGE")
			put(`${seq} ${joins}`, key => messageRow(event, conversation, state, key, joins));
		else if (events.length > 1)
			put(`${seq} to ${events.at(-1).seq}`, key => foldedRow(events, key));
		else
			put(`${seq}`, key => noteRow(event, conversation, state, key, this.actions.join));
	}

	drawStates() {
		const read = this.conversation?.peerReadSeq ?? 0;
		for (const node of this.list.querySelectorAll(".mine"))
			setStatus(node, Number(node.dataset.seq) <= read ? "read" : "stored");
	}

	drawPending() {
		const kept = new Map([...this.pending.children].map(node => [node.dataset.key, node]));
		const {conversation, state, outbox} = this;
		const rows = [];
		let before = this.events.at(-1);
		for (const entry of conversation && this.isAtEnd ? outbox.of(conversation) : []) {
			const event = {...entry, kind: "MESSAGE", sender: state.me.userId};
			const joins = continues(before, event);
			const waits = outbox.waits(entry);
			const key = [entry.clientId, entry.status, entry.error, waits, joins].join(" ");
			const row = kept.get(key) ?? pendingRow(entry, outbox, key, joins, waits);
			setStatus(row, entry.status);
			rows.push(row);
			before = event;
		}
		reconcile(this.pending, rows);
	}
}
