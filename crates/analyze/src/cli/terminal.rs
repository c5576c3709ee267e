//! What may be written to a terminal: text from logs made harmless, widths, colours.
//!
//! A log can hold anything, also escape sequences that change the title of the window. Every text that the
//! program did not write itself goes through [`safe`] on its way to stderr and to tables on stdout.

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write as _};

use clap::ValueEnum;
use query::acts;
use unicode_width::UnicodeWidthChar as _;

/// Columns when the width of the terminal is not known.
const USUAL_WIDTH: usize = 100;

/// When output is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless `NO_COLOR` is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// Colours, or none.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Style {
    on: bool,
}

impl Style {
    /// For text on stderr.
    pub(crate) fn stderr(color: Color) -> Self {
        Self::of(color, io::stderr().is_terminal())
    }

    /// For text on stdout.
    pub(crate) fn stdout(color: Color) -> Self {
        Self::of(color, io::stdout().is_terminal())
    }

    fn of(color: Color, terminal: bool) -> Self {
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let on = match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => {
                let dumb = set("TERM").is_some_and(|term| term == "dumb");
                terminal && !dumb && set("NO_COLOR").is_none()
            }
        };
        Self { on }
    }

    /// No colours.
    #[cfg(test)]
    pub(crate) fn plain() -> Self {
        Self { on: false }
    }

    fn paint(self, code: &str, text: &str) -> String {
        if self.on && !text.is_empty() {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }

    /// Headings.
    pub(crate) fn bold(self, text: &str) -> String {
        self.paint("1", text)
    }

    /// Explanations.
    pub(crate) fn dim(self, text: &str) -> String {
        self.paint("2", text)
    }

    /// Failures.
    pub(crate) fn red(self, text: &str) -> String {
        self.paint("31", text)
    }

    /// What was searched for.
    pub(crate) fn hit(self, text: &str) -> String {
        self.paint("1;33", text)
    }

    /// Commands and paths.
    pub(crate) fn cyan(self, text: &str) -> String {
        self.paint("36", text)
    }
}

/// Columns of the terminal behind stderr; when it is no terminal, those of `COLUMNS`, or 100.
pub(crate) fn width() -> usize {
    let wanted = || std::env::var("COLUMNS").ok()?.parse().ok();
    let real = terminal_size::terminal_size_of(io::stderr()).map(|(width, _)| usize::from(width.0));
    real.or_else(wanted).unwrap_or(USUAL_WIDTH).max(40)
}

/// Writes a message of one or more lines to stderr, each made [`safe`]. A closed stderr is ignored.
pub(crate) fn say(message: &str) {
    let lines: Vec<String> = message.split('\n').map(safe).collect();
    let _ = writeln!(io::stderr().lock(), "{}", lines.join("\n"));
}

/// Writes text to stderr as it is, with its colours.
pub(crate) fn say_raw(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// `text` on one line, with every character that would act on the terminal as JSON would escape it.
pub(crate) fn safe(text: &str) -> String {
    escaped(text, &|c| !acts(c))
}

/// Like [`safe`] for JSON text, which keeps its line ends and tabs. An escape inside a string means the same to a
/// JSON reader.
pub(crate) fn safe_json(text: &str) -> String {
    escaped(text, &|c| matches!(c, '\n' | '\r' | '\t') || !acts(c))
}

/// Writes JSON made by this program and a line end to `out`, made [`safe_json`]: `out` may be a terminal.
pub(crate) fn write_json(
    out: &mut impl io::Write,
    value: &impl serde::Serialize,
) -> io::Result<()> {
    writeln!(out, "{}", safe_json(&serde_json::to_string(value)?))
}

/// As [`write_json`], indented.
pub(crate) fn write_json_pretty(
    out: &mut impl io::Write,
    value: &impl serde::Serialize,
) -> io::Result<()> {
    writeln!(out, "{}", safe_json(&serde_json::to_string_pretty(value)?))
}

fn escaped(text: &str, harmless: &dyn Fn(char) -> bool) -> String {
    if text.chars().all(harmless) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            _ if harmless(c) => out.push(c),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            _ => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    // Writing to a String does not fail.
                    let _never = write!(out, "\\u{unit:04x}");
                }
            }
        }
    }
    out
}

/// How many columns a safe text takes.
pub(crate) fn columns(text: &str) -> usize {
    text.chars().map(|c| c.width().unwrap_or(0)).sum()
}

/// `text` without the blanks around it, made [`safe`] and cut to `most` columns, of which the last is
/// `…` when something is missing.
pub(crate) fn cut(text: &str, most: usize) -> String {
    cut_end(text.trim(), most)
}

