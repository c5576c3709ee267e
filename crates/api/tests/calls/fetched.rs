//! Fetching, from the server of the library and from a second one, written here, which shares no code with it.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use api::fetch::{FetchError, FetchOptions, FetchProgress, Fetched, Patience, fetch, plan};
use api::serve::ServeOptions;
use api::token::TokenSource;
use model::listing::LogType;

use crate::host::{Host, HostFaults, HostLogs, TOKEN, flow};
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
    host.clone_into(&mut options.host);
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
    fetch(options, &FetchProgress::default(), &AtomicBool::new(false))
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
            let download = |dump: &api::dump::SavedLogs, id: &str| {
                dump.download(dump.place(id).unwrap()).unwrap()
            };
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
    let host = Host::start(HostLogs::of(&logs), HostFaults::default());
    let options = options(place.path(), &host.url(), &flows(&logs));
    let fetched = run(&options).unwrap();
    assert_eq!(fetched.logs, logs.len() as u64);
    let (copy, source) = (kit::read(&options.dump), kit::read(&place.path().join("source")));
    let records = |dump: &api::dump::SavedLogs| -> Vec<(String, String)> {
        dump.logs().iter().map(|log| (log.id.to_string(), log.record.to_string())).collect()
    };
    assert_eq!(records(&copy), records(&source));
}

#[test]
fn later_logs_and_finished_runs_are_fetched_by_a_rerun() {
    let place = tempfile::tempdir().unwrap();
    // All have begun, none has finished.
    let host = Host::start(HostLogs::running_lines(250), HostFaults::default());
    let options = lines_of(place.path(), &host);
    let first = run(&options).unwrap();
    assert_eq!((first.logs, first.unfinished, first.downloads), (250, 250, 0));
    // They finish, and others arrive.
    host.holds(HostLogs::lines(300));
    let second = run(&options).unwrap();
    assert_eq!((second.logs, second.unfinished), (300, 0), "{second:?}");
    assert_eq!((second.downloads, second.without), (150, 150));
    let before = files(&options.dump);
    assert_eq!(run(&options).unwrap().pages, 0);
    assert_eq!(files(&options.dump), before);
}

#[test]
fn a_rerun_reads_the_newest_pages_only() {
    let place = tempfile::tempdir().unwrap();
    let host = Host::start(HostLogs::lines(1000), HostFaults::default());
    let mut options = lines_of(place.path(), &host);
    // The logs are one second apart.
    options.overlap = Duration::from_secs(50);
    run(&options).unwrap();
    let before = host.targets().len();
    run(&options).unwrap();
    let pages = &host.targets()[before..];
    assert!(pages.len() <= 4, "{pages:?}");
}

#[test]
fn an_old_run_that_had_not_finished_is_asked_for_again() {
    let place = tempfile::tempdir().unwrap();
    let host = Host::start(HostLogs::lines_with_one_running(600, 10), HostFaults::default());
    let mut options = lines_of(place.path(), &host);
    options.overlap = Duration::from_secs(5);
    assert_eq!(run(&options).unwrap().unfinished, 1);
    host.holds(HostLogs::lines(600));
    let before = host.targets().len();
    assert_eq!(run(&options).unwrap().unfinished, 0);
    let asked = &host.targets()[before..];
    assert!(asked.iter().any(|target| target.contains("original_filename_uuid")), "{asked:?}");
}

#[test]
fn a_page_that_comes_twice_ends_the_run() {
    let place = tempfile::tempdir().unwrap();
    let faults = HostFaults { ignores_page: true, ..HostFaults::default() };
    let host = Host::start(HostLogs::lines(300), faults);
    let error = run(&lines_of(place.path(), &host)).unwrap_err();
    assert!(matches!(error, FetchError::SamePage { .. }), "{error}");
}

#[test]
fn a_damaged_download_is_named_and_has_no_file() {
    let place = tempfile::tempdir().unwrap();
    let faults = HostFaults { damaged: Some(5004), ..HostFaults::default() };
    let host = Host::start(HostLogs::lines(20), faults);
    let options = lines_of(place.path(), &host);
    let fetched = run(&options).unwrap();
    assert_eq!((fetched.downloads, fetched.failed.len()), (9, 1));
    assert_eq!(fetched.failed[0].id, "5004");
    assert!(fetched.failed[0].fault.contains("6 times"), "{}", fetched.failed[0].fault);
    assert!(files(&options.dump).keys().all(|name| !name.contains("5004")));
    let errors = fs::read_to_string(options.dump.join(".fetch/errors.jsonl")).unwrap();
    assert!(errors.contains("5004"), "{errors}");
}

