// settings.js - the user's settings for this browser. Never holds a secret.
import {loadObject, saveObject} from "./storage.js";

const KEY = "kith.settings";
const DEFAULTS = {
	language: "auto", theme: "auto", density: "cosy", sendKey: "auto",
	sound: false, notifications: false,
	asked: false,		// whether notifications are wanted
};

let values = {...DEFAULTS};
const listeners = new Set();

export function loadSettings() {
	values = {...DEFAULTS, ...loadObject(KEY)};
	apply();
}

export function setting(name) {
	return values[name];
}

export function changeSetting(name, value) {
	values[name] = value;
	saveObject(KEY, values);
	apply();
	for (const listener of listeners)
		listener(name, value);
}

/** listener(name, value) */
export function onSetting(listener) {
	listeners.add(listener);
}

function apply() {
	document.documentElement.dataset.theme = values.theme;
	document.documentElement.dataset.density = values.density;
}
