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
		const spacer = element("tr.spacer", { "aria-hidden": "true" });
		spacer.style.height = `${rows * ROW}px`;
		return spacer;
	}

	/** Moves the focus by so many rows; from nowhere to the first row in sight. @param {number} by */
	move(by) {
		const row = document.activeElement?.closest("tr");
		const at =
			row && this.body.contains(row)
				? Number(row.getAttribute("aria-rowindex")) - 2 + by
				: Math.ceil(this.place.scrollTop / ROW);
		const wanted = Math.max(0, Math.min(this.size - 1, at));
		const top = wanted * ROW;
		if (top < this.place.scrollTop) this.place.scrollTop = top;
		// The head covers the first row and a part of the next.
		if (top + 3 * ROW > this.place.scrollTop + this.place.clientHeight)
			this.place.scrollTop = top + 3 * ROW - this.place.clientHeight;
		this.draw();
		/** @type {HTMLElement | null} */ (this.body.querySelector(`[aria-rowindex="${wanted + 2}"] a`))?.focus();
	}
}
