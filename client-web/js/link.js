// link.js - the page's connection: opens it, logs in with the cookie, sends requests, passes news
// on, and reconnects. What must survive a lost connection is in state.js and outbox.js.
import {FIRST, next} from "./link_state.js";
import {PollTransport} from "./poll.js";
import {drop, load, onSaved, saveObject} from "./storage.js";
import {encode} from "./wire.js";
import {WebSocketTransport} from "./ws.js";

const CLIENT = {versionMin: 1, versionMax: 1, client: "kith page"};
const REQUEST_MS = 15000;
const PROBE_MS = 4000;
const CHECK_MS = 5000;
const BACKOFF_MS = 1000;	// kith-protocol(7), Connecting again
const BACKOFF_MAX_MS = 60000;
const BACKOFF_SEEN_MS = 8000;	// the most while the page is visible
const SOCKET_AGAIN_MS = 60000;

/** After these errors the user has to log in again. */
const ENDINGS = ["TOKEN_INVALID", "DISABLED", "REVOKED", "WRONG_STATE"];

const USER = "kith.user";	// somebody has logged in with this browser, and not out

/** Why a request failed: the server's error code, LOST or TIMEOUT. */
export class RequestError extends Error {
	constructor({code = "INTERNAL", text, retryAfterMs = 0}) {
		super(text ?? code);
		this.code = code;
		this.text = text;
		this.retryAfterMs = retryAfterMs;
	}
}

/** A POST from the page; throws a RequestError. */
async function post(path, body) {
	const answer = await fetch(path, {
		method: "POST", headers: {"Content-Type": "application/json"}, body: encode(body),
	}).catch(() => {
		throw new RequestError({code: "LOST"});
	});
	const reply = await answer.json().catch(() => ({}));
	if (!answer.ok)
		throw new RequestError(reply.error ?? {text: `HTTP ${answer.status}`});
	return reply;
}

/**
 * Events: "state" (this.state is another, or was begun again), "welcome" (this.welcome is set), "ready"
 * (logged in, this.me is set), "news" (detail is a Reply that answers no request).
 */
export class Link extends EventTarget {
	constructor() {
		super();
		this.at = FIRST;
		this.welcome = null;
		this.me = null;
		this.ending = null;		// why the user has to log in again: a code; null: no reason
		this.have = () => [];		// set by State: the sequence numbers that it holds
		this.transport = null;
		this.waiting = new Map();	// request id -> {resolve, reject, timer}
		this.nextId = 1;
		this.notBeforeMs = 0;
		addEventListener("online", () => this.hurry());
		addEventListener("offline", () => this.probe());
		document.addEventListener("visibilitychange", () => document.hidden || this.hurry());
		setInterval(() => this.check(), CHECK_MS);
		onSaved(() => USER, (key, user) => this.onOtherTab(user));
	}

	/** connecting, online, offline or login */
	get state() {
		return this.at.name;
	}

	get polls() {
		return this.at.polls;
	}

	/** The only place where the state changes: `what` has happened. */
	happens(what) {
		const before = this.at.name;
		this.at = next(this.at, what, Date.now());
		if (before !== "online" || this.state !== "online")
			this.dispatchEvent(new Event("state"));
	}

	/** Another tab logged in, or out: the cookie is common to all. */
	onOtherTab(user) {
		if (user && user.id !== this.me?.userId)
			this.start();
		else if (!user && (this.me || this.ending))	// the server may have ended it already
			this.signedOut("LEFT");
	}

	/* -- connecting ------------------------------------------------------------------- */

	/** Reconnects at once. */
	async start() {
		this.drop();
		this.happens("start");
		const round = this.round = Symbol("round");
		const mine = f => value => this.round === round && f(value);
		const Transport = this.polls ? PollTransport : WebSocketTransport;
		const transport = this.transport = new Transport(mine(reply => this.take(reply)),
		    mine(() => this.lost()), () => this.have());
		try {
			await transport.open();
		} catch {
			await this.broken(round);
			return;
		}
		try {
			await this.logIn(round);
		} catch (error) {
			mine(() => this.refused(error))();
		}
	}

	/** It could not connect: because of the server, or of WebSockets? */
	async broken(round) {
		const works = await fetch("healthz").then(answer => answer.ok, () => false);
		if (this.round === round)
			this.lost(works ? "noSocket" : "noServer");
	}

	/** An empty token stands for the cookie's. */
	async logIn(round) {
		const replies = [this.request({hello: CLIENT}), this.request({loginToken: {}})];
		const greeted = replies[0].then(({welcome}) => {
			this.welcome = welcome;
			this.dispatchEvent(new Event("welcome"));
		});
		const [, {loggedIn}] = await Promise.all([greeted, replies[1]]);
		if (this.round !== round)
			return;
		this.me = loggedIn;
		saveObject(USER, {id: loggedIn.userId, ms: Date.now()});	// other tabs see a change only
		this.happens("loggedIn");
		this.dispatchEvent(new Event("ready"));
	}

