// change.js - what can change, and when it is drawn.

/** The kinds of change of the model. Each view says which it draws for. */
export const Change = Object.freeze({
	ALL: "all",		// anything: after a login
	LIST: "list",		// a conversation's row: name, unread, presence
	CURRENT: "current",	// another conversation is open
	LOG: "log",		// events at the end of a conversation
	OLDER: "older",		// events before its first one
	REPLACED: "replaced",	// other events are loaded than before
	READ: "read",		// the other's cursor
	TYPING: "typing",
	UNSENT: "unsent",	// what the outbox holds
	DAY: "day",		// midnight has passed: what depends on today
});

const LATE_MS = 500;		// a hidden page has no frames
const LONG_MS = 250;

/**
 * The one scheduler of draws. However often something changes, each view draws at most once a frame,
 * and after a draw the page is free for at least as long as that took, so that keys are not late.
 */
class Draws {
	constructor() {
		this.waiting = new Set();
		this.notBefore = 0;
		this.planned = false;
	}

	/** `draw` must be the same function each time. */
	soon(draw) {
		this.waiting.add(draw);
		if (!this.planned)
			this.plan();
	}

	plan() {
		this.planned = true;
		const pause = this.notBefore - performance.now();
		if (pause > 0)
			setTimeout(() => this.atFrame(), pause);
		else
			this.atFrame();
	}

	atFrame() {
		const timer = setTimeout(() => run(), LATE_MS);
		const frame = requestAnimationFrame(() => run());
		const run = () => {
			clearTimeout(timer);
			cancelAnimationFrame(frame);
			this.run();
		};
	}

	run() {
		const begin = performance.now(), draws = [...this.waiting];
		this.waiting.clear();
		for (const draw of draws) {
			try {
				draw();
			} catch (error) {
				reportError(error);	// the other views draw all the same
			}
		}
		this.planned = false;
		this.notBefore = performance.now() + Math.min(performance.now() - begin, LONG_MS);
		if (this.waiting.size)
			this.plan();
	}
}

const draws = new Draws();

export const drawSoon = draw => draws.soon(draw);
