// view_list.js - the list of conversations: name, presence, last message, unread count.
import {Change, drawSoon} from "./change.js";
import {avatar, bdi, button, el, fill, hidden, icon, reconcile, signButton} from "./dom.js";
import {formatShort, t} from "./i18n.js";
import {mayAsk, turnOn} from "./notify.js";
import {changeSetting} from "./settings.js";
import {visible} from "./text.js";
import {eventLine} from "./view_row.js";

const UNREAD_MAX = 1000;	// the server stops counting there
const DRAWS_FOR = [Change.ALL, Change.LIST, Change.LOG, Change.OLDER, Change.CURRENT, Change.DAY];

export class ListView {
	/**
	 * actions: what its buttons do, by name; `above`: a node above the list. Its listeners end with
	 * `signal`.
	 */
	constructor(state, link, above, actions, signal) {
		this.state = state;
		this.link = link;
		this.actions = actions;
		this.signal = signal;
		this.drawn = new Map();		// conversation -> {looks, node}
		this.drawNow = () => this.signal.aborted || this.drawItems();
		this.search = el("input", {type: "search", name: "filter", placeholder: t("list.find"),
		    "aria-label": t("list.filter"), autocomplete: "off", on: {input: () => this.drawItems(),
		    keydown: event => this.onSearchKey(event)}});
		this.items = el("ul", {on: {keydown: event => this.onItemKey(event)}});
		this.connection = el("p", {class: "connection", role: "status"});
		this.comfort = el("p", {class: "comfort soft"}, t("list.later"));
		this.question = el("div", {class: "question"});
		this.root = el("div", {class: "side"}, this.header(), this.comfort, this.tools(),
		    above, el("nav", {"aria-label": t("list.label")}, this.items), this.question);
		state.addEventListener("change", ({detail: {what}}) =>
		    DRAWS_FOR.includes(what) && drawSoon(this.drawNow), {signal});
		link.addEventListener("state", () => this.drawConnection(), {signal});
		this.drawConnection();
		this.drawItems();
	}

	header() {
		const {name, userId} = this.state.me, {settings} = this.actions;
		return el("div", {class: "head"},
		    avatar(name, userId),
		    el("div", {class: "title"}, el("h1", {}, bdi(visible(name))), this.connection),
		    signButton("gear", t("settings.title"), "settings", settings));
	}

	tools() {
		const {newChat, createGroup, joinGroup} = this.actions;
		return el("div", {class: "tools"},
		    el("search", {class: "search"}, icon("search"), this.search), el("div", {class: "signs"},
		    signButton("pen", t("list.newChat"), "new-chat", newChat),
		    signButton("plus", t("list.createGroup"), "create-group", createGroup),
		    signButton("hash", t("list.joinGroup"), "join-group", joinGroup)));
	}

	drawConnection() {
		const {state, polls} = this.link;
		const key = state === "online" && polls ? "polling" : state;
		if (key === "login")
			return;
		this.connection.dataset.how = key;
		this.connection.textContent = t(`state.${key}`);
		this.comfort.hidden = key !== "offline";
		if (!this.state.loaded)
			drawSoon(this.drawNow);
	}

	shown() {
		const part = this.wanted.toLowerCase();
		return this.state.sorted().filter(c => c.name.toLowerCase().includes(part));
	}

	drawItems() {
		const shown = this.shown(), before = this.drawn;
		this.drawn = new Map(shown.map(c => [c, this.item(c, before.get(c))]));
		reconcile(this.items, shown.length ? [...this.drawn.values()].map(({node}) => node) :
		    [this.state.loaded ? this.nothing() : el("li", {class: "soft empty waiting"},
		    t(this.link.state === "online" ? "chat.loading" : "list.noConnection"))]);
	}

	nothing() {
		return el("li", {class: "soft empty"}, el("p", {}, t(this.wanted ? "list.nothing" : "list.empty")),
		    this.wanted && button(t("group.chat", {name: this.wanted}), "chat", () => this.chat()));
	}

