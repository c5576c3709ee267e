// The page itself: its state in the address, the query, the numbers that follow it, and the keyboard.
import { chart, heatPaths, legendEntry, makeBrushable, setPaths, showBrush, spanOf, stackedPaths } from "./charts.js";
import { inflated, Report } from "./data.js";
import { COLOURED, figuresOf, KINDS, matchesOf, percentile } from "./filter.js";
import { byId, counted, duration, element, keyWords, moment, percent, plural, queryTime, shellWord } from "./format.js";
import { markedPatterns, parseQuery, QueryError } from "./grammar.js";
import { LongTable } from "./list.js";
import { REQUEST_HEADS, requestRow, viewOf } from "./views.js";

/** What the address says: query, part of the time, view, request, colours. */
const state = { q: "", t: "", v: "", r: "", theme: "" };
/** Rows of the lists that are not scrolled, as in the static part. */
const ROWS = 12;

/** @param {Partial<typeof state>} change @returns {string} the address */
function addressOf(change) {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries({ ...state, ...change })) if (value) parameters.set(name, value);
  return `#${parameters}`;
}

/** @param {Partial<typeof state>} change @param {boolean} [replace] whether the step is not kept in the history */
function go(change, replace = false) {
  history[replace ? "replaceState" : "pushState"](null, "", addressOf(change));
  apply();
}

/** @type {Report} */
let report;
/** @type {LongTable} */
let groupTable;
/** @type {LongTable} */
let requestTable;
/** @type {LongTable | null} */
let viewTable = null;
/** @type {number[]} */
let groupOrder = [];
/** @type {import("./filter.js").Figures} */
let figures;
/** @type {import("./filter.js").Matches} */
let matches;
/** What the numbers on the page were made for. */
let shownFor = "";
/** @type {RegExp[]} */
let patterns = [];

/** @returns {[number, number] | null} */
function brushOf() {
  const [from, to] = state.t.split("..").map((time) => Math.round((Date.parse(`${time}Z`) * 1000 - report.data.from) / report.data.step));
  return state.t && from < to ? [Math.max(0, from), Math.min(report.data.bins, to)] : null;
}
const startOf = (bin) => report.data.from + bin * report.data.step;

/** The query and the chosen time as a query. */
function wholeQuery() {
  const [from, to] = state.t.split("..");
  return [state.t && / OR /.test(state.q) ? `(${state.q})` : state.q, state.t && `since:${from} until:${to}`].filter(Boolean).join(" ");
}
const searchCommand = () => `analyze search ${shellWord(report.data.name)} ${wholeQuery().startsWith("-") ? "-- " : ""}${shellWord(wholeQuery())}`;

/** @param {string} text @param {HTMLElement} button */
async function copy(text, button) {
  const name = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    // Without the right to the clipboard the text is shown, to be copied by hand.
    button.after(element("code", {}, text));
    button.textContent = "Copy this:";
  }
  setTimeout(() => (button.textContent = name), 2000);
}

const context = () => ({
  report, patterns, copy, command: shellWord(report.data.name),
  matching: state.q || state.t ? new Set(matches.requests) : null,
  link: (view, request) => addressOf({ v: view, r: request ?? "" }),
});

/** Says how much matches, or what is wrong with the query. @param {QueryError | null} error */
function note(error) {
  const place = byId("query-note");
  byId("query").setAttribute("aria-invalid", String(error !== null));
  place.className = error ? "error" : "";
  place.replaceChildren();
  if (error) {
    place.append(error.message);
    return;
  }
  const all = report.data.contents.all_requests;
  if (!state.q && !state.t) return;
  if (matches.exact) {
    place.append(`${counted(figures.requests)} of ${plural(all, "request", "requests")} match, ${counted(figures.failed)} failed.`);
  } else {
    place.append(`${counted(figures.requests)} of the ${plural(report.data.contents.requests, "request", "requests")} in this page match; the report has ${counted(all)}, and all numbers below are of those in this page.`);
    if (matches.unknown > 0) place.append(report.bodiesRead ? ` Of ${counted(matches.unknown)} the bodies are not in this page.` : " Looking into bodies …");
  }
  const button = element("button", { type: "button" }, "Copy command");
  button.addEventListener("click", () => copy(searchCommand(), button));
  place.append(" ", button);
}

