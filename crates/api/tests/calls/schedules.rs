//! Fetching while hosts and networks fail, by seeds. A tenth of the schedules runs always; all of them with
//! `ALL_SCHEDULES=1` (CONTRIBUTING.md).

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use api::fetch::{FetchError, FetchOptions};
use api::serve::ServeOptions;
use model::listing::LogType;

use crate::fetched::{files, options, run};
use crate::host::{Host, HostFaults, HostLogs, KINDS, flow};
use crate::kit::{self, TestRandom};
use crate::served::while_served;

fn all() -> bool {
    std::env::var_os("ALL_SCHEDULES").is_some()
}

/// The number of schedules, and of logs in each.
fn counts() -> (u64, u64) {
    if all() { (200, 2000) } else { (20, 200) }
}

/// A folder in memory where the system has one: these tests write many small files, and wait until each is on the disk.
pub(crate) fn scratch() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir()
        && let Ok(place) = tempfile::tempdir_in(memory)
    {
        return place;
    }
    tempfile::tempdir().unwrap()
}

fn of_lines(place: &Path, host: &Host) -> FetchOptions {
    FetchOptions { types: vec![LogType::Line], ..options(place, &host.url(), &[flow()]) }
}

/// The dump that a sound host gives.
fn sound(logs: u64) -> BTreeMap<String, Vec<u8>> {
    let place = scratch();
    let host = Host::start(HostLogs::lines(logs), HostFaults::default());
    let options = of_lines(place.path(), &host);
    let fetched = run(&options).unwrap();
    assert_eq!((fetched.downloads, fetched.without), (logs / 2, logs / 2));
    files(&options.dump)
}

/// Every file is one of the sound dump: none is partial, none is made up.
fn assert_whole(dump: &Path, sound: &BTreeMap<String, Vec<u8>>, seed: u64) {
    for (name, bytes) in files(dump) {
        assert!(sound.get(&name) == Some(&bytes), "schedule {seed}: {name} is not whole");
    }
}

#[test]
fn faulty_hosts_give_the_dump_of_a_sound_one() {
    let (schedules, logs) = counts();
    let sound = sound(logs);
    let mut used = HashSet::new();
    for seed in 0..schedules {
        let place = scratch();
        let faults = HostFaults { seed, percent: 5 + seed * 7 % 60, ..HostFaults::default() };
        let host = Host::start(HostLogs::lines(logs), faults);
        let options = of_lines(place.path(), &host);
        let mut runs = 0;
        loop {
            runs += 1;
            assert!(runs < 200, "schedule {seed}");
            match run(&options) {
                Ok(fetched) if fetched.failed.is_empty() => break,
                // A token that is refused twice ends a run, and the next one continues it.
                Ok(_) | Err(FetchError::Refused { .. }) => {}
                Err(error) => panic!("schedule {seed}: {error}"),
            }
            assert_whole(&options.dump, &sound, seed);
        }
        assert!(files(&options.dump) == sound, "schedule {seed}: other files");
        // A rerun asks for pages only.
        let before = host.targets().len();
        assert_eq!(run(&options).unwrap().downloads, 0);
        assert!(host.targets()[before..].iter().all(|target| !target.contains("download")));
        assert!(files(&options.dump) == sound);
        used.extend(host.used());
    }
    assert_eq!(used.len() as u64, KINDS, "all kinds of faults have to be used");
}

/// Variables for the child of the next test: place, host, token.
const PLACE: &str = "FETCH_CHILD_PLACE";
const HOST: &str = "FETCH_CHILD_HOST";

/// No test of its own: what [`killed_runs_leave_whole_files_and_are_continued`] kills.
#[test]
fn child() {
    let (Some(place), Some(host)) = (std::env::var_os(PLACE), std::env::var(HOST).ok()) else {
        return;
    };
    let types = vec![LogType::Line];
    let options = FetchOptions { types, ..options(&PathBuf::from(place), &host, &[flow()]) };
    let fetched = run(&options).unwrap();
    assert!(fetched.failed.is_empty());
}

