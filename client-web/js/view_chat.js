// view_chat.js - one conversation: heading, log, who is typing, and the composer.
import {Change, drawSoon} from "./change.js";
import {avatar, bdi, button, el, fill, icon, signButton} from "./dom.js";
import {formatFull, t} from "./i18n.js";
import {draftKey, loadDraft} from "./outbox.js";
import {setting} from "./settings.js";
import {drop, saveObject} from "./storage.js";
import {isBlank, visible} from "./text.js";
import {presence} from "./view_list.js";
import {LogView} from "./view_log.js";
import {wellFormed} from "./wire.js";

const TYPING_MS = 3000;
const HEIGHT_PX = 220;
const TEXT_BYTES = 8000;

/** On a phone's keyboard Enter makes a new line: there is no other key for it, and a button to send. */
const TOUCH = matchMedia("(hover: none) and (pointer: coarse)");

function enterSends() {
	const choice = setting("sendKey");
	return choice === "enter" || (choice === "auto" && !TOUCH.matches);
}

/** Without blank lines before, and space after; the first line keeps its indentation. */
const withoutMargin = text => text.replace(/^(?:[^\S\n]*\n)+/u, "").trimEnd();

export class ChatView {
	/** actions: what its buttons do, by name. Its listeners end with `signal`. */
	constructor(state, link, outbox, actions, signal) {
		this.state = state;
		this.link = link;
		this.outbox = outbox;
		this.actions = actions;
		this.conversation = null;
		this.missing = false;		// what the address names; it says so
		this.typedMs = 0;
		this.drawHeadNow = () => signal.aborted || this.drawHead();
		this.drawTypingNow = () => signal.aborted || this.drawTyping();
		this.log = new LogView(state, link, outbox, {...actions, onEnd: (...end) => this.drawJump(...end)}, signal);
		this.head = el("header", {class: "head"});
		this.jump = el("div", {class: "jump"});
		this.typing = el("p", {class: "typing soft", role: "status"});
		this.alert = el("p", {class: "error", role: "alert"});
		this.composer = this.makeComposer();
		this.root = el("main", {class: "chat"});
		state.addEventListener("change", ({detail}) => this.onChange(detail), {signal});
		link.addEventListener("state", () => state.loaded || this.onChange({what: Change.ALL}), {signal});
		this.draw();
	}

	makeComposer() {
		this.text = el("textarea", {name: "text", rows: 1, "aria-label": t("chat.text"),
		    placeholder: t("chat.text"), dir: "auto",
		    enterkeyhint: enterSends() ? "send" : "enter", on: {input: () => this.onInput(),
		    keydown: event => this.onKey(event)}});
		return el("form", {class: "composer", on: {submit: event => {
			event.preventDefault();
			this.send();
		}}}, this.text, el("button", {type: "submit", class: "main round", title: t("chat.send"),
		    "aria-label": t("chat.send"), data: {action: "send"}}, icon("send")));
	}

	onChange({what, conversation}) {
		if (what === Change.ALL && !this.conversation && !this.missing)
			this.drawNone();
		if ([Change.LIST, Change.ALL, Change.DAY].includes(what))
			drawSoon(this.drawHeadNow);
		else if (what === Change.TYPING && conversation === this.conversation)
			drawSoon(this.drawTypingNow);
	}

	/** `focus` the text field; not on a phone, where the keyboard would cover half the page. */
	show(conversation, focus) {
		this.missing = false;
		if (this.conversation !== conversation) {
			this.log.leave();
			this.conversation = conversation;
			this.draw();
			this.log.show(conversation);
			if (conversation)
				this.text.value = loadDraft(this.draftKey).text;
			this.grow();
		}
		if (conversation && focus)
			this.text.focus();
	}

	/** Instead of a conversation: why not, and what to do about it. */
	showMissing(text, label, act) {
		this.missing = true;
		fill(this.root, el("div", {class: "empty"}, el("h1", {}, bdi(visible(text))),
		    el("div", {class: "buttons"}, button(t("chat.back"), "back", this.actions.back),
		    button(label, "go", act, "main"))));
	}

	/** Until the list is here nobody knows what there is to choose. */
	drawNone() {
		const {loaded} = this.state;
		fill(this.root, el("div", {class: "empty soft"},
		    el("img", {src: "icon.svg", alt: "", width: 72, height: 72}),
		    el("p", {class: loaded ? "" : "waiting"}, t(loaded ? "chat.none" :
		    this.link.state === "online" ? "chat.loading" : "list.noConnection"))));
	}

