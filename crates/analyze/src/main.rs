//! `analyze`: the offline analyser of Integrator log dumps, as a command.

mod cli;
mod memory;

use std::process::ExitCode;

#[global_allocator]
static MEMORY: memory::SystemOrEnd = memory::SystemOrEnd;

fn main() -> ExitCode {
    cli::run(std::env::args_os().collect()).into()
}
