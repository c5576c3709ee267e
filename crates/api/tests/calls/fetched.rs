//! Fetching, from the server of the library and from a second one, written here, which shares no code with it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use api::fetch::{FetchError, FetchOptions, Fetched, Patience, Progress, fetch};
use api::serve::ServeOptions;
use api::token::TokenSource;

use crate::host::{Host, Misdeeds, Stored};
use crate::kit::{self, TrueLog};
use crate::served::{private, while_served};

/// All files below a folder by their names, `.fetch` left out.
pub(crate) fn files(root: &Path) -> BTreeMap<String, Vec<u8>> {
    fn walk(root: &Path, folder: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            if path.is_dir() {
                if name != ".fetch" {
                    walk(root, &path, files);
                }
            } else {
                files.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    let mut files_found = BTreeMap::new();
    if root.is_dir() {
        walk(root, root, &mut files_found);
    }
    files_found
}

/// Options without pauses for a local host.
pub(crate) fn options(place: &Path, host: &str, flows: &[String]) -> FetchOptions {
    let token = private(place.join("token"), "s3cret-token");
    let mut options = FetchOptions::new(place.join("dump"), "12".to_owned(), "shop".to_owned());
    options.host = host.to_owned();
    options.flows = flows.to_vec();
    options.token = TokenSource::File(token);
    options.rate = 0.0;
    options.patience = Patience {
        scale: 0.0005,
        answer: Duration::from_secs(5),
        silence: Duration::from_millis(500),
        ..Patience::default()
    };
    options
}

pub(crate) fn run(options: &FetchOptions) -> Result<Fetched, FetchError> {
    fetch(options, &Progress::default(), &AtomicBool::new(false))
}

fn flows(logs: &[TrueLog]) -> Vec<String> {
    let mut flows: Vec<String> = logs.iter().map(|log| log.flow.clone()).collect();
    flows.sort();
    flows.dedup();
    flows
}

#[test]
fn a_fetched_dump_answers_as_its_source_and_a_rerun_changes_nothing() {
    let place = tempfile::tempdir().unwrap();
    let logs = kit::write_dump(&place.path().join("source"), 3, 60);
    let source = kit::read(&place.path().join("source"));
    while_served(&source, ServeOptions::default(), |address| {
        let options = options(place.path(), &format!("http://{address}"), &[]);
        let fetched = run(&options).unwrap();
        let with = logs.iter().filter(|log| log.download.is_some()).count() as u64;
        assert_eq!((fetched.downloads, fetched.logs), (with, logs.len() as u64), "{fetched:?}");
        assert_eq!((&fetched.failed[..], &fetched.holes[..]), (&[][..], &[][..]));
        let copy = kit::read(&options.dump);
        assert_eq!(copy.logs().len(), source.logs().len());
        for (mine, theirs) in copy.logs().iter().zip(source.logs()) {
            assert_eq!((&mine.id, &mine.record), (&theirs.id, &theirs.record));
            let download =
                |dump: &api::dump::Dump, id: &str| dump.download(dump.place(id).unwrap()).unwrap();
            let (mine, theirs) = (download(&copy, &mine.id), download(&source, &theirs.id));
            assert_eq!(mine.is_some(), theirs.is_some());
        }
        let before = files(&options.dump);
        let again = run(&options).unwrap();
        assert_eq!((again.downloads, again.pages, again.kept), (0, 0, with), "{again:?}");
        assert_eq!(files(&options.dump), before);
    });
}

#[test]
fn both_servers_give_the_same_records() {
    let place = tempfile::tempdir().unwrap();
    let logs = kit::write_dump(&place.path().join("source"), 4, 30);
    let host = Host::start(Stored::of(&logs), Misdeeds::default());
    let options = options(place.path(), &host.url(), &flows(&logs));
    let fetched = run(&options).unwrap();
    assert_eq!(fetched.logs, logs.len() as u64);
    let (copy, source) = (kit::read(&options.dump), kit::read(&place.path().join("source")));
    let records = |dump: &api::dump::Dump| -> Vec<(String, String)> {
        dump.logs().iter().map(|log| (log.id.to_string(), log.record.to_string())).collect()
    };
    assert_eq!(records(&copy), records(&source));
}
