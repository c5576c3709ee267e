// Bodies for people: indented, long parts folded, what was looked for marked.
import { byteSize, element, plural, pushButton, visible } from "./format.js";

/** Lines and characters of a line that are shown at first. */
const LINES = 40;
const LINE = 600;
/** Most marks in a body. */
const MARKS = 300;

/** JSON with a member on each line. Numbers and texts stay as they are written. @param {string} text */
function prettyJson(text) {
	const tokens = text.match(/"(?:[^"\\]|\\.)*"?|[{}[\],:]|[^\s{}[\],:"]+/gs) ?? [];
	let out = "";
	let depth = 0;
	const line = () => `\n${"  ".repeat(Math.min(depth, 60))}`;
	tokens.forEach((token, n) => {
		if (token === "{" || token === "[") {
			depth += 1;
			out += token + (/^[}\]]/.test(tokens[n + 1] ?? "") ? "" : line());
		} else if (token === "}" || token === "]") {
			depth = Math.max(0, depth - 1);
			out += (/^[{[]/.test(tokens[n - 1] ?? "") ? "" : line()) + token;
		} else if (token === ",") out += token + line();
		else out += token === ":" ? ": " : token;
	});
	return out;
}

/** XML with an element on each line, where it has no lines. @param {string} text */
function prettyXml(text) {
	let depth = 0;
	return text
		.replace(/>\s*</g, ">\n<")
		.split("\n")
		.map(line => {
			if (/^<\//.test(line)) depth = Math.max(0, depth - 1);
			const shown = "  ".repeat(Math.min(depth, 60)) + line.trim();
			if (/^<[^!?/][^>]*[^/]>$|^<[^!?/]>$/.test(line)) depth += 1;
			return shown;
		})
		.join("\n");
}

/** A body with lines, by what it begins with. @param {string} text @param {boolean} whole whether nothing of it is cut */
export function prettyBody(text, whole) {
	if (/^\s*[{[]/.test(text)) {
		try {
			if (whole) JSON.parse(text);
			return prettyJson(text);
		} catch {
			return text;
		}
	}
	return /^\s*</.test(text) ? prettyXml(text) : text;
}

/** Texts and marks. @param {string} text @param {RegExp[]} patterns @returns {(string | Node)[]} */
export function marked(text, patterns) {
	const found = patterns
		.flatMap(pattern => [...text.matchAll(pattern)])
		.filter(match => match[0] !== "")
		.sort((a, b) => a.index - b.index);
	const parts = [];
	let at = 0;
	for (const match of found.slice(0, MARKS)) {
		if (match.index < at) continue;
		parts.push(visible(text.slice(at, match.index)), element("mark", match[0]));
		at = match.index + match[0].length;
	}
	return [...parts, visible(text.slice(at))];
}

/** A body, folded until it is wanted whole; unfolded at once when a hit would be folded away. @param {string} text @param {RegExp[]} patterns @param {boolean} whole whether nothing of it is cut */
export function bodyElement(text, patterns, whole) {
	const lines = prettyBody(text, whole).split("\n");
	const all = lines.join("\n");
	const folded = lines
		.slice(0, LINES)
		.map(line => (line.length > LINE ? `${line.slice(0, LINE)} … +${byteSize(line.length - LINE)}` : line))
		.join("\n");
	const hits = part => marked(part, patterns).length;
	const shown = element("pre", { tabindex: 0 });
	if (folded === all || hits(all) !== hits(folded)) shown.append(...marked(all, patterns));
	else {
		shown.append(...marked(folded, patterns));
		return element(
			"div",
			shown,
			pushButton(`All ${plural(lines.length, "line", "lines")}`, button => {
				shown.replaceChildren(...marked(all, patterns));
				button.remove();
				shown.focus();
			}),
		);
	}
	return shown;
}
