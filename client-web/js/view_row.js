// view_row.js - the row of one event, and of one message that is not stored yet.
import {avatar, bdi, button, el, fill, hidden, icon, tint} from "./dom.js";
import {dayOf, errorText, formatDay, formatFull, formatList, formatTime, t} from "./i18n.js";
import {isEmoji, textNodes, visible} from "./text.js";

const LINE_CHARS = 100;
const NAMES = 3;		// of those who came, beside how many more
const FOLDED = {JOINED: "event.joinedMany", LEFT: "event.leftMany"};
const TOGETHER_MS = 5 * 60 * 1000;	// messages of one sender within this time are grouped
const SIGNS = {sending: "clock", stored: "check", read: "checks", failed: "alert"};

/** An event in words; of a message, its beginning. */
export function eventLine(event, conversation, state) {
	const name = event.senderName ?? "", other = event.subjectName ?? "";
	switch (event.kind) {
	case "MESSAGE": {
		const text = visible(event.text).slice(0, LINE_CHARS);
		const who = state.isMine(event) ? t("you") : conversation.isGroup ? name : "";
		return who && !state.isOwn(conversation) ? `${who}: ${text}` : text;
	}
	case "GROUP_CREATED":
		return t("event.created", {name});
	case "JOINED":
		return t("event.joined", {name});
	case "LEFT":
		return t("event.left", {name});
	case "INVITED":
		return t("event.invited", {name, other});
	case "INVITATION":
		return state.isMine(event) ? t("event.invitationSent", {group: event.text}) :
		    t("event.invitation", {name, group: event.text});
	default:
		return "";
	}
}

/** An event as a line of a transcript. */
export function transcriptLine(event, state) {
	const {kind, timeMs, text, senderName = ""} = event;
	return `[${formatFull(timeMs)}] ${kind === "MESSAGE" ? `${visible(senderName)}: ${visible(text)}` :
	    eventLine(event, {isGroup: true}, state)}`;
}

/** True: it is grouped with the message before, which shows the name. */
export function continues(before, event) {
	return before?.kind === "MESSAGE" && event.kind === "MESSAGE" && before.sender === event.sender &&
	    event.timeMs - before.timeMs < TOGETHER_MS && dayOf(before.timeMs) === dayOf(event.timeMs);
}

/** True: a row tells of both, as of many who come at once. */
export function folds(before, event) {
	return event.kind in FOLDED && before?.kind === event.kind && dayOf(before.timeMs) === dayOf(event.timeMs);
}

/** Of several events that fold. */
export function foldedRow(events, key) {
	const names = [...new Set(events.map(({senderName}) => visible(senderName ?? "")))];
	const rest = names.length - NAMES + 1, last = events.at(-1);
	const told = names.length <= NAMES ? names : [...names.slice(0, NAMES - 1), t("event.others", {n: rest})];
	return el("p", {class: "note", title: rest > 1 && formatList(names),
	    data: {from: events[0].seq, seq: last.seq, key}},
	    bdi(names.length === 1 ? eventLine(last, {isGroup: true}, null) :
	    t(FOLDED[last.kind], {names: formatList(told)})));
}

export function dayRow(timeMs, key) {
	return el("h2", {class: "day", data: {key}}, el("span", {}, formatDay(timeMs)));
}

export function lineRow(name, text, key) {
	return el("p", {class: name, data: {key}}, el("span", {}, text));
}

/** An event that is no message. join(group) accepts an invitation. */
export function noteRow(event, conversation, state, key, join) {
	return el("p", {class: "note", data: {seq: event.seq, key}},
	    bdi(eventLine(event, conversation, state)),
	    event.kind === "INVITATION" && !state.isMine(event) &&
	    button(t("group.join"), "accept", () => join(event.text)));
}

/** A message; `joins`: continues() the one before. */
export function messageRow(event, conversation, state, key, joins) {
	const mine = state.isMine(event), names = conversation.isGroup && !mine;
	const name = mine ? t("you") : event.senderName ?? "";
	return el("article", {class: classes(mine, joins, names), data: {seq: event.seq, key}},
	    names && !joins && avatar(name, event.sender),
	    el("div", {class: "bubble"},
	    el("bdi", {class: names && !joins ? "sender" : "sender hidden", data: {tint: tint(event.sender)}},
	    visible(name)), body(event, mine, state.names)));
}

/** A message that is not stored yet, or failed; `waits`: for longer than a moment. */
export function pendingRow(entry, outbox, key, joins, waits) {
	const {clientId, error} = entry;
	const failed = entry.status === "failed", why = error && errorText({code: error});
	const told = failed ? t("chat.failed", {why}) : why ? t("chat.waits", {why}) : t("chat.waitsOnly");
	return el("article", {class: classes(true, joins), data: {clientId, key}},
	    el("div", {class: "bubble"}, el("bdi", {class: "sender hidden"}, t("you")),
	    body(entry, true)),
	    (failed || waits) && el("p", {class: failed ? "error" : "soft"}, told, " ",
	    failed && button(t("chat.retry"), "retry", () => outbox.retry(clientId), "link"), " ",
	    button(t("chat.discard"), "discard", () => outbox.discard(clientId), "link")));
}

export function setStatus(node, status) {
	if (node.dataset.status === status)
		return;
	node.dataset.status = status;
	fill(node.querySelector(".status"), icon(SIGNS[status]), hidden(t(`status.${status}`)));
}

const classes = (mine, joins, names) =>
	["message", mine && "mine", joins && "joins", names && "names"].filter(Boolean).join(" ");

/** The time is after the last word if there is room. */
function body({text, timeMs}, mine, names) {
	return el("div", {class: "body"},
	    el("div", {class: isEmoji(text) ? "text large" : "text", dir: "auto"}, textNodes(text, names)),
	    el("span", {class: "meta"}, el("time", {datetime: new Date(timeMs).toISOString(),
	    title: formatFull(timeMs)}, formatTime(timeMs)), mine && el("span", {class: "status"})));
}
