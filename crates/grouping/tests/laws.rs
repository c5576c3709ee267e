//! Laws of grouping that hold for any text.

use std::sync::Arc;

use grouping::{Class, ErrorRef, GroupRule, Groups, MaskedMessages, Pattern, Rules, SplitRule};
use proptest::prelude::*;

fn grouped<'a>(errors: impl IntoIterator<Item = ErrorRef<'a>>) -> Groups {
    let mut messages = MaskedMessages::default();
    for error in errors {
        messages.add(error);
    }
    messages.finish()
}

fn message(message: &str) -> ErrorRef<'_> {
    ErrorRef { message, ..ErrorRef::default() }
}

/// Texts near to what services write: words, ids, marks and line ends in any mixture.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[a-zçğıöşü]{1,8}",
        "[A-Z]{1,4}-?[0-9]{1,8}",
        "-?[0-9]{1,6}([.,][0-9]{1,3})?",
        prop::sample::select(vec![
            "\"",
            "'",
            ": ",
            "=",
            ", ",
            "(",
            ")",
            "[",
            "]",
            "/",
            "\n",
            "<",
            "{",
            "}",
            "#",
            ";",
            "...",
            "user ",
            "sku ",
            "Fri Jun 17 07:07:00",
            "https://a.b/c?d=e",
            "12 bytes (1 KB)",
            "\u{1}",
            "é"
        ])
        .prop_map(str::to_owned),
        any::<String>(),
    ];
    prop::collection::vec(piece, 0..14).prop_map(|pieces| pieces.join(" "))
}

/// Few templates with varying values, so that mining has something to merge.
fn similar() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "alpha",
        "beta",
        "gamma",
        "delta",
        "root_1",
        "x.y",
        "12",
        "SKU-0001",
        "camelCase",
        "tty1",
        "tty2",
    ]);
    (0..4usize, word.clone(), word).prop_map(|(form, a, b)| match form {
        0 => format!("session opened for user {a} by {b}"),
        1 => format!("the value {a} of field {b} was refused here"),
        2 => format!("name={a} kind={b} was not found"),
        _ => format!("{a} kodlu ürün {b} bulunamadı"),
    })
}

/// An error that owns its text.
#[derive(Debug, Clone)]
struct OwnedError {
    message: String,
    code: Option<&'static str>,
    field: Option<&'static str>,
    cut: bool,
}

impl OwnedError {
    fn error(&self) -> ErrorRef<'_> {
        ErrorRef {
            code: self.code,
            field: self.field,
            message: &self.message,
            status: None,
            cut: self.cut,
        }
    }
}

fn error() -> impl Strategy<Value = OwnedError> {
    let text = prop_oneof![
        4 => similar(),
        2 => text(),
        1 => prop::sample::select(vec!["This field is required.", "Bu alan zorunlu.", "name is required"])
            .prop_map(str::to_owned),
    ];
    let code = prop::option::weighted(
        0.3,
        prop::sample::select(vec!["E-1042", "invalid", "java.io.IOException"]),
    );
    let field = prop::option::weighted(
        0.3,
        prop::sample::select(vec!["name", "items.3.price", "A-0001.stock"]),
    );
    (text, code, field, prop::bool::weighted(0.2))
        .prop_map(|(message, code, field, cut)| OwnedError { message, code, field, cut })
}

fn errors(most: usize) -> impl Strategy<Value = Vec<OwnedError>> {
    prop::collection::vec(error(), 0..most)
}

/// One rule of any kind.
#[derive(Debug, Clone)]
enum AnyRule {
    Split(SplitRule),
    Mask(Pattern),
    Group(GroupRule),
}

fn pattern() -> impl Strategy<Value = Pattern> {
    let texts = vec![
        "session",
        "user \\S+",
        "(alpha|beta)",
        "kind=(\\S+)",
        "[a-z]+mma",
        "\\d+",
        "<",
        "(?s)d.*o",
        "^the",
        "bulunamadı$",
        "",
        ".",
        "field",
    ];
    prop::sample::select(texts).prop_map(|text| Pattern::new(text).expect("a sound pattern"))
}

fn rule() -> impl Strategy<Value = AnyRule> {
    let name =
        || prop::option::of(prop::sample::select(vec!["one", "two"]).prop_map(str::to_owned));
    let patterns = || prop::collection::vec(pattern(), 0..2);
    prop_oneof![
        pattern().prop_map(|pattern| AnyRule::Split(SplitRule { pattern, name: None })),
        pattern().prop_map(AnyRule::Mask),
        (patterns(), patterns(), name()).prop_map(|(template, field, name)| {
            let class = name.is_none().then_some(Class::Duplicate);
            AnyRule::Group(GroupRule { template, field, name, class, ..GroupRule::default() })
        }),
    ]
}

fn rules(of: &[AnyRule]) -> Rules {
    let mut rules = Rules::default();
    for rule in of {
        match rule.clone() {
            AnyRule::Split(split) => rules.splits.push(split),
            AnyRule::Mask(mask) => rules.masks.push(mask),
            AnyRule::Group(group) => rules.groups.push(group),
        }
    }
    rules
}

