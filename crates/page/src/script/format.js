// Numbers, times and elements for people. The static part of the page writes numbers and times in the same way.

/** `1234567` as `1 234 567`, with blanks at which no line ends. @param {number} number */
export const counted = number => String(number).replace(/\B(?=(\d{3})+$)/g, "\u00a0");

/** @param {number} number @param {string} one @param {string} many */
export const plural = (number, one, many) => `${counted(number)} ${number === 1 ? one : many}`;

/** `5 of 12 requests`. @param {number} part @param {number} all */
export const ofRequests = (part, all) => `${counted(part)} of ${plural(all, "request", "requests")}`;

/** A share in per cent; `0 %` and `100 %` only when it is exactly that. @param {number} part @param {number} whole */
export function percent(part, whole) {
	const share = (part * 100) / Math.max(whole, 1);
	const isPart = share > 0 && share < 100;
	const text = share.toFixed(isPart && (share < 9.95 || share >= 99.5) ? 1 : 0);
	return `${isPart && share < 0.1 ? "<0.1" : isPart && share >= 99.95 ? ">99.9" : text}\u00a0%`;
}

/** `24 Oct 02:15`, from microseconds since 1970. @param {number | null} micros @param {boolean} [seconds] */
export function moment(micros, seconds = false) {
	if (micros === null) return "";
	const text = new Date(micros / 1000).toUTCString();
	return `${Number(text.slice(5, 7))} ${text.slice(8, 11)} ${text.slice(17, seconds ? 25 : 22)}`;
}

/** `2026-10-24T02:15:00Z` without what is zero at its end, as a query takes it. @param {number} micros */
export const queryTime = micros => new Date(micros / 1000).toISOString().replace(/(:00)?\.000Z$/, "");

/** Up to how many milliseconds which unit is used, and how long that is. @type {[number, number, string][]} */
const UNITS = [
	[999.5, 1, "ms"],
	[99_500, 1e3, "s"],
	[5_970_000, 6e4, "min"],
	[172_800_000, 3.6e6, "h"],
	[Infinity, 8.64e7, "d"],
];

/** `120 ms`, `2.5 s`, `3 min`. @param {number | null} ms */
export function duration(ms) {
	if (ms === null) return "";
	const [, unit, name] = UNITS.find(([below]) => ms < below) ?? UNITS[0];
	return `${(ms / unit).toFixed(unit > 1 && ms / unit < 9.95 ? 1 : 0)}\u00a0${name}`;
}

/** `512 B`, `1.5 KiB`. @param {number} number */
export function byteSize(number) {
	const unit = Math.min(3, Math.floor(Math.log2(Math.max(number, 1) * 1.0001) / 10));
	return unit ? `${(number / 1024 ** unit).toFixed(1)} ${["KiB", "MiB", "GiB"][unit - 1]}` : `${number} B`;
}

/** Keys of a kind: `order`, `products`. @param {string} kind @param {number} number */
export function keyWords(kind, number) {
	const one = { order: "order", sku: "product" }[kind] ?? `${kind.replaceAll("_", " ")} key`;
	return number === 1 ? one : `${one}s`;
}

// Control characters, marks of direction, and what is not seen at all.
// eslint-disable-next-line no-control-regex
export const ACTS = /[\0-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** A text in which no character changes how its neighbours look. @param {string} text */
export const visible = text => text.replace(ACTS, c => `\\u{${c.charCodeAt(0).toString(16)}}`);

/** An element: `tag.class`, attributes where there are some, and what is in it. Texts become text, never markup. @param {string} name @param {...any} content @returns {HTMLElement} */
export function element(name, ...content) {
	const [tag, ...classes] = name.split(".");
	const made = document.createElement(tag);
	if (classes.length) made.className = classes.join(" ");
	for (const part of content.flat(Infinity)) {
		if (part instanceof Node) made.append(part);
		else if (typeof part === "object" && part)
			for (const [attribute, value] of Object.entries(part)) made.setAttribute(attribute, value);
		else if (part !== undefined && part !== false && part !== null) made.append(visible(String(part)));
	}
	return made;
}

/** A row of a table, from the classes and content of each cell; one of the class `text` names the row. @param {...any[]} cells */
export const tableRow = (...cells) =>
	element(
		"tr",
		cells.map(([kind, ...content]) =>
			kind.startsWith("text")
				? element(`th.${kind}`, { scope: "row" }, content)
				: element(kind ? `td.${kind}` : "td", content),
		),
	);

/** @param {string} href @param {...any} content */
export const anchor = (href, ...content) => element("a", { href }, content);

/** @param {string} name @param {(button: HTMLElement) => void} action */
export function pushButton(name, action) {
	const button = element("button", { type: "button" }, name);
	button.addEventListener("click", () => action(button));
	return button;
}

/** The element with this id, which the static part has. @param {string} id */
export const byId = id => /** @type {HTMLElement} */ (document.getElementById(id));

/** A word in single quotes, in which a shell changes nothing. @param {string} word */
export const quoted = word => `'${word.replaceAll("'", "'\\''")}'`;

/** A word of a shell that it does not change. @param {string} word */
export const shellWord = word => (/^[\w./:@%+=,-]+$/.test(word) ? word : quoted(word));
