// person.mjs - what somebody does with the page, by the names that the page gives its parts.
import assert from "node:assert/strict";
import { settings, until } from "./scenario.mjs";

const ROW = "[role=log] :is([data-seq], [data-client-id])";

// What is shown in the log, in its order: events without a text are left out.
function readLog(selector)
{
	return [...document.querySelectorAll(selector)].flatMap(row => {
		const text = row.querySelector(".text");
		return text === null ? [] : [{ seq: Number(row.dataset.seq ?? 0),
			status: row.dataset.status, text: text.textContent }];
	});
}

export class Person {
	constructor(page, name, url = settings.url)
	{
		this.page = page;
		this.name = page.person = name;
		this.url = url;
	}

	// A new page in its own context, logged in.
	static async enter(stage, name, { url, ...options } = {})
	{
		const person = new this(await stage.page(options), name, url);
		await person.login();
		return person;
	}

	action(name)
	{
		return this.page.locator(`[data-action=${name}]:visible`);
	}

	field(name)
	{
		return this.page.locator(`:is(input, select, textarea)[name=${name}]:visible`);
	}

	async login(password = settings.password)
	{
		await this.page.goto(this.url);
		await this.field("name").fill(this.name);
		await this.field("password").fill(password);
		await this.action("login").click();
		await this.online();
	}

	// By the link of an invitation.
	async register(link, password = settings.password)
	{
		await this.page.goto(link);
		await this.field("name").fill(this.name);
		await this.field("password").fill(password);
		await this.action("register").click();
		await this.online();
	}

	state()
	{
		return this.page.evaluate(() => document.body.dataset.state);
	}

	online()
	{
		return this.page.waitForSelector("body[data-state=online]");
	}

	// The entry of a conversation, "tea" or "bob", in the list.
	entry(name)
	{
		const exact = new RegExp(`^\\s*[#@]?${name.replace(/[^\w]/g, "\\$&")}\\s*$`);
		return this.page.locator("nav[aria-label] [data-conversation]").filter({
			has: this.page.locator("[data-name]", { hasText: exact }) });
	}

	async open(name)
	{
		await this.entry(name).click();
		await this.isOpen(name);
	}

	async isOpen(name)
	{
		await this.entry(name).and(this.page.locator("[aria-current=true]"))
			.waitFor({ state: "attached" });
		await this.page.waitForSelector("[role=log]:visible");
		await this.field("text").waitFor();
	}

	// A private chat that is new.
	async chat(name)
	{
		await this.action("new-chat").click();
		await this.field("user").fill(name);
		await this.action("ok").click();
		await this.isOpen(name);
	}

	async send(text)
	{
		await this.field("text").fill(text);
		await this.field("text").press("Enter");
	}

	log()
	{
		return this.page.evaluate(readLog, ROW);
	}

	async texts()
	{
		return (await this.log()).map(row => row.text);
	}

	sees(text)
	{
		return until(`${this.name} sees ${text}`,
			async () => (await this.log()).find(row => row.text === text));
	}

	// The row of a message with this text.
	row(text)
	{
		return this.page.locator(ROW).filter({
			has: this.page.locator(".text").getByText(text, { exact: true }) });
	}

	// All of `texts`, each once, in this order, and nothing else that begins as they do.
	async hasExactly(texts, prefix)
	{
		const mine = async () => (await this.texts()).filter(text => text.startsWith(prefix));
		await until(`${this.name} sees ${texts.length} messages`,
			async () => (await mine()).length >= texts.length);
		assert.deepEqual(await mine(), texts, `what ${this.name} sees`);
	}

	// Every own message is stored or read.
	async allStored(prefix)
	{
		await until(`all that ${this.name} sent is stored`, async () =>
			(await this.log()).filter(row => row.text.startsWith(prefix) && row.status)
				.every(row => row.seq > 0 && ["stored", "read"].includes(row.status)));
	}
}
