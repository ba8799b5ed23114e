// manners.mjs - what the page says and does at its edges: registering, the end of a session, addresses,
// keys of a phone, files, copied words, fences and links, tabs that act as one.
import assert from "node:assert/strict";
import { Person } from "./person.mjs";
import { ask, scenario, settings, until } from "./scenario.mjs";

// Rules are said before, and the reason after; a password can be looked at.
async function registers(stage)
{
	const erin = new Person(await stage.page(), "erin");
	await erin.page.goto(await ask("invite"));
	await erin.field("name").fill("Erin O'Hara");
	const rule = await erin.field("name").getAttribute("aria-describedby");
	assert.match(await erin.page.locator(`#${rule}`).textContent(), /spaces/);
	await erin.field("password").fill(settings.password);
	await erin.action("show-password").click();
	assert.equal(await erin.field("password").getAttribute("type"), "text");
	stage.allow(/status of 400/);
	for (const [name, why] of [["Erin O'Hara", "a space"], ["er\u0456n", "different scripts"],
		["erin..o", "in a row"], ["er\"in", "U+0022"]]) {
		await erin.field("name").fill(name);
		await erin.action("register").click();
		await erin.page.getByRole("alert").filter({ hasText: "letters of one script" })
			.filter({ hasText: why }).waitFor();
	}
	await erin.field("name").fill("erin");
	await erin.action("register").click();
	await erin.online();
	return erin;
}

// Each end of a session has its reason, in each tab; logging in again in one leads all on.
async function ends(stage, erin)
{
	const other = new Person(await erin.page.context().newPage(), "erin");
	await other.page.goto(other.url);
	await other.online();
	const ended = one => one.page.locator(".ending");
	await ask("revoke", "erin");
	for (const one of [erin, other])
		await ended(one).filter({ hasText: "administrator" }).waitFor();
	await erin.field("name").fill("erin");
	await erin.field("password").fill(settings.password);
	await erin.action("login").click();
	await erin.online();
	await other.online();
	await erin.action("settings").click();
	await erin.action("logout").click();
	await ended(other).filter({ hasText: "another tab" }).waitFor();
	await erin.field("password").waitFor();
	assert.equal(await ended(erin).count(), 0, "who logs out needs no reason");
	await other.page.close();
}

// An address survives the login, and says why it leads nowhere.
async function addresses(stage)
{
	const alice = new Person(await stage.page(), "alice");
	const { page } = alice;
	const go = async address => {
		await page.goto(`${settings.url}#/${address}`);
		await page.reload();
	};
	await go("group/tea");
	await alice.field("name").fill("alice");
	await alice.field("password").fill(settings.password);
	await alice.action("login").click();
	await alice.online();
	await alice.isOpen("tea");
	await go("group/closed-tea");
	await page.getByText("You are not in #closed-tea").waitFor();
	await go("999999");
	await page.getByText("You are not in this group").waitFor();
	assert.ok(!(await page.locator("main").innerText()).includes("999999"), "a number is no name");
	await alice.action("go").click();
	await page.locator(".toast").waitFor();
	await go(await ask("group", "dora", "open-tea"));
	await page.getByText("You are not in #open-tea").waitFor();
	await go("@carol");
	await alice.action("go").click();
	await alice.isOpen("carol");
	await alice.send("hello");
	await alice.allStored("hello");
	await go("@carol");
	await alice.isOpen("carol");
	await alice.open("tea");
	return alice;
}

function drop(types)
{
	const data = new DataTransfer();
	if (types.includes("Files"))
		data.items.add(new File(["x"], "x.png", { type: "image/png" }));
	return !document.querySelector("[role=log]").dispatchEvent(
		new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer: data }));
}

function copyAll()
{
	const rows = document.querySelectorAll("[role=log] [data-seq]");
	getSelection().setBaseAndExtent(rows[0], 0, rows[rows.length - 1], rows[rows.length - 1].childNodes.length);
	const event = new ClipboardEvent("copy", { bubbles: true, cancelable: true, clipboardData: new DataTransfer() });
	document.querySelector("[role=log]").dispatchEvent(event);
	return event.clipboardData.getData("text/plain").split("\n");
}

