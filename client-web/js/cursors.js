// cursors.js - tells the server what was read: at most one write a second for the whole page, however
// much arrives.

const PAUSE_MS = 1000;
const AGAIN = ["LOST", "TIMEOUT", "UNAVAILABLE", "BUSY", "RATE_LIMITED", "SERVER_FULL", "SHUTTING_DOWN"];

export class Cursors {
	constructor(link) {
		this.link = link;
		this.pending = new Map();	// conversation id -> seq
		this.timer = 0;
		link.addEventListener("ready", () => this.send());
		addEventListener("pagehide", () => this.sendAll());
	}

	move(conversation, seq) {
		this.pending.set(conversation, Math.max(seq, this.pending.get(conversation) ?? 0));
		this.send();
	}

	clear() {
		this.pending.clear();
	}

	/** The oldest that waits, unless the last one was just sent. */
	send() {
		const [next] = this.pending;
		if (!next || this.timer || this.link.state !== "online")
			return;
		this.timer = setTimeout(() => {
			this.timer = 0;
			this.send();
		}, PAUSE_MS);
		this.pending.delete(next[0]);
		this.write(...next);
	}

	write(conversation, seq) {
		this.link.request({markRead: {conversation, seq: String(seq)}}).catch(({code}) => {
			if (AGAIN.includes(code) && this.link.me)
				this.move(conversation, seq);
		});
	}

	/** The page ends: there is no later. */
	sendAll() {
		if (this.link.state === "online")
			this.pending.forEach((seq, conversation) => this.write(conversation, seq));
		this.pending.clear();
	}
}
