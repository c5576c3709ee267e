//! Every command of the README and of the pages in docs/ works and prints what the page shows.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The one command that is not run: it would run this test again.
const NOT_RUN: &str = "cargo test --workspace";

/// Blocks with figures of one machine: the commands are run on less, and only the first words of the lines have to be
/// the same.
const MEASURED: &str = "console measured";

#[test]
fn every_command_of_the_readme_works_and_prints_what_is_shown() {
    assert_eq!(run_page("README.md"), 11);
}

#[test]
fn the_readme_is_short() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    assert!(readme.lines().count() < 200, "{}", readme.lines().count());
}

#[test]
fn every_example_of_a_command_works_and_prints_what_is_shown() {
    assert_eq!(run_page("docs/commands.md"), 30);
}

#[test]
fn every_command_of_the_page_about_speed_works() {
    assert_eq!(run_page("docs/speed.md"), 1);
}

#[test]
fn every_command_of_the_page_about_settings_works_and_prints_what_is_shown() {
    assert_eq!(run_page("docs/config.md"), 3);
}

#[test]
fn every_command_of_the_page_about_installing_works() {
    assert_eq!(run_page("docs/install.md"), 4);
}

#[test]
fn every_command_of_the_page_about_searches_works_and_prints_what_is_shown() {
    assert!(run_page("docs/search.md") >= 5);
}

#[test]
fn every_question_has_a_command_that_prints_what_is_shown() {
    assert_eq!(run_page("docs/questions.md"), 21);
}

#[test]
fn every_question_has_a_query_in_sql_that_prints_what_is_shown() {
    assert_eq!(run_page("docs/sql.md"), 16);
}

/// Runs the commands of a page. Returns how many there are.
fn run_page(name: &str) -> usize {
    let place = checkout();
    let written = fs::read_to_string(root().join(name)).unwrap();
    let _served = EndServed(place.path().join("serve.pid"));
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let here = format!("127.0.0.1:{port}");
    let mut page = String::new();
    let mut differences = Vec::new();
    let mut commands = 0;
    let mut lines = written.lines().peekable();
    let mut block = None;
    while let Some(line) = lines.next() {
        page += line;
        page.push('\n');
        if let Some(kind) = line.strip_prefix("```") {
            block = if block.is_none() { Some(kind) } else { None };
            continue;
        }
        let command = match block {
            Some("sh") => line,
            Some("console" | MEASURED) => line.strip_prefix("$ ").unwrap(),
            _ => continue,
        };
        if command == NOT_RUN {
            continue;
        }
        let mut command = command.to_owned();
        if block == Some("console") {
            // As a shell shows a command of several lines.
            while let Some(more) = lines.next_if(|line| line.starts_with("> ")) {
                page += more;
                page.push('\n');
                command.push('\n');
                command += &more[2..];
            }
        }
        commands += 1;
        let measured = block == Some(MEASURED);
        // The port of the page may be taken here.
        let command = &command.replace(SERVED, &here).replace(
            "analyze serve testdata/dump ",
            &format!("analyze serve testdata/dump --bind {here} "),
        );
        let printed =
            run(&if measured { in_small(command) } else { command.to_owned() }, place.path())
                .replace(&here, SERVED);
        if block != Some("sh") {
            let mut shown = String::new();
            while let Some(line) = lines.next_if(|line| !line.starts_with("$ ") && *line != "```") {
                shown += line;
                shown.push('\n');
            }
            if measured {
                let lines = (first_words(&shown), first_words(&printed));
                assert_eq!(
                    lines.0, lines.1,
                    "{command}: other lines than those shown; measure anew"
                );
                page += &shown;
                continue;
            }
            if timeless(&shown) != timeless(&printed) {
                differences.push(format!("{command}\nprints\n{printed}"));
            }
            page += &printed;
        }
    }
    if std::env::var_os("UPDATE_README").is_some() {
        fs::write(root().join(name), page).unwrap();
    } else {
        assert!(differences.is_empty(), "{}", differences.join("\n"));
    }
    commands
}

