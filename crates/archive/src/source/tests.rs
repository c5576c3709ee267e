use crate::Budget;

use super::*;

struct Folder(tempfile::TempDir);

impl Folder {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        Self(folder)
    }

    fn input(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }
}

fn names(inputs: &[String]) -> Vec<String> {
    discover(inputs).unwrap().sources.into_iter().map(|source| source.name).collect()
}

#[test]
fn a_folder_is_walked_and_its_files_are_named_relative_to_it() {
    let folder = Folder::new(&[("b.json", "1"), ("sub/a.zip", "22"), ("a.json", "")]);
    let found = discover(&[folder.input("")]).unwrap();
    let sizes: Vec<_> = found.sources.iter().map(|s| (s.name.as_str(), s.bytes)).collect();
    assert_eq!(sizes, [("a.json", 0), ("b.json", 1), ("sub/a.zip", 2)]);
}

#[test]
fn a_file_named_twice_is_read_once() {
    let folder = Folder::new(&[("a.json", "{}"), ("sub/b.json", "{}")]);
    let inputs = [folder.input(""), folder.input("a.json"), folder.input("sub/../a.json")];
    assert_eq!(names(&inputs), ["a.json", "sub/b.json"]);
}

#[test]
fn equal_names_of_two_folders_are_made_different() {
    let folder = Folder::new(&[("x/a.json", "1"), ("y/a.json", "2"), ("y/b.json", "3")]);
    let inputs = [folder.input("x"), folder.input("y/")];
    let expected =
        [format!("{}/a.json", inputs[0]), format!("{}a.json", inputs[1]), "b.json".to_owned()];
    assert_eq!(names(&inputs), expected);
}

#[test]
fn patterns_match_whole_paths() {
    let folder = Folder::new(&[("a.json", ""), ("b.zip", ""), ("sub/c.json", "")]);
    let all = |pattern: &str| {
        let cut = folder.input("").len();
        let found = names(&[folder.input(pattern)]);
        found.iter().map(|name| name[cut..].to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(all("*.json"), ["a.json"]);
    assert_eq!(all("**/*.json"), ["a.json", "sub/c.json"]);
    assert_eq!(all("{a,b}.*"), ["a.json", "b.zip"]);
    assert!(matches!(discover(&[folder.input("*.txt")]), Err(DiscoverError::NoMatch { .. })));
}

#[test]
fn a_name_with_brackets_that_exists_is_no_pattern() {
    let folder = Folder::new(&[("a[1].json", "")]);
    assert_eq!(names(&[folder.input("a[1].json")]).len(), 1);
}

#[test]
fn a_missing_input_is_an_error() {
    let folder = Folder::new(&[]);
    assert!(matches!(discover(&[folder.input("none")]), Err(DiscoverError::Missing { .. })));
}

#[cfg(unix)]
#[test]
fn loops_dangling_links_and_what_is_no_file_are_reported() {
    use std::os::unix::fs::symlink;
    let folder = Folder::new(&[("sub/a.json", "")]);
    symlink(folder.0.path(), folder.0.path().join("sub/loop")).unwrap();
    symlink("nowhere", folder.0.path().join("dangling")).unwrap();
    symlink("sub/a.json", folder.0.path().join("link.json")).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(folder.0.path().join("socket")).unwrap();
    let found = discover(&[folder.input("")]).unwrap();
    let names: Vec<_> = found.sources.iter().map(|s| s.name.as_str()).collect();
    assert_eq!(names, ["link.json", "sub/a.json"]);
    let unread: Vec<_> = found.unread.iter().map(|u| u.name.as_str()).collect();
    assert_eq!(unread, ["dangling", "socket", "sub/loop"]);
    assert!(found.unread[1].problem.message.contains("a socket, not read"));
    assert!(matches!(discover(&[folder.input("socket")]), Err(DiscoverError::NotRegular { .. })));
}

#[test]
fn reading_reuses_the_buffer_and_holds_the_limit() {
    let folder = Folder::new(&[("a", "text"), ("b", "longer text")]);
    let found = discover(&[folder.input("")]).unwrap();
    let budget = Budget::unlimited();
    let mut buffer = b"old".to_vec();
    read(&found.sources[0], &Limits::default(), &budget.share(0), &mut buffer).unwrap();
    assert_eq!(buffer, b"text");
    let limits = Limits { file_bytes: 5, ..Limits::default() };
    let problem = read(&found.sources[1], &limits, &budget.share(0), &mut buffer).unwrap_err();
    assert_eq!(problem.kind, ProblemKind::TooLarge);
    assert_eq!(problem.to_string(), "read: byte 5: 11 bytes or more, the limit is 5");
    assert!(buffer.is_empty());
}

#[test]
fn a_file_that_went_away_is_a_problem() {
    let folder = Folder::new(&[("a", "text")]);
    let found = discover(&[folder.input("")]).unwrap();
    fs::remove_file(folder.0.path().join("a")).unwrap();
    let budget = Budget::unlimited();
    let problem = read(&found.sources[0], &Limits::default(), &budget.share(0), &mut Vec::new());
    let problem = problem.unwrap_err();
    assert_eq!(problem.kind, ProblemKind::Io);
}

#[test]
fn the_digest_is_blake3() {
    let empty = "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262";
    assert_eq!(Digest::of(b"").to_string(), empty);
}

#[cfg(unix)]
#[test]
fn a_folder_is_entered_through_one_link_only() {
    use std::os::unix::fs::symlink;
    let folder = Folder::new(&[("real/a.json", "")]);
    for link in ["x", "y"] {
        symlink("real", folder.0.path().join(link)).unwrap();
    }
    assert_eq!(names(&[folder.input("")]), ["real/a.json", "x/a.json"]);
}

#[cfg(unix)]
#[test]
fn a_pipe_that_took_the_place_of_a_file_is_not_waited_for() {
    let folder = Folder::new(&[("a", "text")]);
    let found = discover(&[folder.input("")]).unwrap();
    let path = folder.0.path().join("a");
    fs::remove_file(&path).unwrap();
    if !std::process::Command::new("mkfifo").arg(&path).status().is_ok_and(|done| done.success()) {
        return println!("skipped: no pipe can be made");
    }
    let budget = Budget::unlimited();
    let problem = read(&found.sources[0], &Limits::default(), &budget.share(0), &mut Vec::new());
    let problem = problem.unwrap_err();
    assert_eq!(
        (problem.kind, problem.message.as_str()),
        (ProblemKind::Io, "byte 0: not a regular file")
    );
}

#[test]
fn the_state_of_a_fetch_is_no_part_of_a_dump() {
    let folder = Folder::new(&[
        ("downloads/1.b64", ""),
        (".fetch/state.json", "{}"),
        ("logs/.fetch/a.json", ""),
        ("logs/.fetch.json", ""),
    ]);
    assert_eq!(names(&[folder.input("")]), ["downloads/1.b64", "logs/.fetch.json"]);
    // Whoever names it wants it.
    assert_eq!(names(&[folder.input(".fetch")]), ["state.json"]);
}
