// notify.js - new messages while the page is in the background: title, notification, sound.
import {Change, drawSoon} from "./change.js";
import {t} from "./i18n.js";
import {changeSetting, setting} from "./settings.js";
import {Tabs} from "./tabs.js";
import {visible} from "./text.js";

const TEXT_CHARS = 140;
const SOUND_MS = 2000;		// at most one sound in this time
const TITLE_FOR = [Change.ALL, Change.LIST, Change.LOG, Change.CURRENT];

const notes = new Map();	// conversation id -> the notification that is shown
let audio = null;
let soundMs = 0;

/** Two short soft tones, synthesised: no file is loaded. */
export function playSound() {
	audio ??= new AudioContext();
	for (const [delay, hertz] of [[0, 587], [0.12, 880]]) {
		const begin = audio.currentTime + delay;
		const tone = audio.createOscillator(), volume = audio.createGain();
		tone.frequency.value = hertz;
		volume.gain.setValueAtTime(0.0001, begin);
		volume.gain.exponentialRampToValueAtTime(0.08, begin + 0.02);
		volume.gain.exponentialRampToValueAtTime(0.0001, begin + 0.3);
		tone.connect(volume).connect(audio.destination);
		tone.start(begin);
		tone.stop(begin + 0.3);
	}
}

/** Whether to offer notifications: the user has not decided yet. */
export function mayAsk() {
	return "Notification" in window && Notification.permission === "default" && !setting("asked");
}

/** Asks for the browser's permission; called only after the user turned notifications on. */
export async function turnOn() {
	const granted = "Notification" in window && await Notification.requestPermission() === "granted";
	changeSetting("notifications", granted);
	changeSetting("asked", true);
	return granted;
}

export function watch(state, openConversation) {
	const tabs = new Tabs();
	const drawTitle = () => {
		const n = state.unread, name = state.current?.name ? `${visible(state.current.name)} - Kith` : "Kith";
		document.title = n > 0 ? `(${n}) ${name}` : name;
	};
	state.addEventListener("change", ({detail: {what}}) => TITLE_FOR.includes(what) && drawSoon(drawTitle));
	state.addEventListener("change", ({detail: {what, conversation}}) =>
	    what === Change.LIST && conversation?.unread === 0 && notes.get(conversation.id)?.close());
	state.addEventListener("event", ({detail: {event, conversation}}) => {
		if (event.kind !== "MESSAGE" || state.isMine(event) || !tabs.speaks)
			return;
		if (setting("sound") && Date.now() - soundMs > SOUND_MS) {
			soundMs = Date.now();
			playSound();
		}
		if (setting("notifications"))
			show(event, conversation, openConversation);
	});
}

function show(event, conversation, openConversation) {
	const title = conversation.isGroup ?
	    t("notify.group", {name: event.senderName, group: conversation.name}) : event.senderName;
	let note;
	try {
		note = new Notification(title, {body: visible(event.text).slice(0, TEXT_CHARS),
		    tag: conversation.id, renotify: true, silent: true, icon: "icon.svg"});
	} catch {
		return;			// on phones only service workers may do it
	}
	notes.set(conversation.id, note);
	note.addEventListener("close", () => notes.get(conversation.id) === note && notes.delete(conversation.id));
	note.addEventListener("click", () => {
		window.focus();
		openConversation(conversation);
		note.close();
	});
}
