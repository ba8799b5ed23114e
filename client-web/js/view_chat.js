// view_chat.js - one conversation: its head, its log, who is typing, and where one writes.
import {bdi, button, el, fill, signButton} from "./dom.js";
import {t} from "./i18n.js";
import {setting} from "./settings.js";
import {visible} from "./text.js";
import {LogView} from "./view_log.js";

const TYPING_MS = 3000;
const ROWS_PX = 200;

export class ChatView {
	constructor(state, link, outbox, actions) {
		this.state = state;
		this.link = link;
		this.outbox = outbox;
		this.actions = actions;
		this.conversation = null;
		this.typedMs = 0;
		this.log = new LogView(state, outbox, {...actions, onHidden: n => this.drawHidden(n)});
		this.head = el("header", {class: "head"});
		this.typing = el("p", {class: "typing", role: "status"});
		this.hidden = el("div", {class: "jump"});
		this.composer = this.makeComposer();
		this.empty = el("p", {class: "empty"}, t("chat.none"));
		this.root = el("main", {class: "chat"});
		state.addEventListener("change", ({detail}) => this.onChange(detail));
		this.draw();
	}

	makeComposer() {
		this.text = el("textarea", {name: "text", rows: 1, "aria-label": t("chat.text"),
		    placeholder: t("chat.text"), dir: "auto", on: {input: () => this.onInput(),
		    keydown: event => this.onKey(event)}});
		return el("form", {class: "composer", on: {submit: event => {
			event.preventDefault();
			this.send();
		}}}, this.text, el("button", {type: "submit", class: "main", data: {action: "send"}},
		    t("chat.send")));
	}

	onChange({what, conversation}) {
		if (what === "all" && this.conversation &&
		    !this.state.conversations.has(this.conversation.id))
			this.show(null);
		else if (what === "list" || what === "all")
			this.drawHead();
		else if (what === "typing" && conversation === this.conversation)
			this.drawTyping();
	}

	show(conversation) {
		if (this.conversation === conversation)
			return this.text.focus();
		this.conversation = conversation;
		this.draw();
		this.log.show(conversation);
		if (conversation) {
			this.text.value = localStorage.getItem(this.draftKey) ?? "";
			this.grow();
			if (matchMedia("(min-width: 45rem)").matches)
				this.text.focus();
		}
	}

	draw() {
		document.body.dataset.view = this.conversation ? "chat" : "list";
		if (!this.conversation)
			return fill(this.root, this.empty);
		fill(this.root, this.head, this.log.root, this.hidden, this.typing, this.composer);
		this.drawHead();
		this.drawTyping();
		this.drawHidden(0);
	}

	drawHead() {
		const c = this.conversation;
		if (!c)
			return;
		const online = this.state.online.get(c.peer) ?? false;
		fill(this.head,
		    signButton("←", t("chat.back"), "back", () => this.actions.open(null)),
		    el("div", {class: "title"}, el("h2", {}, bdi((c.isGroup ? "#" : "") + visible(c.name))),
		    el("p", {class: "topic"}, c.isGroup ? bdi(visible(c.topic)) :
		    online ? t("presence.online") : t("presence.offline"))),
		    c.isGroup && button(t("group.members"), "members", () => this.actions.members(c)),
		    c.isGroup && button(t("group.invite"), "invite", () => this.actions.invite(c)),
		    c.isGroup && button(t("group.leave"), "leave", () => this.actions.leave(c)));
		this.composer.hidden = c.isGroup && c.role === "NOBODY";
	}

	drawTyping() {
		const names = [...(this.conversation?.typing.values() ?? [])].map(({name}) => visible(name));
		this.typing.textContent = names.length === 0 ? "" : names.length === 1 ?
		    t("chat.typing", {name: names[0]}) : t("chat.typingMany", {names: names.join(", ")});
	}

	/** So many new ones are below what is read. */
	drawHidden(n) {
		fill(this.hidden, n > 0 && button(t("chat.more", {n}), "jump", () => this.log.jumpToEnd()));
	}

	/* -- writing -------------------------------------------------------------------------- */

	get draftKey() {
		return `kith.draft.${this.state.me?.userId}.${this.conversation.id}`;
	}

	onInput() {
		this.grow();
		if (this.text.value)
			localStorage.setItem(this.draftKey, this.text.value);
		else
			localStorage.removeItem(this.draftKey);
		const now = Date.now();
		if (this.text.value && now - this.typedMs > TYPING_MS && this.link.state === "online") {
			this.typedMs = now;
			this.state.sendTyping(this.conversation);
		}
	}

	grow() {
		this.text.style.height = "auto";
		this.text.style.height = `${Math.min(this.text.scrollHeight + 2, ROWS_PX)}px`;
	}

	/** While an input method composes, Enter belongs to it. */
	onKey(event) {
		if (event.key !== "Enter" || event.isComposing)
			return;
		const sends = setting("sendKey") === "enter" ? !event.shiftKey && !event.altKey :
		    event.ctrlKey || event.metaKey;
		if (sends) {
			event.preventDefault();
			this.send();
		}
	}

	send() {
		const text = this.text.value.trim();
		if (!text || !this.conversation)
			return;
		const limit = this.link.welcome?.limits?.textBytes ?? 8000;
		if (new TextEncoder().encode(text).length > limit) {
			this.typing.textContent = t("chat.tooLong");
			return;
		}
		this.log.follows = true;
		this.outbox.add(this.conversation, text);
		this.text.value = "";
		localStorage.removeItem(this.draftKey);
		this.typedMs = 0;
		this.grow();
		this.text.focus();
	}
}
