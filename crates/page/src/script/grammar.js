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

const CLASSES = "value missing connection intermittent rate_limit too_large parse duplicate permission other".split(" ");
/** @type {Record<string, string[]>} */
const CLOSED = {
  outcome: ["success", "failed", "unknown"],
  class: CLASSES,
  side: ["integrator", "omnitron", "erp", "mapping"],
};
const TEXT_FIELDS =
  "key sku order flow step run endpoint method url outcome class side group code field msg req res file".split(" ");
const NUMBER_FIELDS = ["status", "duration"];
const STATES = ["open", "resolved", "failed", "truncated"];
const WHOLE = "key sku order run method outcome class side code".split(" ");
const MARKED = "key sku order msg req res url code field".split(" ");
const ANYWHERE = ["key", "msg", "url", "req", "res"];
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

/** `(did you mean status?)` @param {string} word @param {string[]} words */
function meant(word, words) {
  const near = words.map((known) => ({ known, far: distance(word.toLowerCase(), known) })).sort((a, b) => a.far - b.far)[0];
  return near.far <= Math.max(1, Math.floor(word.length / 3)) ? ` (did you mean ${near.known}?)` : "";
}

/** @param {string} text */
const escaped = (text) => text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");

/** A character as JSON escapes it, in either case of the digits. @param {string} c */
const jsonEscape = (c) =>
  c.split("").map((unit) => `\\\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`.replace(/[a-f]/g, (d) => `[${d}${d.toUpperCase()}]`)).join("");

/** A pattern of a text as it is, and as it can stand in a string of JSON. @param {string} text @param {boolean} anyCase */
function inJson(text, anyCase) {
  return [...text].map((c) => {
    if (c === '"' || c === "/") return `\\\\?${escaped(c)}`;
    if (c === "\\") return "\\\\{1,2}";
    if (c < "\x80") return escaped(c);
    const capital = c.toUpperCase();
    const other = anyCase && capital !== c && [...capital].length === 1 ? `|${jsonEscape(capital)}` : "";
    return `(?:${c}|${jsonEscape(c)}${other})`;
  }).join("");
}

/** @param {string} text @param {string | null} field @returns {Pattern} */
function textPattern(text, field) {
  const flags = /\p{Uppercase}/u.test(text) ? "" : "i";
  const mark = text === "" ? null : new RegExp(inJson(text, flags === "i"), `g${flags}`);
  if (field && WHOLE.includes(field)) return { text, regex: new RegExp(`^(?:${escaped(text)})$`, `s${flags}`), mark };
  if (field === "group") return { text, regex: new RegExp(`^(?:${escaped(text)})`, flags), mark: null };
  return { text, regex: new RegExp(inJson(text, flags === "i"), flags), mark };
}

/** @param {string} source @returns {Pattern} */
function regexPattern(source) {
  const leading = /^\(\?([ims]+)\)/.exec(source);
  const flags = leading?.[1] ?? "";
  const rest = source.slice(leading?.[0].length ?? 0).replaceAll("(?P<", "(?<").replaceAll("\\A", "^").replaceAll("\\z", "$");
  let regex;
  try {
    regex = new RegExp(rest, `u${flags}`);
  } catch {
    regex = new RegExp(rest, flags);
  }
  return { text: `/${source}/`, regex, mark: new RegExp(regex.source, `g${regex.flags}`) };
}

/** @type {Pattern} */
const PRESENCE = { text: "*", regex: null, mark: null };

/** @param {string} field @param {string} text */
function plainNumber(field, text) {
  const units = /** @type {Record<string, number>} */ (field === "duration" ? { ms: 1, s: 1e3, m: 6e4 } : {});
  const match = /^(\d[\d.]*)(ms|s|m)?$/.exec(text);
  const number = match && (!match[2] || units[match[2]]) ? Number(match[1]) * (units[match[2]] ?? 1) : NaN;
  return Number.isNaN(number) ? null : number;
}