async function words(alice)
{
	const { page } = alice;
	assert.ok(await page.evaluate(drop, ["Files"]), "a file is not opened");
	await page.locator(".toast", { hasText: "files" }).waitFor();

	await alice.send("    indented\n  more\n\n");
	await alice.sees("    indented\n  more");
	await alice.send("write to ann@example.org or www.example.org.");
	const links = page.locator("[role=log] .text a");
	await links.nth(1).waitFor();
	assert.deepEqual(await links.evaluateAll(nodes => nodes.map(node => node.getAttribute("href"))),
		["mailto:ann@example.org", "https://www.example.org/"]);
	await alice.send("ask @carol or @nobody in #tea or `#tea`");
	await links.nth(3).waitFor();
	assert.equal(await links.count(), 4);
	await links.nth(2).click();
	await alice.isOpen("carol");
	await page.goBack();
	await alice.isOpen("tea");
	await alice.send("see #open-tea");
	await links.getByText("#open-tea").click();
	await page.getByText("You are not in #open-tea").waitFor();
	await page.goBack();
	await alice.isOpen("tea");
	for (const emoji of ["\u{1f1e9}\u{1f1ea}", "1\ufe0f\u20e3", "\u{1f3f3}\ufe0f\u200d\u{1f308}", "\u{1f600} \u{1f44d}"]) {
		await alice.send(emoji);
		await page.locator(".text.large", { hasText: emoji }).waitFor();
	}
	await alice.send("```\ncode\n```\nafter");
	const after = await alice.sees("code\nafter").catch(() => null) ?? await alice.sees("codeafter");
	assert.ok(after, "no blank line after a fence");

	const lines = await page.evaluate(copyAll);
	assert.ok(lines.some(line => /^\[.*\] alice: write to ann/.test(line)), lines.join("\n"));
	assert.ok(!lines.includes("You") && !lines.includes("stored"), lines.join("\n"));

	// A name that is in no conversation yet.
	await alice.field("filter").fill("dora");
	await alice.field("filter").press("Enter");
	await alice.isOpen("dora");
}

async function phone(stage)
{
	const page = await stage.page({ viewport: { width: 390, height: 800 }, isMobile: true, hasTouch: true });
	const dora = new Person(page, "dora");
	await dora.login();
	await dora.open("tea");
	await dora.field("text").fill("one");
	await dora.field("text").press("Enter");
	await page.keyboard.type("two");
	assert.equal(await dora.field("text").inputValue(), "one\ntwo");
	await dora.action("send").click();
	await dora.sees("one\ntwo");
}

// In the page, before its own code.
function noteNotifications()
{
	window.notes = [];
	window.away = false;
	window.Notification = class extends EventTarget {
		static permission = "granted";

		constructor(title)
		{
			super();
			window.notes.push(title);
		}

		close() { window.notesClosed = (window.notesClosed ?? 0) + 1; }
	};
	Object.defineProperty(document, "hidden", { get: () => window.away });
	document.hasFocus = () => !window.away;
	window.hide = away => {
		window.away = away;
		dispatchEvent(new Event(away ? "blur" : "focus"));
		document.dispatchEvent(new Event("visibilitychange"));
	};
	if (location.protocol === "https:")
		localStorage["kith.settings"] = JSON.stringify({ notifications: true, asked: true });
}

// Two tabs: none speaks while the user looks at one; one of them, if he looks at none.
async function tabs(stage)
{
	const context = await stage.context();
	await context.addInitScript(noteNotifications);
	const left = new Person(await context.newPage(), "carol");
	await left.login();
	const right = new Person(await context.newPage(), "carol");
	await right.page.goto(right.url);
	await right.online();
	const notes = async () => (await Promise.all([left, right].map(({ page }) =>
		page.evaluate(() => window.notes.length)))).reduce((a, b) => a + b);
	const say = async text => {
		await ask("kith", "bob", "send", "@carol", text);
		await left.page.locator("nav .preview", { hasText: text }).waitFor();
		await right.page.locator("nav .preview", { hasText: text }).waitFor();
	};
	await right.page.evaluate(() => window.hide(true));
	await say("while the left one is looked at");
	assert.equal(await notes(), 0);
	await left.page.evaluate(() => window.hide(true));
	await say("while none is");
	await until("one of them tells", async () => await notes() === 1);
	await left.page.evaluate(() => window.hide(false));
	await left.open("bob");
	await until("the note is closed", async () => (await Promise.all([left, right].map(({ page }) =>
		page.evaluate(() => window.notesClosed)))).some(n => n > 0));
	assert.equal(await notes(), 1);
}

await scenario(async stage => {
	const erin = await registers(stage);
	await ends(stage, erin);
	await words(await addresses(stage));
	await phone(stage);
	await tabs(stage);
});
