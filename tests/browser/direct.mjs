// direct.mjs - a private chat: presence, unread, read, typing.
import { Person } from "./person.mjs";
import { scenario, until } from "./scenario.mjs";

const WHO_MS = 10000;

await scenario(async stage => {
	const alice = new Person(await stage.page(), "alice");
	// The page asks from time to time who is here: the time is put forward instead of waited for.
	await alice.page.clock.install();
	await alice.login();
	await alice.chat("bob");
	await alice.send("are you there?");
	await alice.allStored("are you");
	const seen = online => until(`bob is ${online ? "" : "not "}here`, async () => {
		await alice.page.clock.fastForward(WHO_MS);
		return await alice.entry("bob").locator(".presence").getAttribute("data-online") === `${online}`;
	});
	await seen(false);

	// Bob comes, and sees that something waits.
	const bob = await Person.enter(stage, "bob");
	await seen(true);
	await bob.entry("alice").locator(".unread", { hasText: "1" }).waitFor();
	await alice.row("are you there?").and(alice.page.locator("[data-status=stored]")).waitFor();

	// He looks at it, and Alice learns that.
	await bob.open("alice");
	await bob.sees("are you there?");
	await alice.row("are you there?").and(alice.page.locator("[data-status=read]")).waitFor();
	await bob.entry("alice").locator(".unread:visible").waitFor({ state: "detached" });

	// Alice sees that he writes, until it is there.
	await bob.field("text").pressSequentially("yes, I am", { delay: 20 });
	await alice.page.locator(".typing", { hasText: "bob" }).waitFor();
	await bob.field("text").press("Enter");
	await alice.sees("yes, I am");
	await alice.page.locator(".typing:visible", { hasText: "bob" }).waitFor({ state: "detached" });
	await bob.row("yes, I am").and(bob.page.locator("[data-status=read]")).waitFor();

	// Several lines stay several lines.
	await bob.field("text").fill("first");
	await bob.field("text").press("Shift+Enter");
	await bob.field("text").pressSequentially("second");
	await bob.field("text").press("Enter");
	const row = alice.page.locator("[role=log] .text", { hasText: "second" });
	await row.waitFor();
	if (await row.innerText() !== "first\nsecond")
		throw new Error(`two lines became ${JSON.stringify(await row.innerText())}`);

	// He goes.
	await bob.page.context().close();
	await seen(false);
});
