//! Masks the texts of one exchange alike.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind, packed};
use hashbrown::HashMap;
use xxhash_rust::xxh3::{xxh3_64, xxh3_128_with_seed};

use crate::encoding::{Encoding, written_forms};
use crate::mask::{Key, Masks};
use crate::names::{Lookups, Meaning, meaning};
use crate::pattern::is_word;
use crate::prefilter::Prefilter;
use crate::rule::{Level, Rule};
use crate::scan::{self, Edit};

/// What is masked, and how. Cheap to share between threads.
#[derive(Debug, Clone)]
pub struct Redactor {
    masks: Masks,
    check_value: String,
}

impl Redactor {
    /// A redactor; equal keys give equal pseudonyms.
    pub fn new(level: Level, key: &Key) -> Self {
        Self { masks: Masks::new(level, key), check_value: key.check_value() }
    }

    /// A redactor that masks nothing.
    pub fn none() -> Self {
        Self::new(Level::None, &Key::new([0; 32]))
    }

    /// What is masked.
    pub fn level(&self) -> Level {
        self.masks.level
    }

    /// The [check value](Key::check_value) of its key; `None` when it makes no pseudonyms.
    pub fn key_check_value(&self) -> Option<&str> {
        (self.level() == Level::Personal).then_some(&*self.check_value)
    }

    /// A scope, which has learned nothing.
    pub fn scope(&self) -> Scope {
        Scope {
            masks: self.masks.clone(),
            lookups: Lookups::default(),
            prefilter: Prefilter::default(),
            edits: HashMap::new(),
            results: HashMap::new(),
            remembered: 0,
            learned: Vec::new(),
            values: SpreadValues::default(),
            finder: None,
            counts: Counts::default(),
        }
    }
}

/// A text that may leave the machine.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Redacted<'a>(Cow<'a, str>);

impl<'a> Redacted<'a> {
    /// A text of the program itself, which no log can change.
    pub fn fixed(text: &'static str) -> Self {
        Self(Cow::Borrowed(text))
    }

    /// A text of a report, which was redacted when the report was made.
    pub fn of_report(text: &'a str) -> Self {
        Self(Cow::Borrowed(text))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text; borrowed when nothing in it was masked.
    pub fn into_cow(self) -> Cow<'a, str> {
        self.0
    }

    /// The same text, which borrows nothing.
    pub fn into_owned(self) -> Redacted<'static> {
        Redacted(Cow::Owned(self.0.into_owned()))
    }

    /// The first `most` bytes at most, and `...` when there are more.
    pub fn beginning(&self, most: usize) -> Redacted<'static> {
        let text = self.as_str();
        Redacted(Cow::Owned(if text.len() <= most {
            text.to_owned()
        } else {
            format!("{}...", &text[..text.floor_char_boundary(most)])
        }))
    }
}

