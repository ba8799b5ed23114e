// dialogs.js - what is asked in between: new chats, groups, members, settings, devices.
import {bdi, button, check, el, field, fill, select} from "./dom.js";
import {errorText, formatDate, LANGUAGES, t} from "./i18n.js";
import {askPermission} from "./notify.js";
import {changeSetting, setting} from "./settings.js";
import {visible} from "./text.js";

/**
 * Opens a dialog. ok(values): what its button does; what it throws is shown, and it stays open.
 * Returns the <dialog>.
 */
function openDialog(title, content, {okText, ok, name}) {
	const alert = el("p", {role: "alert", class: "error"});
	const close = () => dialog.close();
	const submit = ok && el("button", {type: "submit", class: "main", data: {action: "ok"}}, okText);
	const form = el("form", {method: "dialog"}, el("h2", {id: `dialog-${name}`}, title), content, alert,
	    el("div", {class: "buttons"}, button(ok ? t("cancel") : t("close"), "cancel", close), submit));
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
			alert.textContent = errorText(error);
		}
		submit.disabled = false;
	});
	dialog.addEventListener("close", () => dialog.remove());
	document.body.append(dialog);
	dialog.showModal();
	return dialog;
}

const input = (name, props = {}) => el("input", {name, autocomplete: "off", spellcheck: "false",
    autocapitalize: "none", ...props});

