//! The table of queries in `tests/search.json`, a tree printed and read again, and a simpler evaluation.

use std::ops::Bound;

use proptest::prelude::*;
use serde::Deserialize;
use tables::cell::Micros;

use crate::zone::Zone;

use super::{
    Condition, Expression, NumberField, NumberRange, Query, RequestState, SearchedRow, Term,
    TextField, TextPattern,
};

const TABLE: &str = include_str!("../../tests/search.json");

/// The table: other implementations of the grammar run it too.
#[derive(Deserialize)]
pub(crate) struct GrammarTable {
    now: String,
    pub(crate) rows: Vec<TableRow>,
    pub(crate) matches: Vec<TableQuery>,
    same: Vec<[String; 2]>,
    errors: Vec<TableError>,
}

#[derive(Deserialize)]
pub(crate) struct TableQuery {
    pub(crate) query: String,
    pub(crate) rows: Vec<u32>,
}

#[derive(Deserialize)]
struct TableError {
    query: String,
    error: String,
    span: [usize; 2],
}

/// A request of the table.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct TableRow {
    pub(crate) id: u32,
    pub(crate) key_kind: Option<String>,
    pub(crate) key: Option<String>,
    pub(crate) flow: Option<String>,
    pub(crate) step: Option<String>,
    pub(crate) run: Option<String>,
    pub(crate) endpoint: Option<String>,
    pub(crate) method: Option<String>,
    pub(crate) url: Option<String>,
    pub(crate) status: Option<i32>,
    pub(crate) outcome: String,
    pub(crate) duration_ms: Option<f64>,
    pub(crate) started_at: Option<String>,
    pub(crate) file: String,
    pub(crate) req: Option<String>,
    pub(crate) res: Option<String>,
    pub(crate) truncated: bool,
    /// `open` or `resolved`.
    pub(crate) state: Option<String>,
    pub(crate) errors: Vec<TableRowError>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct TableRowError {
    pub(crate) key_kind: Option<String>,
    pub(crate) key: Option<String>,
    pub(crate) class: String,
    pub(crate) side: Option<String>,
    pub(crate) group: String,
    pub(crate) code: Option<String>,
    pub(crate) field: Option<String>,
    pub(crate) msg: String,
}

pub(crate) fn micros(text: &str) -> Micros {
    Micros(model::time::Timestamp::parse_text(text).expect("a time").0)
}

fn one(text: Option<&String>) -> Vec<&str> {
    text.map(String::as_str).into_iter().collect()
}

impl TableRow {
    /// The texts of a field.
    fn texts(&self, field: TextField) -> Vec<&str> {
        let key = |kind: Option<&str>| -> Vec<&str> {
            let own = [(self.key_kind.as_deref(), self.key.as_deref())];
            let errors = self.errors.iter().map(|e| (e.key_kind.as_deref(), e.key.as_deref()));
            let keys = own.into_iter().chain(errors);
            keys.filter(|(of, _)| kind.is_none() || *of == kind).filter_map(|(_, k)| k).collect()
        };
        match field {
            TextField::Key => key(None),
            TextField::Sku => key(Some("sku")),
            TextField::Order => key(Some("order")),
            TextField::Flow => one(self.flow.as_ref()),
            TextField::Step => one(self.step.as_ref()),
            TextField::Run => one(self.run.as_ref()),
            TextField::Endpoint => one(self.endpoint.as_ref()),
            TextField::Method => one(self.method.as_ref()),
            TextField::Url => one(self.url.as_ref()),
            TextField::Outcome => vec![&self.outcome],
            TextField::Class => self.errors.iter().map(|e| e.class.as_str()).collect(),
            TextField::Side => self.errors.iter().filter_map(|e| e.side.as_deref()).collect(),
            TextField::Group => self.errors.iter().map(|e| e.group.as_str()).collect(),
            TextField::Code => self.errors.iter().filter_map(|e| e.code.as_deref()).collect(),
            TextField::Field => self.errors.iter().filter_map(|e| e.field.as_deref()).collect(),
            TextField::Message => self.errors.iter().map(|e| e.msg.as_str()).collect(),
            TextField::Request => one(self.req.as_ref()),
            TextField::Response => one(self.res.as_ref()),
            TextField::File => vec![&self.file],
        }
    }
}

impl SearchedRow for TableRow {
    fn text(&self, field: TextField, patterns: &[TextPattern]) -> Option<bool> {
        let matches = |text: &str| patterns.iter().any(|pattern| pattern.is_match(text));
        Some(self.texts(field).into_iter().any(matches))
    }

