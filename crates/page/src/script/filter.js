// The rows that match a query and a part of the time, and all numbers of them.
import { compileQuery } from "./grammar.js";

/** @typedef {import("./data.js").Report} Report */
/** @typedef {import("./data.js").CountedRows} CountedRows */
/** @typedef {import("./grammar.js").Expression} Expression */
/** @typedef {[number, number] | null} Brush steps of time, the second not included */
/**
 * What matches. `rows` are cells when these know the answer, else the requests of the page.
 * @typedef {{ exact: boolean, rows: CountedRows, matching: number[], requests: number[], unknown: number,
 *   keys: number[], waiting: Record<string, number[]> | null, runs: number[] }} Matches
 */

/** Groups with a colour of their own. */
export const COLOURED = 6;
/** Kinds of keys with a colour of their own. */
export const KINDS = 3;

/** Rows for which a test is true, and how many do not know. @param {number} size @param {(row: number) => boolean | null} test */
function selected(size, test) {
  const matching = [];
  let unknown = 0;
  for (let row = 0; row < size; row += 1) {
    const answer = test(row);
    if (answer) matching.push(row);
    else if (answer === null) unknown += 1;
  }
  return { matching, unknown };
}

/** What matches. @param {Report} report @param {Expression | null} query @param {Brush} brush @returns {Matches} */
export function matchesOf(report, query, brush) {
  const { cells, requestRows, requests, keys } = report;
  const within = (bin) => !brush || (bin >= brush[0] && bin < brush[1]);
  /** @type {(rows: CountedRows, test: import("./grammar.js").Test) => { matching: number[], unknown: number }} */
  const select = (rows, test) => selected(rows.size, (row) => (within(rows.bin[row]) ? test(row) : false));
  const counted = select(cells, compileQuery(query, report.countedSource(cells)));
  const single = requestRows ? select(requestRows, compileQuery(query, report.requestSource())) : { matching: [], unknown: 0 };
  const exact = counted.unknown === 0;
  const rows = exact ? cells : requestRows;
  const hits = new Set(exact && !query ? [] : single.matching);

  // A key that does not know the answer matches when one of its requests does.
  const kinds = report.names.key_kinds;
  const keyTest = keys && compileQuery(query, report.keySource(keys));
  const lastBin = brush ? brush[1] : Infinity;
  const binOf = (time) => (time - report.data.from) / report.data.step;
  const openKeys = keys && keyTest ? selected(keys.key.length, (row) => {
    if (binOf(keys.since[row]) >= lastBin) return false;
    return keyTest(row) ?? (report.byKey.get(`${kinds[keys.kind[row]]}:${keys.key[row]}`) ?? []).some((request) => hits.has(request));
  }).matching : [];

  const { waiting, runs } = report.data;
  const waitingTest = compileQuery(query, report.keySource(waiting));
  const waitingCells = selected(waiting.count.length, waitingTest);
  const runIds = new Set(requests ? [...hits].map((row) => requests.runs[requests.run[row]]) : []);
  const runTest = compileQuery(query, report.runSource());
  const ofTime = (run) => !brush || (runs.start[run] !== null && within(Math.floor(binOf(runs.start[run]))));
  return {
    exact,
    rows: rows ?? cells,
    matching: exact ? counted.matching : single.matching,
    requests: single.matching,
    unknown: single.unknown,
    keys: openKeys,
    waiting: waitingCells.unknown > 0 ? null : pick(waiting, waitingCells.matching),
    runs: selected(runs.id.length, (run) => ofTime(run) && (runTest(run) ?? runIds.has(runs.id[run]))).matching,
  };
}

/** @param {Record<string, number[]>} columns @param {number[]} rows */
const pick = (columns, rows) => Object.fromEntries(Object.entries(columns).map(([name, column]) => [name, rows.map((row) => column[row])]));

/** @typedef {{ name: number, requests: number, failed: number, byBin: Uint32Array, durations: Map<number, number> }} NamedFigures */

