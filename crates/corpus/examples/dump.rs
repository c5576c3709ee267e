//! Writes a dump of flat logs, the same on every machine, for comparisons with other programs:
//!
//!     cargo run --release -p corpus --example dump -- DIR FILES ROWS [SEED]
//!
//! DIR/downloads gets FILES downloads of ROWS exchanges each; 800 times 800 are 0.9 GB of JSON.

#![expect(clippy::print_stdout, reason = "an example that speaks to people")]

use std::error::Error;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use corpus::logs::{Shape, document, rows};
use corpus::wrap::Download;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (dir, numbers) = args.split_first().ok_or("usage: dump DIR FILES ROWS [SEED]")?;
    let numbers: Vec<u64> = numbers.iter().map(|n| n.parse()).collect::<Result<_, _>>()?;
    let (files, each, seed) = match numbers[..] {
        [files, each] => (files, each, 1),
        [files, each, seed] => (files, each, seed),
        _ => return Err("usage: dump DIR FILES ROWS [SEED]".into()),
    };
    let folder = Path::new(dir).join("downloads");
    fs::create_dir_all(&folder)?;
    let threads = std::thread::available_parallelism().map_or(1, usize::from) as u64;
    let json = AtomicU64::new(0);
    std::thread::scope(|scope| {
        let write = |first: u64| -> std::io::Result<()> {
            for n in (first..files).step_by(threads as usize) {
                // A seed of its own for each file, so that any thread can make it.
                let rows = rows(each as usize, seed << 32 | n);
                let download = Download::of(document(Shape::Flat, &rows), &format!("{n}.json"));
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
    println!("{files} files, {} exchanges, {} bytes of JSON", files * each, json.into_inner());
    Ok(())
}
