//! Writes a dump of flat logs, the same on every machine, for comparisons with other programs:
//!
//!     cargo run --release -p corpus --example dump -- DIR FILES ROWS [--seed N] [--repeats]
//!
//! DIR/downloads gets FILES downloads of ROWS exchanges each; 800 times 800 are 0.9 GB of JSON. No two
//! bodies are equal; with `--repeats` each exchange comes 25 times, in 25 files, and all sizes are the same.

#![expect(clippy::print_stdout, reason = "an example that speaks to people")]

use std::error::Error;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use corpus::logs::{LogShape, Variety, document, exchanges_of_run};
use corpus::wrap::Download;

/// How often each exchange comes in a dump that repeats.
const RUNS: u64 = 25;
const USAGE: &str = "usage: dump DIR FILES ROWS [--seed N] [--repeats]";

fn main() -> Result<(), Box<dyn Error>> {
    let (mut plain, mut seed, mut variety) = (Vec::new(), 1, Variety::Unique);
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--seed" => seed = args.next().ok_or(USAGE)?.parse()?,
            "--repeats" => variety = Variety::Repeating,
            _ => plain.push(arg),
        }
    }
    let [dir, files, each] = &plain[..] else { return Err(USAGE.into()) };
    let (files, each): (u64, usize) = (files.parse()?, each.parse()?);
    let files_of_a_run = files.div_ceil(RUNS).max(1);
    let folder = Path::new(dir).join("downloads");
    fs::create_dir_all(&folder)?;
    let threads = std::thread::available_parallelism().map_or(1, usize::from) as u64;
    let json = AtomicU64::new(0);
    std::thread::scope(|scope| {
        let write = |first: u64| -> std::io::Result<()> {
            for n in (first..files).step_by(threads as usize) {
                // A seed of its own for each file of a run, so that any thread can make it.
                let (run, place) = (n / files_of_a_run, n % files_of_a_run);
                let rows = exchanges_of_run(each, seed << 32 | place, run, variety);
                let download = Download::of(document(LogShape::Flat, &rows), &format!("{n}.json"));
                json.fetch_add(download.json.len() as u64, Ordering::Relaxed);
                fs::write(folder.join(format!("{n:07}.txt")), &download.text)?;
            }
            Ok(())
        };
        let writers: Vec<_> = (0..threads).map(|first| scope.spawn(move || write(first))).collect();
        writers.into_iter().try_for_each(|writer| {
            writer.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    })?;
    println!(
        "{files} files, {} exchanges, {} bytes of JSON",
        files * each as u64,
        json.into_inner()
    );
    Ok(())
}