impl fmt::Display for Redacted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How often each rule was applied in each place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts(BTreeMap<(&'static str, Rule), u64>);

impl Counts {
    /// Adds the counts of `other`.
    pub fn merge(&mut self, other: &Self) {
        for (&key, count) in &other.0 {
            *self.0.entry(key).or_default() += count;
        }
    }

    /// Place, rule and count, by place and rule.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, Rule, u64)> {
        self.0.iter().map(|(&(place, rule), &count)| (place, rule, count))
    }

    /// True when nothing was masked.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The texts of one exchange: a value that is masked in one of them is masked in all.
///
/// One worker uses one scope for all its exchanges, and [begins](Self::begin) each. Texts that are repeated are read
/// once, and masked once where the texts learned with them are the same; 8 MiB are kept for that.
#[derive(Debug)]
pub struct Scope {
    masks: Masks,
    lookups: Lookups,
    prefilter: Prefilter,
    /// What is masked in texts by themselves, by a hash of name and text.
    edits: HashMap<u128, Vec<Edit>>,
    /// What became of texts, by that hash and the sum of the values.
    results: HashMap<ResultKey, Masked>,
    /// Bytes of `edits` and `results`, about.
    remembered: usize,
    /// The learned texts in which something is masked, whose values are not in `values` yet.
    learned: Vec<u128>,
    /// Values that are masked wherever they stand.
    values: SpreadValues,
    /// Finds the values with this sum. Exchanges of one session mostly have the same ones.
    finder: Option<(u128, Finder)>,
    counts: Counts,
}

/// The key of a text, and the sum of the values of its exchange.
type ResultKey = (u128, u128);

/// A text as it is written; `None` when nothing in it is masked.
type Masked = Option<MaskedText>;

#[derive(Debug, Clone)]
struct MaskedText {
    text: String,
    /// How often each rule was applied.
    rules: Vec<(Rule, u64)>,
    /// What was masked, of texts that are no longer than a message.
    values: Vec<(String, Rule)>,
}

/// Values that were masked in texts of exchanges, for a text that was made of these texts: the template of messages.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MaskedValues(BTreeMap<String, Rule>);

impl Scope {
    /// Forgets the values of the exchange before; counts stay.
    pub fn begin(&mut self) {
        if self.remembered > REMEMBERED_BYTES {
            self.edits.clear();
            self.results.clear();
            self.remembered = 0;
        }
        self.learned.clear();
        self.values = SpreadValues::default();
    }

    /// Remembers the values that are masked in `text`. Learn all texts of an exchange before the first is masked.
    pub fn learn(&mut self, text: &str) {
        self.learn_value("", text);
    }

    /// The same for a text that stands under `name`: the value of a header.
    pub fn learn_value(&mut self, name: &str, text: &str) {
        if self.masks.level > Level::None {
            self.learn_with(key(name, text), name, text);
        }
    }

    /// As [`learn`](Self::learn), for a text whose xxh3 hash of 128 bits is known.
    pub fn learn_hashed(&mut self, hash: u128, text: &str) {
        if self.masks.level > Level::None {
            self.learn_with(hash, "", text);
        }
    }

    fn learn_with(&mut self, key: u128, name: &str, text: &str) {
        if !self.read(key, name, text).is_empty() {
            self.learned.push(key);
        }
    }

    /// Remembers values that were masked elsewhere.
    pub fn learn_masked(&mut self, known: &MaskedValues) {
        for (value, &rule) in &known.0 {
            self.values.add(rule, value);
        }
    }

    /// The values that are masked in the texts learned so far, for other texts of the same exchange.
    pub fn learned_values(&mut self) -> MaskedValues {
        self.gather();
        MaskedValues(self.values.rules.clone())
    }

    /// Masks a text of any kind: a body, a URL, a message, a header. `place` is where it is counted.
    ///
    /// One pass, or none when the text was learned; what has nothing to mask is borrowed.
    pub fn text<'a>(&mut self, place: &'static str, text: &'a str) -> Redacted<'a> {
        self.value(place, "", text)
    }

    /// As [`text`](Self::text), for a text whose xxh3 hash of 128 bits is known. Without a place it counts nothing.
    pub fn hashed<'a>(
        &mut self,
        place: Option<&'static str>,
        hash: u128,
        text: &'a str,
    ) -> Redacted<'a> {
        if self.masks.level == Level::None {
            return Redacted(Cow::Borrowed(text));
        }
        let result = self.result(hash, "", text);
        self.counted(place, result, text)
    }

    /// Masks a text that stands under `name`: the value of a header or of a field.
    pub fn value<'a>(&mut self, place: &'static str, name: &str, text: &'a str) -> Redacted<'a> {
        let result = self.masked(name, text);
        self.counted(Some(place), result, text)
    }

    /// Masks a path in a document with its type: `items[].sku: string`. The type is no value of the last name.
    pub fn path<'a>(&mut self, place: &'static str, path: &'a str) -> Redacted<'a> {
        let names = path.rsplit_once(": ").map_or(path, |(names, _)| names);
        match self.text(place, names).0 {
            Cow::Borrowed(_) => Redacted(Cow::Borrowed(path)),
            Cow::Owned(masked) => Redacted(Cow::Owned(masked + &path[names.len()..])),
        }
    }

    /// As [`text`](Self::text), and adds to `known` what was masked. Of a text above 16 KiB nothing is added.
    pub fn text_noting<'a>(
        &mut self,
        place: &'static str,
        text: &'a str,
        known: &mut MaskedValues,
    ) -> Redacted<'a> {
        let result = self.masked("", text);
        if let Some(masked) = result.and_then(|key| self.results[&key].as_ref()) {
            known.0.extend(masked.values.iter().cloned());
        }
        self.counted(Some(place), result, text)
    }

    /// As [`text`](Self::text), but counts nothing.
    pub fn uncounted<'a>(&mut self, text: &'a str) -> Redacted<'a> {
        let result = self.masked("", text);
        self.counted(None, result, text)
    }

    /// The text with this result, counted in its place.
    fn counted<'a>(
        &mut self,
        place: Option<&'static str>,
        result: Option<ResultKey>,
        text: &'a str,
    ) -> Redacted<'a> {
        let Self { results, counts, .. } = self;
        let Some(masked) = result.and_then(|key| results[&key].as_ref()) else {
            return Redacted(Cow::Borrowed(text));
        };
        if let Some(place) = place {
            for &(rule, count) in &masked.rules {
                *counts.0.entry((place, rule)).or_default() += count;
            }
        }
        Redacted(Cow::Owned(masked.text.clone()))
    }

    /// Where it is remembered what becomes of a text; `None` when nothing in it is masked.
    fn masked(&mut self, name: &str, text: &str) -> Option<ResultKey> {
        if self.masks.level == Level::None {
            return None;
        }
        self.result(key(name, text), name, text)
    }

    fn result(&mut self, key: u128, name: &str, text: &str) -> Option<ResultKey> {
        let holds_nothing = self.read(key, name, text).is_empty();
        self.gather();
        // By far most texts hold nothing, and are in exchanges in which nothing is masked.
        if holds_nothing && self.values.rules.is_empty() {
            return None;
        }
        let key = (key, self.values.sum);
        if !self.results.contains_key(&key) {
            let masked = self.mask(key.0, name, text);
            self.remembered += size_of::<(ResultKey, Masked)>();
            self.remembered += masked.as_ref().map_or(0, |masked| masked.text.len());
            self.results.insert(key, masked);
        }
        Some(key)
    }

    fn mask(&mut self, key: u128, name: &str, text: &str) -> Masked {
        let Self { masks, lookups, values, finder, .. } = self;
        let edits = &self.edits[&key];
        let mut spread = Vec::new();
        if !values.rules.is_empty() {
            let finder = match finder {
                Some((sum, finder)) if *sum == values.sum => finder,
                _ => &mut finder.insert((values.sum, Finder::new(masks, &values.rules))).1,
            };
            spread = finder.find(text, &Covered::new(edits.iter().map(|edit| edit.span.clone())));
        }
        if !spread.is_empty() {
            let kept = Covered::new(scan::kept(masks, lookups, name, text));
            let keeps =
                |span: &Range<usize>| kept.overlapping(span).any(|kept| reaches_beyond(kept, span));
            spread.retain(|edit| !keeps(&edit.span));
        }
        if edits.is_empty() && spread.is_empty() {
            return None;
        }
        let mut edits = [edits.as_slice(), &spread].concat();
        let mut values = Vec::new();
        if text.len() <= MESSAGE_BYTES {
            let all = edits.iter().map(|edit| (edit.value.trim().to_owned(), edit.rule));
            values.extend(all.filter(|(value, rule)| is_distinctive(*rule, value)));
        }
        let mut rules: BTreeMap<Rule, u64> = BTreeMap::new();
        let mut masked = Cow::Borrowed(text);
        for _ in 0..PASSES {
            for edit in outermost(&mut edits) {
                *rules.entry(edit.rule).or_default() += 1;
            }
            let alone = edits.iter().all(|edit| is_alone(&masked, &edit.span));
            masked = Cow::Owned(replaced(&masked, &edits));
            // What a replacement leaves may read otherwise: a quote that was part of a value is gone.
            if alone {
                break;
            }
            edits = scan::edits(&self.masks, &mut self.lookups, name, &masked);
            if edits.is_empty() {
                break;
            }
        }
        Some(MaskedText { text: masked.into_owned(), rules: rules.into_iter().collect(), values })
    }

    /// Gathers the values of the texts that were learned since.
    fn gather(&mut self) {
        let Self { edits, learned, values, .. } = self;
        for key in learned.drain(..) {
            for edit in &edits[&key] {
                let value = edit.value.trim();
                if is_distinctive(edit.rule, value) {
                    values.add(edit.rule, value);
                }
            }
        }
    }

    /// Takes the counts out of it.
    pub fn take_counts(&mut self) -> Counts {
        std::mem::take(&mut self.counts)
    }

    /// How often each rule was applied so far.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// What is masked in the text with this key by itself, remembered.
    fn read(&mut self, key: u128, name: &str, text: &str) -> &[Edit] {
        let Self { masks, lookups, prefilter, edits, remembered, .. } = self;
        edits.entry(key).or_insert_with(|| {
            let only_secrets = masks.level == Level::Secrets && name.is_empty();
            let found = if !only_secrets || prefilter.may_hold_secret(text) {
                scan::edits(masks, lookups, name, text)
            } else {
                debug_assert!(
                    scan::edits(masks, lookups, name, text).is_empty(),
                    "the prefilter passed over a secret"
                );
                Vec::new()
            };
            let texts = found.iter().map(|edit| edit.with.len() + edit.value.len());
            *remembered += size_of::<(u128, Vec<Edit>)>() + texts.sum::<usize>();
            *remembered += size_of_val(found.as_slice());
            found
        })
    }
}