/** Reads the address, and shows what it says. */
function apply() {
  const parameters = new URLSearchParams(location.hash.slice(1));
  for (const name of /** @type {(keyof typeof state)[]} */ (Object.keys(state))) state[name] = parameters.get(name) ?? "";
  document.documentElement.dataset.theme = state.theme;
  const dark = state.theme ? state.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  byId("theme").textContent = dark ? "Light" : "Dark";
  const box = /** @type {HTMLInputElement} */ (byId("query"));
  if (box.value !== state.q) box.value = state.q;
  byId("clear").hidden = !state.q;
  byId("brushed").hidden = !state.t;
  let query = null;
  try {
    query = parseQuery(state.q, Date.now() * 1000);
  } catch (error) {
    if (!(error instanceof QueryError)) throw error;
    note(error);
    return;
  }
  const brush = brushOf();
  const wanted = JSON.stringify([state.q, brush, Boolean(report.requests), report.bodiesRead]);
  if (wanted !== shownFor) {
    patterns = markedPatterns(query);
    matches = matchesOf(report, query, brush);
    figures = figuresOf(report, matches, brush);
    shownFor = wanted;
    showOverview(brush);
    if (matches.unknown > 0 && !report.bodiesRead && report.requests) report.readBodies().then(apply);
  }
  if (brush) say("brushed-text", `${moment(startOf(brush[0]))} to ${moment(startOf(brush[1]))}`);
  note(null);
  showView();
}

/** @param {string} id @param {string} text */
const say = (id, text) => (byId(id).textContent = text);

/** @param {string} id @param {Iterable<Node>} rows */
const fill = (id, rows) => document.getElementById(id)?.replaceChildren(...rows);

