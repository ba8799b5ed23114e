// view_unsent.js - texts of the user that nobody sees elsewhere: messages that failed, and what waits or
// was drafted for a conversation that is not in the list any more. A line above the list tells how many
// there are, and leads to them.
import {Change, drawSoon} from "./change.js";
import {bdi, button, el, fill, icon} from "./dom.js";
import {notice, openDialog} from "./dialogs.js";
import {errorText, t} from "./i18n.js";
import {draftKey, loadDraft} from "./outbox.js";
import {drop, keysWith} from "./storage.js";
import {isBlank, visible} from "./text.js";

export class UnsentView {
	/** open(conversation) shows it. Its listeners end with `signal`. */
	constructor(state, outbox, open, signal) {
		this.state = state;
		this.outbox = outbox;
		this.open = open;
		this.drafts = [];
		this.dialog = null;
		this.list = el("ul", {class: "choices"});
		this.root = el("div", {class: "unsent", role: "status"});
		this.drawNow = () => signal.aborted || this.draw();
		outbox.addEventListener("change", () => drawSoon(this.drawNow), {signal});
		state.addEventListener("change", ({detail: {what}}) => this.onChange(what), {signal});
		this.onChange(Change.ALL);
	}

	onChange(what) {
		if (what === Change.ALL)
			this.findDrafts();
		if ([Change.ALL, Change.LIST].includes(what))
			drawSoon(this.drawNow);
	}

	findDrafts() {
		const prefix = draftKey(this.state.me?.userId, "");
		this.drafts = keysWith(prefix).map(key =>
		    ({...loadDraft(key), conversation: key.slice(prefix.length), isDraft: true,
		    discard: () => drop(key)})).filter(({text}) => !isBlank(text));
	}

	/** [{text, conversation: its id, where: its name, if known, error, isDraft, retry(), discard()}] */
	texts() {
		const {state, outbox} = this;
		const isListed = id => !state.loaded || state.conversations.has(id);
		const messages = outbox.notSent(isListed).map(({clientId, conversation, where, text, error}) =>
		    ({text, conversation, where, error, discard: () => outbox.discard(clientId),
		    retry: isListed(conversation) && (() => outbox.retry(clientId))}));
		return [...messages, ...this.drafts.filter(({conversation}) => !isListed(conversation))];
	}

	draw() {
		const texts = this.texts(), drafts = texts.filter(({isDraft}) => isDraft).length;
		const n = texts.length - drafts, label = [n > 0 && t("unsent.count", {n}),
		    drafts > 0 && t("unsent.drafts", {n: drafts})].filter(Boolean).join(" · ");
		if (this.root.dataset.label !== label) {
			this.root.dataset.label = label;
			fill(this.root, label && el("button", {type: "button", data: {action: "unsent"},
			    on: {click: () => this.show()}}, icon("alert"), label));
		}
		if (!this.dialog?.open)
			return;
		fill(this.list, texts.map(one => this.item(one)));
		if (!label)
			this.dialog.close();
	}

	show() {
		({dialog: this.dialog} = openDialog("unsent", t("unsent.title"), this.list));
		this.draw();
	}

	item(one) {
		const text = el("p", {class: "text", dir: "auto"}, visible(one.text));
		return el("li", {}, this.heading(one), text, one.error && el("p", {class: "error"},
		    errorText({code: one.error})), one.isDraft && el("p", {class: "soft"}, t("unsent.draft")), el("div", {class: "buttons"},
		    button(t("chat.discard"), "discard", () => this.act(one.discard)),
		    button(t("unsent.copy"), "copy", () => copy(one.text, text)),
		    one.retry && button(t("chat.retry"), "retry", () => this.act(one.retry))));
	}

	heading({conversation: id, where}) {
		const conversation = this.state.conversations.get(id);
		const name = conversation?.title || where;
		return el("h3", {}, !conversation ? (name ? bdi(visible(name)) : t("unsent.unknown")) :
		    el("button", {type: "button", class: "link", data: {action: "open"}, on: {click: () => {
			this.dialog.close();
			this.open(conversation);
		    }}}, bdi(visible(name))));
	}

	act(act) {
		act();
		this.findDrafts();
		this.draw();
		this.list.querySelector("button")?.focus();
	}
}

/** Without access to the clipboard the text is selected, for the user's own keys. */
async function copy(text, node) {
	try {
		await navigator.clipboard.writeText(text);
		notice(t("unsent.copied"));
	} catch {
		getSelection().selectAllChildren(node);
	}
}
