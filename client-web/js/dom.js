// dom.js - makes elements and text nodes; nothing else puts content into the page.

const SVG = "http://www.w3.org/2000/svg";

/** Icons: stroked paths on a 24 by 24 grid. */
const SIGNS = {
	alert: "M12 8v5M12 16.5v.1M12 3.5 21.5 20h-19z",
	back: "M15 5l-7 7 7 7",
	bell: "M6 16V11a6 6 0 0 1 12 0v5l1.5 2h-15zM10 20.5a2.2 2.2 0 0 0 4 0",
	check: "M5.5 12.5l4.5 4.5L19 7.5",
	checks: "M2.5 12.5L7 17l8.5-9.5M11 16l1 1 9-9.5",
	clock: "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM12 8v4.2l2.6 1.8",
	close: "M6 6l12 12M18 6L6 18",
	down: "M6 9.5l6 6 6-6",
	gear: "M4 8h8.5M17.5 8H20M15 5.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5zM4 16h2.5M11.5 16H20" +
	    "M9 13.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5z",
	hash: "M9.5 4L7.5 20M16.5 4l-2 16M4.5 9h16M3.5 15h16",
	invite: "M10 4.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7zM3 20c.5-4 3.4-6 7-6 1.7 0 3.2.4 4.4 1.3" +
	    "M18 14v6M15 17h6",
	leave: "M14 4.5H5.5v15H14M10.5 12H21M17.5 8l4 4-4 4",
	members: "M9 5a3.3 3.3 0 1 0 0 6.6A3.3 3.3 0 0 0 9 5zM2.5 19.5c.4-3.8 3-5.6 6.5-5.6s6.1 1.8 6.5 5.6" +
	    "M15.5 5.2a3.3 3.3 0 0 1 0 6.2M17.7 14.4c2.2.7 3.5 2.4 3.8 5.1",
	pen: "M4.5 19.5l.8-4L16.2 4.6a1.7 1.7 0 0 1 2.4 0l.8.8a1.7 1.7 0 0 1 0 2.4L8.5 18.7zM14 7l3 3",
	plus: "M12 5v14M5 12h14",
	search: "M10.5 4.5a6 6 0 1 0 0 12 6 6 0 0 0 0-12zM15 15l5 5",
	up: "M6 14.5l6-6 6 6",
	send: "M12 19V5M5.5 11.5L12 5l6.5 6.5",
};

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
			node.setAttribute(key, value === true ? "" : value);
	}
	node.append(...present(children));
	return node;
}

function present(children) {
	return children.flat(2).filter(child => child !== undefined && child !== null && child !== false);
}

/** Replaces the children of `node`. */
export function fill(node, ...children) {
	node.replaceChildren(...present(children));
}

/**
 * Makes `nodes` the children of `parent` and touches only those that are not in their place. The
 * others keep focus and selection, and a screen reader announces only what is new.
 */
export function reconcile(parent, nodes) {
	const wanted = new Set(nodes);
	for (const child of [...parent.childNodes])
		if (!wanted.has(child))
			child.remove();
	let at = parent.firstChild;
	for (const node of nodes) {
		if (node === at)
			at = at.nextSibling;
		else
			parent.insertBefore(node, at);
	}
}

export function icon(sign) {
	const svg = document.createElementNS(SVG, "svg"), path = document.createElementNS(SVG, "path");
	svg.setAttribute("class", "icon");
	svg.setAttribute("viewBox", "0 0 24 24");
	svg.setAttribute("aria-hidden", "true");
	path.setAttribute("d", SIGNS[sign]);
	svg.append(path);
	return svg;
}

/** A name or text of another user, isolated from the direction of the text around it. */
export function bdi(text, className) {
	return el("bdi", {class: className}, text);
}

/** For screen readers only. */
export function hidden(text) {
	return el("span", {class: "hidden"}, text);
}

/** In a list, while what it shows is on its way. */
export function waiting(text) {
	return el("li", {class: "soft waiting"}, text);
}

export function button(label, action, listener, className) {
	return el("button", {type: "button", class: className, data: {action}, on: {click: listener}},
	    label);
}

/** A button that shows an icon; its label is a tooltip and for screen readers. */
export function signButton(sign, label, action, listener) {
	return el("button", {type: "button", class: "sign", title: label, "aria-label": label,
	    data: {action}, on: {click: listener}}, icon(sign));
}

/** A disc with a name's first letter (a group's: #), in one of eight colours by `id`. */
export function avatar(name, id, isGroup = false) {
	const [first] = name;
	return el("span", {class: isGroup ? "avatar group" : "avatar", "aria-hidden": "true",
	    data: {tint: tint(id)}}, isGroup ? icon("hash") : (first ?? "?").toUpperCase());
}

export function tint(id) {
	return String(BigInt(id ?? 0) % 8n);
}

/** `rule`: what is allowed in it, said beside it. */
export function field(label, input, rule) {
	const node = el("label", {class: "field"}, el("span", {}, label), input);
	if (!rule)
		return node;
	const id = `rule-${input.name || input.querySelector("input").name}`;
	(input.name ? input : input.querySelector("input")).setAttribute("aria-describedby", id);
	return el("div", {class: "ruled"}, node, el("p", {class: "soft", id}, rule));
}

/** A field for a password, with a button that shows it. */
export function secret(name, show, props) {
	const input = el("input", {name, type: "password", required: true, ...props});
	const toggle = el("button", {type: "button", class: "link", "aria-pressed": "false",
	    data: {action: `show-${name}`}, on: {click: () => {
		const shows = input.type === "password";
		input.type = shows ? "text" : "password";
		toggle.setAttribute("aria-pressed", String(shows));
	}}}, show);
	return el("span", {class: "secret"}, input, toggle);
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
