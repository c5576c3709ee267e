//! The requests of a report in blocks, and the errors of groups in each.

use std::collections::{BTreeMap, HashMap};

use tables::cell::{FileName, Fingerprint, FlowName, Micros, RunId};
use tables::rows::{Errors, Exchanges};
use tables::{ReadError, Stored};

use super::chance::{Block, enough};

/// One hour.
const HOUR: i64 = 3_600_000_000;

/// Into how many blocks the requests of both reports are divided when there are too few hours and runs.
const PARTS: u64 = 1000;

tables::select! {
    /// The group of an error.
    struct ErrorInBlock<'b> from Errors {
        exchange: i64,
        fingerprint: Fingerprint<'b>,
    }
}

tables::select! {
    /// When and where a request was made.
    struct RequestInBlock<'b> from Exchanges {
        exchange: i64,
        file: FileName<'b>,
        run_id: Option<RunId<'b>>,
        flow: Option<FlowName<'b>>,
        started_at: Option<Micros>,
    }
}

/// What the requests of a block have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BlockKind {
    /// The hour (UTC) in which their run began, or they themselves when no run is known.
    Hour,
    /// Their run, or their file when no run is known.
    Run,
    /// They follow one another.
    Part,
}

/// The blocks of two reports.
#[derive(Debug)]
pub(crate) struct Blocks {
    pub(crate) kind: BlockKind,
    pub(crate) old: Vec<Block>,
    pub(crate) new: Vec<Block>,
}

/// What is counted, by number.
pub(crate) struct KnownNames<'n> {
    /// Of groups, by fingerprint.
    pub(crate) groups: HashMap<&'n str, u32>,
    /// Of flows; `None` for requests without a flow.
    pub(crate) flows: BTreeMap<Option<&'n str>, u32>,
}

impl Blocks {
    /// Reads both reports, which have so many requests, in the largest blocks of which there are enough. Memory is that
    /// of the blocks, and 16 bytes for each error of one report.
    pub(crate) fn read(
        old: &Stored,
        new: &Stored,
        numbers: &KnownNames<'_>,
        requests: u64,
    ) -> Result<Self, ReadError> {
        let part = requests.div_ceil(PARTS).max(1);
        let read = |kind| -> Result<Self, ReadError> {
            let of = |report| blocks(report, kind, part, numbers);
            Ok(Self { kind, old: of(old)?, new: of(new)? })
        };
        for kind in [BlockKind::Hour, BlockKind::Run] {
            let blocks = read(kind)?;
            if enough(blocks.old.len(), blocks.new.len()) {
                return Ok(blocks);
            }
        }
        read(BlockKind::Part)
    }
}

/// The numbers of a block while they are counted.
#[derive(Default)]
struct CountedBlock {
    requests: BTreeMap<u32, u64>,
    errors: BTreeMap<(u32, u32), u64>,
}

fn blocks(
    report: &Stored,
    kind: BlockKind,
    part: u64,
    numbers: &KnownNames<'_>,
) -> Result<Vec<Block>, ReadError> {
    let errors = errors(report, numbers)?;
    let mut counted: HashMap<String, CountedBlock> = HashMap::new();
    let mut hours: HashMap<String, Option<i64>> = HashMap::new();
    let (mut name, mut before) = (String::new(), 0_u64);
    let mut table = report.table::<Exchanges>()?;
    for group in 0..table.groups() {
        for request in table.read::<RequestInBlock<'_>>(group)?.iter() {
            let Some(&flow) = numbers.flows.get(&request.flow.map(|flow| flow.0)) else { continue };
            name.clear();
            match (kind, request.run_id) {
                (BlockKind::Hour, run) => {
                    let own = request.started_at.map(|at| at.0.div_euclid(HOUR));
                    let hour = match run {
                        Some(run) => first_hour(&mut hours, run.0, own),
                        None => own,
                    };
                    if let Some(hour) = hour {
                        name.push_str(&hour.to_string());
                    }
                }
                (BlockKind::Run, Some(run)) => name.push_str(run.0),
                (BlockKind::Run, None) => name.push_str(request.file.0),
                (BlockKind::Part, _) => name.push_str(&(before / part).to_string()),
            }
            before += 1;
            if !counted.contains_key(&name) {
                counted.insert(name.clone(), CountedBlock::default());
            }
            let Some(block) = counted.get_mut(&name) else { continue };
            *block.requests.entry(flow).or_default() += 1;
            let from = errors.partition_point(|error| error.0 < request.exchange);
            let of_request = errors[from..].iter().take_while(|error| error.0 == request.exchange);
            for &(_, group) in of_request {
                *block.errors.entry((group, flow)).or_default() += 1;
            }
        }
    }
    let block = |(name, block): (String, CountedBlock)| Block {
        name,
        requests: block.requests.into_iter().collect(),
        errors: block.errors.into_iter().collect(),
    };
    Ok(counted.into_iter().map(block).collect())
}

/// Each error by the id of its request and the number of its group, in this order.
fn errors(report: &Stored, numbers: &KnownNames<'_>) -> Result<Vec<(i64, u32)>, ReadError> {
    let mut errors = Vec::new();
    let mut table = report.table::<Errors>()?;
    for group in 0..table.groups() {
        for error in table.read::<ErrorInBlock<'_>>(group)?.iter() {
            let number = numbers.groups.get(error.fingerprint.0);
            errors.extend(number.map(|number| (error.exchange, *number)));
        }
    }
    errors.sort_unstable();
    Ok(errors)
}

/// The hour of the first request of a run, so that a run is not divided.
fn first_hour(
    hours: &mut HashMap<String, Option<i64>>,
    run: &str,
    own: Option<i64>,
) -> Option<i64> {
    match hours.get(run) {
        Some(hour) => *hour,
        None => *hours.entry(run.to_owned()).or_insert(own),
    }
}
