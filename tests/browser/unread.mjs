// unread.mjs - a burst into the open conversation while somebody types; coming back to many unread
// messages: what was in view is read, and the first unread one can be reached; the next morning.
import assert from "node:assert/strict";
import { cpus, loadavg } from "node:os";
import { Person } from "./person.mjs";
import { ask, quantile, scenario, settings, until } from "./scenario.mjs";

const MANY = 150;
const TALL = 1200;		// letters that fill the field of a text

// Notes how long after it was sent each text came into the page, and how late keys are. A text is
// "word ms": the time at which it was sent.
function watch()
{
	window.lags = new Map();
	window.keys = [];
	new MutationObserver(changes => {
		const now = Date.now();
		for (const { addedNodes } of changes)
			for (const node of addedNodes)
				for (const text of node.querySelectorAll?.(".text") ?? []) {
					const [, sent] = /^\w+ \d+ (\d+)$/.exec(text.textContent) ?? [];
					if (sent && !window.lags.has(text.textContent))
						window.lags.set(text.textContent, now - sent);
				}
	}).observe(document.querySelector("[role=log]"), { subtree: true, childList: true });
	addEventListener("keydown", event =>
		window.keys.push(performance.now() - event.timeStamp), true);
}

// Before the page's own code: notes when it writes cursors, by its own clock. What somebody else hears of
// it may be late, and then the pause before the next one seems short.
function watchCursors()
{
	window.cursors = [];
	const send = WebSocket.prototype.send;
	WebSocket.prototype.send = function (text) {
		if (text.includes('"markRead"'))
			window.cursors.push(performance.now());
		send.call(this, text);
	};
}

const busy = () => Math.max(1, loadavg()[0] / cpus().length);

async function burst(alice)
{
	await alice.open("tea");
	await alice.page.evaluate(watch);
	await alice.page.evaluate(() => { window.cursors = []; });
	const begin = Date.now();
	await ask("flood", "#tea", "burst", settings.seconds * settings.rate, settings.rate);
	// A tall field: measuring it must not move the log.
	await alice.field("text").fill("x".repeat(TALL));
	let typed = TALL;
	while (Date.now() - begin < settings.seconds * 1000) {
		await alice.page.keyboard.press("x");
		typed++;
	}
	const sent = await ask("flooded");
	await until("all have been shown", () => alice.page.evaluate(
		last => document.querySelector("[role=log]").textContent.includes(last), sent.last));
	const { lags, keys } = await alice.page.evaluate(() =>
		({ lags: [...window.lags.values()], keys: window.keys }));
	const load = busy();
	assert.ok(lags.length > sent.count * 0.5, `${lags.length} of ${sent.count} were seen`);
	assert.ok(quantile(lags, 0.99) < 1000 * load, `shown ${quantile(lags, 0.99)} ms late, load ${load}`);
	assert.ok(quantile(keys, 0.95) < 100 * load, `keys ${quantile(keys, 0.95)} ms late, load ${load}`);
	assert.equal(keys.length, typed - TALL);
	assert.equal(await alice.field("text").inputValue(), "x".repeat(typed));
	await until("all is read", async () => await ask("unread", "#tea") === 0);
	const cursors = await alice.page.evaluate(() => window.cursors);
	const pauses = cursors.slice(1).map((ms, n) => ms - cursors[n]);
	assert.ok(cursors.length >= 1 && pauses.every(ms => ms > 990), `cursors after ${pauses} ms`);
	await alice.field("text").fill("");
	return { sent: sent.count, late_ms: quantile(lags, 0.99), key_ms: quantile(keys, 0.95), load,
		cursors: cursors.length };
}

const chip = alice => alice.action("first-unread");

// The first and the last row that are wholly in view, by their texts.
function inView(alice)
{
	return alice.page.evaluate(() => {
		const { top, bottom } = document.querySelector("[role=log]").getBoundingClientRect();
		const texts = [...document.querySelectorAll("[role=log] [data-seq]")].filter(row => {
			const box = row.getBoundingClientRect();
			return box.top >= top - 1 && box.bottom <= bottom + 2;
		}).map(row => row.querySelector(".text")?.textContent);
		return [texts[0], texts.at(-1)];
	});
}

