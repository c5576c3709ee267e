//! The texts of a log on their way into the page.

use std::borrow::Cow;
use std::fmt::Write as _;

use maud::Render;
use serde::Serialize;

/// A text of a log as the page may show it. [`shown`] alone makes them, and only they get into the page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct ShownText<'t>(Cow<'t, str>);

/// Every text of a log passes here before it gets into the page.
pub(crate) fn shown(text: &str) -> ShownText<'_> {
    ShownText(Cow::Borrowed(text))
}

impl ShownText<'_> {
    /// The text.
    pub(crate) fn text(&self) -> &str {
        &self.0
    }

    /// The same, on its own.
    pub(crate) fn into_owned(self) -> ShownText<'static> {
        ShownText(Cow::Owned(self.0.into_owned()))
    }

    /// Its beginning, at most so many bytes.
    pub(crate) fn cut(&self, most: usize) -> ShownText<'static> {
        let mut end = most.min(self.0.len());
        while !self.0.is_char_boundary(end) {
            end -= 1;
        }
        ShownText(Cow::Owned(self.0[..end].to_owned()))
    }
}

/// Whether a character changes how its neighbours look, or is not seen at all.
pub(crate) fn acts(c: char) -> bool {
    (c.is_control() && !matches!(c, '\n' | '\t'))
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

impl Render for ShownText<'_> {
    /// As text of HTML. Characters that act on their neighbours are written out: `\u{202e}`.
    fn render_to(&self, out: &mut String) {
        for c in self.0.chars() {
            match c {
                '&' => out.push_str("&amp;"),
                '<' => out.push_str("&lt;"),
                '>' => out.push_str("&gt;"),
                '"' => out.push_str("&quot;"),
                c if acts(c) => {
                    // Writing to a String does not fail.
                    let _never = write!(out, "\\u{{{:x}}}", u32::from(c));
                }
                c => out.push(c),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_a_log_is_text_of_html_and_acts_on_nothing() {
        let text = shown("<b>\"&\u{202e}\u{1b}[31m\u{2028}ş\n").render().into_string();
        assert_eq!(text, "&lt;b&gt;&quot;&amp;\\u{202e}\\u{1b}[31m\\u{2028}ş\n");
    }

    #[test]
    fn a_cut_is_between_characters() {
        assert_eq!(shown("aş").cut(2).text(), "a");
        assert_eq!(shown("aş").cut(9).text(), "aş");
    }
}
