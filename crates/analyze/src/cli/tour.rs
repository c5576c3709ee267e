//! What there is to do next, for those who type `analyze` alone on a terminal.

use std::io::{self, Write as _};

use super::Exit;

const TOUR: &str = "\
analyze reports what failed, why, and what was sent, from saved Integrator logs.

  analyze demo                       a tour on a small dump
  analyze report DUMP --out report   of your own logs, in the folder DUMP
  analyze summary report             then keys, explain, search, show
  analyze html report -o page.html   the report as one page for the browser
  analyze fetch --help               gets the logs from the API
  analyze --help                     all commands, with examples
";

/// Prints it.
pub(crate) fn run() -> Exit {
    match io::stdout().lock().write_all(TOUR.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Exit::NotDone,
        _ => Exit::Done,
    }
}
