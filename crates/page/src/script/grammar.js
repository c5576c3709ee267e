// The language of searches, as `analyze search` reads it: text to a tree, and whether a row matches.

/** @typedef {{ text: string, regex: RegExp | null, mark: RegExp | null }} Pattern `regex` is null when any text matches */
/** @typedef {{ from: number, to: number, openFrom: boolean, openTo: boolean }} NumberRange */
/**
 * @typedef {{ kind: "anywhere", pattern: Pattern } | { kind: "text", field: string, patterns: Pattern[] }
 *   | { kind: "number", field: string, ranges: NumberRange[] } | { kind: "state", states: string[] }
 *   | { kind: "since" | "until", at: number }} Condition
 */
/**
 * @typedef {{ kind: "all" | "any", parts: Expression[] } | { kind: "not", part: Expression }
 *   | { kind: "term", condition: Condition }} Expression
 */
/** @typedef {boolean | null} Answer null: the row does not know */
/** @typedef {(row: number) => Answer} Test */
/**
 * What rows say; each method gives a test of a row by its number.
 * @typedef {{ text(field: string, patterns: Pattern[]): Test, number(field: string, ranges: NumberRange[]): Test,
 *   time(from: number, to: number): Test, state(word: string): Test }} RowSource
 */

const words = text => text.split(" ");
/** Fields with few words. @type {Record<string, string[]>} */
const CLOSED = {
	outcome: words("success failed unknown"),
	class: words("value missing connection intermittent rate_limit too_large parse duplicate permission other"),
	side: words("integrator omnitron erp mapping"),
};
const STATES = words("open resolved failed truncated");
const TEXT_FIELDS = words(
	"key sku order flow step run endpoint method url outcome class side group code field msg req res file",
);
const FIELDS = [...TEXT_FIELDS, ...words("status duration since until is")];
/** Fields whose value is the whole text; those whose hits are marked; those in which a bare word is looked for. */
const WHOLE = words("key sku order run method outcome class side code");
const MARKED = words("key sku order msg req res url code field");
const ANYWHERE = words("key msg url req res");
const LEVELS = 64;
const DAY = 86_400e6;

/** A query that cannot be read: what is wrong, and where. */
export class QueryError extends Error {
	/** @param {string} message @param {number} start @param {number} end */
	constructor(message, start, end) {
		super(message);
		this.start = start;
		this.end = end;
	}
}

/** How many letters differ between two words. @param {string} a @param {string} b */
function distance(a, b) {
	let row = [...b, ""].map((_, n) => n);
	[...a].forEach((letter, i) => {
		const next = [i + 1];
		[...b].forEach((other, j) => next.push(Math.min(row[j] + Number(letter !== other), row[j + 1] + 1, next[j] + 1)));
		row = next;
	});
	return row[b.length];
}

/** `(did you mean status?)` @param {string} word @param {string[]} of */
function meant(word, of) {
	const most = Math.max(1, Math.floor(word.length / 3));
	const near = of.find(known => distance(word.toLowerCase(), known) <= most);
	return near ? ` (did you mean ${near}?)` : "";
}

const escaped = text => text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");

/** A character as JSON escapes it, in either case of the digits. @param {string} c */
const jsonEscape = c =>
	c
		.split("")
		.map(unit =>
			`\\\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`.replace(/[a-f]/g, d => `[${d}${d.toUpperCase()}]`),
		)
		.join("");

/** A pattern of a text as it is, and as it can stand in a string of JSON. @param {string} text @param {boolean} anyCase */
function inJson(text, anyCase) {
	return [...text]
		.map(c => {
			if (c === '"' || c === "/") return `\\\\?${escaped(c)}`;
			if (c === "\\") return "\\\\{1,2}";
			if (c < "\x80") return escaped(c);
			const capital = c.toUpperCase();
			const other = anyCase && capital !== c && [...capital].length === 1 ? `|${jsonEscape(capital)}` : "";
			return `(?:${c}|${jsonEscape(c)}${other})`;
		})
		.join("");
}

