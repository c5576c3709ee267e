//! What differs between the requests of an error group and those that went well at the same place.
//!
//! A field, or a value of a field, is shown when it is more frequent among the failed requests than chance explains: by
//! Fisher's exact test (R. A. Fisher, 1922, one-sided), at a level of one in a thousand divided by the number of fields and
//! values that are tested (the correction of Bonferroni).

use std::collections::{HashMap, HashSet};

use model::json::{Type as JsonType, Value, unescape};
use serde::Serialize;
use tables::cell::{BodyText, EndpointName, Fingerprint, FlowName, KeyValue, OutcomeWord};
use tables::rows::{Errors, Exchanges};
use tables::{ReadError, Stored};

/// Requests of each side that are compared, the first of the report; rows of bulk requests count one by one.
const REQUESTS: u64 = 20_000;

/// Fields and values that are counted.
const FEATURES: usize = 200_000;

/// Bytes of a value that is compared; a longer one hardly occurs twice.
const VALUE_BYTES: usize = 64;

/// How deep fields are compared.
const LEVELS: u8 = 4;

/// How probable it may be that anything at all is shown by chance.
const LEVEL: f64 = 0.001;

/// How much larger the share among the failed requests has to be.
const SHARE: f64 = 0.2;

/// Differences that are shown.
const SHOWN: usize = 5;

/// What differs.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Differences {
    /// Requests of the group that were compared: JSON objects, and the rows of JSON lists that the errors name.
    pub failed_requests: u64,
    /// Requests that went well, at the same endpoints in the same flows.
    pub good_requests: u64,
    /// What is more frequent among the failed ones, the least probable by chance first; empty when nothing is, or when
    /// there are too few requests to tell.
    pub found: Vec<Difference>,
}

/// A difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The field, names with dots between them; `*` for the elements of a list.
    pub field: String,
    /// What is so of it.
    pub what: DifferenceKind,
    /// Failed requests of which it is so.
    pub failed: u64,
    /// Requests that went well of which it is so.
    pub good: u64,
}

/// What is so of a field.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DifferenceKind {
    /// It is there.
    Present,
    /// It is not there.
    Absent,
    /// It has this value, as JSON.
    Value(String),
}

tables::select! {
    /// The key that an error speaks of.
    struct GroupOfError<'b> from Errors {
        exchange: i64,
        fingerprint: Fingerprint<'b>,
        key: Option<KeyValue<'b>>,
    }
}

tables::select! {
    /// Where a request went.
    struct RequestPlace<'b> from Exchanges {
        exchange: i64,
        flow: Option<FlowName<'b>>,
        endpoint: Option<EndpointName<'b>>,
    }
}

tables::select! {
    /// What was sent.
    struct SentBody<'b> from Exchanges {
        outcome: OutcomeWord<'b>,
        request_body: Option<BodyText<'b>>,
    }
}

/// The keys of the errors of each exchange that has some.
#[derive(Default)]
struct Faulty {
    of_group: HashMap<i64, HashSet<String>>,
    of_others: HashMap<i64, HashSet<String>>,
}

