// main.js - puts the parts together: link -> state -> views; what somebody does goes to state and
// outbox, and comes back as a change.
import {fill} from "./dom.js";
import {Dialogs} from "./dialogs.js";
import {useLanguage} from "./i18n.js";
import {Link} from "./link.js";
import {watch} from "./notify.js";
import {Outbox} from "./outbox.js";
import {loadSettings, onSetting, setting} from "./settings.js";
import {State} from "./state.js";
import {ChatView} from "./view_chat.js";
import {ListView} from "./view_list.js";
import {LoginView, takeInvite} from "./view_login.js";

class Page {
	constructor() {
		this.invite = takeInvite();
		this.link = new Link();
		this.state = new State(this.link);
		this.outbox = new Outbox(this.link);
		this.dialogs = new Dialogs(this.state, this.link, this.outbox, c => this.open(c));
		this.shown = null;
		this.link.addEventListener("state", () => this.draw());
		this.link.addEventListener("ready", () => this.draw());
		watch(this.state, conversation => this.open(conversation));
		addEventListener("keydown", event => this.onKey(event));
		addEventListener("hashchange", () => this.onHash());
		onSetting(async (name, value) => name === "language" && this.relabel(value));
	}

	open(conversation) {
		this.chat.show(conversation);
		if (conversation)
			this.state.open(conversation);
		else
			this.state.current = null;
	}

	draw() {
		const {state} = this.link;
		document.body.dataset.state = state === "login" ? "offline" : state;
		if (state === "login")
			this.showLogin();
		else if (this.link.me && this.shown !== this.link.me.userId)
			this.showChat();
	}

	showLogin() {
		if (this.shown === "login")
			return;
		for (const dialog of document.querySelectorAll("dialog"))
			dialog.close();
		this.shown = "login";
		this.state.clear();
		document.body.dataset.view = "login";
		const view = new LoginView(this.link, this.invite);
		fill(document.body, view.root);
		view.draw();
	}

	showChat() {
		this.shown = this.link.me.userId;
		const actions = {
			open: c => this.open(c), join: group => this.dialogs.join(group).catch(() => {}),
			newChat: () => this.dialogs.newChat(), createGroup: () => this.dialogs.createGroup(),
			joinGroup: () => this.dialogs.joinGroup(), settings: () => this.dialogs.settings(),
			members: c => this.dialogs.members(c), invite: c => this.dialogs.invite(c),
			leave: c => this.dialogs.leave(c),
		};
		this.chat = new ChatView(this.state, this.link, this.outbox, actions);
		this.list = new ListView(this.state, this.link, actions);
		fill(document.body, this.list.root, this.chat.root);
		this.list.drawItems();
	}

	/** Everything is drawn anew, in the other language. */
	async relabel(language) {
		await useLanguage(language);
		const {current} = this.state;
		const wasLogin = this.shown === "login";
		for (const dialog of document.querySelectorAll("dialog"))
			dialog.close();
		this.shown = null;
		if (wasLogin) {
			this.showLogin();
		} else {
			this.showChat();
			if (current)
				this.open(current);
		}
	}

	/** Ctrl+K finds a conversation, Alt with an arrow goes to the next. */
	onKey(event) {
		if (!this.list || this.shown === "login" || document.querySelector("dialog"))
			return;
		if ((event.ctrlKey || event.metaKey) && event.key === "k") {
			event.preventDefault();
			this.list.search.focus();
		} else if (event.altKey && ["ArrowUp", "ArrowDown"].includes(event.key)) {
			event.preventDefault();
			this.list.step(event.key === "ArrowUp" ? -1 : 1);
		}
	}

	/** An invite link that was opened in a tab where the page is already. */
	onHash() {
		this.invite = takeInvite();
		if (this.invite && this.shown === "login") {
			this.shown = null;
			this.showLogin();
		}
	}
}

loadSettings();
await useLanguage(setting("language"));
new Page().link.start();
