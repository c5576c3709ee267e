// The page itself: its state in the address, the query, the numbers that follow it, and the keyboard.
import { chart, heatPaths, legendEntry, makeBrushable, setPaths, showBrush, spanOf, stackedPaths } from "./charts.js";
import { inflated, Report } from "./data.js";
import { COLOURED, figuresOf, KINDS, matchesOf, percentile } from "./filter.js";
import {
	anchor,
	byId,
	counted,
	duration,
	element,
	keyWords,
	moment,
	ofRequests,
	percent,
	plural,
	pushButton,
	queryTime,
	shellWord,
	tableRow,
} from "./format.js";
import { markedPatterns, parseQuery, QueryError } from "./grammar.js";
import { LongTable } from "./list.js";
import { headOf, requestRow, viewOf } from "./views.js";

/** What the address says: query, part of the time, view, request, colours. */
const state = { q: "", t: "", v: "", r: "", theme: "" };
/** Rows of the lists that are not scrolled, as in the static part. */
const ROWS = 12;

/** @type {Report} */
let report;
/** @type {LongTable} */
let groupTable;
/** @type {LongTable} */
let requestTable;
/** @type {LongTable | null} */
let viewTable = null;
/** @type {import("./filter.js").Figures} */
let figures;
/** @type {import("./filter.js").Matches} */
let matches;
/** @type {RegExp[]} */
let patterns = [];
/** What the numbers on the page were made for. */
let shownFor = "";

/** The address of a changed state. @param {Partial<typeof state>} change */
const addressOf = change =>
	`#${new URLSearchParams(Object.entries({ ...state, ...change }).filter(([, value]) => value))}`;
const linkTo = (view, request = "") => addressOf({ v: view, r: request });

/** @param {Partial<typeof state>} change @param {boolean} [replace] whether the step is not kept in the history */
function go(change, replace = false) {
	history[replace ? "replaceState" : "pushState"](null, "", addressOf(change));
	apply();
}

const startOf = bin => report.data.from + bin * report.data.step;
const momentOf = bin => moment(startOf(bin));
const most = numbers => numbers.reduce((a, b) => Math.max(a, b), 0);

/** @returns {[number, number] | null} */
function brushOf() {
	const [from, to] = state.t
		.split("..")
		.map(time => Math.round((Date.parse(`${time}Z`) * 1000 - report.data.from) / report.data.step));
	return from < to ? [Math.max(0, from), Math.min(report.data.bins, to)] : null;
}

/** The command that finds the same requests. */
function searchCommand() {
	const [from, to] = state.t.split("..");
	const query = [state.t && / OR /.test(state.q) ? `(${state.q})` : state.q, state.t && `since:${from} until:${to}`]
		.filter(Boolean)
		.join(" ");
	return `analyze search ${shellWord(report.data.name)} ${query.startsWith("-") ? "-- " : ""}${shellWord(query)}`;
}

/** @param {string} text @param {HTMLElement} button */
async function copy(text, button) {
	const name = button.textContent;
	try {
		await navigator.clipboard.writeText(text);
		button.textContent = "Copied";
	} catch {
		// Without the right to the clipboard the text is shown, to be copied by hand.
		button.after(element("code", text));
		button.textContent = "Copy this:";
	}
	setTimeout(() => (button.textContent = name), 2000);
}

/** @returns {import("./views.js").ViewContext} */
const contextOf = () => ({
	report,
	requests: report.requests ?? { id: [] },
	patterns,
	copy,
	link: linkTo,
	command: shellWord(report.data.name),
	isHit: matches.isHit,
	keys: matches.keys,
});

/** Says how much matches, or what is wrong with the query. @param {QueryError | null} error */
function note(error) {
	const place = byId("query-note");
	const { contents } = report.data;
	byId("query").setAttribute("aria-invalid", String(error !== null));
	place.textContent = error?.message ?? "";
	if (error || !(state.q || state.t)) return;
	place.append(
		matches.exact
			? `${ofRequests(figures.requests, contents.all_requests)} match, ${counted(figures.failed)} failed.`
			: `${ofRequests(figures.requests, contents.requests)} in this page match. The report has ${counted(contents.all_requests)}; the numbers below are of those in this page.`,
	);
	if (matches.unknown > 0)
		place.append(
			report.bodiesRead ? ` The bodies of ${counted(matches.unknown)} are not in this page.` : " Looking into bodies …",
		);
	place.append(
		" ",
		pushButton("Copy command", button => copy(searchCommand(), button)),
	);
}