/// Compares the requests of a group with those that went well at the same endpoints in the same flows. Reads the bodies of
/// the row groups that have such requests.
///
/// # Errors
/// When the table `errors` or `exchanges` cannot be read.
pub(crate) fn differs(
    report: &Stored,
    fingerprint: Fingerprint<'_>,
) -> Result<Differences, ReadError> {
    let mut faulty = Faulty::default();
    let mut table = report.table::<Errors>()?;
    for group in 0..table.groups() {
        for error in table.read::<GroupOfError<'_>>(group)?.iter() {
            let of_group = error.fingerprint == fingerprint;
            let side = if of_group { &mut faulty.of_group } else { &mut faulty.of_others };
            let keys = side.entry(error.exchange).or_default();
            keys.extend(error.key.map(|key| key.0.to_owned()));
        }
    }
    let mut table = report.table::<Exchanges>()?;
    let mut places = HashSet::new();
    let place = |row: &RequestPlace<'_>| {
        (row.flow.map(|flow| flow.0.to_owned()), row.endpoint.map(|name| name.0.to_owned()))
    };
    for group in 0..table.groups() {
        let rows = table.read::<RequestPlace<'_>>(group)?;
        places.extend(
            rows.iter()
                .filter(|row| faulty.of_group.contains_key(&row.exchange))
                .map(|row| place(&row)),
        );
    }
    let mut counts = FeatureCounts::default();
    for group in 0..table.groups() {
        if counts.is_full() {
            break;
        }
        let rows = table.read::<RequestPlace<'_>>(group)?;
        // Bodies are read where there are failed requests, and for as many good ones as are compared.
        let good = counts.requests[1] < REQUESTS;
        let wanted = |row: &RequestPlace<'_>| {
            faulty.of_group.contains_key(&row.exchange) || (good && places.contains(&place(row)))
        };
        let there: Vec<usize> = (0..rows.len()).filter(|row| wanted(&rows.get(*row))).collect();
        if there.is_empty() {
            continue;
        }
        let sent = table.read::<SentBody<'_>>(group)?;
        for row in there {
            let SentBody { outcome, request_body } = sent.get(row);
            let Some(body) = request_body.and_then(|body| Value::of(body.text)) else { continue };
            counts.request(body, rows.get(row).exchange, outcome.0 == "success", &faulty);
        }
    }
    Ok(counts.differences())
}

/// A field, or a field with a value.
type Feature = (String, Option<String>);

/// How many requests of each side have which features.
#[derive(Default)]
struct FeatureCounts {
    /// Failed, and good.
    requests: [u64; 2],
    features: HashMap<Feature, [u64; 2]>,
}

impl FeatureCounts {
    fn is_full(&self) -> bool {
        self.requests.iter().all(|requests| *requests >= REQUESTS)
    }

    /// Counts a request, or the rows of a bulk request.
    fn request(&mut self, body: Value<'_>, exchange: i64, success: bool, faulty: &Faulty) {
        let [own, others] = [&faulty.of_group, &faulty.of_others].map(|side| side.get(&exchange));
        match body.ty {
            JsonType::Object if own.is_some() => self.add(body, 0),
            JsonType::Object if success => self.add(body, 1),
            JsonType::Array => {
                // Rows that no error names went well, when some error names a row.
                let named = [own, others].into_iter().flatten().any(|keys| !keys.is_empty());
                body.elements(|row| {
                    let names = |keys: Option<&HashSet<String>>| {
                        keys.is_some_and(|keys| has_key(row, keys))
                    };
                    if row.ty == JsonType::Object {
                        if names(own) {
                            self.add(row, 0);
                        } else if !names(others) && (success || named) {
                            self.add(row, 1);
                        }
                    }
                    true
                });
            }
            _ => {}
        }
    }

    fn add(&mut self, object: Value<'_>, side: usize) {
        if self.requests[side] >= REQUESTS {
            return;
        }
        self.requests[side] += 1;
        let mut features = HashSet::new();
        collect(object, &mut String::new(), LEVELS, &mut features);
        for feature in features {
            if self.features.len() < FEATURES || self.features.contains_key(&feature) {
                self.features.entry(feature).or_default()[side] += 1;
            }
        }
    }

