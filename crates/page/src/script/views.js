// What is behind a number: a group, a key, a list of keys or requests, and one request beside its answer.
import { bodyElement, marked } from "./bodies.js";
import { outcomeOf } from "./data.js";
import { ACTS, byteSize, counted, duration, element, keyWords, moment, plural, quoted, shellWord } from "./format.js";
import { LongTable } from "./list.js";

/** @typedef {import("./data.js").Report} Report */
/**
 * Where a view stands: what is looked for, and how other views are linked.
 * @typedef {{ report: Report, patterns: RegExp[], link(view: string, request?: string): string, copy(text: string, button: HTMLElement): void,
 *   matching: Set<number> | null, command: string }} ViewContext
 */

/** Names and values. @param {[string, Node | string | null | undefined | false][]} facts */
const factList = (facts) => element("dl", { class: "facts" },
  ...facts.filter(([, value]) => value).map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value))));

/** @param {ViewContext} context @param {string} label @param {() => string} text */
function copyButton(context, label, text) {
  const button = element("button", { type: "button" }, label);
  button.addEventListener("click", () => context.copy(text(), button));
  return button;
}

/** @param {Report} report @param {number} row */
function errorsOf(report, row) {
  const { requests, requestRows } = report;
  const errors = [];
  for (let n = requestRows?.errors.start(row) ?? 0; requests && n < (requestRows?.errors.end(row) ?? 0); n += 1) {
    errors.push({
      group: report.data.kinds.group[requests.error_kind[n]] ?? -1, message: requests.messages[requests.error_message[n]] ?? "",
      field: requests.fields[requests.error_field[n]], code: requests.codes[requests.error_code[n]], key: requests.error_key[n],
    });
  }
  return errors;
}

/** A row of a list of requests. @param {ViewContext} context @param {number} row @param {string} view @param {number} [chosen] */
export function requestRow(context, row, view, chosen) {
  const { report } = context;
  const { requests, names } = report;
  if (!requests) return element("tr");
  const outcome = outcomeOf(requests.flags[row]);
  const error = errorsOf(report, row)[0];
  const what = error?.message ?? names.endpoints[requests.endpoint[row]] ?? requests.urls[requests.url[row]] ?? "request";
  return element("tr", { class: row === chosen ? "chosen" : null },
    element("td", { class: "time" }, moment(requests.time[row], true)),
    element("td", { class: `number ${outcome === "failed" ? "bad" : ""}` }, requests.status[row] < 0 ? outcome : requests.status[row]),
    element("th", { scope: "row", class: "text" },
      element("a", { href: context.link(view, requests.id[row]), "aria-current": row === chosen ? "true" : null }, ...marked(what.slice(0, 300), context.patterns))),
    element("td", { class: "key wide" }, requests.key[row] ?? error?.key ?? ""),
    element("td", { class: "flow wide" }, names.flows[requests.flow[row]] ?? ""));
}

/** @type {[string, string][]} */
export const REQUEST_HEADS = [["time", "Start (UTC)"], ["number", "Status"], ["text", "Error, or endpoint"], ["key wide", "Key"], ["flow wide", "Flow"]];

/** @param {string} text */
const bytesOf = (text) => new TextEncoder().encode(text);

/** The command that prints a text, characters included that act on a terminal. @param {string} text */
function printed(text) {
  const octal = (c) => [...bytesOf(c)].map((byte) => `\\0${byte.toString(8).padStart(3, "0")}`).join("");
  return text.search(ACTS) < 0 ? `printf %s ${quoted(text)}` : `printf %b ${quoted(text.replaceAll("\\", "\\\\").replace(ACTS, octal))}`;
}

