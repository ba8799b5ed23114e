// history.mjs - a long log, scrolled up to its beginning: what is in sight keeps its place,
// the page stays small, and no work takes long.
import assert from "node:assert/strict";
import { cpus, loadavg } from "node:os";
import { Person } from "./person.mjs";
import { quantile, scenario, settings, until } from "./scenario.mjs";

const ROWS_MAX = 400;
const PLACE_PX = 2;

// In the page: one page upward, frame by frame. Gives how far the row that was on top after
// the scrolling moved until older rows had come, or null if none were left to come.
async function scrollUp()
{
	const log = document.querySelector("[role=log]");
	let box = log;
	while (box.scrollHeight <= box.clientHeight || getComputedStyle(box).overflowY === "visible")
		box = box.parentElement;
	const frame = () => new Promise(requestAnimationFrame);
	const rows = () => [...log.querySelectorAll("[data-seq]")];
	// The text of a message: its head goes when the message before it joins it.
	const place = row => (row.querySelector(".text") ?? row).getBoundingClientRect().top;
	const oldest = () => Math.min(...rows().map(row => Number(row.dataset.seq)));
	const top = box.getBoundingClientRect().top;
	let moved = 0, most = 0;

	for (let step = 0; step < 8 && box.scrollTop > 0; step++) {
		const anchor = rows().find(row => row.getBoundingClientRect().bottom > top + 1);
		const seq = anchor.dataset.seq, y = place(anchor);
		const before = box.scrollTop, by = Math.min(before, box.clientHeight * 0.7);
		box.scrollTop = before - by;
		// Whatever is loaded meanwhile, the row has moved by what was scrolled.
		for (let n = 0; n < 2; n++) {
			await frame();
			const now = log.querySelector(`[data-seq="${seq}"]`);
			if (now)
				moved = Math.max(moved, Math.abs(place(now) - y - by));
			most = Math.max(most, rows().length);
		}
	}
	return { moved, most, oldest: oldest(), top: box.scrollTop };
}

function watchTasks()
{
	window.tasks = [];
	new PerformanceObserver(list => window.tasks.push(...list.getEntries().map(e => e.duration)))
		.observe({ type: "longtask" });
}

await scenario(async stage => {
	const alice = await Person.enter(stage, "alice");
	await alice.page.evaluate(watchTasks);
	const begin = Date.now();
	await alice.open("big");
	await alice.sees(`line ${settings.lines}`);
	const opened = Date.now() - begin;
	let moved = 0, most = 0, pages = 0, at;
	do {
		at = await alice.page.evaluate(scrollUp);
		moved = Math.max(moved, at.moved);
		most = Math.max(most, at.most);
		assert.ok(++pages < settings.lines, `still at ${at.oldest}`);
	} while (at.oldest > 2 || at.top > 0);
	await alice.sees("line 1");
	const seconds = (Date.now() - begin) / 1000;

	// What comes at the end doesn't take the reader away from where he is.
	const bob = await Person.enter(stage, "bob");
	await bob.open("big");
	await bob.send("and one more");
	await bob.allStored("and one");
	await until("the reader stays", async () => (await alice.texts()).includes("line 1"));
	const tasks = await alice.page.evaluate(() => window.tasks);
	const longest = Math.max(0, ...tasks);

	assert.ok(moved <= PLACE_PX, `a row moved by ${moved} px`);
	assert.ok(most < ROWS_MAX, `${most} rows`);
	// On a machine that does other work as well, each task waits for its share of a core.
	const busy = Math.max(1, loadavg()[0] / cpus().length);
	assert.ok(longest < settings.bound_ms * busy, `a task of ${longest} ms, load ${busy}`);
	return { busy, opened_ms: opened, seconds, moved_px: moved, rows: most, longest_task_ms: longest,
		long_tasks: tasks.length, p95_task_ms: tasks.length ? quantile(tasks, 0.95) : 0 };
});
