//! The texts of a log on their way into the page, masked.

use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt::Write as _;
use std::rc::Rc;

use maud::Render;
use query::{LoggedRequests, acts};
use redact::{MaskedValues, Redactor, Scope};
use serde::Serialize;

/// A text as the page may show it; only these get into it. A [`Masker`] makes them of texts of logs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct ShownText<'t>(Cow<'t, str>);

/// A text in which nothing is ever masked: an id, a business key, the name of a flow, a word of the program or of who
/// makes the page.
pub(crate) fn plain(text: &str) -> ShownText<'_> {
    ShownText(Cow::Borrowed(text))
}

/// Masks the texts of logs. Clones mask what one of them has learned.
#[derive(Debug, Clone)]
pub(crate) struct Masker(Rc<RefCell<Scope>>);

impl Masker {
    pub(crate) fn new(redactor: &Redactor) -> Self {
        Self(Rc::new(RefCell::new(redactor.scope())))
    }

    /// Remembers what is masked in these requests.
    pub(crate) fn learn_all(&self, requests: &LoggedRequests) {
        let scope = &mut *self.0.borrow_mut();
        requests.iter().for_each(|request| request.learned_by(scope));
    }

    /// Begins another exchange, in which these values are masked, and what `learn` finds in its other texts.
    pub(crate) fn begin(&self, known: Option<&MaskedValues>, learn: impl FnOnce(&mut Scope)) {
        let scope = &mut *self.0.borrow_mut();
        scope.begin();
        if let Some(known) = known {
            scope.learn_masked(known);
        }
        learn(scope);
    }

    /// What is masked in the texts of the exchange so far.
    pub(crate) fn values(&self) -> MaskedValues {
        self.0.borrow_mut().learned_values()
    }

    /// The text with what was learned, and what shows by itself, masked.
    pub(crate) fn shown<'t>(&self, text: &'t str) -> ShownText<'t> {
        ShownText(self.0.borrow_mut().text("page", text).into_cow())
    }
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

impl Render for ShownText<'_> {
    /// As text of HTML. Characters that act on their neighbours are written out: `\u{202e}`.
    fn render_to(&self, out: &mut String) {
        for c in self.0.chars() {
            match c {
                '&' => out.push_str("&amp;"),
                '<' => out.push_str("&lt;"),
                '>' => out.push_str("&gt;"),
                '"' => out.push_str("&quot;"),
                c if acts(c) && !matches!(c, '\n' | '\t') => {
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
        let text = plain("<b>\"&\u{202e}\u{1b}[31m\u{2028}ş\n").render().into_string();
        assert_eq!(text, "&lt;b&gt;&quot;&amp;\\u{202e}\\u{1b}[31m\\u{2028}ş\n");
    }

    #[test]
    fn a_cut_is_between_characters() {
        assert_eq!(plain("aş").cut(2).text(), "a");
        assert_eq!(plain("aş").cut(9).text(), "aş");
    }
}