/// Where `analyze serve` answers in docs/commands.md.
const SERVED: &str = "127.0.0.1:3000";

/// Ends the server of docs/commands.md, if one is running, by the process id in this file.
struct EndServed(PathBuf);

impl Drop for EndServed {
    fn drop(&mut self) {
        if let Ok(id) = fs::read_to_string(&self.0) {
            let _ended = Command::new("kill").arg(id.trim()).stderr(Stdio::null()).status();
        }
    }
}

/// Runs a command as a reader would, with the program in the path and 100 columns of terminal. Returns the output of
/// both streams.
fn run(command: &str, place: &Path) -> String {
    let command = command.replace("cargo run --release -- ", "analyze ");
    let program = Path::new(env!("CARGO_BIN_EXE_analyze")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    let output = Command::new("sh")
        .args(["-c", &format!("({command}) 2>&1")])
        .current_dir(place)
        .env("PATH", path)
        .env("COLUMNS", "100")
        .env("NO_COLOR", "1")
        .env("XDG_CONFIG_HOME", place)
        .output()
        .unwrap();
    let mut printed = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{command}\n{printed}");
    if !printed.is_empty() && !printed.ends_with('\n') {
        printed.push('\n');
    }
    printed
}

/// A command that measures, with a small sample and one run.
fn in_small(command: &str) -> String {
    let small = command.split(' ').map(|word| if word == "64MB" { "20kB" } else { word });
    format!("{} --runs 1 --quiet", small.collect::<Vec<_>>().join(" "))
}

/// The first word of each line.
fn first_words(text: &str) -> Vec<&str> {
    text.lines().map(|line| line.split(' ').next().unwrap_or_default()).collect()
}

/// A text without the elapsed time, which differs from run to run.
fn timeless(text: &str) -> String {
    let lines = text.lines().map(|line| match line.split_once(" of text, ") {
        Some((before, _)) => format!("{before} of text\n"),
        None => format!("{line}\n"),
    });
    lines.collect::<Vec<_>>().concat()
}

/// The example of docs/library.md, which has to be here word by word.
fn example() -> Result<(), Box<dyn std::error::Error>> {
    use pipeline::input;
    use pipeline::run::{self, Options, Progress};
    use std::sync::atomic::AtomicBool;
    use tables::{Folder, Formats, Metadata};

    let found = input::find(&["testdata/dump".to_owned()])?;
    let metadata = Metadata { rules_version: grouping::RULES_VERSION, redaction: "none" };
    let folder = Folder::create(Path::new("from-rust"), false, Formats::default(), &metadata)?;
    let never = AtomicBool::new(false);
    let (options, progress) = (Options::default(), Progress::default());
    let done = run::report(&found.inputs, &found.unread, folder, &options, &progress, &never)?;
    assert_eq!(done.summary.exchanges.failed, 74);
    Ok(())
}

#[test]
fn the_example_of_the_page_about_the_library_works() {
    let page = fs::read_to_string(root().join("docs/library.md")).unwrap();
    let shown = page.split("```rust\n").nth(1).unwrap().split("```").next().unwrap();
    let words = |text: &str| -> String { text.split_whitespace().collect() };
    let here = words(include_str!("readme.rs"));
    assert!(here.contains(&words(shown)), "docs/library.md shows another program than this test");

    let place = checkout();
    // No other test of this file depends on the folder of the process.
    std::env::set_current_dir(place.path()).unwrap();
    example().unwrap();
    assert!(place.path().join("from-rust/errors.parquet").is_file());
}

/// A folder with `testdata` and `docs` in it, as a checkout has them.
fn checkout() -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    for folder in ["testdata", "docs"] {
        copy(&root().join(folder), &place.path().join(folder));
    }
    place
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, target).unwrap();
        }
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