#[test]
fn changed_and_lost_downloads_are_fetched_again_when_verified() {
    let place = tempfile::tempdir().unwrap();
    let host = Host::start(HostLogs::lines(20), HostFaults::default());
    let mut options = lines_of(place.path(), &host);
    run(&options).unwrap();
    let sound = files(&options.dump);
    let downloads: Vec<&String> =
        sound.keys().filter(|name| name.starts_with("downloads")).collect();
    fs::write(options.dump.join(downloads[0]), "changed").unwrap();
    fs::remove_file(options.dump.join(downloads[1])).unwrap();
    // What is gone is seen always, what has changed when all files are read.
    assert_eq!(run(&options).unwrap().downloads, 1);
    options.verify = true;
    assert_eq!(run(&options).unwrap().downloads, 1);
    assert_eq!(files(&options.dump), sound);
}

#[test]
fn state_and_manifest_are_made_anew_from_the_files() {
    let place = tempfile::tempdir().unwrap();
    let host = Host::start(HostLogs::lines(150), HostFaults::default());
    let options = lines_of(place.path(), &host);
    run(&options).unwrap();
    let before = files(&options.dump);
    fs::remove_dir_all(options.dump.join(".fetch")).unwrap();
    let again = run(&options).unwrap();
    assert_eq!((again.downloads, again.pages, again.kept), (0, 0, 75));
    assert_eq!(files(&options.dump), before);
}

#[test]
fn a_renewed_token_is_read_and_a_refused_one_ends_the_run() {
    let place = tempfile::tempdir().unwrap();
    let host = Host::start(HostLogs::lines(20), HostFaults::default());
    let options = lines_of(place.path(), &host);
    host.wants("another");
    let error = run(&options).unwrap_err();
    assert!(matches!(error, FetchError::Refused { status: 401 }), "{error}");
    // It was read anew once, so two requests were made.
    assert_eq!(host.targets().len(), 2);
    private(place.path().join("token"), "another");
    assert_eq!(run(&options).unwrap().downloads, 10);
}

#[test]
fn the_token_is_in_no_file_and_no_request_target() {
    let place = tempfile::tempdir().unwrap();
    let faults = HostFaults { seed: 1, percent: 60, ..HostFaults::default() };
    let host = Host::start(HostLogs::lines(60), faults);
    let options = lines_of(place.path(), &host);
    let result = run(&options);
    assert!(!format!("{result:?} {options:?}").contains(TOKEN));
    assert!(host.targets().iter().all(|target| !target.contains(TOKEN)));
    for folder in [options.dump.clone(), options.dump.join(".fetch")] {
        for (name, bytes) in files(&folder) {
            assert!(!String::from_utf8_lossy(&bytes).contains(TOKEN), "{name}");
        }
    }
}

#[test]
fn a_dump_of_another_project_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let host = Host::start(HostLogs::lines(5), HostFaults::default());
    let mut options = lines_of(place.path(), &host);
    run(&options).unwrap();
    "13".clone_into(&mut options.project_id);
    let error = run(&options).unwrap_err();
    assert!(matches!(error, FetchError::OtherProject { .. }), "{error}");
}

#[test]
fn two_runs_at_a_time_are_refused() {
    let place = tempfile::tempdir().unwrap();
    let host = Host::start(HostLogs::lines(5), HostFaults::default());
    let options = lines_of(place.path(), &host);
    run(&options).unwrap();
    let lock = fs::File::options().write(true).open(options.dump.join(".fetch/lock")).unwrap();
    lock.lock().unwrap();
    let error = run(&options).unwrap_err();
    assert!(matches!(error, FetchError::Locked { .. }), "{error}");
}

#[test]
fn nothing_is_written_by_a_plan() {
    let place = tempfile::tempdir().unwrap();
    let host = Host::start(HostLogs::lines(5), HostFaults::default());
    let options = lines_of(place.path(), &host);
    let planned = plan(&options).unwrap();
    assert_eq!(planned.len(), 1, "{planned:?}");
    assert!(!options.dump.exists() && host.targets().is_empty());
    run(&options).unwrap();
    let before = host.targets().len();
    assert_eq!(plan(&options).unwrap(), planned, "all downloads are there");
    assert_eq!(host.targets().len(), before);
}

