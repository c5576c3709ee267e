//! What holds for any text.

use proptest::prelude::*;
use redact::{Key, Level, Redactor};
use serde_json::Value;

/// Pieces of all grammars, so that their joints are met too.
fn piece() -> impl Strategy<Value = String> {
    let fixed = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        "(",
        ")",
        "<",
        ">",
        "</",
        "/>",
        "\"",
        "'",
        "\\\"",
        "\\",
        "\\n",
        "\\u015f",
        "&quot;",
        "&",
        "&amp;",
        ":",
        "=",
        "=>",
        ",",
        ";",
        " ",
        "\n",
        "\r\n",
        "%",
        "%22",
        "%7B",
        "+",
        "/",
        "://",
        "@",
        "-",
        "--",
        "_",
        "|",
        ". ",
        "password",
        "token",
        "email",
        "phone",
        "name",
        "city",
        "line",
        "Cookie: ",
        "Authorization: ",
        "Bearer ",
        "Basic ",
        "value",
        "key",
        "sku",
        "order_number",
        "id",
        "<password>",
        "</password>",
        "<![CDATA[",
        "]]>",
        "<!--",
        "-->",
        "<a b=\"",
        "\"password\":\"",
        "'token': ",
        "password=",
        "&email=",
        "https://",
        "user:pass@host",
        "ali@example.com",
        "+90 532 123 45 67",
        "05321234567",
        "(532) 123 45 67",
        "TR330006100519786457841326",
        "4111111111111111",
        "10000000146",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
        "sk_live_4eC39HqLyjWDarjtT1zdp7dc",
        "-----BEGIN PRIVATE KEY-----",
        "-----END PRIVATE KEY-----",
        "/(S(abc))/",
        "[redacted]",
        "redacted",
        "email_abcdefghijkl",
        "null",
        "1234",
        "Şule",
        "--X\r\nContent-Disposition: form-data; name=\"pin\"\r\n\r\n",
        "ğ",
        "😀",
        "\u{feff}",
    ])
    .prop_map(str::to_owned);
    prop_oneof![8 => fixed, 1 => "[a-zA-Z0-9]{1,12}", 1 => "\\PC{0,3}"]
}

fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(piece(), 0..24).prop_map(|pieces| pieces.concat())
}

/// A document whose names and values are those of the catalogues.
fn document() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        text().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        Just(Value::from(4_111_111_111_111_111_u64)),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((piece(), inner.clone()), 0..5)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            inner.prop_map(|inner| Value::from(inner.to_string())),
        ]
    })
}

fn masked(level: Level, text: &str) -> String {
    let redactor = Redactor::new(level, &Key::new([3; 32]));
    let mut scope = redactor.scope();
    scope.text("text", text).into_cow().into_owned()
}

/// The same document with all masked strings as one word: what may differ.
fn shape(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(shape).collect(),
        Value::Object(fields) => Value::from(fields.len()),
        Value::String(_) | Value::Number(_) => Value::from(""),
        other => other.clone(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_masked_and_a_second_pass_changes_nothing(text in text()) {
        for level in [Level::Secrets, Level::Personal] {
            let once = masked(level, &text);
            prop_assert_eq!(&masked(level, &once), &once, "of {}", text);
        }
    }

    // A debug build walks a long text also when its first pass found nothing, and refuses a secret that is there.
    #[test]
    fn no_secret_of_a_long_text_is_passed_over(text in text(), blank in "[ \n]{64}") {
        masked(Level::Secrets, &(blank + &text));
    }

    #[test]
    fn a_document_stays_a_document_of_the_same_shape(document in document()) {
        // A number alone is a text like any other.
        prop_assume!(!document.is_number());
        let text = document.to_string();
        let once = masked(Level::Personal, &text);
        let parsed = serde_json::from_str::<Value>(&once);
        prop_assert!(parsed.is_ok(), "{}\n{}", text, once);
        prop_assert_eq!(shape(&parsed.unwrap_or_default()), shape(&document), "{}\n{}", text, once);
        prop_assert_eq!(&masked(Level::Personal, &once), &once, "of {}", text);
    }

    #[test]
    fn an_exchange_is_masked_in_any_order_and_what_is_learned_twice_changes_nothing(texts in prop::collection::vec(text(), 1..5)) {
        let redactor = Redactor::new(Level::Personal, &Key::new([3; 32]));
        let mut forward = redactor.scope();
        let mut backward = redactor.scope();
        for text in &texts {
            forward.learn(text);
        }
        for text in texts.iter().rev().chain(&texts) {
            backward.learn(text);
        }
        for text in &texts {
            prop_assert_eq!(forward.text("t", text), backward.text("t", text));
        }
    }
}