/// The key of a text under a name. That of a text under none is its hash.
fn key(name: &str, text: &str) -> u128 {
    let seed = if name.is_empty() { 0 } else { xxh3_64(name.as_bytes()) };
    xxh3_128_with_seed(text.as_bytes(), seed)
}

/// What a scope remembers of the texts that it has read, in bytes, before it forgets them.
const REMEMBERED_BYTES: usize = 8 << 20;

/// Messages are not longer, in bytes.
const MESSAGE_BYTES: usize = 16 << 10;

/// Values that are masked wherever they stand.
#[derive(Debug, Default)]
struct SpreadValues {
    rules: BTreeMap<String, Rule>,
    /// The sum of their hashes: equal values, equal sums.
    sum: u128,
}

impl SpreadValues {
    fn add(&mut self, rule: Rule, value: &str) {
        let hash = |rule: Rule| xxh3_128_with_seed(value.as_bytes(), rule as u64 + 1);
        // One value under two names is masked by the first rule, whichever name was read first.
        match self.rules.get_mut(value) {
            Some(known) if *known <= rule => return,
            Some(known) => {
                self.sum = self.sum.wrapping_sub(hash(*known));
                *known = rule;
            }
            None => {
                self.rules.insert(value.to_owned(), rule);
            }
        }
        self.sum = self.sum.wrapping_add(hash(rule));
    }
}

