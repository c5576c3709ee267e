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
  const rest = source.slice(leading?.[0].length ?? 0);
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
  const keyword = (word) => {
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
    if (blankRest() || text[at] === ")") fail(`${operator}: a condition is missing`, Math.max(0, before - operator.length), before);
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

  function oneValue(field, start, ends) {
    const written = value(ends);
    if (written.kind === "bare" && written.text === "") fail(`${field}: a value is missing after the colon`, start);
    return written;
  }

  /** All values between commas. */
  function values(field, start, read) {
    const found = [];
    do {
      if (found.length) at += 1;
      const before = at;
      found.push(read(oneValue(field, start, /[\s(),]/), before));
    } while (text[at] === ",");
    return found;
  }

  /** A word of a closed set. */
  function known(field, word, words, start) {
    const lower = word.toLowerCase();
    if (!words.includes(lower)) fail(`${field}:${word}: no such value${meant(word, words)}; there are ${words.join(", ")}`, start);
    return lower;
  }

  /** @returns {Condition} */
  function condition(name, start) {
    const field = name.toLowerCase();
    if (TEXT_FIELDS.includes(field)) {
      const patterns = values(field, start, (written, from) => {
        if (CLOSED[field] && written.kind === "bare" && written.text !== "*") known(field, written.text, CLOSED[field], from);
        return pattern(written, field, from);
      });
      return { kind: "text", field, patterns };
    }
    if (NUMBER_FIELDS.includes(field)) {
      const wanted = "write 404, 4xx, >=400 or 400..499, of a duration also 2s or 500ms";
      return { kind: "number", field, ranges: values(field, start, (written, from) =>
        numberRange(field, written.text) ?? fail(`${field}:${written.text}: not a number; ${wanted}`, from)) };
    }
    if (field === "is") {
      return { kind: "state", states: values(field, start, (written, from) => known("is", written.text === "healed" ? "resolved" : written.text, STATES, from)) };
    }
    if (field === "since" || field === "until") {
      const before = at;
      const written = oneValue(field, start, /[\s()]/).text;
      const span = timeSpan(written, now) ?? fail(`${field}:${written}: not a time; write -3h, yesterday, 2026-10-24 or 2026-10-24T02:00, all UTC`, before);
      return { kind: field, at: span[field === "since" ? 0 : 1] };
    }
    const near = meant(field, [...TEXT_FIELDS, ...NUMBER_FIELDS, "since", "until", "is"]);
    return fail(`${name}: no such field${near}; quote it to search for the text`, start, start + name.length);
  }

  if (blankRest()) return null;
  const root = any("the query");
  if (at < text.length) fail(") closes nothing", at, at + 1);
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
  if (root.kind === "not") {
    const part = compileQuery(root.part, source);
    return (row) => {
      const answer = part(row);
      return answer === null ? null : !answer;
    };
  }
  if (root.kind !== "term") return some(root.parts.map((part) => compileQuery(part, source)), root.kind === "any");
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
