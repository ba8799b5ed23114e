// main.js - puts the parts together: link -> state -> views. What the user does goes to state and
// outbox, and comes back as a "change" event.
import {Change} from "./change.js";
import {isDirect} from "./conversation.js";
import {fill} from "./dom.js";
import {closeDialogs, Dialogs, notice, toast} from "./dialogs.js";
import {OwnDialogs} from "./dialogs_own.js";
import {dayOf, firstLanguage, t, useLanguage} from "./i18n.js";
import {Link} from "./link.js";
import {watch} from "./notify.js";
import {Outbox} from "./outbox.js";
import {loadSettings, onSetting, setting} from "./settings.js";
import {State} from "./state.js";
import {ChatView} from "./view_chat.js";
import {ListView} from "./view_list.js";
import {LoginView, takeInvite} from "./view_login.js";
import {UnsentView} from "./view_unsent.js";

const WIDE = matchMedia("(min-width: 45rem)");	// chat.css has the same
const ADDRESS = /^#\/(?:(\d+)|@([^/]+)|group\/([^/]+))$/u;	// of a conversation, a person, a group

const DAY_MS = 30000;				// looks this often whether it is another day

/** Also after the computer slept, or its clock was set. */
function watchDay(state) {
	let day = dayOf(Date.now());
	const look = () => {
		if (dayOf(Date.now()) !== day)
			state.changed(Change.DAY);
		day = dayOf(Date.now());
	};
	setInterval(look, DAY_MS);
	document.addEventListener("visibilitychange", look);
	addEventListener("focus", look);
}

class Page {
	constructor() {
		this.invite = takeInvite();
		this.link = new Link();
		this.state = new State(this.link);
		this.outbox = new Outbox(this.link);
		this.dialogs = new Dialogs(this.state, this.link, c => this.open(c));
		this.own = new OwnDialogs(this.link, this.outbox);
		this.shown = null;		// "login", or the user's id
		this.ending = null;		// the reason that the login page shows
		this.views = new AbortController();	// ends the views' listeners
		this.link.addEventListener("state", () => this.draw());
		this.link.addEventListener("ready", () => this.draw());
		this.state.addEventListener("change", ({detail: {what}}) => what === Change.ALL && this.follow());
		this.state.addEventListener("history", () => notice(t("state.history")));
		this.state.addEventListener("own", ({detail: clientId}) => this.outbox.arrived(clientId));
		this.outbox.addEventListener("unsaved", () => notice(t("chat.unsaved")));
		WIDE.addEventListener("change", () => this.landmark());
		watchDay(this.state);
		watch(this.state, c => this.open(c));
		addEventListener("keydown", event => this.onKey(event));
		this.refuseFiles();
		addEventListener("popstate", () => this.onAddress());
		onSetting((name, value) => name === "language" &&
		    this.relabel(value).catch(() => toast({code: "LOST"})));
	}

	/** A file that is dropped would be shown instead of the page. */
	refuseFiles() {
		const refuse = (event, transfer) => {
			if (!transfer?.types.includes("Files") || transfer.types.includes("text/plain"))
				return;
			event.preventDefault();
			if (event.type !== "dragover")
				notice(t("files.no"));
		};
		for (const type of ["dragover", "drop"])
			addEventListener(type, event => refuse(event, event.dataTransfer));
		addEventListener("paste", event => refuse(event, event.clipboardData));
	}

	/* -- what is shown ------------------------------------------------------------------ */

	draw() {
		const {state, me} = this.link;
		document.body.dataset.state = state === "login" ? "offline" : state;
		if (state === "login" && (this.shown !== "login" || this.ending !== this.link.ending))
			this.showLogin();
		else if (me && this.shown !== me.userId)
			this.showChat();
	}

	/** Ends the current views; returns the signal for the listeners of the new ones. */
	clearViews(shown) {
		closeDialogs();
		this.views.abort();
		this.views = new AbortController();
		this.shown = shown;
		return this.views.signal;
	}

	showLogin() {
		if (![null, "login"].includes(this.shown) && !this.link.ending)	// the next user's address is another
			history.replaceState(null, "", location.pathname);
		const signal = this.clearViews("login");
		this.ending = this.link.ending;
		this.state.clear();
		this.list = this.chat = null;
		document.body.dataset.view = "login";
		const view = new LoginView(this.link, this.invite, signal);
		fill(document.body, view.root);
		view.draw();
	}

	showChat() {
		const signal = this.clearViews(this.link.me.userId);
		const {dialogs, own} = this;
		const actions = {
			open: c => this.open(c), back: () => this.back(), onSent: () => this.list.askForNotifications(),
			join: group => dialogs.join(group).catch(toast), chat: name => dialogs.chat(name).catch(toast),
			newChat: () => dialogs.newChat(), createGroup: () => dialogs.createGroup(),
			joinGroup: () => dialogs.joinGroup(), members: c => dialogs.members(c),
			invite: c => dialogs.invite(c), leave: c => dialogs.leave(c), settings: () => own.settings(),
		};
		this.invite = "";
		this.chat = new ChatView(this.state, this.link, this.outbox, actions, signal);
		const unsent = new UnsentView(this.state, this.outbox, actions.open, signal);
		this.list = new ListView(this.state, this.link, unsent.root, actions, signal);
		fill(document.body, this.list.root, this.chat.root);
		this.show(this.state.current);
	}

