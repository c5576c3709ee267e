//! `analyze serve`: the documented calls over HTTP, from a dump.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context as _;
use api::serve::{Faults, ServeOptions, Server};
use api::token::TokenSource;
use clap::Args;

use super::Exit;
use super::dump::DumpArgs;
use super::figures::counted;
use super::terminal::say;

/// What would the API answer? Answers its documented calls on this machine, from a dump
///
/// `GET /logs`, `GET /logs/download` and `GET /api/nifi/flow/list`, for tests, demos and scripts. Nothing is forwarded, and
/// nothing is written. Ends with Ctrl-C.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ServeCommand {
    /// Address and port; port 0 takes any that is free
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:3000")]
    bind: SocketAddr,
    /// Allows an address that other machines can reach
    #[arg(long)]
    allow_remote: bool,
    /// File with the token that requests need (mode 0600). Without it they need none
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Sends downloads as they lie in the dump, instead of as plain base64 of a zip
    #[arg(long)]
    verbatim: bool,
    /// Misbehaves, for tests of clients: 'seed=7,percent=30,kinds=429+cut'. Kinds: 401, expired, 429, 429-date, 500, 502,
    /// slow, cut, cut-text, closed, login, json, shifted
    #[arg(long, value_name = "SPEC")]
    faults: Option<String>,
    #[command(flatten)]
    dump: DumpArgs,
}

const EXAMPLES: &str = "\
Examples:
  analyze serve dump
  analyze serve dump --bind 127.0.0.1:0 --token-file token
  analyze serve dump --faults seed=7,percent=30
  curl 'http://127.0.0.1:3000/logs?projectId=12&flowId=3fb1a1d2&log_type=1'

docs/api.md explains the parameters. `analyze fetch` asks such a server, or the real one.
Exit codes: 2 not done, 130 ended by Ctrl-C.";

impl ServeCommand {
    /// Serves until a signal ends the program.
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        let token = self.token_file.map(TokenSource::File);
        if let Some(source) = &token {
            source.read()?;
        }
        let faults = self.faults.as_deref().map(str::parse::<Faults>).transpose();
        let faults = faults.context("--faults")?;
        let dump = self.dump.read()?;
        let options = ServeOptions {
            token,
            is_verbatim: self.verbatim,
            allows_remote: self.allow_remote,
            faults,
        };
        let server = Server::bind(&dump, self.bind, options)?;
        let logs = counted(dump.logs().len() as u64, "log", "logs");
        let with = (0..dump.logs().len()).filter(|place| dump.has_download(*place)).count();
        let downloads = counted(with as u64, "download", "downloads");
        say(&format!(
            "http://{}: {logs} and {downloads} of {}; Ctrl-C ends it",
            server.address(),
            self.dump.name()
        ));
        server.run(&|message| say(message));
        Ok(Exit::Done)
    }
}
