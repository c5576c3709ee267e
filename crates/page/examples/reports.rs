//! Writes the reports of the browser tests: `reports DIR` makes `DIR/empty`, `DIR/hostile` and `DIR/many`.

use std::path::PathBuf;

#[path = "../tests/reports/mod.rs"]
mod reports;

fn main() {
    let dir = PathBuf::from(std::env::args_os().nth(1).expect("reports DIR"));
    reports::empty(&dir.join("empty"));
    reports::hostile(&dir.join("hostile"));
    reports::many(&dir.join("many"), 50_000);
}
