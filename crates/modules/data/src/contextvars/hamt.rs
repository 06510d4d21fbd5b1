//! An immutable map from objects, by identity, to objects: a hash array mapped trie. Changing it makes a new map that shares all
//! nodes but those on the way to the change.

use crate::support::visit_fields;
use std::ffi::{c_int, c_void};
use taipan_object::alloc::{dealloc_of, new_object};
use taipan_object::typeobj::slots::VisitProc;
use taipan_object::{Obj, ObjCell, Object, PyResult, Ref, Type, TypeDef, flags, layout};

/// Bits of the hash that each level uses.
const BITS: u32 = 5;

enum Entry {
    Node(Ref<Node>),
    Pair(Obj, Obj),
}

impl Clone for Entry {
    fn clone(&self) -> Entry {
        match self {
            Entry::Node(n) => Entry::Node(n.clone()),
            Entry::Pair(k, v) => Entry::Pair(k.clone(), v.clone()),
        }
    }
}

/// A node: one entry for each bit in `bitmap`.
#[repr(C)]
struct Node {
    ob_base: Object,
    bitmap: u32,
    entries: Box<[Entry]>,
}

layout!(Node, NODE_TYPE);

/// A map.
#[repr(C)]
pub struct Hamt {
    ob_base: Object,
    root: ObjCell,
    count: usize,
}

layout!(Hamt, _PyHamt_Type);

