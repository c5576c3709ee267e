//! What is remembered of bodies that come again.
//!
//! Retries, unchanged answers and error answers make equal bodies common in dumps. A body that is met
//! for the second time is taken apart once more and remembered by its digest; from the third time on
//! nobody reads it but the digest. Everything remembered depends on the body's bytes only, so the
//! result is the same whatever was met before. Memory: at most [`MAX_KNOWN`] entries of some 200
//! bytes a worker; when they are full, all are forgotten.

use std::sync::Arc;

use hashbrown::HashMap;

use crate::exchange::{Body, BodyKind, KeyKind};
use crate::failure::verdict_of;
use crate::key::{self, Outlined};
use crate::record::Names;

/// Bodies remembered at most.
const MAX_KNOWN: usize = 1 << 16;

/// Digests of which it is remembered that they were met, in bits.
const MET_BITS: u32 = 17;

/// What the bytes of a body say.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) kind: BodyKind,
    pub(crate) shape: u64,
    /// What a JSON body says of success, see [`verdict_of`].
    pub(crate) verdict: Option<bool>,
    /// The key that it speaks of: where orders are not the matter, and where they are.
    pub(crate) keys: [Option<OwnedKey>; 2],
}

/// A key that outlives its body.
#[derive(Debug)]
pub(crate) struct OwnedKey {
    pub(crate) kind: KeyKind,
    pub(crate) rank: u8,
    /// Escaped as it stood.
    pub(crate) inner: Box<str>,
}

impl Known {
    /// What is to be remembered of a body; `None` for those that have rows or are escaped again.
    pub(crate) fn of(
        body: &Body<'_>,
        outlined: &Outlined<'_>,
        names: &mut Names,
    ) -> Option<Arc<Self>> {
        let mut rows = Vec::new();
        for orders in [false, true] {
            if body.kind == BodyKind::Json {
                key::rows(outlined, orders, names, &mut rows);
            }
            if !rows.is_empty() {
                return None;
            }
        }
        if body.kind == BodyKind::Text && body.text.trim_start().starts_with('"') {
            return None;
        }
        let keys = [false, true].map(|orders| {
            let key = key::in_body(outlined, orders, names)?;
            Some(OwnedKey { kind: key.kind, rank: key.rank, inner: key.inner.into() })
        });
        let verdict = verdict_of(&outlined.members, names);
        Some(Arc::new(Self { kind: body.kind, shape: body.shape, verdict, keys }))
    }
}

/// Bodies that came at least twice, by digest.
#[derive(Debug, Default)]
pub(crate) struct Memo {
    known: HashMap<u128, Arc<Known>>,
    /// Half a digest in the place that its other half tells.
    met: Vec<u64>,
}

impl Memo {
    /// What is known of a body.
    pub(crate) fn get(&self, digest: u128) -> Option<Arc<Known>> {
        self.known.get(&digest).cloned()
    }

    /// Whether a body was met before and is to be remembered now.
    pub(crate) fn wants(&mut self, digest: u128) -> bool {
        if self.met.is_empty() {
            self.met = vec![0; 1 << MET_BITS];
        }
        let place = &mut self.met[(digest >> (128 - MET_BITS)) as usize];
        let half = digest as u64;
        std::mem::replace(place, half) == half
    }

    /// Remembers a body.
    pub(crate) fn put(&mut self, digest: u128, known: Arc<Known>) {
        if self.known.len() >= MAX_KNOWN {
            self.known.clear();
        }
        self.known.insert(digest, known);
    }
}

#[cfg(test)]
mod tests {
    use crate::extract::Extractor;

    #[test]
    fn a_body_says_the_same_however_often_it_comes() {
        let bodies = [
            r#"{"sku":"A-1","success":false,"message":"no such \u0131tem"}"#,
            r#"{"number":"00012345","sku":"B-2"}"#,
            r#"[{"sku":"A-1"},{"sku":"B-2"}]"#,
            "<a><sku>C-3</sku></a>",
            r#"{"price":["too low"]}"#,
            r#"{"cut":"#,
            "",
        ];
        let mut extractor = Extractor::default();
        let mut told: Vec<Vec<String>> = Vec::new();
        for _ in 0..5 {
            let mut round = Vec::new();
            for request in bodies {
                for response in bodies {
                    let record = serde_json::json!({
                        "url": "/orders/", "status_code": 400, "request_body": request, "response_body": response,
                    });
                    extractor.extract(&record.to_string(), true, &mut |x| {
                        round.push(format!(
                            "{:?} {:?} {:?} {:?} {:?} {:?}",
                            x.key, x.outcome, x.errors, x.rows, x.request, x.response
                        ));
                    });
                }
            }
            told.push(round);
        }
        assert_eq!(told[0].len(), bodies.len() * bodies.len());
        assert!(told.iter().all(|round| *round == told[0]));
    }
}
