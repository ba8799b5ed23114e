// scenario.mjs - what every scenario stands on: Chromium, a watch over what must never
// happen in it, and the line to the Python test that started it.
//
// The test gives its settings in KITH_SCENARIO. Standard output is the line to it: one JSON
// object a line, {"ask": verb, "with": [...]}, answered on standard input, and at the end
// {"result": ...}. What fails is thrown.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { join } from "node:path";

export const settings = JSON.parse(process.env.KITH_SCENARIO);
export const load = createRequire(join(settings.modules, "node_modules", "/"));
const { chromium } = load("playwright-core");

const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
	"--disable-background-networking", "--disable-component-update", "--disable-sync"];

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

function say(object)
{
	process.stdout.write(JSON.stringify(object) + "\n");
}

// Has the test do something; its answer. One at a time.
export async function ask(verb, ...rest)
{
	say({ ask: verb, with: rest });
	const { value, done } = await lines.next();
	if (done)
		throw new Error("the test is gone");
	const { answer, problem } = JSON.parse(value);
	if (problem)
		throw new Error(problem);
	return answer;
}

// Waits until `condition` gives something true, and returns it.
export async function until(what, condition, seconds = 20)
{
	const end = Date.now() + seconds * 1000 * settings.patience;
	for (;;) {
		const value = await condition();
		if (value)
			return value;
		if (Date.now() > end)
			throw new Error(`not within ${seconds} s: ${what}`);
		await new Promise(resolve => setTimeout(resolve, 20));
	}
}

export function median(figures)
{
	return quantile(figures, 0.5);
}

export function quantile(figures, part)
{
	const sorted = [...figures].sort((a, b) => a - b);
	return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
}

// The browser of one scenario. What must not happen in its pages gathers in `problems`.
class Stage {
	constructor(browser)
	{
		this.browser = browser;
		this.problems = [];
		this.allowed = [];
		this.origins = [new URL(settings.url).origin];
		this.contexts = [];
	}

	// From here on a problem that matches is part of the scenario.
	allow(...patterns)
	{
		this.allowed.push(...patterns);
	}

	// Pages may also speak to this origin.
	allowOrigin(url)
	{
		this.origins.push(new URL(url).origin);
	}

	note(page, what)
	{
		if (!this.allowed.some(pattern => pattern.test(what)))
			this.problems.push(`${page.person ?? "page"}: ${what}`);
	}

	checkAddress(page, address)
	{
		const url = new URL(address);
		const origin = url.origin === "null" ? url.protocol :
			url.origin.replace(/^ws/, "http");
		if (!["data:", "blob:", "about:", "chrome-error:", ...this.origins].includes(origin))
			this.note(page, `asks for ${address}`);
	}

	watch(page)
	{
		page.on("crash", () => this.note(page, "crashed"));
		page.on("pageerror", error => this.note(page, `uncaught ${error.stack ?? error}`));
		page.on("console", message => {
			if (message.type() === "error" || message.type() === "assert")
				this.note(page, `console: ${message.text()}`);
		});
		page.on("dialog", dialog => {
			this.note(page, `${dialog.type()} ${dialog.message()}`);
			dialog.dismiss().catch(() => {});
		});
		page.on("request", request => this.checkAddress(page, request.url()));
		page.on("websocket", socket => this.checkAddress(page, socket.url()));
	}

	// A browser profile of its own: other cookies, other storage.
	async context(options = {})
	{
		const context = await this.browser.newContext({ ignoreHTTPSErrors: true,
			locale: "en-US", timezoneId: "UTC", reducedMotion: "reduce",
			viewport: { width: 1000, height: 700 }, ...options });
		context.setDefaultTimeout(15000 * settings.patience);
		context.on("page", page => this.watch(page));
		this.contexts.push(context);
		return context;
	}

	async page(options)
	{
		return (await this.context(options)).newPage();
	}

	// For the report of a scenario that failed.
	async pictures()
	{
		let number = 0;
		for (const page of this.contexts.flatMap(context => context.pages()))
			await page.screenshot({ timeout: 5000, path: join(settings.pictures,
				`failed-${settings.scenario}-${++number}.png`) }).catch(() => {});
	}
}

// Runs body(stage); what it returns goes to the test.
export async function scenario(body, flags = [])
{
	const browser = await chromium.launch({ executablePath: settings.chromium,
		args: [...FLAGS, ...flags] });
	const stage = new Stage(browser);
	try {
		const result = await body(stage);
		if (stage.problems.length)
			throw new Error([...new Set(stage.problems)].slice(0, 20).join("\n"));
		say({ result: result ?? {} });
	} catch (error) {
		await stage.pictures();
		for (const problem of stage.problems)
			console.error(problem);
		throw error;
	} finally {
		await browser.close();
		process.stdin.destroy();
	}
}
