// i18n.js - the page's words, from lang/*.json: one flat object of texts each.

export const LANGUAGES = [["en", "English"], ["de", "Deutsch"], ["ko", "한국어"], ["zh", "中文"]];

let words = {};

/** The text of a key, with its {names} filled in. */
export function t(key, values = {}) {
	const text = words[key] ?? key;
	return text.replace(/\{(\w+)\}/g, (whole, name) => name in values ? String(values[name]) : whole);
}

/** "auto": the first of the browser's languages that we have. */
export async function useLanguage(choice) {
	const known = LANGUAGES.map(([code]) => code);
	const wanted = choice === "auto" ? navigator.languages.map(l => l.slice(0, 2)) : [choice];
	const code = wanted.find(l => known.includes(l)) ?? "en";
	const answer = await fetch(`lang/${code}.json`);
	words = await answer.json();
	document.documentElement.lang = code;
}

export function formatTime(ms) {
	return new Intl.DateTimeFormat(document.documentElement.lang,
	    {hour: "2-digit", minute: "2-digit"}).format(ms);
}

export function formatDay(ms) {
	return new Intl.DateTimeFormat(document.documentElement.lang,
	    {weekday: "long", year: "numeric", month: "long", day: "numeric"}).format(ms);
}

export function formatDate(ms) {
	return new Intl.DateTimeFormat(document.documentElement.lang,
	    {dateStyle: "medium", timeStyle: "short"}).format(ms);
}

/** The text of an error that a request ended with. */
export function errorText(error) {
	const key = `error.${error.code}`;
	return key in words ? t(key) : error.message;
}
