// foreign.mjs - pages of other origins, with the cookie in the same browser: on another port
// of the same host, on another host, with a name that looks like ours, with none at all, and
// with our address behind their name. None gets a connection, an answer or an effect.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { Person } from "./person.mjs";
import { ask, scenario, settings } from "./scenario.mjs";

const server = new URL(settings.url);
const socketUrl = `wss://${server.host}/v1/ws`;

// In a page: does the WebSocket open?
function tryWebSocket(url)
{
	return new Promise(resolve => {
		const socket = new WebSocket(url, ["kith.v1.json"]);
		socket.onopen = () => {
			resolve("open");
			socket.close();
		};
		socket.onerror = () => resolve("refused");
	});
}

// In a page: what a script may read of the answer; the request may be sent all the same.
async function tryFetch({ url, options })
{
	try {
		const answer = await fetch(url, { credentials: "include", ...options });
		return answer.type === "opaque" ? "opaque" : `read ${answer.status}`;
	} catch {
		return "refused";
	}
}

const json = { "Content-Type": "application/json" };
const login = JSON.stringify({ id: "1", loginPassword: { name: "mallory", password: settings.password } });

// Whatever of it arrives must have no effect. Without CORS a script reads nothing, but sends.
const attempts = [
	["v1/messages?to=%40bob", { method: "POST", body: "forged", headers: { "Content-Type": "text/plain" } }],
	["v1/messages", { method: "POST", headers: json, body: JSON.stringify({ to: "@bob", text: "forged" }) }],
	["v1/poll", { method: "POST", headers: json, body: JSON.stringify({ requests: [] }) }],
	["v1/login", { method: "POST", headers: json, body: login }],
	["v1/login", { method: "POST", headers: { "Content-Type": "text/plain" }, body: login }],
	["v1/logout", { method: "POST" }],
	["v1/conversations/1/events", { method: "GET" }],
	["metrics", { method: "GET" }],
];

async function startForeignServer()
{
	const pages = createServer((request, answer) => answer.setHeader("Content-Type", "text/html")
		.end("<!doctype html><title>elsewhere</title>"));
	await new Promise(resolve => pages.listen(0, "127.0.0.1", resolve));
	return pages;
}

async function attack(page, where)
{
	assert.equal(await page.evaluate(tryWebSocket, socketUrl), "refused", `WebSocket from ${where}`);
	for (const [path, options] of attempts)
		for (const mode of ["cors", "no-cors"]) {
			const got = await page.evaluate(tryFetch,
				{ url: settings.url + path, options: { ...options, mode } });
			assert.ok(["refused", "opaque"].includes(got), `${path} from ${where}: ${got}`);
		}
}

// The address of what a frame of the page shows, when it has loaded.
async function framed(page, url, sandbox)
{
	const frame = await page.evaluateHandle(([url, limits]) => new Promise(resolve => {
		const element = document.createElement("iframe");
		if (limits !== null)
			element.sandbox = limits;
		element.onload = () => resolve(element);
		element.src = url;
		document.body.append(element);
	}), [url, sandbox]);
	return (await frame.contentFrame()).url();
}

// A page without an origin: a frame that may run scripts and nothing else.
async function nameless(page)
{
	const element = await page.evaluateHandle(() => new Promise(resolve => {
		const frame = document.createElement("iframe");
		frame.sandbox = "allow-scripts";
		frame.onload = () => resolve(frame);
		frame.srcdoc = "<!doctype html><title>nobody</title>";
		document.body.append(frame);
	}));
	const frame = await element.contentFrame();
	assert.equal(await frame.evaluate(() => self.origin), "null");
	await attack(frame, "a page without an origin");
}

await scenario(async stage => {
	const pages = await startForeignServer();
	const { port } = pages.address();
	const origins = {
		"another port": `http://127.0.0.1:${port}/`,
		"another host": `http://localhost:${port}/`,
		"a name like ours": `http://127.0.0.1.kith-test.example:${port}/`,
	};
	Object.values(origins).forEach(url => stage.allowOrigin(url));
	try {
		const alice = await Person.enter(stage, "alice");
		const context = alice.page.context();
		const before = JSON.stringify(await context.cookies());
		assert.match(before, /"name":"__Host-kith".*"httpOnly":true,"secure":true,"sameSite":"Strict"/);
		assert.equal(await alice.page.evaluate(() => document.cookie), "", "no script sees the cookie");
		// What the others are denied, the page itself has.
		assert.equal(await alice.page.evaluate(tryWebSocket, socketUrl), "open");

		stage.allow(/WebSocket connection to .* failed/, /blocked by CORS policy/, /Failed to load resource/,
			/frame-ancestors/, /Refused to (frame|display)|Framing /, /sandboxed/, /ERR_BLOCKED/);
		for (const [where, url] of Object.entries(origins)) {
			const page = await context.newPage();
			await page.goto(url);
			await attack(page, where);
			assert.equal(await framed(page, url, null), url);
			for (const sandbox of [null, "allow-scripts"])
				assert.notEqual(await framed(page, settings.url, sandbox), settings.url,
					`framed by ${where}, sandbox ${sandbox}`);
			if (where === "another port")
				await nameless(page);
			await page.close();
		}

		// Our address behind their name: their page would be of the same origin.
		const rebound = `https://rebound.kith-test.example:${server.port}/`;
		stage.allowOrigin(rebound);
		const page = await context.newPage();
		for (const path of ["", "healthz", "v1/ws"])
			assert.equal((await page.goto(rebound + path)).status(), 421, `rebound/${path}`);

		// All of it has changed nothing.
		assert.equal(JSON.stringify(await context.cookies()), before, "the cookies");
		await alice.page.reload();
		await alice.online();
		assert.equal((await ask("kith", "bob", "read", "@alice", "--json")).trim(), "");
		return { origins: Object.keys(origins).length + 2, attempts: attempts.length };
	} finally {
		pages.close();
	}
}, ["--host-resolver-rules=MAP *.kith-test.example 127.0.0.1"]);
