// view_log.js - the messages of one conversation. Only a window of them is in the page: it moves
// along as one scrolls, and what is looked at keeps its place.
import {bdi, button, el, fill} from "./dom.js";
import {formatDay, formatTime, t} from "./i18n.js";
import {textNodes, visible} from "./text.js";

const WINDOW = 120;		// messages in the page
const STEP = 40;		// that it moves by
const EDGE_PX = 400;		// so near to an end, more is put there
const BOTTOM_PX = 60;		// so near to the bottom, one follows what comes

/** What happened, in words; of a message, its beginning. */
export function eventLine(event, conversation, state) {
	const name = event.senderName ?? "", other = event.subjectName ?? "";
	switch (event.kind) {
	case "MESSAGE":
		return (state.isMine(event) ? t("you") + ": " : conversation.isGroup ? name + ": " : "") +
		    visible(event.text).slice(0, 80);
	case "GROUP_CREATED":
		return t("event.created", {name});
	case "JOINED":
		return t("event.joined", {name});
	case "LEFT":
		return t("event.left", {name});
	case "INVITED":
		return t("event.invited", {name, other});
	case "INVITATION":
		return t("event.invitation", {name, group: event.text});
	default:
		return "";
	}
}

export class LogView {
	constructor(state, outbox, actions) {
		this.state = state;
		this.outbox = outbox;
		this.actions = actions;
		this.conversation = null;
		this.from = 0;			// of conversation.events, the part in the page
		this.to = 0;
		this.endSeq = 0;		// the last one when one was at the end
		this.list = el("div", {class: "messages"});
		this.pending = el("div", {class: "messages pending"});
		this.root = el("div", {class: "log", role: "log", "aria-live": "polite", tabindex: "0",
		    "aria-label": t("chat.log"), on: {scroll: () => this.onScroll()}}, this.list, this.pending);
		state.addEventListener("change", ({detail}) => this.onChange(detail));
		outbox.addEventListener("change", () => this.keepBottom(() => this.drawPending()));
		new ResizeObserver(() => this.follows && this.toBottom()).observe(this.root);
		document.addEventListener("visibilitychange", () => this.seen());
		addEventListener("focus", () => this.seen());
	}

	show(conversation) {
		this.conversation = conversation;
		this.follows = true;
		this.unreadFrom = conversation && conversation.unread > 0 ? conversation.readSeq : null;
		this.root.setAttribute("aria-busy", "true");
		this.showEnd();
		this.root.setAttribute("aria-busy", "false");
	}

	get events() {
		return this.conversation?.events ?? [];
	}

