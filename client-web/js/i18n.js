// i18n.js - the page's texts, from lang/*.json: one flat object for each language.

export const LANGUAGES = [["en", "English"], ["de", "Deutsch"], ["ko", "한국어"], ["zh", "中文"]];

const RETRY_MS = 1000;
const MANY_REASONS = ["NAME_INVALID", "BAD_REQUEST"];
const WEEK_MS = 6 * 24 * 3600 * 1000;

const FORMATS = {
	time: {hour: "numeric", minute: "2-digit"},
	weekday: {weekday: "short"},
	short: {dateStyle: "short"},
	day: {weekday: "long", year: "numeric", month: "long", day: "numeric"},
	full: {dateStyle: "medium", timeStyle: "short"},
};

let words = {};
const formats = {};		// made once: constructing one costs more than a thousand uses

/** The text of a key, with its {placeholders} filled in. */
export function t(key, values = {}) {
	const text = words[key] ?? key;
	return text.replace(/\{(\w+)\}/g, (whole, name) => name in values ? String(values[name]) : whole);
}

async function fetchWords(code) {
	const answer = await fetch(`lang/${code}.json`);
	if (!answer.ok)
		throw new Error(`lang/${code}.json: ${answer.status}`);
	return answer.json();
}

/** At the start, when the page can say nothing yet: tries until it is there. */
export async function firstLanguage(choice) {
	for (;;) {
		try {
			return await useLanguage(choice);
		} catch {
			await new Promise(resolve => setTimeout(resolve, RETRY_MS));
		}
	}
}

/**
 * "auto" takes the first of the browser's languages that has a catalogue. If it cannot be
 * fetched, the promise is rejected and the language stays.
 */
export async function useLanguage(choice) {
	const known = LANGUAGES.map(([code]) => code);
	const wanted = choice === "auto" ? navigator.languages.map(l => l.slice(0, 2)) : [choice];
	const code = wanted.find(l => known.includes(l)) ?? "en";
	words = await fetchWords(code);
	document.documentElement.lang = code === "zh" ? "zh-Hans" : code;
	// The browser's own variant (en-GB) decides between a 12 and a 24 hour clock.
	const locale = navigator.languages.find(l => l.startsWith(code)) ?? code;
	for (const [name, options] of Object.entries(FORMATS))
		formats[name] = new Intl.DateTimeFormat(locale, options);
	formats.list = new Intl.ListFormat(locale, {type: "conjunction"});
}

export const formatTime = ms => formats.time.format(ms);
export const formatList = names => formats.list.format(names);
export const formatFull = ms => formats.full.format(ms);

/** The same for all times of one day. */
export const dayOf = ms => new Date(ms).toDateString();

export function formatDay(ms) {
	const now = Date.now();
	if (dayOf(ms) === dayOf(now))
		return t("day.today");
	return dayOf(ms) === dayOf(now - 24 * 3600 * 1000) ? t("day.yesterday") : formats.day.format(ms);
}

/** As short as is still clear: a time today, a weekday this week, else a date. */
export function formatShort(ms) {
	const now = Date.now();
	const format = dayOf(ms) === dayOf(now) ? "time" : now - ms < WEEK_MS ? "weekday" : "short";
	return formats[format].format(ms);
}

/**
 * The text of an error that a request ended with, as a sentence. Of a code that has many reasons, or that
 * the page does not know, the server's own text is behind it.
 */
export function errorText({code, text}) {
	const key = `error.${code}`, isKnown = key in words;
	const told = isKnown ? t(key) : t("error.other", {code});
	return text && (!isKnown || MANY_REASONS.includes(code)) ? `${told} (\u2068${text}\u2069)` : told;
}
