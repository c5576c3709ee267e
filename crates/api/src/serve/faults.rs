//! Faults on demand: what hosts and the networks before them do wrong, by a seed.
//!
//! What goes wrong depends on the seed, on what is asked, and on how often the same was asked before, not on time or
//! on the order of different requests. The first answers to a target may be faulty; after four at most it is sound.

use std::collections::HashMap;
use std::io;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::http::{Connection, Request};
use crate::dump::{SavedLogs, StoredLog};
use crate::http_date;
use crate::protocol::AskedAt;
use crate::query::{self, Answer};

/// One way to misbehave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostFault {
    /// 401, twice in a row.
    Refused,
    /// 401 once, as when a token has expired and is renewed.
    Expired,
    /// 429 with `Retry-After` in seconds.
    TooManySeconds,
    /// 429 with `Retry-After` as a date.
    TooManyDate,
    /// 500.
    ServerError,
    /// 502 with a page of HTML.
    BadGateway,
    /// The body comes slowly.
    Slow,
    /// The connection ends in the middle of the body.
    CutBody,
    /// A body that is cut, with the length of what is left.
    CutText,
    /// The connection ends without an answer.
    Closed,
    /// 200 with a login page.
    LoginPage,
    /// 200 with an error in JSON.
    JsonError,
    /// Rows are inserted and deleted between two pages.
    Shifted,
}

impl HostFault {
    /// All kinds with their names.
    pub const ALL: [(&'static str, Self); 13] = [
        ("401", Self::Refused),
        ("expired", Self::Expired),
        ("429", Self::TooManySeconds),
        ("429-date", Self::TooManyDate),
        ("500", Self::ServerError),
        ("502", Self::BadGateway),
        ("slow", Self::Slow),
        ("cut", Self::CutBody),
        ("cut-text", Self::CutText),
        ("closed", Self::Closed),
        ("login", Self::LoginPage),
        ("json", Self::JsonError),
        ("shifted", Self::Shifted),
    ];

    /// Faults that a client overcomes by asking again.
    fn is_passing(self) -> bool {
        !matches!(self, Self::Refused | Self::Expired | Self::Shifted)
    }
}

/// Which faults, how many, by which seed.
#[derive(Debug)]
pub struct Faults {
    seed: u64,
    /// Of 100 answers so many are faulty.
    percent: u64,
    kinds: Vec<HostFault>,
    /// How often each target was asked.
    asked: Mutex<HashMap<u64, u64>>,
    /// List answers so far.
    lists: AtomicU64,
}

/// Why a specification of faults is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{part:?}: write it like seed=7,percent=30,kinds=429+cut; kinds are {kinds}", kinds = HostFault::ALL.map(|(name, _)| name).join(", "))]
pub struct FaultsError {
    /// What is not understood.
    pub part: String,
}

impl FromStr for Faults {
    type Err = FaultsError;

    /// Reads `seed=7,percent=30,kinds=429+cut`. Each part may be left out: seed 0, 20 %, and all kinds that a client
    /// overcomes by asking again.
    fn from_str(text: &str) -> Result<Self, FaultsError> {
        let mut faults = Self {
            seed: 0,
            percent: 20,
            kinds: HostFault::ALL
                .map(|(_, kind)| kind)
                .into_iter()
                .filter(|k| k.is_passing())
                .collect(),
            asked: Mutex::default(),
            lists: AtomicU64::new(0),
        };
        for part in text.split(',').filter(|part| !part.is_empty()) {
            let wrong = || FaultsError { part: part.to_owned() };
            let (name, value) = part.split_once('=').ok_or_else(wrong)?;
            match name {
                "seed" => faults.seed = value.parse().map_err(|_| wrong())?,
                "percent" => {
                    let percent = value.parse().ok().filter(|percent| *percent <= 100);
                    faults.percent = percent.ok_or_else(wrong)?;
                }
                "kinds" => {
                    let kind = |name: &str| {
                        let known = HostFault::ALL.iter().find(|(known, _)| *known == name);
                        known.map(|(_, kind)| *kind).ok_or_else(wrong)
                    };
                    faults.kinds = value.split('+').map(kind).collect::<Result<_, _>>()?;
                }
                _ => return Err(wrong()),
            }
        }
        Ok(faults)
    }
}

/// The most faulty answers to one target.
const MOST_IN_A_ROW: u64 = 4;
/// Rows that arrive while pages are shifted.
const ARRIVING: u64 = 5;
/// Of so many rows one is deleted while pages are shifted.
const ONE_DELETED_OF: u64 = 16;

impl Faults {
    /// The fault of the next answer to a target; `None` for a sound one.
    pub(super) fn next(&self, target: &str) -> Option<HostFault> {
        let kinds: Vec<HostFault> =
            self.kinds.iter().copied().filter(|kind| *kind != HostFault::Shifted).collect();
        let target = xxh3_64_with_seed(target.as_bytes(), self.seed);
        let nth = {
            let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
            let count = asked.entry(target).or_insert(0);
            *count += 1;
            *count - 1
        };
        let of = |nth: u64| {
            let dice = xxh3_64_with_seed(&nth.to_le_bytes(), target);
            (dice % 100 < self.percent && !kinds.is_empty())
                .then(|| kinds[(dice / 100 % kinds.len() as u64) as usize])
        };
        // Kinds that come in a fixed number decide by the first answer.
        match of(0)? {
            HostFault::Refused => (nth < 2).then_some(HostFault::Refused),
            HostFault::Expired => (nth < 1).then_some(HostFault::Expired),
            first if nth == 0 => Some(first),
            _ if nth >= MOST_IN_A_ROW || (1..nth).any(|before| of(before).is_none()) => None,
            _ => of(nth).filter(|kind| kind.is_passing()),
        }
    }

