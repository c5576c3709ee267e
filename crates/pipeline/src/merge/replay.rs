//! The rows of exchanges and errors made again from those of a report, with what depends on other files: links, outcomes
//! by the listing, copies.

use grouping::{Class, MessageId, Side};
use model::exchange::{
    BodyKind, ErrorSource, Evidence, Exchange, Key, KeyKind, Outcome, Row as BulkRow,
};
use model::time::Timestamp;
use redact::Redacted;
use tables::cell::{BodyDigest, Micros};

use super::files::{Copies, FirstRows, MergedFile};
use super::shard::Cursors;
use super::{MergeError, SharedTexts};
use crate::aggregate::BodySide;
use crate::link::{self, NameLink};
use crate::outcome::{FileFacts, FileOutcome};
use crate::records::{RecordRows, RedactedBody, RedactedError, RedactedExchange, with_listing};
use crate::state::KeptLeaf;
use crate::worker::{JobRows, Setting, Worker};

/// One file whose rows are made again.
pub(super) struct Replay<'r> {
    pub(super) n: usize,
    pub(super) file: &'r MergedFile,
    pub(super) copies: &'r Copies,
    pub(super) setting: &'r Setting<'r>,
    pub(super) texts: &'r SharedTexts,
    /// Its exchanges are counted. Else they are counted already.
    pub(super) counted: bool,
}

impl Replay<'_> {
    pub(super) fn run<E: tables::Encoder>(
        &self,
        worker: &mut Worker,
        cursors: &mut Cursors<'_>,
        encoder: &E,
        rows: &mut JobRows<E::Part>,
    ) -> Result<FileFacts, MergeError> {
        let Self { n, file, copies, setting, texts, counted } = *self;
        if copies.of_bytes[n].is_some() {
            let copy = FileFacts::copy(file.facts.bytes, file.facts.digest);
            return Ok(FileFacts { modified: file.facts.modified, ..copy });
        }
        let (scope, counts) = worker.parts();
        let mut records =
            RecordRows::new(&file.name, n as u32, setting, encoder, scope, rows, counts);
        records.counted = counted;
        let mut facts = file.facts.clone();
        let (mut changed, mut copied_leaves) = (false, 0);
        let FirstRows { mut exchange, mut error, link: mut link_row, .. } = file.first;
        for leaf in &file.leaves {
            let member = leaf.member.as_deref();
            let original = copies.of_texts.get(&(n, leaf.leaf)).filter(|_| leaf.exchanges > 0);
            let stored = if leaf.copied { 0 } else { leaf.exchanges };
            let outcome = if original.is_some() { FileOutcome::Duplicate } else { leaf.outcome };
            let keep = |records: &mut RecordRows<'_, E>, link: Option<&NameLink>| {
                records.keep_leaf(&KeptLeaf {
                    leaf: leaf.leaf,
                    member,
                    hashes: leaf.hashes,
                    exchanges: leaf.exchanges,
                    copied: original.is_some(),
                    outcome,
                    link,
                });
            };
            if let Some(original) = original {
                keep(&mut records, None);
                copied_leaves += 1;
                if !facts.copied.contains(&(*original as u32)) {
                    facts.copied.push(*original as u32);
                }
                if !leaf.copied {
                    changed = true;
                    if member.is_some() {
                        facts.members.change(leaf.outcome, FileOutcome::Duplicate);
                    }
                    exchange += u64::from(stored);
                    error += u64::from(leaf.errors);
                    link_row += u64::from(leaf.links);
                }
                continue;
            }
            records.leaf = leaf.leaf;
            // Of a copy without exchanges the name does not count.
            let is_copy = copies.of_texts.contains_key(&(n, leaf.leaf));
            let link = (!is_copy)
                .then(|| link::by_names(&setting.survey.listing, &file.name, member))
                .flatten();
            for _ in 0..stored {
                error = replay_exchange(
                    &mut records,
                    setting,
                    texts,
                    cursors,
                    (exchange, error, link_row),
                    member,
                    link.as_ref(),
                )?;
                exchange += 1;
            }
            link_row += u64::from(leaf.links);
            keep(&mut records, link.as_ref());
            records.link_by_name(link.as_ref());
        }
        if changed {
            facts.outcome = facts.signs.outcome(records.records, copied_leaves);
        }
        facts.exchanges = records.records;
        let linked = records.linked.take();
        if let Some(link) = &linked
            && records.records == 0
            && facts.signs.pages == 0
            && counted
        {
            let (log, run) = (link.log_id.as_deref(), link.run_id.as_deref());
            records.counts.accumulator.file_linked(log, run, None);
        }
        let linked = linked.filter(|link| link.log_id.is_some() || link.run_id.is_some());
        facts.linked_by = linked.as_ref().and_then(|link| link.by);
        facts.run_id = linked.as_ref().and_then(|link| link.run_id.clone());
        facts.log_id = linked.and_then(|link| link.log_id);
        Ok(facts)
    }
}