/** The numbers of what matches. @param {Report} report @param {Matches} matches @param {Brush} brush */
export function figuresOf(report, { rows, matching, keys, waiting }, brush) {
  const { data } = report;
  const bins = data.bins;
  const series = (count) => Array.from({ length: count }, () => new Uint32Array(bins));
  const figures = {
    requests: 0, failed: 0, errors: 0,
    byGroup: new Float64Array(report.groups.title.length),
    bySide: /** @type {Map<number, number>} */ (new Map()),
    failedByBin: new Uint32Array(bins),
    errorsByBin: /** @type {Uint32Array[]} */ ([]),
    flows: /** @type {NamedFigures[]} */ ([]),
    endpoints: /** @type {NamedFigures[]} */ ([]),
    order: /** @type {number[]} */ ([]),
    waiting: /** @type {[number, number][]} */ ([]),
    waitingByBin: series(KINDS + 1),
    waitingByGroup: /** @type {Map<number, number>} */ (new Map()),
  };
  /** @type {Map<number, NamedFigures>[]} */
  const named = [new Map(), new Map()];
  const groupBins = /** @type {Map<number, number>} */ (new Map());
  const add = (map, name, count) => map.set(name, (map.get(name) ?? 0) + count);
  for (const row of matching) {
    const count = rows.count?.[row] ?? 1;
    const bin = rows.bin[row];
    const failed = (rows.flags[row] & 3) === 1 ? count : 0;
    figures.requests += count;
    figures.failed += failed;
    if (bin >= 0) figures.failedByBin[bin] += failed;
    const entries = [rows.flow[row], rows.endpoint[row]].map((name, n) => {
      let entry = named[n].get(name);
      if (!entry) named[n].set(name, (entry = { name, requests: 0, failed: 0, byBin: new Uint32Array(n ? 0 : bins), durations: new Map() }));
      entry.requests += count;
      entry.failed += failed;
      return entry;
    });
    if (bin >= 0) entries[0].byBin[bin] += failed;
    if (rows.durations) {
      for (let n = rows.durations.start(row); n < rows.durations.end(row); n += 1) add(entries[1].durations, rows.bucket[n], rows.bucketCount?.[n] ?? 1);
    } else if (rows.bucket[row] >= 0) add(entries[1].durations, rows.bucket[row], 1);
    for (let n = rows.errors.start(row); n < rows.errors.end(row); n += 1) {
      const kind = rows.kind[n];
      const errors = count * (rows.kindCount?.[n] ?? 1);
      const group = data.kinds.group[kind];
      figures.errors += errors;
      add(figures.bySide, data.kinds.side[kind] ?? -1, errors);
      if (group >= 0) {
        figures.byGroup[group] += errors;
        if (bin >= 0) add(groupBins, group * bins + bin, errors);
      }
    }
  }
  figures.byGroup.forEach((count, group) => count > 0 && figures.order.push(group));
  // In the order of the report where counts are equal.
  figures.order.sort((a, b) => figures.byGroup[b] - figures.byGroup[a] || a - b);
  const coloured = new Map(figures.order.slice(0, COLOURED).map((group, n) => [group, n]));
  figures.errorsByBin = series(Math.min(figures.order.length, COLOURED + 1));
  for (const [place, errors] of groupBins) {
    figures.errorsByBin[coloured.get(Math.floor(place / bins)) ?? COLOURED][place % bins] += errors;
  }
  const mostFailed = (map) => [...map.values()].sort((a, b) => b.failed - a.failed || b.requests - a.requests || a.name - b.name);
  [figures.flows, figures.endpoints] = named.map(mostFailed);
  countWaiting(report, figures, keys, waiting, brush);
  return { ...figures, groupBins };
}

/**
 * Keys that wait now, and over time.
 * @param {Report} report @param {{ waiting: [number, number][], waitingByBin: Uint32Array[], waitingByGroup: Map<number, number> }} figures
 * @param {number[]} keys @param {Record<string, number[]> | null} cells @param {Brush} brush
 */
function countWaiting(report, figures, keys, cells, brush) {
  const { data, keys: columns } = report;
  const bins = data.bins;
  const bin = (time) => Math.max(0, Math.floor((time - data.from) / data.step));
  const used = cells ?? (columns ? {
    kind: keys.map((key) => columns.kind[key]), group: keys.map((key) => columns.group[key]), from: keys.map((key) => bin(columns.since[key])), to: keys.map(() => -1), count: keys.map(() => 1),
  } : { kind: [], group: [], from: [], to: [], count: [] });
  const end = brush ? brush[1] : bins;
  /** @type {Map<number, number>} */
  const open = new Map();
  used.kind.forEach((kind, n) => {
    const waits = used.from[n] < Math.max(end, 1) && (used.to[n] < 0 || (used.to[n] >= end && end < bins));
    const count = waits ? used.count[n] : 0;
    open.set(kind, (open.get(kind) ?? 0) + count);
    figures.waitingByGroup.set(used.group[n], (figures.waitingByGroup.get(used.group[n]) ?? 0) + count);
  });
  const order = [...open].sort((a, b) => b[1] - a[1] || a[0] - b[0]);
  const places = new Map(order.slice(0, KINDS).map(([kind], n) => [kind, n]));
  used.kind.forEach((kind, n) => {
    const series = figures.waitingByBin[places.get(kind) ?? KINDS];
    const to = used.to[n] < 0 ? bins : used.to[n];
    for (let at = used.from[n]; at < to; at += 1) series[at] += used.count[n];
  });
  figures.waiting = order;
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