fn lines_of(place: &Path, host: &Host) -> FetchOptions {
    FetchOptions { types: vec![LogType::Line], ..options(place, &host.url(), &[flow()]) }
}

#[test]
fn when_every_download_is_refused_that_is_not_taken_for_the_truth() {
    let place = tempfile::tempdir().unwrap();
    let host = Host::start(HostLogs::lines_that_promise(20), HostFaults::default());
    let options = lines_of(place.path(), &host);
    let fetched = run(&options).unwrap();
    assert_eq!((fetched.without, fetched.failed.len()), (0, 20));
    assert!(fetched.failed[0].fault.contains("are slug and flow right?"));
    host.holds(HostLogs::lines(20));
    assert_eq!(run(&options).unwrap().downloads, 10);
}

#[test]
fn what_since_left_out_is_fetched_when_it_is_wanted() {
    let place = tempfile::tempdir().unwrap();
    let host = Host::start(HostLogs::lines(300), HostFaults::default());
    let mut options = lines_of(place.path(), &host);
    // The logs are one second apart, and the first began at midnight.
    options.since = model::time::Timestamp::parse_text("2026-06-01T00:04:10Z");
    let first = run(&options).unwrap();
    assert_eq!((first.logs, first.downloads), (50, 25), "{first:?}");
    options.since = None;
    let second = run(&options).unwrap();
    assert_eq!((second.logs, second.downloads, second.kept), (300, 125, 25), "{second:?}");
}

#[test]
fn a_host_may_give_smaller_pages_than_asked_for() {
    let place = tempfile::tempdir().unwrap();
    let faults = HostFaults { most_rows: Some(30), ..HostFaults::default() };
    let host = Host::start(HostLogs::lines(200), faults);
    let fetched = run(&lines_of(place.path(), &host)).unwrap();
    assert_eq!((fetched.logs, fetched.holes.len()), (200, 0));
}

#[test]
fn a_redirect_is_not_followed() {
    let place = tempfile::tempdir().unwrap();
    let elsewhere = Host::start(HostLogs::lines(5), HostFaults::default());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let to = format!(
        "HTTP/1.1 302 Found\r\nLocation: {}/logs\r\nContent-Length: 0\r\n\r\n",
        elsewhere.url()
    );
    std::thread::spawn(move || {
        // One answer for each connection; ends with the tests.
        for mut stream in listener.incoming().flatten() {
            let _gone = stream.read(&mut [0; 4096]).and_then(|_| stream.write_all(to.as_bytes()));
        }
    });
    let options = options(place.path(), &format!("http://{address}"), &[flow()]);
    let error = run(&options).unwrap_err().to_string();
    assert!(error.contains("302, a redirect, which is not followed"), "{error}");
    assert_eq!(elsewhere.targets(), [""; 0]);
}

#[test]
fn a_run_stops_when_it_is_told_to() {
    let place = tempfile::tempdir().unwrap();
    let host = Host::start(HostLogs::lines(100), HostFaults::default());
    let mut options = lines_of(place.path(), &host);
    options.rate = 50.0;
    let stop = AtomicBool::new(false);
    let progress = FetchProgress::default();
    std::thread::scope(|scope| {
        let run = scope.spawn(|| fetch(&options, &progress, &stop));
        while progress.done.load(Ordering::Relaxed) < 3 {
            std::thread::sleep(Duration::from_millis(5));
        }
        stop.store(true, Ordering::Relaxed);
        assert!(matches!(run.join().unwrap(), Err(FetchError::Interrupted)));
    });
    let had = files(&options.dump).keys().filter(|name| name.starts_with("downloads")).count();
    assert!((1..50).contains(&had), "{had}");
    options.rate = 0.0;
    let fetched = run(&options).unwrap();
    assert_eq!(fetched.downloads + fetched.kept, 50);
}

#[test]
fn a_host_that_goes_down_ends_the_run_soon() {
    let place = tempfile::tempdir().unwrap();
    let faults = HostFaults { dies_after: Some(20), ..HostFaults::default() };
    let host = Host::start(HostLogs::lines(400), faults);
    let error = run(&lines_of(place.path(), &host)).unwrap_err();
    let said = error.to_string();
    assert!(matches!(error, FetchError::Unreachable { .. }), "{said}");
    assert!(said.contains("answered 503, 6 times, for 3 requests in a row"), "{said}");
    // Not six times for each of 400 logs.
    assert!(host.targets().len() < 100, "{}", host.targets().len());
}
