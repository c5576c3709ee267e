//! `analyze`: the offline analyser of Integrator log dumps, as a command.

mod cli;
mod memory;

use std::io::ErrorKind;
use std::process::ExitCode;

use clap::Parser as _;

use cli::{Cli, Exit};

#[global_allocator]
static MEMORY: memory::SystemOrEnd = memory::SystemOrEnd;

fn main() -> ExitCode {
    let exit = match Cli::try_parse() {
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
    exit.into()
}
