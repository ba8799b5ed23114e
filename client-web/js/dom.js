// dom.js - makes elements and text nodes; there is no other way to the page.

/**
 * el("p", {class: "x", role: "log", data: {seq: "1"}, on: {click: f}}, "text", node, ...)
 * Values of undefined, null and false are left out; true is an attribute without a value.
 */
export function el(name, props = {}, ...children) {
	const node = document.createElement(name);
	for (const [key, value] of Object.entries(props)) {
		if (value === undefined || value === null || value === false)
			continue;
		if (key === "on")
			for (const [type, listener] of Object.entries(value))
				node.addEventListener(type, listener);
		else if (key === "data")
			Object.assign(node.dataset, value);
		else
			node.setAttribute(key === "class" ? "class" : key, value === true ? "" : value);
	}
	node.append(...children.flat().filter(child => child !== undefined && child !== null &&
	    child !== false));
	return node;
}

/** Names and texts of other people: their direction stays their own. */
export function bdi(text, className) {
	return el("bdi", {class: className}, text);
}

export function button(label, action, listener, className) {
	return el("button", {type: "button", class: className, data: {action}, on: {click: listener}},
	    label);
}

/** A button that shows a sign, and says its name to those who do not see it. */
export function signButton(sign, label, action, listener) {
	return el("button", {type: "button", class: "sign", title: label, "aria-label": label,
	    data: {action}, on: {click: listener}}, el("span", {"aria-hidden": "true"}, sign));
}

export function field(label, input) {
	return el("label", {class: "field"}, el("span", {}, label), input);
}

export function check(label, input) {
	return el("label", {class: "check"}, input, el("span", {}, label));
}

export function select(name, value, options) {
	const node = el("select", {name}, options.map(([key, label]) =>
	    el("option", {value: key}, label)));
	node.value = value;
	return node;
}

/** Replaces what is in `node`. */
export function fill(node, ...children) {
	node.replaceChildren(...children.flat().filter(Boolean));
}
