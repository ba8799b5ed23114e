// groups.mjs - made, found, joined, looked at, invited to, left.
import assert from "node:assert/strict";
import { Person } from "./person.mjs";
import { ask, scenario, until } from "./scenario.mjs";

class Member extends Person {
	dialog()
	{
		return this.page.getByRole("dialog");
	}

	async confirm()
	{
		await this.action("ok").click();
		await this.dialog().waitFor({ state: "hidden" });
	}

	async create(group, topic, open)
	{
		await this.action("create-group").click();
		await this.field("group").fill(group);
		await this.field("topic").fill(topic);
		await this.field("public").setChecked(open);
		await this.action("ok").click();
		await this.isOpen(group);
	}

	// The members that the dialog lists, once they are so many.
	async members(...names)
	{
		await this.action("members").click();
		await until(`members are ${names}`, async () => {
			const text = await this.dialog().innerText();
			return names.every(name => new RegExp(`\\b${name}\\b`).test(text));
		});
		const text = await this.dialog().innerText();
		await this.page.keyboard.press("Escape");
		await this.dialog().waitFor({ state: "hidden" });
		return text;
	}
}

// A group is left with another device, while this page is cut off and holds texts for it: they stay in
// sight, can be thrown away, and are sent if the user comes back.
async function leftElsewhere(stage, carol)
{
	const { page } = carol, line = carol.action("unsent");
	const counts = (messages, drafts) => until(`${messages} and ${drafts} are not sent`, async () =>
		/^Messages that were not sent: (\d+)( · Drafts: (\d+))?$/.exec(await line.textContent())
			?.filter((part, n) => n % 2).join() === [messages, drafts].join());
	const texts = () => carol.dialog().locator(".text").allInnerTexts();
	stage.allow(/WebSocket connection to .* failed/, /Failed to load resource: net::ERR_/);
	assert.equal(await line.count(), 0);
	await carol.open("chess");
	await page.context().setOffline(true);
	await page.waitForSelector("body[data-state=offline]");
	for (const text of ["Nf3?", "0-0"])
		await carol.send(text);
	await carol.field("text").fill("half a thought");
	await ask("kith", "carol", "group", "leave", "#chess");
	await page.context().setOffline(false);
	await carol.online();
	await carol.entry("chess").waitFor({ state: "detached" });
	await counts(2, 1);
	await page.reload();
	await carol.online();
	await counts(2, 1);
	await line.click();
	assert.deepEqual((await texts()).sort(), ["0-0", "Nf3?", "half a thought"]);
	assert.deepEqual(await carol.dialog().locator("h3").allInnerTexts(), ["#chess", "#chess", "#chess"]);
	assert.equal(await carol.dialog().locator("li", { hasText: "half a" }).getByText("A draft").count(), 1);
	await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
	await carol.dialog().locator("li", { hasText: "Nf3?" }).locator("[data-action=copy]").click();
	await until("it is in the clipboard", async () =>
		await page.evaluate(() => navigator.clipboard.readText()) === "Nf3?");
	await carol.dialog().locator("li", { hasText: "0-0" }).locator("[data-action=discard]").click();
	await until("one less", async () => !(await texts()).includes("0-0"));
	await page.keyboard.press("Escape");
	await counts(1, 1);

	await carol.action("join-group").click();
	await carol.field("group").fill("chess");
	await carol.action("ok").click();
	await carol.isOpen("chess");
	assert.equal(await carol.field("text").inputValue(), "half a thought");
	await counts(1);
	await line.click();
	await carol.dialog().locator("[data-action=retry]").click();
	await carol.dialog().waitFor({ state: "hidden" });
	await carol.allStored("Nf3?");
	await carol.sees("Nf3?");
	assert.equal(await line.count(), 0);
}

