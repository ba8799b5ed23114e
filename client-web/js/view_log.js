// view_log.js - the messages of one conversation. Only a window of them is in the page. It moves as
// the user scrolls, and the message at the top of the view keeps its place.
import {el, reconcile} from "./dom.js";
import {dayOf, t} from "./i18n.js";
import {isAway} from "./notify.js";
import {continues, dayRow, lineRow, messageRow, noteRow, pendingRow, setStatus} from "./view_row.js";

const WINDOW = 120;		// messages in the page
const STEP = 40;		// messages by which the window moves
const EDGE_PX = 400;		// this near to an end of the window, it moves
const BOTTOM_PX = 60;		// this near to the bottom, new messages scroll into view
const QUIET_MS = 300;

export class LogView {
	/** actions: join(group); onEnd(follows, n): n new messages are below the view. */
	constructor(state, outbox, actions, signal) {
		this.state = state;
		this.outbox = outbox;
		this.actions = actions;
		this.conversation = null;
		this.from = 0;			// the window in conversation.events
		this.to = 0;
		this.endSeq = 0;		// the newest when the end was last in view
		this.unreadFrom = null;		// the "new messages" line is after this seq
		this.follows = true;
		this.list = el("div", {class: "messages"});
		this.pending = el("div", {class: "messages"});
		this.root = el("div", {class: "log", role: "log", "aria-live": "polite", tabindex: "0",
		    "aria-label": t("chat.log"), on: {scroll: () => this.onScroll()}}, this.list, this.pending);
		state.addEventListener("change", ({detail}) => this.onChange(detail), {signal});
		outbox.addEventListener("change", () => this.keepBottom(() => this.drawPending()), {signal});
		document.addEventListener("visibilitychange", () => this.seen(), {signal});
		addEventListener("focus", () => this.seen(), {signal});
		const resized = new ResizeObserver(() => this.follows && this.toBottom());
		resized.observe(this.root);
		signal.addEventListener("abort", () => resized.disconnect());
	}

	show(conversation) {
		this.conversation = conversation;
		this.follows = true;
		this.unreadFrom = conversation?.unread ? conversation.readSeq : null;
		this.quietly(() => {
			reconcile(this.list, []);
			this.showEnd();
		});
	}

	get events() {
		return this.conversation?.events ?? [];
	}

	onChange({what, conversation}) {
		if (!this.conversation || (conversation && conversation !== this.conversation))
			return;
		if (what === "older")
			this.quietly(() => this.onOlder());
		else if (what === "log" || what === "all")
			this.onNewer();
		else if (what === "restart")
			this.show(this.conversation);
		else if (what === "read")
			this.drawStates();
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

	showEnd() {
		this.endSeq = this.conversation?.newest ?? 0;
		this.to = this.events.length;
		this.from = Math.max(0, this.to - WINDOW);
		this.draw();
		this.toBottom();
		this.seen();
	}

	/** The index of the event that the first row shows, or -1. */
	firstDrawn() {
		const seq = Number(this.list.querySelector("[data-seq]")?.dataset.seq);
		return this.events.findIndex(event => event.seq === seq);
	}

	/** Older events were prepended: the window's indexes have moved. */
	onOlder() {
		const at = this.firstDrawn();
		if (at < 0) {
			this.showEnd();
			return;
		}
		const length = Math.max(this.to - this.from, WINDOW);
		this.from = Math.max(0, at - STEP);
		this.to = Math.min(this.from + length, this.events.length);
		this.keepPlace(() => this.draw());
		this.onScroll();
	}

	onNewer() {
		const {readSeq} = this.conversation;
		if (isAway() && readSeq > (this.unreadFrom ?? 0))
			this.unreadFrom = readSeq;
		for (const event of this.events.slice(-WINDOW))
			if (event.clientId && this.state.isMine(event))
				this.outbox.arrived(event.clientId);
		if (this.follows || this.firstDrawn() < 0)
			this.showEnd();
		else		// the user reads older messages: show a button, do not jump
			this.tellEnd();
	}

	tellEnd() {
		const newest = this.conversation?.newest ?? 0;
		this.actions.onEnd(this.follows, this.follows ? 0 : newest - this.endSeq);
	}

	onScroll() {
		const {scrollTop, scrollHeight, clientHeight} = this.root;
		const below = scrollHeight - scrollTop - clientHeight;
		this.follows = below < BOTTOM_PX && this.to === this.events.length;
		if (scrollTop < EDGE_PX && this.from > 0)
			this.move(-STEP);
		else if (scrollTop < EDGE_PX && this.conversation && !this.conversation.begins)
			this.state.loadOlder(this.conversation).catch(() => {});
		else if (below < EDGE_PX && this.to < this.events.length)
			this.move(STEP);
		if (this.follows) {
			this.endSeq = this.conversation?.newest ?? 0;
			this.seen();
		}
		this.tellEnd();
	}

	move(by) {
		if (by < 0) {
			this.from = Math.max(0, this.from + by);
			this.to = Math.min(this.to, this.from + WINDOW + STEP);
		} else {
			this.to = Math.min(this.events.length, this.to + by);
			this.from = Math.max(this.from, this.to - WINDOW - STEP);
		}
		this.quietly(() => this.keepPlace(() => this.draw()));
	}

	/**
	 * Keeps the bottom of the message at the top of the view where it is. (Not its top: its
	 * heading disappears when the message before joins it.)
	 */
	keepPlace(draw) {
		const top = this.root.getBoundingClientRect().top;
		const anchor = [...this.list.querySelectorAll("[data-seq]")].find(node =>
		    node.getBoundingClientRect().bottom > top);
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
	}

	jumpToEnd() {
		this.follows = true;
		this.showEnd();
		this.tellEnd();
	}

	/** Marks the conversation read if its end is in view and the page has the focus. */
	seen() {
		if (this.conversation && this.follows && this.root.isConnected && !isAway())
			this.state.markRead(this.conversation);
	}

	/* -- drawing ------------------------------------------------------------------------ */

	draw() {
		const kept = new Map([...this.list.children].map(node => [node.dataset.key, node]));
		const rows = [];
		const put = (key, make) => rows.push(kept.get(key) ?? make(key));
		let before = this.events[this.from - 1];
		if (this.from === 0 && this.conversation?.begins)
			put("begin", key => lineRow("note", t("chat.begin"), key));
		for (const event of this.events.slice(this.from, this.to)) {
			this.putRows(before, event, put);
			before = event;
		}
		reconcile(this.list, rows);
		this.drawStates();
		this.drawPending();
	}

	/** The rows of an event, with the day and "new messages" lines before it. */
	putRows(before, event, put) {
		const {conversation, state} = this, {seq, timeMs} = event;
		if (!before || dayOf(before.timeMs) !== dayOf(timeMs))
			put(`day ${dayOf(timeMs)}`, key => dayRow(timeMs, key));
		const isFirstNew = this.unreadFrom !== null && seq > this.unreadFrom &&
		    (before?.seq ?? 0) <= this.unreadFrom;
		if (isFirstNew)
			put(`new ${seq}`, key => lineRow("divider", t("chat.unread"), key));
		const joins = !isFirstNew && continues(before, event);
		if (event.kind === "MESSAGE")
			put(`${seq} ${joins}`, key => messageRow(event, conversation, state, key, joins));
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
		const known = new Set(this.events.slice(-WINDOW).map(event => event.clientId));
		const {conversation, state, outbox} = this;
		const rows = [];
		let before = this.events.at(-1);
		for (const entry of conversation ? outbox.of(conversation) : [])
			if (!known.has(entry.clientId)) {
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
