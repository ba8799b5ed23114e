// keyboard.mjs - from the invitation to a message, and through the dialogs, without a mouse.
import assert from "node:assert/strict";
import { Person } from "./person.mjs";
import { scenario, settings } from "./scenario.mjs";

class Typist extends Person {
	// Presses Tab until the focus is on what matches.
	async tabTo(selector)
	{
		const passed = [];
		for (let n = 0; n < 80; n++) {
			const at = await this.page.evaluate(wanted => {
				const here = document.activeElement;
				return here.matches(wanted) ? true : here.outerHTML.slice(0, 60);
			}, selector);
			if (at === true)
				return this.mustBeSeen(selector);
			passed.push(at);
			await this.page.keyboard.press("Tab");
		}
		throw new Error(`no Tab leads to ${selector}, only to\n${[...new Set(passed)].join("\n")}`);
	}

	// Who has no mouse must see where he is.
	async mustBeSeen(selector)
	{
		const seen = await this.page.evaluate(() => {
			const style = getComputedStyle(document.activeElement);
			const box = document.activeElement.getBoundingClientRect();
			return box.width > 0 && (style.outlineStyle !== "none" && style.outlineWidth !== "0px" ||
				style.boxShadow !== "none");
		});
		assert.ok(seen, `the focus on ${selector} can't be seen`);
	}

	async type(selector, text)
	{
		await this.tabTo(selector);
		await this.page.keyboard.type(text);
	}
}

await scenario(async stage => {
	const alice = new Typist(await stage.page(), "alice");
	const { keyboard } = alice.page;
	await alice.page.goto(settings.invite);
	await alice.field("invite").waitFor();
	await alice.type("input[name=name]", "alice");
	await alice.type("input[name=password]", settings.password);
	await keyboard.press("Enter");
	await alice.online();

	await alice.tabTo("[data-action=new-chat]");
	await keyboard.press("Enter");
	await alice.type("input[name=user]", "bob");
	await keyboard.press("Enter");
	await alice.type("textarea[name=text]", "no mouse here");
	await keyboard.press("Enter");
	await alice.sees("no mouse here");
	await alice.allStored("no mouse");

	// Escape closes a dialog, and the focus is where it was.
	for (const action of ["create-group", "join-group", "settings"]) {
		await alice.tabTo(`[data-action=${action}]`);
		await keyboard.press("Enter");
		await alice.page.getByRole("dialog").waitFor();
		assert.ok(await alice.page.evaluate(
			() => document.activeElement.closest("dialog, [role=dialog]") !== null),
			`the focus is in the dialog of ${action}`);
		await keyboard.press("Escape");
		await alice.page.getByRole("dialog").waitFor({ state: "hidden" });
		assert.ok(await alice.page.evaluate(
			wanted => document.activeElement.matches(wanted), `[data-action=${action}]`),
			`the focus is back on ${action}`);
	}

	// Another conversation, and back.
	await alice.tabTo("nav [data-conversation] *, nav [data-conversation]");
	await keyboard.press("Enter");
	await alice.field("text").waitFor();
	await alice.tabTo("textarea[name=text]");
});