const numberOf = text => Number(/^\w+ (\d+)/.exec(text)[1]);

async function comeBack(alice)
{
	await alice.open("books");
	await ask("flood", "#tea", "missed", MANY, 0);
	await ask("flooded");
	await alice.entry("tea").locator(".unread", { hasText: String(MANY) }).waitFor();
	await alice.open("tea");
	await until("the end is shown", async () => numberOf((await inView(alice))[1] ?? "x 0") === MANY - 1);
	assert.match(await chip(alice).textContent(), new RegExp(`\\b${MANY}\\b.*\\d`), "how many, since when");
	await alice.entry("tea").locator(".unread", { hasText: String(MANY) }).waitFor();
	assert.equal(await ask("unread", "#tea"), MANY, "nothing was marked as read");

	// To the first one: what is in view there is read.
	await chip(alice).click();
	await until("the first is in view", async () => numberOf((await inView(alice))[0] ?? "x 9") === 0);
	assert.ok(await alice.page.locator(".divider").isVisible());
	const seen = numberOf((await inView(alice))[1]) + 1;
	await until("what is in view is read", async () => await ask("unread", "#tea") === MANY - seen);

	// Also after a reload; and the place is there again after a look elsewhere.
	await alice.page.reload();
	await alice.online();
	await until("the rest is unread", async () =>
		(await chip(alice).textContent().catch(() => "")).startsWith(String(MANY - seen)));
	await chip(alice).click();
	await until("the rest is in view", async () => numberOf((await inView(alice))[0] ?? "x 0") === seen);
	const [place] = await inView(alice);
	await alice.open("books");
	await alice.open("tea");
	const [again] = await inView(alice);	// the line of new messages is elsewhere
	assert.ok(Math.abs(numberOf(again) - numberOf(place)) <= 1, `${place} before, ${again} now`);

	// Read on to the end: nothing is left.
	await alice.page.getByRole("log").focus();
	await until("all is read", async () => {
		await alice.page.keyboard.press("PageDown");
		return await ask("unread", "#tea") === 0;
	}, 60);
	assert.equal(await chip(alice).count(), 0);
	assert.equal(numberOf((await inView(alice))[1]), MANY - 1);

	// Who does not want to read them says so.
	await alice.open("books");
	await ask("flood", "#tea", "again", MANY, 0);
	await ask("flooded");
	await alice.entry("tea").locator(".unread", { hasText: String(MANY) }).waitFor();
	await alice.open("tea");
	await alice.action("mark-read").click();
	await until("none is unread", async () => await ask("unread", "#tea") === 0);
}

// A group of which nothing was ever read, with more than a page: the first one is the first of all.
async function neverRead(alice)
{
	await ask("flood", "#news", "never", MANY, 0);
	await ask("flooded");
	await alice.entry("news").locator(".unread", { hasText: String(MANY) }).waitFor();
	await alice.open("news");
	await chip(alice).click();
	await until("the first is in view", async () => numberOf((await inView(alice))[0] ?? "x 9") === 0);
	const seen = numberOf((await inView(alice))[1]) + 1;
	await until("what is in view is read", async () => await ask("unread", "#news") === MANY - seen);
}

async function nextMorning(alice)
{
	const days = () => alice.page.locator("[role=log] .day").allTextContents();
	await alice.open("books");
	await until("today", async () => (await days()).at(-1) === "Today");
	await alice.page.clock.setSystemTime(Date.now() + 24 * 3600 * 1000);
	await alice.page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
	await until("yesterday", async () => (await days()).at(-1) === "Yesterday");
	assert.ok(!(await days()).includes("Today"));
}

await scenario(async stage => {
	const page = await stage.page();
	await page.addInitScript(watchCursors);
	const alice = new Person(page, "alice");
	await alice.login();
	const result = await burst(alice);
	await comeBack(alice);
	await neverRead(alice);
	await nextMorning(alice);
	return result;
});
