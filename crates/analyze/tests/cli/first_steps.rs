//! What a new user meets: the tour, the demo, completions, manual pages, the version.

use std::process::Command;

use super::kit::TestFolder;

#[test]
fn the_version_names_commit_and_target() {
    let place = TestFolder::new();
    let run = place.run(&["--version"]);
    let version = env!("CARGO_PKG_VERSION");
    let (head, rest) = run.out.trim_end().split_once(" (").unwrap();
    assert_eq!((run.code, head), (0, format!("analyze {version}").as_str()));
    let (commit, target) = rest.strip_suffix(')').unwrap().split_once(", ").unwrap();
    assert!(commit == "unknown" || commit.split(' ').next().unwrap().len() >= 7, "{commit}");
    assert!(target.contains(std::env::consts::ARCH), "{target}");
    assert_eq!(place.run(&["-V"]).out, format!("analyze {version}\n"));
}

#[test]
fn without_a_terminal_a_command_is_needed() {
    let run = TestFolder::new().run::<&str>(&[]);
    assert_eq!((run.code, run.out.as_str()), (2, ""));
    assert!(run.err.contains("Usage: analyze"), "{}", run.err);
}

#[test]
#[cfg(target_os = "linux")]
fn on_a_terminal_the_program_alone_says_what_to_do() {
    let place = TestFolder::new();
    let typed = format!("{} ; echo code $?", env!("CARGO_BIN_EXE_analyze"));
    // `script` of util-linux runs a command on a terminal.
    let Ok(output) = Command::new("script")
        .args(["-qec", &typed, "/dev/null"])
        .current_dir(place.path())
        .output()
    else {
        eprintln!("left out: there is no `script`");
        return;
    };
    let shown = String::from_utf8(output.stdout).unwrap().replace('\r', "");
    assert!(shown.ends_with("code 0\n"), "{shown}");
    assert!(shown.lines().count() <= 9, "{shown}");
    assert!(shown.contains("analyze demo"), "{shown}");
}

#[test]
fn the_demo_writes_its_dump_and_runs_commands_on_it() {
    let place = TestFolder::new();
    let run = place.run(&["demo", "my tour"]);
    assert_eq!(run.code, 0, "{}", run.err);
    for shown in
        ["$ analyze report dump --out report", "$ analyze keys report --open", "cd 'my tour'"]
    {
        assert!(run.err.contains(shown), "{}", run.err);
    }
    assert!(run.out.contains("order 0000003450631650: 1 attempt, 1 failed, open"), "{}", run.out);
    for file in ["my tour/report.html", "my tour/report/keys.csv"] {
        assert!(place.path().join(file).is_file(), "{file}");
    }
    // Byte for byte what the tests of reports read.
    let testdata = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/dump");
    for file in ["downloads/90166", "downloads/90008-cut.txt", "downloads/empty.txt"] {
        let written = std::fs::read(place.path().join("my tour/dump").join(file)).unwrap();
        assert_eq!(written, std::fs::read(testdata.join(file)).unwrap(), "{file}");
    }
}

#[test]
fn the_demo_leaves_a_folder_with_files_alone() {
    let place = TestFolder::new();
    place.file("mine/notes.txt", "keep");
    let run = place.run(&["demo", "mine"]);
    assert_eq!((run.code, run.out.as_str()), (2, ""));
    assert_eq!(run.err, "error: mine: has files in it\nname a new folder: `analyze demo FOLDER`\n");
    assert_eq!(std::fs::read_dir(place.path().join("mine")).unwrap().count(), 1);
}

/// What a shell prints; `None`, openly, when it is not installed.
#[expect(clippy::print_stderr, reason = "what a test leaves out is said")]
fn shell(place: &TestFolder, words: &[&str], script: &str) -> Option<String> {
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).arg(script).current_dir(place.path()).env("HOME", place.path());
    let Ok(output) = command.output() else {
        eprintln!("left out: {} is not installed", words[0]);
        return None;
    };
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    Some(text)
}

