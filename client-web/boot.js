// boot.js - what the page says while its modules are on their way, and if they do not come. It needs
// nothing but itself: the catalogues may not come either.
"use strict";

(() => {
	const LATE_MS = 5000;
	const LOOK_MS = 3000;

	const TEXTS = {
		en: ["The server does not answer.", "The page could not be loaded.", "Try again"],
		de: ["Der Server antwortet nicht.", "Die Seite konnte nicht geladen werden.", "Erneut versuchen"],
		ko: ["서버가 응답하지 않습니다.", "페이지를 불러오지 못했습니다.", "다시 시도"],
		zh: ["服务器没有响应。", "网页无法加载。", "重试"],
	};

	const language = navigator.languages.map(name => name.slice(0, 2)).find(name => name in TEXTS) ?? "en";
	const [late, broken, again] = TEXTS[language];

	/** Once the views are there, they say it themselves. */
	function tell(text) {
		const place = document.querySelector(".boot");
		if (!place)
			return;
		const button = document.createElement("button");
		button.type = "button";
		button.dataset.action = "reload";
		button.textContent = again;
		button.addEventListener("click", () => location.reload());
		document.documentElement.lang = language;
		place.replaceChildren(text, button);
	}

	/** A server that was away and is back: the page is tried again by itself. */
	async function lookForServer(wasAway) {
		const isThere = await fetch("healthz", {cache: "no-store"}).then(answer => answer.ok, () => false);
		if (isThere && wasAway)
			location.reload();
		else if (!isThere)
			setTimeout(() => lookForServer(true), LOOK_MS);
	}

	let failed = false;

	// A module that does not come, or of which an import does not, and one that breaks at its start.
	addEventListener("error", ({target, error}) => {
		if (failed || !document.querySelector(".boot") || (target.tagName !== "SCRIPT" && !error))
			return;
		failed = true;
		tell(broken);
		lookForServer(false);
	}, true);
	setTimeout(() => failed || tell(late), LATE_MS);
})();
