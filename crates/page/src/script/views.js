// What is behind a number: a group, a key, the keys that wait, requests, and one request beside its answer.
import { bodyElement, marked } from "./bodies.js";
import { OUTCOMES } from "./data.js";
import {
	ACTS,
	anchor,
	byId,
	byteSize,
	counted,
	duration,
	element,
	keyWords,
	moment,
	ofRequests,
	plural,
	pushButton,
	quoted,
	shellWord,
	tableRow,
} from "./format.js";
import { LongTable } from "./list.js";

/** @typedef {import("./data.js").Report} Report */
/** @typedef {import("./data.js").RequestColumns} RequestColumns */
/**
 * Where a view stands: what is looked for and matches, how other views are linked.
 * @typedef {{ report: Report, requests: RequestColumns, patterns: RegExp[], link(view: string, request?: string): string,
 *   copy(text: string, button: HTMLElement): void, isHit: Uint8Array, keys: number[], command: string }} ViewContext
 */
/** @typedef {{ table: LongTable, size: number, at: number, parts: Node[] }} View a list, which row is chosen, and all parts */

/** Names with `|` between them, and the value of each; those without a value are left out. @param {string} names @param {...any} values */
const factList = (names, ...values) =>
	element(
		"dl.facts",
		names.split("|").map((name, n) => values[n] && element("div", element("dt", name), element("dd", values[n]))),
	);

/** `order 0045` @param {string} kind @param {string} key */
const keyText = (kind, key) => `${keyWords(kind, 1)} ${key}`;

/** A list in a place of its own, with the head of another. @param {string} label @param {string} like @param {(n: number) => HTMLElement} rowOf */
const longTable = (label, like, rowOf) =>
	new LongTable(element("div.list", { tabindex: 0, role: "region", "aria-label": label }), headOf(like), rowOf);

/** @param {ViewContext} context @param {Record<string, () => string>} texts */
const copyButtons = ({ copy }, texts) =>
	element(
		"div.buttons",
		Object.entries(texts).map(([name, text]) => pushButton(name, button => copy(text(), button))),
	);

/** @param {Report} report @param {number} row */
function errorsOf({ requests, requestRows, data }, row) {
	if (!requests || !requestRows) return [];
	const first = requestRows.errors.start(row);
	return Array.from({ length: requestRows.errors.end(row) - first }, (_, n) => ({
		group: data.kinds.group[requests.error_kind[first + n]] ?? -1,
		message: requests.error_message[first + n],
		field: requests.error_field[first + n],
		code: requests.error_code[first + n],
		key: requests.error_key[first + n],
	}));
}

/** The head of the table with this id, or of a new one like it. @param {string} id @returns {any} */
export const headOf = id => byId(id).querySelector("thead")?.cloneNode(true);

/** A row of a list of requests. @param {ViewContext} context @param {number} row @param {string} view @param {number} [chosen] @param {number} [group] whose error is shown */
export function requestRow({ report, requests, patterns, link }, row, view, chosen, group) {
	const { names } = report;
	const outcome = OUTCOMES[requests.flags[row] & 3];
	const errors = errorsOf(report, row);
	const error = errors.find(one => one.group === group) ?? errors[0];
	const what = error?.message || names.endpoints[requests.endpoint[row]] || requests.url[row] || "request";
	const name = anchor(link(view, requests.id[row]), marked(what.slice(0, 300), patterns));
	const made = tableRow(
		["time", moment(requests.time[row], true)],
		[outcome === "failed" ? "number.bad" : "number", requests.status[row] < 0 ? outcome : requests.status[row]],
		["text", name],
		["key.wide", error?.key ?? requests.key[row] ?? ""],
		["flow.wide", names.flows[requests.flow[row]] ?? ""],
	);
	if (row === chosen) {
		made.className = "chosen";
		name.setAttribute("aria-current", "true");
	}
	return made;
}

const bytesOf = text => new TextEncoder().encode(text).length;

/** A command that sends a request again; where its body is not here as it was, the command that writes it. @param {ViewContext} context @param {number} row */
function curlOf({ report, requests, command }, row) {
	const body = report.body(requests.request[row]);
	const isHere =
		requests.request[row] === -1 || (body && bytesOf(body.text) === body.bytes && body.text.search(ACTS) < 0);
	if (!requests.curl[row] || !isHere) return `analyze show ${command} exchange:${requests.id[row]} --curl`;
	return `${body ? `printf %s ${quoted(body.text)} |\n` : ""}${requests.curl[row]}\n`;
}

