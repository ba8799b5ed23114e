// dialogs.js - dialogs for new chats, groups and their members.
import {avatar, bdi, button, check, el, field, fill, waiting} from "./dom.js";
import {errorText, t} from "./i18n.js";
import {visible} from "./text.js";
import {presence} from "./view_list.js";

const TOPIC_BYTES = 256;
const TOAST_MS = 6000;

/**
 * Opens a dialog with a title and content. With ok(values) it has an OK button that calls it; an error
 * that it throws is shown, and the dialog stays open. Returns {dialog, tell}; tell(error) shows an error.
 */
export function openDialog(name, title, content, {ok, okText = t("ok"), danger = false} = {}) {
	const alert = el("p", {role: "alert", class: "error"});
	const close = () => dialog.close();
	const tell = error => { alert.textContent = errorText(error); };
	const submit = ok && el("button", {type: "submit", class: danger ? "main danger" : "main",
	    data: {action: "ok"}}, okText);
	const form = el("form", {method: "dialog"}, el("h2", {id: `dialog-${name}`}, title), content, alert,
	    el("div", {class: "buttons"}, button(t(ok ? "cancel" : "close"), "cancel", close), submit));
	const dialog = el("dialog", {"aria-labelledby": `dialog-${name}`, class: name}, form);
	form.addEventListener("submit", async event => {
		event.preventDefault();
		if (!ok)
			return close();
		submit.disabled = true;
		alert.textContent = "";
		try {
			await ok(new FormData(form));
			close();
		} catch (error) {
			tell(error);
		}
		submit.disabled = false;
	});
	dialog.addEventListener("click", event => event.target === dialog && close());	// on the backdrop
	dialog.addEventListener("close", () => dialog.remove());
	document.body.append(dialog);
	dialog.showModal();
	return {dialog, tell};
}

/** Closes all open dialogs. */
export function closeDialogs() {
	for (const dialog of document.querySelectorAll("dialog"))
		dialog.close();
}

/** Shows a text for a few seconds, above all else. */
export function notice(text) {
	const node = el("p", {class: "toast", role: "alert", popover: "manual"}, text);
	document.body.append(node);
	node.showPopover();
	setTimeout(() => node.remove(), TOAST_MS);
}

/** Shows an error, where no dialog is open to show it in. */
export function toast(error) {
	notice(errorText(error));
}

const input = (name, props = {}) => el("input", {name, autocomplete: "off", spellcheck: "false",
    autocapitalize: "none", ...props});

/** A name without the @ or # that people may type before it. */
const bare = text => text.trim().replace(/^[@#]/u, "");

const isIn = ({role = "NOBODY"}) => role !== "NOBODY";

export class Dialogs {
	/** open(conversation) shows it. */
	constructor(state, link, open) {
		this.state = state;
		this.link = link;
		this.open = open;
	}

	newChat() {
		openDialog("new-chat", t("list.newChat"), field(t("login.name"), input("user", {required: true})),
		    {ok: values => this.chat(bare(values.get("user")))});
	}

	async chat(name) {
		this.open(await this.state.openDirect(name));
	}

	createGroup() {
		openDialog("create-group", t("list.createGroup"), [
			field(t("group.name"), input("group", {required: true}), t("name.rule")),
			field(t("group.topic"), input("topic", {maxlength: TOPIC_BYTES})),
			check(t("group.public"), input("public", {type: "checkbox", checked: true})),
		], {
			okText: t("group.create"),
			ok: async values => this.open(await this.state.joined({createGroup: {
				name: bare(values.get("group")), topic: values.get("topic"),
				public: values.get("public") !== null}})),
		});
	}

	async join(group) {
		this.open(await this.state.joined({joinGroup: {target: {group}}}));
	}

	async joinGroup() {
		const list = el("ul", {class: "choices"}, waiting(t("chat.loading")));
		const {dialog, tell} = openDialog("join-group", t("list.joinGroup"), [
			field(t("group.name"), input("group", {required: true})),
			el("h3", {}, t("group.publicOnes")), list,
		], {okText: t("group.join"), ok: values => this.join(bare(values.get("group")))});
		const choose = ({name}) => {
			dialog.querySelector("[name=group]").value = name;
			dialog.querySelector("form").requestSubmit();
		};
		try {
			const groups = await this.allGroups(() => dialog.open);
			const name = dialog.querySelector("[name=group]");
			const draw = () => {
				const part = bare(name.value).toLowerCase();
				const found = groups.filter(row => row.name.toLowerCase().includes(part));
				fill(list, found.length ? found.map(row => this.group(row, () => choose(row))) :
				    el("li", {class: "soft"}, t("group.none")));
			};
			name.addEventListener("input", draw);
			draw();
		} catch (error) {
			fill(list);
			tell(error);
		}
	}

	/** Those that the user is not in come first. */
	async allGroups(wanted) {
		const groups = [];
		for (let after = "0", more = true; more && wanted();) {
			const {conversations} = await this.link.request({listGroups: {after, limit: 200}});
			groups.push(...conversations.conversations ?? []);
			after = groups.at(-1)?.id ?? after;
			more = conversations.more ?? false;
		}
		return groups.sort((a, b) => isIn(a) - isIn(b) || a.name.localeCompare(b.name));
	}

	group(row, choose) {
		const {id, name, topic, members = 0} = row;
		return el("li", {}, el("button", {type: "button", class: "row", data: {group: name}, on: {click: choose}},
		    avatar(name, id, true),
		    el("span", {class: "title"}, bdi(visible(name)), topic && el("bdi", {class: "soft"}, visible(topic))),
		    el("span", {class: isIn(row) ? "tag" : "soft"},
		    isIn(row) ? t("group.joined") : t("group.count", {n: members}))));
	}

	async members(conversation) {
		const waits = waiting(t("chat.loading"));
		const list = el("ul", {class: "choices"}, waits);
		const {dialog, tell} = openDialog("members", t("group.members"), list);
		const chat = name => {
			dialog.close();
			this.chat(name).catch(toast);
		};
		try {
			for (let after = "0", more = true; more && dialog.open;) {
				const {members} = await this.link.request({listMembers: {target: conversation.target, after}});
				for (const row of members.members ?? []) {
					after = row.userId;
					waits.before(this.member(row, () => chat(row.name)));
				}
				more = members.more ?? false;
			}
		} catch (error) {
			tell(error);
		}
		waits.remove();
	}

	member({userId, name, online = false, role}, chat) {
		return el("li", {}, el("button", {type: "button", class: "row", data: {member: name},
		    title: t("group.chat", {name}), on: {click: chat}},
		    el("span", {class: "mark"}, avatar(name, userId), presence(online)),
		    el("span", {class: "title"}, bdi(visible(name))),
		    role === "OWNER" && el("span", {class: "tag"}, t("group.owner"))));
	}

	invite(conversation) {
		openDialog("invite", t("group.invite"), field(t("login.name"), input("user", {required: true})), {
			okText: t("group.invite"),
			ok: values => this.link.request({inviteToGroup: {target: conversation.target,
			    user: bare(values.get("user"))}}),
		});
	}

	leave(conversation) {
		openDialog("leave", t("group.leave"), el("p", {}, t("group.leaveSure", {name: conversation.name})),
		    {okText: t("group.leave"), danger: true, ok: () => this.state.leave(conversation)});
	}
}
