// The page in a real browser: what people do with it, and what it must never do.
//
// ANALYZE is the program, PAGES a folder with the pages `real`, `empty`, `hostile` and `many`, REPORT the report of
// `real`, CHROMIUM the browser.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";

const { ANALYZE, CHROMIUM, PAGES, REPORT } = process.env;
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const address = name => `file://${PAGES}/${name}.html`;

let browser;
before(async () => {
	browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
});
after(() => browser?.close());

/** Opens a page without a network; fails on any request, report of the policy, or error of the script. */
async function open(name, { hash = "", ...options } = {}) {
	const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
	await context.setOffline(true);
	const page = await context.newPage();
	const faults = [];
	page.on("request", request => {
		if (!request.url().startsWith(address(name)) && request.url() !== "data:,") faults.push(`request ${request.url()}`);
	});
	page.on("pageerror", error => faults.push(`error ${error.message}`));
	page.on("console", message => {
		if (["error", "warning"].includes(message.type())) faults.push(`console ${message.text()}`);
	});
	await page.addInitScript(() => {
		addEventListener("securitypolicyviolation", event =>
			console.error(`policy ${event.violatedDirective} ${event.blockedURI}`),
		);
	});
	await page.goto(address(name) + hash);
	if (options.javaScriptEnabled !== false) await ready(page);
	return {
		page,
		async close() {
			await context.close();
			assert.deepEqual(faults, []);
		},
	};
}

/** Waits until the requests have been read. */
const ready = page =>
	page.waitForFunction(() => /The report has/.test(document.getElementById("requests-shown")?.textContent ?? ""));
const text = (page, selector) => page.locator(selector).first().innerText();
const number = shown => Number(shown.replace(/\D/g, ""));
const elements = page => page.evaluate(() => document.querySelectorAll("*").length);
const search = (query, ...more) => {
	const done = spawnSync(ANALYZE, ["search", REPORT, ...more, "--", query], { encoding: "utf8" });
	return done.stdout;
};

test("the page answers without scripts, and scripts change no number", async () => {
	const still = await open("real", { javaScriptEnabled: false });
	const live = await open("real");
	for (const id of [
		"failed",
		"requests",
		"share",
		"errors",
		"groups",
		"largest",
		"first",
		"busiest",
		"broken",
		"last",
		"sides",
		"waiting",
		"most-errors",
		"most-waiting",
		"most-heat",
	]) {
		const said = await text(still.page, `#n-${id}`);
		assert.ok(said.length > 0, id);
		assert.equal(await text(live.page, `#n-${id}`), said, id);
	}
	for (const rows of ["flow-rows", "endpoint-rows", "run-rows"]) {
		assert.equal(await text(live.page, `#${rows}`), await text(still.page, `#${rows}`), rows);
	}
	const charts = page =>
		page.evaluate(() =>
			["errors-chart", "waiting-chart"].map(id =>
				[...document.querySelectorAll(`#${id} path`)].map(path => path.getAttribute("d")),
			),
		);
	assert.deepEqual(await charts(live.page), await charts(still.page));
	assert.equal(await still.page.locator(".needs-script:visible").count(), 0);
	assert.ok((await still.page.locator("#answers dl").boundingBox()).y < 300);
	await still.close();
	await live.close();
});

test("numbers are those of analyze search", async () => {
	const { page, close } = await open("real");
	const queries = [
		"",
		"flow:price",
		"status:4xx",
		"status:>=500",
		"is:open",
		"is:resolved -class:value",
		"class:missing OR side:erp",
		"outcome:failed",
		"endpoint:orders",
		"-is:failed",
		"step:write",
		"(flow:order OR flow:stock) side:omnitron",
	];
	for (const query of queries) {
		await page.fill("#query", query);
		await page.press("#query", "Enter");
		assert.equal(number(await text(page, "#n-requests")), number(search(query, "--count") || "0"), query);
	}
	// What counts do not know is looked for in the requests of the page, each of which search finds too.
	await page.fill("#query", "integer");
	await page.press("#query", "Enter");
	await page.waitForFunction(
		() =>
			/requests in this page match/.test(document.getElementById("query-note").textContent) &&
			!/Looking/.test(document.getElementById("query-note").textContent),
	);
	const found = number(await text(page, "#n-requests"));
	const all = number(search("integer", "--count"));
	assert.ok(found > 0 && found <= all, `${found} of ${all}`);
	await close();
});

test("a mistake in a query is named, and nothing else changes", async () => {
	const { page, close } = await open("real");
	const before = await text(page, "#n-requests");
	await page.fill("#query", "staus:404");
	await page.waitForSelector("#query[aria-invalid=true]");
	assert.match(await text(page, "#query-note"), /staus: no such field \(did you mean status\?\)/);
	assert.equal(await text(page, "#n-requests"), before);
	await close();
});

