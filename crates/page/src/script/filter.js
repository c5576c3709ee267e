// The rows that match a query and a part of the time, and all numbers of them.
import { compileQuery } from "./grammar.js";

/** @typedef {import("./data.js").Report} Report */
/** @typedef {import("./data.js").CountedRows} CountedRows */
/** @typedef {import("./grammar.js").Expression} Expression */
/** @typedef {[number, number] | null} Brush steps of time, the second not included */
/**
 * What matches. `rows` are cells when these know the answer, else the requests of the page.
 * @typedef {{ exact: boolean, rows: CountedRows, matching: number[], requests: number[], isHit: Uint8Array, unknown: number,
 *   keys: number[], waiting: number[] | null, runs: number[] }} Matches
 */

/** Groups with a colour of their own. */
export const COLOURED = 6;
/** Kinds of keys with a colour of their own. */
export const KINDS = 3;

/** Rows for which a test is true, and how many do not know. @param {number} size @param {import("./grammar.js").Test} test */
function selected(size, test) {
	const matching = [];
	let notKnown = 0;
	for (let row = 0; row < size; row += 1) {
		const answer = test(row);
		if (answer) matching.push(row);
		else if (answer === null) notKnown += 1;
	}
	return { matching, unknown: notKnown };
}

/** What matches. @param {Report} report @param {Expression | null} query @param {Brush} brush @returns {Matches} */
export function matchesOf(report, query, brush) {
	const { cells, requestRows, requests, keys, names, data } = report;
	const [first, end] = brush ?? [-1, Infinity];
	const binOf = time => Math.floor((time - data.from) / data.step);
	const select = (rows, source) => {
		const test = compileQuery(query, source);
		return selected(rows.size, row => rows.bin[row] >= first && rows.bin[row] < end && test(row));
	};
	const counted = select(cells, report.countedSource(cells));
	const single =
		requests && requestRows
			? select(requestRows, report.requestSource(requests, requestRows))
			: { matching: [], unknown: 0 };
	const isExact = counted.unknown === 0 || !requestRows;
	const isHit = new Uint8Array(requestRows?.size ?? 0);
	const runs = new Set();
	for (const row of single.matching) {
		isHit[row] = 1;
		if (query) runs.add(requests?.run[row]);
	}

	// A key or run that does not know the answer matches when one of its requests does.
	const keyTest = compileQuery(query, report.keySource(keys ?? data.waiting));
	const keyMatches = row =>
		keys !== null &&
		binOf(keys.since[row]) < end &&
		(keyTest(row) ??
			(report.byKey.get(`${names.key_kinds[keys.kind[row]]}:${keys.key[row]}`) ?? []).some(request => isHit[request]));
	const runTest = compileQuery(query, report.runSource());
	const runMatches = run =>
		binOf(data.runs.start[run]) >= first &&
		binOf(data.runs.start[run]) < end &&
		(runTest(run) ?? runs.has(data.runs.id[run]));
	const waiting = selected(data.waiting.count.length, compileQuery(query, report.keySource(data.waiting)));
	return {
		exact: isExact,
		rows: isExact ? cells : requestRows,
		matching: isExact ? counted.matching : single.matching,
		requests: single.matching,
		isHit,
		unknown: single.unknown,
		keys: selected(keys?.key.length ?? 0, keyMatches).matching,
		waiting: waiting.unknown > 0 ? null : waiting.matching,
		runs: selected(data.runs.id.length, runMatches).matching,
	};
}

/** @typedef {{ name: number, requests: number, failed: number, byBin: Uint32Array, durations: Map<number, number> }} NamedFigures */

/** @param {Map<number, number>} map @param {number} name @param {number} count */
const add = (map, name, count) => map.set(name, (map.get(name) ?? 0) + count);