	/** Draws everything again in the new language. */
	async relabel(language) {
		await useLanguage(language);
		const settings = document.querySelector("dialog.settings") !== null;
		if (this.shown === "login")
			this.showLogin();
		else
			this.showChat();
		if (settings)
			this.own.settings();
	}

	/* -- which conversation ----------------------------------------------------------------- */

	/** Shows it under an address of its own, so that the browser's Back button works. */
	open(conversation) {
		const hash = `#/${conversation.id}`;
		if (location.hash !== hash)
			history.pushState({fromList: !this.state.current}, "", hash);
		if (this.state.conversations.has(conversation.id))
			this.show(this.state.conversations.get(conversation.id));
		else
			this.showAddress();	// a notification of a group that was left meanwhile
	}

	show(conversation) {
		document.body.dataset.view = conversation ? "chat" : "list";
		this.chat.show(conversation, WIDE.matches);
		this.landmark();
		this.state.open(conversation);
	}

	/** What a narrow screen shows is the main part of the page. */
	landmark() {
		const isMain = !WIDE.matches && document.body.dataset.view === "list";
		this.list?.root.setAttribute("role", isMain ? "main" : "complementary");
	}

	/** To the list, on a narrow screen. */
	back() {
		if (history.state?.fromList)
			history.back();
		else
			this.toList();
	}

	toList() {
		history.replaceState(null, "", location.pathname);
		this.show(null);
	}

	/** The address changed: Back, Forward, or an invite link opened in this tab. */
	onAddress() {
		const invite = takeInvite();
		if (invite && this.shown === "login") {
			this.invite = invite;
			this.showLogin();
		}
		if (this.chat && this.addressed())
			this.show(this.addressed());
		else if (this.chat && this.state.loaded)
			this.showAddress();
	}

	/** {id}, {user} or {group}; null: the address is none of a conversation. */
	address() {
		const [, id, user, group] = ADDRESS.exec(location.hash) ?? [];
		try {
			return id ? {id} : user ? {user: decodeURIComponent(user)} :
			    group ? {group: decodeURIComponent(group)} : null;
		} catch {
			return null;
		}
	}

	addressed() {
		const {id, user, group} = this.address() ?? {};
		const named = c => c.isGroup ? c.name === group : user !== undefined && c.name === user;
		const known = [...this.state.conversations.values()].filter(c => c.kind);	// and so has a name
		return known.find(c => c.id === id) ?? known.find(named) ?? null;
	}

	/** The address names no conversation that the user is in: says so, and how to get there. */
	showAddress() {
		const address = this.address(), {state, dialogs} = this;
		this.show(null);
		if (!address)
			return;
		const {id, user, group} = address, hash = location.hash;
		const go = user ? () => dialogs.chat(user) :
		    async () => this.open(await state.joined({joinGroup: {target: id ? {conversation: id} : {group}}}));
		const show = (text, label, act) => this.chat.showMissing(text, label, act);
		const showGroup = name => show(name ? t("address.group", {name}) : t("address.unknown"),
		    t("group.join"), () => go().catch(toast));
		document.body.dataset.view = "chat";
		if (id && isDirect(id))
			show(t("error.NO_SUCH_CONVERSATION"), t("list.newChat"), () => dialogs.newChat());
		else if (user)
			show(t("address.user", {name: user}), t("group.chat", {name: user}), () => go().catch(toast));
		else
			showGroup(group);
		if (id && !isDirect(id))	// a public one has a name for strangers, too
			state.groupName(id).then(name => location.hash === hash && !state.current && showGroup(name))
			    .catch(() => {});
	}

	/** The list was loaded or changed. */
	follow() {
		const {chat, state} = this, addressed = this.addressed();
		if (!chat)
			return;
		if (chat.conversation && !state.conversations.has(chat.conversation.id))
			this.toList();
		else if (!state.current && addressed)
			this.show(addressed);
		else if (!state.current && this.address())
			this.showAddress();
	}

	/* -- keys --------------------------------------------------------------------------------- */

	/**
	 * Ctrl+K or / searches the conversations, Alt+Up and Alt+Down go to the next one, Escape to
	 * the newest message; typing outside an input goes to the message.
	 */
	onKey(event) {
		if (!this.chat || event.isComposing || document.querySelector("dialog"))
			return;
		const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
		const writes = event.target.closest("input, textarea, select") !== null;
		if (((event.ctrlKey || event.metaKey) && event.key === "k") || (event.key === "/" && plain && !writes))
			this.list.search.focus();
		else if (event.altKey && ["ArrowUp", "ArrowDown"].includes(event.key))
			this.list.step(event.key === "ArrowUp" ? -1 : 1);
		else if (event.key === "Escape" && !event.target.closest("input") && this.chat.conversation)
			this.chat.log.jumpToEnd();
		else {
			if (plain && !writes && event.key.length === 1 && event.key !== " ")
				this.chat.text.focus();
			return;
		}
		event.preventDefault();
	}
}

loadSettings();
await firstLanguage(setting("language"));
new Page().link.start();