/** Names as people write them: with @ or # or without. */
const bare = text => text.trim().replace(/^[@#]/u, "");

export class Dialogs {
	constructor(state, link, outbox, open) {
		this.state = state;
		this.link = link;
		this.outbox = outbox;
		this.open = open;
	}

	newChat() {
		openDialog(t("list.newChat"), field(t("login.name"), input("user", {required: true})), {
			name: "new-chat", okText: t("ok"),
			ok: async values => this.open(await this.state.openDirect(bare(values.get("user")))),
		});
	}

	createGroup() {
		openDialog(t("list.createGroup"), [
			field(t("group.name"), input("group", {required: true})),
			field(t("group.topic"), input("topic")),
			check(t("group.public"), input("public", {type: "checkbox", checked: true})),
		], {
			name: "create-group", okText: t("ok"),
			ok: async values => this.open(await this.state.joined({createGroup: {
				name: bare(values.get("group")), topic: values.get("topic"),
				public: values.get("public") !== null}})),
		});
	}

	async join(group) {
		this.open(await this.state.joined({joinGroup: {target: {group}}}));
	}

	async joinGroup() {
		const list = el("ul", {class: "choices"});
		const dialog = openDialog(t("list.joinGroup"), [
			field(t("group.name"), input("group", {required: true})),
			el("h3", {}, t("group.publicOnes")), list], {
			name: "join-group", okText: t("group.join"),
			ok: values => this.join(bare(values.get("group"))),
		});
		const {conversations} = await this.link.request({listGroups: {limit: 200}})
		    .catch(() => ({conversations: {}}));
		fill(list, (conversations.conversations ?? []).map(row => el("li", {}, el("button",
		    {type: "button", data: {group: row.name}, on: {click: () => {
			dialog.querySelector("[name=group]").value = row.name;
			dialog.querySelector("form").requestSubmit();
		}}}, bdi("#" + visible(row.name)), el("span", {}, bdi(visible(row.topic ?? ""))),
		    el("span", {}, t("group.count", {n: row.members ?? 0}))))));
	}

	async members(conversation) {
		const list = el("ul", {class: "people"});
		openDialog(t("group.members"), list, {name: "members"});
		let after = "0", more = true;
		while (more) {
			const {members} = await this.link.request({listMembers: {target:
			    {conversation: conversation.id}, after}}).catch(() => ({members: {}}));
			for (const row of members.members ?? []) {
				after = row.userId;
				list.append(this.member(row));
			}
			more = members.more ?? false;
		}
	}

	member({name, online, role}) {
		return el("li", {data: {member: name}},
		    el("span", {class: "presence", role: "img", data: {online: String(online ?? false)},
		    "aria-label": online ? t("presence.online") : t("presence.offline")}),
		    bdi(visible(name)), role === "OWNER" && el("span", {class: "role"}, t("group.owner")));
	}

	invite(conversation) {
		openDialog(t("group.invite"), field(t("login.name"), input("user", {required: true})), {
			name: "invite", okText: t("ok"),
			ok: values => this.link.request({inviteToGroup: {target:
			    {conversation: conversation.id}, user: bare(values.get("user"))}}),
		});
	}

	leave(conversation) {
		openDialog(t("group.leave"), el("p", {}, t("group.leaveSure", {name: conversation.name})), {
			name: "leave", okText: t("group.leave"), ok: () => this.state.leave(conversation),
		});
	}

	/* -- a person's own ----------------------------------------------------------------- */

	settings() {
		const choice = (key, name, options) => {
			const node = select(name, setting(key), options);
			node.addEventListener("change", () => changeSetting(key, node.value));
			return field(t(`settings.${key}`), node);
		};
		openDialog(t("settings.title"), [
			choice("language", "language", [["auto", t("auto")], ...LANGUAGES]),
			choice("theme", "theme", [["auto", t("auto")], ["light", t("settings.light")],
			    ["dark", t("settings.dark")]]),
			choice("density", "density", [["cosy", t("settings.cosy")],
			    ["compact", t("settings.compact")]]),
			choice("sendKey", "send-key", [["enter", t("settings.enter")],
			    ["ctrl", t("settings.ctrl")]]),
			this.toggle("sound", value => value),
			this.toggle("notifications", value => value && askPermission()),
			el("div", {class: "buttons"},
			    button(t("password.title"), "password", () => this.password()),
			    button(t("devices.title"), "devices", () => this.devices()),
			    button(t("logout"), "logout", () => this.logOut())),
		], {name: "settings"});
	}

	toggle(name, set) {
		const node = el("input", {type: "checkbox", name, checked: setting(name)});
		node.addEventListener("change", async () => {
			changeSetting(name, node.checked);
			node.checked = Boolean(await set(node.checked)) && setting(name);
		});
		return check(t(`settings.${name}`), node);
	}

	password() {
		const secret = (name, autocomplete) => el("input", {name, type: "password", required: true,
		    autocomplete});
		openDialog(t("password.title"), [
			field(t("password.old"), secret("old", "current-password")),
			field(t("password.new"), secret("new", "new-password")),
			el("p", {class: "hint"}, t("password.hint")),
		], {
			name: "password", okText: t("ok"),
			ok: values => this.link.request({changePassword: {oldPassword: values.get("old"),
			    newPassword: values.get("new")}}),
		});
	}

	async devices() {
		const list = el("ul", {class: "people"});
		openDialog(t("devices.title"), list, {name: "devices"});
		const draw = async () => {
			const {sessions} = await this.link.request({listSessions: {}})
			    .catch(() => ({sessions: {}}));
			fill(list, (sessions.sessions ?? []).map(row => this.device(row, draw)));
		};
		await draw();
	}

	device(row, draw) {
		const used = Number(row.usedMs ?? row.createdMs ?? 0);
		return el("li", {}, bdi(visible(row.deviceName ?? "")),
		    row.hook && el("span", {class: "role"}, t("devices.hook")),
		    el("time", {}, formatDate(used)),
		    row.current ? el("span", {class: "role"}, t("devices.current")) :
		    button(t("devices.revoke"), "revoke", async () => {
			    await this.link.request({revokeSession: {device: row.device}}).catch(() => {});
			    await draw();
		    }));
	}

	/** Nothing that was written or read stays behind. */
	async logOut() {
		for (const dialog of document.querySelectorAll("dialog"))
			dialog.close();
		this.outbox.clear();
		await this.link.leave();
	}
}