/** All numbers and charts of the overview. @param {[number, number] | null} brush */
function showOverview(brush) {
  const { data, groups, names } = report;
  const bins = data.bins;
  const step = data.step / 1000;
  const length = duration(step).replace(".0", "");
  say("n-failed", counted(figures.failed));
  say("n-requests", counted(figures.requests));
  say("n-share", percent(figures.failed, figures.requests));
  say("n-errors", counted(figures.errors));
  say("n-groups", counted(figures.order.length));
  if (groups.title.length) say("n-largest", figures.order.length ? groups.title[figures.order[0]] : "–");
  const first = figures.failedByBin.findIndex((count) => count > 0);
  const last = figures.failedByBin.findLastIndex((count) => count > 0);
  const most = figures.failedByBin.reduce((best, count, bin, all) => (count > all[best] ? bin : best), 0);
  const waiting = figures.waiting.filter(([, count]) => count > 0);
  say("n-first", first < 0 ? "–" : moment(startOf(first)));
  say("n-busiest", first < 0 ? "no failed request" : `most in the ${length} from ${moment(startOf(most))}: ${counted(figures.failedByBin[most])}`);
  say("n-broken", waiting.length ? "Yes" : figures.failed ? "Nothing waits" : "No");
  const before = (bins - 1 - last) * step;
  say("n-last", last < 0 ? "no failed request" : `last failure ${moment(startOf(last))}, ${before ? `${duration(before)} before the log ends` : `in the last ${length} of the log`}`);
  fill("n-sides", [...figures.bySide].sort((a, b) => b[1] - a[1] || a[0] - b[0]).slice(0, 4).map(([side, count], n) =>
    (n ? element("p", {}, `${names.sides[side] ?? "not known"} ${percent(count, figures.errors)}`)
      : element("div", {}, element("b", {}, names.sides[side] ?? "not known"), ` ${percent(count, figures.errors)}`))));
  fill("n-waiting", waiting.length === 0 ? [element("b", {}, "nothing")] : [...waiting.slice(0, 3).map(([kind, count]) =>
    element("p", {}, element("a", { href: addressOf({ v: `keys:${names.key_kinds[kind]}`, r: "" }) }, element("b", {}, counted(count)), ` ${keyWords(names.key_kinds[kind], count)}`))),
  element("p", {}, "their newest attempt failed")]);

  const errors = stackedPaths(figures.errorsByBin);
  setPaths(byId("errors-chart"), errors.paths, `Errors in each ${length} by group, at most ${errors.most}. The numbers are in the table below.`);
  showBrush(byId("errors-chart"), brush);
  say("n-most-errors", counted(errors.most));
  const legend = figures.order.slice(0, COLOURED).map((group, n) =>
    legendEntry(n, element("a", { href: addressOf({ v: `group:${groups.fingerprint[group]}`, r: "" }) }, groups.title[group].slice(0, 90))));
  if (figures.order.length > COLOURED) legend.push(legendEntry(COLOURED, "other groups"));
  fill("errors-legend", legend);
  timeTable("errors-over-time", legend.map((entry) => entry.textContent ?? ""), figures.errorsByBin, (part) => part.reduce((a, b) => a + b, 0));

  if (document.getElementById("waiting-chart")) {
    const stacked = stackedPaths(figures.waitingByBin);
    setPaths(byId("waiting-chart"), stacked.paths);
    say("n-most-waiting", counted(stacked.most));
    const kinds = figures.waiting.slice(0, KINDS).map(([kind]) => keyWords(names.key_kinds[kind], 2));
    const shown = figures.waitingByBin.filter((series, n) => n < kinds.length || series.some((count) => count > 0));
    const titles = shown.map((_, n) => kinds[n] ?? "other keys");
    fill("waiting-legend", titles.map((title, n) => legendEntry(n, title)));
    timeTable("waiting", titles, shown, (part) => part.reduce((a, b) => Math.max(a, b), 0));
  }

  const flows = figures.flows.filter((flow) => flow.failed > 0).slice(0, ROWS);
  const hottest = flows.reduce((a, flow) => flow.byBin.reduce((b, count) => Math.max(b, count), a), 0);
  if (document.getElementById("n-most-heat")) say("n-most-heat", counted(hottest));
  fill("flow-rows", flows.map((flow) => {
    const peak = flow.byBin.reduce((best, count, bin, all) => (count > all[best] ? bin : best), 0);
    return element("tr", {}, element("th", { scope: "row" }, names.flows[flow.name] ?? "(flow not known)"),
      element("td", {}, chart("cells", bins * 10, `most at ${moment(startOf(peak))}: ${counted(flow.byBin[peak])}`, heatPaths(flow.byBin, hottest))), ...shareCells(flow));
  }));

  const endpoints = figures.endpoints.slice(0, ROWS);
  if (document.getElementById("endpoints-shown")) say("endpoints-shown", `${counted(endpoints.length)} of ${plural(figures.endpoints.length, "endpoint", "endpoints")}`);
  const times = endpoints.map((endpoint) => [percentile(endpoint.durations, 0.5), percentile(endpoint.durations, 0.95)]);
  const slowest = times.reduce((a, [, p95]) => Math.max(a, p95 ?? 0), 1);
  fill("endpoint-rows", endpoints.map((endpoint, n) => {
    const [median, p95] = times[n];
    return element("tr", {}, element("th", { scope: "row", class: "text" }, names.endpoints[endpoint.name] ?? "(address not known)"), ...shareCells(endpoint),
      element("td", { class: "wide" }, median !== null && p95 !== null && spanOf("s0", median, p95 - median, slowest)),
      element("td", { class: "number" }, duration(median)), element("td", { class: "number" }, duration(p95)));
  }));

  const { runs } = data;
  const failedRun = (run) => runs.statuses[runs.status[run]] === "failed";
  const shownRuns = [...matches.runs].sort((a, b) => Number(failedRun(b)) - Number(failedRun(a)) || runs.failed[b] - runs.failed[a]).slice(0, 8);
  if (document.getElementById("runs-shown")) say("runs-shown", `${counted(shownRuns.length)} of ${plural(state.q || brush ? matches.runs.length : runs.all, "run", "runs")}`);
  fill("run-rows", shownRuns.map(runRow));

  groupOrder = figures.order;
  if (groupTable) {
    groupTable.show(groupOrder.length);
    say("groups-shown", `${plural(groupOrder.length, "group", "groups")}, most errors first.`);
  }
  const { contents } = data;
  say("requests-shown", report.requests ? `${counted(matches.requests.length)} of the ${plural(contents.requests, "request", "requests")} in this page match, the newest first. The report has ${counted(contents.all_requests)}.` : "");
  requestTable.show(matches.requests.length);
}

/** @param {{ failed: number, requests: number }} figures */
const shareCells = ({ failed, requests }) =>
  [counted(failed), counted(requests), percent(failed, requests)].map((text) => element("td", { class: "number" }, text));

