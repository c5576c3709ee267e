//! Charts as paths of SVG. Each is drawn in units of its own (ten for a step of time, a hundred for the height) and is
//! stretched to its place; the script draws the same paths anew when numbers change.

use std::fmt::Write as _;

/// Width of a step of time.
pub(crate) const STEP: usize = 10;

/// Height of a chart.
pub(crate) const HEIGHT: f64 = 100.0;

fn bar(path: &mut String, place: usize, top: f64, height: f64) {
    if height > 0.0 {
        // Writing to a String does not fail.
        let _never = write!(path, "M{} {}h9v{}h-9z", place * STEP, round(top), round(height));
    }
}

fn round(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

/// Bars on top of each other, one path for each series, and the height of the highest stack. All series have a number
/// for each step.
pub(crate) fn stacked(series: &[Vec<u64>]) -> (Vec<String>, u64) {
    let steps = series.first().map_or(0, Vec::len);
    let sum = |step: usize| series.iter().map(|numbers| numbers[step]).sum::<u64>();
    let most = (0..steps).map(sum).max().unwrap_or(0);
    let scale = HEIGHT / most.max(1) as f64;
    let mut below = vec![0; steps];
    let paths = series.iter().map(|numbers| {
        let mut path = String::new();
        for (step, number) in numbers.iter().enumerate() {
            below[step] += number;
            bar(&mut path, step, HEIGHT - below[step] as f64 * scale, *number as f64 * scale);
        }
        path
    });
    (paths.collect(), most)
}

/// Levels of a heat map.
pub(crate) const LEVELS: usize = 5;

/// Cells of one row of a heat map, one path for each level. Level `n` is for numbers up to a share of `(n/5)²` of the
/// most, so that few are told from none.
pub(crate) fn heat(numbers: &[u64], most: u64) -> Vec<String> {
    let mut paths = vec![String::new(); LEVELS];
    for (step, number) in numbers.iter().enumerate().filter(|(_, number)| **number > 0) {
        let share = (*number as f64 / most.max(1) as f64).sqrt();
        let above = (1..LEVELS).filter(|level| share * LEVELS as f64 > *level as f64).count();
        bar(&mut paths[above], step, 0.0, HEIGHT);
    }
    paths
}

/// A span on a line of `whole` from 0 to 1000, and at least three wide.
pub(crate) fn span(from: f64, length: f64, whole: f64) -> (f64, f64) {
    let unit = 1000.0 / whole.max(1.0);
    let start = (from * unit).clamp(0.0, 997.0);
    (round(start), round((length * unit).clamp(3.0, 1000.0 - start)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_stand_on_each_other() {
        let (paths, most) = stacked(&[vec![1, 0], vec![3, 2]]);
        assert_eq!(most, 4);
        assert_eq!(paths, ["M0 75h9v25h-9z", "M0 0h9v75h-9zM10 50h9v50h-9z"]);
        assert_eq!(stacked(&[]), (Vec::new(), 0));
    }

    #[test]
    fn few_are_told_from_none() {
        let levels: Vec<bool> =
            heat(&[0, 1, 1_000], 1_000).iter().map(|path| !path.is_empty()).collect();
        assert_eq!(levels, [true, false, false, false, true]);
    }

    #[test]
    fn a_span_stays_on_its_line() {
        assert_eq!(span(500.0, 250.0, 1000.0), (500.0, 250.0));
        assert_eq!(span(2_000.0, 5.0, 1000.0), (997.0, 3.0));
        assert_eq!(span(0.0, 0.0, 0.0), (0.0, 3.0));
    }
}
