// loader.js - loads the events of a conversation: the pages before and after those that are there, what
// was missed, the first unread message, the last one for the list. The events of one stay without gaps.
import {Change} from "./change.js";
import {readEvent} from "./conversation.js";

const PAGE = 50;
const PAGE_MISSED = 200;	// events in one answer when catching up
const FAR = 4 * PAGE;		// more missed than this: load again from the end
const CONTEXT = 10;		// events before the first unread one
const PREVIEW_EVENTS = 20;	// among them is one that tells something
const PREVIEWS = 8;		// requests for previews in parallel

export class Loader {
	constructor(state) {
		this.state = state;
	}

	async page(conversation, range) {
		const {historyPage} = await this.state.link.request({history: {target: conversation.target, ...range}});
		return {events: (historyPage.events ?? []).map(readEvent), more: historyPage.more ?? false};
	}

	/** The page after `seq`, also after 0, which History takes for none and answers with the newest. */
	async pageAfter(conversation, seq, limit) {
		if (seq > 0)
			return this.page(conversation, {after: String(seq), limit});
		const first = await this.page(conversation, {before: "2", limit: 1});
		const rest = await this.page(conversation, {after: "1", limit});
		return {events: [...first.events, ...rest.events], more: rest.more};
	}

	/** One request for events of a conversation at a time. */
	loading(conversation, load) {
		const done = () => {
			if (conversation.loading === loading)
				conversation.loading = null;
		};
		const loading = conversation.loading ??= load().finally(done);
		return loading;
	}

	/** Loads the page before the first event. */
	async loadOlder(conversation) {
		const {lastSeq} = conversation;
		if (!conversation.begins)
			await this.loading(conversation, () => this.loadBefore(conversation));
		if (conversation.lastSeq > Math.max(lastSeq, conversation.newest))
			await this.loadMissed(conversation);	// one came while the page was on its way
	}

	async loadBefore(conversation) {
		const {events} = conversation, first = events[0]?.seq ?? 0;
		const {events: older, more} = await this.page(conversation, {before: String(first), limit: PAGE});
		if (events !== conversation.events || first !== (events[0]?.seq ?? 0))
			return;			// something else was loaded meanwhile
		events.unshift(...older);
		this.state.note(older);
		conversation.begins = !more;
		this.noteNewest(conversation);
		this.state.changed(Change.OLDER, conversation);
	}

	/** Loads what came after the newest event, unless the events end before it for a reader's sake. */
	async loadMissed(conversation) {
		if (conversation.ends && conversation.lastSeq > conversation.newest)
			await this.loading(conversation, () => this.loadPages(conversation));
	}

	async loadPages(conversation) {
		const {events} = conversation;
		for (let more = true; more && conversation.lastSeq > conversation.newest;) {
			if (conversation.lastSeq - conversation.newest > FAR || conversation.newest === 0) {
				this.skip(conversation);
				return;
			}
			const {newest} = conversation;
			const page = await this.pageAfter(conversation, newest, PAGE_MISSED);
			if (events !== conversation.events)
				return;
			events.push(...page.events.filter(({seq}) => seq > conversation.newest));
			this.state.note(page.events);
			more = conversation.newest > newest;
			this.state.changed(Change.LOG, conversation);
		}
		this.noteNewest(conversation);
	}

	/** Too much to catch up with: a reader of older events stays there, others go to the end. */
	skip(conversation) {
		if (conversation.held)
			conversation.ends = false;
		else
			this.loadEnd(conversation).catch(() => {});
	}

	/** Forgets the events, and loads those at the end. */
	async loadEnd(conversation) {
		conversation.forgetEvents();
		await this.loadOlder(conversation);
	}

	/** Loads the page after the last event, of those that do not reach the end. */
	async loadNewer(conversation) {
		if (!conversation.ends)
			await this.loading(conversation, () => this.loadAfter(conversation));
	}

	async loadAfter(conversation) {
		const {events, newest} = conversation;
		const page = await this.pageAfter(conversation, newest, PAGE);
		if (events !== conversation.events)
			return;
		events.push(...page.events);
		this.state.note(page.events);
		conversation.ends = !page.more;
		this.noteNewest(conversation);
		this.state.changed(Change.LOG, conversation);
	}

	/** Makes sure that the first unread message is loaded, with some events before it. */
	async loadFirstUnread(conversation) {
		if (conversation.firstUnread >= 0)
			return;
		const {readSeq, counts} = conversation, after = Math.max(0, readSeq - CONTEXT);
		let page = await this.pageAfter(conversation, after, PAGE);
		const {events} = page;
		// Many may have come and gone before somebody wrote.
		while (page.more && !events.some(event => event.seq > readSeq && counts(event))) {
			page = await this.pageAfter(conversation, events.at(-1).seq, PAGE_MISSED);
			events.push(...page.events);
		}
		conversation.forgetEvents();
		conversation.events = events;
		this.state.note(events);
		conversation.begins = after === 0;
		conversation.ends = !page.more;
		this.state.changed(Change.REPLACED, conversation);
	}

	/** When the first unread event was: it may be far before those that are loaded. */
	async loadSince(conversation) {
		const {readSeq, unread, events, firstUnread} = conversation;
		if (unread === 0 || conversation.since?.readSeq === readSeq)
			return;
		const first = firstUnread >= 0 ? events[firstUnread] :
		    (await this.pageAfter(conversation, readSeq, 1)).events[0];
		conversation.since = first ? {readSeq, timeMs: first.timeMs} : null;
		this.state.changed(Change.LOG, conversation);
	}

	/** The last event of each conversation, for the list. */
	async loadPreviews() {
		const stale = [...this.state.conversations.values()].filter(c => c.lastSeq > c.previewSeq);
		while (stale.length) {
			await Promise.all(stale.splice(0, PREVIEWS).map(c => this.loadPreview(c)));
			this.state.changed(Change.LIST);
		}
	}

	async loadPreview(conversation) {
		const {events} = await this.page(conversation, {limit: PREVIEW_EVENTS});
		events.forEach(event => this.state.notePreview(conversation, event));
		if (!conversation.isLoaded)
			this.state.note(events);
	}

	noteNewest(conversation) {
		for (const event of conversation.events.slice(-PREVIEW_EVENTS))
			this.state.notePreview(conversation, event);
		conversation.lastSeq = Math.max(conversation.lastSeq, conversation.newest);
	}
}
