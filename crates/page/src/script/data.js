// The data of the page: columns in compressed templates, read when they are asked for.
import { matchesText, inRanges } from "./grammar.js";

/** @typedef {import("./grammar.js").Pattern} Pattern */
/** @typedef {import("./grammar.js").RowSource} RowSource */
/** @typedef {import("./grammar.js").Test} Test */
/** @typedef {{ flows: string[], steps: string[], endpoints: string[], classes: string[], sides: string[], key_kinds: string[] }} CountedNames */
/**
 * @typedef {{ name: string, from: number, step: number, bins: number, length: string, names: CountedNames, groups: Record<string, any[]>,
 *   kinds: { group: number[], class: number[], side: number[] }, sets: { len: number[], kind: number[], count: number[] },
 *   cells: Record<string, number[]>, waiting: Record<string, number[]>, runs: Record<string, any>,
 *   contents: { requests: number, all_requests: number, bodies: number, all_bodies: number, chunks: number[] } }} PageData
 */
/**
 * Rows that can be counted: cells that stand for many requests each, or single requests. Errors and durations are in
 * lists of their own, of which each row has a part.
 * @typedef {{ size: number, bin: number[], flow: number[], step: number[], endpoint: number[], status: number[], flags: number[],
 *   count: number[] | null, errors: Span, kind: number[], kindCount: number[] | null, durations: Span | null,
 *   bucket: number[], bucketCount: number[] | null }} CountedRows
 */
/** @typedef {{ start(row: number): number, end(row: number): number }} Span */
/** @typedef {Record<string, any> & { id: string[] }} RequestColumns */
/** @typedef {Record<string, any> & { key: string[], all: number }} KeyColumns */

