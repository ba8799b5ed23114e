// text_unit.mjs - client-web/js/text.js without a browser: one table of texts and what is shown.
// The last line is for the test that runs it.
import assert from "node:assert/strict";

class Node {
	constructor(name)
	{
		Object.assign(this, { name, attributes: {}, dataset: {}, children: [] });
	}

	setAttribute(name, value) { this.attributes[name] = value; }

	append(...nodes) { this.children.push(...nodes); }
}

globalThis.document = { createElement: name => new Node(name) };

const { isBlank, isEmoji, textNodes } = await import("../../client-web/js/text.js");
const { Names } = await import("../../client-web/js/names.js");

// [text](href) is a link, <code> and <pre> are elements.
function shown(node)
{
	if (typeof node === "string")
		return node;
	const inside = node.children.map(shown).join("");
	if (node.name !== "a")
		return `<${node.name}>${inside}</${node.name}>`;
	const leaves = node.attributes.target === "_blank";
	assert.equal(leaves, !node.attributes.href.startsWith("#/"), "only other pages open elsewhere");
	assert.equal(leaves, node.attributes.rel === "noopener noreferrer");
	return `[${inside}](${node.attributes.href})`;
}

const names = new Names();
for (const group of ["tea", "late-tea", "b.c", "1", "동네"])
	names.add("#", group);
for (const person of ["bob", "Eve", "o_o", "wei", "민지", "tea", "a".repeat(32)])
	names.add("@", person);
names.add("#", undefined);
names.add("@", "");

const TEA = "[#tea](#/group/tea)", BOB = "[@bob](#/@bob)";
const same = text => [text, text];

const TEXTS = [
	// Of whom the page has heard, however it is written.
	["#tea", TEA], ["@bob", BOB], ["to @bob and #tea.", `to ${BOB} and ${TEA}.`],
	["@BOB, @eve!", "[@BOB](#/@bob), [@eve](#/@Eve)!"], ["(#tea)", `(${TEA})`], ["\"@bob\"", `"${BOB}"`],
	["#late-tea", "[#late-tea](#/group/late-tea)"], ["#tea-", `${TEA}-`], ["@bob's", `${BOB}'s`],
	["#b.c. #tea.", `[#b.c](#/group/b.c). ${TEA}.`], ["@o_o", "[@o_o](#/@o_o)"], ["#1", "[#1](#/group/1)"],
	["@bob\n@bob", `${BOB}\n${BOB}`], ["@tea", "[@tea](#/@tea)"], ["@bob: hi", `${BOB}: hi`],
	[`@${"a".repeat(32)}`, `[@${"a".repeat(32)}](#/@${"a".repeat(32)})`],
	// Scripts without blanks.
	["@wei一下", "[@wei](#/@wei)一下"], ["找@wei", "找[@wei](#/@wei)"],
	["@민지님께", `[@민지](#/@${encodeURIComponent("민지")})님께`],
	["#동네에서", `[#동네](#/group/${encodeURIComponent("동네")})에서`], ["#tea에", `${TEA}에`],
	// Of whom it has not, and other signs.
	...["#nothing", "@nobody", "#teas", "@bobby", "@bob_b", "#tea.x", "#late", "#2", "#", "@", "# tea", "@ bob",
		"##tea", "@@bob", "#@bob", "x#tea", "x@bob", "9@bob", "a.@bob", "&#tea;", "a=#tea", "@bob/x", "x/@bob",
		"../#tea", "#tea/x", "@bob@bob", "-#tea", "@bob-b", `@${"a".repeat(33)}`, "@__proto__", "#constructor",
	].map(same),
	// Not within code, addresses and links.
	["`#tea @bob`", "<code>#tea @bob</code>"], ["```\n#tea\n```\n@bob", `<pre><code>#tea</code></pre>${BOB}`],
	["bob@bob.org", "[bob@bob.org](mailto:bob@bob.org)"],
	["https://x.org/#tea?@bob", "[https://x.org/#tea?@bob](https://x.org/#tea?@bob)"],
	["https://x.org #tea", `[https://x.org](https://x.org/) ${TEA}`],
	["www.x.org/@bob", "[www.x.org/@bob](https://www.x.org/@bob)"],
	...["kith://x.org/abc#tea", "ftp://bob@x"].map(same),
	["javascript:#tea", `javascript:${TEA}`],
	// Links and their ends.
	["see https://x.org/a_(b).", "see [https://x.org/a_(b)](https://x.org/a_(b))."],
	["(https://x.org/a)", "([https://x.org/a](https://x.org/a))"], same("www..x"), same("a@b"),
	["mailto:a@b.org", "[mailto:a@b.org](mailto:a@b.org)"],
	// Code, fences, lines, control characters.
	["a `b` c", "a <code>b</code> c"], same("a ` b"), ["```c\nx\n```", "<pre><span>c</span><code>x</code></pre>"],
	["    indented", "    indented"], ["a\u0007b\u007f", "a\u2407b\u2421"], same("<b>&amp;</b>"),
];

for (const [text, expected] of TEXTS) {
	assert.equal(textNodes(text, names).map(shown).join(""), expected, JSON.stringify(text));
	// Without names: the same words, and no way within the page.
	assert.ok(!textNodes(text).map(shown).join("").includes("(#/"), text);
}
for (const [text, large] of [["🇩🇪", true], ["1️⃣", true], ["🏳️‍🌈", true], ["😀 👍", true], ["❤", true],
	["1", false], ["#", false], ["a😀", false], ["😀😀😀😀😀😀", false], ["", false]])
	assert.equal(isEmoji(text), large, text);

// White space, what is not seen, and the empty Braille pattern are no text.
const BLANK = ["", " ", "\t\n\r", "\u0085", "\u00a0", "\u1680", "\u2003", "\u2028", "\u3000", "\u00ad", "\u034f",
	"\u061c", "\u115f\u1160", "\u17b4", "\u180e", "\u200b\u200d", "\u202e", "\u2060\u2066", "\u2800", "\u3164",
	"\ufe0f", "\ufeff", "\uffa0", "\u{1d173}", "\u{e0001}", "\u{e01ef}", " \u2800\n\u3164"];
for (const text of BLANK)
	assert.ok(isBlank(text), JSON.stringify(text));
for (const text of ["a", "0", "\u2801", "\u2800.", "\u3164a", "\ufffd", "\u0007", "\u200d\u{1f600}", "\u0301", "\u{1d100}"])
	assert.ok(!isBlank(text), JSON.stringify(text));

// The longest text, of each shape that could make a pattern slow.
const begin = performance.now();
for (const part of ["#", "#a", "#a.", "@a_", "a@", "#a/", "(", "`", "```", "www.", "😀", "#동"])
	textNodes(part.repeat(8000 / part.length), names);
assert.ok(performance.now() - begin < 2000, `${performance.now() - begin} ms`);
console.log(JSON.stringify({ passed: TEXTS.map(([text]) => text) }));
