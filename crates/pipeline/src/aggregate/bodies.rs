//! The table `bodies`: the shapes of the request and response bodies of each endpoint, and how many distinct bodies there
//! are.

use super::endpoints::{EndpointCounter, EndpointId};
use super::intern::EndpointNames;
use super::small::{SmallTexts, count, file_of};
use super::stored::{self, FileNumbers, number};
use super::{BodyKind, BodySide, CountedBody, RecordPlace};
use hashbrown::{HashMap, HashSet};
use rayon::prelude::*;
use redact::Redacted;
use std::collections::BTreeMap;
use tables::cell::{BodyKindWord, BodySideWord, EndpointName, ShapeHash};
use tables::rows::BodyRow;
use tables::state::{BodyStateRow, BodyStates, DigestStateRow, DigestStates, Shapes};
use tables::{Batch, Encoder, ReadError, Stored};

use crate::log_text;
use crate::state::TextRedaction;

/// The number of a slot in [`BodyCounter`].
pub(super) type SlotId = u32;

/// Counts of one shape on one side of one (endpoint, flow, step).
///
/// Finer than a row of the table, so that the same digests serve this table and `endpoints`.
#[derive(Debug)]
struct Slot {
    endpoint: EndpointId,
    side: BodySide,
    shape: u64,
    count: u64,
    failed: u64,
    /// Lower half of each distinct digest. Two of 10^8 distinct bodies share one with a
    /// probability of 1 in 3,700; the other half would double the largest table in memory.
    digests: HashSet<u64>,
    bytes_sum: u64,
    bytes_max: u64,
    sample: RecordPlace,
}

/// What does not depend on who uses a shape.
#[derive(Debug)]
struct Shape {
    kind: BodyKind,
    paths: Vec<String>,
}

/// All bodies: 10 to 19 bytes for each distinct one of an (endpoint, flow, step), and the
/// paths of each distinct shape.
#[derive(Debug, Default)]
pub(super) struct BodyCounter {
    index: HashMap<(EndpointId, BodySide, u64), SlotId>,
    slots: Vec<Slot>,
    shapes: HashMap<u64, Shape>,
}

impl BodyCounter {
    /// Counts one body; `paths` lists its paths, and is called when its shape is new.
    pub(super) fn add(
        &mut self,
        endpoint: EndpointId,
        side: BodySide,
        body: &CountedBody,
        place: RecordPlace,
        failed: bool,
        paths: &mut dyn FnMut(BodySide) -> Vec<String>,
    ) {
        let known = self.slots.len();
        let id = self.slot(endpoint, side, body.shape, place);
        // A slot that is known has a shape that is known.
        if self.slots.len() > known && !self.shapes.contains_key(&body.shape) {
            self.shapes.insert(body.shape, Shape { kind: body.kind, paths: paths(side) });
        }
        let slot = &mut self.slots[id as usize];
        slot.digests.insert(body.digest as u64);
        slot.count += 1;
        slot.failed += u64::from(failed);
        slot.bytes_sum = slot.bytes_sum.saturating_add(body.bytes);
        slot.bytes_max = slot.bytes_max.max(body.bytes);
        slot.sample = slot.sample.min(place);
    }

    /// Merges `other`; `endpoints` maps its endpoint numbers to those here.
    pub(super) fn merge(&mut self, other: Self, endpoints: &[EndpointId]) {
        for slot in other.slots {
            let endpoint = endpoints[slot.endpoint as usize];
            let id = self.slot(endpoint, slot.side, slot.shape, slot.sample);
            let here = &mut self.slots[id as usize];
            here.count += slot.count;
            here.failed += slot.failed;
            if here.digests.is_empty() {
                here.digests = slot.digests;
            } else {
                here.digests.extend(slot.digests);
            }
            here.bytes_sum = here.bytes_sum.saturating_add(slot.bytes_sum);
            here.bytes_max = here.bytes_max.max(slot.bytes_max);
            here.sample = here.sample.min(slot.sample);
        }
        for (shape, known) in other.shapes {
            self.shapes.entry(shape).or_insert(known);
        }
    }

