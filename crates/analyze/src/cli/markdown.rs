//! Markdown in which text from logs is shown as it is: it cannot format anything or break a table.

use super::table::{Align, TextTable};
use super::terminal::safe;

/// A text on one line, with a backslash before every character that has a meaning in Markdown (`CommonMark`, section
/// 2.4: any ASCII punctuation may have one).
pub(crate) fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in safe(text).chars() {
        match c {
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '<' | '>' | '#' | '!' | '|' | '~'
            | '&' => {
                out.push('\\');
                out.push(c);
            }
            // An entity, because after a backslash GitHub would still notify the person.
            '@' => out.push_str("&#64;"),
            _ => out.push(c),
        }
    }
    out
}

/// A table in the form of GitHub, which most others read too; empty columns are left out.
pub(crate) fn table(table: &TextTable) -> String {
    let shown = table.shown();
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let columns = shown.iter().map(|&n| table.head(n));
    let mut out = line(columns.clone().map(|(name, _)| text(&name)).collect());
    out += &line(
        columns
            .map(|(_, align)| if align == Align::Right { "---:" } else { "---" }.to_owned())
            .collect(),
    );
    for row in table.rows() {
        out += &line(
            shown.iter().map(|&n| row.get(n).map_or(String::new(), |cell| text(cell))).collect(),
        );
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_a_log_stays_text() {
        assert_eq!(text("a|b <*> `c` [x](y)"), r"a\|b \<\*\> \`c\` \[x\](y)");
        assert_eq!(text("two\nlines @team &amp; C:\\"), r"two\\nlines &#64;team \&amp; C:\\");
        assert_eq!(text("SKU-1, 0.5: ürün"), "SKU-1, 0.5: ürün");
    }

    #[test]
    fn a_table_has_a_line_a_row() {
        let mut rows =
            TextTable::new(&[("N", Align::Right), ("EMPTY", Align::Left), ("TEXT", Align::Left)]);
        rows.row(["1".to_owned(), String::new(), "a|b\nc".to_owned()]);
        assert_eq!(table(&rows), "| N | TEXT |\n| ---: | --- |\n| 1 | a\\|b\\\\nc |\n");
    }
}
