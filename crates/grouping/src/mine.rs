//! The second phase: distinct masked messages become templates.
//!
//! Masked messages of one code and field are put into buckets by their punctuation, so that those of a
//! bucket have the same number of words in the same places: columns. A bucket is split on the
//! column with the fewest distinct words until its masked messages differ only in columns that are
//! variables ([`crate::column`] decides which are). A column without a sign of being a variable is
//! split, so that two short texts are never joined.

use std::collections::{BTreeMap, HashMap};

use crate::bytes::{LETTER, STOP, VAR, is, stem_len};
use crate::code;
use crate::column::{self, ColumnContext, WordColumn};
use crate::group::{Groups, MinedTemplate};
use crate::masked::{CountedMessage, PART, render};
use crate::rules::Rules;

/// Words beyond this many are compared as text, not as columns. Bounds the work on long texts.
const COLUMNS: usize = 96;
/// A cut text must share this much with a whole one to join it: bytes, or words with letters.
const CUT_BYTES: usize = 24;
const CUT_WORDS: usize = 3;

/// The words of a masked message.
struct MessageWords<'s> {
    id: u64,
    count: u64,
    words: Vec<&'s str>,
}

/// Ids and counts of the masked messages of one template.
type Members = Vec<(u64, u64)>;

/// Members by code, field and masked template.
type Templates<'s> = BTreeMap<(&'s str, &'s str, String), Members>;

/// Mines all masked messages, and applies the rules of the user to the templates. The result depends
/// on the rules and the set of masked messages with their counts only.
pub(crate) fn mine(mut messages: Vec<(u64, CountedMessage)>, rules: &Rules) -> Groups {
    messages.sort_unstable_by(|(_, a), (_, b)| a.text.cmp(&b.text));
    let mut templates = Templates::new();
    let mut cut: Vec<(&str, &str, &str, u64, u64)> = Vec::new();
    let mut buckets: BTreeMap<(&str, &str, String), Vec<MessageWords<'_>>> = BTreeMap::new();
    let mut splits: HashMap<u64, &str> = HashMap::new();
    for (id, message) in &messages {
        let parts = MessageParts::of(&message.text);
        if !parts.split.is_empty() {
            splits.insert(*id, parts.split);
        }
        if parts.cut {
            cut.push((parts.code, parts.field, parts.masked, *id, message.count));
            continue;
        }
        let (shape, words) = split_words(parts.masked);
        let sample = MessageWords { id: *id, count: message.count, words };
        buckets.entry((parts.code, parts.field, shape)).or_default().push(sample);
    }
    for ((code, field, shape), samples) in buckets {
        let gaps: Vec<&str> = shape.split(char::from(PART)).collect();
        let mut leaves = Vec::new();
        split(samples, &gaps, code::is_listed(code), vec![false; gaps.len() - 1], &mut leaves);
        for (template, members) in leaves {
            templates.entry((code, field, template)).or_default().extend(members);
        }
    }
    join_cut(cut, &mut templates);
    join_uncoded(&mut templates);
    let mut mined = Vec::with_capacity(templates.len());
    for ((code, field, template), members) in templates {
        let template = render(&template);
        let mut sets: BTreeMap<&str, Members> = BTreeMap::new();
        for member in members {
            let split = splits.get(&member.0).copied().unwrap_or_default();
            sets.entry(split).or_default().push(member);
        }
        mined.extend(sets.into_iter().map(|(split, members)| MinedTemplate {
            code,
            field: render(field),
            template: template.clone(),
            split,
            members,
        }));
    }
    Groups::new(mined, rules)
}

/// The parts of a masked message, `PART` between them.
struct MessageParts<'s> {
    code: &'s str,
    field: &'s str,
    cut: bool,
    masked: &'s str,
    /// What a split rule of the user matched in the text; empty for nothing.
    split: &'s str,
}

impl<'s> MessageParts<'s> {
    fn of(message: &'s str) -> Self {
        let mut parts = message.splitn(5, char::from(PART));
        let mut next = || parts.next().unwrap_or("");
        Self { code: next(), field: next(), cut: !next().is_empty(), masked: next(), split: next() }
    }
}

/// The gaps between the words, `PART` between them, and the words: one gap more than words.
fn split_words(masked: &str) -> (String, Vec<&str>) {
    let bytes = masked.as_bytes();
    let mut shape = String::new();
    let mut words = Vec::new();
    let mut gap = 0;
    let mut at = 0;
    while at < bytes.len() && words.len() < COLUMNS {
        if is(bytes[at], STOP) || bytes[at] == b'\'' {
            at += 1;
            continue;
        }
        let len = bytes[at..].iter().take_while(|&&byte| !is(byte, STOP)).count();
        let stem = stem_len(&bytes[at..at + len]);
        if stem > 0 {
            shape.push_str(&masked[gap..at]);
            shape.push(char::from(PART));
            words.push(&masked[at..at + stem]);
            gap = at + stem;
        }
        at += len;
    }
    shape.push_str(&masked[gap..]);
    (shape, words)
}