/// True for a span without signs of any carrier that is the whole value of a field or of an element: nothing around it
/// reads otherwise when it is replaced.
fn is_alone(text: &str, span: &Range<usize>) -> bool {
    let is_plain = |byte: u8| {
        byte.is_ascii_alphanumeric()
            || matches!(byte, b'-' | b'_' | b'.' | b' ' | b'+' | b'@' | b'/')
            || !byte.is_ascii()
    };
    let bytes = text.as_bytes();
    let is_whole = match (&bytes[..span.start], &bytes[span.end..]) {
        ([before @ .., b'"'], [b'"', after @ ..]) => {
            before.trim_ascii_end().ends_with(b":")
                && matches!(after.trim_ascii_start(), [b',' | b'}', ..])
        }
        ([.., b'>'], [b'<', b'/', ..]) => true,
        _ => false,
    };
    is_whole && bytes[span.clone()].iter().all(|&byte| is_plain(byte))
}

/// Whether a business key is more than a part of a value: `No:5` is one, but not within an address.
fn reaches_beyond(kept: &Range<usize>, span: &Range<usize>) -> bool {
    let overlaps = kept.start < span.end && span.start < kept.end;
    overlaps && (kept.start < span.start || kept.end > span.end || kept == span)
}

/// A text in good order is done after one.
const PASSES: usize = 8;

