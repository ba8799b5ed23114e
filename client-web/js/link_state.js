// link_state.js - where the connection is, and what it remembers: one table and one function of what
// happens. link.js does what follows from it.

const STEADY_MS = 60000;	// a connection of this length was a good one
const SOCKETS_TRIED = 2;	// failed WebSockets while HTTP works, before it polls

/** What may happen in each state, and the state after it. */
const NEXT = {
	connecting: {start: "connecting", loggedIn: "online", lost: "offline", noServer: "offline",
	    noSocket: "offline", ended: "login"},
	online: {start: "connecting", lost: "offline", socketTried: "online", socket: "connecting", ended: "login"},
	offline: {start: "connecting", ended: "login"},
	login: {start: "connecting", ended: "login"},
};

/** A page that was not online has failed once more, and tries a WebSocket again. */
function afterLoss({name, failures, sinceMs}, nowMs) {
	if (name !== "online")
		return {failures: failures + 1, polls: false};
	return nowMs - sinceMs > STEADY_MS ? {failures: 0} : {};
}

/** What is remembered beside the name of the state. */
const MEMORY = {
	loggedIn: (state, nowMs) => ({sinceMs: nowMs, triedMs: nowMs}),
	lost: afterLoss,
	// No WebSocket. Polling is for where HTTP works; a server that is down is no reason.
	noServer: (state, nowMs) => ({...afterLoss(state, nowMs), brokenSockets: 0}),
	noSocket: (state, nowMs) => ({...afterLoss(state, nowMs), brokenSockets: state.brokenSockets + 1,
	    polls: state.brokenSockets + 1 >= SOCKETS_TRIED}),
	// While polling: another WebSocket was begun; it works.
	socketTried: (state, nowMs) => ({triedMs: nowMs}),
	socket: () => ({brokenSockets: 0, polls: false}),
};

/**
 * name: connecting, online, offline, login; polls: by long polling rather than by a WebSocket; failures
 * since the last good connection; sinceMs: logged in; triedMs: a WebSocket, while polling.
 */
export const FIRST = Object.freeze({name: "connecting", polls: false, failures: 0, brokenSockets: 0,
	sinceMs: 0, triedMs: 0});

/** The state after `what` has happened. Throws if that cannot happen. */
export function next(state, what, nowMs) {
	const name = NEXT[state.name][what];
	if (!name)
		throw new TypeError(`${what} while ${state.name}`);
	return Object.freeze({...state, ...MEMORY[what]?.(state, nowMs), name});
}