	onChange({what, conversation}) {
		if (what === "all" && this.conversation)
			this.conversation = this.state.conversations.get(this.conversation.id) ?? null;
		if (!this.conversation || (conversation && conversation !== this.conversation))
			return;
		if (what === "older")
			this.onOlder();
		else if (what === "log" || what === "all")
			this.onNewer();
		else if (what === "read")
			this.drawStates();
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

	/** Older ones were put before: the window's numbers have moved. */
	onOlder() {
		const first = this.list.querySelector("[data-seq]");
		if (!first) {
			this.showEnd();
			return;
		}
		const at = this.events.findIndex(e => e.seq === Number(first.dataset.seq));
		const length = this.to - this.from;
		this.from = Math.max(0, at - STEP);
		this.to = Math.min(this.from + Math.max(length, WINDOW), this.events.length);
		this.keepPlace(() => this.draw());
		this.onScroll();
	}

	onNewer() {
		for (const event of this.events.slice(-WINDOW))
			if (event.clientId && this.state.isMine(event))
				this.outbox.arrived(event.clientId);
		if (this.follows) {
			this.showEnd();
			return;
		}
		const first = this.events.findIndex(e => e.seq === Number(
		    this.list.querySelector("[data-seq]")?.dataset.seq));
		if (first < 0)
			this.showEnd();
		else
			this.drawMore();
	}

	/** New ones while somebody reads older ones: a note, and no jump. */
	drawMore() {
		this.actions.onHidden(this.conversation.newest - this.endSeq);
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
	}

	move(by) {
		if (by < 0) {
			this.from = Math.max(0, this.from + by);
			this.to = Math.min(this.to, this.from + WINDOW + STEP);
		} else {
			this.to = Math.min(this.events.length, this.to + by);
			this.from = Math.max(this.from, this.to - WINDOW - STEP);
		}
		this.keepPlace(() => this.draw());
	}

	/**
	 * The message at the top of the view stays where it is, whatever is drawn around it: its
	 * end does, since its head goes when the one before joins it.
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
	}

	seen() {
		if (!this.conversation || document.hidden || !this.root.isConnected || !this.follows)
			return;
		this.actions.onHidden(0);
		this.state.markRead(this.conversation);
	}

	/* -- drawing ------------------------------------------------------------------------ */

	/** Elements of messages that stay are kept, so that a selection does. */
	draw() {
		const kept = new Map([...this.list.querySelectorAll("[data-seq]")].map(node =>
		    [node.dataset.key, node]));
		const nodes = [];
		let before = this.events[this.from - 1];
		if (this.from === 0 && this.conversation?.begins)
			nodes.push(el("p", {class: "begin"}, t("chat.begin")));
		for (const event of this.events.slice(this.from, this.to)) {
			if (!before || formatDay(before.timeMs) !== formatDay(event.timeMs))
				nodes.push(el("h3", {class: "day"}, formatDay(event.timeMs)));
			if (this.unreadFrom !== null && event.seq === this.unreadFrom + 1)
				nodes.push(el("p", {class: "divider"}, t("chat.unread")));
			const joins = this.continues(before, event);
			const key = `${event.conversation}/${event.seq}/${joins}`;
			nodes.push(kept.get(key) ?? this.row(event, joins, key));
			before = event;
		}
		fill(this.list, nodes);
		this.drawStates();
		this.drawPending();
	}

	/** One person's messages of the same minutes stand together. */
	continues(before, event) {
		return before?.kind === "MESSAGE" && event.kind === "MESSAGE" &&
		    before.sender === event.sender && event.timeMs - before.timeMs < 300000 &&
		    formatDay(before.timeMs) === formatDay(event.timeMs);
	}

	row(event, joins, key) {
		const data = {seq: event.seq, key};
		if (event.kind !== "MESSAGE")
			return el("p", {class: "note", data}, bdi(eventLine(event, this.conversation, this.state)),
			    event.kind === "INVITATION" && button(t("group.join"), "accept",
			    () => this.actions.join(event.text)));
		const mine = this.state.isMine(event);
		return el("article", {class: `message${mine ? " mine" : ""}${joins ? " joins" : ""}`, data},
		    el("header", {}, bdi(mine ? t("you") : visible(event.senderName ?? ""), "sender"),
		    el("time", {datetime: new Date(event.timeMs).toISOString()}, formatTime(event.timeMs))),
		    el("div", {class: "text", dir: "auto"}, textNodes(event.text)),
		    mine && el("span", {class: "status"}));
	}

	drawStates() {
		const read = this.conversation?.peerReadSeq ?? 0;
		for (const node of this.list.querySelectorAll(".mine")) {
			const status = Number(node.dataset.seq) <= read ? "read" : "stored";
			if (node.dataset.status !== status)
				this.setStatus(node, status);
		}
	}

	setStatus(node, status) {
		const signs = {sending: "…", stored: "✓", read: "✓✓", failed: "!"};
		node.dataset.status = status;
		fill(node.querySelector(".status"), el("span", {"aria-hidden": "true"}, signs[status]),
		    el("span", {class: "hidden"}, t(`status.${status}`)));
	}

	drawPending() {
		if (!this.conversation)
			return fill(this.pending);
		const known = new Set(this.events.map(e => e.clientId));
		fill(this.pending, this.outbox.of(this.conversation).filter(e => !known.has(e.clientId))
		    .map(entry => this.pendingRow(entry)));
	}

	pendingRow(entry) {
		const node = el("article", {class: "message mine", data: {clientId: entry.clientId}},
		    el("header", {}, bdi(t("you"), "sender"), el("time", {}, formatTime(entry.timeMs))),
		    el("div", {class: "text", dir: "auto"}, textNodes(entry.text)),
		    el("span", {class: "status"}),
		    entry.status === "failed" && el("p", {class: "error"}, t("chat.failed", {why:
		    t(`error.${entry.error}`)}), " ", button(t("chat.retry"), "retry", () =>
		    this.outbox.retry(entry.clientId)), button(t("chat.discard"), "discard", () =>
		    this.outbox.discard(entry.clientId))));
		this.setStatus(node, entry.status);
		return node;
	}
}
