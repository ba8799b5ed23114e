// live.mjs - two browsers and one kith in a group: how long until the others see a message.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { Person } from "./person.mjs";
import { median, quantile, scenario, settings, until } from "./scenario.mjs";

const ROUNDS = 12;

// Notes when each text came into sight, and when Enter was pressed for it.
function watchTexts()
{
	window.seenAt = {};
	window.sentAt = {};
	const look = () => {
		for (const text of document.querySelectorAll("[role=log] .text"))
			window.seenAt[text.textContent] ??= Date.now();
	};
	new MutationObserver(look).observe(document.body,
		{ subtree: true, childList: true, characterData: true });
	addEventListener("keydown", event => {
		if (event.key === "Enter")
			window.sentAt[event.target.value] = Date.now();
	}, true);
}

class Window extends Person {
	watch()
	{
		return this.page.evaluate(watchTexts);
	}

	async say(text)
	{
		await this.send(text);
		return this.page.evaluate(t => window.sentAt[t], text);
	}

	seenAt(text)
	{
		return this.page.evaluate(t => window.seenAt[t], text);
	}
}

// A kith that reads, and one that sends what it is given, line by line.
class Terminal {
	constructor({ program, env })
	{
		const options = { env, stdio: ["pipe", "pipe", "inherit"] };
		this.seen = {};
		this.tail = spawn(program, ["tail", "#tea", "--json"], options);
		this.sender = spawn(program, ["send", "#tea", "--lines", "-"], options);
		createInterface({ input: this.tail.stdout }).on("line", line => {
			this.seen[JSON.parse(line).text] ??= Date.now();
		});
	}

	say(text)
	{
		const now = Date.now();
		this.sender.stdin.write(text + "\n");
		return now;
	}

	seenAt(text)
	{
		return this.seen[text];
	}

	close()
	{
		this.sender.stdin.end();
		this.tail.kill();
	}
}

await scenario(async stage => {
	const people = [];
	for (const name of ["alice", "bob"]) {
		const person = new Window(await stage.page(), name);
		await person.login();
		await person.open("tea");
		await person.watch();
		people.push(person);
	}
	const carol = new Terminal(settings.kiths.carol);
	people.push(carol);
	const waits = {};
	try {
		// The first words of each find everybody connected.
		for (let n = -2; n < ROUNDS * people.length; n++) {
			const sender = people[(n + 2) % people.length];
			const text = `word ${n}`;
			const sent = await sender.say(text);
			for (const reader of people.filter(one => one !== sender)) {
				const seen = await until(`"${text}" is seen`, () => reader.seenAt(text));
				if (n >= 0)
					(waits[[sender, reader].map(one => one === carol ? "kith" : "page")
						.join(" to ")] ??= []).push(seen - sent);
			}
		}
	} finally {
		carol.close();
	}
	const all = Object.values(waits).flat();
	assert.ok(median(all) < settings.bound_ms, `median ${median(all)} ms`);
	return { messages: ROUNDS * people.length, seen: all.length, median_ms: median(all),
		p95_ms: quantile(all, 0.95), medians: Object.fromEntries(
			Object.entries(waits).map(([way, list]) => [way, median(list)])) };
});
