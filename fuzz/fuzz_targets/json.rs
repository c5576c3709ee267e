//! Any text as JSON: our cursor and `serde_json` accept the same texts and read the same values, except for `NaN` and
//! `Infinity`, which only ours accepts.
#![no_main]

use libfuzzer_sys::fuzz_target;
use model::json::{Type, Value, push_escaped, unescape};

fn same(ours: Value<'_>, theirs: &serde_json::Value) {
    use serde_json::Value as Theirs;
    match theirs {
        Theirs::Null => assert_eq!(ours.ty, Type::Null),
        Theirs::Bool(flag) => assert_eq!(ours.raw == "true", *flag),
        Theirs::Number(_) => assert_eq!(ours.ty, Type::Number),
        Theirs::String(text) => {
            let mut own = String::new();
            unescape(ours.inner(), &mut own);
            assert_eq!(own, *text);
            own.clear();
            push_escaped(text, &mut own);
            let mut back = String::new();
            unescape(&own, &mut back);
            assert_eq!(back, *text);
        }
        Theirs::Array(list) => {
            let mut n = 0;
            ours.elements(|element| {
                same(element, &list[n]);
                n += 1;
                true
            });
            assert_eq!(n, list.len());
        }
        Theirs::Object(map) => {
            // The last of equal keys wins there; all are given here.
            let mut last = std::collections::HashMap::new();
            ours.members(|key, value| {
                let mut name = String::new();
                unescape(key, &mut name);
                last.insert(name, value);
                true
            });
            assert_eq!(last.len(), map.len());
            for (key, value) in map {
                same(last[key], value);
            }
        }
    }
}

fuzz_target!(|text: &str| {
    let ours = Value::of(text);
    if let Ok(theirs) = serde_json::from_str::<serde_json::Value>(text) {
        same(ours.expect("serde_json reads it"), &theirs);
    }
    if ours.is_some() && !text.contains("NaN") && !text.contains("Infinity") {
        assert!(serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok(), "only we read it");
    }
    if let Some(value) = ours {
        // The text of a value is a value by itself.
        assert!(Value::of(value.raw).is_some());
    }
});