	/** The name in the field, of which there may be no conversation yet. */
	get wanted() {
		return this.search.value.trim().replace(/^[#@]/u, "");
	}

	chat() {
		const name = this.wanted;
		this.search.value = "";
		this.actions.chat(name);
	}

	/** Keeps the row that was drawn before while it looks the same. */
	item(conversation, before) {
		const {preview, unread} = conversation;
		const online = this.state.isOnline(conversation);
		const parts = {current: conversation === this.state.current, online, unread,
		    name: conversation.name, time: preview ? formatShort(preview.timeMs) : "",
		    line: preview ? eventLine(preview, conversation, this.state) : ""};
		const looks = JSON.stringify(parts);
		return before?.looks === looks ? before : {looks, node: this.draw(conversation, parts, before?.node)};
	}

	draw(conversation, {current, online, unread, name, time, line}, node) {
		const label = this.state.isOwn(conversation) ? t("list.notes", {name}) : name;
		const content = [
			el("span", {class: "mark"}, avatar(name, conversation.peer ?? conversation.id,
			    conversation.isGroup), presence(online)),
			el("bdi", {class: "name", data: {name: ""}}, visible(label)),
			el("span", {class: "time soft"}, time),
			el("bdi", {class: "preview soft"}, line),
			unread > 0 && el("span", {class: "unread"}, unread >= UNREAD_MAX ? "999+" : String(unread),
			    hidden(` ${t("list.unread")}`)),
		];
		const item = node ?? el("li", {}, el("button", {type: "button", class: "conversation",
		    data: {conversation: conversation.id}, on: {click: () => this.actions.open(conversation)}}));
		fill(item.firstChild, content);
		item.firstChild.toggleAttribute("data-unread", unread > 0);
		if (current)
			item.firstChild.setAttribute("aria-current", "true");
		else
			item.firstChild.removeAttribute("aria-current");
		return item;
	}

	/** Offers notifications after the user's first message, when their use is obvious. */
	askForNotifications() {
		if (!mayAsk() || this.question.firstChild)
			return;
		const done = wanted => {
			fill(this.question);
			changeSetting("asked", true);
			if (wanted)
				turnOn();
		};
		fill(this.question, el("p", {}, icon("bell"), t("notify.question")), el("div", {class: "buttons"},
		    button(t("notify.no"), "notify-no", () => done(false)),
		    button(t("notify.yes"), "notify-yes", () => done(true), "main")));
	}

	/* -- keys ---------------------------------------------------------------------- */

	onSearchKey(event) {
		if (event.key === "ArrowDown") {
			event.preventDefault();
			this.items.querySelector("button")?.focus();
		} else if (event.key === "Enter" || event.key === "Escape") {
			const [first] = this.shown();
			if (event.key === "Enter" && !first && this.wanted)
				this.chat();
			this.search.value = "";
			this.drawItems();
			if (event.key === "Enter" && first)
				this.actions.open(first);
		}
	}

	onItemKey(event) {
		const by = {ArrowDown: 1, ArrowUp: -1}[event.key];
		if (!by || event.altKey)
			return;
		const buttons = [...this.items.querySelectorAll("button")];
		const next = buttons[buttons.indexOf(document.activeElement) + by];
		event.preventDefault();
		(next ?? (by < 0 ? this.search : document.activeElement)).focus();
	}

	/** Opens the conversation before or after the current one. */
	step(by) {
		const list = this.shown();
		const at = list.indexOf(this.state.current);
		const next = list[at < 0 ? 0 : Math.min(Math.max(at + by, 0), list.length - 1)];
		if (next)
			this.actions.open(next);
	}
}

/** The dot that shows who is online; none for who is no single person, or of whom it is not known. */
export function presence(online) {
	return online !== undefined && el("span", {class: "presence", data: {online: String(online)}},
	    hidden(t(online ? "presence.online" : "presence.offline")));
}
