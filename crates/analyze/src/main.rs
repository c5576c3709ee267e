//! `analyze`: the offline analyser of Integrator log dumps, as a command.

mod cli;

use std::process::ExitCode;

use clap::Parser as _;

use cli::{Cli, Exit};

fn main() -> ExitCode {
    let exit = match Cli::try_parse() {
        Ok(cli) => cli.run(),
        Err(answer) => {
            // Help and version are answers too; they go to stdout and are no failure.
            let exit = if answer.use_stderr() { Exit::NotDone } else { Exit::Done };
            // A closed pipe leaves nobody to tell.
            let _ = answer.print();
            exit
        }
    };
    exit.into()
}