/// Distinct addresses have distinct hashes, so that no two keys ever share all bits.
fn hash_of(key: &Object) -> u64 {
    let x = (key.as_ptr() as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let x = x ^ (x >> 32);
    x.wrapping_mul(0xD6E8_FEB8_6659_FD93)
}

fn new_node(bitmap: u32, entries: Vec<Entry>) -> Ref<Node> {
    new_object(Node { ob_base: Object::placeholder(), bitmap, entries: entries.into() })
}

impl Node {
    fn place(&self, hash: u64, shift: u32) -> (u32, usize) {
        let bit = 1u32 << ((hash >> shift) & 31);
        (bit, (self.bitmap & (bit - 1)).count_ones() as usize)
    }

    fn find(&self, key: &Object) -> Option<&Object> {
        let hash = hash_of(key);
        let mut node = self;
        let mut shift = 0;
        loop {
            let (bit, i) = node.place(hash, shift);
            if node.bitmap & bit == 0 {
                return None;
            }
            match &node.entries[i] {
                Entry::Pair(k, v) => return k.is(key).then_some(&**v),
                Entry::Node(n) => node = n,
            }
            shift += BITS;
        }
    }

    /// The node with `key` mapped to `value`, and whether the key is new.
    fn with(&self, hash: u64, shift: u32, key: &Object, value: &Object) -> (Ref<Node>, bool) {
        let (bit, i) = self.place(hash, shift);
        let mut entries = self.entries.to_vec();
        let pair = Entry::Pair(key.to_obj(), value.to_obj());
        if self.bitmap & bit == 0 {
            entries.insert(i, pair);
            return (new_node(self.bitmap | bit, entries), true);
        }
        let (entry, added) = match &self.entries[i] {
            Entry::Pair(k, _) if k.is(key) => (pair, false),
            Entry::Pair(k, v) => {
                let below = shift + BITS;
                let first = 1u32 << ((hash_of(k) >> below) & 31);
                let one = new_node(first, vec![Entry::Pair(k.clone(), v.clone())]);
                let (node, _) = one.with(hash, below, key, value);
                (Entry::Node(node), true)
            }
            Entry::Node(n) => {
                let (node, added) = n.with(hash, shift + BITS, key, value);
                (Entry::Node(node), added)
            }
        };
        entries[i] = entry;
        (new_node(self.bitmap, entries), added)
    }

    /// The node without `key`, which is there; `None` when nothing is left.
    fn without(&self, hash: u64, shift: u32) -> Option<Ref<Node>> {
        let (bit, i) = self.place(hash, shift);
        let mut entries = self.entries.to_vec();
        match &self.entries[i] {
            Entry::Pair(..) => {
                entries.remove(i);
                if entries.is_empty() {
                    return None;
                }
                Some(new_node(self.bitmap & !bit, entries))
            }
            Entry::Node(n) => {
                match n.without(hash, shift + BITS) {
                    None => {
                        entries.remove(i);
                        if entries.is_empty() {
                            return None;
                        }
                        return Some(new_node(self.bitmap & !bit, entries));
                    }
                    // A node with a single pair gives it to its parent.
                    Some(n) => {
                        entries[i] = match &*n.entries {
                            [pair @ Entry::Pair(..)] => pair.clone(),
                            _ => Entry::Node(n),
                        }
                    }
                }
                Some(new_node(self.bitmap, entries))
            }
        }
    }

    fn collect(&self, out: &mut Vec<(Obj, Obj)>) {
        for e in &self.entries {
            match e {
                Entry::Pair(k, v) => out.push((k.clone(), v.clone())),
                Entry::Node(n) => n.collect(out),
            }
        }
    }
}

impl Hamt {
    fn make(root: Option<Ref<Node>>, count: usize) -> Ref<Hamt> {
        new_object(Hamt { ob_base: Object::placeholder(), root: ObjCell::from_opt(root.map(Ref::into_obj)), count })
    }

    /// The empty map.
    pub fn empty() -> Ref<Hamt> {
        Hamt::make(None, 0)
    }

    fn root(&self) -> Option<&Node> {
        self.root.get().map(Object::cast)
    }

    /// Number of keys.
    pub fn len(&self) -> usize {
        self.count
    }

    /// The value of a key.
    pub fn get(&self, key: &Object) -> Option<&Object> {
        self.root()?.find(key)
    }

    /// The map with a key set.
    pub fn with(&self, key: &Object, value: &Object) -> Ref<Hamt> {
        let hash = hash_of(key);
        match self.root() {
            None => {
                let node = new_node(1 << (hash & 31), vec![Entry::Pair(key.to_obj(), value.to_obj())]);
                Hamt::make(Some(node), 1)
            }
            Some(root) => {
                let (node, added) = root.with(hash, 0, key, value);
                Hamt::make(Some(node), self.count + usize::from(added))
            }
        }
    }

    /// The map without a key; `None` if it is not there.
    pub fn without(&self, key: &Object) -> Option<Ref<Hamt>> {
        self.get(key)?;
        Some(Hamt::make(self.root()?.without(hash_of(key), 0), self.count - 1))
    }

    /// Keys and values.
    pub fn pairs(&self) -> Vec<(Obj, Obj)> {
        let mut all = Vec::with_capacity(self.count);
        if let Some(r) = self.root() {
            r.collect(&mut all);
        }
        all
    }

    /// Whether both have the same keys with equal values.
    pub fn equals(&self, other: &Hamt) -> PyResult<bool> {
        if self.count != other.count {
            return Ok(false);
        }
        for (k, v) in self.pairs() {
            match other.get(&k).map(Object::to_obj) {
                Some(w) if v.eq(&w)? => {}
                _ => return Ok(false),
            }
        }
        Ok(true)
    }
}

extern "C" fn node_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    for e in &o.cast::<Node>().entries {
        let r = match e {
            Entry::Node(n) => visit(n, arg),
            Entry::Pair(k, v) => match visit(k, arg) {
                0 => visit(v, arg),
                r => r,
            },
        };
        if r != 0 {
            return r;
        }
    }
    0
}

extern "C" fn hamt_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    visit_fields(&[&o.cast::<Hamt>().root], visit, arg)
}

static NODE_TYPE: Type = Type::new_static(TypeDef {
    name: c"hamt_bitmap_node",
    basicsize: size_of::<Node>(),
    flags: flags::HAVE_GC | flags::DISALLOW_INSTANTIATION,
    dealloc: Some(dealloc_of::<Node>),
    traverse: Some(node_traverse),
    ..TypeDef::EMPTY
});

/// The type of the maps.
#[unsafe(no_mangle)]
pub static _PyHamt_Type: Type = Type::new_static(TypeDef {
    name: c"hamt",
    basicsize: size_of::<Hamt>(),
    flags: flags::HAVE_GC | flags::DISALLOW_INSTANTIATION,
    dealloc: Some(dealloc_of::<Hamt>),
    traverse: Some(hamt_traverse),
    ..TypeDef::EMPTY
});

/// For readying.
pub static TYPES: &[&Type] = &[&NODE_TYPE, &_PyHamt_Type];
