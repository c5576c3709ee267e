//! `analyze completions`: what a shell needs to complete commands, flags and their values.

use std::io::{self, Write as _};

use clap::Args;
use clap_complete::Shell;

use super::Exit;

/// How does my shell complete commands and flags? Prints the script for it
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct CompletionsCommand {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

const EXAMPLES: &str = "\
Examples:
  analyze completions bash > ~/.local/share/bash-completion/completions/analyze
  analyze completions zsh > ~/.zfunc/_analyze
      with `fpath+=~/.zfunc` before compinit in .zshrc
  analyze completions fish > ~/.config/fish/completions/analyze.fish
  analyze completions powershell >> $PROFILE

Exit codes: 0 done, 2 not done.";

impl CompletionsCommand {
    /// Prints the script.
    pub(crate) fn run(&self) -> anyhow::Result<Exit> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut super::program(), "analyze", &mut script);
        io::stdout().lock().write_all(&script)?;
        Ok(Exit::Done)
    }
}
