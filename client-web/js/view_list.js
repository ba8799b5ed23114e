// view_list.js - the conversations: name, presence, the last words, how much is unread.
import {bdi, el, fill, signButton} from "./dom.js";
import {formatTime, t} from "./i18n.js";
import {visible} from "./text.js";
import {eventLine} from "./view_log.js";

export class ListView {
	/** actions: what its buttons do, by name. */
	constructor(state, link, actions) {
		this.state = state;
		this.link = link;
		this.actions = actions;
		this.filter = "";
		this.search = el("input", {type: "search", name: "filter", placeholder: t("list.filter"),
		    "aria-label": t("list.filter"), on: {input: () => this.drawItems(),
		    keydown: event => this.onKey(event)}});
		this.items = el("ul", {});
		this.connection = el("p", {class: "connection", role: "status"});
		this.root = el("div", {class: "side"}, this.header(), this.connection, this.search,
		    el("nav", {"aria-label": t("list.label")}, this.items));
		state.addEventListener("change", ({detail: {what}}) =>
		    ["all", "list", "log", "current"].includes(what) && this.drawSoon());
		link.addEventListener("state", () => this.drawConnection());
		this.drawConnection();
	}

	header() {
		const {newChat, createGroup, joinGroup, settings} = this.actions;
		return el("header", {},
		    el("h1", {}, bdi(this.state.me?.name ?? "Kith")),
		    signButton("✎", t("list.newChat"), "new-chat", newChat),
		    signButton("＋", t("list.createGroup"), "create-group", createGroup),
		    signButton("#", t("list.joinGroup"), "join-group", joinGroup),
		    signButton("⚙", t("settings.title"), "settings", settings));
	}

	drawConnection() {
		const online = this.link.state === "online";
		this.connection.textContent = online ? (this.link.polls ? t("state.polling") : t("state.online")) :
		    this.link.state === "connecting" ? t("state.connecting") : t("state.offline");
		this.connection.dataset.online = String(online && !this.link.polls);
	}

	/** Once a frame, however many messages come in it. */
	drawSoon() {
		this.frame ??= requestAnimationFrame(() => {
			this.frame = null;
			this.drawItems();
		});
	}

	shown() {
		const part = this.search.value.trim().toLowerCase();
		return this.state.sorted().filter(c => c.name.toLowerCase().includes(part));
	}

	drawItems() {
		const focused = document.activeElement?.closest?.("[data-conversation]")?.dataset.conversation;
		const items = this.shown().map(c => this.item(c));
		fill(this.items, items.length ? items : el("li", {class: "empty"}, t("list.empty")));
		if (focused)
			this.items.querySelector(`[data-conversation="${CSS.escape(focused)}"]`)?.focus();
	}

	item(conversation) {
		const current = conversation === this.state.current;
		const preview = conversation.preview;
		return el("li", {}, el("button", {type: "button", class: "conversation",
		    "aria-current": current && "true", data: {conversation: conversation.id},
		    on: {click: () => this.actions.open(conversation)}},
		    this.dot(conversation),
		    el("bdi", {class: "name", data: {name: ""}}, visible(conversation.name)),
		    preview && el("time", {}, formatTime(preview.timeMs)),
		    el("span", {class: "preview"}, preview ? eventLine(preview, conversation, this.state) : ""),
		    conversation.unread > 0 && el("span", {class: "unread",
		    "aria-label": t("list.unread", {n: conversation.unread})},
		    conversation.unread >= 1000 ? "999+" : String(conversation.unread))));
	}

	dot(conversation) {
		if (conversation.isGroup)
			return el("span", {class: "hash", "aria-hidden": "true"}, "#");
		const online = this.state.online.get(conversation.peer) ?? false;
		return el("span", {class: "presence", role: "img", data: {online: String(online)},
		    "aria-label": online ? t("presence.online") : t("presence.offline")});
	}

	onKey(event) {
		if (event.key === "Enter" && this.shown().length > 0) {
			this.actions.open(this.shown()[0]);
			this.search.value = "";
			this.drawItems();
		} else if (event.key === "Escape") {
			this.search.value = "";
			this.drawItems();
		}
	}

	/** The one before or after the current one. */
	step(by) {
		const list = this.shown();
		const at = list.indexOf(this.state.current);
		const next = list[at < 0 ? 0 : Math.min(Math.max(at + by, 0), list.length - 1)];
		if (next)
			this.actions.open(next);
	}
}