/** @param {string} text @param {string | null} field @returns {Pattern} */
function textPattern(text, field) {
	const flags = /\p{Uppercase}/u.test(text) ? "" : "i";
	const part = inJson(text, flags === "i");
	const isWhole = field !== null && WHOLE.includes(field);
	const source = isWhole ? `^(?:${escaped(text)})$` : field === "group" ? `^${escaped(text)}` : part;
	return { text, regex: new RegExp(source, flags), mark: text === "" ? null : new RegExp(part, `g${flags}`) };
}

/** @param {string} source @returns {Pattern} */
function regexPattern(source) {
	const [, flags = "", rest] = /^(?:\(\?([ims]+)\))?(.*)$/s.exec(source) ?? [];
	let regex;
	try {
		regex = new RegExp(rest, `u${flags}`);
	} catch {
		regex = new RegExp(rest, flags);
	}
	return { text: `/${source}/`, regex, mark: new RegExp(rest, `g${regex.flags}`) };
}

/** @type {Pattern} */
const PRESENCE = { text: "*", regex: null, mark: null };

/** `404`, `4xx`, `>=400`, `400..499`, `*`; of a duration also `2s`. @param {string} field @param {string} text @returns {NumberRange | null} */
function numberRange(field, text) {
	const number = (/** @type {string} */ written) => {
		const [, digits, unit] = (field === "status" ? /^(\d[\d.]*)$/ : /^(\d[\d.]*)(ms|s|m)?$/).exec(written) ?? [];
		return Number(digits) * (unit === "s" ? 1e3 : unit === "m" ? 6e4 : 1);
	};
	const [, sign, rest] = /^(>=|<=|>|<)?(.*)$/s.exec(text) ?? ["", "", ""];
	const [low, high = low] = rest.split(/\.\.(.*)/s);
	const hundred = field === "status" && /^\d(xx|XX)$/.test(text) ? Number(text[0]) * 100 : null;
	const range = {
		from: hundred ?? number(low),
		to: hundred === null ? number(high) : hundred + 99,
		openFrom: sign === ">",
		openTo: sign === "<",
	};
	if (text === "*" || sign?.[0] === "<") range.from = -Infinity;
	if (text === "*" || sign?.[0] === ">") range.to = Infinity;
	return Number.isNaN(range.from + range.to) && text !== "*" ? null : range;
}

/** The time that is meant, in microseconds: a whole day for a date, else one moment. @param {string} text @param {number} now */
function timeSpan(text, now) {
	const day = at => [at, at + DAY];
	const today = Math.floor(now / DAY) * DAY;
	const word = text.toLowerCase();
	if (word === "now") return [now, now];
	if (word === "today") return day(today);
	if (word === "yesterday") return day(today - DAY);
	const ago = /^-(\d+)([smhdw])$/.exec(text);
	const units = { s: 1e6, m: 60e6, h: 3_600e6, d: DAY, w: 7 * DAY };
	if (ago) return Array(2).fill(now - Number(ago[1]) * units[ago[2]]);
	const [, date, time, zone = "Z"] =
		/^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?) ?(Z|[+-]\d\d:\d\d)?)?$/i.exec(text) ?? [];
	const at = Date.parse(`${date}T${time ?? "00:00"}${zone.toUpperCase()}`) * 1000;
	// There is no 30 February.
	if (Number.isNaN(at) || new Date(`${date}T00:00Z`).getUTCDate() !== Number(date.slice(8))) return null;
	return time ? [at, at] : day(at);
}