/// Like [`cut`], but the beginning is left out, behind the method of an address such as `POST host/path`.
pub(crate) fn cut_address(text: &str, most: usize) -> String {
    let text = safe(text.trim());
    let method = text.find(' ').filter(|at| at + 4 < most).map_or(0, |at| at + 1);
    let (method, address) = text.split_at(method);
    format!("{method}{}", cut_start(address, most.saturating_sub(method.len())))
}

/// A safe text cut to `most` columns at its beginning.
pub(crate) fn cut_start(text: &str, most: usize) -> String {
    if columns(text) <= most {
        return text.to_owned();
    }
    let mut taken = 1;
    let kept = text.char_indices().rev().find(|(_, c)| {
        taken += columns(c.encode_utf8(&mut [0; 4]));
        taken > most
    });
    let from = kept.map_or(0, |(at, c)| at + c.len_utf8());
    format!("…{}", &text[from..])
}

/// Like [`cut`], with the blanks kept.
pub(crate) fn cut_end(text: &str, most: usize) -> String {
    // Reads no more than it needs: an error text can be megabytes long.
    let enough = text
        .char_indices()
        .nth(most.saturating_mul(2).saturating_add(8))
        .map_or(text.len(), |(at, _)| at);
    let shown = safe(&text[..enough]);
    if enough == text.len() && columns(&shown) <= most {
        return shown;
    }
    let mut out = String::new();
    let mut taken = 0;
    for c in shown.chars() {
        taken += c.width().unwrap_or(0);
        if taken >= most {
            break;
        }
        out.push(c);
    }
    out.push('…');
    out
}

/// `text`, blanks added on the right up to `columns` columns.
pub(crate) fn padded(text: &str, columns_wanted: usize) -> String {
    format!("{text}{}", " ".repeat(columns_wanted.saturating_sub(columns(text))))
}

/// A path or word as a POSIX shell takes it back.
pub(crate) fn shell(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./,:@%+=~".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    if !word.chars().any(acts) {
        return format!("'{}'", word.replace('\'', r"'\''"));
    }
    let mut out = String::from("$'");
    for c in word.chars() {
        if matches!(c, '\'' | '\\') {
            out.push('\\');
            out.push(c);
        } else if acts(c) {
            for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                // Three octal digits end by themselves, whatever follows.
                let _never = write!(out, "\\{byte:03o}");
            }
        } else {
            out.push(c);
        }
    }
    out.push('\'');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_on_a_terminal_is_escaped() {
        let check = |text: &str, expected: &str| assert_eq!(safe(text), expected);
        check("ürün yok: 100 % ✓", "ürün yok: 100 % ✓");
        check("a\nb\tc\r", r"a\nb\tc\r");
        check("\x1b]0;owned\x07", r"\u001b]0;owned\u0007");
        check("\u{9b}31m\u{7f}", r"\u009b31m\u007f");
        check("\u{202e}txt.exe\u{2066}", r"\u202etxt.exe\u2066");
        check("\u{e0041}", r"\udb40\udc41");
    }

    #[test]
    fn json_keeps_its_line_ends() {
        assert_eq!(safe_json("{\n\t\"a\":\"\u{9b}\"}"), "{\n\t\"a\":\"\\u009b\"}");
    }

    #[test]
    fn a_text_is_cut_to_columns_not_bytes() {
        assert_eq!(cut("ışık", 4), "ışık");
        assert_eq!(cut("ışıklar", 4), "ışı…");
        assert_eq!(cut("日本語", 4), "日…");
        assert_eq!(cut(&"x".repeat(1_000_000), 3), "xx…");
        assert_eq!(cut("\x1b\x1b", 40), r"\u001b\u001b");
    }

    #[test]
    fn a_name_can_be_pasted_into_a_shell() {
        assert_eq!(shell("dump/901.zip"), "dump/901.zip");
        assert_eq!(shell("my logs/it's"), r"'my logs/it'\''s'");
        assert_eq!(shell("a\x1b1"), r"$'a\0331'");
        assert_eq!(shell(""), "''");
    }

    #[test]
    fn of_an_address_the_end_is_kept() {
        let address = "PATCH shop.example.com/api/i1/prices/{id}/";
        assert_eq!(cut_address(address, 60), address);
        assert_eq!(cut_address(address, 21), "PATCH …1/prices/{id}/");
        assert_eq!(cut_address("a/very/long/ürün", 8), "…ng/ürün");
        assert_eq!(cut_address("ürün", 0), "…");
    }

    #[test]
    fn a_path_loses_its_beginning() {
        assert_eq!(cut_start("downloads/90123.txt", 10), "…90123.txt");
        assert_eq!(cut_start("a/b", 3), "a/b");
        assert_eq!(cut_start("日本語", 4), "…語");
    }

    #[test]
    fn colours_only_when_asked() {
        assert_eq!(Style { on: true }.red("x"), "\x1b[31mx\x1b[0m");
        assert_eq!(Style::plain().red("x"), "x");
    }
}
