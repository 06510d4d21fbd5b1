//! A map from small ids to values that remembers insertion order: symbol tables and the index tables of a code unit.

use rustc_hash::FxHashMap;

/// Up to this many entries a scan is faster than hashing.
const SCAN: usize = 12;

/// An insertion-ordered map keyed by `u32` ids.
#[derive(Clone, Debug)]
pub struct OrderedMap<V> {
    entries: Vec<(u32, V)>,
    index: FxHashMap<u32, u32>,
}

impl<V> Default for OrderedMap<V> {
    fn default() -> Self {
        OrderedMap { entries: Vec::new(), index: FxHashMap::default() }
    }
}

impl<V: Copy> OrderedMap<V> {
    fn position(&self, key: u32) -> Option<usize> {
        if self.entries.len() <= SCAN {
            self.entries.iter().position(|e| e.0 == key)
        } else {
            self.index.get(&key).map(|&i| i as usize)
        }
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The value of a key.
    pub fn get(&self, key: u32) -> Option<V> {
        self.position(key).map(|i| self.entries[i].1)
    }

    /// Whether the key is there.
    pub fn contains(&self, key: u32) -> bool {
        self.position(key).is_some()
    }

    /// Sets a value; a new key goes to the end, an old one keeps its place.
    pub fn insert(&mut self, key: u32, value: V) {
        match self.position(key) {
            Some(i) => self.entries[i].1 = value,
            None => self.push(key, value),
        }
    }

    /// The value of the key; a new key gets `value`.
    pub fn get_or_insert(&mut self, key: u32, value: V) -> V {
        match self.position(key) {
            Some(i) => self.entries[i].1,
            None => {
                self.push(key, value);
                value
            }
        }
    }

    fn push(&mut self, key: u32, value: V) {
        self.entries.push((key, value));
        let len = self.entries.len();
        if len == SCAN + 1 {
            self.index.clear();
            self.index.extend(self.entries.iter().enumerate().map(|(i, e)| (e.0, i as u32)));
        } else if len > SCAN {
            self.index.insert(key, len as u32 - 1);
        }
    }

    /// Makes it empty, keeping its memory.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.index.clear();
    }

    /// Takes a key out; those behind it move up.
    pub fn remove(&mut self, key: u32) {
        if let Some(i) = self.position(key) {
            self.entries.remove(i);
            self.index.clear();
            if self.entries.len() > SCAN {
                self.index.extend(self.entries.iter().enumerate().map(|(i, e)| (e.0, i as u32)));
            }
        }
    }

    /// Entries in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (u32, V)> + ExactSizeIterator + '_ {
        self.entries.iter().copied()
    }

    /// The entry at a position.
    pub fn at(&self, position: usize) -> Option<(u32, V)> {
        self.entries.get(position).copied()
    }

    /// Replaces the value at a position.
    pub fn set_at(&mut self, position: usize, value: V) {
        self.entries[position].1 = value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_order_when_small_and_large() {
        let mut map = OrderedMap::default();
        for i in 0..40u32 {
            map.insert(i * 7 % 41, i);
        }
        map.insert(7, 100);
        assert_eq!(map.get(7), Some(100));
        assert_eq!(map.at(1), Some((7, 100)));
        map.remove(0);
        assert_eq!(map.at(0), Some((7, 100)));
        assert_eq!(map.len(), 39);
        assert_eq!(map.get(0), None);
        assert_eq!(map.get(39 * 7 % 41), Some(39));
    }
}