/** One side of a request. @param {ViewContext} context @param {string} name @param {number} place @param {boolean} whole @param {string} command that shows it */
function sideOf({ report, patterns }, name, place, whole, command) {
	const side = element("div", element("h3", name));
	const rest = text => side.append(element("p.hint", `${text} `, element("code", command)));
	if (place === -1) side.append(element("p.hint", "No body."));
	else if (place === -2) rest("The body is not in this page:");
	else {
		report.readChunk(report.chunkOf(place)).then(() => {
			const body = report.body(place);
			if (!body) return rest("The body is not in this page:");
			const bytes = bytesOf(body.text);
			side.replaceChildren(
				element("h3", `${name}, ${byteSize(body.bytes)}`),
				bodyElement(body.text, patterns, whole && bytes === body.bytes),
			);
			return bytes < body.bytes && rest(`The first ${byteSize(bytes)} of ${byteSize(body.bytes)}. The rest:`);
		});
	}
	return side;
}

/** A request beside its answer. @param {ViewContext} context @param {number} row */
function requestElement(context, row) {
	const { report, requests, link, patterns } = context;
	const { names } = report;
	const id = requests.id[row];
	const flags = requests.flags[row];
	const outcome = OUTCOMES[flags & 3];
	const kind = names.key_kinds[requests.key_kind[row]];
	const key = requests.key[row];
	const url = requests.url[row];
	const errors = errorsOf(report, row);
	const isCut = (flags & 16) !== 0;
	const command = `analyze show ${context.command} exchange:${id}`;
	const said = errors.slice(0, 20).map(error => {
		const named = [error.code, error.field, ""].filter(part => part !== null).join(": ");
		const ofOther = error.key !== key && error.key !== null && ` (${error.key})`;
		const group = error.group >= 0 && anchor(link(`group:${report.groups.fingerprint[error.group]}`), "its group");
		return element("li", named, marked(error.message, patterns), ofOther, " ", group);
	});
	if (errors.length > 20) said.push(element("li", `and ${plural(errors.length - 20, "error", "errors")} more`));
	const status = element(`span.${outcome}`, `${requests.status[row] < 0 ? "" : requests.status[row]} ${outcome}`);
	const facts = factList(
		"Key|State|Flow|Step|Took|Run|Request|In",
		key !== null && anchor(link(`key:${kind}:${key}`), keyText(kind, key)),
		["", "resolved since", "still open"][(flags >> 2) & 3],
		names.flows[requests.flow[row]],
		names.steps[requests.step[row]],
		duration(requests.duration[row]),
		requests.run[row],
		id,
		`record ${requests.record[row]} of ${requests.file[row]}`,
	);
	const answer = isCut ? "Response, cut by the platform" : "Response";
	return element(
		"section",
		{ id: "request", "aria-labelledby": "h-request" },
		element("h2", { id: "h-request" }, status, `, ${moment(requests.time[row], true)} UTC`),
		url && element("div.title", `${requests.method[row] ?? ""} `, marked(url, patterns)),
		facts,
		said.length > 0 && element("ul.errors", said),
		element(
			"div.sides",
			sideOf(context, "Request", requests.request[row], true, command),
			sideOf(context, answer, requests.response[row], !isCut, command),
		),
		copyButtons(context, { "Copy command": () => command, "Copy curl": () => curlOf(context, row) }),
	);
}

/** A list of requests, and the chosen one below it. @param {ViewContext} context @param {number[]} rows @param {string} view @param {string} id @param {string} note @param {number} [group] @returns {View} */
function requestsView(context, rows, view, id, note, group) {
	const named = context.requests.id.indexOf(id);
	const chosen = named >= 0 ? named : rows[0];
	const table = longTable("List of requests", "request-list", n => requestRow(context, rows[n], view, chosen, group));
	return {
		table,
		size: rows.length,
		at: rows.indexOf(chosen),
		parts: [
			element("section", element("h2", "Requests"), element("p.hint", note), table.place),
			...(chosen === undefined ? [] : [requestElement(context, chosen)]),
		],
	};
}

