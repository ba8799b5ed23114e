// language.mjs - the four languages: every text of the page changes, none is missing.
import assert from "node:assert/strict";
import { Person } from "./person.mjs";
import { scenario, settings, until } from "./scenario.mjs";

// In the page: all that a person may read or hear of it, without what people wrote.
function words()
{
	const found = new Set();
	const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_ELEMENT |
		NodeFilter.SHOW_TEXT);
	for (let node = walker.nextNode(); node; node = walker.nextNode()) {
		if (node.nodeType === Node.TEXT_NODE) {
			if (node.parentElement.checkVisibility() && !node.parentElement.closest("script, option"))
				found.add(node.data.trim());
		} else {
			for (const name of ["aria-label", "placeholder", "title", "alt"])
				found.add((node.getAttribute(name) ?? "").trim());
		}
	}
	found.delete("");
	return [...found];
}

class Reader extends Person {
	async choose(language)
	{
		await this.action("settings").click();
		await this.field("language").selectOption(language);
		await this.leaveDialog();
		await until(`the page speaks ${language}`, () => this.page.evaluate(
			wanted => document.documentElement.lang.startsWith(wanted), language));
	}

	async leaveDialog()
	{
		const ok = this.action("ok");
		await (await ok.count() ? ok.click() : this.page.keyboard.press("Escape"));
		await this.page.getByRole("dialog").waitFor({ state: "hidden" });
	}

	// The texts of the page and of its dialogs.
	async everything()
	{
		const all = new Set(await this.page.evaluate(words));
		for (const action of ["new-chat", "create-group", "join-group", "members", "settings"]) {
			await this.action(action).click();
			await this.page.getByRole("dialog").waitFor();
			(await this.page.evaluate(words)).forEach(text => all.add(text));
			await this.page.keyboard.press("Escape");
			await this.page.getByRole("dialog").waitFor({ state: "hidden" });
		}
		return [...all];
	}
}

// At least so many of the texts are of the catalogue.
function check(texts, language, least)
{
	const broken = texts.filter(text => settings.catalogues.en[text] !== undefined &&
		settings.catalogues[language][text] !== text || /\{\w+\}|undefined|\[object/.test(text));
	assert.deepEqual(broken, [], `${language} has texts for all`);
	// What is written like an English text of the catalogue, and is not so in this language.
	const own = new Set(Object.values(settings.catalogues[language]));
	const english = new Set(Object.values(settings.catalogues.en));
	const foreign = language === "en" ? [] : texts.filter(text => english.has(text) && !own.has(text));
	assert.deepEqual(foreign, [], `${language} is not English`);
	assert.ok(texts.filter(text => own.has(text)).length >= least, `${language}: ${texts}`);
}

// The page's modules do not come: at once, one of them, or at all; and the server is away or not.
async function boots(stage, page, language)
{
	const button = page.locator(".boot [data-action=reload]"), cut = route => route.abort();
	stage.allow(/Failed to load resource/);
	await page.clock.install();
	for (const [pattern, hold, away] of [["**/js/cursors.js", cut, true], ["**/js/main.js", () => {}, false]]) {
		await page.route(pattern, hold);
		if (away)
			await page.route("**/healthz", cut);
		await page.goto(settings.url, { waitUntil: "commit" });
		if (hold !== cut) {
			await page.locator(".boot").waitFor();
			await page.clock.fastForward(6000);
		}
		await button.waitFor();
		assert.equal(await button.innerText(), settings.catalogues[language]["chat.retry"]);
		assert.equal(await page.evaluate(() => document.documentElement.lang.slice(0, 2)), language);
		if (!away)
			await button.click();
		await page.unrouteAll();
		if (away)
			await page.clock.fastForward(4000);	// by itself, as the server is back
		await page.locator("[data-action=login]:visible").waitFor();
	}
}

await scenario(async stage => {
	const alice = new Reader(await stage.page(), "alice");
	await alice.login();
	await alice.open("tea");
	const counted = {};
	for (const language of ["zh", "ko", "de", "en"]) {
		await alice.choose(language);
		const texts = await alice.everything();
		check(texts, language, 15);
		counted[language] = texts.length;
	}
	// It is remembered.
	await alice.choose("ko");
	await alice.page.reload();
	await until("it still speaks Korean", () => alice.page.evaluate(
		() => document.documentElement.lang.startsWith("ko")));

	// A catalogue that cannot be fetched: the page starts when it can, and keeps its language.
	stage.allow(/Failed to load resource|lang\/\w+\.json/);
	let cuts = 0;
	await alice.page.route("**/lang/*.json", route => cuts++ < 1 ? route.abort() :
		cuts < 3 ? route.fulfill({ status: 503, body: "" }) : route.continue());
	await alice.page.reload();
	await alice.online();
	assert.ok(cuts >= 3, `${cuts} requests`);
	cuts = 0;
	await alice.action("settings").click();
	await alice.field("language").selectOption("de");
	await alice.page.locator(".toast").waitFor();
	assert.match(await alice.page.evaluate(() => document.documentElement.lang), /^ko/);
	await alice.leaveDialog();

	// Who comes for the first time is greeted in the browser's language.
	for (const [locale, language] of [["de-AT", "de"], ["zh-CN", "zh"], ["ko-KR", "ko"], ["fr-FR", "en"]]) {
		const page = await stage.page({ locale });
		await boots(stage, page, language);
		await page.locator("[data-action=login]:visible").waitFor();
		const lang = await page.evaluate(() => document.documentElement.lang);
		assert.ok(lang.startsWith(language), `${locale} is greeted in ${lang}`);
		check(await page.evaluate(words), language, 3);
		await page.context().close();
	}
	return counted;
});