/** @param {string} field @param {string} text @returns {NumberRange | null} */
function numberRange(field, text) {
  /** @param {number | null} from @param {number | null} to */
  const range = (from, to, openFrom = false, openTo = false) => (from === null || to === null ? null : { from, to, openFrom, openTo });
  if (text === "*") return range(-Infinity, Infinity);
  const bound = /^(>=|<=|>|<)(.*)$/s.exec(text);
  if (bound) {
    const number = plainNumber(field, bound[2]);
    return bound[1][0] === ">" ? range(number, Infinity, bound[1] === ">") : range(-Infinity, number, false, bound[1] === "<");
  }
  const dots = text.indexOf("..");
  if (dots >= 0) return range(plainNumber(field, text.slice(0, dots)), plainNumber(field, text.slice(dots + 2)));
  const hundreds = field === "status" && /^(\d)(xx|XX)$/.exec(text);
  if (hundreds) return range(Number(hundreds[1]) * 100, Number(hundreds[1]) * 100 + 99);
  const number = plainNumber(field, text);
  return range(number, number);
}

/** The time that is meant, in microseconds: a whole day for a date, else one moment. @param {string} text @param {number} now */
function timeSpan(text, now) {
  const today = Math.floor(now / DAY) * DAY;
  const word = text.toLowerCase();
  if (word === "now") return [now, now];
  if (word === "today") return [today, today + DAY];
  if (word === "yesterday") return [today - DAY, today];
  const ago = /^-(\d+)([smhdw])$/.exec(text);
  if (ago) {
    const units = /** @type {Record<string, number>} */ ({ s: 1e6, m: 60e6, h: 3_600e6, d: DAY, w: 7 * DAY });
    const at = now - Number(ago[1]) * units[ago[2]];
    return [at, at];
  }
  const date = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?) ?(Z|[+-]\d\d:?\d\d)?)?$/i.exec(text);
  if (!date) return null;
  const zone = (date[3] ?? "Z").toUpperCase().replace(/^([+-]\d\d)(\d\d)$/, "$1:$2");
  const at = Date.parse(`${date[1]}T${(date[2] ?? "00:00").replace(",", ".")}${zone}`) * 1000;
  if (Number.isNaN(at) || new Date(`${date[1]}T00:00Z`).getUTCDate() !== Number(date[1].slice(8))) return null;
  return date[2] ? [at, at] : [at, at + DAY];
}

/** Recursive descent over one text. */
class QueryParser {
  /** @param {string} text @param {number} now */
  constructor(text, now) {
    this.text = text;
    this.now = now;
    this.at = 0;
    this.level = 0;
  }

  /** @param {string} message @param {number} start @param {number} [end] @returns {never} */
  fail(message, start, end = this.at) {
    throw new QueryError(message, start, end);
  }

  rest() {
    return this.text.slice(this.at);
  }

  /** Skips blanks; whether nothing follows. */
  blankRest() {
    this.at += this.rest().length - this.rest().trimStart().length;
    return this.at >= this.text.length;
  }

  /** Takes an operator that is a word. @param {string} word */
  keyword(word) {
    this.blankRest();
    const taken = this.rest().startsWith(word) && /^(?:[\s()]|$)/.test(this.text.slice(this.at + word.length));
    if (taken) this.at += word.length;
    return taken;
  }

  /** @param {"all" | "any"} kind @param {Expression[]} parts @returns {Expression} */
  static joined(kind, parts) {
    return parts.length === 1 ? parts[0] : { kind, parts };
  }

  /** Parts with OR between them. @param {string} operator @returns {Expression} */
  any(operator) {
    const parts = [this.all(operator)];
    while (this.keyword("OR")) parts.push(this.all("OR"));
    return QueryParser.joined("any", parts);
  }

  /** Parts with AND or nothing between them. @param {string} operator @returns {Expression} */
  all(operator) {
    const parts = [this.one(operator)];
    for (;;) {
      if (!this.keyword("AND")) {
        const before = this.at;
        const ends = this.blankRest() || this.rest().startsWith(")") || this.keyword("OR");
        this.at = before;
        if (ends) return QueryParser.joined("all", parts);
      }
      parts.push(this.one("AND"));
    }
  }

