// tabs.js - the tabs of one browser act as one: the user looks at one of them, and one of them speaks.

const ANNOUNCE_MS = 5000;
const ABSENT_MS = 12000;	// a tab that says nothing for so long is not looked at

export function isAway() {
	return document.hidden || !document.hasFocus();
}

export class Tabs {
	constructor() {
		this.looked = new Map();	// other tab -> when it last said that it is looked at
		this.leads = !navigator.locks;
		this.id = String(crypto.getRandomValues(new Uint32Array(2)));
		this.channel = new BroadcastChannel("kith.tabs");
		this.channel.addEventListener("message", ({data: {tab, away}}) =>
		    away ? this.looked.delete(tab) : this.looked.set(tab, Date.now()));
		// The lock of the one that speaks goes to another tab when this one closes.
		navigator.locks?.request("kith.speaks", () => {
			this.leads = true;
			return new Promise(() => {});
		});
		for (const type of ["focus", "blur"])
			addEventListener(type, () => this.announce());
		document.addEventListener("visibilitychange", () => this.announce());
		addEventListener("pagehide", () => this.announce(true));
		setInterval(() => isAway() || this.announce(), ANNOUNCE_MS);
		this.announce();
	}

	announce(away = isAway()) {
		this.channel.postMessage({tab: this.id, away});
	}

	/** True in one tab, and only while the user looks at none. */
	get speaks() {
		const now = Date.now();
		return this.leads && isAway() &&
		    ![...this.looked.values()].some(saidMs => now - saidMs < ABSENT_MS);
	}
}
