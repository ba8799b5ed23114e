// view_login.js - the login page: log in, or register with an invite.
import {button, el, field, fill, secret, select} from "./dom.js";
import {errorText, LANGUAGES, t} from "./i18n.js";
import {changeSetting, setting} from "./settings.js";

const NAME_CHARS = 32;
const PASSWORD_CHARS = 8;

const BROWSERS = [["Edg", "Edge"], ["OPR", "Opera"], ["Firefox", "Firefox"], ["Chrome", "Chrome"],
    ["Safari", "Safari"]];
const SYSTEMS = [["Android", "Android"], ["iPhone", "iPhone"], ["iPad", "iPad"], ["Mac OS", "macOS"],
    ["Windows", "Windows"], ["CrOS", "ChromeOS"], ["Linux", "Linux"]];

/** How this browser is called in the list of devices: "Firefox, Linux". */
function deviceName() {
	const find = names => names.find(([mark]) => navigator.userAgent.includes(mark))?.[1];
	return [find(BROWSERS) ?? t("login.device"), find(SYSTEMS)].filter(Boolean).join(", ");
}

/** Takes the secret of an invite link out of the address bar, and so out of the history. */
export function takeInvite() {
	const match = /^#invite=([\w-]+)$/u.exec(location.hash);
	if (location.hash.startsWith("#invite="))
		history.replaceState(null, "", location.pathname);
	return match?.[1] ?? "";
}

export class LoginView {
	/** Its listeners end with `signal`. */
	constructor(link, invite, signal) {
		this.link = link;
		this.invite = invite;
		this.registers = invite !== "";
		this.touched = false;
		this.root = el("main", {class: "login"});
		link.addEventListener("welcome", () => this.touched || this.draw(), {signal});
	}

	/** True until the server says that registration is closed. */
	get mayRegister() {
		return !this.link.welcome || this.link.welcome.registration !== undefined;
	}

	draw() {
		const server = this.link.welcome?.serverName, code = this.link.ending;
		const ending = code === "LEFT" ? t("login.left") : code && errorText({code});
		fill(this.root, el("div", {class: "card"},
		    el("img", {src: "icon.svg", alt: "", width: 56, height: 56}),
		    el("h1", {}, "Kith"),
		    server && el("p", {class: "soft"}, server),
		    ending && el("p", {role: "status", class: "ending"}, ending),
		    this.registers ? this.registerForm() : this.loginForm()), this.languages());
		this.root.querySelector("input:not([value])").focus();
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
				form.elements.password.select();
			}
			submit.disabled = false;
		});
		return form;
	}

	nameField(rule) {
		return field(t("login.name"), el("input", {name: "name", required: true, maxlength: 2 * NAME_CHARS,
		    autocomplete: "username", autocapitalize: "none", spellcheck: "false"}), rule);
	}

	passwordField(autocomplete, rule) {
		return field(t("login.password"), secret("password", t("password.show"),
		    {minlength: rule && PASSWORD_CHARS, autocomplete}), rule);
	}

	switchTo(registers) {
		this.registers = registers;
		this.touched = false;
		this.draw();
	}

	loginForm() {
		return this.form("login", t("login.title"), [this.nameField(), this.passwordField("current-password")],
		    this.mayRegister && button(t("login.toRegister"), "show-register",
		    () => this.switchTo(true), "link"));
	}

	registerForm() {
		const open = this.link.welcome?.registration === "OPEN";
		return this.form("register", t("register.title"), [
			field(open ? t("register.inviteOptional") : t("register.invite"), el("input", {name: "invite",
			    required: !open, value: this.invite || undefined, autocomplete: "off",
			    spellcheck: "false"})),
			this.nameField(t("name.rule")),
			this.passwordField("new-password", t("register.passwordHint")),
		], button(t("register.toLogin"), "show-login", () => this.switchTo(false), "link"));
	}

	async enter(action, values) {
		const name = values.get("name").trim(), password = values.get("password");
		if (action === "login") {
			await this.link.enter({loginPassword: {name, password, deviceName: deviceName()}});
			return;
		}
		// Accept the whole link, too.
		const invite = values.get("invite").trim().replace(/^.*#invite=/u, "");
		await this.link.enter({registerAccount: {name, password, invite, deviceName: deviceName()}});
	}
}
