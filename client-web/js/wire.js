// wire.js - requests as JSON. The server refuses U+0000 and lone surrogates; the clipboard has them.

/** Without U+0000, and with U+FFFD for half a character. */
export function wellFormed(text) {
	return text.replaceAll("\0", "").toWellFormed();
}

export function encode(request) {
	return JSON.stringify(request, (key, value) => typeof value === "string" ? wellFormed(value) : value);
}