/** A command that sends a request again. @param {ViewContext} context @param {number} row */
function curlOf({ report, command }, row) {
  const { requests } = report;
  if (!requests) return "";
  const body = report.body(requests.request[row]);
  const url = requests.urls[requests.resend_url[row]] ?? requests.urls[requests.url[row]];
  // A body that is not whole here is in the report.
  if (!url || requests.request[row] === -2 || (body && bytesOf(body.text).length < body.bytes)) {
    return `analyze show ${command} exchange:${requests.id[row]} --curl`;
  }
  const headers = (requests.headers[requests.header[row]] ?? "").split("\n").filter(Boolean);
  if (body && !headers.some((line) => /^content-type:/i.test(line))) {
    const start = body.text.trimStart();
    const type = /^[{[]/.test(start) ? "application/json" : start.startsWith("<") ? "application/xml" : /^[^\s=]+=\S*$/.test(start) ? "application/x-www-form-urlencoded" : "text/plain";
    headers.unshift(`Content-Type: ${type}`);
  }
  const method = (requests.methods[requests.method[row]] ?? (body ? "POST" : "GET")).trim().toUpperCase();
  const lines = ["curl --globoff --path-as-is", method === "HEAD" && !body ? "--head" : `--request ${quoted(method)}`, `--url ${quoted(url.replace(ACTS, encodeURIComponent).replaceAll(" ", "%20").replaceAll("\n", "%0A"))}`,
    ...headers.map((line) => `--header ${quoted(line)}`), ...(body ? ["--data-binary @-"] : [])];
  return `${body ? `${printed(body.text)} |\n` : ""}${lines.join(" \\\n  ")}\n`;
}

/** One side of a request. @param {ViewContext} context @param {string} name @param {number} place @param {boolean} whole @param {string} id */
function sideOf(context, name, place, whole, id) {
  const { report } = context;
  const side = element("div", {}, element("h3", {}, name));
  if (place === -1) side.append(element("p", { class: "hint" }, "No body."));
  const left = () => side.append(element("p", { class: "hint" }, "The body is not in this page: "), element("code", {}, `analyze show ${context.command} exchange:${id}`));
  if (place === -2) left();
  if (place >= 0) {
    report.readBody(place).then((body) => {
      if (!body) return left();
      const bytes = bytesOf(body.text).length;
      side.replaceChildren(element("h3", {}, `${name}, ${byteSize(body.bytes)}`), bodyElement(body, context.patterns, whole && bytes >= body.bytes));
      if (bytes < body.bytes) side.append(element("p", { class: "hint" }, `The first ${byteSize(bytes)} of ${byteSize(body.bytes)}. The rest: `), element("code", {}, `analyze show ${context.command} exchange:${id}`));
      return undefined;
    });
  }
  return side;
}

/** A request beside its answer. @param {ViewContext} context @param {number} row */
export function requestElement(context, row) {
  const { report, link, command } = context;
  const { requests, names } = report;
  if (!requests) return element("div");
  const id = requests.id[row];
  const outcome = outcomeOf(requests.flags[row]);
  const state = ["", "resolved since", "still open"][(requests.flags[row] >> 2) & 3];
  const kind = names.key_kinds[requests.key_kind[row]];
  const url = requests.urls[requests.url[row]];
  const errors = errorsOf(report, row);
  const cut = (requests.flags[row] & 16) !== 0;
  return element("section", { id: "request", "aria-label": "Request" },
    element("h2", {}, element("span", { class: outcome === "failed" ? "bad" : outcome === "success" ? "good" : "" }, `${requests.status[row] < 0 ? "" : `${requests.status[row]} `}${outcome}`), `, ${moment(requests.time[row], true)} UTC`),
    url && element("div", { class: "title" }, `${requests.methods[requests.method[row]] ?? ""} `, ...marked(url, context.patterns)),
    factList([
      ["Key", requests.key[row] !== null && element("a", { href: link(`key:${kind}:${requests.key[row]}`) }, `${keyWords(kind, 1)} ${requests.key[row]}`)],
      ["State", state], ["Flow", names.flows[requests.flow[row]]], ["Step", names.steps[requests.step[row]]],
      ["Took", duration(requests.duration[row])], ["Run", requests.runs[requests.run[row]]], ["Request", id],
      ["In", `record ${requests.record[row]} of ${requests.files[requests.file[row]]}`],
    ]),
    errors.length > 0 && element("ul", { class: "errors" }, ...errors.slice(0, 20).map((error) => element("li", {},
      ...[error.code, error.field].filter(Boolean).map((part) => `${part}: `), ...marked(error.message, context.patterns), error.key !== requests.key[row] && error.key !== null ? ` (${error.key})` : "", " ",
      error.group >= 0 && element("a", { href: link(`group:${report.groups.fingerprint[error.group]}`) }, "its group"))),
    errors.length > 20 && element("li", {}, `and ${plural(errors.length - 20, "error", "errors")} more`)),
    element("div", { class: "sides" },
      sideOf(context, "Request", requests.request[row], true, id), sideOf(context, cut ? "Response, cut by the platform" : "Response", requests.response[row], !cut, id)),
    element("div", { class: "buttons" },
      copyButton(context, "Copy link", () => new URL(link("requests", id), location.href).href),
      copyButton(context, "Copy command", () => `analyze show ${command} exchange:${id}`), copyButton(context, "Copy curl", () => curlOf(context, row))));
}

/**
 * A list of requests, and the chosen one below it.
 * @param {ViewContext} context @param {number[]} rows @param {string} view @param {string} chosenId @param {string} note
 */
function requestsWithChosen(context, rows, view, chosenId, note) {
  const { requests } = context.report;
  const named = requests?.id.indexOf(chosenId) ?? -1;
  const chosen = named >= 0 ? named : rows[0];
  const place = element("div", { class: "list", id: "view-list", tabindex: 0, role: "region", "aria-label": "Requests" });
  const table = new LongTable(place, REQUEST_HEADS, (n) => requestRow(context, rows[n], view, chosen));
  return { table, size: rows.length, at: rows.indexOf(chosen), parts: [
    element("section", {}, element("h2", {}, "Requests"), element("p", { class: "hint" }, note), place),
    chosen === undefined ? null : requestElement(context, chosen)] };
}

/** A view by its name, for the place of views; null when there is none. @param {ViewContext} context @param {string} view @param {string} request */
export function viewOf(context, view, request) {
  const { report, matching } = context;
  const { requests, keys } = report;
  if (!requests || !keys) return null;
  const [kind, ...rest] = view.split(":");
  const followed = (rows) => (matching ? rows.filter((row) => matching.has(row)) : rows);
  const ofAll = (shown, all, what) => `${counted(shown)} of ${plural(all, "request", "requests")} ${what}`;
  if (kind === "group") {
    const group = report.groups.fingerprint.indexOf(rest[0]);
    if (group < 0) return null;
    const { groups } = report;
    const texts = report.groupTexts(group);
    const rows = followed(requests.id.map((_, row) => row).filter((row) => errorsOf(report, row).some((error) => error.group === group)));
    const messages = [...new Set(rows.flatMap((row) => errorsOf(report, row).filter((error) => error.group === group).map((error) => error.message)))];
    const list = requestsWithChosen(context, rows, view, request, `${ofAll(rows.length, groups.requests[group], "are in this page: the newest, and the newest with other messages.")} All: analyze search ${context.command} group:${texts.fingerprint}`);
    return { ...list, title: texts.title, parts: [
      element("section", {}, element("h2", { class: "title" }, texts.title),
        factList([
          ["Errors", counted(groups.count[group])], ["Requests", counted(groups.requests[group])], ["Keys that wait", `${counted(groups.open[group])} of ${counted(groups.keys[group])}`],
          ["Resolved", counted(groups.resolved[group])], ["First (UTC)", moment(groups.first[group])], ["Last (UTC)", moment(groups.last[group])],
          ["Class", texts.class], ["Side", texts.side], ["Sending again", groups.retryable[group] ? "may help" : "does not help"],
          ["Flows", groups.flows[group].map((flow) => report.names.flows[flow]).join(", ")], ["Group", texts.fingerprint]]),
        messages.length > 1 && element("details", {}, element("summary", {}, plural(messages.length, "text", "texts")), element("ul", { class: "errors" }, ...messages.slice(0, 20).map((message) => element("li", {}, message)))),
        element("div", { class: "buttons" }, copyButton(context, "Copy command", () => `analyze explain ${context.command} ${texts.fingerprint}`))),
      ...list.parts] };
  }
  if (kind === "requests") return requestsWithChosen(context, followed(requests.id.map((_, row) => row)), view, request, "Those in this page, the newest first.");
  if (kind === "key") {
    const name = rest.join(":");
    const [keyKind, key] = [rest[0], rest.slice(1).join(":")];
    const own = keys.key.map((_, n) => n).filter((n) => keys.key[n] === key && report.names.key_kinds[keys.kind[n]] === keyKind);
    // Newest first as in all lists; the numbers of requests grow with time.
    const rows = report.byKey.get(name) ?? [];
    const attempts = own.reduce((sum, n) => sum + keys.attempts[n], 0);
    const inKey = { ...context, patterns: [...context.patterns, new RegExp(key.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"), "g")] };
    const list = requestsWithChosen(inKey, rows, view, request, `${own.length ? ofAll(rows.length, attempts, "are in this page") : plural(rows.length, "request", "requests")}, the newest first. All: analyze show ${context.command} ${shellWord(name)}`);
    return { ...list, title: name, parts: [
      element("section", {}, element("h2", { class: "title" }, `${keyWords(keyKind, 1)} ${key}`),
        ...own.map((n) => factList([["State", "open"], ["Flow", report.names.flows[keys.flow[n]]], ["Attempts", counted(keys.attempts[n])], ["Failed", counted(keys.failures[n])],
          ["Since (UTC)", moment(keys.since[n])], ["Last (UTC)", moment(keys.last[n])], ["Error", keys.message[keys.message_place[n]]]])),
        own.length === 0 && element("p", { class: "hint" }, "This key is not open.")),
      ...list.parts] };
  }
  return null;
}
