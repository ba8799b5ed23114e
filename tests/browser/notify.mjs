// notify.mjs - a message for somebody who looks elsewhere: a notification, and the title.
import assert from "node:assert/strict";
import { Person } from "./person.mjs";
import { scenario, settings, until } from "./scenario.mjs";

// In the page, before its own code: the browser's notifications, noted; and a way to hide
// the page, which a browser without a screen doesn't have.
function instrument()
{
	window.notes = [];
	window.asked = 0;
	const Real = window.Notification;
	window.Notification = class extends Real {
		constructor(title, options)
		{
			super(title, options);
			window.notes.push({ title, body: options?.body ?? "" });
		}

		static requestPermission()
		{
			window.asked++;
			return Real.requestPermission();
		}
	};
	let hidden = false;
	Object.defineProperty(document, "hidden", { get: () => hidden });
	Object.defineProperty(document, "visibilityState", { get: () => hidden ? "hidden" : "visible" });
	document.hasFocus = () => !hidden;
	window.hide = now => {
		hidden = now;
		window.dispatchEvent(new Event(now ? "blur" : "focus"));
		document.dispatchEvent(new Event("visibilitychange"));
	};
}

await scenario(async stage => {
	const context = await stage.context();
	await context.grantPermissions(["notifications"], { origin: new URL(settings.url).origin });
	const page = await context.newPage();
	await page.addInitScript(instrument);
	const alice = new Person(page, "alice");
	await alice.login();
	assert.equal(await page.evaluate(() => Notification.permission), "granted");
	await alice.action("settings").click();
	await alice.field("notifications").setChecked(true);
	const ok = alice.action("ok");
	await (await ok.count() ? ok.click() : page.keyboard.press("Escape"));
	await page.getByRole("dialog").waitFor({ state: "hidden" });
	const title = await page.title();

	const bob = await Person.enter(stage, "bob");
	await bob.chat("alice");
	await page.evaluate(() => window.hide(true));
	await bob.send("<b>psst</b>");
	const notes = await until("a notification", () => page.evaluate(
		() => window.notes.length > 0 && window.notes));
	assert.equal(notes.length, 1);
	assert.match(notes[0].title + notes[0].body, /bob/);
	await until("the title tells of it", async () => /\b1\b/.test(await page.title()));

	// Own words, and what is in sight, are no news.
	await page.evaluate(() => window.hide(false));
	await alice.open("bob");
	await alice.sees("<b>psst</b>");
	await until("the title is as before", async () => await page.title() === title ||
		!/\(\d+\)/.test(await page.title()));
	await bob.send("you are here");
	await alice.sees("you are here");
	await alice.send("yes");
	await bob.sees("yes");
	assert.equal((await page.evaluate(() => window.notes)).length, 1);

	// A page that may not notify does not ask before somebody wants it to.
	const carol = new Person(await stage.page(), "carol");
	await carol.page.addInitScript(instrument);
	await carol.login();
	assert.equal(await carol.page.evaluate(() => window.asked), 0, "asked at the login");
});