/// Leaves of edits that lie within each other the outer ones, in the order of the text.
fn outermost(edits: &mut Vec<Edit>) -> &[Edit] {
    edits.sort_by_key(|edit| (edit.span.start, Reverse(edit.span.end)));
    edits.dedup_by(|later, earlier| {
        let overlaps = later.span.start < earlier.span.end;
        if overlaps {
            earlier.span.end = earlier.span.end.max(later.span.end);
        }
        overlaps
    });
    edits
}

fn replaced(text: &str, edits: &[Edit]) -> String {
    let mut masked = String::with_capacity(text.len() + edits.len() * 8);
    let mut at = 0;
    for edit in edits {
        masked.push_str(&text[at..edit.span.start]);
        masked.push_str(&edit.with);
        at = edit.span.end;
    }
    masked.push_str(&text[at..]);
    masked
}

/// True for a value that means the same wherever it stands; `1234` and `test` may mean anything.
fn is_distinctive(rule: Rule, value: &str) -> bool {
    let chars = value.chars().count();
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let letters = value.chars().filter(|char| char.is_alphabetic()).count();
    let long_enough = match rule {
        Rule::Gender => false,
        Rule::Person => chars >= 3 && letters >= 2,
        Rule::Address | Rule::Company => chars >= 4 && letters >= 3,
        Rule::Email | Rule::Phone | Rule::Birth | Rule::Ip | Rule::Username => chars >= 4,
        _ => chars >= 6,
    };
    // A value that is the name of a field would hit the names. `5. Sokak 26` is none, though `Sokak` is, and a long token
    // with digits is none, whatever words its letters make.
    let is_name = || {
        (digits == 0 || !value.contains(' ') && chars < 12)
            && !matches!(meaning(value.as_bytes()), Meaning::Unknown | Meaning::Near)
    };
    long_enough && digits + letters > 0 && !is_name()
}

/// Finds values in all the forms in which they are written.
#[derive(Debug)]
struct Finder {
    forms: Forms,
    /// For each form, the rule, the value and its replacement.
    patterns: Vec<(Rule, String, String)>,
}

/// How forms are found; the longest of those that overlap.
#[derive(Debug)]
enum Forms {
    /// Some dozens, as most exchanges have: an automaton is slow to build.
    Some(packed::Searcher),
    Many(AhoCorasick),
}

/// So many forms are found without an automaton.
const SOME: usize = 64;