    fn differences(self) -> Differences {
        let [failed, good] = self.requests;
        let mut found: Vec<(f64, Difference)> = Vec::new();
        // Each field is tested twice: whether it is there, and whether it is not.
        let tests =
            self.features.keys().map(|(_, value)| if value.is_some() { 1 } else { 2 }).sum::<u64>();
        let mut test = |field: &str, what: DifferenceKind, with: [u64; 2]| {
            let share = with[0] as f64 / failed.max(1) as f64 - with[1] as f64 / good.max(1) as f64;
            let chance = fisher(with, self.requests) * tests as f64;
            if share >= SHARE && chance < LEVEL {
                let difference =
                    Difference { field: field.to_owned(), what, failed: with[0], good: with[1] };
                found.push((chance, difference));
            }
        };
        for ((field, value), with) in &self.features {
            if let Some(value) = value {
                test(field, DifferenceKind::Value(value.clone()), *with);
                continue;
            }
            test(field, DifferenceKind::Present, *with);
            let without = [failed - with[0], good - with[1]];
            test(field, DifferenceKind::Absent, without);
        }
        let order = |what: &DifferenceKind| match what {
            DifferenceKind::Present => (0, String::new()),
            DifferenceKind::Absent => (1, String::new()),
            DifferenceKind::Value(value) => (2, value.clone()),
        };
        found.sort_by(|(a_chance, a), (b_chance, b)| {
            let name = |d: &Difference| (d.field.len(), d.field.clone(), order(&d.what));
            a_chance.total_cmp(b_chance).then_with(|| name(a).cmp(&name(b)))
        });
        // A field and what is in it, or its only value, are one difference.
        let mut shown: Vec<Difference> = Vec::new();
        for (_, difference) in found {
            let same = |other: &Difference| {
                (other.failed, other.good) == (difference.failed, difference.good)
                    && difference.field.starts_with(&other.field)
            };
            if shown.len() < SHOWN && !shown.iter().any(same) {
                shown.push(difference);
            }
        }
        Differences { failed_requests: failed, good_requests: good, found: shown }
    }
}

/// Whether a value of the row is one of these keys.
fn has_key(row: Value<'_>, keys: &HashSet<String>) -> bool {
    let mut found = false;
    let mut text = String::new();
    row.members(|_, value| {
        text.clear();
        match value.ty {
            JsonType::String => unescape(value.inner(), &mut text),
            JsonType::Number => text.push_str(value.raw),
            _ => {}
        }
        found = !text.is_empty() && keys.contains(&text);
        !found
    });
    found
}

/// The fields and short values below an object.
fn collect(object: Value<'_>, path: &mut String, levels: u8, features: &mut HashSet<Feature>) {
    object.members(|name, value| {
        let len = path.len();
        if len > 0 {
            path.push('.');
        }
        unescape(name, path);
        field(value, path, levels, features);
        path.truncate(len);
        true
    });
}

fn field(value: Value<'_>, path: &mut String, levels: u8, features: &mut HashSet<Feature>) {
    features.insert((path.clone(), None));
    match value.ty {
        JsonType::Object if levels > 1 => collect(value, path, levels - 1, features),
        JsonType::Array if levels > 1 => {
            let len = path.len();
            path.push_str(".*");
            value.elements(|element| {
                field(element, path, levels - 1, features);
                true
            });
            path.truncate(len);
        }
        JsonType::Object | JsonType::Array => {}
        _ if value.raw.len() <= VALUE_BYTES => {
            features.insert((path.clone(), Some(value.raw.to_owned())));
        }
        _ => {}
    }
}

/// The probability that at least `with[0]` of the failed requests have what `with[0] + with[1]` of all have, when it has
/// nothing to do with failing.
fn fisher(with: [u64; 2], all: [u64; 2]) -> f64 {
    let [failed, good] = all;
    let has = with[0] + with[1];
    let total = ln_choose(failed + good, has);
    let most = has.min(failed);
    let term = |n: u64| (ln_choose(failed, n) + ln_choose(good, has - n) - total).exp();
    (with[0]..=most).filter(|n| has - n <= good).map(term).sum::<f64>().min(1.0)
}

/// The logarithm of the number of ways to choose.
pub(crate) fn ln_choose(of: u64, n: u64) -> f64 {
    ln_factorial(of) - ln_factorial(n) - ln_factorial(of - n)
}