test("a part of the time is chosen on the chart, and every number follows", async () => {
	const { page, close } = await open("real");
	const box = await page.locator("#errors-chart").boundingBox();
	const all = number(await text(page, "#n-requests"));
	await page.mouse.move(box.x + box.width * 0.3, box.y + 20);
	await page.mouse.down();
	await page.mouse.move(box.x + box.width * 0.6, box.y + 30, { steps: 4 });
	await page.mouse.up();
	const part = number(await text(page, "#n-requests"));
	assert.ok(part > 0 && part < all, `${part} of ${all}`);
	const [from, to] = new URLSearchParams(new URL(page.url()).hash.slice(1)).get("t").split("..");
	assert.equal(part, number(search(`since:${from} until:${to}`, "--count")));
	await page.click("#unbrush");
	assert.equal(number(await text(page, "#n-requests")), all);
	await close();
});

test("three clicks lead from the top to what was sent and answered for a failing order", async () => {
	const { page, close } = await open("real");
	await page.click("#n-waiting a:has-text('order')");
	await page.click("#view tbody a >> nth=0");
	const key = await text(page, "#view h2");
	await page.click("#view .list tbody a >> nth=0");
	await page.waitForSelector("#request pre >> nth=1");
	assert.match(await text(page, "#request h2"), /failed/);
	assert.match(await text(page, "#request .facts"), new RegExp(key.replace("order ", "")));
	assert.equal(await page.locator("#request .sides pre").count(), 2);
	await close();
});

test("the whole state is in the address", async () => {
	const { page, close } = await open("real");
	await page.fill("#query", "is:failed flow:price");
	await page.press("#query", "Enter");
	await page.click("#group-list tbody a >> nth=0");
	await page.click("#view .list tbody a >> nth=2");
	await page.click("#theme");
	await page.waitForSelector("#request pre >> nth=1");
	const [url, shown] = [page.url(), await text(page, "main")];
	assert.match(url, /q=.*v=group.*r=\d+.*theme=dark/);
	const again = await open("real", { hash: new URL(url).hash });
	await again.page.waitForSelector("#request pre >> nth=1");
	assert.equal(await text(again.page, "main"), shown);
	assert.equal(await again.page.inputValue("#query"), "is:failed flow:price");
	await page.goBack();
	await page.goBack();
	assert.equal(await page.locator("#overview").isVisible(), true);
	await again.close();
	await close();
});

test("everything can be done with the keyboard", async () => {
	const { page, close } = await open("real");
	await page.keyboard.press("?");
	assert.equal(await page.locator("#help").isVisible(), true);
	await page.keyboard.press("Escape");
	await page.keyboard.press("/");
	await page.keyboard.type("side:omnitron");
	await page.keyboard.press("Escape");
	await page.waitForFunction(() => location.hash.includes("omnitron"));
	for (let n = 0; n < 6; n += 1) await page.keyboard.press("j");
	await page.keyboard.press("k");
	const name = await page.evaluate(() => document.activeElement.textContent);
	await page.keyboard.press("Enter");
	assert.equal(await text(page, "#view h2"), name);
	await page.keyboard.press("j");
	await page.keyboard.press("j");
	await page.keyboard.press("Enter");
	await page.waitForSelector("#request");
	await page.keyboard.press("Escape");
	assert.equal(await page.locator("#overview").isVisible(), true);
	await page.keyboard.press("Escape");
	assert.equal(await page.inputValue("#query"), "");
	await close();
});

test("a request is copied as a command that a shell can read", async () => {
	const { page, close } = await open("real", { permissions: ["clipboard-read", "clipboard-write"] });
	await page.click("#group-list tbody a >> nth=1");
	await page.waitForSelector("#request pre");
	const copied = async name => {
		await page.click(`button:visible:has-text("${name}") >> nth=-1`);
		await page.waitForSelector("button:has-text('Copied')");
		const got = await page.evaluate(() => navigator.clipboard.readText());
		await page.waitForSelector("button:has-text('Copied')", { state: "detached" });
		return got;
	};
	const curl = await copied("Copy curl");
	assert.match(curl, /^printf %s '[^]*' \|\ncurl --globoff/);
	execFileSync("sh", ["-n"], { input: curl });
	const command = await copied("Copy command");
	const shown = execFileSync("sh", ["-c", command.replace("analyze", `"${ANALYZE}"`)], { encoding: "utf8" });
	assert.match(shown, /failed/);
	await page.click("#view .list tbody a >> nth=1");
	const link = await copied("Copy link");
	await page.goto("about:blank");
	await page.goto(link);
	await page.waitForSelector("#request pre");
	await close();
});

test("what was looked for is marked, and the place is unfolded", async () => {
	const { page, close } = await open("real", { hash: "#q=res%3Ainteger&v=requests" });
	await page.waitForSelector("#request pre mark");
	assert.equal((await text(page, "#request pre mark")).toLowerCase(), "integer");
	await close();
});

