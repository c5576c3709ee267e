//! Counts that are stored and read back are those that were stored.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use proptest::prelude::*;
use tables::{Folder, Format, Formats, Metadata, Sink, Stored};

use super::laws::any_cases;
use super::*;
use crate::outcome::{FileFacts, FileOutcome};
use crate::state::StateTables;

/// The counts of some exchanges. Files are numbered in the order of `files`, which are places in [`FILES`].
fn counts(cases: &[Case], files: &[u32]) -> (Accumulator, MaskedMessages) {
    let (mut accumulator, mut messages) = (Accumulator::default(), MaskedMessages::default());
    for case in cases {
        let file = files.iter().position(|file| *file == case.place.0).expect("a file of these");
        let place = (file as u32, case.place.1);
        add(&mut accumulator, &mut messages, &Case { place, ..case.clone() });
        if case.status.is_none() {
            accumulator.file_linked(case.log, case.run, case.flow);
        }
    }
    (accumulator, messages)
}

/// Writes the tables and the state that hold the counts.
fn write(out: &Path, accumulator: &Accumulator, messages: MaskedMessages, files: &[u32]) {
    let names: Vec<&str> = files.iter().map(|file| FILES[*file as usize]).collect();
    let formats = Formats::new([Format::Parquet]);
    let metadata = Metadata { rules_version: 0, redaction: "none" };
    let mut folder = Folder::create(out, false, formats, &metadata).expect("a folder");
    let encoder = folder.encoder();
    let mut state = StateTables::default();
    for name in &names {
        state.file(name, &FileFacts::bare(FileOutcome::Decoded, 0, None, Vec::new()));
    }
    let message_texts = messages.iter().map(|(id, text)| (id, text.to_owned())).collect();
    let (groups, listing) = (messages.finish(), Listing::default());
    state.messages(accumulator, &message_texts, &groups, &names);
    let mut scope = Redactor::none().scope();
    let mut redaction = TextRedaction::new(&mut scope, RedactionCounts::new());
    let texts = accumulator.texts(&mut redaction, &groups, &listing);
    state.shapes(accumulator, &texts);
    let small = accumulator.finish(&groups, &listing, &names, &texts);
    let parts = [
        state.encode(&encoder).expect("rows"),
        small.encode(&encoder).expect("rows"),
        accumulator.store(&small, &encoder).expect("rows"),
    ];
    for part in parts.into_iter().flatten() {
        folder.append(part).expect("a table of a report");
    }
    let summary = format!(r#"{{"schema_version": {}}}"#, tables::SCHEMA_VERSION);
    folder.finish(&summary).expect("a report");
}

/// The bytes of all tables.
fn bytes(report: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    for folder in [report.to_owned(), report.join("state")] {
        for file in fs::read_dir(folder).expect("a folder") {
            let path = file.expect("a file").path();
            if path.is_file() {
                let name = path.strip_prefix(report).expect("a part").display().to_string();
                all.insert(name, fs::read(path).expect("bytes"));
            }
        }
    }
    all
}

const ALL_FILES: [u32; 5] = [0, 1, 2, 3, 4];

/// The bytes of a report with these counts.
fn report_of((accumulator, messages): (Accumulator, MaskedMessages)) -> BTreeMap<String, Vec<u8>> {
    let place = tempfile::tempdir().expect("a folder");
    let report = place.path().join("report");
    write(&report, &accumulator, messages, &ALL_FILES);
    bytes(&report)
}

/// The counts after they were stored in a report that has only the files of these cases, and read back.
fn stored_and_loaded(cases: &[Case]) -> (Accumulator, MaskedMessages) {
    let files: Vec<u32> =
        cases.iter().map(|case| case.place.0).collect::<BTreeSet<_>>().into_iter().collect();
    let (accumulator, messages) = counts(cases, &files);
    let place = tempfile::tempdir().expect("a folder");
    let report = place.path().join("report");
    write(&report, &accumulator, messages.clone(), &files);
    let report = Stored::open(&report).expect("a report");
    (Accumulator::load(&report, &files).expect("counts"), messages)
}

fn differences(left: &BTreeMap<String, Vec<u8>>, right: &BTreeMap<String, Vec<u8>>) -> Vec<String> {
    assert!(left.keys().eq(right.keys()));
    left.iter()
        .filter(|(name, bytes)| right[*name] != **bytes)
        .map(|(name, _)| name.clone())
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn stored_counts_of_parts_merge_to_those_of_all(
        (cases, parts) in any_cases().prop_flat_map(|cases| {
            let parts = prop::collection::vec(any::<bool>(), cases.len());
            (Just(cases), parts)
        }),
        turned in any::<bool>(),
    ) {
        let part = |wanted: bool| -> Vec<Case> {
            let chosen = cases.iter().zip(&parts).filter(|(_, part)| **part == wanted);
            chosen.map(|(case, _)| case.clone()).collect()
        };
        let (mut merged, mut messages) = stored_and_loaded(&part(turned));
        let (other, other_messages) = stored_and_loaded(&part(!turned));
        merged.merge(other);
        messages.merge(other_messages);
        let whole = report_of(counts(&cases, &ALL_FILES));
        prop_assert_eq!(differences(&report_of((merged, messages)), &whole), Vec::<String>::new());
    }

    #[test]
    fn loaded_counts_go_on_counting(cases in any_cases(), cut in 0..40_usize) {
        let (before, after) = cases.split_at(cut.min(cases.len()));
        let (mut loaded, mut messages) = stored_and_loaded(before);
        for case in after {
            add(&mut loaded, &mut messages, case);
            if case.status.is_none() {
                loaded.file_linked(case.log, case.run, case.flow);
            }
        }
        let whole = report_of(counts(&cases, &ALL_FILES));
        prop_assert_eq!(differences(&report_of((loaded, messages)), &whole), Vec::<String>::new());
    }
}

#[test]
fn counts_of_many_numbers_and_great_ones_are_stored() {
    let cases: Vec<Case> = (0..200)
        .map(|record| Case {
            duration_ms: Some(if record == 7 { 1e300 } else { f64::from(record * record) }),
            request: body(u128::from(record) << 60, u64::from(record) * 1001, 1),
            run: Some("r1"),
            ..success((0, record), i64::from(record), "A")
        })
        .collect();
    let whole = report_of(counts(&cases, &ALL_FILES));
    let loaded = report_of(stored_and_loaded(&cases));
    assert_eq!(differences(&loaded, &whole), Vec::<String>::new());
}

#[test]
fn a_state_that_names_a_file_that_is_not_there_is_refused() {
    let (accumulator, messages) = counts(&[failure((3, 0), 1, "A", REFUSED)], &[1, 3]);
    let place = tempfile::tempdir().expect("a folder");
    let report = place.path().join("report");
    write(&report, &accumulator, messages, &[1, 3]);
    let report = Stored::open(&report).expect("a report");
    assert!(Accumulator::load(&report, &[0]).is_err());
    assert!(Accumulator::load(&report, &[0, 1]).is_ok());
}