  /** A condition, a negation or a parenthesis. @param {string} operator @returns {Expression} */
  one(operator) {
    const before = this.at;
    if (this.blankRest() || this.rest().startsWith(")")) {
      this.fail(`${operator}: a condition is missing`, Math.max(0, before - operator.length), before);
    }
    const start = this.at;
    for (const word of ["OR", "AND"]) {
      if (this.keyword(word)) this.fail(`${word}: a condition is missing`, start);
    }
    if (this.keyword("NOT")) return { kind: "not", part: this.nested(start, () => this.one("NOT")) };
    if (/^-\S/.test(this.rest())) {
      this.at += 1;
      return { kind: "not", part: this.nested(start, () => this.one("-")) };
    }
    if (this.rest().startsWith("(")) {
      this.at += 1;
      const inner = this.nested(start, () => this.any("("));
      if (this.blankRest()) this.fail("( is not closed", start, start + 1);
      this.at += 1;
      return inner;
    }
    return { kind: "term", condition: this.condition() };
  }

  /** @template T @param {number} start @param {() => T} parse @returns {T} */
  nested(start, parse) {
    if (this.level === LEVELS) this.fail(`more than ${LEVELS} levels of parentheses and NOTs`, start);
    this.level += 1;
    const parsed = parse();
    this.level -= 1;
    return parsed;
  }

  /** @returns {Condition} */
  condition() {
    const start = this.at;
    // Not an address.
    const name = /^([A-Za-z_]+):(?!\/\/)/.exec(this.rest());
    if (name) {
      this.at += name[0].length;
      return this.field(name[1], start);
    }
    return { kind: "anywhere", pattern: this.pattern(this.value(/[\s()]/), null, start) };
  }

