//! Values of known kinds, planted in all carriers: none may be left, and nothing else may change.

use corpus::Random;
use corpus::planted::{in_text, is_left, named};
use redact::{Key, Level, Redactor};

#[test]
fn no_value_is_left_under_its_name() {
    let redactor = Redactor::new(Level::Personal, &Key::new([9; 32]));
    let mut random = Random::new(20_261);
    let mut failures = Vec::new();
    for n in 0..10_400 {
        let planted = named(n, &mut random);
        let (carrier, text) = (planted.carrier, planted.text.as_str());
        let mut scope = redactor.scope();
        scope.learn(text);
        let masked = scope.text("t", text);
        let masked = masked.as_str();
        if is_left(text, masked, &planted.value) {
            failures.push(format!("left: {planted:?}\n  {masked}"));
        }
        for kept in &planted.kept {
            if text.contains(kept) && !masked.contains(kept) {
                failures.push(format!("changed in {carrier}: {kept}\n  {text}\n  {masked}"));
            }
        }
        let mut again = redactor.scope();
        if again.text("t", masked).as_str() != masked {
            failures.push(format!(
                "second pass in {carrier}:\n  {masked}\n  {}",
                again.text("t", masked)
            ));
        }
        let is_json = |text: &str| serde_json::from_str::<serde_json::Value>(text).is_ok();
        if is_json(text) && !is_json(masked) {
            failures.push(format!("no JSON any more in {carrier}:\n  {text}\n  {masked}"));
        }
    }
    assert!(
        failures.is_empty(),
        "{} failures\n{}",
        failures.len(),
        failures[..failures.len().min(12)].join("\n")
    );
}

#[test]
fn few_values_are_left_in_free_text() {
    let redactor = Redactor::new(Level::Personal, &Key::new([9; 32]));
    let mut random = Random::new(4);
    let mut left = Vec::new();
    let all = 10_000;
    for n in 0..all {
        let planted = in_text(n, &mut random);
        let masked = redactor.scope().text("t", &planted.text).as_str().to_owned();
        if is_left(&planted.text, &masked, &planted.value) {
            left.push(format!("{planted:?} -> {masked:?}"));
        }
    }
    assert!(
        left.len() * 1000 <= all * 5,
        "{} of {all} left\n{}",
        left.len(),
        left[..left.len().min(30)].join("\n")
    );
}
