//! What answers say: whether the call failed, and what a person would quote, in the shapes of many systems.
//!
//! One case each: what it is, the answer, and what is to come out: `ok`, or the errors as
//! `code | field | key | message`, with `-` for none. The call was a POST that was answered with 200.
//! Who meets a system that is told wrongly adds a case here.

mod good;
mod laws;
mod more;
mod rows;
mod texts;
mod xml;

use std::fmt::Write as _;

use model::exchange::Outcome;
use model::extract::Extractor;
use serde_json::{Value, json};

/// What the program says of a record, in the form of the table.
fn told(record: &Value) -> String {
    let text = record.to_string();
    let mut told = String::new();
    Extractor::default().extract(&text, true, &mut |x| {
        let key =
            |key: Option<model::exchange::Key<'_>>| key.map_or("-", |key| key.value).to_owned();
        told = match x.outcome {
            Outcome::Success => "ok".to_owned(),
            Outcome::Unknown => "unknown".to_owned(),
            Outcome::Failed => x
                .errors
                .iter()
                .map(|e| {
                    format!(
                        "{} | {} | {} | {}",
                        e.code.unwrap_or("-"),
                        e.field.unwrap_or("-"),
                        key(e.key),
                        e.message
                    )
                })
                .collect::<Vec<_>>()
                .join("\n"),
        };
    });
    told
}

fn answered(method: &str, url: &str, body: &str) -> Value {
    json!([{
        "id": 1, "created": "2026-03-01T10:00:00Z", "method": method, "url": url,
        "request_body": {"note": "x"}, "status_code": 200, "response_body": body,
    }])
}

fn check(cases: &[(&str, &str, &str)]) {
    let mut wrong = String::new();
    for (what, body, expected) in cases {
        let told = told(&answered("POST", "https://erp.example.com/api/v1/items", body));
        let expected = expected.lines().map(str::trim).collect::<Vec<_>>().join("\n");
        if told != expected {
            write!(wrong, "\n== {what}\n{body}\nexpected\n{expected}\ntold\n{told}\n")
                .expect("room");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