    /// How many distinct bodies each (endpoint, flow, step) has on each side, by its number.
    ///
    /// Equal bodies have equal shapes, so no body is in two slots of one (endpoint, flow, step).
    pub(super) fn distinct(&self, side: BodySide) -> HashMap<EndpointId, u64> {
        let mut distinct = HashMap::new();
        for slot in self.slots.iter().filter(|slot| slot.side == side) {
            *distinct.entry(slot.endpoint).or_default() += slot.digests.len() as u64;
        }
        distinct
    }

    /// The format of each shape.
    pub(super) fn kind(&self, shape: u64) -> Option<BodyKind> {
        self.shapes.get(&shape).map(|shape| shape.kind)
    }

    /// The paths of each shape.
    pub(super) fn texts(
        &self,
        redaction: &mut TextRedaction<'_>,
    ) -> BTreeMap<u64, Vec<Redacted<'_>>> {
        redaction.scope().begin();
        let mut masked =
            |shape, path| redaction.text(shape, |scope| scope.path("bodies.paths", path));
        let texts = self.shapes.iter().map(|(&shape, known)| {
            (shape, known.paths.iter().map(|path| masked(shape, path)).collect())
        });
        texts.collect()
    }

    /// Rows sorted by (endpoint, side, most frequent first, shape).
    pub(super) fn rows<'a>(
        &'a self,
        endpoints: &EndpointCounter,
        names: &'a EndpointNames,
        files: &'a [&'a str],
        texts: &'a SmallTexts<'a>,
    ) -> Vec<BodyRow<'a>> {
        let mut slots: BTreeMap<(Option<EndpointName<'_>>, BodySide, u64), Vec<&Slot>> =
            BTreeMap::new();
        for slot in &self.slots {
            let endpoint = endpoints.get(slot.endpoint).endpoint;
            slots.entry((names.get(endpoint), slot.side, slot.shape)).or_default().push(slot);
        }
        let rows = slots.into_iter().filter_map(|((endpoint, side, shape), slots)| {
            let known = self.shapes.get(&shape)?;
            let sum = |of: fn(&Slot) -> u64| {
                count(slots.iter().fold(0, |sum: u64, slot| sum.saturating_add(of(slot))))
            };
            let sample = slots.iter().map(|slot| slot.sample).min()?;
            Some(BodyRow {
                endpoint,
                side: BodySideWord(side.name()),
                shape: ShapeHash(shape),
                kind: BodyKindWord(known.kind.name()),
                count: sum(|slot| slot.count),
                failed: sum(|slot| slot.failed),
                distinct: count(union(&slots)),
                bytes_sum: sum(|slot| slot.bytes_sum),
                bytes_max: count(slots.iter().map(|slot| slot.bytes_max).max()?),
                paths: texts.paths.get(&shape)?.iter().map(log_text::shape_path).collect(),
                sample_file: file_of(files, sample),
                sample_record: sample.record.cast_signed(),
            })
        });
        let mut rows: Vec<_> = rows.collect();
        rows.sort_by_key(|row| (row.endpoint, row.side, std::cmp::Reverse(row.count), row.shape));
        rows
    }

    /// Rows of the state, encoded; `calls` gives the row of each number of an (endpoint, flow, step).
    pub(super) fn store<E: Encoder>(
        &self,
        calls: &[i32],
        encoder: &E,
    ) -> Result<Vec<E::Part>, tables::Error> {
        let mut shapes: Vec<u64> = self.shapes.keys().copied().collect();
        shapes.sort_unstable();
        let shapes: HashMap<u64, i32> = shapes.into_iter().zip(0..).collect();
        let mut slots: Vec<&Slot> = self.slots.iter().collect();
        slots.sort_unstable_by_key(|slot| (calls[slot.endpoint as usize], slot.side, slot.shape));
        let mut bodies = Batch::<BodyStates>::new();
        let mut digests = Vec::new();
        for slot in slots {
            bodies.push(&BodyStateRow {
                call: calls[slot.endpoint as usize],
                side: BodySideWord(slot.side.name()),
                shape: shapes.get(&slot.shape).copied().unwrap_or_default(),
                count: count(slot.count),
                failed: count(slot.failed),
                distinct: (slot.digests.len() as u32).cast_signed(),
                bytes_sum: count(slot.bytes_sum),
                bytes_max: count(slot.bytes_max),
                sample_file: slot.sample.file.cast_signed(),
                sample_record: slot.sample.record.cast_signed(),
            });
            let start = digests.len();
            digests.extend(slot.digests.iter().map(|&digest| (slot.side, digest)));
            digests[start..].par_sort_unstable();
        }
        let mut parts =
            stored::encode::<DigestStates, _, _>(&digests, encoder, |&(side, digest)| {
                DigestStateRow { side: BodySideWord(side.name()), digest: digest.cast_signed() }
            })?;
        parts.push(encoder.encode(&mut bodies)?);
        Ok(parts)
    }

    /// The counts of a report, whose (endpoint, flow, step) have the numbers of their rows; `calls`: how many there are.
    pub(super) fn load(
        report: &Stored,
        files: FileNumbers<'_>,
        calls: usize,
    ) -> Result<Self, ReadError> {
        let (mut all, mut shapes) = (Self::default(), Vec::new());
        stored::each::<Shapes>(report, |row| {
            let kind = BodyKind::of_name(row.kind.0)?;
            let paths = row.paths.iter().map(|path| path.0.to_owned()).collect();
            shapes.push(row.shape.0);
            all.shapes.insert(row.shape.0, Shape { kind, paths });
            Some(())
        })?;
        let mut distinct = Vec::new();
        stored::each::<BodyStates>(report, |row| {
            let side = BodySide::ALL.into_iter().find(|side| side.name() == row.side.0)?;
            let sample = files.place(row.sample_file, row.sample_record)?;
            let call = number(row.call).filter(|call| *call < calls)?;
            let id = all.slot(call as EndpointId, side, *shapes.get(number(row.shape)?)?, sample);
            let here = all.slots.get_mut(id as usize)?;
            here.count = row.count.unsigned_abs();
            here.failed = row.failed.unsigned_abs();
            here.bytes_sum = row.bytes_sum.unsigned_abs();
            here.bytes_max = row.bytes_max.unsigned_abs();
            distinct.push(number(row.distinct)?);
            (all.slots.len() == distinct.len()).then_some(())
        })?;
        let mut slots = all.slots.iter_mut().zip(distinct);
        let (mut digests, mut left) = (None, 0);
        stored::each::<DigestStates>(report, |row| {
            while left == 0 {
                let (slot, distinct) = slots.next()?;
                slot.digests.reserve(distinct);
                (digests, left) = (Some(&mut slot.digests), distinct);
            }
            left -= 1;
            digests.as_mut()?.insert(row.digest.cast_unsigned());
            Some(())
        })?;
        Ok(all)
    }

    fn slot(
        &mut self,
        endpoint: EndpointId,
        side: BodySide,
        shape: u64,
        sample: RecordPlace,
    ) -> SlotId {
        let slots = &mut self.slots;
        *self.index.entry((endpoint, side, shape)).or_insert_with(|| {
            slots.push(Slot {
                endpoint,
                side,
                shape,
                count: 0,
                failed: 0,
                digests: HashSet::new(),
                bytes_sum: 0,
                bytes_max: 0,
                sample,
            });
            slots.len() as SlotId - 1
        })
    }
}

/// The number of distinct digests in several slots: flows and steps can send equal bodies to one endpoint.
fn union(slots: &[&Slot]) -> u64 {
    match slots {
        [one] => one.digests.len() as u64,
        _ => slots.iter().flat_map(|slot| &slot.digests).collect::<HashSet<_>>().len() as u64,
    }
}
