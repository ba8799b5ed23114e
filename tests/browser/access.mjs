// access.mjs - axe-core on every screen and dialog, light and dark, wide and on a phone.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { Person } from "./person.mjs";
import { load, scenario, settings } from "./scenario.mjs";

const AXE = readFileSync(load.resolve("axe-core/axe.min.js"), "utf8");
const BAD = ["moderate", "serious", "critical"];

const LOOKS = {
	light: { colorScheme: "light" },
	dark: { colorScheme: "dark" },
	phone: { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true },
};

class Screen {
	constructor(look, found)
	{
		this.look = look;
		this.found = found;
		this.count = 0;
	}

	async check(person, what)
	{
		await person.page.evaluate(AXE);
		const { violations, passes } = await person.page.evaluate(() => window.axe.run(document));
		assert.ok(passes.length > 0, "axe has looked at something");
		this.count++;
		for (const { impact, id, nodes } of violations)
			if (BAD.includes(impact))
				this.found.push(`${this.look}, ${what}: ${id}: ` +
					nodes.map(node => node.target.join(" ")).slice(0, 5).join("; ") +
					`: ${nodes[0].failureSummary}`);
	}

	async dialog(person, action)
	{
		await person.action(action).click();
		await person.page.getByRole("dialog").waitFor();
		await this.check(person, action);
		await person.page.keyboard.press("Escape");
		await person.page.getByRole("dialog").waitFor({ state: "hidden" });
	}
}

async function look(stage, name, options, found)
{
	const screen = new Screen(name, found);
	// The tool itself needs what the page's policy forbids.
	const person = new Person(await stage.page({ bypassCSP: true, ...options }), "alice");
	const { page } = person;
	await page.goto(settings.url);
	await person.field("password").waitFor();
	await screen.check(person, "login");
	await person.action("show-register").click();
	await person.field("invite").waitFor();
	await screen.check(person, "register");
	await person.action("show-login").click();
	await person.login();
	await person.entry("tea").waitFor();
	await screen.check(person, "list");
	for (const action of ["new-chat", "create-group", "join-group", "settings"])
		await screen.dialog(person, action);
	await person.open("tea");
	await person.sees("a link https://example.org/ and code");
	await screen.check(person, "chat");
	for (const action of ["members", "invite"])
		await screen.dialog(person, action);
	if (name === "phone") {
		await person.action("back").click();
		await person.entry("tea").waitFor();
		await page.evaluate(() => { location.hash = "#/group/nowhere"; });
		await person.action("go").waitFor();
		await screen.check(person, "an address that leads nowhere");
	}
	await page.context().close();
	return screen.count;
}

await scenario(async stage => {
	const found = [];
	let screens = 0;
	for (const [name, options] of Object.entries(LOOKS))
		screens += await look(stage, name, options, found);
	assert.deepEqual(found, []);
	return { screens };
});
