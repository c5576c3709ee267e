//! What was worked out of things that come again, by their marks.

/// How many are kept in mind at most.
const SPOTS: usize = 1 << 15;

/// Values by the [`number`](model::exchange::Mark::number) of a mark; the newest of those whose marks share a
/// spot.
///
/// Marks are given in order, so things that follow each other stand beside each other here. Costs one look,
/// and memory up to the highest mark met, for 32,768 values at most.
#[derive(Debug, Clone)]
pub(crate) struct Marked<T> {
    /// 0 is no mark.
    spots: Vec<(u64, T)>,
}

impl<T> Default for Marked<T> {
    fn default() -> Self {
        Self { spots: Vec::new() }
    }
}

impl<T: Default> Marked<T> {
    /// What was put down for a mark, if that is still there.
    pub(crate) fn get(&self, mark: Option<u64>) -> Option<&T> {
        let mark = mark?;
        let (known, value) = self.spots.get(mark as usize % SPOTS)?;
        (*known == mark).then_some(value)
    }

    /// As [`get`](Self::get), to be changed.
    pub(crate) fn get_mut(&mut self, mark: Option<u64>) -> Option<&mut T> {
        let mark = mark?;
        let (known, value) = self.spots.get_mut(mark as usize % SPOTS)?;
        (*known == mark).then_some(value)
    }

    /// Puts a value down for a mark, and gives the one that stood in its spot; nothing happens without a mark.
    pub(crate) fn put(&mut self, mark: Option<u64>, value: T) -> Option<T> {
        let mark = mark?;
        let spot = mark as usize % SPOTS;
        if self.spots.len() <= spot {
            self.spots.resize_with(spot + 1, Default::default);
        }
        let (known, before) = std::mem::replace(&mut self.spots[spot], (mark, value));
        (known > 0).then_some(before)
    }

    /// Takes all values out.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = T> {
        self.spots.drain(..).filter_map(|(known, value)| (known > 0).then_some(value))
    }

    /// Forgets all values and keeps their memory.
    pub(crate) fn clear(&mut self) {
        self.spots.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_by_its_mark_alone_until_another_takes_its_spot() {
        let mut marked = Marked::default();
        for (mark, value) in [(None, 'x'), (Some(7), 'a'), (Some(9), 'b')] {
            assert_eq!(marked.put(mark, value), None);
        }
        let later = 7 + SPOTS as u64;
        let all = |marked: &Marked<char>| {
            [None, Some(7), Some(8), Some(9), Some(later)].map(|mark| marked.get(mark).copied())
        };
        assert_eq!(all(&marked), [None, Some('a'), None, Some('b'), None]);
        assert_eq!(marked.put(Some(later), 'c'), Some('a'));
        assert_eq!(all(&marked), [None, None, None, Some('b'), Some('c')]);
        assert_eq!(marked.clone().drain().collect::<Vec<_>>(), ['c', 'b']);
        marked.clear();
        assert_eq!(all(&marked), [None; 5]);
    }
}
