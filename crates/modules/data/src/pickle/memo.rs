//! The memo of a pickler: which objects were written, by address. It keeps them alive.

use taipan_object::{Obj, Object};

#[derive(Clone, Copy)]
struct Entry {
    key: *const Object,
    index: usize,
}

const FREE: Entry = Entry { key: std::ptr::null(), index: 0 };
const MIN_SIZE: usize = 8;

/// A table from addresses to the numbers that the pickle knows objects by. Each entry owns a reference to its object.
pub struct Memo {
    entries: Vec<Entry>,
    used: usize,
}

impl Memo {
    pub fn new() -> Memo {
        Memo { entries: vec![FREE; MIN_SIZE], used: 0 }
    }

    /// How many objects are remembered.
    #[inline]
    pub fn len(&self) -> usize {
        self.used
    }

    /// Places in the table, for `__sizeof__`.
    pub fn places(&self) -> usize {
        self.entries.len()
    }

    #[inline(always)]
    fn place(&self, key: *const Object) -> usize {
        let mask = self.entries.len() - 1;
        let h = (key as usize >> 4).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut i = (h >> 32) & mask;
        loop {
            let k = self.entries[i].key;
            if k.is_null() || std::ptr::eq(k, key) {
                return i;
            }
            i = (i + 1) & mask;
        }
    }

    /// The number of an object.
    #[inline(always)]
    pub fn get(&self, o: &Object) -> Option<usize> {
        let e = self.entries[self.place(o)];
        if e.key.is_null() { None } else { Some(e.index) }
    }

    /// Remembers an object under a number.
    #[inline]
    pub fn set(&mut self, o: &Object, index: usize) {
        let i = self.place(o);
        if !self.entries[i].key.is_null() {
            self.entries[i].index = index;
            return;
        }
        self.entries[i] = Entry { key: o.to_obj().into_raw(), index };
        self.used += 1;
        if self.used * 3 >= self.entries.len() * 2 {
            self.grow();
        }
    }

    #[cold]
    fn grow(&mut self) {
        let wanted = self.used * if self.used > 50_000 { 2 } else { 4 };
        let mut size = MIN_SIZE;
        while size < wanted {
            size *= 2;
        }
        let old = std::mem::replace(&mut self.entries, vec![FREE; size]);
        for e in old.into_iter().filter(|e| !e.key.is_null()) {
            let i = self.place(e.key);
            self.entries[i] = e;
        }
    }

    /// Number and object of each entry.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &Object)> {
        self.entries.iter().filter(|e| !e.key.is_null()).map(|e| {
            // SAFETY: the entry owns a reference.
            (e.index, unsafe { &*e.key })
        })
    }

    /// A second table with the same entries.
    pub fn copy(&self) -> Memo {
        for (_, o) in self.iter() {
            o.incref();
        }
        Memo { entries: self.entries.clone(), used: self.used }
    }
}

impl Drop for Memo {
    fn drop(&mut self) {
        for e in self.entries.iter().filter(|e| !e.key.is_null()) {
            // SAFETY: the entry owns a reference, which is given back once.
            drop(unsafe { Obj::from_raw(e.key) });
        }
    }
}