/// The group of each error under rules: fingerprint, class by rule, and what it looks like.
fn under(of: &[AnyRule], errors: &[OwnedError]) -> Vec<(String, Option<Class>)> {
    let mut messages = MaskedMessages::with_rules(Arc::new(rules(of)));
    let ids: Vec<_> = errors.iter().map(|error| messages.add(error.error())).collect();
    let groups = messages.finish();
    let count: u64 = groups.iter().map(|group| group.count).sum();
    assert_eq!(count, errors.len() as u64);
    ids.iter().map(|&id| (groups.of(id).fingerprint.clone(), groups.of(id).class)).collect()
}

type Row = (String, u64, u32, String);

fn rows(groups: &Groups) -> Vec<Row> {
    groups
        .iter()
        .map(|group| {
            (group.fingerprint.clone(), group.count, group.masked_messages, group.template.clone())
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn order_and_shards_change_nothing(
        mut texts in errors(60),
        cut in 0usize..60,
        of in prop::collection::vec(rule(), 0..3),
    ) {
        let add = |messages: &mut MaskedMessages, error: &OwnedError| messages.add(error.error());
        let rules = Arc::new(rules(&of));
        let new = || MaskedMessages::with_rules(Arc::clone(&rules));
        let mut whole = new();
        let ids: Vec<_> = texts.iter().map(|text| add(&mut whole, text)).collect();
        let whole = whole.finish();
        let names: Vec<String> = ids.iter().map(|&id| whole.of(id).fingerprint.clone()).collect();
        let first = texts.first().cloned();
        texts.reverse();
        let (left, right) = texts.split_at(cut.min(texts.len()));
        let (mut a, mut b) = (new(), new());
        for text in left { add(&mut a, text); }
        for text in right { add(&mut b, text); }
        b.merge(a);
        if let Some(text) = first {
            prop_assert_eq!(add(&mut new(), &text), ids[0]);
        }
        let sharded = b.finish();
        prop_assert_eq!(rows(&whole), rows(&sharded));
        prop_assert_eq!(rows(&whole).iter().map(|row| row.1).sum::<u64>(), texts.len() as u64);
        for (id, name) in ids.iter().zip(names) {
            prop_assert_eq!(&sharded.of(*id).fingerprint, &name);
        }
    }

    #[test]
    fn more_texts_keep_the_names_of_unchanged_templates(
        texts in errors(40),
        more in errors(40),
    ) {
        let some = grouped(texts.iter().map(OwnedError::error));
        let all = grouped(texts.iter().chain(&more).map(OwnedError::error));
        for group in some.iter() {
            for other in all.iter() {
                let same = (&group.code, &group.field, &group.template) == (&other.code, &other.field, &other.template);
                prop_assert_eq!(same, group.fingerprint == other.fingerprint);
            }
        }
    }

    #[test]
    fn a_rule_changes_only_the_groups_that_it_matches(
        errors in errors(40),
        before in prop::collection::vec(rule(), 0..4),
        added in rule(),
        place in 0usize..4,
    ) {
        let place = place.min(before.len());
        let mut after = before.clone();
        after.insert(place, added.clone());
        let (old, new) = (under(&before, &errors), under(&after, &errors));
        // What the rule reads: templates as the masks before it leave them, or messages.
        let matched: Vec<bool> = match &added {
            AnyRule::Split(_) => {
                let alone = under(std::slice::from_ref(&added), &errors);
                alone.iter().zip(under(&[], &errors)).map(|(with, without)| *with != without).collect()
            }
            AnyRule::Mask(_) | AnyRule::Group(_) => {
                let earlier: Vec<AnyRule> = match &added {
                    AnyRule::Mask(_) => before[..place].iter(),
                    _ => before.iter(),
                }
                .filter(|rule| matches!(rule, AnyRule::Mask(_)))
                .cloned()
                .collect();
                let with: Vec<AnyRule> = earlier.iter().cloned().chain([added.clone()]).collect();
                under(&with, &errors).iter().zip(under(&earlier, &errors)).map(|(with, without)| *with != without).collect()
            }
        };
        for ((old, new), matched) in old.iter().zip(&new).zip(matched) {
            prop_assert!(matched || old == new, "{old:?} {new:?}");
        }
    }

    #[test]
    fn masks_never_cross_a_line_end(a in text(), b in text()) {
        let (a, b) = (a.replace('\n', " "), b.replace('\n', " "));
        let of = |text: &str| grouped([message(text)]).iter().next().map(|group| group.template.clone()).unwrap_or_default();
        let (first, second) = (of(&a), of(&b));
        let both = of(&format!("{a}\n{b}"));
        let expected: Vec<&str> = [first.as_str(), second.as_str()].into_iter().filter(|line| !line.is_empty()).collect();
        prop_assert_eq!(both, expected.join("\n"));
    }

    #[test]
    fn any_text_has_a_group(text in any::<String>(), code in any::<Option<String>>(), field in any::<Option<String>>(), cut in any::<bool>()) {
        let error = ErrorRef { code: code.as_deref(), field: field.as_deref(), message: &text, status: None, cut };
        let mut messages = MaskedMessages::default();
        let id = messages.add(error);
        let groups = messages.finish();
        prop_assert_eq!((groups.of(id).count, groups.len()), (1, 1));
        let _ = grouping::classify(&error);
    }
}
