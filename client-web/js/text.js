// text.js - a message's text as nodes: links, code, lines. What somebody wrote is only ever
// the content of a text node.
import {el} from "./dom.js";

const LINK = /\b(?:https?:\/\/|mailto:)[^\s<>"'`]+/giu;
const FENCE = /```(?:[ \t]*\n)?([\s\S]+?)(?:\n)?```/gu;
const CODE = /`([^`\n]+)`/gu;

// Of a link's end, what belongs to the sentence.
const TRAILING = /[.,;:!?)\]}]+$/u;

/** Control characters, which do nothing good, are shown as their pictures. */
export function visible(text) {
	return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f]/gu,
	    c => c === "\u007f" ? "\u2421" : String.fromCodePoint(0x2400 + c.codePointAt(0)));
}

function safeLink(text) {
	try {
		const url = new URL(text);
		return ["http:", "https:", "mailto:"].includes(url.protocol) ? url.href : null;
	} catch {
		return null;
	}
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
	split(text, LINK, match => {
		const end = TRAILING.exec(match[0])?.[0] ?? "";
		const link = match[0].slice(0, match[0].length - end.length);
		const href = safeLink(link);
		if (href === null)
			out.push(match[0]);
		else
			out.push(el("a", {href, target: "_blank", rel: "noopener noreferrer"}, link), end);
	}, rest => out.push(rest));
}

function addInline(out, text) {
	split(text, CODE, match => out.push(el("code", {}, match[1])), rest => addLinks(out, rest));
}

/** The nodes of a message. */
export function textNodes(text) {
	const out = [];
	split(visible(text), FENCE, match => out.push(el("pre", {}, el("code", {}, match[1]))),
	    rest => addInline(out, rest));
	return out;
}
