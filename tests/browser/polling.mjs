// polling.mjs - networks that break WebSockets, in three ways: the page works by polling.
import assert from "node:assert/strict";
import { Person } from "./person.mjs";
import { scenario } from "./scenario.mjs";

// In the page, before its own code.
const breaks = {
	throwing: () => {
		window.WebSocket = class {
			constructor()
			{
				throw new DOMException("no WebSockets here", "SecurityError");
			}
		};
	},
	failing: () => {
		window.WebSocket = class extends EventTarget {
			constructor()
			{
				super();
				this.readyState = 0;
				setTimeout(() => {
					this.readyState = 3;
					for (const event of [new Event("error"), new CloseEvent("close", { code: 1006 })]) {
						this.dispatchEvent(event);
						this[`on${event.type}`]?.(event);
					}
				}, 10);
			}

			send()
			{
				throw new DOMException("not open", "InvalidStateError");
			}

			close() {}
		};
	},
	missing: () => {
		delete window.WebSocket;
	},
};

await scenario(async stage => {
	const bob = await Person.enter(stage, "bob");
	await bob.open("tea");
	const seconds = {};
	for (const [how, init] of Object.entries(breaks)) {
		const page = await stage.page();
		await page.addInitScript(init);
		const polls = [];
		page.on("request", request => {
			if (new URL(request.url()).pathname === "/v1/poll")
				polls.push(request);
		});
		page.on("websocket", () => stage.note(page, "a WebSocket, which there are none of"));
		const alice = new Person(page, "alice");
		const begin = Date.now();
		await alice.login();
		await alice.open("tea");
		const words = Array.from({ length: 10 }, (_, n) => `${how} ${n}`);
		for (const [n, text] of words.entries())
			await (n % 2 ? bob : alice).send(text).then(() => (n % 2 ? alice : bob).sees(text));
		await alice.allStored(how);
		await alice.hasExactly(words, how);
		await bob.hasExactly(words, how);
		assert.ok(polls.length > 0, "it polls");
		assert.ok(polls.every(request => request.method() === "POST"));
		seconds[how] = (Date.now() - begin) / 1000;
		await page.context().close();
	}
	return { seconds };
});