/** @param {ViewContext} context @param {number} group @param {string} view @param {string} id @returns {View} */
function groupView(context, group, view, id) {
	const { report, requests, isHit } = context;
	const { groups, names } = report;
	const print = groups.fingerprint[group];
	const isOfGroup = row => isHit[row] && errorsOf(report, row).some(error => error.group === group);
	const rows = [...requests.id.keys()].filter(isOfGroup);
	const search = `analyze search ${context.command} group:${print}`;
	const list = requestsView(
		context,
		rows,
		view,
		id,
		`${ofRequests(rows.length, groups.requests[group])} are in this page: the newest, and the newest with other texts. All: ${search}`,
		group,
	);
	const head = element(
		"section",
		element("h2.title", groups.title[group]),
		factList(
			"Errors|Requests|Keys that wait|Resolved|First (UTC)|Last (UTC)|Class|Side|Sending again|Flows|Group",
			counted(groups.count[group]),
			counted(groups.requests[group]),
			`${counted(groups.open[group])} of ${counted(groups.keys[group])}`,
			counted(groups.resolved[group]),
			moment(groups.first[group]),
			moment(groups.last[group]),
			names.classes[groups.class[group]],
			names.sides[groups.side[group]],
			groups.retryable[group] ? "may help" : "does not help",
			groups.flows[group].map(flow => names.flows[flow]).join(", "),
			print,
		),
		copyButtons(context, { "Copy command": () => `analyze explain ${context.command} ${print}` }),
	);
	return { ...list, parts: [head, ...list.parts] };
}

/** All attempts at a key. @param {ViewContext} context @param {string} kind @param {string} key @param {string} view @param {string} id @returns {View} */
function keyView(context, kind, key, view, id) {
	const { report } = context;
	const { keys, names } = report;
	const isOwn = n => keys?.key[n] === key && names.key_kinds[keys.kind[n]] === kind;
	const own = [...(keys?.key.keys() ?? [])].filter(isOwn);
	const rows = report.byKey.get(`${kind}:${key}`) ?? [];
	const attempts = own.reduce((sum, n) => sum + keys?.attempts[n], 0);
	const patterns = [...context.patterns, new RegExp(key.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"), "g")];
	const list = requestsView(
		{ ...context, patterns },
		rows,
		view,
		id,
		`${plural(rows.length, "request", "requests")} of ${plural(Math.max(attempts, rows.length), "attempt", "attempts")} are in this page, the newest first. All: analyze show ${context.command} ${shellWord(`${kind}:${key}`)}`,
	);
	const head = element(
		"section",
		element("h2.title", keyText(kind, key)),
		...own.map(
			n =>
				keys &&
				factList(
					"State|Flow|Attempts|Failed|Since (UTC)|Last (UTC)|Error",
					"open",
					names.flows[keys.flow[n]],
					counted(keys.attempts[n]),
					counted(keys.failures[n]),
					moment(keys.since[n]),
					moment(keys.last[n]),
					keys.message[n],
				),
		),
		own.length === 0 && element("p.hint", "This key is not open."),
	);
	return { ...list, parts: [head, ...list.parts] };
}

/** The keys that wait. @param {ViewContext} context @param {string} kind a kind, or nothing for all @returns {View | null} */
function keysView({ report, link, keys: matching, command }, kind) {
	const { keys, names } = report;
	if (!keys) return null;
	const rows = matching.filter(key => !kind || names.key_kinds[keys.kind[key]] === kind);
	const table = longTable("List of keys", "key-list", n => {
		const key = rows[n];
		const word = names.key_kinds[keys.kind[key]];
		return tableRow(
			["text", anchor(link(`key:${word}:${keys.key[key]}`), keyText(word, keys.key[key]))],
			["number", counted(keys.attempts[key])],
			["time", moment(keys.since[key])],
			["time.wide", moment(keys.last[key])],
			["flow.wide", names.flows[keys.flow[key]]],
			["error.wide", element("span", keys.message[key])],
		);
	});
	const left = keys.all > keys.key.length ? ` The page has ${counted(keys.key.length)} of ${counted(keys.all)}.` : "";
	const note = `${counted(rows.length)}, those first that were tried last.${left} All: analyze keys ${command} --open`;
	const title = element("h2.title", `${kind ? keyWords(kind, 2) : "orders and products"} that wait`);
	return { table, size: rows.length, at: 0, parts: [element("section", title, element("p.hint", note), table.place)] };
}

/** A view by its name; null when there is none. @param {ViewContext} context @param {string} view @param {string} id of the chosen request @returns {View | null} */
export function viewOf(context, view, id) {
	const { report, requests, isHit } = context;
	const [kind, name = "", ...rest] = view.split(":");
	const group = report.groups.fingerprint.indexOf(name);
	if (kind === "group" && group >= 0) return groupView(context, group, view, id);
	if (kind === "key") return keyView(context, name, rest.join(":"), view, id);
	if (kind === "keys") return keysView(context, name);
	const rows = [...requests.id.keys()].filter(row => isHit[row]);
	return kind === "requests" ? requestsView(context, rows, view, id, "Those in this page, the newest first.") : null;
}
