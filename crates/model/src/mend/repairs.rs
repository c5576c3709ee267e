//! What was changed to make a text strict JSON.

use std::fmt;

/// One kind of change. Each has the words that stand in the message of a problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Repair {
    /// A control character in a string: TAB, line end, NUL.
    ControlCharacter,
    /// A backslash that begins no escape of JSON: `\'`, `\x41`, `C:\data`.
    Escape,
    /// A comma before a closing bracket, or two in a row.
    ExtraComma,
    /// No comma between two members.
    MissingComma,
    /// A string in single or typographic quotes, or `b'..'`.
    Quote,
    /// A name or value without quotes.
    BareWord,
    /// `None`, `True`, `undefined`, `nil` and the like.
    Constant,
    /// A number as JSON does not write it: `0x1F`, `+1`, `.5`, `007`.
    Number,
    /// A value as a call: `datetime(..)`, `ObjectId("..")`.
    Call,
    /// A tuple or a set.
    Bracket,
    /// `=>`, `=` or `;` in place of a colon or comma.
    Separator,
    /// A comment.
    Comment,
    /// A byte order mark, a NUL or another character between values that JSON does not have there.
    Blank,
    /// `...` in place of what the writer left out.
    Elision,
    /// Nothing behind a colon, read as null.
    MissingValue,
}

/// All kinds, in the order of [`Repair`], with their words.
const WORDS: [&str; 15] = [
    "control characters in strings",
    "backslashes that begin no escape",
    "commas too many",
    "commas missing",
    "strings in other quotes",
    "words without quotes",
    "constants of other languages",
    "numbers in other notations",
    "values as calls",
    "tuples or sets",
    "other separators",
    "comments",
    "odd characters between values",
    "elisions",
    "values missing",
];

/// How often each kind of change was made in a text, and where first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Repairs {
    counts: [u32; WORDS.len()],
    first: Option<usize>,
}

impl Repairs {
    /// Counts one change at the byte `at`.
    pub(crate) fn note(&mut self, repair: Repair, at: usize) {
        self.counts[repair as usize] = self.counts[repair as usize].saturating_add(1);
        self.first = Some(self.first.map_or(at, |first| first.min(at)));
    }

    /// Adds the changes of a part of the text that begins at the byte `from`.
    pub(crate) fn add(&mut self, other: &Self, from: usize) {
        for (count, more) in self.counts.iter_mut().zip(other.counts) {
            *count = count.saturating_add(more);
        }
        let first = other.first.map(|first| from + first);
        self.first = [self.first, first].into_iter().flatten().min();
    }

    /// Whether nothing was changed.
    pub fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// The byte of the first change; `None` when there is none.
    pub fn first(&self) -> Option<usize> {
        self.first
    }

    /// How many changes there are of one kind.
    pub fn count(&self, repair: Repair) -> u32 {
        self.counts[repair as usize]
    }
}

impl fmt::Display for Repairs {
    /// `120 strings in other quotes, 3 commas too many`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let some = self.counts.iter().zip(WORDS).filter(|(count, _)| **count > 0);
        for (n, (count, words)) in some.enumerate() {
            let before = if n > 0 { ", " } else { "" };
            write!(f, "{before}{count} {words}")?;
        }
        Ok(())
    }
}
