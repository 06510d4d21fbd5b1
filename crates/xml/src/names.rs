//! Names by number: a document repeats few names often.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// A name of a parser's table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NameId(pub u32);

/// A fast hash for short names. The table is bounded by what the document spells out, and not reachable across documents.
#[derive(Default)]
pub struct NameHasher(u64);

impl Hasher for NameHasher {
    fn write(&mut self, bytes: &[u8]) {
        for &b in bytes {
            self.0 = (self.0.rotate_left(5) ^ u64::from(b)).wrapping_mul(0x517c_c1b7_2722_0a95);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// A table by name.
pub type ByName<V> = HashMap<Box<[u8]>, V, BuildHasherDefault<NameHasher>>;

/// The table.
#[derive(Default)]
pub struct Names {
    by_name: ByName<u32>,
    names: Vec<Box<[u8]>>,
    bytes: usize,
}

impl Names {
    /// The number of a name.
    pub fn intern(&mut self, name: &[u8]) -> NameId {
        if let Some(&n) = self.by_name.get(name) {
            return NameId(n);
        }
        let n = self.names.len() as u32;
        self.bytes += 2 * (name.len() + size_of::<Box<[u8]>>());
        self.names.push(name.into());
        self.by_name.insert(name.into(), n);
        NameId(n)
    }

    /// How much memory it takes, about.
    pub fn memory(&self) -> usize {
        self.bytes
    }

    /// The name of a number.
    pub fn get(&self, n: NameId) -> &[u8] {
        self.names.get(n.0 as usize).map_or(&[], |n| n)
    }
}