// A public group is left with another device, right after somebody came into it: its row goes, and does
// not come back with an answer that was asked for before. A link to it is in sight.
async function leftAtOnce(alice)
{
	await alice.create("inner", "", false);
	await alice.send("see #brief and #chess");
	await alice.allStored("see");
	for (let n = 0; n < 2; n++) {
		await ask("kith", "alice", "group", n ? "join" : "create", "#brief");
		await alice.entry("brief").waitFor();
		await ask("kith", "bob", "group", "join", "#brief");
		await ask("kith", "alice", "group", "leave", "#brief");
		await alice.entry("brief").waitFor({ state: "detached" });
		await ask("kith", "bob", "group", "leave", "#brief");
	}
	await alice.send("and then");
	await alice.allStored("and then");
	assert.equal(await alice.entry("brief").count(), 0);
	await alice.page.locator("[role=log] a", { hasText: "#chess" }).first().waitFor();
}

// Many who come at once are one line, and do not lift the group above what people said elsewhere.
async function newcomers(alice)
{
	const first = () => alice.page.locator("nav [data-name]").first().innerText();
	const note = alice.page.locator("[role=log] .note").last();
	await alice.open("board");
	await alice.send("what now?");
	await alice.allStored("what now?");
	await alice.open("chess");
	await alice.page.waitForFunction(() => document.querySelector("nav [data-name]").textContent === "board");
	await ask("newcomers", "chess", 4);
	await note.filter({ hasText: "new0, new1, and 2 others joined" }).waitFor();
	assert.equal(await note.getAttribute("title"), "new0, new1, new2, and new3");
	assert.equal(await first(), "board");
	assert.match(await alice.entry("chess").locator(".preview").innerText(), /Nf3/);
	await alice.page.reload();
	await alice.online();
	await note.filter({ hasText: "new0, new1, and 2 others joined" }).waitFor();
	assert.equal(await first(), "board");
	await alice.send("hello to you all");
	await alice.page.waitForFunction(() => document.querySelector("nav [data-name]").textContent === "chess");
}

await scenario(async stage => {
	const [alice, bob, carol] = await Promise.all(["alice", "bob", "carol"].map(
		name => Member.enter(stage, name)));

	await alice.create("chess", "openings & endings", true);
	await alice.page.getByText("openings & endings").first().waitFor();
	await alice.create("board", "", false);

	// Found in the list, which doesn't show what is private.
	await bob.action("join-group").click();
	await bob.dialog().locator("[data-group=chess]").waitFor();
	assert.equal(await bob.page.locator("[data-group=board]").count(), 0);
	await bob.dialog().locator("[data-group=chess]").click();
	await bob.dialog().waitFor({ state: "hidden" });
	await bob.open("chess");
	await bob.send("e4");
	await alice.open("chess");
	await alice.sees("e4");
	const text = await alice.members("alice", "bob");
	assert.ok(!/carol/.test(text), text);

	// By its name.
	await carol.action("join-group").click();
	await carol.field("group").fill("chess");
	await carol.action("ok").click();
	await carol.open("chess");
	await alice.members("alice", "bob", "carol");

	// Into the private one only by invitation.
	await alice.open("board");
	await alice.action("invite").click();
	await alice.field("user").fill("bob");
	await alice.action("ok").click();
	await alice.dialog().waitFor({ state: "hidden" });
	// An invitation counts as unread, until it was in view.
	await bob.entry("alice").locator(".unread", { hasText: "1" }).waitFor();
	await bob.open("alice");
	await bob.entry("alice").locator(".unread", { hasText: /\S/ }).waitFor({ state: "detached" });
	await bob.action("join-group").click();
	await bob.field("group").fill("board");
	await bob.action("ok").click();
	await bob.open("board");
	await bob.send("thank you");
	await alice.sees("thank you");
	await carol.action("join-group").click();
	await carol.field("group").fill("board");
	await carol.action("ok").click();
	await carol.page.locator("[role=alert]", { hasText: /\S/ }).first().waitFor();
	await carol.page.keyboard.press("Escape");

	// Who has left hears nothing more.
	await bob.open("chess");
	await bob.action("leave").click();
	await bob.confirm();
	await bob.entry("chess").waitFor({ state: "detached" });
	await alice.open("chess");
	await alice.send("d5, he is gone");
	await alice.allStored("d5");
	await carol.sees("d5, he is gone");
	const left = await alice.members("alice", "carol");
	assert.ok(!/bob/.test(left), left);
	assert.equal(await bob.entry("chess").count(), 0);
	await leftElsewhere(stage, carol);
	await leftAtOnce(alice);
	await newcomers(alice);
});
