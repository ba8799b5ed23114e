// restored.mjs - a backup is put back under pages that stay: each drops what is gone, shows what
// is written afterwards, and says that the history changed.
import assert from "node:assert/strict";
import { Person } from "./person.mjs";
import { ask, scenario, until } from "./scenario.mjs";

// What a network does that breaks WebSockets: the page polls.
function noSockets()
{
	window.WebSocket = class {
		constructor()
		{
			throw new DOMException("no WebSockets here", "SecurityError");
		}
	};
}

async function say(group, ...texts)
{
	for (const text of texts)
		await ask("kith", "carol", "send", group, text);
}

await scenario(async stage => {
	stage.allow(/WebSocket connection to .* failed/, /Failed to load resource/);
	const alice = await Person.enter(stage, "alice");
	const page = await stage.page();
	await page.addInitScript(noSockets);
	const bob = new Person(page, "bob");
	await bob.login();
	const all = [alice, bob];
	for (const one of all)
		await one.open("tea");

	await say("#tea", "text 1", "text 2");
	await ask("backup");
	await say("#tea", "text gone 1", "text gone 2", "text gone 3");
	await say("#books", "text gone 4");
	for (const one of all)
		await one.sees("text gone 3");

	// The notice stays for some seconds only.
	const told = all.map(one => one.page.locator(".toast", { hasText: "history changed" }).waitFor());
	await ask("restore");
	await say("#tea", "text 3", "text 4", "text 5");
	await say("#books", "text aside");
	await Promise.all(told);

	const texts = ["text 1", "text 2", "text 3", "text 4", "text 5"];
	for (const one of all) {
		await one.online();
		await one.hasExactly(texts, "text ");
		await one.entry("books").locator(".unread", { hasText: "1" }).waitFor();
	}
	await alice.send("text 6");
	await bob.send("text 7");
	texts.push("text 6", "text 7");
	for (const one of all) {
		await until("both are stored", async () => (await one.texts()).includes("text 7"));
		await one.open("books");
		await one.hasExactly(["text aside"], "text ");
		await one.open("tea");
	}
	const order = await until("alice sees all", async () => {
		const shown = (await alice.texts()).filter(text => text.startsWith("text "));
		return shown.length >= texts.length && shown;
	});
	assert.deepEqual([...order].sort(), texts);
	await bob.hasExactly(order, "text ");
	await alice.page.reload();
	await alice.open("tea");
	await alice.hasExactly(order, "text ");
});
