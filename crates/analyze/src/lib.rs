//! The command line `analyze` as a function, for the program and for the script of the Python package.
//!
//! [`run`] is all of it. Everything that can be done without a command line is in the other crates.

mod cli;
mod memory;

use std::ffi::OsString;

pub use memory::SystemOrEnd;

/// Runs the command line. `arguments`: as the system passes them, the name of the program first. Returns the exit code
/// of the process. It handles SIGINT, SIGTERM and SIGHUP of the whole process from then on, and may end the process
/// when one arrives.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    cli::run(arguments.into_iter().collect()) as u8
}
