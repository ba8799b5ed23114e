// link.js - the page's connection: opens it, logs in by the cookie, asks, hears news, and comes
// back when it is cut. What has to survive a cut is not here: see state.js and outbox.js.
import {PollTransport} from "./poll.js";
import {WebSocketTransport} from "./ws.js";

const REQUEST_MS = 15000;
const BACKOFF_MS = [500, 1000, 2000, 5000, 10000, 20000];
const CHECK_MS = 5000;
const SOCKET_TRIES = 2;		// then polling is tried in turn

/** What a request ended with: the server's error, or that there is no connection. */
export class RequestError extends Error {
	constructor(error) {
		super(error.text ?? error.code);
		this.code = error.code ?? "INTERNAL";
		this.retryAfterMs = error.retryAfterMs ?? 0;
	}
}

const cut = () => new RequestError({code: "LOST", text: "the connection was cut"});

/**
 * Events: "state" (this.state has changed: connecting, online, offline, login), "ready" (logged in,
 * this.me is known), "news" (detail is a Reply).
 */
export class Link extends EventTarget {
	constructor() {
		super();
		this.state = "connecting";
		this.welcome = null;
		this.me = null;
		this.have = () => [];
		this.nextId = 1;
		this.waiting = new Map();
		this.failures = 0;
		this.polls = false;
		this.timer = 0;
		addEventListener("online", () => this.hurry());
		addEventListener("offline", () => this.transport && this.lost());
		setInterval(() => this.checkHeard(), CHECK_MS);
		document.addEventListener("visibilitychange", () => document.hidden || this.hurry());
	}

	/** Opens it anew, now. */
	async start() {
		clearTimeout(this.timer);
		this.drop();
		this.setState("connecting");
		const round = this.round = Symbol("round");
		const mine = f => value => this.round === round && f(value);
		const Transport = this.polls ? PollTransport : WebSocketTransport;
		this.transport = new Transport(mine(r => this.take(r)), mine(() => this.lost()),
		    () => this.have());
		try {
			await this.transport.open();
			if (this.round === round)
				await this.logIn();
		} catch (error) {
			if (this.round === round)
				this.refused(error);
		}
	}

	async logIn() {
		const [hello, login] = this.transport.logIn();
		const ask = step => "welcome" in step || "loggedIn" in step ? step : this.request(step);
		this.welcome = (await ask(hello)).welcome;
		this.dispatchEvent(new Event("welcome"));
		this.me = (await ask(login)).loggedIn;
		this.failures = 0;
		this.setState("online");
		this.dispatchEvent(new Event("ready"));
	}

	/** Who has no login is asked for one; anything else is tried again. */
	refused(error) {
		if (["TOKEN_INVALID", "DISABLED", "REVOKED", "WRONG_STATE"].includes(error.code)) {
			this.me = null;
			this.setState("login");
			this.drop();
		} else {
			this.lost();
		}
	}

	lost() {
		const had = this.state === "online";
		this.drop();
		if (this.state === "login")
			return;
		if (!had && ++this.failures >= SOCKET_TRIES)
			this.polls = !this.polls;
		this.setState("offline");
		const pause = BACKOFF_MS[Math.min(this.failures, BACKOFF_MS.length - 1)];
		this.timer = setTimeout(() => this.start(), pause * (0.5 + Math.random()));
	}

	/** The network is back, or somebody looks: do not wait for the next try. */
	hurry() {
		if (this.state === "offline" && navigator.onLine)
			this.start();
	}

	drop() {
		const transport = this.transport;
		this.round = null;
		this.transport = null;
		transport?.close();
		for (const {reject, timer} of this.waiting.values()) {
			clearTimeout(timer);
			reject(cut());
		}
		this.waiting.clear();
	}

	setState(state) {
		this.state = state;
		this.dispatchEvent(new Event("state"));
	}

	/** request({send: {...}}) -> the Reply. Rejects with a RequestError. */
	request(body) {
		if (!this.transport)
			return Promise.reject(cut());
		const id = String(this.nextId++);
		return new Promise((resolve, reject) => {
			const timer = setTimeout(() => {
				this.waiting.delete(id);
				reject(new RequestError({code: "TIMEOUT"}));
			}, REQUEST_MS);
			this.waiting.set(id, {resolve, reject, timer});
			try {
				this.transport.send({id, ...body});
			} catch {
				this.transport.close();
			}
		});
	}

	/** The server beats: two of its beats missed, and the connection is dead without a word. */
	checkHeard() {
		const limits = this.welcome?.limits;
		if (this.state === "online" && limits && !this.polls &&
		    Date.now() - this.heardMs > limits.heartbeatMs * limits.heartbeatMissed + CHECK_MS)
			this.lost();
	}

	take(reply) {
		this.heardMs = Date.now();
		if (reply.id && this.waiting.has(reply.id)) {
			const {resolve, reject, timer} = this.waiting.get(reply.id);
			this.waiting.delete(reply.id);
			clearTimeout(timer);
			if (reply.error)
				reject(new RequestError(reply.error));
			else
				resolve(reply);
		} else if ("ping" in reply) {
			this.transport.send({id: String(this.nextId++), pong: {}});
		} else if ("closing" in reply) {
			this.closing(reply.closing.reason ?? {});
		} else {
			this.dispatchEvent(new CustomEvent("news", {detail: reply}));
		}
	}

	closing(reason) {
		if (reason.code === "REVOKED")
			this.refused(new RequestError(reason));
		else
			this.failures = 0;	// it stops in an orderly way: it will be back soon
	}

	/** Register or log in with a password: the server keeps the token in a cookie. */
	async enter(body) {
		const answer = await fetch("v1/login", {
			method: "POST", headers: {"Content-Type": "application/json"},
			body: JSON.stringify({id: "1", ...body}),
		}).catch(() => { throw cut(); });
		const reply = await answer.json().catch(() => ({}));
		if (!answer.ok)
			throw new RequestError(reply.error ?? {});
		await this.start();
	}

	async leave() {
		await fetch("v1/logout", {method: "POST", headers: {"Content-Type": "application/json"},
		    body: "{}"}).catch(() => {});
		this.me = null;
		this.setState("login");
		this.drop();
	}
}