/** The numbers of what matches. @param {Report} report @param {Matches} matches @param {Brush} brush */
export function figuresOf(report, matches, brush) {
	const { rows, matching } = matches;
	const { bins, kinds } = report.data;
	let [requests, failed, errors] = [0, 0, 0];
	const byGroup = new Float64Array(report.groups.title.length);
	const failedByBin = new Uint32Array(bins);
	/** @type {Map<number, number>} */
	const bySide = new Map();
	/** Errors by group and step of time, as one number. @type {Map<number, number>} */
	const groupBins = new Map();
	/** @type {[Map<number, NamedFigures>, Map<number, NamedFigures>]} */
	const [flows, endpoints] = [new Map(), new Map()];
	const named = (map, name) => {
		if (!map.has(name))
			map.set(name, {
				name,
				requests: 0,
				failed: 0,
				byBin: new Uint32Array(map === flows ? bins : 0),
				durations: new Map(),
			});
		return map.get(name);
	};
	for (const row of matching) {
		const count = rows.count[row];
		const bin = rows.bin[row];
		const failures = (rows.flags[row] & 3) === 1 ? count : 0;
		requests += count;
		failed += failures;
		const flow = named(flows, rows.flow[row]);
		const endpoint = named(endpoints, rows.endpoint[row]);
		for (const entry of [flow, endpoint]) {
			entry.requests += count;
			entry.failed += failures;
		}
		if (bin >= 0) {
			failedByBin[bin] += failures;
			flow.byBin[bin] += failures;
		}
		for (let n = rows.durations.start(row); n < rows.durations.end(row); n += 1) {
			add(endpoint.durations, rows.bucket[n], rows.bucketCount[n]);
		}
		for (let n = rows.errors.start(row); n < rows.errors.end(row); n += 1) {
			const ofKind = count * rows.kindCount[n];
			const group = kinds.group[rows.kind[n]] ?? -1;
			errors += ofKind;
			add(bySide, kinds.side[rows.kind[n]] ?? -1, ofKind);
			if (group >= 0) byGroup[group] += ofKind;
			if (group >= 0 && bin >= 0) add(groupBins, group * bins + bin, ofKind);
		}
	}
	// In the order of the report where counts are equal.
	const order = [...byGroup.keys()]
		.filter(group => byGroup[group] > 0)
		.sort((a, b) => byGroup[b] - byGroup[a] || a - b);
	const coloured = new Map(order.slice(0, COLOURED).map((group, n) => [group, n]));
	const errorsByBin = Array.from({ length: Math.min(order.length, COLOURED + 1) }, () => new Uint32Array(bins));
	for (const [place, count] of groupBins)
		errorsByBin[coloured.get(Math.floor(place / bins)) ?? COLOURED][place % bins] += count;
	const mostFailed = map =>
		[...map.values()].sort((a, b) => b.failed - a.failed || b.requests - a.requests || a.name - b.name);
	return {
		requests,
		failed,
		errors,
		byGroup,
		bySide,
		failedByBin,
		groupBins,
		order,
		errorsByBin,
		flows: mostFailed(flows),
		endpoints: mostFailed(endpoints),
		...waitingOf(report, matches, brush),
	};
}

/** Keys that wait now, and over time: in the cells, or where these do not know the query, the open keys that match. @param {Report} report @param {Matches} matches @param {Brush} brush */
function waitingOf({ data, keys: columns, groups }, { keys, waiting }, brush) {
	const { bins } = data;
	const end = brush ? brush[1] : bins;
	const series = Array.from({ length: KINDS + 1 }, () => new Int32Array(bins + 1));
	const byGroup = new Uint32Array(groups.title.length);
	/** @type {Map<number, number>} */
	const open = new Map();
	/** @type {(each: (kind: number, group: number, from: number, to: number, count: number) => void) => void} */
	const forEach = each => {
		const cells = data.waiting;
		if (waiting)
			for (const n of waiting) each(cells.kind[n], cells.group[n], cells.from[n], cells.to[n], cells.count[n]);
		else
			for (const key of keys)
				each(
					columns?.kind[key],
					columns?.group[key],
					Math.max(0, Math.floor((columns?.since[key] - data.from) / data.step)),
					-1,
					1,
				);
	};
	forEach((kind, group, from, to, count) => {
		const waits = from < Math.max(end, 1) && (to < 0 || to >= end) ? count : 0;
		add(open, kind, waits);
		if (group >= 0) byGroup[group] += waits;
	});
	const order = [...open].sort((a, b) => b[1] - a[1] || a[0] - b[0]);
	const places = new Map(order.slice(0, KINDS).map(([kind], n) => [kind, n]));
	forEach((kind, _group, from, to, count) => {
		const changes = series[places.get(kind) ?? KINDS];
		changes[from] += count;
		if (to >= 0) changes[to] -= count;
	});
	const byBin = series.map(changes => {
		let sum = 0;
		return changes.subarray(0, bins).map(change => (sum += change));
	});
	return { waiting: order, waitingByBin: byBin, waitingByGroup: byGroup };
}

/** @typedef {ReturnType<typeof figuresOf>} Figures */

/** A percentile of durations in milliseconds, within 5 %; null when there are none. @param {Map<number, number>} durations @param {number} share */
export function percentile(durations, share) {
	const buckets = [...durations].sort((a, b) => a[0] - b[0]);
	const wanted = Math.max(1, Math.ceil(buckets.reduce((sum, [, count]) => sum + count, 0) * share));
	let below = 0;
	const bucket = buckets.find(([, count]) => (below += count) >= wanted);
	return bucket ? 2 ** ((bucket[0] + 0.5) / 8) : null;
}
