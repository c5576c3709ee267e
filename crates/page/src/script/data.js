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
 *   count: number[], errors: Span, kind: number[], kindCount: number[], durations: Span,
 *   bucket: number[], bucketCount: number[] }} CountedRows
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
	return new Response(stream).json();
}

/** Where each part begins and ends, from the lengths of all. @param {number[]} lengths @returns {Span} */
function spans(lengths) {
	const ends = new Uint32Array(lengths.length);
	lengths.reduce((end, length, n) => (ends[n] = end + length), 0);
	return { start: row => ends[row] - lengths[row], end: row => ends[row] };
}

/** @param {Span} span @param {number[]} places @returns {Span} */
const spansAt = (span, places) => ({ start: row => span.start(places[row]), end: row => span.end(places[row]) });

/** Words for the bits of flags. */
export const OUTCOMES = ["success", "failed", "unknown"];
export const STATES_OF_KEYS = ["good", "resolved", "open"];

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
			.../** @type {any} */ (cells),
			size: cells.bin.length,
			errors: spansAt(spans(sets.len), cells.set),
			kind: sets.kind,
			kindCount: sets.count,
			durations: spans(cells.durations),
			bucketCount: cells.bucket_count,
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
	}

	/** Reads the keys and the requests. */
	async readRequests() {
		const [keys, requests] = await Promise.all([inflated("data-keys"), inflated("data-requests")]);
		this.keys = keys;
		this.requests = /** @type {RequestColumns} */ (requests);
		const errors = spans(requests.errors);
		const { from, step } = this.data;
		const bucket = requests.duration.map(ms => (ms === null ? -1 : Math.floor(Math.log2(Math.max(ms, 1)) * 8)));
		this.requestRows = {
			...requests,
			size: requests.id.length,
			count: requests.id.map(() => 1),
			errors,
			kind: requests.error_kind,
			kindCount: requests.error_kind.map(() => 1),
			bin: requests.time.map(time => (time === null ? -1 : Math.floor((time - from) / step))),
			durations: { start: row => row, end: row => row + Number(bucket[row] >= 0) },
			bucket,
			bucketCount: bucket.map(() => 1),
		};
		const add = (row, kind, key) => {
			const name = `${this.names.key_kinds[kind]}:${key}`;
			const rows = this.byKey.get(name) ?? [];
			if (key === null || rows[rows.length - 1] === row) return;
			rows.push(row);
			this.byKey.set(name, rows);
		};
		requests.id.forEach((_, row) => {
			add(row, requests.key_kind[row], requests.key[row]);
			for (let n = errors.start(row); n < errors.end(row); n += 1)
				add(row, requests.error_key_kind[n], requests.error_key[n]);
		});
	}

	/** A body with the bytes that the whole one has, when its chunk has been read. @param {number} body */
	body(body) {
		const chunk = this.chunkOf(body);
		const read = this.chunks[chunk];
		const place = body - this.data.contents.chunks[chunk];
		return read ? { text: read.text[place], bytes: read.bytes[place] } : null;
	}

	/** The chunk of a body; -1 for one that is not in the page. @param {number} body */
	chunkOf(body) {
		const { chunks, bodies } = this.data.contents;
		return body < bodies ? chunks.findLastIndex(first => first <= body) : -1;
	}

	/** Reads a chunk. @param {number} chunk */
	async readChunk(chunk) {
		if (chunk >= 0) this.chunks[chunk] ??= await inflated(`data-bodies-${chunk}`);
	}

	/** Reads all bodies. */
	async readBodies() {
		for (const chunk of this.data.contents.chunks.keys()) await this.readChunk(chunk);
		this.bodiesRead = true;
	}

	/** What cells and requests have in common. @param {CountedRows} rows @returns {RowSource} */
	countedSource(rows) {
		const {
			names,
			groups,
			data: { kinds, from: begin, step },
		} = this;
		/** @type {Record<string, (kind: number) => string>} */
		const ofKind = {
			class: kind => names.classes[kinds.class[kind]],
			side: kind => names.sides[kinds.side[kind]],
			group: kind => groups.fingerprint[kinds.group[kind]],
		};
		const outcomes = rows.flags.map(flags => flags & 3);
		const columns = {
			flow: [names.flows, rows.flow],
			step: [names.steps, rows.step],
			endpoint: [names.endpoints, rows.endpoint],
			outcome: [OUTCOMES, outcomes],
		};
		return sourceOf(columns, {
			text(field, patterns) {
				if (!ofKind[field]) return unknown;
				const hits = kinds.group.map((_, kind) => matchesText(patterns, ofKind[field](kind)));
				return someError(rows, n => hits[rows.kind[n]]);
			},
			number: (field, ranges) =>
				field === "status" ? row => rows.status[row] >= 0 && inRanges(ranges, rows.status[row]) : unknown,
			// Steps of time are counted whole.
			time: (from, to) => row =>
				rows.bin[row] >= 0 && begin + (rows.bin[row] + 1) * step > from && begin + rows.bin[row] * step < to,
			state: word => row => {
				const flags = rows.flags[row];
				return word === "failed"
					? (flags & 3) === 1
					: word === "truncated"
						? (flags & 16) !== 0
						: STATES_OF_KEYS[(flags >> 2) & 3] === word;
			},
		});
	}

	/** @param {RequestColumns} requests @param {CountedRows} rows @returns {RowSource} */
	requestSource(requests, rows) {
		const counted = this.countedSource(rows);
		const kinds = this.names.key_kinds;
		const ofErrors = { msg: requests.error_message, code: requests.error_code, field: requests.error_field };
		return {
			...counted,
			text: (field, patterns) => {
				if (["method", "url", "run", "file"].includes(field)) return row => matchesText(patterns, requests[field][row]);
				if (ofErrors[field]) return someError(rows, n => matchesText(patterns, ofErrors[field][n]));
				if (field === "req") return this.bodyTest(requests.request, patterns);
				if (field === "res") return this.bodyTest(requests.response, patterns);
				if (!KEY_FIELDS.includes(field)) return counted.text(field, patterns);
				const is = (kind, key) => (field === "key" || kinds[kind] === field) && matchesText(patterns, key);
				const inErrors = someError(rows, n => is(requests.error_key_kind[n], requests.error_key[n]));
				return row => is(requests.key_kind[row], requests.key[row]) || inErrors(row);
			},
			number: (field, ranges) =>
				field === "status"
					? counted.number(field, ranges)
					: row => requests.duration[row] !== null && inRanges(ranges, requests.duration[row]),
			time: timeTest(requests.time),
		};
	}

	/** A test of bodies, each of which is looked at once. @param {number[]} places @param {Pattern[]} patterns @returns {Test} */
	bodyTest(places, patterns) {
		/** @type {Map<number, boolean>} */
		const known = new Map();
		return row => {
			const place = places[row];
			if (place === -1) return false;
			if (!known.has(place)) {
				const body = this.body(place);
				if (!body) return null;
				known.set(place, matchesText(patterns, body.text));
			}
			return known.get(place) ?? null;
		};
	}

	/** Keys, or cells of keys: what both say. @param {Record<string, any>} keys @returns {RowSource} */
	keySource(keys) {
		const { names, groups } = this;
		const ofGroup = column => keys.group.map(group => column[group] ?? -1);
		const columns = {
			flow: [names.flows, keys.flow],
			class: [names.classes, ofGroup(groups.class)],
			side: [names.sides, ofGroup(groups.side)],
			group: [groups.fingerprint, keys.group],
		};
		return sourceOf(columns, {
			text: (field, patterns) => {
				if (keys.key && field === "msg") return row => matchesText(patterns, keys.message[row]);
				if (!keys.key || !KEY_FIELDS.includes(field)) return unknown;
				return row =>
					(field === "key" || names.key_kinds[keys.kind[row]] === field) && matchesText(patterns, keys.key[row]);
			},
			state: word => row => {
				const isOpen = !keys.to || keys.to[row] < 0;
				return word === "truncated" ? null : word === "failed" || isOpen === (word === "open");
			},
		});
	}

	/** @returns {RowSource} */
	runSource() {
		const { runs } = this.data;
		return sourceOf(
			{ flow: [this.names.flows, runs.flow] },
			{
				text: (field, patterns) => (field === "run" ? row => matchesText(patterns, runs.id[row]) : unknown),
				time: timeTest(runs.start),
				state: word => row => (word === "failed" ? runs.failed[row] > 0 : null),
			},
		);
	}
}

