// notify.js - tells of messages while nobody looks: the title, a notification, a sound.
import {t} from "./i18n.js";
import {setting, changeSetting} from "./settings.js";
import {visible} from "./text.js";

const TEXT_CHARS = 140;

let audio = null;

/** A short soft tone; nothing is loaded for it. */
function beep() {
	audio ??= new AudioContext();
	const tone = audio.createOscillator(), volume = audio.createGain(), now = audio.currentTime;
	tone.frequency.value = 660;
	volume.gain.setValueAtTime(0.08, now);
	volume.gain.exponentialRampToValueAtTime(0.001, now + 0.25);
	tone.connect(volume).connect(audio.destination);
	tone.start(now);
	tone.stop(now + 0.25);
}

/** Asked when somebody turns notifications on: the one moment at which the question is expected. */
export async function askPermission() {
	if (!("Notification" in window) || await Notification.requestPermission() !== "granted") {
		changeSetting("notifications", false);
		return false;
	}
	return true;
}

export function watch(state, openConversation) {
	const draw = () => {
		const n = state.unread;
		document.title = n > 0 ? `(${n}) Kith` : "Kith";
	};
	state.addEventListener("change", draw);
	state.addEventListener("event", ({detail: {event, conversation}}) => {
		if (event.kind !== "MESSAGE" || state.isMine(event) || !document.hidden)
			return;
		if (setting("sound"))
			beep();
		if (setting("notifications") && "Notification" in window &&
		    Notification.permission === "granted")
			show(event, conversation, openConversation);
	});
}

function show(event, conversation, openConversation) {
	const title = conversation.isGroup ?
	    t("notify.group", {name: event.senderName, group: conversation.name}) : event.senderName;
	const note = new Notification(title, {body: visible(event.text).slice(0, TEXT_CHARS),
	    tag: conversation.id, icon: "icon.svg"});
	note.addEventListener("click", () => {
		window.focus();
		openConversation(conversation);
		note.close();
	});
}