impl Finder {
    fn new(masks: &Masks, values: &BTreeMap<String, Rule>) -> Self {
        let mut patterns = Vec::new();
        let mut forms = Vec::new();
        for (value, rule) in values {
            let with = masks.replacement(*rule, value);
            for form in written_forms(value) {
                forms.push(form);
                patterns.push((*rule, value.clone(), with.clone()));
            }
        }
        let searcher = (forms.len() <= SOME).then(|| {
            let mut config = packed::Config::new();
            config.match_kind(packed::MatchKind::LeftmostLongest).builder().extend(&forms).build()
        });
        let forms = if let Some(searcher) = searcher.flatten() {
            Forms::Some(searcher)
        } else {
            let automaton = AhoCorasick::builder()
                .match_kind(MatchKind::LeftmostLongest)
                // Built for one exchange: building takes longer than the search.
                .kind(Some(AhoCorasickKind::NoncontiguousNFA))
                .build(forms);
            Forms::Many(automaton.expect("the values of one exchange fit an automaton"))
        };
        Self { forms, patterns }
    }

    /// Where forms stand and which, the longest of those that overlap, from left to right.
    fn places(&self, text: &str) -> Vec<(Range<usize>, usize)> {
        match &self.forms {
            Forms::Some(searcher) => {
                let found = searcher.find_iter(text);
                found
                    .map(|found| (found.start()..found.end(), found.pattern().as_usize()))
                    .collect()
            }
            Forms::Many(automaton) => {
                let found = automaton.find_iter(text);
                found.map(|found| (found.range(), found.pattern().as_usize())).collect()
            }
        }
    }

    /// The values in `text` outside of what is masked already.
    fn find(&self, text: &str, masked: &Covered) -> Vec<Edit> {
        let bytes = text.as_bytes();
        let mut spread = Vec::new();
        for (span, form) in self.places(text) {
            let (rule, value, with) = &self.patterns[form];
            let is_long_secret = rule.level() == Level::Secrets && value.len() >= 12;
            let ends_word = !bytes.get(span.end).is_some_and(|&byte| is_word(byte));
            if !(is_long_secret || ends_word && begins_word(bytes, span.start))
                || masked.overlaps(&span)
            {
                continue;
            }
            let with = if in_url(bytes, span.clone()) {
                Encoding::Percent.encode(with)
            } else {
                with.clone()
            };
            spread.push(Edit { span, rule: *rule, with, value: value.clone() });
        }
        spread
    }
}

/// Spans of a text, for the question whether one is touched.
struct Covered(Vec<Range<usize>>);

impl Covered {
    fn new(spans: impl IntoIterator<Item = Range<usize>>) -> Self {
        let mut spans: Vec<_> = spans.into_iter().collect();
        spans.sort_unstable_by_key(|span| span.start);
        spans.dedup_by(|later, earlier| {
            let touches = later.start <= earlier.end;
            if touches {
                earlier.end = earlier.end.max(later.end);
            }
            touches
        });
        Self(spans)
    }

    fn overlaps(&self, span: &Range<usize>) -> bool {
        self.overlapping(span).next().is_some()
    }

    fn overlapping(&self, span: &Range<usize>) -> impl Iterator<Item = &Range<usize>> {
        let next = self.0.partition_point(|covered| covered.end <= span.start);
        let end = span.end;
        self.0[next..].iter().take_while(move |covered| covered.start < end)
    }
}

/// True when a word begins at `at`, also after an escape.
fn begins_word(bytes: &[u8], at: usize) -> bool {
    let before = &bytes[..at];
    let Some(&last) = before.last() else { return true };
    !is_word(last)
        || matches!(before, [.., b'\\', b'n' | b't' | b'r'])
        || matches!(before, [.., b'%', high, low] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit())
}

/// True for a span with percent escapes, or within a URL.
fn in_url(bytes: &[u8], span: Range<usize>) -> bool {
    // A URL is not longer.
    let from = span.start.saturating_sub(2048);
    let start = bytes[from..span.start]
        .iter()
        .rposition(|&byte| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b'<' | b'>'))
        .map_or(from, |at| from + at + 1);
    memchr::memchr(b'%', &bytes[span.clone()]).is_some()
        || memchr::memmem::find(&bytes[start..span.start], b"://").is_some()
}