const KEY_FIELDS = ["key", "sku", "order"];

/** @param {(number | null)[]} times */
const timeTest = times => (from, to) => row => {
	const time = times[row];
	return time !== null && from <= time && time < to;
};

/** @type {Test} */
const unknown = () => null;

/** A source with columns of names; what it is not given is not known. @param {Record<string, any>} columns @param {Partial<RowSource>} more @returns {RowSource} */
const sourceOf = (columns, more) => ({
	number: () => unknown,
	time: () => unknown,
	state: () => unknown,
	...more,
	text: (field, patterns) =>
		columns[field] ? byName(columns[field][0], columns[field][1], patterns) : (more.text?.(field, patterns) ?? unknown),
});

/** Whether a test holds for an error of a row. @param {CountedRows} rows @param {Test} test @returns {Test} */
const someError =
	({ errors }, test) =>
	row => {
		for (let n = errors.start(row); n < errors.end(row); n += 1) if (test(n)) return true;
		return false;
	};

/** A test of names by number: each name is looked at once. @param {string[]} names @param {number[]} places @param {Pattern[]} patterns @returns {Test} */
function byName(names, places, patterns) {
	/** @type {boolean[]} */
	const hits = [];
	return row => places[row] >= 0 && (hits[places[row]] ??= matchesText(patterns, names[places[row]]));
}
