// tabs.mjs - two tabs of one login: both show all, neither sends what the other has sent.
import { Person } from "./person.mjs";
import { scenario } from "./scenario.mjs";

await scenario(async stage => {
	const left = await Person.enter(stage, "alice");
	const context = left.page.context();
	const right = new Person(await context.newPage(), "alice");
	await right.page.goto(right.url);
	await right.online();
	const bob = await Person.enter(stage, "bob");
	for (const one of [left, right, bob])
		await one.open("tea");

	// By turns, then both at once.
	const turns = Array.from({ length: 10 }, (_, n) => `turn ${n}`);
	for (const [n, text] of turns.entries()) {
		await [left, right][n % 2].send(text);
		await [right, left][n % 2].sees(text);
	}
	for (const one of [left, right, bob])
		await one.hasExactly(turns, "turn");
	const both = [left, right].map((tab, side) =>
		Array.from({ length: 10 }, (_, n) => `side${side} ${n}`));
	await Promise.all([left, right].map(async (tab, side) => {
		for (const text of both[side])
			await tab.send(text);
	}));
	for (const one of [left, right, bob]) {
		await one.hasExactly(both[0], "side0");
		await one.hasExactly(both[1], "side1");
	}
	await left.allStored("side");
	await right.allStored("side");

	// What one has read, the other need not.
	await bob.chat("alice");
	await bob.send("only once");
	await left.entry("bob").locator(".unread:visible").waitFor();
	await right.entry("bob").locator(".unread:visible").waitFor();
	await left.open("bob");
	await right.entry("bob").locator(".unread:visible").waitFor({ state: "detached" });
	await left.open("tea");
	await bob.open("tea");

	// Written without a network, in a tab that is then closed: sent when the page is there again.
	stage.allow(/WebSocket connection to .* failed/, /Failed to load resource: net::ERR_/);
	await context.setOffline(true);
	const late = ["late 0", "late 1", "late 2"];
	for (const text of late)
		await right.send(text);
	await right.page.close();
	await context.setOffline(false);
	await left.page.reload();
	await left.online();
	await left.open("tea");
	await bob.hasExactly(late, "late");
	await left.hasExactly(late, "late");
});
