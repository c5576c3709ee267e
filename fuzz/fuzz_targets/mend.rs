//! Any text as JSON in another notation: what is given is JSON, and JSON stays as it is.
#![no_main]

use libfuzzer_sys::fuzz_target;
use model::json::Value;
use model::mend::{may_be_json, mend};

/// Levels and bytes that are followed.
const LEVELS: usize = 64;
const MOST: usize = 1 << 20;

fuzz_target!(|text: &str| {
    let _may = may_be_json(text);
    let sound = Value::of(text).is_some();
    let Some(mended) = mend(text, 0, LEVELS, MOST) else { return };
    assert!(mended.end <= text.len() && text.is_char_boundary(mended.end));
    assert!(Value::of(&mended.json).is_some(), "{}", mended.json);
    assert!(mended.repairs.first().is_none_or(|first| first < text.len()));
    assert_eq!(mended.repairs.is_empty(), mended.json == text[..mended.end], "{}", mended.json);
    assert!(!sound || mended.repairs.is_empty(), "{}", mended.repairs);
    let again = mend(&mended.json, 0, LEVELS, 8 * MOST).expect("JSON is read");
    assert_eq!(again.json.trim_end(), mended.json.trim_end());
    assert!(again.repairs.is_empty());
});
