// Charts as paths of SVG, in the units of the static part: ten for a step of time, a hundred for the height.
import { element } from "./format.js";

/** @param {number} bin @param {number} top @param {number} height */
const bar = (bin, top, height) =>
	height > 0 ? `M${bin * 10} ${Math.round(top * 100) / 100}h9v${Math.round(height * 100) / 100}h-9z` : "";

/** Bars on top of each other: a path for each series, and the highest stack. @param {ArrayLike<number>[]} series */
export function stackedPaths(series) {
	const below = new Float64Array(series[0]?.length ?? 0);
	for (const numbers of series) below.forEach((_, bin) => (below[bin] += numbers[bin]));
	const most = below.reduce((a, b) => Math.max(a, b), 0);
	const scale = 100 / Math.max(most, 1);
	below.fill(0);
	const paths = series.map(numbers =>
		Array.from(numbers, (number, bin) => {
			below[bin] += number;
			return bar(bin, 100 - below[bin] * scale, number * scale);
		}).join(""),
	);
	return { paths, most };
}

/** Cells of a row of a heat map: a path for each of five levels. @param {ArrayLike<number>} numbers @param {number} most */
export function heatPaths(numbers, most) {
	const paths = ["", "", "", "", ""];
	Array.from(numbers).forEach((number, bin) => {
		if (number > 0) paths[Math.min(4, Math.ceil(Math.sqrt(number / Math.max(most, 1)) * 5) - 1)] += bar(bin, 0, 100);
	});
	return paths;
}

/** @param {Element} chart @param {string[]} paths */
export const setPaths = (chart, paths) =>
	chart.replaceChildren(...paths.map((d, n) => svg("path", { class: `s${n}`, d })));

/** @param {string} tag @param {Record<string, string>} attributes */
export function svg(tag, attributes) {
	const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
	for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
	return made;
}

/** A drawing that is stretched to its place. @param {string} kind @param {string} size @param {Record<string, string>} more */
const stretched = (kind, size, more) =>
	svg("svg", { class: kind, viewBox: `0 0 ${size}`, preserveAspectRatio: "none", ...more });

/** A chart of so many steps of time; without a label its numbers stand beside it. @param {string} kind @param {number} bins @param {string[]} paths @param {string} [label] */
export function chart(kind, bins, paths, label) {
	const made = stretched(kind, `${Math.max(bins, 1) * 10} 100`, {
		"aria-hidden": `${!label}`,
		role: "img",
		"aria-label": label ?? "",
	});
	setPaths(made, paths);
	return made;
}

/** A span on a line of `whole`. @param {string} kind @param {number} from @param {number} length @param {number} whole */
export function spanOf(kind, from, length, whole) {
	const unit = 1000 / Math.max(whole, 1);
	const start = Math.min(997, Math.max(0, from * unit));
	const width = Math.min(1000 - start, Math.max(3, length * unit));
	const made = stretched("span", "1000 10", { "aria-hidden": "true" });
	made.append(svg("path", { class: kind, d: `M${start} 0h${width}v10h-${width}z` }));
	return made;
}

/**
 * Lets a part of the time be chosen with the pointer.
 * @param {Element} plot @param {number} count @param {(from: number, to: number) => void} chosen
 */
export function makeBrushable(plot, count, chosen) {
	const drawing = /** @type {SVGElement} */ (plot.firstElementChild);
	const binAt = event => {
		const box = drawing.getBoundingClientRect();
		return Math.min(count - 1, Math.max(0, Math.floor(((event.clientX - box.left) / box.width) * count)));
	};
	let start = -1;
	plot.classList.add("brushable");
	plot.addEventListener("pointerdown", event => {
		start = binAt(event);
		plot.setPointerCapture(/** @type {PointerEvent} */ (event).pointerId);
	});
	for (const kind of ["pointermove", "pointerup"]) {
		plot.addEventListener(kind, event => {
			if (start < 0) return;
			const bins = [start, binAt(event)].sort((a, b) => a - b);
			showBrush(drawing, [bins[0], bins[1] + 1]);
			if (kind === "pointermove") return;
			start = -1;
			chosen(bins[0], bins[1] + 1);
		});
	}
}

/** @param {Element} drawing @param {[number, number] | null} brush */
export function showBrush(drawing, brush) {
	drawing.querySelector(".brush")?.remove();
	if (brush)
		drawing.append(
			svg("rect", {
				class: "brush",
				x: String(brush[0] * 10),
				width: String((brush[1] - brush[0]) * 10),
				height: "100",
			}),
		);
}

/** An entry of a legend. @param {number} n @param {Node | string} name */
export const legendEntry = (n, name) => element("li", element(`span.swatch.s${n}`), name);
