// names.js - the groups and people of whom the page has heard: what #name and @name in a text lead to.

const NAME_CHARS = 32;

// Scripts that are written without blanks: a name may end where one of them begins.
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/u;

export class Names {
	constructor() {
		this.known = new Map();		// "#tea" in small letters -> the name as it is
	}

	/** `sign`: # of a group, @ of a person. */
	add(sign, name) {
		if (name)
			this.known.set(sign + name.toLowerCase(), name);
	}

	clear() {
		this.known.clear();
	}

	/**
	 * Finds a known name at the beginning of `name`, which is as long as a name could be.
	 * {length, address}, or null: nobody has heard of it.
	 */
	find(sign, name) {
		for (let length = name.length; length > 0; length--) {
			const isEnd = length === name.length || UNSPACED.test(name[length]);
			const found = isEnd && length <= NAME_CHARS && this.known.get(sign + name.slice(0, length).toLowerCase());
			if (found)
				return {length, address: `#/${sign === "#" ? "group/" : "@"}${encodeURIComponent(found)}`};
		}
		return null;
	}
}
