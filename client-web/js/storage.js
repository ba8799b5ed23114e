// storage.js - the browser's localStorage, which may be full or forbidden. What cannot be kept there is
// kept for as long as this tab is open. Nothing else touches localStorage.

const memory = new Map();	// newer than what localStorage has

function attempt(use, otherwise) {
	try {
		return use(localStorage);
	} catch {
		return otherwise;
	}
}

/** null: there is nothing. */
export function load(key) {
	return memory.get(key) ?? attempt(storage => storage.getItem(key), null);
}

/** False: it is lost when the tab closes. */
export function save(key, value) {
	const kept = attempt(storage => {
		storage.setItem(key, value);
		return true;
	}, false);
	if (kept)
		memory.delete(key);
	else
		memory.set(key, value);
	return kept;
}

export function drop(key) {
	memory.delete(key);
	attempt(storage => storage.removeItem(key));
}

function parse(text) {
	try {
		const value = JSON.parse(text);
		return typeof value === "object" ? value : null;
	} catch {
		return null;
	}
}

/** The object saved as JSON; null: there is none, or something else. */
export const loadObject = key => parse(load(key));

export function saveObject(key, value) {
	return save(key, JSON.stringify(value));
}

export function keysWith(prefix) {
	const keys = new Set([...memory.keys(), ...attempt(storage => Object.keys(storage), [])]);
	return [...keys].filter(key => key.startsWith(prefix));
}

/** listener(key, object): another tab saved it, or dropped it (null). prefix() is that of the keys. */
export function onSaved(prefix, listener) {
	addEventListener("storage", ({key, newValue}) =>
	    key?.startsWith(prefix()) && listener(key, parse(newValue)));
}