/// A folder with the completions of a shell.
fn with_completions(name: &str) -> TestFolder {
    let place = TestFolder::new();
    let run = place.run(&["completions", name]);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    place.file("completions/_analyze", run.out);
    place
}

#[test]
fn bash_completes_commands_flags_and_values() {
    let place = with_completions("bash");
    let complete = |words: &str, last: &str| {
        let script = format!(
            "source completions/_analyze; COMP_WORDS=({words} '{last}'); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); \
             _analyze analyze '{last}' \"${{COMP_WORDS[COMP_CWORD-1]}}\"; echo \"${{COMPREPLY[@]}}\""
        );
        shell(&place, &["bash", "--noprofile", "--norc", "-c"], &script)
    };
    let Some(commands) = complete("analyze", "re") else { return };
    assert_eq!(commands, "report\n");
    assert_eq!(complete("analyze report", "--bod").unwrap(), "--bodies\n");
    assert_eq!(complete("analyze report --bodies", "").unwrap(), "all failed none\n");
}

#[test]
fn fish_completes_commands_flags_and_values() {
    let place = with_completions("fish");
    let complete = |line: &str| {
        let script = format!("source completions/_analyze; complete --do-complete '{line}'");
        shell(&place, &["fish", "--no-config", "-c"], &script)
    };
    let Some(commands) = complete("analyze rep") else { return };
    assert!(commands.starts_with("report\t"), "{commands}");
    let flags = complete("analyze report --bod").unwrap();
    assert!(flags.starts_with("--bodies"), "{flags}");
    let values = complete("analyze report --bodies ").unwrap();
    assert!(["all", "failed", "none"].iter().all(|value| values.contains(value)), "{values}");
}

#[test]
fn zsh_completes_commands_flags_and_values() {
    let place = with_completions("zsh");
    // zsh completes at a prompt only, so there has to be one.
    let complete = |line: &str, wanted: &str| {
        let script = format!(
            r#"zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell 'PS1=; fpath=(completions $fpath); autoload -Uz compinit; compinit -u -D; zstyle ":completion:*" list-prompt ""; LISTMAX=1000; bindkey "^I" complete-word; echo rea""dy'
zpty -m -r shell out '*ready*'
zpty -w -n shell $'{line}\t\t'
out=
for turn in {{1..200}}; do
    while zpty -r -t shell part; do out+=$part; done
    [[ $out == *'{wanted}'* ]] && break
    sleep 0.1
done
print -r -- $out
zpty -d shell"#
        );
        shell(&place, &["zsh", "-f", "-c"], &script)
    };
    let Some(commands) = complete("analyze rep", "report") else { return };
    assert!(commands.contains("report"), "{commands}");
    let flags = complete("analyze report --bod", "--bodies").unwrap();
    assert!(flags.contains("--bodies"), "{flags}");
    let values = complete("analyze report --bodies f", "failed").unwrap();
    assert!(values.contains("failed"), "{values}");
}

#[test]
fn manual_pages_are_there_for_each_command_and_without_fault() {
    let place = TestFolder::new();
    assert_eq!(place.run(&["man", "--out", "man"]).code, 0);
    let mut pages: Vec<_> = std::fs::read_dir(place.path().join("man"))
        .unwrap()
        .map(|page| page.unwrap().path())
        .collect();
    pages.sort();
    assert!(pages.iter().any(|page| page.ends_with("analyze-config-show.1")), "{pages:?}");
    let one = place.run(&["man", "report"]);
    assert_eq!((one.code, one.out), (0, place.read("man/analyze-report.1")));
    assert_eq!(place.run(&["man", "nothing"]).code, 2);

    let Ok(lint) =
        Command::new("mandoc").args(["-T", "lint", "-W", "warning"]).args(&pages).output()
    else {
        eprintln!("left out: there is no mandoc");
        return;
    };
    let said = String::from_utf8_lossy(&lint.stdout);
    let faults: Vec<_> = said.lines().filter(|line| !line.contains("missing date")).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