    fn number(&self, field: NumberField, ranges: &[NumberRange]) -> Option<bool> {
        let number = match field {
            NumberField::Status => self.status.map(f64::from),
            NumberField::Duration => self.duration_ms,
        };
        Some(number.is_some_and(|number| ranges.iter().any(|range| range.contains(number))))
    }

    fn time(&self, from: Option<Micros>, to: Option<Micros>) -> Option<bool> {
        let within = |at: Micros| from.is_none_or(|from| from <= at) && to.is_none_or(|to| at < to);
        Some(self.started_at.as_deref().map(micros).is_some_and(within))
    }

    fn state(&self, state: RequestState) -> Option<bool> {
        Some(match state {
            RequestState::Failed => self.outcome == "failed",
            RequestState::Truncated => self.truncated,
            RequestState::Open | RequestState::Resolved => {
                self.state.as_deref() == Some(state.word())
            }
        })
    }
}

pub(crate) fn table() -> (GrammarTable, Micros) {
    let table: GrammarTable = serde_json::from_str(TABLE).unwrap();
    let now = micros(&table.now);
    (table, now)
}

#[test]
fn the_table_of_queries_holds() {
    let (table, now) = table();
    for TableQuery { query, rows } in &table.matches {
        let parsed = Query::parse(query, now, &Zone::default())
            .unwrap_or_else(|error| panic!("{query}: {error}"));
        let found: Vec<u32> = table
            .rows
            .iter()
            .filter(|row| parsed.matches(*row).expect("a row of the table is known"))
            .map(|row| row.id)
            .collect();
        assert_eq!(&found, rows, "{query}");
        let again = Query::parse(&parsed.to_string(), now, &Zone::default()).unwrap();
        assert_eq!(again.to_string(), parsed.to_string(), "{query}");
    }
}

#[test]
fn queries_that_mean_the_same_are_printed_the_same() {
    let (table, now) = table();
    for [query, printed] in &table.same {
        assert_eq!(
            &Query::parse(query, now, &Zone::default()).unwrap().to_string(),
            printed,
            "{query}"
        );
    }
}

#[test]
fn what_is_wrong_with_a_query_is_said_with_its_place() {
    let (table, now) = table();
    for TableError { query, error, span } in &table.errors {
        let found = Query::parse(query, now, &Zone::default()).expect_err(query);
        assert!(found.to_string().contains(error.as_str()), "{query}: {found}");
        assert_eq!([found.span.start, found.span.end], *span, "{query}: {found}");
    }
}

/// Texts with everything that means something in a query.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zA-Zşİ0-9]{1,6}",
        "[ -~ş\t]{1,8}",
        Just("OR".to_owned()),
        Just("NOT".to_owned()),
        Just("-x".to_owned()),
        Just("*".to_owned()),
        Just("status:x".to_owned()),
        Just(r#"a\"b\\"#.to_owned()),
        Just("/a/".to_owned()),
    ]
}

fn pattern(field: Option<TextField>) -> impl Strategy<Value = TextPattern> {
    let words = text().prop_map(move |text| TextPattern::text(&text, field).unwrap());
    let regexes = prop_oneof![Just("^a.*b$"), Just(r"\d+\/x"), Just("(a|b)c")]
        .prop_map(|text| TextPattern::regex(text).unwrap());
    prop_oneof![4 => words, 1 => regexes]
}

fn number_range() -> impl Strategy<Value = NumberRange> {
    let bounds = (0_u16..700, 0_u16..700, 0..6);
    bounds.prop_map(|(from, to, kind)| {
        let (from, to) = (f64::from(from), f64::from(to) / 2.0);
        let (from, to) = match kind {
            0 => (Bound::Included(from), Bound::Unbounded),
            1 => (Bound::Excluded(from), Bound::Unbounded),
            2 => (Bound::Unbounded, Bound::Included(to)),
            3 => (Bound::Unbounded, Bound::Excluded(to)),
            4 => (Bound::Included(from), Bound::Included(from)),
            _ => (Bound::Included(from), Bound::Included(to)),
        };
        NumberRange { from, to }
    })
}

