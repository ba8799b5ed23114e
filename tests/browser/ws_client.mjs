// ws_client.mjs - npm's ws through a whole conversation, by either subprotocol.
//
// test_ws_clients.py gives the settings in KITH_SETTINGS; of them `schema` has what the .proto
// files say, so that the binary subprotocol's messages are here what JSON's are.
// What fails is thrown; the last line of the output is "all done".
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { join } from "node:path";

const settings = JSON.parse(process.env.KITH_SETTINGS);
const WebSocket = createRequire(join(settings.modules, "node_modules", "/"))("ws");
const binary = settings.door === "kith.v1.pb";
const { messages, enums } = settings.schema;

// -- protobuf -----------------------------------------------------------------

function varint(value)
{
	const bytes = [];
	for (value = BigInt(value); value >= 0x80n; value >>= 7n)
		bytes.push(Number(value & 0x7fn) | 0x80);
	return Buffer.from([...bytes, Number(value)]);
}

function encodeOne(field, value)
{
	if (field.kind === "varint")
		return Buffer.concat([varint(field.number << 3), varint(value)]);
	const bytes = field.kind === "message" ? encode(field.type, value) : Buffer.from(value);
	return Buffer.concat([varint(field.number << 3 | 2), varint(bytes.length), bytes]);
}

function encode(type, message)
{
	return Buffer.concat(Object.entries(message).flatMap(([name, value]) => {
		const field = messages[type][name];
		return [value].flat().map(one => encodeOne(field, field.enum ?
			enums[field.enum].indexOf(one) : one));
	}));
}

function scalar(field, value)
{
	if (field.enum)
		return enums[field.enum][Number(value)];
	return field.bool ? value === 1n : field.big ? String(value) : Number(value);
}

function decode(type, bytes)
{
	let at = 0;
	const number = () => {
		let value = 0n;
		for (let shift = 0n; ; shift += 7n) {
			value |= BigInt(bytes[at] & 0x7f) << shift;
			if (bytes[at++] < 0x80)
				return value;
		}
	};
	const message = {};
	while (at < bytes.length) {
		const tag = Number(number());
		const [name, field] = Object.entries(messages[type])
			.find(([, { number }]) => number === tag >> 3);
		let value = number();
		if ((tag & 7) === 2) {
			const inside = bytes.subarray(at, at += Number(value));
			value = field.kind === "message" ? decode(field.type, inside) : inside.toString();
		} else
			value = scalar(field, value);
		if (field.repeated)
			(message[name] ??= []).push(value);
		else
			message[name] = value;
	}
	return message;
}

// -- a connection ---------------------------------------------------------------

class Client {
	number = 0;
	inbox = [];
	wake = () => {};

	static async open()
	{
		const client = new Client();
		client.socket = new WebSocket(settings.url, [settings.door], { rejectUnauthorized: false });
		client.closed = new Promise(done => client.socket.on("close", code => {
			done(code);
			client.inbox.push(null);
			client.wake();
		}));
		client.socket.on("message", (data, isBinary) => {
			assert.equal(isBinary, binary);
			client.inbox.push(binary ? decode("kith.v1.Reply", data) : JSON.parse(data.toString()));
			client.wake();
		});
		await new Promise((open, failed) => client.socket.on("open", open).on("error", failed));
		assert.equal(client.socket.protocol, settings.door);
		await client.call("welcome", { hello: { versionMin: 1, versionMax: 1, client: "node" } });
		return client;
	}

	// The first of what came for which `wanted` holds; null at the end.
	async take(wanted)
	{
		for (let seen = 0; ; seen++) {
			while (seen === this.inbox.length)
				await new Promise(wake => { this.wake = wake; });
			if (this.inbox[seen] === null || wanted(this.inbox[seen]))
				return this.inbox.splice(seen, 1)[0];
		}
	}

	async call(expected, body)
	{
		const id = String(++this.number), request = { id, ...body };
		this.socket.send(binary ? encode("kith.v1.Request", request) : JSON.stringify(request));
		const reply = await this.take(reply => reply.id === id);
		assert.ok(reply?.[expected], `${expected}: ${JSON.stringify(reply)}`);
		return reply[expected];
	}

	async event(text)
	{
		return (await this.take(reply => reply.event?.text === text)).event;
	}

	async ping(bytes)
	{
		const pong = new Promise(done => this.socket.once("pong", done));
		this.socket.ping(bytes);
		assert.equal((await pong).toString(), bytes);
	}

	async close()
	{
		this.socket.close(1000);
		assert.equal(await this.closed, 1000);
	}
}

// -- the conversation -------------------------------------------------------------

const { names, group, text, password, invites } = settings;
const target = { group };

async function register(i)
{
	const client = await Client.open();
	const login = await client.call("loggedIn",
		{ registerAccount: { name: names[i], password, invite: invites[i] } });
	assert.equal(login.name, names[i]);
	return Object.assign(client, login);
}

const [one, two] = [await register(0), await register(1)];
const { conversation } = await one.call("joined", { createGroup: { name: group, public: true } });
await two.call("joined", { joinGroup: { target } });
const here = await one.call("presences", { who: { names: [names[1]] } });
assert.equal(here.users[0].online, true);

const clientId = String(BigInt(one.device) << 32n | 1n);
const { outcomes } = await one.call("sent", { send: { targets: [target], text, clientId } });
const event = await two.event(text);
assert.equal(event.senderName, names[0]);
assert.equal(event.seq, outcomes[0].seq);
assert.equal(event.conversation, conversation.id);
const repeated = await one.call("sent", { send: { targets: [target], text, clientId } });
assert.deepEqual(repeated.outcomes, outcomes);
const page = await two.call("historyPage", { history: { target, limit: 10 } });
assert.equal(page.events.filter(event => event.text === text).length, 1);
await one.ping("as the library does");

await one.close();
await two.call("sent", { send: { targets: [target], text: "missed", clientId: String(1n << 62n | 9n) } });
const again = await Client.open();
const login = await again.call("loggedIn", { loginToken: { token: one.token } });
assert.equal(login.lastClientId, clientId);
const missed = await again.call("syncPage",
	{ sync: { have: [{ conversation: conversation.id, seq: event.seq }] } });
assert.deepEqual(missed.events.filter(event => event.conversation === conversation.id)
	.map(event => event.text), ["missed"]);
await again.call("done", { logout: {} });
assert.ok((await again.take(reply => reply.closing)).closing);
assert.equal(await again.closed, 1000);
await two.close();
console.log("all done");
