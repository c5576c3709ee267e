//! Runs a corpus of odd and hostile inputs through the decoder and the report, and counts the
//! verdicts: `hostile DIR`, where `DIR/manifest.json` says what each file must do.
//!
//! Exit codes: 0 all as it should be, 1 something is wrong, 2 not done.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for the terminal")]

mod judge;
mod kinds;
mod vectors;

use std::path::PathBuf;
use std::process::ExitCode;

use judge::{Verdict, judge, peak_memory};

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let (Some(dir), None) = (arguments.next().map(PathBuf::from), arguments.next()) else {
        eprintln!("usage: hostile DIR   (DIR/manifest.json says what each file must do)");
        return ExitCode::from(2);
    };
    let scratch = match tempfile::tempdir() {
        Ok(scratch) => scratch,
        Err(fault) => {
            eprintln!("no temporary folder: {fault}");
            return ExitCode::from(2);
        }
    };
    let judged = match judge(&dir, scratch.path()) {
        Ok(judged) => judged,
        Err(fault) => {
            eprintln!("{}: {fault}", dir.display());
            return ExitCode::from(2);
        }
    };
    let mut layers: Vec<&str> = judged.counts.keys().map(|(layer, _)| layer.as_str()).collect();
    layers.dedup();
    print!("{:<16}", "");
    for layer in &layers {
        print!("{layer:>9}");
    }
    println!("{:>9}", "all");
    for verdict in Verdict::ALL {
        print!("{:<16}", verdict.name());
        let mut all = 0;
        for layer in &layers {
            let count = judged.counts.get(&((*layer).to_owned(), verdict)).copied().unwrap_or(0);
            all += count;
            print!("{count:>9}");
        }
        println!("{all:>9}");
    }
    let (file, took) = &judged.slowest;
    println!("slowest: {file}, {} ms", took.as_millis());
    match peak_memory() {
        Some(bytes) => println!("peak memory: {} MiB", bytes >> 20),
        None => println!("peak memory: unknown on this system"),
    }
    for wrong in &judged.wrong {
        println!("WRONG {wrong}");
    }
    if judged.wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
