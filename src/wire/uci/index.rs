//! A hash table from keys to numbers, so that reading a large file takes linear time.
//!
//! Does not store the keys: the caller compares them. BTreeMap and HashMap would
//! also work, but take ten times the flash.

/// Entries in the order of a hash; it only grows.
#[derive(Default)]
pub(super) struct Index {
    /// Hash and number of each entry.
    entries: Vec<(u32, usize)>,
    /// Slots, searched from the entry's hash on: 0 is empty, else the index in `entries` plus 1.
    slots: Vec<usize>,
}

impl Index {
    /// The first number with this hash for which `wanted` is true.
    pub(super) fn find(&self, hash: u32, wanted: impl Fn(usize) -> bool) -> Option<usize> {
        let mut slot = self.slot(hash)?;
        while let Some(at) = self.slots[slot].checked_sub(1) {
            let (other, number) = self.entries[at];
            if other == hash && wanted(number) {
                return Some(number);
            }
            slot = (slot + 1) % self.slots.len();
        }
        None
    }

    pub(super) fn insert(&mut self, hash: u32, number: usize) {
        self.entries.push((hash, number));
        if self.entries.len() * 2 > self.slots.len() {
            self.slots = vec![0; self.entries.len() * 4];
            (0..self.entries.len()).for_each(|at| self.place(at));
        } else {
            self.place(self.entries.len() - 1);
        }
    }

    fn place(&mut self, at: usize) {
        let Some(mut slot) = self.slot(self.entries[at].0) else { return };
        while self.slots[slot] != 0 {
            slot = (slot + 1) % self.slots.len();
        }
        self.slots[slot] = at + 1;
    }

    /// The first slot for this hash.
    fn slot(&self, hash: u32) -> Option<usize> {
        // Similar names have similar hashes: the multiplication spreads them.
        let strewn = u64::from(hash.wrapping_mul(0x9e37_79b1));
        usize::try_from((strewn * self.slots.len() as u64) >> 32).ok().filter(|slot| *slot < self.slots.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_found_again_and_the_first_of_equals() {
        let mut index = Index::default();
        assert_eq!(index.find(7, |_| true), None);
        for number in 0..1000 {
            index.insert(u32::try_from(number).unwrap() / 2, number);
        }
        for number in 0..1000 {
            let hash = u32::try_from(number).unwrap() / 2;
            assert_eq!(index.find(hash, |other| other == number), Some(number));
            assert_eq!(index.find(hash, |_| true), Some(number & !1));
        }
        assert_eq!(index.find(500, |_| true), None);
    }

    #[test]
    fn similar_hashes_begin_at_places_of_their_own_and_half_of_all_are_free() {
        let mut index = Index::default();
        for number in 0..1000_u32 {
            index.insert(number, 0);
            assert!(index.slots.len() >= 2 * index.entries.len(), "{number}");
        }
        let mut first: Vec<_> = (0..1000).filter_map(|hash| index.slot(hash)).collect();
        first.sort_unstable();
        first.dedup();
        assert!(first.len() > 700, "{}", first.len());
    }
}
