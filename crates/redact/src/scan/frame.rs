//! The fields of one object that are decided on together.

use std::ops::Range;

use smallvec::SmallVec;

use super::value::{is_prose, is_text};
use super::{Meaning, Rule, Value};
use crate::names::meaning;

/// The fields of an object, an element, a form or a block of lines, so far.
#[derive(Debug)]
pub(super) struct Frame {
    /// The bracket that opened it.
    pub(super) open: u8,
    /// What the key of a list means for its elements.
    pub(super) inherited: Meaning,
    /// True for an object that its name calls a person or an address.
    pub(super) about: bool,
    /// How many fields of a person or an address there are that need no others.
    pub(super) near: u32,
    /// Fields that are masked beside two others.
    pub(super) beside: SmallVec<[(Rule, Value); 2]>,
    /// Which names these have, a bit each: one name in many lines is no address.
    pub(super) names: u64,
    /// Where the name of a name/value pair stands; a field `name` is the weaker, second candidate.
    pub(super) pair_names: [Option<Range<usize>>; 2],
    /// The values of a name/value pair.
    pub(super) values: SmallVec<[Value; 1]>,
    /// In a list, what the element before means as a name.
    pub(super) before: Meaning,
}

impl Default for Frame {
    fn default() -> Self {
        Self::new(b'{', Meaning::Unknown, false)
    }
}

impl Frame {
    pub(super) fn new(open: u8, inherited: Meaning, about: bool) -> Self {
        Self {
            open,
            inherited,
            about,
            near: 0,
            beside: SmallVec::new(),
            names: 0,
            pair_names: [None, None],
            values: SmallVec::new(),
            before: Meaning::Unknown,
        }
    }

    /// Adds a field that means something only beside others, with its content.
    pub(super) fn add(&mut self, content: &str, field: Meaning, value: Value) {
        match field {
            Meaning::PairValue => self.values.push(value),
            Meaning::PairName => self.pair_names[0] = Some(value.span),
            Meaning::Near if is_text(content) => self.near += 1,
            Meaning::Beside(rule, number) => {
                if rule == Rule::Person {
                    self.pair_names[1] = Some(value.span.clone());
                }
                if is_text(content) && !is_prose(content) {
                    self.beside.push((rule, value));
                    self.names |= 1 << number;
                }
            }
            _ => {}
        }
    }

    /// What the name of a name/value pair means.
    pub(super) fn pair(&self, text: &str) -> Meaning {
        let [first, second] = self.pair_names.clone().map(|span| {
            span.filter(|span| span.len() <= 64)
                .map_or(Meaning::Unknown, |span| meaning(text[span].as_bytes()))
        });
        match (first, second) {
            (Meaning::Masked(_), _) | (Meaning::Kept, Meaning::Unknown) => first,
            _ => second,
        }
    }
}

/// True when an object under this name is a person or an address.
pub(super) fn is_about(name: Meaning) -> bool {
    matches!(name, Meaning::Person | Meaning::Masked(Rule::Address | Rule::Person))
}
