//! What is masked in texts of logs, and the key of their pseudonyms.

use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use anyhow::{Context as _, bail};
use clap::ValueEnum;
use redact::{Key, Level};

/// What is masked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RedactArg {
    /// Passwords, tokens, keys and sessions
    Secrets,
    /// Secrets, and what tells of a person
    Personal,
    /// Nothing
    None,
}

impl RedactArg {
    /// As the redactor calls it.
    pub(crate) fn level(self) -> Level {
        match self {
            Self::Secrets => Level::Secrets,
            Self::Personal => Level::Personal,
            Self::None => Level::None,
        }
    }
}

/// A key that is used once and thrown away.
pub(crate) fn new_key() -> anyhow::Result<Key> {
    random().map(Key::new)
}

/// The key in a file, which is made when it is absent: 64 hex digits, readable for its owner alone.
pub(crate) fn key_in(path: &Path) -> anyhow::Result<Key> {
    let fault = |what: &str| format!("{}: {what}", path.display());
    match fs::read(path) {
        Ok(text) => {
            check_mode(path)?;
            let text = String::from_utf8_lossy(&text);
            let bytes = bytes_of(text.trim()).with_context(|| {
                fault("no key: it has to hold 64 hex digits\nname a file that does not exist, and it is made")
            })?;
            Ok(Key::new(bytes))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let bytes = random()?;
            let digits = bytes.iter().fold(String::new(), |mut digits, byte| {
                // Writing to a String does not fail.
                let _never = write!(digits, "{byte:02x}");
                digits
            });
            let mut options = OpenOptions::new();
            options.write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let written = options.open(path).and_then(|mut file| writeln!(file, "{digits}"));
            written.with_context(|| fault("the key could not be written"))?;
            Ok(Key::new(bytes))
        }
        Err(error) => Err(error).with_context(|| fault("the key could not be read")),
    }
}

/// Refuses a key that others can read: who has it can check guesses.
fn check_mode(path: &Path) -> anyhow::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(path)?.permissions().mode();
        if mode & 0o077 != 0 {
            let path = path.display();
            bail!("{path}: others can read this key (mode {:03o})\nchmod 600 {path}", mode & 0o777);
        }
    }
    Ok(())
}

fn random() -> anyhow::Result<[u8; 32]> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).context("the system gives no random bytes")?;
    Ok(bytes)
}

fn bytes_of(digits: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    if pairs.len() != bytes.len() || !rest.is_empty() {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(pairs) {
        let pair = str::from_utf8(pair).ok().filter(|pair| !pair.starts_with('+'))?;
        *byte = u8::from_str_radix(pair, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_and_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let made = key_in(&path).unwrap();
        assert_eq!(key_in(&path).unwrap(), made);
        assert_ne!(new_key().unwrap(), made);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
            mode(0o640);
            assert!(key_in(&path).unwrap_err().to_string().contains("chmod 600"));
            mode(0o600);
        }
        for wrong in
            ["", "00", &"0g".repeat(32), &"0".repeat(63), &"00".repeat(33), &"+1".repeat(32)]
        {
            fs::write(&path, wrong).unwrap();
            assert!(key_in(&path).is_err(), "{wrong}");
        }
    }
}
