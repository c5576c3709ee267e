//! `analyze man`: the help as manual pages.

use std::fs;
use std::io::{self, Write as _};
use std::path::PathBuf;

use anyhow::{Context as _, anyhow};
use clap::{Args, Command};
use clap_mangen::Man;

use super::Exit;

/// Is there a manual page? Prints that of the program or of a command, or writes all of them to a folder
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ManCommand {
    /// The command [default: the program]
    #[arg(value_name = "COMMAND")]
    of: Option<String>,
    /// Writes the pages of the program and of each command to this folder: analyze.1, analyze-report.1
    #[arg(short, long, value_name = "DIR", conflicts_with = "of")]
    out: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  analyze man report | man -l -
      reads one
  analyze man --out ~/.local/share/man/man1
      installs all: then `man analyze-report`

Exit codes: 0 done, 2 not done.";

impl ManCommand {
    /// Prints or writes the pages.
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        let mut program = super::program().disable_help_subcommand(true);
        program.build();
        let Some(folder) = self.out else {
            let command = match &self.of {
                None => &program,
                Some(name) => program.find_subcommand(name).ok_or_else(|| {
                    anyhow!("{name} is not a command; `analyze --help` lists them")
                })?,
            };
            io::stdout().lock().write_all(page(command)?.as_bytes())?;
            return Ok(Exit::Done);
        };
        fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
        let mut commands = vec![&program];
        while let Some(command) = commands.pop() {
            let path = folder.join(format!("{}.1", name(command)));
            fs::write(&path, page(command)?).with_context(|| path.display().to_string())?;
            commands.extend(command.get_subcommands());
        }
        Ok(Exit::Done)
    }
}

/// `analyze-report`.
fn name(command: &Command) -> &str {
    command.get_display_name().unwrap_or(command.get_name())
}

/// The page of a command.
fn page(command: &Command) -> io::Result<String> {
    let date = measure::Build::this().commit_date.unwrap_or_default();
    let mut text = Vec::new();
    Man::new(command.clone()).title(name(command)).date(date).render(&mut text)?;
    // A break beside a blank line does nothing, and checkers of pages say so.
    Ok(String::from_utf8_lossy(&text).replace(".br\n\n.br\n", "\n"))
}
