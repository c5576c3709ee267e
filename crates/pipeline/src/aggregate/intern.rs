//! Texts that are stored once and named by a number: the keys of a table are then four bytes wide, and a known text
//! costs one hash and one comparison, and no allocation.

use hashbrown::{DefaultHashBuilder, HashTable};
use redact::Redacted;
use std::hash::{BuildHasher, Hash};
use tables::cell::EndpointName;

/// A text of one [`Names`], or the absence of a text.
///
/// Names are ordered by the first use of their texts, which means nothing: sort by the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(super) struct Name(u32);

impl Name {
    /// No text: what a report shows as null.
    pub(super) const ABSENT: Self = Self(0);
}

/// Texts one after the other in one allocation.
///
/// Costs 8 bytes a text beside the text itself.
#[derive(Debug, Default)]
pub(super) struct TextStore {
    text: String,
    /// Where each text ends in `text`; it starts where the one before it ends.
    ends: Vec<usize>,
}

impl TextStore {
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.ends.push(self.text.len());
    }

    pub(super) fn get(&self, number: u32) -> &str {
        let number = number as usize;
        let start = number.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.text[start..self.ends[number]]
    }
}

/// Finds the number of a text, which is kept elsewhere, by its hash.
///
/// The hash is kept beside the number, so that growing does not read the texts again. Costs 9 to 18 bytes for each
/// number.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// Lower half of the hash, and number.
    slots: HashTable<(u32, u32)>,
    /// The number that was found last.
    last: u32,
    hasher: DefaultHashBuilder,
}

impl Index {
    /// The number of the entry with the hash of `like` for which `is` holds; else adds `next` as its number. Numbers count
    /// from 0.
    ///
    /// Tries the number after the last one before the table: jobs send the same rows again in the same order.
    pub(super) fn find_or_insert(
        &mut self,
        like: impl Hash,
        is: impl Fn(u32) -> bool,
        next: u32,
    ) -> u32 {
        let after = self.last.wrapping_add(1);
        if after < next && is(after) {
            self.last = after;
            return after;
        }
        let hash = self.hasher.hash_one(like) as u32;
        let same = |&(known, number): &(u32, u32)| known == hash && is(number);
        let entry = self.slots.entry(spread(hash), same, |&(hash, _)| spread(hash));
        self.last = entry.or_insert((hash, next)).get().1;
        self.last
    }
}

/// Extends a hash to 64 bits for the table, which uses the highest and the lowest ones.
fn spread(hash: u32) -> u64 {
    u64::from(hash).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// The distinct flows, steps, endpoints, run ids and log ids.
///
/// Costs 17 to 26 bytes a text beside the text itself.
#[derive(Debug, Default)]
pub(super) struct Names {
    texts: TextStore,
    index: Index,
}

impl Names {
    /// The name of `text`, new or known.
    pub(super) fn intern(&mut self, text: &str) -> Name {
        let Self { texts, index } = self;
        let next = texts.len() as u32;
        let number = index.find_or_insert(text, |known| texts.get(known) == text, next);
        if number == next {
            texts.push(text);
        }
        Name(number + 1)
    }

    /// As [`Names::intern`]; `None` is [`Name::ABSENT`].
    pub(super) fn intern_some(&mut self, text: Option<&str>) -> Name {
        text.map_or(Name::ABSENT, |text| self.intern(text))
    }

    /// As [`Names::intern_some`], and faster when the text is that of `last`, which is set to the result. Exchanges of one
    /// file mostly share flow, step and run.
    pub(super) fn intern_again(&mut self, text: Option<&str>, last: &mut Name) -> Name {
        if self.get(*last) != text {
            *last = self.intern_some(text);
        }
        *last
    }

    /// The text of a name that this object gave; `None` for [`Name::ABSENT`].
    pub(super) fn get(&self, name: Name) -> Option<&str> {
        name.0.checked_sub(1).map(|number| self.texts.get(number))
    }

    /// Adds the texts of `other`. Returns the name here for each name there.
    pub(super) fn merge(&mut self, other: &Self) -> Renamed {
        let here = (0..other.texts.len() as u32).map(|number| self.intern(other.texts.get(number)));
        Renamed(std::iter::once(Name::ABSENT).chain(here).collect())
    }
}

/// The distinct endpoints. They come from logs, so that only redacted ones get in.
#[derive(Debug, Default)]
pub(super) struct EndpointNames(Names);

impl EndpointNames {
    /// As [`Names::intern_again`].
    pub(super) fn intern_again(&mut self, text: Option<&Redacted<'_>>, last: &mut Name) -> Name {
        self.0.intern_again(text.map(Redacted::as_str), last)
    }

    /// As [`Names::get`].
    pub(super) fn get(&self, name: Name) -> Option<EndpointName<'_>> {
        self.0.get(name).map(EndpointName)
    }

    /// As [`Names::merge`].
    pub(super) fn merge(&mut self, other: &Self) -> Renamed {
        self.0.merge(&other.0)
    }
}

/// For each name of merged [`Names`], the name in those that took them.
#[derive(Debug)]
pub(super) struct Renamed(Vec<Name>);

impl Renamed {
    pub(super) fn get(&self, name: Name) -> Name {
        self.0[name.0 as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_have_one_name() {
        let mut names = Names::default();
        let stock = names.intern("stock");
        let price = names.intern("price");
        assert_ne!(stock, price);
        assert_eq!(names.intern("stock"), stock);
        assert_eq!(names.get(stock), Some("stock"));
    }

    #[test]
    fn an_empty_text_is_not_an_absent_one() {
        let mut names = Names::default();
        let empty = names.intern_some(Some(""));
        assert_ne!(empty, Name::ABSENT);
        assert_eq!(names.get(empty), Some(""));
        assert_eq!(names.intern_some(None), Name::ABSENT);
        assert_eq!(names.get(Name::ABSENT), None);
    }

    #[test]
    fn a_repeated_text_keeps_its_name() {
        let mut names = Names::default();
        let mut last = Name::ABSENT;
        let stock = names.intern_again(Some("stock"), &mut last);
        assert_eq!(names.intern_again(Some("stock"), &mut last), stock);
        assert_eq!(names.intern_again(None, &mut last), Name::ABSENT);
        assert_eq!(names.intern_again(Some("stock"), &mut last), stock);
        assert_ne!(names.intern_again(Some(""), &mut last), stock);
    }

    #[test]
    fn many_texts_are_found_again_after_growing() {
        let mut names = Names::default();
        let all: Vec<_> = (0..5000).map(|number| names.intern(&number.to_string())).collect();
        for (number, name) in all.into_iter().enumerate() {
            assert_eq!(names.get(name), Some(number.to_string().as_str()));
            assert_eq!(names.intern(&number.to_string()), name);
        }
    }

    #[test]
    fn merged_names_keep_their_texts() {
        let mut left = Names::default();
        left.intern("a");
        let mut right = Names::default();
        let b = right.intern("b");
        let a = right.intern("a");
        let renamed = left.merge(&right);
        assert_eq!(left.get(renamed.get(a)), Some("a"));
        assert_eq!(left.get(renamed.get(b)), Some("b"));
        assert_eq!(renamed.get(Name::ABSENT), Name::ABSENT);
        assert_eq!(renamed.get(a), left.intern("a"));
    }
}
