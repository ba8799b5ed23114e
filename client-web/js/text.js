// text.js - a message's text as nodes: links, code, lines. What somebody wrote is only ever
// the content of a text node.
import {el} from "./dom.js";

const LINK = /\b(?:https?:\/\/|mailto:)[^\s<>"'`]+/giu;
const FENCE = /```(?:([\w+#-]*)[ \t]*\n)?([\s\S]+?)\n?```/gu;
const CODE = /`([^`\n]+)`/gu;
const EMOJI = /^(?:\p{Extended_Pictographic}[\p{Emoji_Modifier}\u200d\ufe0f]*\s?){1,5}$/u;

const SENTENCE = ".,;:!?]}";	// at a link's end, not of it

/** Control characters, which do nothing good, are shown as their pictures. */
export function visible(text) {
	return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f]/gu,
	    c => c === "\u007f" ? "\u2421" : String.fromCodePoint(0x2400 + c.codePointAt(0)));
}

/** A few pictures and nothing else: they are shown large. */
export function isEmoji(text) {
	return text.length < 40 && EMOJI.test(text);
}

function safeLink(text) {
	try {
		const url = new URL(text);
		return ["http:", "https:", "mailto:"].includes(url.protocol) ? url.href : null;
	} catch {
		return null;
	}
}

/** Without the sentence around it; a bracket belongs to the link that opens it. */
function trimLink(text) {
	let closed = text.split(")").length - text.split("(").length;
	let end = text.length;
	while (text[end - 1] === ")" ? closed > 0 : SENTENCE.includes(text[end - 1])) {
		closed -= text[end - 1] === ")" ? 1 : 0;
		end--;
	}
	return text.slice(0, end);
}

/** Calls found(match) and rest(text) in the order of the text. */
function split(text, pattern, found, rest) {
	let at = 0;
	for (const match of text.matchAll(pattern)) {
		if (match.index > at)
			rest(text.slice(at, match.index));
		found(match);
		at = match.index + match[0].length;
	}
	if (at < text.length)
		rest(text.slice(at));
}

function addLinks(out, text) {
	split(text, LINK, ([found]) => {
		const link = trimLink(found), href = safeLink(link);
		out.push(href === null ? link :
		    el("a", {href, target: "_blank", rel: "noopener noreferrer"}, link));
		out.push(found.slice(link.length));
	}, rest => out.push(rest));
}

function addInline(out, text) {
	split(text, CODE, ([, code]) => out.push(el("code", {}, code)), rest => addLinks(out, rest));
}

function block(language, code) {
	return el("pre", {tabindex: 0}, language && el("span", {class: "language"}, language),
	    el("code", {}, code));
}

/** The nodes of a message. */
export function textNodes(text) {
	const out = [];
	split(visible(text), FENCE, ([, language, code]) => out.push(block(language, code)),
	    rest => addInline(out, rest));
	return out;
}