/// By Stirling's series, whose error is below 1e-9 from 16 on.
fn ln_factorial(n: u64) -> f64 {
    if n < 16 {
        return (2..=n).map(|k| (k as f64).ln()).sum();
    }
    let x = n as f64 + 1.0;
    (x - 0.5) * x.ln() - x + 0.5 * std::f64::consts::TAU.ln() + 1.0 / (12.0 * x)
        - 1.0 / (360.0 * x.powi(3))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A generator of numbers (xorshift, G. Marsaglia, 2003).
    struct Numbers(u64);

    impl Numbers {
        fn below(&mut self, end: u64) -> u64 {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            self.0 % end
        }
    }

    fn body(numbers: &mut Numbers, note: bool) -> String {
        let (sku, shop, unit) = (numbers.below(1 << 30), numbers.below(7), numbers.below(3));
        let note = if note { r#","note":{"text":"x"}"# } else { "" };
        format!(
            r#"{{"sku":"S{sku}","shop":{shop},"unit":"u{unit}","lines":[{{"tax":{}}}]{note}}}"#,
            shop % 2
        )
    }

    #[test]
    fn the_test_of_fisher_is_exact() {
        // R. A. Fisher's lady tasting tea: four of four cups, by chance once in 70.
        assert!((fisher([4, 0], [4, 4]) - 1.0 / 70.0).abs() < 1e-12);
        assert!((fisher([3, 1], [4, 4]) - 17.0 / 70.0).abs() < 1e-12);
        assert!((fisher([0, 3], [10, 10]) - 1.0).abs() < 1e-9);
        assert!(fisher([500, 0], [500, 20_000]) < 1e-100);
    }

    #[test]
    fn a_field_a_value_and_what_is_missing_are_found() {
        let mut numbers = Numbers(7);
        let mut counts = FeatureCounts::default();
        for n in 0..600 {
            let failed = n % 10 == 0;
            let text = body(&mut numbers, !failed || n % 20 == 0);
            let text = if failed { text.replace(r#""unit":"u1""#, r#""unit":"u0""#) } else { text };
            let text =
                if failed && n % 30 != 0 { text.replace(r#""shop""#, r#""store""#) } else { text };
            counts.add(Value::of(&text).unwrap(), usize::from(!failed));
        }
        let found = counts.differences().found;
        let names: Vec<_> = found.iter().map(|d| (d.field.as_str(), &d.what)).collect();
        assert_eq!(
            &names[..3],
            [
                ("shop", &DifferenceKind::Absent),
                ("store", &DifferenceKind::Present),
                ("note", &DifferenceKind::Absent)
            ],
            "{found:?}"
        );
        assert_eq!((found[2].failed, found[2].good), (30, 0));
    }

    #[test]
    fn shuffled_outcomes_show_nothing() {
        let mut shown = 0;
        for seed in 1..=300 {
            let mut numbers = Numbers(seed * 7919);
            let mut counts = FeatureCounts::default();
            for _ in 0..120 {
                let note = numbers.below(2) == 0;
                let text = body(&mut numbers, note);
                let side = usize::from(numbers.below(5) > 0);
                counts.add(Value::of(&text).unwrap(), side);
            }
            shown += usize::from(!counts.differences().found.is_empty());
        }
        assert!(shown <= 3, "{shown} of 300, wanted 1 % at most");
    }

    #[test]
    fn rows_of_bulk_requests_are_compared_with_the_rows_beside_them() {
        let mut counts = FeatureCounts::default();
        let mut faulty = Faulty::default();
        for n in 0..20 {
            faulty.of_group.insert(n, [format!("A{n}")].into());
            faulty.of_others.insert(n, [format!("B{n}")].into());
            let text = format!(
                r#"[{{"sku":"A{n}","vat":18}},{{"sku":"B{n}","vat":18}},{{"sku":"C{n}","vat":8}},{{"sku":"D{n}","vat":8}}]"#
            );
            counts.request(Value::of(&text).unwrap(), n, false, &faulty);
        }
        let differences = counts.differences();
        assert_eq!((differences.failed_requests, differences.good_requests), (20, 40));
        let value = DifferenceKind::Value("18".to_owned());
        assert_eq!(
            differences.found,
            [Difference { field: "vat".to_owned(), what: value, failed: 20, good: 0 }]
        );
    }
}
