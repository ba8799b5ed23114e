// first.mjs - a newcomer: from the link of an invitation to the first message.
import assert from "node:assert/strict";
import { Person } from "./person.mjs";
import { scenario, settings } from "./scenario.mjs";

await scenario(async stage => {
	const begin = Date.now();
	const alice = new Person(await stage.page(), "alice");
	await alice.page.goto(settings.invite);
	assert.equal(await alice.field("invite").inputValue(), settings.secret);
	await alice.register(settings.invite);
	// The link is used up: it must not wait in the address bar.
	assert.ok(!alice.page.url().includes(settings.secret), alice.page.url());
	await alice.open("lobby");
	await alice.send("hello, it is alice");
	await alice.row("hello, it is alice").waitFor();
	await alice.allStored("hello");
	assert.deepEqual(await alice.texts(), ["hello, it is alice"]);
	const took = Date.now() - begin;

	// The browser remembers the login, and forgets it when it is told to.
	await alice.page.reload();
	await alice.online();
	await alice.open("lobby");
	await alice.sees("hello, it is alice");
	await alice.action("settings").click();
	await alice.action("logout").click();
	await alice.field("password").waitFor();
	await alice.page.reload();
	await alice.field("password").waitFor();

	// A wrong password is told, and the form stays.
	stage.allow(/status of 40[13]/);
	await alice.field("name").fill("alice");
	await alice.field("password").fill("a wrong password");
	await alice.action("login").click();
	await alice.page.locator("[role=alert]", { hasText: /\S/ }).waitFor();
	await alice.login();
	return { ms: took };
});