/** The numbers of a chart over time, in at most 24 rows. @param {string} id @param {string[]} names @param {Uint32Array[]} series @param {(part: Uint32Array) => number} join */
function timeTable(id, names, series, join) {
  const table = document.querySelector(`#${id} .numbers table`);
  const size = Math.max(1, Math.ceil(report.data.bins / 24));
  const number = (tag, text) => element(tag, { class: "number", scope: tag === "th" ? "col" : null }, text);
  table?.replaceChildren(
    element("thead", {}, element("tr", {}, element("th", { scope: "col" }, "From (UTC)"), ...names.map((name) => number("th", name)))),
    element("tbody", {}, ...Array.from({ length: Math.ceil(report.data.bins / size) }, (_, row) => element("tr", {},
      element("th", { scope: "row" }, moment(startOf(row * size))), ...series.map((counts) => number("td", counted(join(counts.subarray(row * size, (row + 1) * size)))))))));
}

/** @param {number} run */
function runRow(run) {
  const { runs } = report.data;
  const steps = [];
  let end = runs.duration[run] ?? 0;
  for (let n = report.runSteps.start(run); n < report.runSteps.end(run); n += 1) {
    steps.push({ name: report.names.steps[runs.step[n]] ?? "", from: runs.step_start[n] ?? 0, took: runs.step_duration[n], failed: runs.statuses[runs.step_status[n]] === "failed" });
    end = Math.max(end, (runs.step_start[n] ?? 0) + (runs.step_duration[n] ?? 0));
  }
  return element("tr", {},
    element("th", { scope: "row" }, report.names.flows[runs.flow[run]] ?? "(flow not known)", element("div", { class: "id" }, runs.id[run])),
    element("td", {}, moment(runs.start[run])), element("td", {}, runs.statuses[runs.status[run]] ?? ""),
    element("td", { class: "number" }, `${counted(runs.failed[run])} of ${counted(runs.requests[run])}`), element("td", { class: "number" }, duration(runs.duration[run])),
    element("td", {}, element("ol", { class: "steps" }, ...steps.map((one) =>
      element("li", {}, spanOf(one.failed ? "bad" : "s0", one.from, one.took ?? 0, end), element("span", {}, `${one.name} ${duration(one.took)}${one.failed ? " failed" : ""}`))))));
}

/** A row of the list of groups. @param {number} n */
function groupRow(n) {
  const group = groupOrder[n];
  const { groups, data } = report;
  const texts = report.groupTexts(group);
  const counts = new Uint32Array(data.bins).map((_, bin) => figures.groupBins.get(group * data.bins + bin) ?? 0);
  const spark = stackedPaths([counts]);
  const [first, last] = state.q || state.t
    ? [counts.findIndex((count) => count > 0), counts.findLastIndex((count) => count > 0)].map((bin) => (bin < 0 ? null : startOf(bin))) : [groups.first[group], groups.last[group]];
  return element("tr", {},
    element("td", { class: "number" }, counted(figures.byGroup[group])),
    element("td", { class: "spark wide" }, chart("spark", data.bins * 10, `at most ${spark.most} errors in a step of time`, spark.paths)),
    element("th", { scope: "row", class: "text" }, element("a", { href: addressOf({ v: `group:${texts.fingerprint}`, r: "" }) }, texts.title.slice(0, 300))),
    element("td", { class: "number" }, counted(figures.waitingByGroup.get(group) ?? 0)),
    element("td", { class: "word wide" }, texts.class), element("td", { class: "word wide" }, texts.side),
    element("td", { class: "times wide" }, moment(first), element("br"), moment(last)));
}

