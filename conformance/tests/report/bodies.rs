//! `--bodies` says for which exchanges the bodies are kept; nothing else depends on it.

use pipeline::run::Options;
use pipeline::worker::KeepBodies;

use crate::kit::{Report, dump, every_format};

const BODY_COLUMNS: [&str; 2] = ["request_body", "response_body"];

#[test]
fn bodies_are_kept_for_all_for_the_failed_or_for_none() {
    let of = |bodies| {
        let options = Options { bodies, ..Options::default() };
        Report::written(&[&dump()], &options, every_format())
    };
    let all = of(KeepBodies::All);
    let whole = all.table("exchanges");
    for (kept, of_failed) in [(KeepBodies::Failed, true), (KeepBodies::None, false)] {
        let report = of(kept);
        let exchanges = report.table("exchanges");
        assert_eq!(exchanges.rows(), whole.rows());
        for row in 0..whole.rows() {
            let failed = whole.text(row, "outcome") == Some("failed");
            for name in BODY_COLUMNS {
                let expected = whole.text(row, name).filter(|_| failed && of_failed);
                assert_eq!(exchanges.text(row, name), expected, "{kept:?}, {name}, row {row}");
            }
        }
        // Whatever is not a body is the same.
        let without = |table: &crate::kit::Table| table.0.drop_many(BODY_COLUMNS);
        assert!(without(&exchanges).equals_missing(&without(&whole)), "{kept:?}");
        let others = |report: &Report| -> Vec<_> {
            let files = report.bytes().into_iter();
            files.filter(|(name, _)| !name.starts_with("exchanges.")).collect()
        };
        assert!(others(&report) == others(&all), "{kept:?}");
    }
}

#[test]
fn a_body_has_a_digest_and_equal_bodies_have_equal_ones() {
    let exchanges = Report::of_dump().table("exchanges");
    let mut digests = std::collections::HashMap::new();
    for row in 0..exchanges.rows() {
        for side in ["request", "response"] {
            let body = exchanges.text(row, &format!("{side}_body"));
            let digest = exchanges.text(row, &format!("{side}_digest"));
            assert_eq!(body.is_some(), digest.is_some(), "row {row}");
            if let (Some(body), Some(digest)) = (body, digest) {
                assert_eq!(digest.len(), 32);
                let known = digests.entry(digest.to_owned()).or_insert_with(|| body.to_owned());
                assert_eq!(known, body, "two bodies with one digest");
            }
        }
    }
    let distinct: std::collections::HashSet<_> = digests.values().collect();
    assert_eq!(distinct.len(), digests.len(), "one body with two digests");
}