fn condition() -> impl Strategy<Value = Condition> {
    let open: Vec<_> = TextField::ALL.iter().copied().filter(|f| f.closed().is_none()).collect();
    let in_field = proptest::sample::select(open).prop_flat_map(|field| {
        let some = proptest::collection::vec(
            prop_oneof![6 => pattern(Some(field)), 1 => Just(TextPattern::presence())],
            1..3,
        );
        some.prop_map(move |patterns| Condition::Text(field, patterns))
    });
    let number = (
        proptest::sample::select(NumberField::ALL),
        proptest::collection::vec(number_range(), 1..3),
    );
    let states = proptest::collection::vec(proptest::sample::select(RequestState::ALL), 1..3);
    let time = 1_500_000_000_000_000_i64..1_900_000_000_000_000;
    prop_oneof![
        3 => pattern(None).prop_map(Condition::Anywhere),
        4 => in_field,
        1 => number.prop_map(|(field, ranges)| Condition::Number(field, ranges)),
        1 => time.clone().prop_map(|at| Condition::Since(Micros(at))),
        1 => time.prop_map(|at| Condition::Until(Micros(at))),
        1 => states.prop_map(Condition::State),
    ]
}

fn expression() -> impl Strategy<Value = Expression> {
    let term = condition().prop_map(|condition| Expression::Term(Term { condition, span: 0..0 }));
    term.prop_recursive(4, 24, 4, |inner| {
        let parts = proptest::collection::vec(inner.clone(), 2..4);
        prop_oneof![
            parts.clone().prop_map(Expression::All),
            parts.prop_map(Expression::Any),
            inner.prop_map(|part| Expression::Not(Box::new(part))),
        ]
    })
}

/// The same tree without places.
fn unplaced(expression: Expression) -> Expression {
    match expression {
        Expression::All(parts) => Expression::All(parts.into_iter().map(unplaced).collect()),
        Expression::Any(parts) => Expression::Any(parts.into_iter().map(unplaced).collect()),
        Expression::Not(part) => Expression::Not(Box::new(unplaced(*part))),
        Expression::Term(term) => Expression::Term(Term { span: 0..0, ..term }),
    }
}

/// The meaning of the grammar once more, as simply as it can be said, for texts of ASCII.
fn naive(expression: &Expression, row: &TableRow) -> bool {
    let holds = |pattern: &TextPattern, text: &str, whole: bool, beginning: bool| {
        if pattern.is_presence() {
            return true;
        }
        let written = pattern.to_string();
        let wanted = written.trim_matches('"').to_owned();
        let any_case = wanted == wanted.to_lowercase();
        let text = if any_case { text.to_lowercase() } else { text.to_owned() };
        match (whole, beginning) {
            (true, _) => text == wanted,
            (_, true) => text.starts_with(&wanted),
            _ => text.contains(&wanted),
        }
    };
    let anywhere = ["key", "msg", "url", "req", "res"];
    match expression {
        Expression::All(parts) => parts.iter().all(|part| naive(part, row)),
        Expression::Any(parts) => parts.iter().any(|part| naive(part, row)),
        Expression::Not(part) => !naive(part, row),
        Expression::Term(Term { condition, .. }) => match condition {
            Condition::Anywhere(pattern) => TextField::ALL
                .iter()
                .filter(|field| anywhere.contains(&field.word()))
                .flat_map(|field| row.texts(*field))
                .any(|text| holds(pattern, text, false, false)),
            Condition::Text(field, patterns) => row.texts(*field).iter().any(|text| {
                let whole =
                    ["key", "sku", "order", "run", "method", "outcome", "class", "side", "code"];
                let whole = whole.contains(&field.word());
                patterns.iter().any(|p| holds(p, text, whole, *field == TextField::Group))
            }),
            Condition::Number(NumberField::Status, ranges) => row
                .status
                .is_some_and(|status| ranges.iter().any(|range| range.contains(status.into()))),
            Condition::Number(NumberField::Duration, ranges) => row
                .duration_ms
                .is_some_and(|duration| ranges.iter().any(|range| range.contains(duration))),
            Condition::Since(from) => {
                row.started_at.as_deref().is_some_and(|at| micros(at).0 >= from.0)
            }
            Condition::Until(to) => row.started_at.as_deref().is_some_and(|at| micros(at).0 < to.0),
            Condition::State(states) => states.iter().any(|state| match state {
                RequestState::Failed => row.outcome == "failed",
                RequestState::Truncated => row.truncated,
                RequestState::Open => row.state.as_deref() == Some("open"),
                RequestState::Resolved => row.state.as_deref() == Some("resolved"),
            }),
        },
    }
}

