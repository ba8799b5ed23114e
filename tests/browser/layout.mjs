// layout.mjs - what must be readable is: at each width, in each language; without colours; on paper.
import assert from "node:assert/strict";
import { join } from "node:path";
import { Person } from "./person.mjs";
import { ask, scenario, settings } from "./scenario.mjs";

const WIDTHS = settings.widths;
const LANGUAGES = ["en", "de", "ko", "zh"];
const STATES = ["online", "polling", "connecting", "offline"];

// In the page: what is cut off, or reaches out of the window.
async function cut(states)
{
	const { t } = await import("/js/i18n.js");
	const problems = [];
	const look = (what, nodes) => {
		for (const node of nodes) {
			const box = node.getBoundingClientRect();
			if (box.width === 0)
				continue;
			const name = `${what}: ${node.textContent.slice(0, 40)}`;
			if (node.scrollWidth > node.clientWidth + 1 || node.scrollHeight > node.clientHeight + 3)
				problems.push(`${name} is cut`);
			if (box.left < -1 || box.right > innerWidth + 1)
				problems.push(`${name} is outside`);
		}
	};
	const connection = document.querySelector(".connection");
	const { textContent } = connection;
	for (const state of states) {
		connection.textContent = t(`state.${state}`);
		look(state, document.querySelectorAll(".connection"));
	}
	connection.textContent = textContent;
	look("name", document.querySelectorAll(".head h1"));
	look("button", document.querySelectorAll(".head button, .tools button, .composer button"));
	const ruler = document.createElement("canvas").getContext("2d");
	for (const field of document.querySelectorAll("[placeholder]")) {
		const { font, paddingLeft, paddingRight } = getComputedStyle(field);
		ruler.font = font;
		const room = field.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight);
		if (field.clientWidth > 0 && ruler.measureText(field.placeholder).width > room)
			problems.push(`${field.placeholder}: ${room} pixels are too few`);
	}
	look("presence", document.querySelectorAll(".chat .title p"));
	if (document.documentElement.scrollWidth > innerWidth)
		problems.push("the page is wider than the window");
	return problems;
}

async function widths(alice, problems)
{
	const { page } = alice;
	for (const language of LANGUAGES) {
		await page.evaluate(chosen => {
			localStorage["kith.settings"] = JSON.stringify({ language: chosen, asked: true });
		}, language);
		await page.reload();
		await alice.online();
		for (const width of WIDTHS) {
			await page.setViewportSize({ width, height: width < 500 ? 700 : 800 });
			for (const [name, open] of [["list", false], [settings.group, true], ["bob", true]]) {
				await page.evaluate(() => { location.hash = ""; });
				await page.waitForSelector("nav[aria-label] [data-conversation]:visible");
				if (open)
					await alice.open(name);
				for (const problem of await page.evaluate(cut, STATES))
					problems.push(`${language} ${width} ${name}: ${problem}`);
				for (const colorScheme of settings.look ? ["light", "dark"] : []) {
					await page.emulateMedia({ colorScheme });
					await page.screenshot({ path: join(settings.pictures,
						`layout-${language}-${width}-${open ? name.slice(0, 5) : "list"}-${colorScheme}.png`) });
				}
			}
		}
	}
}

// A person who is there and one who is not, the open conversation, unread ones: not by colour alone.
async function forcedColours(alice)
{
	await alice.page.emulateMedia({ forcedColors: "active" });
	for (const online of [true, false])
		await alice.page.locator(`nav .presence[data-online=${online}]`).first().waitFor();
	const look = await alice.page.evaluate(() => {
		const style = selector => getComputedStyle(document.querySelector(selector));
		return {
			online: style("nav .presence[data-online=true]").backgroundColor,
			offline: style("nav .presence[data-online=false]").backgroundColor,
			current: style(".conversation[aria-current]").outlineStyle,
			other: style(".conversation:not([aria-current])").outlineStyle,
			unread: style(".conversation .unread").borderTopStyle,
			connection: style(".connection").getPropertyValue("display") &&
				getComputedStyle(document.querySelector(".connection"), "::before").backgroundColor,
		};
	});
	assert.notEqual(look.online, look.offline, "who is there");
	assert.equal(look.current, "solid");
	assert.equal(look.other, "none");
	assert.equal(look.unread, "solid");
	assert.equal(look.connection, look.online);
	if (settings.look)
		await alice.page.screenshot({ path: join(settings.pictures, "layout-forced.png") });
	await alice.page.emulateMedia({ forcedColors: "none" });
}

async function paper(alice)
{
	const { page } = alice;
	const rows = () => page.locator("[role=log] [data-seq]").count();
	await page.emulateMedia({ media: "print" });
	await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
	const { side, tall, cut } = await page.evaluate(() => ({
		side: document.querySelector(".side").getBoundingClientRect().height,
		tall: document.body.scrollHeight > innerHeight * 2,
		cut: ["body", ".chat", ".log"].filter(s => getComputedStyle(document.querySelector(s)).overflowY !== "visible"),
	}));
	assert.equal(side, 0, "the list is not printed");
	assert.deepEqual(cut, []);
	assert.ok(tall && await rows() >= 50, "the whole conversation is");
	if (settings.look)
		await page.pdf({ path: join(settings.pictures, "layout.pdf") });
	await page.emulateMedia({ media: "screen" });
}

await scenario(async stage => {
	const alice = new Person(await stage.page(), settings.person);
	const bob = await Person.enter(stage, "bob");
	await alice.login();
	await alice.chat("bob");
	await alice.send("hello");
	await alice.chat("carol");
	await bob.open(settings.group);
	const problems = [];
	await widths(alice, problems);
	assert.deepEqual(problems, []);

	await alice.page.setViewportSize({ width: 1000, height: 700 });
	await alice.open(settings.group);
	await ask("kith", "carol", "send", `@${settings.person}`, "are you there?");
	await alice.entry("carol").locator(".unread").waitFor();
	await forcedColours(alice);
	await paper(alice);
	return { screens: WIDTHS.length * LANGUAGES.length * 3 };
});
