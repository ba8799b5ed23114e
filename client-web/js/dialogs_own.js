// dialogs_own.js - the user's own: settings, password, devices, logging out.
import {bdi, button, check, el, field, fill, secret, select, waiting} from "./dom.js";
import {notice, openDialog} from "./dialogs.js";
import {formatFull, LANGUAGES, t} from "./i18n.js";
import {playSound, turnOn} from "./notify.js";
import {changeSetting, setting} from "./settings.js";
import {visible} from "./text.js";

export class OwnDialogs {
	constructor(link, outbox) {
		this.link = link;
		this.outbox = outbox;
	}

	settings() {
		const {tell, dialog} = openDialog("settings", t("settings.title"), [
			el("div", {class: "pairs"},
			    this.choice("language", "language", [["auto", t("auto")], ...LANGUAGES]),
			    this.choice("theme", "theme", [["auto", t("auto")], ["light", t("settings.light")],
			    ["dark", t("settings.dark")]]),
			    this.choice("density", "density", [["cosy", t("settings.cosy")],
			    ["compact", t("settings.compact")]]),
			    this.choice("sendKey", "send-key", [["auto", t("auto")], ["enter", t("settings.enter")],
			    ["ctrl", t("settings.ctrl")]])),
			this.toggle("sound", on => on && playSound()),
			this.toggle("notifications", on => on && turnOn()),
			el("div", {class: "buttons own"},
			    button(t("password.title"), "password", () => this.password()),
			    button(t("devices.title"), "devices", () => this.devices()),
			    button(t("logout"), "logout", () => this.askLogOut(() => dialog.close(), tell))),
		]);
	}

	choice(key, name, options) {
		const node = select(name, setting(key), options);
		node.addEventListener("change", () => changeSetting(key, node.value));
		return field(t(`settings.${key}`), node);
	}

	/** act(on) may change the setting back. */
	toggle(name, act) {
		const node = el("input", {type: "checkbox", name, checked: setting(name)});
		node.addEventListener("change", async () => {
			changeSetting(name, node.checked);
			await act(node.checked);
			node.checked = setting(name);
		});
		return check(t(`settings.${name}`), node);
	}

	password() {
		const show = t("password.show");
		openDialog("password", t("password.title"), [
			field(t("password.old"), secret("old", show, {autocomplete: "current-password"})),
			field(t("password.new"), secret("new", show, {autocomplete: "new-password"}),
			    t("register.passwordHint")),
			el("p", {class: "soft"}, t("password.hint")),
		], {ok: values => this.changePassword(values.get("old"), values.get("new"))});
	}

	async changePassword(oldPassword, newPassword) {
		try {
			await this.link.request({changePassword: {oldPassword, newPassword}});
		} catch (error) {
			throw error.code === "AUTH_FAILED" ? {code: "oldPassword"} : error;
		}
		notice(t("password.done"));
	}

	async devices() {
		const list = el("ul", {class: "choices"}, waiting(t("chat.loading")));
		const {tell} = openDialog("devices", t("devices.title"), list);
		const draw = async () => {
			const {sessions} = await this.link.request({listSessions: {}});
			const latest = (sessions.sessions ?? []).sort((a, b) => usedMs(b) - usedMs(a));
			fill(list, latest.map(row => this.device(row, () => this.revoke(row).then(draw).catch(tell))));
		};
		await draw().catch(error => {
			fill(list);
			tell(error);
		});
	}

	device(row, revoke) {
		return el("li", {class: "row"}, el("span", {class: "title"}, bdi(visible(row.deviceName ?? "")),
		    el("span", {class: "soft"}, formatFull(usedMs(row)))),
		    row.hook && el("span", {class: "tag"}, t("devices.hook")),
		    row.current ? el("span", {class: "tag"}, t("devices.current")) :
		    button(t("devices.revoke"), "revoke", revoke));
	}

	revoke({device}) {
		return this.link.request({revokeSession: {device}});
	}

	/** Logging out throws away what was not sent: not without a question. */
	askLogOut(done, tell) {
		const n = this.outbox.unsent;
		if (n === 0)
			this.logOut().then(done, tell);
		else
			openDialog("log-out", t("logout"), el("p", {}, t("logout.unsent", {n})),
			    {okText: t("logout.anyway"), danger: true, ok: () => this.logOut().then(done)});
	}

	/** Drafts and unsent messages are wiped, too. */
	async logOut() {
		await this.link.leave();
		this.outbox.clear();
	}
}

const usedMs = ({usedMs: used, createdMs}) => Number(used ?? createdMs ?? 0);
