// outbox.mjs - what may be in a clipboard, storage that is full or forbidden, a message that the
// server never answers, and logging out while one waits: nothing stands still, nothing vanishes.
import assert from "node:assert/strict";
import { Person } from "./person.mjs";
import { scenario, until } from "./scenario.mjs";

// In the page, before its own code: replies to what says "swallow" are lost, and the server's
// other answers are not. Time for requests passes faster.
function swallow()
{
	const lost = new Set();
	const send = WebSocket.prototype.send;
	WebSocket.prototype.send = function (text) {
		const request = JSON.parse(text);
		if (request.send?.text.startsWith("swallow"))
			lost.add(request.id);
		send.call(this, text);
	};
	const listen = WebSocket.prototype.addEventListener;
	WebSocket.prototype.addEventListener = function (type, listener, ...rest) {
		listen.call(this, type, type !== "message" ? listener : event => {
			const reply = JSON.parse(event.data);
			if (!lost.has(reply.id) && !reply.event?.text?.startsWith("swallow"))
				listener(event);
		}, ...rest);
	};
	const later = window.setTimeout;
	window.setTimeout = (run, ms, ...rest) => later(run, ms === 15000 || ms === 4000 ? 300 : ms, ...rest);
}

function forbidStorage()
{
	Object.defineProperty(window, "localStorage", { get: () => {
		throw new DOMException("denied", "SecurityError");
	} });
}

function fillStorage()
{
	Storage.prototype.setItem = () => {
		throw new DOMException("full", "QuotaExceededError");
	};
}

// As a paste does, which `fill` is not.
function paste(text)
{
	const field = document.querySelector("textarea[name=text]");
	field.focus();
	field.setRangeText(text);
	field.dispatchEvent(new InputEvent("input", { bubbles: true }));
}

await scenario(async stage => {
	const bob = await Person.enter(stage, "bob");
	await bob.open("tea");

	// Characters that no request may hold.
	const page = await stage.page();
	await page.addInitScript(swallow);
	const alice = new Person(page, "alice");
	await alice.login();
	await alice.open("tea");
	for (const [text, shown] of [["nul\0one", "nulone"], ["half\ud800two", "half\ufffdtwo"],
		["\udc00three", "\ufffdthree"]]) {
		await page.evaluate(paste, text);
		await alice.field("text").press("Enter");
		await bob.sees(shown);
		await alice.sees(shown);
	}
	await alice.send("plain");
	await bob.sees("plain");
	await alice.allStored("plain");

	// A message without an answer ends as failed; what is behind it, elsewhere, does not wait.
	await alice.send("swallow this");
	await alice.chat("bob");
	await alice.send("elsewhere");
	await alice.allStored("elsewhere");
	await alice.open("tea");
	await until("it has failed", async () =>
		(await alice.log()).some(row => row.text === "swallow this" && row.status === "failed"), 30);
	await alice.action("retry").waitFor();
	// Logging out asks first: for what is not sent, and for what is only begun.
	const asks = async n => {
		await alice.action("settings").click();
		await alice.action("logout").click();
		const question = page.getByRole("dialog").filter({ hasText: `begun: ${n}.` });
		await question.waitFor();
		await question.locator("[data-action=cancel]").click();
		await page.keyboard.press("Escape");
		await page.getByRole("dialog").waitFor({ state: "hidden" });
	};
	await asks(1);
	await alice.action("discard").click();
	await until("it is gone", async () => !(await alice.texts()).includes("swallow this"));
	await alice.field("text").fill("begun");
	await alice.open("bob");
	await asks(1);
	await alice.open("tea");
	await alice.field("text").fill("");

	// What waits may be discarded, too.
	stage.allow(/WebSocket connection to .* failed/, /Failed to load resource: net::ERR_/);
	await page.context().setOffline(true);
	await page.waitForSelector("body[data-state=offline]");
	await until("nobody knows who is here", async () => await page.locator("nav .presence").count() === 0);
	await alice.send("never mind");
	await alice.action("discard").click();
	await until("it is gone", async () => !(await alice.texts()).includes("never mind"));
	await page.context().setOffline(false);
	await alice.online();

	// Storage that is forbidden or full.
	for (const init of [forbidStorage, fillStorage]) {
		const carol = new Person(await stage.page(), "carol");
		await carol.page.addInitScript(init);
		await carol.login();
		await carol.open("tea");
		await carol.send(`by ${init.name}`);
		await bob.sees(`by ${init.name}`);
		await carol.allStored("by");
		await carol.page.context().close();
	}
	assert.ok(!(await bob.texts()).includes("never mind"));
});