	/** Without a valid login the page asks for one; after any other error it tries again. */
	refused(error) {
		this.waitFor(error);
		if (ENDINGS.includes(error.code))
			this.signedOut(load(USER) === null ? null : error.code);
		else
			this.lost();
	}

	signedOut(why) {
		this.ending = why;
		this.me = null;
		this.drop();
		this.happens("ended");
	}

	/** Random back-off, so that the clients of a restarted server do not all connect at once. */
	lost(how = "lost") {
		this.drop();
		this.happens(how);
		const most = document.hidden ? BACKOFF_MAX_MS : BACKOFF_SEEN_MS;
		const bound = Math.min(BACKOFF_MS * 2 ** this.at.failures, most);
		const pause = Math.max(Math.random() * bound, this.notBeforeMs - Date.now());
		this.timer = setTimeout(() => this.start(), pause);
	}

	waitFor(error) {
		this.notBeforeMs = Date.now() + Number(error.retryAfterMs ?? 0);
	}

	/** The network is back, or the page became visible: do not wait for the back-off. */
	hurry() {
		if (this.state === "offline" && Date.now() >= this.notBeforeMs)
			this.start();
		else
			this.probe();
	}

	drop() {
		const {transport} = this;
		clearTimeout(this.timer);
		this.round = null;
		this.transport = null;
		transport?.close();
		for (const {reject, timer} of this.waiting.values()) {
			clearTimeout(timer);
			reject(new RequestError({code: "LOST"}));
		}
		this.waiting.clear();
	}

	/* -- heartbeats --------------------------------------------------------------------- */

	/** A page that only listens must send something, too (kith-protocol(7), Keeping a connection). */
	beat() {
		const beatMs = this.welcome?.limits?.heartbeatMs;
		if (this.state === "online" && this.transport.beats &&
		    Date.now() - this.spokenMs > beatMs / 2)
			this.request({ping: {}}).catch(() => {});
	}

	/** A connection may be dead without notice, for instance after the computer slept. */
	check() {
		const {heartbeatMs, heartbeatMissed} = this.welcome?.limits ?? {};
		if (this.state !== "online")
			return;
		if (this.transport.beats && Date.now() - this.heardMs > heartbeatMs * heartbeatMissed + CHECK_MS)
			this.lost();
		else if (this.polls && Date.now() - this.at.triedMs > SOCKET_AGAIN_MS)
			this.trySocket();
		else
			this.beat();
	}

	/** Tests a connection that may be dead. */
	probe() {
		const {round} = this;
		if (this.state === "online")
			this.request({ping: {}}, PROBE_MS).catch(() => this.round === round && this.lost());
	}

	/** While polling: tries once a minute whether a WebSocket works now. */
	async trySocket() {
		const {round} = this;
		const socket = new WebSocketTransport(() => {}, () => {});
		this.happens("socketTried");
		try {
			await socket.open();
		} catch {
			return;
		} finally {
			socket.close();
		}
		if (this.round === round) {
			this.happens("socket");
			this.start();
		}
	}

	/* -- requests and replies ----------------------------------------------------------- */

	/** request({send: {...}}) resolves to the Reply, or rejects with a RequestError. */
	request(body, patienceMs = REQUEST_MS) {
		if (!this.transport)
			return Promise.reject(new RequestError({code: "LOST"}));
		const id = String(this.nextId++);
		return new Promise((resolve, reject) => {
			const timer = setTimeout(() => {
				this.waiting.delete(id);
				reject(new RequestError({code: "TIMEOUT"}));
			}, patienceMs);
			this.waiting.set(id, {resolve, reject, timer});
			this.say({id, ...body});
		});
	}

	say(request) {
		this.spokenMs = Date.now();
		this.transport.send(request);
	}

	take(reply) {
		this.heardMs = Date.now();
		if (this.waiting.has(reply.id))
			this.answer(reply);
		else if ("ping" in reply)
			this.say({id: String(this.nextId++), pong: {}});
		else if ("closing" in reply)
			this.closing(new RequestError(reply.closing.reason ?? {code: "OK"}));
		else
			this.dispatchEvent(new CustomEvent("news", {detail: reply}));
		this.beat();
	}

	answer(reply) {
		const {resolve, reject, timer} = this.waiting.get(reply.id);
		this.waiting.delete(reply.id);
		clearTimeout(timer);
		if (reply.error)
			reject(new RequestError(reply.error));
		else
			resolve(reply);
	}

	closing(reason) {
		this.waitFor(reason);
		if (ENDINGS.includes(reason.code))
			this.signedOut(reason.code);
	}

	/* -- login and logout ----------------------------------------------------------------- */

	/** Registers or logs in with a password; the server puts the token into a cookie. */
	async enter(body) {
		await post("v1/login", {id: "1", ...body});
		await this.start();
	}

	/** Throws if the server could not be told: the cookie is still valid then. */
	async leave() {
		await post("v1/logout", {}).catch(error => {
			if (error.code !== "TOKEN_INVALID")
				throw error;
		});
		drop(USER);
		this.signedOut(null);
	}
}
