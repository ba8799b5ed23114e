// cuts.mjs - twenty messages, and in their middle a reload, a restart of the server, no
// network, a wire that is cut: each arrives once, in order.
import assert from "node:assert/strict";
import { Person } from "./person.mjs";
import { Wire } from "./proxy.mjs";
import { ask, scenario, settings } from "./scenario.mjs";

const COUNT = 20;

// What the browser itself says of a connection that fails.
const LOST = [/WebSocket connection to .* failed/, /Failed to load resource: net::ERR_/];

// Each sends the twenty by say(count), and makes its trouble meanwhile.
const troubles = {
	async reload({ alice, say })
	{
		for (let n = 0; n < COUNT; n += 5) {
			await say(5);
			await reload(alice);
		}
	},

	async restart({ say })
	{
		await say(10);
		const restarted = ask("restart");
		await say(5);
		await restarted;
		await say(5);
	},

	async offline({ alice, say })
	{
		await say(10);
		await alice.page.context().setOffline(true);
		await say(5);
		await alice.page.context().setOffline(false);
		await say(5);
	},

	async cut({ wire, say })
	{
		await say(10);
		wire.cut();
		await say(5);
		wire.mend();
		await say(5);
	},

	// What waits for the connection outlives the page.
	async both({ alice, wire, say })
	{
		await say(10);
		wire.cut();
		await say(5);
		wire.mend();
		await reload(alice);
		await say(5);
	},
};

async function reload(person)
{
	await person.page.reload();
	await person.open("tea");
}

async function stored(prefix)
{
	const lines = await ask("kith", "carol", "read", "#tea", "-n", "200", "--json");
	return lines.trim().split("\n").map(line => JSON.parse(line).text)
		.filter(text => text?.startsWith(prefix));
}

await scenario(async stage => {
	stage.allow(...LOST);
	const wire = await Wire.between(settings.url);
	stage.allowOrigin(wire.url);
	try {
		const alice = await Person.enter(stage, "alice", { url: wire.url });
		const bob = await Person.enter(stage, "bob");
		await alice.open("tea");
		await bob.open("tea");
		const seconds = {};
		for (const [kind, trouble] of Object.entries(troubles)) {
			const begin = Date.now();
			const sent = [];
			await trouble({ alice, wire, say: async count => {
				for (; count > 0; count--) {
					sent.push(`${kind} ${sent.length}`);
					await alice.send(sent.at(-1));
				}
			} });
			await alice.online();
			await alice.allStored(kind);
			await bob.hasExactly(sent, kind);
			await alice.hasExactly(sent, kind);
			assert.deepEqual(await stored(kind), sent, `what is stored after: ${kind}`);
			seconds[kind] = (Date.now() - begin) / 1000;
		}
		return { seconds };
	} finally {
		wire.close();
	}
});