    /// Whether pages shift.
    pub(super) fn shifts(&self) -> bool {
        self.kinds.contains(&HostFault::Shifted)
    }

    /// Answers List Logs while rows arrive and are deleted: with each answer one more of the newest is there, and one
    /// in sixteen disappears after some answers.
    pub(super) fn shifted(&self, dump: &SavedLogs, asked: &AskedAt) -> Answer {
        let now = self.lists.fetch_add(1, Ordering::Relaxed);
        let newest = |log: &StoredLog| dump.place(&log.id).unwrap_or(0) as u64;
        let is_there = |log: &StoredLog| {
            let dice = xxh3_64_with_seed(log.id.as_bytes(), self.seed);
            let is_deleted =
                dice.is_multiple_of(ONE_DELETED_OF) && dice / ONE_DELETED_OF % 16 < now;
            !is_deleted && newest(log) + now >= ARRIVING
        };
        query::list_where(dump, asked, &is_there)
    }
}

impl HostFault {
    /// Sends this instead of `answer`. An error ends the connection.
    pub(super) fn send(
        self,
        connection: &mut Connection,
        answer: &Answer,
        request: &Request,
    ) -> io::Result<()> {
        let html = |status: u16, text: &str| {
            Answer {
            status,
            media_type: "text/html; charset=utf-8",
            body: format!("<!doctype html><html><head><title>{text}</title></head><body><h1>{text}</h1></body></html>").into_bytes(),
        }
        };
        let half = answer.body.len() / 2;
        let later = |connection: &mut Connection, wait: &str| {
            let answer = Answer::error(429, "too many requests");
            connection.send_head(&answer, request, &[("Retry-After", wait)])?;
            connection.send_part(&answer.body)
        };
        match self {
            Self::Refused | Self::Expired => {
                connection.send(&Answer::error(401, "the token has expired"), request)
            }
            Self::TooManySeconds => later(connection, "1"),
            Self::TooManyDate => later(connection, &http_date::text(http_date::now() + 1)),
            Self::ServerError => connection.send(&Answer::error(500, "internal error"), request),
            Self::BadGateway => connection.send(&html(502, "502 Bad Gateway"), request),
            Self::LoginPage => connection.send(&html(200, "Log in"), request),
            Self::JsonError => connection
                .send(&Answer::json(crate::protocol::error_body("please log in")), request),
            Self::Slow => {
                connection.send_head(answer, request, &[])?;
                for part in answer.body.chunks(half.max(1)) {
                    std::thread::sleep(Duration::from_millis(100));
                    connection.send_part(part)?;
                }
                Ok(())
            }
            Self::CutBody => {
                connection.send_head(answer, request, &[])?;
                connection.send_part(&answer.body[..half])?;
                Err(io::ErrorKind::ConnectionAborted.into())
            }
            Self::CutText => {
                let cut = Answer { body: answer.body[..half].to_vec(), ..answer.clone() };
                connection.send(&cut, request)
            }
            Self::Closed => Err(io::ErrorKind::ConnectionAborted.into()),
            Self::Shifted => connection.send(answer, request),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_answered_soundly_after_four_faults_at_most() {
        let faults: Faults = "seed=3,percent=90".parse().unwrap();
        for target in 0..200 {
            let target = format!("/logs/download?id={target}");
            let answers: Vec<_> = (0..8).map(|_| faults.next(&target)).collect();
            let first_sound = answers.iter().position(Option::is_none).unwrap();
            assert!(first_sound <= 4, "{answers:?}");
            assert!(answers[first_sound..].iter().all(Option::is_none), "{answers:?}");
        }
    }

    #[test]
    fn a_wrong_specification_is_refused_with_the_kinds() {
        let error = "seed=1,kinds=cut+tea".parse::<Faults>().unwrap_err();
        assert_eq!(error.part, "kinds=cut+tea");
        assert!(error.to_string().contains("cut-text"));
        for wrong in ["seed=x", "percent=101", "x=1", "seed"] {
            assert!(wrong.parse::<Faults>().is_err(), "{wrong}");
        }
    }
}
