//! The first lines of a summary: totals and their parts.

use super::figures::count;
use super::terminal::{Style, cut_end, padded};

/// Numbers in one column, with names before them and notes after them.
#[derive(Debug, Default)]
pub(crate) struct Totals {
    rows: Vec<(bool, &'static str, u64, String)>,
}

impl Totals {
    /// Adds a total.
    pub(crate) fn total(&mut self, name: &'static str, number: u64, note: String) {
        self.rows.push((true, name, number, note));
    }

    /// Adds a part of the total above, unless it is 0.
    pub(crate) fn part(&mut self, name: &'static str, number: u64, note: String) {
        if number > 0 {
            self.rows.push((false, name, number, note));
        }
    }

    /// Columns of the names.
    pub(crate) fn named(&self) -> usize {
        let indent = |total: bool| if total { 0 } else { 2 };
        self.rows.iter().map(|(total, name, ..)| name.len() + indent(*total)).max().unwrap_or(0)
    }

    /// The lines, one for each number; notes are cut so that none is longer than `width`.
    pub(crate) fn lines(&self, style: Style, width: usize) -> Vec<String> {
        let named = self.named();
        let wide =
            self.rows.iter().map(|(_, _, number, _)| count(*number).len()).max().unwrap_or(0);
        let line = |(total, name, number, note): &(bool, &'static str, u64, String)| {
            let number = format!("{:>wide$}", count(*number));
            let name = if *total {
                style.bold(&padded(name, named))
            } else {
                padded(&format!("  {name}"), named)
            };
            let number = if name.trim() == "failed" { style.red(&number) } else { number };
            let note = cut_end(note, width.saturating_sub(named + wide + 4));
            format!("{name}  {number}  {}", style.dim(&note)).trim_end().to_owned()
        };
        self.rows.iter().map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_counts_are_left_out_and_numbers_aligned() {
        let mut totals = Totals::default();
        totals.total("Files", 1_204, "note".to_owned());
        totals.part("decoded", 1_204, String::new());
        totals.part("empty", 0, "not shown".to_owned());
        totals.part("partial", 3, "some of them".to_owned());
        assert_eq!(
            totals.lines(Style::plain(), 26),
            ["Files      1 204  note", "  decoded  1 204", "  partial      3  some of…"]
        );
    }
}
