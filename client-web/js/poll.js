// poll.js - a connection by long polling, for networks that break WebSockets. It has the interface of
// WebSocketTransport: replies and news come one by one.
import {loadObject, saveObject} from "./storage.js";
import {encode} from "./wire.js";

const WAIT_MS = 25000;
const LATE_MS = 10000;
const BATCH = 16;		// requests in one poll
const WHOLE = ["BAD_REQUEST", "UNKNOWN_FIELD", "UNKNOWN_REQUEST", "TOO_LARGE"];	// refuse a batch
const GREETING = "kith.greeting";

const bodyOf = request => ("hello" in request ? "welcome" : "loginToken" in request ? "loggedIn" : null);

export class PollTransport {
	/**
	 * As WebSocketTransport. have(): the sequence numbers that the page holds, so that the server
	 * can send what was missed.
	 */
	constructor(onReply, onClose, have) {
		this.onReply = onReply;
		this.onClose = onClose;
		this.have = have;
		this.beats = false;		// each poll is a heartbeat
		this.closed = false;
		this.queue = [];
		this.sending = false;
		this.greets = new Map();	// request id -> the body that is its answer
		this.greeting = loadObject(GREETING) ?? {};
		this.stop = new AbortController();
	}

	async open() {}

	send(request) {
		if (bodyOf(request))
			this.greets.set(request.id, bodyOf(request));
		this.queue.push(request);
		if (!this.sending)
			this.sendAll();
	}

	/** Resolves to the replies. An error that it throws has a `refusal` if the server answered. */
	async post(body) {
		const late = AbortSignal.timeout((body.waitMs ?? 0) + LATE_MS);
		const answer = await fetch("v1/poll", {
			method: "POST", headers: {"Content-Type": "application/json"},
			body: encode(body), signal: AbortSignal.any([this.stop.signal, late]),
		});
		const {replies = [], error = {}} = await answer.json();
		if (!answer.ok)
			throw Object.assign(new Error("refused"), {refusal: error});
		return replies;
	}

	/** Sends in batches: what queues up while one is on its way makes the next. */
	async sendAll() {
		this.sending = true;
		await null;
		while (this.queue.length && !this.closed)
			await this.sendBatch(this.queue.splice(0, BATCH));
		this.sending = false;
	}

	/** A batch that is refused was not begun: each of its requests is sent alone, to find the one. */
	async sendBatch(requests) {
		try {
			for (const reply of await this.post({requests}))
				this.take(reply);
		} catch ({refusal}) {
			if (!refusal)
				this.fail();
			else if (requests.length > 1 && WHOLE.includes(refusal.code))
				for (const request of requests)
					await this.sendBatch([request]);
			else
				for (const {id} of requests)
					this.give({id, error: refusal});
		}
	}

	async wait() {
		while (!this.closed) {
			try {
				for (const reply of await this.post({have: this.have(), waitMs: WAIT_MS}))
					this.take(reply);
			} catch ({refusal}) {
				if (refusal)
					this.give({closing: {reason: refusal}});
				this.fail();
			}
		}
	}

	/**
	 * At the start of a session the server itself does Hello and LoginToken, and sends their replies
	 * once, without an id. A reloaded page may meet the session that the browser's connection kept:
	 * its own Hello and LoginToken are answered WRONG_STATE, and the replies saved before count.
	 */
	take(reply) {
		const body = this.greets.get(reply.id);
		if (!("id" in reply) && ("welcome" in reply || "loggedIn" in reply)) {
			Object.assign(this.greeting, reply);
			saveObject(GREETING, this.greeting);
		} else if (body && reply.error?.code === "WRONG_STATE" && this.greeting[body]) {
			this.give({id: reply.id, [body]: this.greeting[body]});
			if (body === "loggedIn")
				this.wait();
		} else {
			this.give(reply);
		}
	}

	give(reply) {
		if (!this.closed)
			this.onReply(reply);
	}

	fail() {
		if (!this.closed) {
			this.close();
			this.onClose();
		}
	}

	close() {
		this.closed = true;
		this.stop.abort();
	}
}