	draw() {
		if (!this.conversation) {
			this.drawNone();
			return;
		}
		fill(this.root, this.head, this.log.since, this.log.root, this.jump, this.typing, this.alert, this.composer);
		this.alert.textContent = "";
		this.drawHead();
		this.drawTyping();
	}

	drawHead() {
		const c = this.conversation;
		if (!c)
			return;
		const isMember = c.isGroup && c.role !== "NOBODY", online = this.state.isOnline(c);
		const about = c.isGroup ? visible(c.topic) : this.whenHere(c);
		const looks = JSON.stringify([c.id, c.name, isMember, online, about]);
		if (this.head.dataset.looks === looks)
			return;			// a button keeps its focus
		this.head.dataset.looks = looks;
		const {back, members, invite, leave} = this.actions;
		fill(this.head,
		    signButton("back", t("chat.back"), "back", back),
		    el("span", {class: "mark"}, avatar(c.name, c.peer ?? c.id, c.isGroup),
		    presence(online)),
		    el("div", {class: "title"}, el("h1", {}, bdi(visible(c.name))),
		    el("p", {class: "soft"}, bdi(about))),
		    isMember && el("div", {class: "signs"},
		    signButton("members", t("group.members"), "members", () => members(c)),
		    signButton("invite", t("group.invite"), "invite", () => invite(c)),
		    signButton("leave", t("group.leave"), "leave", () => leave(c))));
		this.composer.hidden = c.isGroup && !isMember;
	}

	whenHere(conversation) {
		const online = this.state.isOnline(conversation);
		if (this.state.isOwn(conversation))
			return t("chat.notes");
		if (online === undefined)
			return "";
		const {sinceMs} = this.state.presence.get(conversation.peer);
		return online ? t("presence.online") :
		    sinceMs ? t("presence.since", {when: formatFull(sinceMs)}) : t("presence.offline");
	}

	drawTyping() {
		const names = [...(this.conversation?.typing.values() ?? [])].map(({name}) => visible(name));
		fill(this.typing, names.length > 0 && [
			el("span", {class: "dots", "aria-hidden": "true"}, el("i"), el("i"), el("i")),
			names.length === 1 ? t("chat.typing", {name: names[0]}) :
			    t("chat.typingMany", {names: names.join(", ")}),
		]);
	}

	/** The button that jumps to the end; `n` new messages are there. */
	drawJump(follows, n) {
		const label = n > 0 ? t("chat.more", {n}) : t("chat.end");
		const looks = follows ? "" : label;
		if (this.jump.dataset.looks === looks)
			return;
		this.jump.dataset.looks = looks;
		fill(this.jump, looks && el("button", {type: "button", class: n > 0 ? "main" : "sign", title: label,
		    "aria-label": label, data: {action: "jump"}, on: {click: () => this.log.jumpToEnd()}},
		    n > 0 && label, icon("down")));
	}

	/* -- writing -------------------------------------------------------------------------- */

	get draftKey() {
		return draftKey(this.state.me?.userId, this.conversation.id);
	}

	onInput() {
		this.grow();
		this.alert.textContent = "";
		if (this.text.value)
			saveObject(this.draftKey, {text: this.text.value, where: this.conversation.title});
		else
			drop(this.draftKey);
		const now = Date.now();
		if (this.text.value && now - this.typedMs > TYPING_MS && this.link.state === "online") {
			this.typedMs = now;
			this.state.sendTyping(this.conversation);
		}
	}

	/** As high as its text. While that is measured, the form keeps its height, so the log is not moved. */
	grow() {
		const form = this.text.form;
		form.style.height = `${form.offsetHeight}px`;
		this.text.style.height = "auto";
		this.text.style.height = `${Math.min(this.text.scrollHeight, HEIGHT_PX)}px`;
		form.style.height = "";
	}

	/** While an input method is composing, Enter belongs to it. */
	onKey(event) {
		if (event.key !== "Enter" || event.isComposing || event.keyCode === 229)
			return;
		const sends = enterSends() ? !event.shiftKey && !event.altKey : event.ctrlKey || event.metaKey;
		if (sends) {
			event.preventDefault();
			this.send();
		}
	}

	send() {
		const text = withoutMargin(this.text.value);
		if (isBlank(wellFormed(text)) || !this.conversation)
			return;
		const limit = this.link.welcome?.limits?.textBytes ?? TEXT_BYTES;
		const length = new TextEncoder().encode(text).length;
		if (length > limit) {
			this.alert.textContent = t("chat.tooLong", {n: length - limit});
			return;
		}
		this.outbox.add(this.conversation, text);
		this.log.onSend();
		this.text.value = "";
		drop(this.draftKey);
		this.typedMs = 0;
		this.grow();
		this.text.focus();
		this.actions.onSent();
	}
}