/** Reads the address, and shows what it says. */
function apply() {
	const parameters = new URLSearchParams(location.hash.slice(1));
	for (const name of /** @type {(keyof typeof state)[]} */ (Object.keys(state)))
		state[name] = parameters.get(name) ?? "";
	document.documentElement.dataset.theme = state.theme;
	byId("theme").textContent =
		(state.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark"
			? "Light"
			: "Dark";
	const box = /** @type {HTMLInputElement} */ (byId("query"));
	if (box.value.trim() !== state.q) box.value = state.q;
	const brush = brushOf();
	byId("brushed").hidden = !brush;
	if (brush) say({ "brushed-text": `${momentOf(brush[0])} to ${momentOf(brush[1])}` });
	let query = null;
	try {
		query = parseQuery(state.q, Date.now() * 1000);
	} catch (error) {
		if (!(error instanceof QueryError)) throw error;
		return note(error);
	}
	const wanted = JSON.stringify([state.q, brush, report.requests !== null, report.bodiesRead]);
	if (wanted !== shownFor) {
		shownFor = wanted;
		patterns = markedPatterns(query);
		matches = matchesOf(report, query, brush);
		figures = figuresOf(report, matches, brush);
		showAnswers();
		showCharts(brush);
		showLists();
		if (matches.unknown > 0 && !report.bodiesRead && report.requests) report.readBodies().then(apply);
	}
	note(null);
	return showView();
}

/** Texts by the id of their element; those without one are left out. @param {Record<string, string>} texts */
function say(texts) {
	for (const [id, text] of Object.entries(texts)) {
		const place = document.getElementById(id);
		if (place) place.textContent = text;
	}
}

/** Fills an element, where there is one, with what is made of each item. @template T @param {string} id @param {T[]} items @param {(item: T, n: number) => Node} made */
const fill = (id, items, made) => document.getElementById(id)?.replaceChildren(...items.map(made));

/** The numbers at the top. */
function showAnswers() {
	const { data, groups, names } = report;
	const { failedByBin, order } = figures;
	const first = failedByBin.findIndex(count => count > 0);
	const last = failedByBin.findLastIndex(count => count > 0);
	const busiest = failedByBin.indexOf(most(failedByBin));
	const waiting = figures.waiting.filter(([, count]) => count > 0);
	const before = ((data.bins - 1 - last) * data.step) / 1000;
	const none = figures.failed ? "the time is not known" : "no failed request";
	say({
		"n-failed": counted(figures.failed),
		"n-requests": counted(figures.requests),
		"n-share": percent(figures.failed, figures.requests),
		"n-errors": counted(figures.errors),
		"n-groups": counted(order.length),
		"n-largest": groups.title[order[0]] ?? "–",
		"n-first": first < 0 ? "–" : momentOf(first),
		"n-busiest":
			first < 0 ? none : `most: ${counted(failedByBin[busiest])} in ${data.length} from ${momentOf(busiest)}`,
		"n-broken": waiting.length ? "Yes" : figures.failed ? "Nothing waits" : "No",
		"n-last":
			last < 0
				? none
				: `last failure ${momentOf(last)}, ${before ? `${duration(before)} before the log ends` : "at the end of the log"}`,
	});
	const sides = [...figures.bySide].sort((a, b) => b[1] - a[1] || a[0] - b[0]).slice(0, 4);
	fill("n-sides", sides, ([side, count], n) => {
		const name = element(n ? "span" : "b", names.sides[side] ?? "not known");
		return element(n ? "p" : "div", name, ` ${percent(count, figures.errors)}`);
	});
	fill("n-waiting", waiting.slice(0, 3), ([kind, count]) => {
		const word = names.key_kinds[kind];
		return element("p", anchor(linkTo(`keys:${word}`), element("b", counted(count)), ` ${keyWords(word, count)}`));
	});
	byId("n-waiting").append(waiting.length ? element("p", "their newest attempt failed") : element("b", "nothing"));
}

/** The charts over time. @param {[number, number] | null} brush */
function showCharts(brush) {
	const { groups, names } = report;
	const errors = stackedPaths(figures.errorsByBin);
	setPaths(byId("errors-chart"), errors.paths);
	showBrush(byId("errors-chart"), brush);
	const coloured = figures.order.slice(0, COLOURED).map(group => groups.title[group].slice(0, 90));
	if (figures.order.length > COLOURED) coloured.push("other groups");
	fill("errors-legend", coloured, (title, n) => {
		const link = linkTo(`group:${groups.fingerprint[figures.order[n]]}`);
		return legendEntry(n, n < COLOURED ? anchor(link, title) : title);
	});
	timeTable("errors-over-time", coloured, figures.errorsByBin, part => part.reduce((a, b) => a + b, 0));

	const stacked = stackedPaths(figures.waitingByBin);
	const waiting = document.getElementById("waiting-chart");
	if (waiting) setPaths(waiting, stacked.paths);
	const kinds = figures.waiting.slice(0, KINDS).map(([kind]) => keyWords(names.key_kinds[kind], 2));
	const shown = figures.waitingByBin.filter((series, n) => n < kinds.length || most(series) > 0);
	const titles = shown.map((_, n) => kinds[n] ?? "other keys");
	fill("waiting-legend", titles, (title, n) => legendEntry(n, title));
	timeTable("waiting", titles, shown, most);
	say({ "n-most-errors": counted(errors.most), "n-most-waiting": counted(stacked.most) });
}

/** The lists of flows, endpoints, runs, groups and requests. */
function showLists() {
	const { data, names } = report;
	const shares = ({ failed, requests }) =>
		[counted(failed), counted(requests), percent(failed, requests)].map(text => ["number", text]);
	const flows = figures.flows.filter(flow => flow.failed > 0).slice(0, ROWS);
	const hottest = most(flows.map(flow => most(flow.byBin)));
	fill("flow-rows", flows, flow => {
		const peak = most(flow.byBin);
		const label = `most at ${momentOf(flow.byBin.indexOf(peak))}: ${counted(peak)}`;
		return tableRow(
			["text", names.flows[flow.name] ?? "(flow not known)"],
			["", chart("cells", data.bins, heatPaths(flow.byBin, hottest), label)],
			...shares(flow),
		);
	});

	const endpoints = figures.endpoints.slice(0, ROWS);
	const times = endpoints.map(({ durations }) => [percentile(durations, 0.5), percentile(durations, 0.95)]);
	const slowest = most(times.map(([, p95]) => p95 ?? 1));
	fill("endpoint-rows", endpoints, (endpoint, n) => {
		const [median, p95] = times[n];
		return tableRow(
			["text", names.endpoints[endpoint.name] ?? "(address not known)"],
			...shares(endpoint),
			["wide", median !== null && p95 !== null && spanOf("s0", median, p95 - median, slowest)],
			["number", duration(median)],
			["number", duration(p95)],
		);
	});

	const { runs, contents } = data;
	const shownRuns = matches.runs.slice(0, 8);
	fill("run-rows", shownRuns, runRow);
	groupTable.show(figures.order.length);
	requestTable.show(matches.requests.length);
	say({
		"n-most-heat": counted(hottest),
		"endpoints-shown": `${counted(endpoints.length)} of ${plural(figures.endpoints.length, "endpoint", "endpoints")}`,
		"runs-shown": `${counted(shownRuns.length)} of ${plural(matches.runs.length === runs.id.length ? runs.all : matches.runs.length, "run", "runs")}`,
		"groups-shown": `${plural(figures.order.length, "group", "groups")}, most errors first.`,
		"requests-shown": report.requests
			? `${ofRequests(matches.requests.length, contents.requests)} in this page match, the newest first. The report has ${counted(contents.all_requests)}.`
			: "",
	});
}

/** The numbers of a chart over time, in at most 24 rows. @param {string} id @param {string[]} names @param {(Uint32Array | Int32Array)[]} series @param {(part: any) => number} join */
function timeTable(id, names, series, join) {
	const { bins } = report.data;
	const size = Math.max(1, Math.ceil(bins / 24));
	document.querySelector(`#${id} .numbers table`)?.replaceChildren(
		element("thead", tableRow(["text", "From (UTC)"], ...names.map(name => ["number", name]))),
		element(
			"tbody",
			Array.from({ length: Math.ceil(bins / size) }, (_, row) =>
				tableRow(
					["text", momentOf(row * size)],
					...series.map(counts => ["number", counted(join(counts.subarray(row * size, (row + 1) * size)))]),
				),
			),
		),
	);
}

/** @param {number} run */
function runRow(run) {
	const { names, data } = report;
	const { runs } = data;
	const end = most([runs.duration[run], ...runs.steps[run].map(([, , start, took]) => start + took)]);
	const steps = runs.steps[run].map(([step, status, start, took]) => {
		const failed = runs.statuses[status] === "failed";
		const name = `${names.steps[step] ?? ""} ${duration(took)}${failed ? " failed" : ""}`;
		return element("li", spanOf(failed ? "bad" : "s0", start, took, end), element("span", name));
	});
	return tableRow(
		["text", names.flows[runs.flow[run]] ?? "(flow not known)", element("div.id", runs.id[run])],
		["", moment(runs.start[run])],
		["", runs.statuses[runs.status[run]]],
		["number", `${counted(runs.failed[run])} of ${counted(runs.requests[run])}`],
		["number", duration(runs.duration[run])],
		["", element("ol.steps", steps)],
	);
}

/** A row of the list of groups. @param {number} n */
function groupRow(n) {
	const { groups, names, data } = report;
	const { bins } = data;
	const group = figures.order[n];
	const counts = Uint32Array.from({ length: bins }, (_, bin) => figures.groupBins.get(group * bins + bin) ?? 0);
	const used = [...counts.keys()].filter(bin => counts[bin] > 0);
	return tableRow(
		["number", counted(figures.byGroup[group])],
		["trend.wide", chart("spark", bins, stackedPaths([counts]).paths)],
		["text", anchor(linkTo(`group:${groups.fingerprint[group]}`), groups.title[group].slice(0, 300))],
		["number", counted(figures.waitingByGroup[group])],
		["word.wide", names.classes[groups.class[group]]],
		["word.wide", names.sides[groups.side[group]]],
		["times.wide", used.length > 0 && [momentOf(used[0]), element("br"), momentOf(used[used.length - 1])]],
	);
}

/** Shows the view that the address names, in place of the overview. */
function showView() {
	const place = byId("view");
	const wasHidden = place.hidden;
	place.hidden = !state.v;
	byId("overview").hidden = !place.hidden;
	viewTable = null;
	if (!state.v) {
		groupTable.draw();
		requestTable.draw();
		return;
	}
	const view = report.requests && viewOf(contextOf(), state.v, state.r);
	place.replaceChildren(
		element("nav.crumbs", { "aria-label": "Where you are" }, anchor(linkTo(""), "← Overview")),
		...(view?.parts ?? [element("section", report.requests && "This page does not have it.")]),
	);
	if (wasHidden) scrollTo(0, 0);
	if (!view) return;
	viewTable = view.table;
	viewTable.show(view.size);
	if (view.at > 2) viewTable.place.scrollTop = (view.at - 2) * 44;
}

/** @param {KeyboardEvent} event */
function onKey(event) {
	const box = byId("query");
	const help = /** @type {HTMLDialogElement} */ (byId("help"));
	if (event.ctrlKey || event.metaKey || event.altKey || help.open) return;
	if (event.key === "Escape") {
		if (document.activeElement === box) box.blur();
		else if (state.v) go({ v: "", r: "" });
		else if (state.q || state.t) go({ q: "", t: "" });
	} else if (document.activeElement === box) return;
	else if (event.key === "/") box.focus();
	else if (event.key === "?") help.showModal();
	else if (event.key === "j" || event.key === "k") (viewTable ?? groupTable).move(event.key === "j" ? 1 : -1);
	else return;
	event.preventDefault();
}

/** Starts the page. */
async function start() {
	report = new Report({ ...(await inflated("data-counts")), contents: await inflated("data-contents") });
	for (const part of document.querySelectorAll(".needs-script")) /** @type {HTMLElement} */ (part).hidden = false;
	groupTable = new LongTable(byId("group-list"), headOf("group-list"), groupRow);
	requestTable = new LongTable(byId("request-list"), headOf("request-list"), n =>
		requestRow(contextOf(), matches.requests[n], "requests"),
	);
	const box = /** @type {HTMLInputElement} */ (byId("query"));
	const help = /** @type {HTMLDialogElement} */ (byId("help"));
	let typing = 0;
	const on = (id, kind, action) => byId(id).addEventListener(kind, action);
	on("query", "input", () => {
		clearTimeout(typing);
		typing = setTimeout(() => go({ q: box.value.trim() }, true), 60);
	});
	on("search", "submit", event => {
		event.preventDefault();
		go({ q: box.value.trim(), v: "", r: "" });
	});
	on("unbrush", "click", () => go({ t: "" }));
	on("help-button", "click", () => help.showModal());
	on("help-close", "click", () => help.close());
	on("theme", "click", () => go({ theme: (byId("theme").textContent ?? "").toLowerCase() }, true));
	on("copy-link", "click", () => copy(location.href, byId("copy-link")));
	const { bins } = report.data;
	const timeOf = bin => queryTime(startOf(bin));
	if (bins > 1) makeBrushable(byId("errors-plot"), bins, (from, to) => go({ t: `${timeOf(from)}..${timeOf(to)}` }));
	addEventListener("popstate", apply);
	addEventListener("keydown", onKey);
	apply();
	performance.mark("usable");
	await report.readRequests();
	apply();
}

start();
