// pictures.mjs - the page as people see it, for people to look at.
import { join } from "node:path";
import { Person } from "./person.mjs";
import { scenario, settings } from "./scenario.mjs";

const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true,
	deviceScaleFactor: 2 };

async function take(stage, name, options, steps)
{
	const alice = await Person.enter(stage, "alice", { reducedMotion: "no-preference", ...options });
	await steps(alice);
	await alice.page.screenshot({ path: join(settings.pictures, `${name}.png`) });
	await alice.page.context().close();
}

async function chat(alice)
{
	await alice.open("garden");
	await alice.sees(settings.last);
}

await scenario(async stage => {
	const size = { width: 1200, height: 800 };
	await take(stage, "desktop", { viewport: size }, chat);
	await take(stage, "dark", { viewport: size, colorScheme: "dark" }, chat);
	await take(stage, "phone", PHONE, chat);
	await take(stage, "phone-list", PHONE, alice => alice.entry("garden").waitFor());
	await take(stage, "settings", { viewport: size }, async alice => {
		await chat(alice);
		await alice.action("settings").click();
		await alice.page.getByRole("dialog").waitFor();
	});
	await take(stage, "chinese", { viewport: size, locale: "zh-CN" }, chat);
	await take(stage, "korean-dark-phone", { ...PHONE, colorScheme: "dark", locale: "ko-KR" }, chat);
	const stranger = await stage.page({ viewport: size });
	await stranger.goto(settings.url);
	await stranger.locator("input[name=password]:visible").waitFor();
	await stranger.screenshot({ path: join(settings.pictures, "login.png") });
});
