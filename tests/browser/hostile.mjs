// hostile.mjs - the texts of payloads.mjs as messages, topics, names, links and secrets of
// invitations: not one element or attribute comes of them, and nobody is asked for anything.
import assert from "node:assert/strict";
import { payloads } from "./payloads.mjs";
import { Person } from "./person.mjs";
import { ask, scenario, settings, until } from "./scenario.mjs";

const BATCH = 50;
const INSIDE = ["a", "bdi", "br", "code", "pre", "span", "time"];

// In the page: what should not be there.
function strangers(inside)
{
	const bad = [];
	const say = (element, what) => bad.push(`${what}: ${element.outerHTML.slice(0, 120)}`);
	for (const element of document.querySelectorAll("*")) {
		if (element.localName.includes("-") || ["iframe", "object", "embed", "base", "math",
			"template", "portal", "video", "audio"].includes(element.localName))
			say(element, "an element that the page has no use for");
		for (const { name, value } of element.attributes) {
			if (name.startsWith("on") || name === "srcdoc")
				say(element, name);
			if (/^(href|src|action|formaction|data|poster|srcset|xlink:href)$/.test(name) &&
				!/^(https?:\/\/|mailto:|\/|[a-z]+[.\/]|#|data:image\/svg\+xml,%3)/i.test(value))
				say(element, `an address ${value}`);
		}
	}
	for (const element of document.querySelectorAll(".text *, [data-name] *, .sender *")) {
		if (!inside.includes(element.localName) || element.hasAttribute("style"))
			say(element, "an element of a text");
		if (element.localName === "a" && (!["http:", "https:", "mailto:"].includes(element.protocol) ||
			!/noopener|noreferrer/.test(element.rel)))
			say(element, "a link");
	}
	const scripts = [...document.querySelectorAll("script, style, link, meta")].length;
	return { bad, scripts, pwned: window.hits };
}

class Victim extends Person {
	async arm()
	{
		await this.page.addInitScript(() => {
			window.hits = 0;
			window.pwned = () => window.hits++;
		});
	}

	async unharmed(after)
	{
		const { bad, scripts, pwned } = await this.page.evaluate(strangers, INSIDE);
		assert.deepEqual(bad, [], after);
		assert.equal(pwned, 0, after);
		this.scripts ??= scripts;
		assert.equal(scripts, this.scripts, `scripts, styles and metas after ${after}`);
	}
}

// Blanks, controls (or pictures of them) and the marks of code are the page's to show as it
// likes; all else is shown as it is.
function bare(text)
{
	return text.replace(/[\s`\u0000-\u001F\u007F\u2028\u2029\u2400-\u2421]+/g, "");
}

async function asMessages(alice)
{
	let shown = 0;
	for (let from = 0; from < payloads.length; from += BATCH) {
		const group = `batch${from / BATCH}`;
		const texts = await ask("post", group, payloads.slice(from, from + BATCH));
		await alice.open(group);
		await until(`${group} is shown`, async () => (await alice.texts()).length >= texts.length);
		await alice.unharmed(`messages of ${group}`);
		const seen = (await alice.texts()).map(bare);
		assert.deepEqual(seen.slice(-texts.length), texts.map(bare), group);
		shown += texts.length;
	}
	return shown;
}

// In the page: opens each topicN of the list, and gives what its head says and is made of.
async function readHeads()
{
	const heads = [];
	for (const item of document.querySelectorAll("nav [data-conversation]")) {
		const name = item.querySelector("[data-name]").textContent;
		if (!name.startsWith("topic"))
			continue;
		item.click();
		await new Promise(requestAnimationFrame);
		const head = document.querySelector("main header");
		heads.push({ number: Number(name.slice("topic".length)), text: head.textContent,
			elements: [...head.querySelectorAll("*")].map(element => element.localName).join() });
	}
	return heads;
}

// One group for each, with the topic in its head and in the dialog of all groups.
async function asTopics(alice)
{
	const topics = await ask("topics", payloads);
	await alice.page.reload();
	await alice.online();
	await until("all groups are listed", async () =>
		await alice.page.locator("nav [data-conversation]").count() >= topics.length);
	// On a phone only one half of the page is drawn, so that it is done sooner.
	await alice.page.setViewportSize({ width: 390, height: 800 });
	const heads = await alice.page.evaluate(readHeads);
	await alice.page.setViewportSize({ width: 1000, height: 700 });
	assert.equal(heads.length, topics.length);
	for (const { number, text, elements } of heads) {
		assert.ok(bare(text).includes(bare(topics[number])), `${text} has not ${topics[number]}`);
		assert.equal(elements, heads[0].elements, text);
	}
	await alice.unharmed("topics in the head");
	await alice.action("join-group").click();
	await alice.page.locator("[data-group]").first().waitFor();
	await alice.unharmed("topics in the dialog");
	await alice.page.keyboard.press("Escape");
	return topics.length;
}

async function asOwnWords(alice)
{
	const mine = payloads.filter((text, n) => n % 25 === 0 && !/[\n\r]/.test(text));
	await alice.open("lobby");
	for (const text of mine)
		await alice.send(text);
	await alice.allStored("");
	await alice.unharmed("own words");
	return mine.length;
}

// Before the login: in the address, and in the forms.
async function asSecrets(stage)
{
	const alice = new Victim(await stage.page(), "stranger");
	await alice.arm();
	const secrets = payloads.filter((text, n) => n % 25 === 0);
	for (const secret of secrets) {
		await alice.page.goto("about:blank");
		await alice.page.goto(settings.url + "#invite=" + encodeURIComponent(secret));
		await alice.field("password").waitFor();
		await alice.unharmed(`secret ${secret}`);
	}
	await alice.action("show-register").or(alice.action("show-login")).first().waitFor();
	if (await alice.action("show-register").count())
		await alice.action("show-register").click();
	stage.allow(/status of 4\d\d/);
	for (const text of secrets.slice(0, 5)) {
		await alice.field("name").fill(text);
		await alice.field("password").fill(text + "password");
		await alice.field("invite").fill(text);
		await alice.action("register").click();
		await alice.page.locator("[role=alert]", { hasText: /\S/ }).waitFor();
		await alice.unharmed(`name ${text}`);
	}
	return secrets.length;
}

await scenario(async stage => {
	assert.ok(payloads.length >= 500, `${payloads.length} payloads`);
	const alice = new Victim(await stage.page(), "alice");
	await alice.arm();
	await alice.login();
	await alice.unharmed("login");
	// Names are refused by the server's rules; what it takes is in the list from here on.
	const names = await ask("names", payloads);
	const messages = await asMessages(alice);
	const topics = await asTopics(alice);
	const own = await asOwnWords(alice);
	const secrets = await asSecrets(stage);
	assert.ok(messages >= 500 && topics >= 500, `${messages} messages, ${topics} topics`);
	return { payloads: payloads.length, messages, topics, own, secrets, names };
});