/// Splits the samples until each part differs in variables only; `variable` marks the columns
/// known as such; `listed_code`: their code identifies the cause. Gives a masked template with its
/// members for each part.
fn split(
    samples: Vec<MessageWords<'_>>,
    gaps: &[&str],
    listed_code: bool,
    mut variable: Vec<bool>,
    leaves: &mut Vec<(String, Members)>,
) {
    loop {
        let Some(first) = samples.first() else { return };
        if samples.len() == 1 {
            break;
        }
        let columns = differing(&samples, &variable);
        let words = column::constants(&first.words, &variable, &columns);
        let same = |at: usize| {
            (!variable[at] && columns.iter().all(|other| other.at != at)).then(|| first.words[at])
        };
        let context = |column: &WordColumn<'_>| ColumnContext {
            before: gaps[column.at],
            after: gaps[column.at + 1],
            previous: column.at.checked_sub(1).and_then(same),
            next: Some(column.at + 1).filter(|&at| at < first.words.len()).and_then(same),
            constants: words,
            alone: columns.len() == 1,
            listed_code,
        };
        // Slots come last: what they mean depends on the rest of their sentence.
        let Some(column) = columns.iter().min_by_key(|column| {
            (column.is_slot(&context(column)), column.values.len(), column.at)
        }) else {
            break;
        };
        if column.is_variable(&context(column)) {
            variable[column.at] = true;
            continue;
        }
        let at = column.at;
        let mut parts: BTreeMap<&str, Vec<MessageWords<'_>>> = BTreeMap::new();
        for sample in samples {
            parts.entry(sample.words[at]).or_default().push(sample);
        }
        for part in parts.into_values() {
            split(part, gaps, listed_code, variable.clone(), leaves);
        }
        return;
    }
    let Some(first) = samples.first() else { return };
    leaves.push((
        template(&first.words, gaps, &variable),
        samples.iter().map(|sample| (sample.id, sample.count)).collect(),
    ));
}

/// The masked template of samples that differ in variables only.
fn template(words: &[&str], gaps: &[&str], variable: &[bool]) -> String {
    let mut template = String::from(gaps[0]);
    for (at, word) in words.iter().enumerate() {
        if !variable[at] {
            template.push_str(word);
        } else if gaps[at] == " " && template.ends_with("\u{1} ") && column::is_unit(word) {
            // A unit that changes belongs to its number.
            template.pop();
        } else {
            template.push(char::from(VAR));
        }
        template.push_str(gaps[at + 1]);
    }
    template
}

/// The columns, not yet known as variables, whose words differ.
fn differing<'s>(samples: &[MessageWords<'s>], variable: &[bool]) -> Vec<WordColumn<'s>> {
    let Some(first) = samples.first() else { return Vec::new() };
    (0..first.words.len())
        .filter(|&at| {
            !variable[at] && samples.iter().any(|sample| sample.words[at] != first.words[at])
        })
        .map(|at| {
            let mut values: Vec<&str> = samples.iter().map(|sample| sample.words[at]).collect();
            values.sort_unstable();
            values.dedup();
            WordColumn { at, values }
        })
        .collect()
}

/// The templates of a code and field.
fn of_code<'t, 's>(
    templates: &'t Templates<'s>,
    code: &'s str,
    field: &'s str,
) -> impl Iterator<Item = &'t String> {
    templates
        .range((code, field, String::new())..)
        .take_while(move |((c, f, _), _)| *c == code && *f == field)
        .map(|((_, _, template), _)| template)
}

/// Adds cut texts to the one template that they begin, or to a template of their own.
///
/// Longest first: a shorter one may then join a longer one that was cut as well.
fn join_cut<'s>(
    mut cut: Vec<(&'s str, &'s str, &'s str, u64, u64)>,
    templates: &mut Templates<'s>,
) {
    cut.sort_unstable_by(|a, b| b.2.len().cmp(&a.2.len()).then_with(|| a.cmp(b)));
    for (code, field, masked, id, count) in cut {
        let begins = masked.trim_end();
        let start = (code, field, begins.to_owned());
        let mut fitting = templates
            .range(start.clone()..)
            .take_while(|((c, f, template), _)| {
                *c == code && *f == field && template.starts_with(begins)
            })
            .map(|(key, _)| key.clone());
        let long_enough = begins.len() >= CUT_BYTES
            || begins
                .split(|c: char| c.is_ascii() && is(c as u8, STOP))
                .filter(|word| word.chars().any(char::is_alphabetic))
                .count()
                >= CUT_WORDS;
        // Where the code has this text only, the first word is enough.
        let alone = || !code.is_empty() && of_code(templates, code, field).nth(1).is_none();
        let target = match (fitting.next(), fitting.next()) {
            (Some(only), None) if long_enough || (!begins.is_empty() && alone()) => only,
            _ => start,
        };
        templates.entry(target).or_default().push((id, count));
    }
}

/// Adds texts without a code to the one group of the same field and template that has a code: some paths
/// of a system leave the code out. Where several codes have the text, it could be any.
fn join_uncoded(templates: &mut Templates<'_>) {
    let mut coded: HashMap<(&str, &str), Option<&str>> = HashMap::new();
    for (code, field, template) in templates.keys().filter(|(code, _, _)| !code.is_empty()) {
        coded.entry((field, template)).and_modify(|only| *only = None).or_insert(Some(code));
    }
    let says = |template: &str| template.bytes().any(|byte| is(byte, LETTER));
    let targets: Vec<_> = templates
        .keys()
        .filter(|(code, _, template)| code.is_empty() && says(template))
        .filter_map(|key| {
            let code = (*coded.get(&(key.1, key.2.as_str()))?)?;
            Some((key.clone(), (code, key.1, key.2.clone())))
        })
        .collect();
    for (from, to) in targets {
        let members = templates.remove(&from).unwrap_or_default();
        templates.entry(to).or_default().extend(members);
    }
}
