//! Groups that are one in the reports, although their fingerprints differ, and groups that look alike.
//!
//! A part of a text is a variable of its group when it varies among the errors of the report. So the same text can be in
//! a group `Store Ankara is closed` in one report and in `Store <*> is closed` in another.

use std::collections::{BTreeMap, HashMap};
use std::ops::RangeInclusive;

use tables::rows::ErrorGroupRow;

use crate::align::variables;

/// Words of a template of which one may differ: in a shorter one it says too much, and a longer one is a trace.
const ALIKE_WORDS: RangeInclusive<usize> = 3..=64;

/// For each group of one report that the other does not have, the group there that has its text, if there is one: each
/// as a pair of fingerprints. `both` are the groups of the other report, `alone` those of the one.
pub(crate) fn same_texts<'g>(
    alone: &[&ErrorGroupRow<'g>],
    others: &[&ErrorGroupRow<'g>],
) -> Vec<(&'g str, &'g str)> {
    let mut same = Vec::new();
    for group in alone {
        let others = others.iter().filter(|other| has_text(other, group) || has_text(group, other));
        // The one that says most; of equal ones the first by name.
        let best = others
            .max_by_key(|other| (letters(other.template.0), std::cmp::Reverse(other.fingerprint)));
        same.extend(best.map(|other| (group.fingerprint.0, other.fingerprint.0)));
    }
    same
}

/// Whether the template of `wide` fits the text of `narrow`, and says at least half as much.
fn has_text(wide: &ErrorGroupRow<'_>, narrow: &ErrorGroupRow<'_>) -> bool {
    (wide.code, wide.field, wide.name) == (narrow.code, narrow.field, narrow.name)
        && letters(wide.template.0) * 2 >= letters(narrow.template.0)
        && variables(wide.template.0, narrow.sample_message.0).is_some()
}

/// Letters of the constants of a template.
fn letters(template: &str) -> usize {
    template.chars().filter(|c| c.is_alphabetic()).count()
}

/// For each template the number of the first one that is like it: the same, or the same but for one word. One that is
/// like none before has its own number.
pub(crate) fn alike(templates: &[&str]) -> Vec<usize> {
    let mut known: HashMap<Vec<&str>, usize> = HashMap::new();
    let mut like = Vec::new();
    for (number, template) in templates.iter().enumerate() {
        let words: Vec<&str> = template.split_whitespace().collect();
        let masked = (0..words.len()).filter(|_| ALIKE_WORDS.contains(&words.len())).map(|n| {
            let mut masked = words.clone();
            masked[n] = "";
            masked
        });
        let forms: Vec<_> = masked.chain([words.clone()]).collect();
        let first = forms.iter().find_map(|form| known.get(form)).copied();
        if first.is_none() {
            known.extend(forms.into_iter().map(|form| (form, number)));
        }
        like.push(first.unwrap_or(number));
    }
    like
}

/// Puts groups together that pairs name: for each fingerprint that of the first in its set, by name.
pub(crate) fn joined<'g>(pairs: &[(&'g str, &'g str)]) -> BTreeMap<&'g str, &'g str> {
    let mut first: BTreeMap<&str, &str> = BTreeMap::new();
    let find = |first: &BTreeMap<&'g str, &'g str>, mut name: &'g str| {
        while let Some(next) = first.get(name).filter(|next| **next != name) {
            name = next;
        }
        name
    };
    for &(one, other) in pairs {
        let (one, other) = (find(&first, one), find(&first, other));
        first.insert(one.max(other), one.min(other));
    }
    let names: Vec<&str> = first.keys().copied().collect();
    names.into_iter().map(|name| (name, find(&first, name))).collect()
}

#[cfg(test)]
mod tests {
    use tables::cell::MessageText;

    use super::*;
    use crate::tests::group;

    #[test]
    fn a_text_is_found_where_a_word_became_a_variable() {
        let of = |name: &'static str, template: &'static str, sample: &'static str| ErrorGroupRow {
            sample_message: MessageText(sample),
            ..group(name, template)
        };
        let narrow = of("a", "Store Ankara is closed", "Store Ankara is closed");
        let wide = of("b", "Store <*> is closed", "Store Izmir is closed");
        let any = of("c", "<*>", "Store Bursa is closed");
        let other = of("d", "Store <*> is open", "Store Ankara is open");
        assert_eq!(same_texts(&[&narrow], &[&any, &other, &wide]), [("a", "b")]);
        assert_eq!(same_texts(&[&wide], &[&narrow, &other]), [("b", "a")]);
        assert_eq!(same_texts(&[&other], &[&narrow, &any]), []);
        let of_field =
            ErrorGroupRow { field: Some(tables::cell::FieldPath("store")), ..wide.clone() };
        assert_eq!(same_texts(&[&narrow], &[&of_field]), []);
    }

    #[test]
    fn texts_that_differ_in_a_word_are_alike() {
        let texts =
            ["No stock for A", "busy now", "No stock for B", "No price for B", "late now", "x"];
        assert_eq!(alike(&texts), [0, 1, 0, 3, 4, 5]);
        assert_eq!(alike(&["same", "same"]), [0, 0]);
    }

    #[test]
    fn pairs_make_sets() {
        let joined = joined(&[("d", "c"), ("a", "b"), ("b", "c")]);
        assert!(joined.values().all(|first| *first == "a"), "{joined:?}");
    }
}
