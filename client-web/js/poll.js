// poll.js - a connection by long polling, for networks that break WebSockets. It looks like the
// other one: replies come one by one, and news among them.

const WAIT_MS = 25000;
const RETRY_MS = 1000;

export class PollTransport {
	/** have(): the sequence numbers that are known, for what may have been missed. */
	constructor(onReply, onClose, have) {
		this.onReply = onReply;
		this.onClose = onClose;
		this.have = have;
		this.closed = false;
		this.stop = new AbortController();
	}

	async post(body) {
		const answer = await fetch("v1/poll", {
			method: "POST", headers: {"Content-Type": "application/json"},
			body: JSON.stringify(body), signal: this.stop.signal,
		});
		return {status: answer.status, ...await answer.json()};
	}

	async open() {
		const answer = await this.post({});
		if (answer.status === 200)
			this.first = answer.replies ?? [];
		else if (answer.status === 401)
			this.first = [];
		else
			throw new Error(answer.error?.text ?? "no polling");
	}

	/** The server has done it with the first poll: only its answers are missing. */
	logIn() {
		const loggedIn = this.first.some(reply => "loggedIn" in reply);
		if (loggedIn)
			setTimeout(() => this.wait());
		return loggedIn ? this.first.filter(r => "welcome" in r || "loggedIn" in r) :
		    [{hello: {versionMin: 1, versionMax: 1, client: "kith page"}}, {loginToken: {}}];
	}

	/** One at a time, so that they arrive in their order. */
	send(request) {
		this.sending = (this.sending ?? Promise.resolve()).then(() => this.sendNow(request));
	}

	async sendNow(request) {
		try {
			const answer = await this.post({requests: [request]});
			if (answer.status === 200)
				this.take(answer.replies ?? []);
			else
				this.onReply({id: request.id, error: answer.error});
		} catch {
			this.fail();
		}
	}

	async wait() {
		while (!this.closed) {
			try {
				const answer = await this.post({have: this.have(), waitMs: WAIT_MS});
				if (answer.status !== 200)
					throw new Error(answer.error?.text);
				this.take(answer.replies ?? []);
			} catch {
				this.fail();
			}
		}
	}

	/** A new session's greeting is no news. */
	take(replies) {
		for (const reply of replies)
			if (!("welcome" in reply && !("id" in reply)) && !("loggedIn" in reply && !("id" in reply)))
				this.onReply(reply);
	}

	fail() {
		if (this.closed)
			return;
		this.closed = true;
		setTimeout(() => this.onClose(), RETRY_MS);
	}

	close() {
		this.closed = true;
		this.stop.abort();
		this.onClose();
	}
}
