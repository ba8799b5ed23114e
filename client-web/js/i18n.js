// i18n.js - the page's words, from lang/*.json: one flat object of texts each.

export const LANGUAGES = [["en", "English"], ["de", "Deutsch"], ["ko", "한국어"], ["zh", "中文"]];

const FORMATS = {
	time: {hour: "2-digit", minute: "2-digit"},
	day: {weekday: "long", year: "numeric", month: "long", day: "numeric"},
	date: {dateStyle: "medium", timeStyle: "short"},
};

let words = {};
const formats = {};		// making one takes longer than using it a thousand times

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
	for (const [name, options] of Object.entries(FORMATS))
		formats[name] = new Intl.DateTimeFormat(code, options);
}

export const formatTime = ms => formats.time.format(ms);
export const formatDay = ms => formats.day.format(ms);
export const formatDate = ms => formats.date.format(ms);

/** The text of an error that a request ended with. */
export function errorText(error) {
	const key = `error.${error.code}`;
	return key in words ? t(key) : error.message;
}