/** The data of a template. @param {string} id @returns {Promise<any>} */
export async function inflated(id) {
  const template = /** @type {HTMLTemplateElement} */ (document.getElementById(id));
  const text = atob(template.content.textContent ?? "");
  const bytes = new Uint8Array(text.length);
  for (let n = 0; n < text.length; n += 1) bytes[n] = text.charCodeAt(n);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

/** Where each part begins and ends, from the lengths of all. @param {number[]} lengths @returns {Span} */
function spans(lengths) {
  const ends = new Uint32Array(lengths.length);
  lengths.reduce((end, length, n) => (ends[n] = end + length), 0);
  return { start: (row) => ends[row] - lengths[row], end: (row) => ends[row] };
}

/** @param {Span} span @param {number[]} places @returns {Span} */
const spansAt = (span, places) => ({ start: (row) => span.start(places[row]), end: (row) => span.end(places[row]) });

export const outcomeOf = (flags) => ["success", "failed", "unknown"][flags & 3];
const stateOf = (flags) => ["good", "resolved", "open"][(flags >> 2) & 3];

/** A report: its counts, and when they have been read its keys, requests and bodies. */
export class Report {
  /** @param {PageData} data */
  constructor(data) {
    this.data = data;
    this.names = data.names;
    this.groups = data.groups;
    const { cells, sets } = data;
    /** @type {CountedRows} */
    this.cells = {
      ...(/** @type {any} */ (cells)), size: cells.bin.length, errors: spansAt(spans(sets.len), cells.set),
      kind: sets.kind, kindCount: sets.count, durations: spans(cells.durations), bucketCount: cells.bucket_count,
    };
    /** @type {RequestColumns | null} */
    this.requests = null;
    /** @type {CountedRows | null} */
    this.requestRows = null;
    /** @type {KeyColumns | null} */
    this.keys = null;
    /** Requests by key: `kind:key`. @type {Map<string, number[]>} */
    this.byKey = new Map();
    /** @type {({ text: string[], bytes: number[] } | undefined)[]} */
    this.chunks = [];
    this.bodiesRead = false;
    this.runSteps = spans(data.runs.steps);
  }

  /** Reads the keys and the requests. */
  async readRequests() {
    const [keys, requests] = await Promise.all([inflated("data-keys"), inflated("data-requests")]);
    this.keys = keys;
    this.requests = /** @type {RequestColumns} */ (requests);
    const errors = spans(requests.errors);
    const { from, step } = this.data;
    this.requestRows = {
      ...requests, size: requests.id.length, count: null, errors, kind: requests.error_kind, kindCount: null,
      bin: requests.time.map((time) => (time === null ? -1 : Math.floor((time - from) / step))),
      durations: null, bucket: requests.duration.map((ms) => (ms === null ? -1 : Math.floor(Math.log2(Math.max(ms, 1)) * 8))),
      bucketCount: null,
    };
    for (let row = 0; row < requests.id.length; row += 1) {
      for (const key of this.keysOf(row)) {
        const rows = this.byKey.get(key);
        if (rows) rows.push(row);
        else this.byKey.set(key, [row]);
      }
    }
  }

  /** The keys of a request and of its errors: `kind:key`. @param {number} row */
  keysOf(row) {
    const { requests, requestRows } = this;
    if (!requests || !requestRows) return [];
    const kinds = this.names.key_kinds;
    const keys = new Set();
    if (requests.key[row] !== null) keys.add(`${kinds[requests.key_kind[row]]}:${requests.key[row]}`);
    for (let n = requestRows.errors.start(row); n < requestRows.errors.end(row); n += 1) {
      if (requests.error_key[n] !== null) keys.add(`${kinds[requests.error_key_kind[n]]}:${requests.error_key[n]}`);
    }
    return [...keys];
  }

  /** Chunk of a body, and its place there. @param {number} body */
  chunkOf(body) {
    let first = 0;
    for (const [chunk, size] of this.data.contents.chunks.entries()) {
      if (body < first + size) return { chunk, place: body - first };
      first += size;
    }
    return null;
  }

  /** A body with the bytes that the whole one has, when its chunk has been read. @param {number} body */
  body(body) {
    const at = body < 0 ? null : this.chunkOf(body);
    const chunk = at && this.chunks[at.chunk];
    return chunk && at ? { text: chunk.text[at.place], bytes: chunk.bytes[at.place] } : null;
  }

  /** Reads the chunk of a body. @param {number} body */
  async readBody(body) {
    const at = body < 0 ? null : this.chunkOf(body);
    if (at) this.chunks[at.chunk] ??= await inflated(`data-bodies-${at.chunk}`);
    return this.body(body);
  }

  /** Reads all bodies. */
  async readBodies() {
    for (const chunk of this.data.contents.chunks.keys()) this.chunks[chunk] ??= await inflated(`data-bodies-${chunk}`);
    this.bodiesRead = true;
  }

  /** What the names of a group say. @param {number} group */
  groupTexts(group) {
    const text = (list, place) => list[place] ?? "";
    return {
      fingerprint: this.groups.fingerprint[group], title: this.groups.title[group],
      class: text(this.names.classes, this.groups.class[group]), side: text(this.names.sides, this.groups.side[group]),
    };
  }

  /** Rows that cells and requests have in common. @param {CountedRows} rows @returns {RowSource} */
  countedSource(rows) {
    const { names, data } = this;
    const columns = /** @type {Record<string, [string[], number[]]>} */ ({
      flow: [names.flows, rows.flow], step: [names.steps, rows.step], endpoint: [names.endpoints, rows.endpoint],
    });
    const ofKind = /** @type {Record<string, (kind: number) => string | undefined>} */ ({
      class: (kind) => names.classes[data.kinds.class[kind]],
      side: (kind) => names.sides[data.kinds.side[kind]],
      group: (kind) => this.groups.fingerprint[data.kinds.group[kind]],
    });
    return {
      text: (field, patterns) => {
        if (columns[field]) return byName(...columns[field], patterns);
        if (ofKind[field]) {
          const hits = data.kinds.group.map((_, kind) => matchesText(patterns, ofKind[field](kind)));
          return (row) => {
            for (let n = rows.errors.start(row); n < rows.errors.end(row); n += 1) if (hits[rows.kind[n]]) return true;
            return false;
          };
        }
        if (field === "outcome") {
          const hits = ["success", "failed", "unknown"].map((word) => matchesText(patterns, word));
          return (row) => hits[rows.flags[row] & 3];
        }
        return () => null;
      },
      number: (field, ranges) => (field === "status" ? (row) => rows.status[row] >= 0 && inRanges(ranges, rows.status[row]) : () => null),
      // Steps of time are counted whole.
      time: (from, to) => (row) => {
        const start = data.from + rows.bin[row] * data.step;
        return rows.bin[row] >= 0 && start + data.step > from && start < to;
      },
      state: (word) => {
        if (word === "failed") return (row) => (rows.flags[row] & 3) === 1;
        if (word === "truncated") return (row) => (rows.flags[row] & 16) !== 0;
        return (row) => stateOf(rows.flags[row]) === word;
      },
    };
  }

  /** @returns {RowSource} */
  requestSource() {
    const { requests, requestRows } = this;
    if (!requests || !requestRows) throw new Error("the requests have not been read");
    const counted = this.countedSource(requestRows);
    const { errors } = requestRows;
    /** @type {(test: Test) => Test} */
    const ofErrors = (test) => (row) => {
      for (let n = errors.start(row); n < errors.end(row); n += 1) if (test(n)) return true;
      return false;
    };
    const kinds = this.names.key_kinds;
    /** @type {Record<string, [string[], number[]]>} */
    const columns = { method: [requests.methods, requests.method], url: [requests.urls, requests.url], run: [requests.runs, requests.run], file: [requests.files, requests.file] };
    /** @type {Record<string, [string[], number[]]>} */
    const errorColumns = { msg: [requests.messages, requests.error_message], code: [requests.codes, requests.error_code], field: [requests.fields, requests.error_field] };
    return {
      ...counted,
      text: (field, patterns) => {
        if (columns[field]) return byName(...columns[field], patterns);
        if (errorColumns[field]) return ofErrors(byName(...errorColumns[field], patterns));
        if (field === "req") return this.bodyTest(requests.request, patterns);
        if (field === "res") return this.bodyTest(requests.response, patterns);
        if (!["key", "sku", "order"].includes(field)) return counted.text(field, patterns);
        const is = (kind, key) => (field === "key" || kinds[kind] === field) && matchesText(patterns, key);
        const inErrors = ofErrors((n) => is(requests.error_key_kind[n], requests.error_key[n]));
        return (row) => is(requests.key_kind[row], requests.key[row]) || inErrors(row);
      },
      number: (field, ranges) => field === "status" ? counted.number(field, ranges)
        : (row) => requests.duration[row] !== null && inRanges(ranges, requests.duration[row]),
      time: (from, to) => (row) => requests.time[row] !== null && from <= requests.time[row] && requests.time[row] < to,
    };
  }

  /** A test of bodies, each of which is looked at once. @param {number[]} places @param {Pattern[]} patterns @returns {Test} */
  bodyTest(places, patterns) {
    /** @type {Map<number, boolean>} */
    const known = new Map();
    return (row) => {
      const place = places[row];
      if (place === -1) return false;
      const seen = known.get(place);
      if (seen !== undefined) return seen;
      const body = this.body(place);
      if (!body) return null;
      const matches = matchesText(patterns, body.text);
      known.set(place, matches);
      return matches;
    };
  }

  /** Keys, or cells of keys: what both say. @param {Record<string, any>} keys @returns {RowSource} */
  keySource(keys) {
    const { names, groups } = this;
    const unknown = () => null;
    return {
      text: (field, patterns) => {
        if (field === "flow") return byName(names.flows, keys.flow, patterns);
        if (field === "class") return byName(names.classes, keys.group.map((n) => groups.class[n] ?? -1), patterns);
        if (field === "side") return byName(names.sides, keys.group.map((n) => groups.side[n] ?? -1), patterns);
        if (field === "group") return byName(groups.fingerprint, keys.group, patterns);
        if (keys.key && (field === "key" || field === "sku" || field === "order")) {
          return (row) => (field === "key" || names.key_kinds[keys.kind[row]] === field) && matchesText(patterns, keys.key[row]);
        }
        if (keys.key && field === "msg") return byName(keys.message, keys.message_place, patterns);
        return unknown;
      },
      number: () => unknown,
      time: () => unknown,
      state: (word) => (row) => {
        if (word === "open") return keys.to ? keys.to[row] < 0 : true;
        if (word === "resolved") return keys.to ? keys.to[row] >= 0 : false;
        return word === "failed" ? true : null;
      },
    };
  }

  /** @returns {RowSource} */
  runSource() {
    const { runs } = this.data;
    return {
      text: (field, patterns) => {
        if (field === "flow") return byName(this.names.flows, runs.flow, patterns);
        return field === "run" ? (row) => matchesText(patterns, runs.id[row]) : () => null;
      },
      number: () => () => null,
      time: (from, to) => (row) => runs.start[row] !== null && from <= runs.start[row] && runs.start[row] < to,
      state: (word) => (row) => (word === "failed" ? runs.failed[row] > 0 : null),
    };
  }
}

/** A test of names by number: each name is looked at once. @param {string[]} names @param {number[]} places @param {Pattern[]} patterns @returns {Test} */
function byName(names, places, patterns) {
  /** @type {(boolean | undefined)[]} */
  const hits = [];
  return (row) => {
    const place = places[row];
    if (place < 0 || place === undefined) return false;
    return (hits[place] ??= matchesText(patterns, names[place]));
  };
}
