// no_browser.mjs - what state.js finds in a browser, for a test in node: it is imported before that. Nothing
// of it does anything.
globalThis.BroadcastChannel = class extends EventTarget {
	postMessage() {}
};
globalThis.setInterval = () => 0;
globalThis.addEventListener = () => {};
globalThis.document = { hidden: false, addEventListener() {} };