/// A query in which words are short, so that they match something.
pub(crate) fn matching_expression() -> impl Strategy<Value = Expression> {
    let word = |field| "[abAB]{1,2}".prop_map(move |text| TextPattern::text(&text, field).unwrap());
    let in_field = proptest::sample::select(TextField::ALL).prop_flat_map(move |field| {
        let patterns = proptest::collection::vec(
            prop_oneof![4 => word(Some(field)), 1 => Just(TextPattern::presence())],
            1..3,
        );
        patterns.prop_map(move |patterns| Condition::Text(field, patterns))
    });
    let other = condition().prop_filter("texts are made above", |condition| {
        !matches!(condition, Condition::Text(..) | Condition::Anywhere(_))
    });
    let condition =
        prop_oneof![2 => word(None).prop_map(Condition::Anywhere), 4 => in_field, 3 => other];
    let term = condition.prop_map(|condition| Expression::Term(Term { condition, span: 0..0 }));
    term.prop_recursive(3, 12, 3, |inner| {
        let parts = proptest::collection::vec(inner.clone(), 2..4);
        prop_oneof![
            parts.clone().prop_map(Expression::All),
            parts.prop_map(Expression::Any),
            inner.prop_map(|part| Expression::Not(Box::new(part))),
        ]
    })
}

pub(crate) fn row() -> impl Strategy<Value = TableRow> {
    let some = || proptest::option::of("[abAB]{0,3}");
    let names = (some(), some(), some(), some(), some(), some(), some());
    let facts = (
        proptest::option::of(0..700_i32),
        proptest::option::of(0.0..350.0_f64),
        proptest::bool::ANY,
        proptest::sample::select(vec!["success", "failed", "unknown"]),
        proptest::sample::select(vec![None, Some("open"), Some("resolved")]),
        proptest::option::of(proptest::sample::select(vec!["2018-01-02", "2026-10-24T02:00:00Z"])),
    );
    let error = (some(), some(), "[abAB]{0,3}", "[abAB]{0,3}");
    let errors = proptest::collection::vec(error, 0..3);
    (names, facts, errors).prop_map(|(names, facts, errors)| {
        let (key, flow, url, req, res, step, method) = names;
        let (status, duration_ms, truncated, outcome, state, at) = facts;
        let errors = errors.into_iter().map(|(key, field, msg, group)| TableRowError {
            key_kind: key.as_ref().map(|_| "order".to_owned()),
            key,
            field,
            msg,
            group,
            ..TableRowError::default()
        });
        TableRow {
            key_kind: key.as_ref().map(|_| "sku".to_owned()),
            key,
            flow,
            url,
            req,
            res,
            step,
            method,
            status,
            duration_ms,
            truncated,
            outcome: outcome.to_owned(),
            state: state.map(str::to_owned),
            started_at: at.map(str::to_owned),
            errors: errors.collect(),
            ..TableRow::default()
        }
    })
}

/// A row of which some texts are not known.
struct HalfRead<'r> {
    row: &'r TableRow,
    unread: &'r [TextField],
}

impl SearchedRow for HalfRead<'_> {
    fn text(&self, field: TextField, patterns: &[TextPattern]) -> Option<bool> {
        if self.unread.contains(&field) { None } else { self.row.text(field, patterns) }
    }

    fn number(&self, field: NumberField, ranges: &[NumberRange]) -> Option<bool> {
        self.row.number(field, ranges)
    }

    fn time(&self, from: Option<Micros>, to: Option<Micros>) -> Option<bool> {
        self.row.time(from, to)
    }

    fn state(&self, state: RequestState) -> Option<bool> {
        self.row.state(state)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_printed_tree_is_read_as_the_same_tree(root in expression()) {
        let printed = root.to_string();
        let parsed = Query::parse(&printed, Micros(0), &Zone::default());
        let parsed = parsed.unwrap_or_else(|error| panic!("{printed}: {error}"));
        prop_assert_eq!(parsed.root.map(unplaced), Some(root), "{}", printed);
    }

    #[test]
    fn any_text_is_read_or_refused_at_a_place_in_it(text in "[ -~ş]{0,40}") {
        if let Err(error) = Query::parse(&text, Micros(0), &Zone::default()) {
            prop_assert!(text.get(error.span.clone()).is_some(), "{:?} {}", error, text);
        }
    }

    #[test]
    fn the_simple_evaluation_agrees(root in matching_expression(), row in row()) {
        let expected = naive(&root, &row);
        let query = Query { root: Some(root) };
        prop_assert_eq!(query.matches(&row), Some(expected), "{}", query);
    }

    #[test]
    fn an_answer_to_half_of_a_row_is_that_to_all_of_it(
        root in matching_expression(),
        row in row(),
        unread in proptest::sample::subsequence(TextField::ALL, 0..8),
    ) {
        let query = Query { root: Some(root) };
        if let Some(answer) = query.matches(&HalfRead { row: &row, unread: &unread }) {
            prop_assert_eq!(query.matches(&row), Some(answer), "{}", query);
        }
    }
}
