//! `analyze`: the offline analyser of Integrator log dumps, as a command.

use std::process::ExitCode;

#[global_allocator]
static MEMORY: analyze::SystemOrEnd = analyze::SystemOrEnd;

fn main() -> ExitCode {
    analyze::run(std::env::args_os()).into()
}
