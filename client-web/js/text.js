// text.js - a message's text as nodes: links, names, code, lines. What users wrote only ever becomes the
// content of a text node.
import {el} from "./dom.js";

const LINK = /\b(?:(?:https?:\/\/|mailto:|www\.(?=[^\s.]))[^\s<>"'`]+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+)/giu;
const FENCE = /```(?:([\w+#-]*)[ \t]*\n)?([\s\S]+?)\n?```(?:[ \t]*\n)?/gu;
const CODE = /`([^`\n]+)`/gu;
const EMOJI = /^(?:(?:\p{RGI_Emoji}|\p{Extended_Pictographic}\ufe0f?)\s?){1,5}$/v;
const BLANK = /^[\p{White_Space}\p{Default_Ignorable_Code_Point}\u2800]*$/u;

// #name and @name, as long as a name can be; not within a word, an address or a path.
const MENTION = /(?<![\w.\/#@&=+-])([#@])([\p{L}\p{N}](?:[._-]?[\p{L}\p{M}\p{N}])*)(?![\p{L}\p{M}\p{N}\/@]|[._-]\p{L})/gu;

const SENTENCE = ".,;:!?]}";	// after a link, not part of it

/** Shows control characters as their Unicode pictures. */
export function visible(text) {
	return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f]/gu,
	    c => c === "\u007f" ? "\u2421" : String.fromCodePoint(0x2400 + c.codePointAt(0)));
}

/** What the server takes for no text (utf8_is_blank()). */
export function isBlank(text) {
	return BLANK.test(text);
}

/** A text of a few emoji only, which is shown large. */
export function isEmoji(text) {
	return text.length < 40 && EMOJI.test(text);
}

/** A host or an address of mail alone gets the scheme that it must have meant. */
function safeLink(text) {
	const scheme = /^www\./iu.test(text) ? "https://" : /^(?:https?|mailto):/iu.test(text) ? "" : "mailto:";
	try {
		const url = new URL(scheme + text);
		return ["http:", "https:", "mailto:"].includes(url.protocol) ? url.href : null;
	} catch {
		return null;
	}
}

/** Without punctuation after it; a closing bracket stays if the link has its opening one. */
function trimLink(text) {
	let closed = text.split(")").length - text.split("(").length;
	let end = text.length;
	while (text[end - 1] === ")" ? closed > 0 : SENTENCE.includes(text[end - 1])) {
		closed -= text[end - 1] === ")" ? 1 : 0;
		end--;
	}
	return text.slice(0, end);
}

/** Calls found(match) for matches and rest(text) for what is between, in order. */
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

/** Those of whom the page has heard: a link to them. */
function addMentions(out, text, names) {
	split(text, MENTION, ([found, sign, name]) => {
		const known = names?.find(sign, name);
		if (!known) {
			out.push(found);
			return;
		}
		out.push(el("a", {href: known.address}, sign + name.slice(0, known.length)));
		out.push(name.slice(known.length));
	}, rest => out.push(rest));
}

function addLinks(out, text, names) {
	split(text, LINK, ([found]) => {
		const link = trimLink(found), href = safeLink(link);
		out.push(href === null ? link :
		    el("a", {href, target: "_blank", rel: "noopener noreferrer"}, link));
		out.push(found.slice(link.length));
	}, rest => addMentions(out, rest, names));
}

function addInline(out, text, names) {
	split(text, CODE, ([, code]) => out.push(el("code", {}, code)), rest => addLinks(out, rest, names));
}

function block(language, code) {
	return el("pre", {tabindex: 0}, language && el("span", {class: "language"}, language),
	    el("code", {}, code));
}

/** The nodes of a message; `names`: those that are links (Names). */
export function textNodes(text, names) {
	const out = [];
	split(visible(text), FENCE, ([, language, code]) => out.push(block(language, code)),
	    rest => addInline(out, rest, names));
	return out;
}
