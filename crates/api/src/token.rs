//! The token, which never shows: neither in arguments nor in messages nor in files.

use std::path::{Path, PathBuf};

/// A token. It has no `Display` and its `Debug` hides it, so that no message can contain it.
pub struct ApiToken(String);

impl std::fmt::Debug for ApiToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ApiToken(hidden)")
    }
}

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// Nothing says where it is.
    #[error(
        "no token\nset {VARIABLE}, or name a file with --token-file or a command with --token-command"
    )]
    Missing,
    /// It is empty, or cannot be part of a header.
    #[error("{place}: not a token: {fault}")]
    Malformed {
        /// Where it came from.
        place: String,
        /// What is wrong, without the token.
        fault: &'static str,
    },
    /// The file cannot be read.
    #[error("{path}: the token cannot be read: {source}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Others may read the file.
    #[error("{path}: other users may read this token (mode {mode:03o})\nchmod 600 {path}", path = path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// The command cannot be run, or fails.
    #[error("--token-command: {fault}")]
    Command {
        /// What happened; what the command printed is not shown.
        fault: String,
    },
}

/// The environment variable with the token.
pub const VARIABLE: &str = "AKINON_TOKEN";

/// Where the token comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenSource {
    /// The environment variable [`VARIABLE`].
    Environment,
    /// A file that only its owner may read.
    File(PathBuf),
    /// What a shell command prints.
    Command(String),
}

impl TokenSource {
    /// Reads the token. Blanks around it are cut off.
    ///
    /// # Errors
    /// When there is none, or other users could read it.
    pub fn read(&self) -> Result<ApiToken, TokenError> {
        match self {
            Self::Environment => match std::env::var(VARIABLE) {
                Ok(text) => ApiToken::of(&text, VARIABLE),
                Err(_) => Err(TokenError::Missing),
            },
            Self::File(path) => ApiToken::of_file(path),
            Self::Command(command) => {
                let fault = |fault: String| TokenError::Command { fault };
                let mut shell = if cfg!(windows) {
                    let mut shell = std::process::Command::new("cmd");
                    shell.arg("/C");
                    shell
                } else {
                    let mut shell = std::process::Command::new("sh");
                    shell.arg("-c");
                    shell
                };
                shell.arg(command).stdin(std::process::Stdio::null());
                // Its messages go to the terminal; what it prints is the token.
                shell.stderr(std::process::Stdio::inherit());
                let output = shell.output().map_err(|error| fault(error.to_string()))?;
                if !output.status.success() {
                    return Err(fault(format!("failed ({})", output.status)));
                }
                let text = String::from_utf8(output.stdout)
                    .map_err(|_| fault("printed something that is not UTF-8".to_owned()))?;
                ApiToken::of(&text, "--token-command")
            }
        }
    }

    /// Whether reading it again can give another token.
    pub fn can_change(&self) -> bool {
        *self != Self::Environment
    }
}

impl ApiToken {
    fn of(text: &str, place: &str) -> Result<Self, TokenError> {
        let text = text.trim();
        let fault = if text.is_empty() {
            "empty"
        } else if text.bytes().any(|byte| !byte.is_ascii_graphic()) {
            "it has blanks or characters that a header cannot have"
        } else {
            return Ok(Self(text.to_owned()));
        };
        Err(TokenError::Malformed { place: place.to_owned(), fault })
    }

    fn of_file(path: &Path) -> Result<Self, TokenError> {
        let refuse = |source| TokenError::File { path: path.to_owned(), source };
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(path).map_err(refuse)?.permissions().mode() & 0o777;
            if mode & 0o077 != 0 {
                return Err(TokenError::Open { path: path.to_owned(), mode });
            }
        }
        let text = std::fs::read_to_string(path).map_err(refuse)?;
        Self::of(&text, &path.display().to_string())
    }

    /// The value of a header with this token.
    pub(crate) fn bearer(&self) -> String {
        format!("Bearer {}", self.0)
    }

    /// Whether the value of a header has this token, with `Bearer` or alone. Takes the same time for all wrong tokens.
    pub(crate) fn is_in(&self, header: &str) -> bool {
        let header = header.trim();
        let given = match header.split_at_checked(7) {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("bearer ") => rest.trim(),
            _ => header,
        };
        blake3::hash(given.as_bytes()) == blake3::hash(self.0.as_bytes())
    }

    /// Replaces the token wherever it stands in a text.
    pub(crate) fn hidden_in(&self, text: &str) -> String {
        text.replace(&self.0, "[token]")
    }
}
