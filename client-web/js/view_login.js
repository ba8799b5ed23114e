// view_login.js - the way in: log in, or register with an invite.
import {button, el, field, fill, select} from "./dom.js";
import {errorText, LANGUAGES, t} from "./i18n.js";
import {changeSetting, setting} from "./settings.js";

/** The secret of the invite link; it is taken out of the address bar, and so out of its history. */
export function takeInvite() {
	const match = /^#invite=([\w-]+)$/u.exec(location.hash);
	if (match)
		history.replaceState(null, "", location.pathname);
	return match?.[1] ?? "";
}

export class LoginView {
	constructor(link, invite) {
		this.link = link;
		this.invite = invite;
		this.registers = invite !== "";
		this.root = el("main", {class: "login"});
		link.addEventListener("welcome", () => this.root.isConnected && !this.touched && this.draw());
	}

	get mayRegister() {
		return this.link.welcome?.registration !== undefined || this.registers;
	}

	draw() {
		const name = this.link.welcome?.serverName;
		fill(this.root,
		    el("h1", {}, "Kith"),
		    name && el("p", {class: "server"}, name),
		    this.registers ? this.registerForm() : this.loginForm(),
		    this.languages());
		this.root.querySelector("input:not([value])")?.focus();
	}

	languages() {
		const choice = select("language", setting("language"), [["auto", t("auto")], ...LANGUAGES]);
		choice.setAttribute("aria-label", t("settings.language"));
		choice.addEventListener("change", () => changeSetting("language", choice.value));
		return choice;
	}

	form(action, title, fields, other) {
		const alert = el("p", {role: "alert", class: "error"});
		const submit = el("button", {type: "submit", class: "main", data: {action}}, title);
		const form = el("form", {"aria-label": title}, el("h2", {}, title), fields, alert, submit, other);
		form.addEventListener("input", () => { this.touched = true; });
		form.addEventListener("submit", async event => {
			event.preventDefault();
			submit.disabled = true;
			alert.textContent = "";
			try {
				await this.enter(action, new FormData(form));
			} catch (error) {
				alert.textContent = errorText(error);
			}
			submit.disabled = false;
		});
		return form;
	}

	nameAndPassword(autocomplete, hint) {
		return [
			field(t("login.name"), el("input", {name: "name", required: true, maxlength: 64,
			    autocomplete: "username", autocapitalize: "none", spellcheck: "false"})),
			field(t("login.password"), el("input", {name: "password", type: "password",
			    required: true, minlength: hint && 8, autocomplete})),
			hint && el("p", {class: "hint"}, hint),
		];
	}

	switchTo(registers) {
		this.registers = registers;
		this.touched = false;
		this.draw();
	}

	loginForm() {
		return this.form("login", t("login.title"), this.nameAndPassword("current-password"),
		    this.mayRegister && button(t("login.toRegister"), "show-register",
		    () => this.switchTo(true), "link"));
	}

	registerForm() {
		const open = this.link.welcome?.registration === "OPEN";
		return this.form("register", t("register.title"), [
			field(open ? t("register.inviteOptional") : t("register.invite"), el("input", {name: "invite",
			    required: !open, value: this.invite || undefined, autocomplete: "off",
			    spellcheck: "false"})),
			...this.nameAndPassword("new-password", t("register.passwordHint")),
		], button(t("register.toLogin"), "show-login", () => this.switchTo(false), "link"));
	}

	async enter(action, values) {
		const name = values.get("name").trim(), password = values.get("password");
		const deviceName = t("login.device");
		if (action === "login") {
			await this.link.enter({loginPassword: {name, password, deviceName}});
		} else {
			// People paste the whole link as well.
			const invite = values.get("invite").trim().replace(/^.*#invite=/u, "");
			await this.link.enter({registerAccount: {name, password, invite, deviceName}});
			this.invite = "";
			this.registers = false;
		}
		this.touched = false;
	}
}