test("what a hostile log says is text, everywhere", async () => {
	for (const hash of [
		"",
		"#v=keys",
		"#v=requests",
		...Array.from({ length: 9 }, (_, n) => `#v=group:${n.toString(16).padStart(16, "0")}`),
	]) {
		const { page, close } = await open("hostile", { hash });
		if (hash.includes("group") || hash.includes("requests")) await page.waitForSelector("#request pre >> nth=1");
		assert.equal(await page.title(), await page.evaluate(() => document.querySelector("title").textContent));
		assert.doesNotMatch(await page.title(), /broken out/);
		assert.equal(await page.locator("main img, main script, main u, main i").count(), 0);
		const shown = await page.evaluate(() => document.body.innerText);
		assert.doesNotMatch(shown, /[\u202a-\u202e\u2028\u2029\u0000\u001b\u0007]/);
		assert.ok((await elements(page)) <= 3000);
		await close();
	}
});

test("fifty thousand groups stay fast and few elements", async () => {
	const { page, close } = await open("many");
	const times = await page.evaluate(() => ({
		paint:
			performance.getEntriesByName("first-contentful-paint")[0]?.startTime ??
			performance.getEntriesByType("paint")[0].startTime,
		usable: performance.getEntriesByName("usable")[0].startTime,
	}));
	const took = [];
	for (const query of [
		"class:value",
		"side:erp",
		"group:0000000000001",
		"is:open",
		"status:4xx",
		"-side:omnitron",
		"field",
		"kind 49999",
		"msg:f13",
		"key:/K-0499/",
		"flow:flow",
		"duration:>1s",
	]) {
		// The fastest of three times: other work on the machine only adds.
		const times = await page.evaluate(
			wanted =>
				Array.from({ length: 3 }, () => {
					const [box, form] = ["query", "search"].map(id => document.getElementById(id));
					box.value = "";
					form.requestSubmit();
					box.value = wanted;
					const began = performance.now();
					form.requestSubmit();
					return performance.now() - began;
				}),
			query,
		);
		took.push(Math.min(...times));
		assert.ok((await elements(page)) <= 3000, query);
	}
	await page.fill("#query", "");
	await page.press("#query", "Enter");
	await page.evaluate(() => document.getElementById("group-list").scrollTo(0, 1e9));
	await page.waitForFunction(() => /49\s?999/.test(document.getElementById("group-list").innerText));
	assert.ok((await elements(page)) <= 3000);
	took.sort((a, b) => a - b);
	console.log(
		"first paint, usable, filters:",
		Math.round(times.paint),
		Math.round(times.usable),
		took.map(Math.round).join(" "),
		"ms",
	);
	// Wanted are 300, 1000 and 100 ms; machines that test are slower and shared.
	assert.ok(times.paint < 900 && times.usable < 2500 && took[took.length - 1] < 200, JSON.stringify({ times, took }));
	await close();
});

test("nobody is kept out: axe finds nothing, light and dark, wide and narrow", async () => {
	for (const colorScheme of ["light", "dark"]) {
		for (const width of [320, 1280]) {
			const { page, close } = await open("real", { colorScheme, viewport: { width, height: 800 }, bypassCSP: true });
			await page.evaluate(axe);
			const group = await page.locator("#group-list tbody a").first().getAttribute("href");
			const views = ["#", "#q=status:4xx", "#q=staus:1", group, "#v=keys:order", "#v=requests", "help"];
			for (const view of views) {
				if (view === "help") await page.keyboard.press("?");
				else {
					await page.evaluate(hash => {
						location.hash = hash;
					}, view);
					await page.waitForTimeout(150);
				}
				const { violations } = await page.evaluate(() => window.axe.run(document));
				const found = violations.map(
					one =>
						`${one.id}: ${one.nodes
							.slice(0, 3)
							.map(node => node.html)
							.join(" ")}`,
				);
				assert.deepEqual(found, [], `${view} ${colorScheme} ${width}`);
				const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
				assert.ok(wide <= 0, `${view} at ${width} is ${wide} too wide`);
			}
			await close();
		}
	}
});

test("it prints", async () => {
	const { page, close } = await open("many");
	const pdf = await page.pdf({ format: "A4" });
	assert.ok(pdf.length > 20_000 && pdf.subarray(0, 5).toString() === "%PDF-");
	// No paper for the rows of lists that are not there.
	await page.emulateMedia({ media: "print" });
	const height = await page.evaluate(() => document.documentElement.scrollHeight);
	assert.ok(height < 8_000, `${height} pixels`);
	await close();
});

test("a page of nothing says so and is small", async () => {
	const { page, close } = await open("empty");
	assert.equal(await text(page, "#n-broken"), "No");
	assert.ok(statSync(`${PAGES}/empty.html`).size <= 150_000);
	await close();
});