#[test]
fn killed_runs_leave_whole_files_and_are_continued() {
    let (schedules, logs) = counts();
    let sound = sound(logs);
    let mut kills = 0;
    for seed in 0..schedules {
        let place = scratch();
        let mut random = TestRandom(seed);
        let faults = HostFaults { seed, percent: seed * 11 % 40, ..HostFaults::default() };
        let host = Host::start(HostLogs::lines(logs), faults);
        for round in 0.. {
            assert!(round < 40, "schedule {seed}");
            let mut child = Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "schedules::child"])
                .env(PLACE, place.path())
                .env(HOST, host.url())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            // A few kills, then a run that may come to its end.
            let after = Duration::from_millis(random.below(if all() { 1000 } else { 120 }) as u64);
            let began = Instant::now();
            let ended = loop {
                if let Some(status) = child.try_wait().unwrap() {
                    break Some(status);
                }
                if round < 3 && began.elapsed() > after {
                    child.kill().unwrap();
                    child.wait().unwrap();
                    kills += 1;
                    break None;
                }
                std::thread::sleep(Duration::from_millis(2));
            };
            assert_whole(&place.path().join("dump"), &sound, seed);
            if ended.is_some_and(|status| status.success()) {
                break;
            }
        }
        assert!(files(&place.path().join("dump")) == sound, "schedule {seed}: other files");
    }
    assert!(kills >= schedules, "{kills}");
}

#[test]
fn while_rows_move_each_log_is_fetched_or_named_as_a_hole() {
    let (schedules, _) = counts();
    let mut holes = 0;
    for seed in 0..schedules {
        let place = scratch();
        let moves_one_in = [1, 3, 10, 40][seed as usize % 4];
        let faults = HostFaults { seed, moves_one_in, ..HostFaults::default() };
        let stored = HostLogs::running_lines(800);
        let throughout = stored.ids();
        let host = Host::start(stored, faults);
        let options = of_lines(place.path(), &host);
        let fetched = run(&options).unwrap();
        let dump = kit::read(&options.dump);
        let deleted = host.deleted();
        let missing: Vec<u64> = throughout
            .iter()
            .copied()
            .filter(|id| !deleted.contains(id) && dump.place(&id.to_string()).is_none())
            .collect();
        if fetched.holes.is_empty() {
            assert!(missing.is_empty(), "schedule {seed}: {missing:?} are missing without a word");
        } else {
            holes += 1;
        }
    }
    println!("{holes} of {schedules} schedules have a hole");
    assert!(holes < schedules, "some lists must come to rest");
}

#[test]
fn the_faults_of_serve_are_overcome() {
    let place = scratch();
    let logs = kit::write_dump(&place.path().join("source"), 9, 60);
    let source = kit::read(&place.path().join("source"));
    let with = logs.iter().filter(|log| log.download.is_some()).count() as u64;
    let fetch_all = |name: &str, faults: &str| {
        let served =
            ServeOptions { faults: Some(faults.parse().unwrap()), ..ServeOptions::default() };
        while_served(&source, served, |address| {
            let folder = place.path().join(name);
            std::fs::create_dir_all(&folder).unwrap();
            // No list has two pages: links between pages would have the address of the server.
            let options = options(&folder, &format!("http://{address}"), &[]);
            for _ in 0..20 {
                match run(&options) {
                    Ok(fetched) if fetched.failed.is_empty() => {
                        assert_eq!(fetched.downloads + fetched.kept, with);
                        return files(&options.dump);
                    }
                    Ok(_) | Err(FetchError::Refused { .. }) => {}
                    Err(error) => panic!("{faults}: {error}"),
                }
            }
            panic!("{faults}: never complete");
        })
    };
    let sound = fetch_all("sound", "percent=0");
    for seed in 0..if all() { 40 } else { 4 } {
        let faults = format!("seed={seed},percent=40");
        assert!(fetch_all(&faults, &faults) == sound, "{faults}");
        let faults = format!("seed={seed},percent=30,kinds=401+expired+429+cut");
        assert!(fetch_all(&faults, &faults) == sound, "{faults}");
    }
}
