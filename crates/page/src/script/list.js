// Tables of any length, of which only the rows in sight are elements.
import { element } from "./format.js";

/** Height of a row, as in the style. */
const ROW = 44;

/** A table in a place that scrolls. */
export class LongTable {
	/** @param {HTMLElement} place @param {Element} head which may be in it @param {(row: number) => HTMLElement} rowOf */
	constructor(place, head, rowOf) {
		this.place = place;
		this.rowOf = rowOf;
		this.size = 0;
		this.first = this.last = -1;
		this.body = element("tbody");
		this.table = element("table", head, this.body);
		place.replaceChildren(this.table);
		place.addEventListener("scroll", () => requestAnimationFrame(() => this.draw()));
	}

	/** Shows so many rows, from the first on. @param {number} size */
	show(size) {
		this.size = size;
		this.place.scrollTop = 0;
		this.table.setAttribute("aria-rowcount", String(size + 1));
		this.draw(true);
	}

	/** @param {boolean} [anew] */
	draw(anew = false) {
		const first = Math.max(0, Math.floor(this.place.scrollTop / ROW) - 8);
		const last = Math.min(this.size, first + Math.ceil(this.place.clientHeight / ROW) + 24);
		if (!anew && first === this.first && last === this.last) return;
		const focused = this.body.contains(document.activeElement) && document.activeElement?.getAttribute("href");
		[this.first, this.last] = [first, last];
		const rows = [this.spacer(first)];
		for (let row = first; row < last; row += 1) {
			const made = this.rowOf(row);
			made.setAttribute("aria-rowindex", String(row + 2));
			rows.push(made);
		}
		this.body.replaceChildren(...rows, this.spacer(this.size - last));
		for (const link of this.body.querySelectorAll("a"))
			if (link.getAttribute("href") === focused) link.focus({ preventScroll: true });
	}

	/** Room for rows that are not elements. @param {number} rows */
	spacer(rows) {
		const cell = element("td");
		cell.style.height = `${rows * ROW}px`;
		return element("tr.spacer", { "aria-hidden": "true" }, cell);
	}

	/** Moves the focus by so many rows; from nowhere to the first. @param {number} by */
	move(by) {
		const links = [...this.body.querySelectorAll("a")];
		links[Math.max(0, links.findIndex(link => link === document.activeElement) + by)]?.focus();
	}
}