  /** A phrase, a regular expression, or what stands before an end. @param {RegExp} ends */
  value(ends) {
    const start = this.at;
    const rest = this.rest();
    if (rest.startsWith('"')) {
      const phrase = /^"((?:[^"\\]|\\.)*)"/s.exec(rest);
      if (!phrase) return this.fail('" is not closed', start, start + 1);
      this.at += phrase[0].length;
      // A backslash is kept before all but a quote and a backslash.
      return { kind: "phrase", text: phrase[1].replace(/\\(["\\])/g, "$1") };
    }
    // It ends with the first slash that something else follows, so that paths can be written too.
    for (let at = 1, escape = false; rest.startsWith("/") && at < rest.length; at += 1) {
      if (rest[at] === "/" && !escape && at > 1 && (at + 1 === rest.length || ends.test(rest[at + 1]))) {
        this.at += at + 1;
        return { kind: "regex", text: rest.slice(1, at) };
      }
      escape = rest[at] === "\\" && !escape;
    }
    const end = rest.search(ends);
    const text = end < 0 ? rest : rest.slice(0, end);
    this.at += text.length;
    return { kind: "bare", text };
  }

  /** @param {{ kind: string, text: string }} value @param {string | null} field @param {number} start @returns {Pattern} */
  pattern(value, field, start) {
    if (value.kind === "bare" && value.text === "*" && field) return PRESENCE;
    if (value.kind !== "regex") return textPattern(value.text, field);
    try {
      return regexPattern(value.text);
    } catch (error) {
      const fault = String(error).includes("Unterminated group") ? "unclosed group" : String(error).replace(/^.*: /, "");
      return this.fail(`/${value.text}/: not a regular expression: ${fault}`, start);
    }
  }

  /** @param {string} name @param {number} start @returns {Condition} */
  field(name, start) {
    const field = name.toLowerCase();
    if (TEXT_FIELDS.includes(field)) {
      /** @type {Pattern[]} */
      const patterns = [];
      this.values(field, start, (value, at) => {
        if (CLOSED[field] && value.kind === "bare" && value.text !== "*") this.known(field, value.text, CLOSED[field], at);
        patterns.push(this.pattern(value, field, at));
      });
      return { kind: "text", field, patterns };
    }
    if (NUMBER_FIELDS.includes(field)) {
      /** @type {NumberRange[]} */
      const ranges = [];
      this.values(field, start, ({ text }, at) => {
        const range = numberRange(field, text);
        ranges.push(range ?? this.fail(`${field}:${text}: not a number; write 404, 4xx, >=400 or 400..499, of a duration also 2s or 500ms`, at));
      });
      return { kind: "number", field, ranges };
    }
    if (field === "is") {
      /** @type {string[]} */
      const states = [];
      this.values(field, start, ({ text }, at) => {
        states.push(this.known("is", text === "healed" ? "resolved" : text, STATES, at));
      });
      return { kind: "state", states };
    }
    if (field === "since" || field === "until") {
      const at = this.at;
      const { text } = this.oneValue(field, start, /[\s()]/);
      const span = timeSpan(text, this.now);
      if (!span) return this.fail(`${field}:${text}: not a time; write -3h, yesterday, 2026-10-24 or 2026-10-24T02:00, all UTC`, at);
      return { kind: field, at: span[field === "since" ? 0 : 1] };
    }
    const near = meant(field, [...TEXT_FIELDS, ...NUMBER_FIELDS, "since", "until", "is"]);
    return this.fail(`${name}: no such field${near}; quote it to search for the text`, start, start + name.length);
  }

  /** @param {string} field @param {number} start @param {RegExp} ends */
  oneValue(field, start, ends) {
    const value = this.value(ends);
    if (value.kind === "bare" && value.text === "") this.fail(`${field}: a value is missing after the colon`, start);
    return value;
  }

  /** @param {string} field @param {number} start @param {(value: { kind: string, text: string }, at: number) => void} each */
  values(field, start, each) {
    for (;;) {
      const at = this.at;
      each(this.oneValue(field, start, /[\s(),]/), at);
      if (!this.rest().startsWith(",")) return;
      this.at += 1;
    }
  }

  /** A word of a closed set. @param {string} field @param {string} word @param {string[]} words @param {number} at */
  known(field, word, words, at) {
    const lower = word.toLowerCase();
    if (words.includes(lower)) return lower;
    return this.fail(`${field}:${word}: no such value${meant(word, words)}; there are ${words.join(", ")}`, at);
  }
}

/** Reads a query; null for an empty one. @param {string} text @param {number} now microseconds @returns {Expression | null} */
export function parseQuery(text, now) {
  const parser = new QueryParser(text, now);
  if (parser.blankRest()) return null;
  const root = parser.any("the query");
  if (parser.at < text.length) parser.fail(") closes nothing", parser.at, parser.at + 1);
  return root;
}

/** True when one is true, else unknown when one is unknown. @param {Test[]} tests @param {boolean} wanted @returns {Test} */
function some(tests, wanted) {
  return (row) => {
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
  if (root.kind === "all") return some(root.parts.map((part) => compileQuery(part, source)), false);
  if (root.kind === "any") return some(root.parts.map((part) => compileQuery(part, source)), true);
  if (root.kind === "not") {
    const part = compileQuery(root.part, source);
    return (row) => {
      const answer = part(row);
      return answer === null ? null : !answer;
    };
  }
  const { condition } = root;
  switch (condition.kind) {
    case "anywhere": return some(ANYWHERE.map((field) => source.text(field, [condition.pattern])), true);
    case "text": return source.text(condition.field, condition.patterns);
    case "number": return source.number(condition.field, condition.ranges);
    case "state": return some(condition.states.map((word) => source.state(word)), true);
    case "since": return source.time(condition.at, Infinity);
    default: return source.time(-Infinity, condition.at);
  }
}

/** What is looked for in texts, outside of every NOT: these places are marked. @param {Expression | null} root @returns {RegExp[]} */
export function markedPatterns(root) {
  if (!root || root.kind === "not") return [];
  if (root.kind !== "term") return root.parts.flatMap(markedPatterns);
  const { condition } = root;
  const patterns = condition.kind === "anywhere" ? [condition.pattern]
    : condition.kind === "text" && MARKED.includes(condition.field) ? condition.patterns : [];
  return patterns.flatMap((pattern) => pattern.mark ?? []);
}

/** @param {Pattern[]} patterns @param {string | null | undefined} text */
export const matchesText = (patterns, text) => text !== null && text !== undefined && patterns.some(({ regex }) => !regex || regex.test(text));

/** @param {NumberRange[]} ranges @param {number} number */
export const inRanges = (ranges, number) => ranges.some((range) =>
  (range.openFrom ? number > range.from : number >= range.from) && (range.openTo ? number < range.to : number <= range.to));
