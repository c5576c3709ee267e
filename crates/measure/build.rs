//! Passes commit, compiler, profile and target to the crate, so that figures name their build. What is unknown is left
//! out: the commit where there is no git, unless the environment
//! variables `ANALYZE_COMMIT` and `ANALYZE_COMMIT_DATE` name it.

use std::env;
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=ANALYZE_COMMIT");
    println!("cargo:rerun-if-env-changed=ANALYZE_COMMIT_DATE");
    let rustc =
        env::var_os("RUSTC").and_then(|rustc| Command::new(rustc).arg("--version").output().ok());
    let rustc = rustc.and_then(|answer| String::from_utf8(answer.stdout).ok());
    let known = [
        ("COMMIT", env::var("ANALYZE_COMMIT").ok().or_else(|| commit("%h"))),
        ("COMMIT_DATE", env::var("ANALYZE_COMMIT_DATE").ok().or_else(|| commit("%cs"))),
        ("RUSTC", rustc),
        ("PROFILE", env::var("PROFILE").ok()),
        ("TARGET", env::var("TARGET").ok()),
    ];
    for (name, value) in known {
        if let Some(value) = value {
            println!("cargo:rustc-env=ANALYZE_{name}={}", value.trim());
        }
    }
}

/// The commit of the checkout, in a format of `git show`. Cargo runs this again when another is checked out.
fn commit(format: &str) -> Option<String> {
    let git = |words: &[&str]| {
        let answer = Command::new("git").args(words).output().ok()?;
        let text = String::from_utf8(answer.stdout).ok()?;
        answer.status.success().then(|| text.trim().to_owned())
    };
    // Written at every commit and every change of branch.
    println!("cargo:rerun-if-changed={}", git(&["rev-parse", "--git-path", "logs/HEAD"])?);
    git(&["-c", "core.abbrev=12", "show", "--no-patch", &format!("--format={format}"), "HEAD"])
}
