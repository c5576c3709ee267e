//! All stages on a small dump. Times differ from run to run and are only checked for being there.

use std::sync::atomic::AtomicBool;

use archive::Limits;
use measure::{
    Error, GeneratedLogs, MeasureOptions, Measured, MeasuredStage, ScratchFolder, generate, measure,
};

fn options(threads: &[usize]) -> MeasureOptions {
    MeasureOptions {
        threads: threads.to_vec(),
        runs: 2,
        stages: MeasuredStage::ALL.to_vec(),
        sample_bytes: u64::MAX,
        limits: Limits::default(),
    }
}

fn measured(logs: GeneratedLogs, stop: &AtomicBool) -> Result<Measured, Error> {
    let parent = tempfile::tempdir().expect("a temporary folder");
    let scratch = ScratchFolder::create(parent.path())?;
    let inputs = generate(20_000, logs, 2, &scratch, &AtomicBool::new(false))?;
    measure(&inputs, Some(logs), &scratch, &options(&[1, 2]), &mut |_| (), stop)
}

#[test]
fn every_stage_is_measured_with_every_number_of_threads() {
    let logs = GeneratedLogs { seed: 1, repeats: false };
    let found = measured(logs, &AtomicBool::new(false)).unwrap();
    let expected: Vec<_> = MeasuredStage::ALL
        .into_iter()
        .flat_map(|stage| [1, 2].map(|threads| (stage, threads)))
        .filter(|&series| series != (MeasuredStage::Limit, 2))
        .collect();
    let series: Vec<_> = found.measurements.iter().map(|one| (one.stage, one.threads)).collect();
    assert_eq!(series, expected);
    for one in &found.measurements {
        assert!(one.seconds.len() == 2 && one.seconds.iter().all(|&s| s > 0.0), "{one:?}");
    }
    let sample = &found.sample;
    assert_eq!(sample.generated, Some(logs));
    assert!(sample.decoded_bytes >= 20_000 && sample.exchanges > 0 && sample.errors > 0);
    assert_eq!((sample.limit_bytes, sample.copies), (sample.encoded_bytes, 0));
    assert!(found.limit_share().is_some());
}

#[test]
fn an_interrupted_measurement_says_so() {
    let logs = GeneratedLogs { seed: 1, repeats: true };
    let result = measured(logs, &AtomicBool::new(true));
    assert!(matches!(result, Err(Error::Interrupted)), "{result:?}");
}
