// The table of queries that the grammar of `analyze search` is held by, for the grammar of the page.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { compileQuery, inRanges, matchesText, parseQuery, QueryError } from "../src/script/grammar.js";

const table = JSON.parse(readFileSync(new URL("../../query/tests/search.json", import.meta.url), "utf8"));
const now = Date.parse(table.now) * 1000;

const texts = (row, field) => {
	const errors = row.errors ?? [];
	const keys = kind => [row, ...errors].filter(of => of.key && (!kind || of.key_kind === kind)).map(of => of.key);
	switch (field) {
		case "key":
			return keys(null);
		case "sku":
		case "order":
			return keys(field);
		case "class":
		case "side":
		case "group":
		case "code":
		case "field":
		case "msg":
			return errors.map(error => error[field]);
		default:
			return [row[field]];
	}
};

const source = {
	text: (field, patterns) => n => texts(table.rows[n], field).some(text => matchesText(patterns, text)),
	number: (field, ranges) => n => {
		const number = table.rows[n][field === "status" ? "status" : "duration_ms"];
		return number !== undefined && inRanges(ranges, number);
	},
	time: (from, to) => n => {
		const at = Date.parse(table.rows[n].started_at) * 1000;
		return from <= at && at < to;
	},
	state: word => n => {
		const row = table.rows[n];
		if (word === "failed") return row.outcome === "failed";
		return word === "truncated" ? row.truncated === true : row.state === word;
	},
};

test("each query finds the rows of the table", () => {
	for (const { query, rows } of table.matches) {
		const matches = compileQuery(parseQuery(query, now), source);
		const found = table.rows.filter((_, n) => matches(n) === true).map(row => row.id);
		assert.deepEqual(found, rows, query);
	}
});

/** A tree without how its texts were written. */
const meaning = tree =>
	JSON.stringify(tree, (name, value) => {
		if (value instanceof RegExp) return String(value);
		return Number.isFinite(value) || typeof value !== "number" ? value : String(value);
	});

test("two ways to write a query mean the same", () => {
	for (const [one, other] of table.same) {
		assert.equal(meaning(parseQuery(one, now)), meaning(parseQuery(other, now)), one);
	}
});

test("a mistake is named with its place", () => {
	for (const { query, error, span } of table.errors) {
		assert.throws(
			() => parseQuery(query, now),
			thrown => {
				assert.ok(thrown instanceof QueryError, query);
				assert.ok(thrown.message.includes(error), `${query}: ${thrown.message}`);
				assert.deepEqual([thrown.start, thrown.end], span, query);
				return true;
			},
		);
	}
});
