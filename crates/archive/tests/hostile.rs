//! The corpus of hostile and odd inputs, when it is there: archives of other projects' tests, fuzz
//! findings, bombs, cut and mangled texts, each with what a reader should make of it.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use archive::{Decoded, Decoder, Form, Leaf, Limits};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// What one input may take. The bombs are made to take hours.
const PATIENCE: Duration = Duration::from_secs(10);

struct Seen {
    member: Option<String>,
    layers: String,
    bytes: u64,
    /// None for a leaf whose bytes are not its text.
    digest: Option<String>,
    form: Form,
    whole: bool,
}

fn seen(leaf: Leaf<'_>) -> Seen {
    // A byte order mark is not part of the text; digests of such files cannot be compared.
    let comparable = !leaf.reencoded && leaf.text.len() as u64 == leaf.bytes;
    let hex = |digit: u8| char::from_digit(u32::from(digit), 16);
    let digest = || {
        let digest = Sha256::digest(leaf.text);
        digest.iter().flat_map(|byte| [byte >> 4, byte & 15]).filter_map(hex).collect()
    };
    Seen {
        member: leaf.member.map(str::to_owned),
        layers: leaf.layers.to_owned(),
        bytes: leaf.bytes,
        digest: comparable.then(digest),
        form: leaf.form,
        whole: leaf.whole,
    }
}

/// Whether `leaves` hold the bytes of `entry`, as a leaf or taken apart further.
fn holds(leaves: &[Seen], entry: &Value) -> bool {
    let name = entry["name"].as_str().unwrap_or_default();
    leaves.iter().any(|leaf| {
        let inner = leaf.layers.rsplit_once("zip>").is_some()
            && leaf.member.as_deref().is_some_and(|member| member.starts_with(name));
        let same = leaf.whole
            && Some(leaf.bytes) == entry["size"].as_u64()
            && leaf.digest.as_deref().is_none_or(|digest| Some(digest) == entry["sha256"].as_str());
        inner || same
    })
}

fn is_folder(entry: &Value) -> bool {
    entry["name"].as_str().is_some_and(|name| name.ends_with('/'))
}

/// A verdict for the table, and what is wrong with it.
fn judge(row: &Value, leaves: &[Seen], decoded: &Decoded) -> (&'static str, Option<String>) {
    let entries = row["entries"].as_array().map_or(&[][..], Vec::as_slice);
    let wanted: Vec<&Value> = entries
        .iter()
        .filter(|entry| {
            !is_folder(entry) && (row["layer"] != "input" || entry["name"] == row["json"])
        })
        .collect();
    // The rows speak of the outer archive; what is inside goes on until a limit ends it.
    let nested = row["kind"] == "nested"
        && decoded.problems.iter().any(|p| matches!(p.kind.name(), "too_deep" | "too_large"));
    let complete = nested || wanted.iter().all(|entry| holds(leaves, entry));
    let json = leaves.iter().any(|leaf| leaf.whole && leaf.form == Form::Json);
    match (row["expect"].as_str().unwrap_or_default(), decoded.problems.is_empty()) {
        ("decode", true) if complete => ("decoded", None),
        ("decode", false) if complete => ("decoded, with problems", None),
        ("decode", _) => ("NOT DECODED", Some("an entry is missing".to_owned())),
        ("refuse", false) => ("refused", None),
        ("refuse", true) if json => ("left to the JSON stage", None),
        ("refuse", true) => ("no JSON in it", None),
        (_, true) if complete && !wanted.is_empty() => ("either: decoded", None),
        (_, true) if leaves.is_empty() => ("either: empty", None),
        (_, true) => ("either: other leaves", None),
        (_, false) if complete && !wanted.is_empty() => ("either: decoded, with problems", None),
        (_, false) => ("either: refused", None),
    }
}

#[test]
fn every_input_of_the_corpus_is_decoded_or_refused_as_it_should() {
    let corpus = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/hostile");
    let Ok(manifest) = fs::read(corpus.join("manifest.json")) else {
        println!("skipped: there is no corpus at ../shared/data/hostile");
        return;
    };
    let manifest: Value = serde_json::from_slice(&manifest).expect("the manifest is JSON");
    let mut decoder = Decoder::new(Limits::default());
    let mut table: BTreeMap<(String, &str), u32> = BTreeMap::new();
    let mut failures = Vec::new();
    for row in manifest.as_array().expect("the manifest is a list") {
        let layer = row["layer"].as_str().unwrap_or_default();
        if layer == "vectors" {
            continue;
        }
        let file = row["file"].as_str().unwrap_or_default();
        let data = fs::read(corpus.join(file)).expect("the corpus is complete");
        let start = Instant::now();
        let mut leaves = Vec::new();
        let decoded = decoder.decode(&data, &mut |leaf| leaves.push(seen(leaf)));
        let elapsed = start.elapsed();
        decoder.peek(&data, 4096, &mut |text| assert!(text.len() <= 4096));
        let (verdict, wrong) = judge(row, &leaves, &decoded);
        if std::env::var_os("CORPUS_ROWS").is_some() {
            println!("{}\t{verdict}\t{}\t{file}\t{elapsed:?}", row["expect"], row["kind"]);
            for problem in &decoded.problems {
                println!("\t{} {problem}", problem.kind.name());
            }
        }
        *table.entry((layer.to_owned(), verdict)).or_default() += 1;
        if let Some(wrong) = wrong {
            failures.push(format!("{file}: {wrong}: {:?}", decoded.problems));
        }
        if elapsed > PATIENCE {
            failures.push(format!("{file}: took {elapsed:?}"));
        }
        for problem in &decoded.problems {
            assert!(problem.message.len() < 400 && !problem.message.contains('\n'), "{file}");
        }
    }
    for ((layer, verdict), count) in &table {
        println!("{layer:6} {count:5} {verdict}");
    }
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
}
