//! A report made by a program of your own: `cargo run -p pipeline --example report -- DUMP OUT`.

use std::error::Error;
use std::io::Write as _;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use pipeline::input;
use pipeline::run::{self, Options, Progress};
use tables::{Folder, Format, Formats, Metadata};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [dump, out] = arguments.as_slice() else { return Err("name a dump and a folder".into()) };
    let found = input::find(std::slice::from_ref(dump))?;
    let metadata = Metadata { rules_version: grouping::RULES_VERSION, redaction: "none" };
    let formats = Formats::new([Format::Parquet]);
    let folder = Folder::create(Path::new(out), true, formats, &metadata)?;
    let (options, progress) = (Options::default(), Progress::default());
    let never = AtomicBool::new(false);
    let done = run::report(&found.inputs, &found.unread, folder, &options, &progress, &never)?;
    for group in done.top.groups {
        writeln!(std::io::stdout(), "{:>8}  {}", group.count, group.template)?;
    }
    Ok(())
}
