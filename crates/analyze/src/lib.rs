//! The command line `analyze` as a function, for the program and for the script of the Python package.
//!
//! [`run`] is all of it. Everything that can be done without a command line is in the other crates.

mod cli;
mod memory;

use std::ffi::OsString;
use std::io::ErrorKind;

use clap::Parser as _;

use cli::{Cli, Exit};

pub use memory::SystemOrEnd;

/// Runs the command line. `arguments`: as the system passes them, the name of the program first. Returns the exit code
/// of the process. It handles SIGINT, SIGTERM and SIGHUP of the whole process from then on, and may end the process
/// when one arrives.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let exit = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli.run(),
        Err(answer) => {
            // Help and version go to stdout and are no failure.
            match answer.print() {
                _ if answer.use_stderr() => Exit::NotDone,
                // A closed pipe is no failure.
                Err(error) if error.kind() != ErrorKind::BrokenPipe => Exit::NotDone,
                _ => Exit::Done,
            }
        }
    };
    exit as u8
}
