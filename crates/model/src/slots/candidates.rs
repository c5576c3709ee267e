//! Candidates for the slots of a record, and sets of its fields.

use crate::json::{Type, Value};
use crate::record::MAX_FIELDS;

/// A set of fields, a bit for each.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FieldSet([u64; MAX_FIELDS / 64]);

impl Default for FieldSet {
    fn default() -> Self {
        Self([0; MAX_FIELDS / 64])
    }
}

impl FieldSet {
    pub(crate) fn set(&mut self, at: usize) {
        self.0[at / 64] |= 1 << (at % 64);
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.0.iter_mut().zip(other.0).for_each(|(mine, theirs)| *mine |= theirs);
    }

    pub(crate) fn has(&self, at: usize) -> bool {
        self.0[at / 64] >> (at % 64) & 1 == 1
    }
}

/// The best candidate for a slot so far: its place, its score, lower is better, and what was read in it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Best<T = ()>(pub(super) usize, pub(super) u8, pub(super) T);

/// Takes a candidate when it is better than the one so far.
pub(super) fn offer(best: &mut Option<Best>, at: usize, score: u8, value: Value<'_>) {
    offer_read(best, at, score, value, ());
}

/// The same, with what was read in it.
pub(super) fn offer_read<T>(
    best: &mut Option<Best<T>>,
    at: usize,
    score: u8,
    value: Value<'_>,
    read: T,
) {
    let score = score + if blank(value) { 20 } else { 0 };
    if best.as_ref().is_none_or(|b| score < b.1) {
        *best = Some(Best(at, score, read));
    }
}

/// `null` or `""`.
pub(super) fn blank(value: Value<'_>) -> bool {
    value.ty == Type::Null || (value.ty == Type::String && value.raw.len() == 2)
}