/** Reads a query, by recursive descent; null for an empty one. @param {string} text @param {number} now microseconds @returns {Expression | null} */
export function parseQuery(text, now) {
	let at = 0;
	let level = 0;
	const rest = () => text.slice(at);
	/** @returns {never} */
	const fail = (message, start, end = at) => {
		throw new QueryError(message, start, end);
	};
	/** Skips blanks; whether nothing follows. */
	const blankRest = () => {
		at = text.length - rest().trimStart().length;
		return at >= text.length;
	};
	/** Takes an operator that is a word. */
	const keyword = word => {
		blankRest();
		const taken = rest().startsWith(word) && /^(?:[\s()]|$)/.test(text.slice(at + word.length));
		if (taken) at += word.length;
		return taken;
	};
	/** @returns {Expression} */
	const joined = (kind, parts) => (parts.length === 1 ? parts[0] : { kind, parts });
	const nested = (start, parse) => {
		if (level === LEVELS) fail(`more than ${LEVELS} levels of parentheses and NOTs`, start);
		level += 1;
		const parsed = parse();
		level -= 1;
		return parsed;
	};

	/** Parts with OR between them. @returns {Expression} */
	function any(operator) {
		const parts = [all(operator)];
		while (keyword("OR")) parts.push(all("OR"));
		return joined("any", parts);
	}

	/** Parts with AND or nothing between them. @returns {Expression} */
	function all(operator) {
		const parts = [one(operator)];
		for (;;) {
			if (!keyword("AND")) {
				const before = at;
				const ends = blankRest() || text[at] === ")" || keyword("OR");
				at = before;
				if (ends) return joined("all", parts);
			}
			parts.push(one("AND"));
		}
	}

	/** A condition, a negation or a parenthesis. @returns {Expression} */
	function one(operator) {
		const before = at;
		if (blankRest() || text[at] === ")")
			fail(`${operator}: a condition is missing`, Math.max(0, before - operator.length), before);
		const start = at;
		for (const word of ["OR", "AND"]) if (keyword(word)) fail(`${word}: a condition is missing`, start);
		if (keyword("NOT")) return { kind: "not", part: nested(start, () => one("NOT")) };
		if (/^-\S/.test(rest())) {
			at += 1;
			return { kind: "not", part: nested(start, () => one("-")) };
		}
		if (text[at] === "(") {
			at += 1;
			const inner = nested(start, () => any("("));
			if (blankRest()) fail("( is not closed", start, start + 1);
			at += 1;
			return inner;
		}
		// A name that an address does not follow.
		const name = /^([A-Za-z_]+):(?!\/\/)/.exec(rest());
		if (!name) return { kind: "term", condition: { kind: "anywhere", pattern: pattern(value(/[\s()]/), null, start) } };
		at += name[0].length;
		return { kind: "term", condition: condition(name[1], start) };
	}

	/** A phrase, a regular expression, or what stands before an end. @param {RegExp} ends */
	function value(ends) {
		const left = rest();
		if (left[0] === '"') {
			const phrase = /^"((?:[^"\\]|\\.)*)"/s.exec(left);
			if (!phrase) return fail('" is not closed', at, at + 1);
			at += phrase[0].length;
			// A backslash is kept before all but a quote and a backslash.
			return { kind: "phrase", text: phrase[1].replace(/\\(["\\])/g, "$1") };
		}
		// It ends with the first slash that something else follows, so that paths can be written too.
		for (let n = 1, escape = false; left[0] === "/" && n < left.length; n += 1) {
			if (left[n] === "/" && !escape && n > 1 && (n + 1 === left.length || ends.test(left[n + 1]))) {
				at += n + 1;
				return { kind: "regex", text: left.slice(1, n) };
			}
			escape = left[n] === "\\" && !escape;
		}
		const bare = left.slice(0, left.search(ends) < 0 ? left.length : left.search(ends));
		at += bare.length;
		return { kind: "bare", text: bare };
	}

	/** @returns {Pattern} */
	function pattern(written, field, start) {
		if (written.kind === "bare" && written.text === "*" && field) return PRESENCE;
		if (written.kind !== "regex") return textPattern(written.text, field);
		try {
			return regexPattern(written.text);
		} catch (error) {
			const fault = String(error).replace(/^.*: /, "").replace("Unterminated", "unclosed");
			return fail(`/${written.text}/: not a regular expression: ${fault}`, start);
		}
	}

	/** A word of a closed set. */
	function known(field, word, of, start) {
		const lower = word.toLowerCase();
		if (!of.includes(lower))
			fail(`${field}:${word}: no such value${meant(word, of)}; there are ${of.join(", ")}`, start);
		return lower;
	}

	/** @returns {Condition} */
	function condition(name, start) {
		const field = name.toLowerCase();
		if (!FIELDS.includes(field))
			fail(
				`${name}: no such field${meant(field, FIELDS)}; quote it to search for the text`,
				start,
				start + name.length,
			);
		const isTime = field === "since" || field === "until";
		const separator = isTime ? null : ",";
		/** All values between commas. */
		const values = read => {
			const found = [];
			do {
				if (found.length) at += 1;
				const before = at;
				const written = value(isTime ? /[\s()]/ : /[\s(),]/);
				if (written.kind === "bare" && written.text === "") fail(`${field}: a value is missing after the colon`, start);
				found.push(read(written, before));
			} while (text[at] === separator);
			return found;
		};
		const not = (what, written, from) => fail(`${field}:${written.text}: not a ${what}`, from);
		if (isTime) {
			const wanted = "time; write -3h, yesterday, 2026-10-24 or 2026-10-24T02:00, all UTC";
			return {
				kind: field,
				at: values((written, from) => timeSpan(written.text, now) ?? not(wanted, written, from))[0][
					field === "since" ? 0 : 1
				],
			};
		}
		if (field === "is")
			return {
				kind: "state",
				states: values((written, from) =>
					known("is", written.text === "healed" ? "resolved" : written.text, STATES, from),
				),
			};
		if (!TEXT_FIELDS.includes(field)) {
			const wanted = "number; write 404, 4xx, >=400 or 400..499, of a duration also 2s or 500ms";
			return {
				kind: "number",
				field,
				ranges: values((written, from) => numberRange(field, written.text) ?? not(wanted, written, from)),
			};
		}
		return {
			kind: "text",
			field,
			patterns: values((written, from) => {
				if (CLOSED[field] && written.kind === "bare" && written.text !== "*")
					known(field, written.text, CLOSED[field], from);
				return pattern(written, field, from);
			}),
		};
	}

	if (blankRest()) return null;
	const root = any("the query");
	if (at < text.length) fail(") closes nothing", at, at + 1);
	return root;
}

/** True when one is true, else unknown when one is unknown. @param {Test[]} tests @param {boolean} wanted @returns {Test} */
function some(tests, wanted) {
	return row => {
		/** @type {Answer} */
		let answer = !wanted;
		for (const test of tests) {
			const one = test(row);
			if (one === wanted) return wanted;
			if (one === null) answer = null;
		}
		return answer;
	};
}

/** A test of rows. @param {Expression | null} root @param {RowSource} source @returns {Test} */
export function compileQuery(root, source) {
	if (!root) return () => true;
	if (root.kind === "not") {
		const part = compileQuery(root.part, source);
		return row => {
			const answer = part(row);
			return answer === null ? null : !answer;
		};
	}
	if (root.kind !== "term")
		return some(
			root.parts.map(part => compileQuery(part, source)),
			root.kind === "any",
		);
	const { condition } = root;
	switch (condition.kind) {
		case "anywhere":
			return some(
				ANYWHERE.map(field => source.text(field, [condition.pattern])),
				true,
			);
		case "text":
			return source.text(condition.field, condition.patterns);
		case "number":
			return source.number(condition.field, condition.ranges);
		case "state":
			return some(
				condition.states.map(word => source.state(word)),
				true,
			);
		case "since":
			return source.time(condition.at, Infinity);
		default:
			return source.time(-Infinity, condition.at);
	}
}

/** What is looked for in texts, outside of every NOT: these places are marked. @param {Expression | null} root @returns {RegExp[]} */
export function markedPatterns(root) {
	if (!root || root.kind === "not") return [];
	if (root.kind !== "term") return root.parts.flatMap(markedPatterns);
	const { condition } = root;
	const patterns =
		condition.kind === "anywhere"
			? [condition.pattern]
			: condition.kind === "text" && MARKED.includes(condition.field)
				? condition.patterns
				: [];
	return patterns.flatMap(pattern => pattern.mark ?? []);
}

/** @param {Pattern[]} patterns @param {string | null | undefined} text */
export const matchesText = (patterns, text) =>
	text !== null && text !== undefined && patterns.some(({ regex }) => !regex || regex.test(text));

/** @param {NumberRange[]} ranges @param {number} number */
export const inRanges = (ranges, number) =>
	ranges.some(
		range =>
			(range.openFrom ? number > range.from : number >= range.from) &&
			(range.openTo ? number < range.to : number <= range.to),
	);
