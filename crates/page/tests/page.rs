//! Pages of reports that are made here.

#![allow(clippy::unwrap_used, reason = "a test fails where it panics")]

mod reports;

use std::io::Read as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use page::{PageContents, PageOptions};
use redact::Redactor;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tables::Stored;

fn page(report: &Path, max_bytes: usize) -> (String, PageContents) {
    let mut out = Vec::new();
    let options = PageOptions {
        name: "my report".to_owned(),
        max_bytes,
        redactor: Redactor::none(),
        banner: None,
    };
    let contents = page::write(&Stored::open(report).unwrap(), &options, &mut out).unwrap();
    (String::from_utf8(out).unwrap(), contents)
}

fn between<'t>(text: &'t str, from: &str, to: &str) -> &'t str {
    let (_, rest) = text.split_once(from).unwrap_or_else(|| panic!("no {from}"));
    rest.split_once(to).unwrap_or_else(|| panic!("no {to}")).0
}

fn data(page: &str, id: &str) -> Value {
    let base64 = between(page, &format!("<template id=\"{id}\">"), "</template>");
    let packed = STANDARD.decode(base64).unwrap();
    let mut text = String::new();
    flate2::read::GzDecoder::new(&packed[..]).read_to_string(&mut text).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn made(make: impl FnOnce(&Path)) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    make(&folder.path().join("report"));
    folder
}

#[test]
fn the_policy_lets_its_own_style_and_script_run_and_nothing_else() {
    let folder = made(reports::hostile);
    let (page, _) = page(&folder.path().join("report"), 1 << 24);
    let policy = between(&page, "Content-Security-Policy\" content=\"", "\"");
    let hash = |from: &str, to: &str| {
        format!("'sha256-{}'", STANDARD.encode(Sha256::digest(between(&page, from, to))))
    };
    assert!(policy.contains("default-src 'none'"), "{policy}");
    assert!(policy.contains(&format!("style-src {};", hash("<style>", "</style>"))), "{policy}");
    assert!(policy.contains(&format!("script-src {};", hash("<script>", "</script>"))), "{policy}");
    for none in [" style=", " onclick=", "src=\"", "http-equiv=\"refresh"] {
        assert!(!page.contains(none), "{none}");
    }
}

#[test]
fn what_a_log_says_is_text() {
    let folder = made(reports::hostile);
    let (page, contents) = page(&folder.path().join("report"), 1 << 24);
    assert_eq!((contents.requests, contents.bodies, contents.all_bodies), (9, 18, 18));
    assert_eq!(page.matches("<script>").count(), 1);
    assert_eq!(page.matches("</script>").count(), 1);
    assert!(!page.contains("<img") && !page.contains("<u>") && !page.contains("<i>"));
    assert!(page.contains("&lt;script&gt;document.title"));
    for acting in ['\u{202e}', '\u{2028}', '\u{1b}', '\0'] {
        assert!(!page.contains(acting), "{acting:?}");
    }
    // The data have the texts as they are.
    let bodies = data(&page, "data-bodies-0");
    let has = |text: &str| bodies["text"].as_array().unwrap().iter().any(|body| body == text);
    assert!(reports::HOSTILE.into_iter().all(has), "{bodies}");
    // Of a long body the beginning is there, and its length.
    let longest = bodies["bytes"].as_array().unwrap().iter().filter_map(Value::as_u64).max();
    assert!(longest > Some(1 << 20), "{longest:?}");
    assert!(page.len() < 400 << 10, "{}", page.len());
}

#[test]
fn a_report_of_nothing_has_a_small_page() {
    let folder = made(reports::empty);
    let (page, contents) = page(&folder.path().join("report"), 1 << 24);
    assert!(page.len() <= 150_000, "{}", page.len());
    assert_eq!(contents, PageContents { bytes: page.len(), ..PageContents::default() });
    assert!(page.contains("No request has an error."));
}

#[test]
fn bodies_are_left_out_where_the_page_would_be_too_large() {
    let folder = made(|dir| reports::many(dir, 4_000));
    let report = folder.path().join("report");
    let (whole, all) = page(&report, 1 << 24);
    let most = whole.len() - 10_000;
    let (smaller, some) = page(&report, most);
    assert!(smaller.len() <= most, "{} {most}", smaller.len());
    assert_eq!((all.bodies, all.all_bodies, all.requests), (8_000, 8_000, 4_000));
    assert!(some.bodies < 8_000 && some.all_bodies == 8_000 && some.requests == 4_000, "{some:?}");
    assert_eq!(data(&smaller, "data-contents")["bodies"], some.bodies);
    let counts = data(&smaller, "data-counts");
    // Then requests are left out.
    let (_, few) = page(&report, 200_000);
    assert!(few.requests < 4_000 && few.requests >= 100 && few.bodies == 0, "{few:?}");
    // All requests are counted, whatever is left out.
    let cells = counts["cells"]["count"].as_array().unwrap();
    assert_eq!(cells.iter().filter_map(Value::as_u64).sum::<u64>(), 4_000);
}

#[test]
fn the_grammar_of_the_page_is_that_of_search() {
    let test = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/grammar.mjs");
    match std::process::Command::new("node").args(["--test", test]).output() {
        Ok(done) => {
            assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stdout));
        }
        Err(error) => eprintln!("left out: node cannot be run ({error})"),
    }
}
