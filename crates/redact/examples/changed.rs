//! Prints each piece that is masked in files, to look for false hits.
//!
//! `cargo run -p redact --example changed -- secrets|personal FILE...`
//!
//! A line that is a JSON object is an exchange: its strings are its texts, by name. Any other file is one text.
//! A line of output has the rule, the name of the text, the piece with what stands before it, and what it became.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for people")]

use std::process::ExitCode;

use redact::{Counts, Key, Level, Redactor};
use serde_json::Value;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let level = match arguments.next().as_deref() {
        Some("secrets") => Level::Secrets,
        Some("personal") => Level::Personal,
        _ => {
            eprintln!("usage: changed secrets|personal FILE...");
            return ExitCode::from(2);
        }
    };
    let redactor = Redactor::new(level, &Key::new([1; 32]));
    let mut counts = Counts::default();
    let (mut bytes, mut elapsed) = (0, std::time::Duration::ZERO);
    for path in arguments {
        let text = match std::fs::read(&path) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) => {
                eprintln!("{path}: {error}");
                return ExitCode::FAILURE;
            }
        };
        let exchanges: Vec<Vec<(String, String)>> =
            text.lines().map_while(|line| serde_json::from_str(line).ok().map(texts)).collect();
        let exchanges = if exchanges.len() == text.lines().count() {
            exchanges
        } else {
            vec![vec![("text".to_owned(), text)]]
        };
        let mut scope = redactor.scope();
        for texts in &exchanges {
            scope.begin();
            let began = std::time::Instant::now();
            for (name, text) in texts {
                scope.learn_value(name, text);
            }
            let masked: Vec<_> =
                texts.iter().map(|(name, text)| scope.value("text", name, text)).collect();
            elapsed += began.elapsed();
            for ((name, text), masked) in texts.iter().zip(&masked) {
                bytes += text.len();
                if masked.as_str() != text {
                    show(name, text, masked.as_str());
                }
            }
        }
        counts.merge(scope.counts());
    }
    for (_, rule, count) in counts.iter() {
        eprintln!("{count:>8} {}", rule.name());
    }
    eprintln!("{bytes} bytes, {:.1} MB/s", bytes as f64 / elapsed.as_secs_f64() / 1e6);
    ExitCode::SUCCESS
}

/// The strings of an exchange, with their names; headers one by one.
fn texts(exchange: Value) -> Vec<(String, String)> {
    let mut texts = Vec::new();
    let Value::Object(fields) = exchange else { return texts };
    for (name, value) in fields {
        match value {
            Value::String(text) => texts.push((name, text)),
            Value::Object(fields) => texts.extend(
                fields
                    .into_iter()
                    .filter_map(|(name, value)| Some((name, value.as_str()?.to_owned()))),
            ),
            _ => {}
        }
    }
    texts
}

/// Prints what differs between a text and its masked form.
fn show(name: &str, text: &str, masked: &str) {
    let (mut old, mut new) = (text, masked);
    while let Some(at) = old.bytes().zip(new.bytes()).position(|(old, new)| old != new) {
        // Back to the beginning of what was written, which may begin as the piece did.
        let start = new[..new.floor_char_boundary(at)]
            .rfind(|char: char| !char.is_ascii_alphanumeric() && char != '_')
            .map_or(0, |n| n + 1);
        let start = if old.is_char_boundary(start) { start } else { old.floor_char_boundary(at) };
        let length = new[start..]
            .find(|char: char| !char.is_ascii_alphanumeric() && !matches!(char, '_' | '[' | ']'))
            .unwrap_or(new.len() - start);
        let mask = &new[start..start + length];
        let after: String = new[start + length..].chars().take(8).collect();
        let end = old[start..].find(&after).map_or(old.len(), |n| start + n);
        let before: String =
            old[..start].chars().rev().take(40).collect::<Vec<_>>().into_iter().rev().collect();
        println!("{mask:30} {name}\t{:?}\t{:?}", before, &old[start..end.max(start)]);
        old = &old[end..];
        new = &new[start + length..];
    }
}