/// Makes the rows of one exchange again. Returns the row of the next error.
fn replay_exchange<E: tables::Encoder>(
    records: &mut RecordRows<'_, E>,
    setting: &Setting<'_>,
    texts: &SharedTexts,
    cursors: &mut Cursors<'_>,
    (exchange, mut error, first_link): (u64, u64, u64),
    member: Option<&str>,
    name: Option<&link::NameLink>,
) -> Result<u64, MergeError> {
    let (rows, at) = cursors.exchanges.at(exchange)?;
    let row = rows.get(at);
    let (states, at) = cursors.exchange_states.at(exchange)?;
    let state = states.get(at);
    let (links, at) = cursors.links.at(first_link + u64::from(state.link.unsigned_abs()))?;
    let link = links.get(at);
    let key =
        row.key_kind.zip(row.key).map(|(kind, key)| Key { kind: key_kind(kind.0), value: key.0 });
    let bulk: Vec<BulkRow<'_>> = state
        .row_kinds
        .iter()
        .zip(&state.row_keys)
        .zip(&state.row_failed)
        .map(|((kind, key), failed)| BulkRow {
            key: Key { kind: key_kind(kind.0), value: key.0 },
            failed: failed.0 == "1",
        })
        .collect();
    let x = Exchange {
        pointer: row.pointer.0,
        log_id: link.log_id.map(|t| t.0),
        run_id: link.run_id.map(|t| t.0),
        file_uuid: link.file_uuid.map(|t| t.0),
        flow: link.flow.map(|t| t.0),
        step: link.step.map(|t| t.0),
        row_num: row.row_num,
        key,
        started_at: row.started_at.map(|Micros(at)| Timestamp(at)),
        duration_ms: row.duration_ms,
        method: row.method.map(|t| t.0),
        url: row.url.map(|t| t.0),
        status: row.status.and_then(|status| u16::try_from(status).ok()),
        response_truncated: row.response_truncated,
        outcome: Outcome::of_name(state.outcome.0).unwrap_or_default(),
        evidence: state.evidence.and_then(|word| Evidence::of_name(word.0)),
        rows: &bulk,
        ..Exchange::default()
    };
    let linked = link::exchange(&setting.survey.listing, &x, name);
    let verdict = with_listing(&x, &linked);
    let by_listing = verdict.1 == Some(Evidence::Listing);
    let needs = |reason| MergeError::NeedsFiles { file: records.file.to_owned(), reason };
    if !by_listing && state.unlisted > 0 {
        return Err(needs("the listing of another report changes why an exchange failed"));
    }
    let keep = records.keeps_bodies(verdict.0);
    let request_text = row.request_body.map(|body| Redacted::of_report(body.text));
    let response_text = row.response_body.map(|body| Redacted::of_report(body.text));
    let missing = |digest: Option<BodyDigest>, text: &Option<Redacted<'_>>| {
        digest.is_some() && text.is_none()
    };
    if keep
        && (missing(row.request_digest, &request_text)
            || missing(row.response_digest, &response_text))
    {
        return Err(needs(
            "an exchange failed by the listing of another report, and its bodies were not kept (--bodies)",
        ));
    }
    let url = row.url.map(|url| Redacted::of_report(url.0));
    let endpoint = row.endpoint.map(|endpoint| Redacted::of_report(endpoint.0));
    let extra = row.extra.map(|extra| Redacted::of_report(extra.0));
    let known = RedactedExchange {
        x: &x,
        url: url.as_ref(),
        endpoint: endpoint.as_ref(),
        request: row.request_digest.map(|digest| RedactedBody {
            text: request_text.as_ref().filter(|_| keep),
            digest,
            bytes: state.request_bytes.unwrap_or(0).unsigned_abs(),
            shape: state.request_shape.map_or(0, |shape| shape.0),
            kind: body_kind(state.request_kind.map_or("", |kind| kind.0)),
        }),
        response: row.response_digest.map(|digest| RedactedBody {
            text: response_text.as_ref().filter(|_| keep),
            digest,
            bytes: state.response_bytes.unwrap_or(0).unsigned_abs(),
            shape: state.response_shape.map_or(0, |shape| shape.0),
            kind: body_kind(state.response_kind.map_or("", |kind| kind.0)),
        }),
        extra: extra.as_ref(),
        unlisted: 0,
    };
    // The rows of the errors have to live as long as their texts.
    let mut held = Vec::new();
    for _ in 0..state.errors {
        held.push((cursors.errors.at(error)?, cursors.error_states.at(error)?));
        error += 1;
    }
    let mut stored = Vec::new();
    for ((rows, at), (states, state_at)) in &held {
        let (row, state) = (rows.get(*at), states.get(*state_at));
        // Where nothing changes, that of the listing is among them.
        if !records.counted || row.source.0 != ErrorSource::Listing.name() {
            stored.push((row, state));
        }
    }
    let mut known = known;
    let errors = if by_listing && records.counted {
        known.unlisted = state.unlisted.unsigned_abs() + stored.len() as u32;
        vec![RedactedError::listed(&x, &mut records.counts.messages)]
    } else {
        known.unlisted = if by_listing { state.unlisted.unsigned_abs() } else { 0 };
        let mut errors = Vec::with_capacity(stored.len());
        for (row, state) in &stored {
            let masked = MessageId(state.message.0);
            if records.counted {
                records.counts.messages.add_masked(masked, texts.message(masked));
            }
            errors.push(RedactedError {
                masked,
                class: Class::ALL
                    .into_iter()
                    .find(|c| c.name() == state.class.0)
                    .unwrap_or(Class::Other),
                side: state
                    .side
                    .and_then(|word| Side::ALL.into_iter().find(|s| s.name() == word.0)),
                code: row.code.map(|t| Redacted::of_report(t.0)),
                field: row.field.map(|t| Redacted::of_report(t.0)),
                message: Redacted::of_report(row.message.0),
                source: error_source(row.source.0),
                key: row
                    .key_kind
                    .zip(row.key)
                    .map(|(kind, key)| Key { kind: key_kind(kind.0), value: key.0 }),
                values: redact::MaskedValues::default(),
            });
        }
        errors
    };
    let shape = |side: BodySide| {
        let body = if side == BodySide::Request { known.request } else { known.response };
        body.and_then(|body| texts.shapes.get(&body.shape).cloned()).unwrap_or_default()
    };
    records.write(&known, errors, &linked, verdict, member, &mut |side| shape(side));
    Ok(error)
}

fn key_kind(word: &str) -> KeyKind {
    KeyKind::of_name(word).unwrap_or(KeyKind::Record)
}

fn body_kind(word: &str) -> BodyKind {
    BodyKind::of_name(word).unwrap_or(BodyKind::Text)
}

fn error_source(word: &str) -> ErrorSource {
    ErrorSource::of_name(word).unwrap_or(ErrorSource::Flag)
}