/** The open keys, as a view. @param {string} kind a kind, or nothing for all */
function keysView(kind) {
  const { keys, names } = report;
  if (!keys) return null;
  const rows = matches.keys.filter((key) => !kind || names.key_kinds[keys.kind[key]] === kind);
  const place = element("div", { class: "list", id: "view-list", tabindex: 0, role: "region", "aria-label": "Keys that wait" });
  const table = new LongTable(place, [["text", "Key"], ["number", "Attempts"], ["time", "Since (UTC)"], ["time wide", "Last (UTC)"], ["flow wide", "Flow"], ["text wide", "Its error"]], (n) => {
    const key = rows[n];
    const word = names.key_kinds[keys.kind[key]];
    return element("tr", {},
      element("th", { scope: "row", class: "text" }, element("a", { href: addressOf({ v: `key:${word}:${keys.key[key]}`, r: "" }) }, `${keyWords(word, 1)} ${keys.key[key]}`)),
      element("td", { class: "number" }, counted(keys.attempts[key])), element("td", { class: "time" }, moment(keys.since[key])), element("td", { class: "time wide" }, moment(keys.last[key])),
      element("td", { class: "flow wide" }, names.flows[keys.flow[key]] ?? ""), element("td", { class: "text wide" }, element("span", {}, keys.message[keys.message_place[key]] ?? "")));
  });
  const title = kind ? `${keyWords(kind, 2)} that wait` : "Orders and products that wait";
  const left = keys.all > keys.key.length ? ` The page has ${counted(keys.key.length)} of ${counted(keys.all)}.` : "";
  return { title, table, size: rows.length, at: 0, parts: [element("section", {}, element("h2", { class: "title" }, title),
    element("p", { class: "hint" }, `${counted(rows.length)}, those first that were tried last.${left} All: analyze keys ${shellWord(report.data.name)} --open`), place)] };
}

/** Shows the view that the address names, in place of the overview. */
function showView() {
  const place = byId("view");
  const overview = byId("overview");
  viewTable = null;
  if (!state.v) {
    place.hidden = true;
    overview.hidden = false;
    [groupTable, requestTable].forEach((table) => table?.draw());
    return;
  }
  const single = /^keys(:|$)/.test(state.v) ? keysView(state.v.slice(5)) : viewOf(context(), state.v, state.r);
  const scrolled = place.hidden;
  place.hidden = false;
  overview.hidden = true;
  const back = element("a", { href: addressOf({ v: "", r: "" }) }, "← Overview");
  place.replaceChildren(element("nav", { class: "crumbs", "aria-label": "Where you are" }, back),
    ...(single ? single.parts.filter((part) => part !== null) : [element("section", {}, element("p", {}, report.requests ? "This page does not have it." : "Reading …"))]));
  if (single) {
    viewTable = single.table;
    viewTable.show(single.size);
    if (single.at > 5) viewTable.place.scrollTop = (single.at - 2) * 44;
  }
  if (scrolled) scrollTo(0, 0);
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
    return;
  }
  if (/^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement?.tagName ?? "")) return;
  if (event.key === "/") box.focus();
  else if (event.key === "?") help.showModal();
  else if (event.key === "j" || event.key === "k") (viewTable ?? groupTable)?.move(event.key === "j" ? 1 : -1);
  else return;
  event.preventDefault();
}

/** Starts the page. */
async function start() {
  report = new Report(await inflated("data-counts"));
  for (const part of document.querySelectorAll(".needs-script")) /** @type {HTMLElement} */ (part).hidden = false;
  const list = document.getElementById("group-list");
  if (list) {
    groupTable = new LongTable(list, [["number", "Errors"], ["spark wide", "Over time"], ["text", "Error, <*> where it varies"], ["number", "Waiting"],
      ["word wide", "Class"], ["word wide", "Side"], ["times wide", "First, last (UTC)"]], groupRow);
  }
  requestTable = new LongTable(byId("request-list"), REQUEST_HEADS, (n) => requestRow(context(), matches.requests[n], "requests"));
  const box = /** @type {HTMLInputElement} */ (byId("query"));
  let typing = 0;
  box.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(() => go({ q: box.value.trim() }, true), 60);
  });
  byId("search").addEventListener("submit", (event) => {
    event.preventDefault();
    go({ q: box.value.trim(), v: "", r: "" });
  });
  const help = /** @type {HTMLDialogElement} */ (byId("help"));
  /** @type {Record<string, () => void>} */
  const actions = {
    clear: () => go({ q: "" }), unbrush: () => go({ t: "" }), "help-button": () => help.showModal(), "help-close": () => help.close(),
    theme: () => go({ theme: byId("theme").textContent === "Light" ? "light" : "dark" }, true),
    "copy-link": () => copy(location.href, byId("copy-link")),
  };
  for (const [id, action] of Object.entries(actions)) byId(id).addEventListener("click", action);
  if (report.data.bins > 1) makeBrushable(byId("errors-plot"), report.data.bins, (from, to) => go({ t: `${queryTime(startOf(from))}..${queryTime(startOf(to))}` }));
  addEventListener("hashchange", apply);
  addEventListener("popstate", apply);
  addEventListener("keydown", onKey);
  apply();
  await report.readRequests();
  apply();
}

start();
