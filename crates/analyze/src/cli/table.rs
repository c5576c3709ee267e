//! Aligned columns of text.

use super::terminal::{columns, cut, cut_address, padded, safe};
use super::zone;

/// How the cells of a column are aligned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    /// Words.
    Left,
    /// Numbers.
    Right,
    /// Times, as words; the zone stands beside the name of the column.
    Time,
    /// Endpoints and paths: where they are cut, the end is kept, which tells most.
    Address,
}

/// Names of columns, and how each is aligned.
pub(crate) type ColumnHeads = &'static [(&'static str, Align)];

/// Rows of text under their column heads. Makes the text of cells safe for a terminal.
#[derive(Debug)]
pub(crate) struct TextTable {
    columns: ColumnHeads,
    /// Names of columns that are left out first where there is no room, in this order.
    spare: &'static [&'static str],
    rows: Vec<Vec<String>>,
}

/// Columns of a terminal that the last column of a table gets at least.
const LAST: usize = 20;

/// Columns that the last column should have, if it has so much text, before others are shown beside it.
const WANTED: usize = 26;

impl TextTable {
    /// A table with these columns, named in its first line.
    pub(crate) fn new(columns: ColumnHeads) -> Self {
        Self { columns, spare: &[], rows: Vec::new() }
    }

    /// The same table, without these columns where a terminal has no room for all, the first of them first.
    pub(crate) fn without_room(self, spare: &'static [&'static str]) -> Self {
        Self { spare, ..self }
    }

    /// Adds a row; cells that are missing at its end are empty.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().map(|cell| safe(&cell)).collect());
    }

    /// Whether there is no row.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The name of a column as it is shown, and how its cells are aligned.
    pub(crate) fn head(&self, n: usize) -> (String, Align) {
        let (name, align) = self.columns[n];
        match align {
            Align::Time => (format!("{name} ({})", zone::short_name()), align),
            Align::Left | Align::Right | Align::Address => (name.to_owned(), align),
        }
    }

    /// The rows, safe for a terminal; cells may be missing at their ends.
    pub(crate) fn rows(&self) -> &[Vec<String>] {
        &self.rows
    }

    /// Places of the columns that are not empty.
    pub(crate) fn shown(&self) -> Vec<usize> {
        let filled =
            |n: usize| self.rows.iter().any(|row| row.get(n).is_some_and(|c| !c.is_empty()));
        (0..self.columns.len()).filter(|&n| filled(n)).collect()
    }

    /// The lines, the first with the names of the columns. Empty columns are left out. With `width`, columns that can be
    /// spared are left out until the last one has 26 columns or all its text, and the last one is cut so that no
    /// line is longer; but not below 20 columns.
    pub(crate) fn lines(&self, width: Option<usize>) -> Vec<String> {
        let cell = |row: &'_ Vec<String>, n: usize| row.get(n).cloned().unwrap_or_default();
        let wide = |n: usize| {
            let cells = self.rows.iter().map(|row| row.get(n).map_or(0, |cell| columns(cell)));
            cells.max().unwrap_or(0).max(columns(&self.head(n).0))
        };
        let mut shown = self.shown();
        let mut widths: Vec<usize> = shown.iter().map(|&n| wide(n)).collect();
        for spare in self.spare {
            let needed = widths.iter().rev().enumerate();
            let needed = needed.map(|(n, wide)| if n == 0 { *wide.min(&WANTED) } else { wide + 2 });
            if width.is_none_or(|width| needed.sum::<usize>() <= width) {
                break;
            }
            if let Some(place) = shown.iter().position(|&n| self.columns[n].0 == *spare) {
                shown.remove(place);
                widths.remove(place);
            }
        }
        let line = |cells: &dyn Fn(usize) -> String| {
            let mut line = String::new();
            for (place, (&n, &wide)) in shown.iter().zip(&widths).enumerate() {
                let last = place + 1 == shown.len();
                let mut text = cells(n);
                if place > 0 {
                    line.push_str("  ");
                }
                if let (true, Some(width)) = (last, width) {
                    let room = width.saturating_sub(columns(&line)).max(LAST);
                    text = match self.columns[n].1 {
                        Align::Address => cut_address(&text, room),
                        _ => cut(&text, room),
                    };
                }
                match self.columns[n].1 {
                    Align::Right => {
                        line.push_str(&" ".repeat(wide.saturating_sub(columns(&text))));
                        line.push_str(&text);
                    }
                    Align::Left | Align::Time | Align::Address if last => line.push_str(&text),
                    Align::Left | Align::Time | Align::Address => {
                        line.push_str(&padded(&text, wide));
                    }
                }
            }
            line.trim_end().to_owned()
        };
        let mut lines = vec![line(&|n| self.head(n).0)];
        lines.extend(self.rows.iter().map(|row| line(&|n| cell(row, n))));
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: ColumnHeads = &[
        ("COUNT", Align::Right),
        ("NOTHING", Align::Left),
        ("KIND", Align::Left),
        ("TEXT", Align::Left),
    ];

    fn table() -> TextTable {
        let mut table = TextTable::new(COLUMNS);
        table.row(["1".into(), String::new(), "ış".into(), "a\x1b long text that goes on".into()]);
        table.row(["1 234 567".into(), String::new(), "other".into()]);
        table
    }

    #[test]
    fn columns_are_aligned_and_empty_ones_left_out() {
        let expected = [
            "    COUNT  KIND   TEXT",
            r"        1  ış     a\u001b long text that goes on",
            "1 234 567  other",
        ];
        assert_eq!(table().lines(None), expected);
    }

    #[test]
    fn the_last_column_is_cut_to_the_width() {
        assert_eq!(table().lines(Some(40))[1], r"        1  ış     a\u001b long text tha…");
        assert_eq!(table().lines(Some(1))[1], r"        1  ış     a\u001b long text t…");
    }

    #[test]
    fn columns_that_can_be_spared_are_left_out_where_there_is_no_room() {
        let lines = |width| table().without_room(&["NOTHING", "KIND", "COUNT"]).lines(Some(width));
        assert_eq!(lines(44)[1], r"        1  ış     a\u001b long text that go…");
        assert_eq!(lines(43)[1], r"        1  a\u001b long text that goes on");
        assert_eq!(lines(36), ["TEXT", r"a\u001b long text that goes on", ""]);
        assert_eq!(lines(20), ["TEXT", r"a\u001b long text t…", ""]);
    }
}
