//! `OrderedDict`: a dict with a linked list over its keys, so that items move to either end and leave from either end in constant time.

use super::odict_iter;
use crate::support::{none, tuple_of};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ffi::{c_int, c_void};
use std::hash::{BuildHasherDefault, Hasher};
use std::mem::offset_of;
use taipan_object::alloc::{dealloc_of, new_instance, new_object};
use taipan_object::args::{CallArgs, Given, KwArgs, with_tuple_args};
use taipan_object::error::status;
use taipan_object::protocol::attr::{dict_getter, dict_setter};
use taipan_object::protocol::compare::{CompareOp, not_implemented};
use taipan_object::protocol::repr::{repr_enter, text};
use taipan_object::typeobj::slots::*;
use taipan_object::types::bool_;
use taipan_object::types::dict::{Dict, PyDict_Type, key_error};
use taipan_object::types::module::Module;
use taipan_object::types::str::StrBuilder;
use taipan_object::types::tuple::Tuple;
use taipan_object::{
    Obj, ObjCell, Object, PyResult, Ref, Type, TypeDef, bail, classmethod, flags, getset, getsets, intern, layout,
    method, methods,
};

/// No node.
pub const NIL: u32 = u32::MAX;

/// One key in its place in the order.
struct Node {
    key: Option<Obj>,
    hash: isize,
    prev: u32,
    next: u32,
}

/// Spreads addresses; they are distinct and need no protection against being chosen.
#[derive(Default)]
struct AddressHasher(u64);

impl Hasher for AddressHasher {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for b in bytes {
            self.write_usize(*b as usize);
        }
    }
    fn write_usize(&mut self, n: usize) {
        let x = (self.0 ^ n as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self.0 = x ^ (x >> 32);
    }
}

/// The order of the keys. The index finds the node of a key by the address of the key object that the dict keeps. Nothing here runs
/// Python code, so that a borrow never meets another one: keys that leave are handed out and die outside.
struct Order {
    nodes: Vec<Node>,
    free: Vec<u32>,
    index: HashMap<usize, u32, BuildHasherDefault<AddressHasher>>,
    first: u32,
    last: u32,
}

impl Order {
    fn new() -> Box<Order> {
        Box::new(Order { nodes: Vec::new(), free: Vec::new(), index: HashMap::default(), first: NIL, last: NIL })
    }

    fn find(&self, key: &Object) -> Option<u32> {
        self.index.get(&(key.as_ptr() as usize)).copied()
    }

    fn link_last(&mut self, i: u32) {
        let last = self.last;
        self.nodes[i as usize].prev = last;
        self.nodes[i as usize].next = NIL;
        match last {
            NIL => self.first = i,
            l => self.nodes[l as usize].next = i,
        }
        self.last = i;
    }

    fn link_first(&mut self, i: u32) {
        let first = self.first;
        self.nodes[i as usize].next = first;
        self.nodes[i as usize].prev = NIL;
        match first {
            NIL => self.last = i,
            f => self.nodes[f as usize].prev = i,
        }
        self.first = i;
    }

    fn unlink(&mut self, i: u32) {
        let (prev, next) = (self.nodes[i as usize].prev, self.nodes[i as usize].next);
        match prev {
            NIL => self.first = next,
            p => self.nodes[p as usize].next = next,
        }
        match next {
            NIL => self.last = prev,
            n => self.nodes[n as usize].prev = prev,
        }
    }

    fn add(&mut self, key: &Object, hash: isize) {
        let node = Node { key: Some(key.to_obj()), hash, prev: NIL, next: NIL };
        let i = match self.free.pop() {
            Some(i) => {
                self.nodes[i as usize] = node;
                i
            }
            None => {
                self.nodes.push(node);
                (self.nodes.len() - 1) as u32
            }
        };
        self.index.insert(key.as_ptr() as usize, i);
        self.link_last(i);
    }

    fn remove(&mut self, i: u32) -> Option<Obj> {
        self.unlink(i);
        self.free.push(i);
        let key = self.nodes[i as usize].key.take();
        if let Some(k) = &key {
            self.index.remove(&(k.as_ptr() as usize));
        }
        key
    }
}

/// An `OrderedDict`.
#[repr(C)]
pub struct OrderedDict {
    pub dict: Dict,
    order: RefCell<Option<Box<Order>>>,
    /// Counts changes of the order, for iterators.
    state: Cell<usize>,
    reserved: [usize; 3],
    inst_dict: ObjCell,
    weakreflist: ObjCell,
}

const _: () = {
    assert!(size_of::<OrderedDict>() == 112);
    assert!(offset_of!(OrderedDict, inst_dict) == 96 && offset_of!(OrderedDict, weakreflist) == 104);
};
layout!(OrderedDict, PyODict_Type);

/// Whether assignments and deletions of a subclass do anything else than ours.
fn is_plain(o: &Object) -> bool {
    o.is_exact(&PyODict_Type)
}

impl OrderedDict {
    fn body() -> OrderedDict {
        OrderedDict {
            dict: Dict::empty_body(),
            order: RefCell::new(None),
            state: Cell::new(0),
            reserved: [0; 3],
            inst_dict: ObjCell::empty(),
            weakreflist: ObjCell::empty(),
        }
    }

    fn object(&self) -> &Object {
        &self.dict.ob_base
    }

    /// The count of changes of the order.
    pub fn state(&self) -> usize {
        self.state.get()
    }

    fn touch(&self) {
        self.state.set(self.state.get().wrapping_add(1));
    }

    /// The first or last node.
    pub fn end(&self, last: bool) -> u32 {
        self.order.borrow().as_ref().map_or(NIL, |o| if last { o.last } else { o.first })
    }

    /// Key and hash of a node, and its neighbour in a direction.
    pub fn node(&self, i: u32, backwards: bool) -> Option<(Obj, isize, u32)> {
        let order = self.order.borrow();
        let n = order.as_ref()?.nodes.get(i as usize)?;
        Some((n.key.clone()?, n.hash, if backwards { n.prev } else { n.next }))
    }

    /// Keys and hashes in order, as they are now.
    fn keys_in_order(&self) -> Vec<(Obj, isize)> {
        let mut all = Vec::with_capacity(self.dict.len());
        let mut i = self.end(false);
        while let Some((key, hash, next)) = self.node(i, false) {
            all.push((key, hash));
            i = next;
        }
        all
    }

    /// Stores a value; a new key comes last.
    fn store(&self, key: &Object, hash: isize, value: &Object) -> PyResult<()> {
        let (len, state) = (self.dict.len(), self.state.get());
        self.dict.set_known_hash(key, value, hash)?;
        if self.dict.len() == len + 1 && self.state.get() == state {
            self.order.borrow_mut().get_or_insert_with(Order::new).add(key, hash);
            self.touch();
            return Ok(());
        }
        let known = self.order.borrow().as_ref().map_or(0, |o| o.index.len());
        if known == self.dict.len() && self.state.get() == state {
            return Ok(());
        }
        // Keys came in without our notice, or a comparison changed the dict: look.
        let Some((kept, _)) = self.dict.find_entry(key, hash)? else { return Ok(()) };
        let kept = kept.to_obj();
        let missing = self.order.borrow().as_ref().is_none_or(|o| o.find(&kept).is_none());
        if missing {
            self.order.borrow_mut().get_or_insert_with(Order::new).add(&kept, hash);
            self.touch();
        }
        Ok(())
    }

    /// The node of a key.
    fn find_node(&self, key: &Object, hash: isize) -> PyResult<Option<u32>> {
        let Some((kept, _)) = self.dict.find_entry(key, hash)? else { return Ok(None) };
        Ok(self.order.borrow().as_ref().and_then(|o| o.find(kept)))
    }

    /// Takes a node out; the key comes back, to be dropped when everything is in order.
    fn remove_node(&self, i: u32) -> Option<Obj> {
        let key = self.order.borrow_mut().as_mut().and_then(|o| o.remove(i));
        self.touch();
        key
    }

    /// Takes a key and its value out.
    fn take(&self, key: &Object, hash: isize) -> PyResult<Option<Obj>> {
        let kept = match self.find_node(key, hash)? {
            Some(i) => self.remove_node(i),
            None => None,
        };
        let value = self.dict.pop_known_hash(kept.as_deref().unwrap_or(key), hash)?;
        drop(kept);
        Ok(value)
    }

    fn clear_all(&self) {
        let order = self.order.borrow_mut().take();
        self.touch();
        self.dict.clear();
        drop(order);
    }

    /// The value of a key that is in the order. The key is hashed again: it may have changed.
    fn value_of(&self, key: &Object) -> PyResult {
        match self.dict.get_known_hash(key, key.hash()?)? {
            Some(v) => Ok(v),
            None => Err(key_error(key)),
        }
    }
}

// ---- the update of OrderedDict, by assignment

fn update_from_pairs(o: &Object, pairs: &Object) -> PyResult<()> {
    let it = pairs.iter()?;
    while let Some(pair) = it.next()? {
        let parts = pair.iter()?;
        let first = parts.next()?;
        let second = match first {
            Some(_) => parts.next()?,
            None => None,
        };
        let (Some(k), Some(v)) = (&first, &second) else {
            bail!(
                ValueError,
                "need more than {} value{} to unpack",
                usize::from(first.is_some()),
                if first.is_some() { "" } else { "s" }
            );
        };
        if parts.next()?.is_some() {
            bail!(ValueError, "too many values to unpack (expected 2)");
        }
        o.set_item(k, v)?;
    }
    Ok(())
}

fn update_from_object(o: &Object, other: &Object) -> PyResult<()> {
    if other.is_exact(&PyDict_Type) {
        for (k, v) in other.cast::<Dict>().pairs() {
            o.set_item(&k, &v)?;
        }
        return Ok(());
    }
    if let Some(keys) = other.get_attr_opt(intern!("keys"))? {
        let it = keys.call_noargs()?.iter()?;
        while let Some(k) = it.next()? {
            o.set_item(&k, &*other.get_item(&k)?)?;
        }
        return Ok(());
    }
    if let Some(items) = other.get_attr_opt(intern!("items"))? {
        return update_from_pairs(o, &*items.call_noargs()?);
    }
    update_from_pairs(o, other)
}

fn update_with(o: &Object, args: &[&Object], kwargs: KwArgs<'_>) -> PyResult<()> {
    if args.len() > 1 {
        bail!(TypeError, "update() takes at most 1 positional argument ({} given)", args.len());
    }
    if let [other] = args {
        update_from_object(o, other)?;
    }
    for (k, v) in kwargs.iter() {
        o.set_item(k, v)?;
    }
    Ok(())
}

// ---- slots

extern "C" fn odict_new(cls: &Type, _: &Object, _: Option<&Object>) -> PyResult {
    new_instance(cls, OrderedDict::body()).map(Ref::into_obj)
}

extern "C" fn odict_init(o: &Object, args: &Object, kwargs: Option<&Object>) -> c_int {
    status(with_tuple_args("OrderedDict", args, kwargs, |call: CallArgs<'_>| {
        if call.positional().len() > 1 {
            bail!(TypeError, "expected at most 1 argument, got {}", call.positional().len());
        }
        update_with(o, call.positional(), call.keywords())
    }))
}

extern "C" fn odict_ass_subscript(o: &Object, key: &Object, value: Option<&Object>) -> c_int {
    status((|| {
        let this: &OrderedDict = o.cast();
        let hash = key.hash()?;
        match value {
            Some(v) => this.store(key, hash, v),
            None => match this.take(key, hash)? {
                Some(_) => Ok(()),
                None => Err(key_error(key)),
            },
        }
    })())
}

extern "C" fn odict_iter_slot(o: &Object) -> PyResult {
    Ok(odict_iter::new(o.cast(), odict_iter::KEYS))
}

extern "C" fn odict_repr(o: &Object) -> PyResult {
    let this: &OrderedDict = o.cast();
    let name = o.ty().short_name();
    if this.dict.is_empty() {
        return Ok(text(&format!("{name}()")));
    }
    let Some(_guard) = repr_enter(o)? else { return Ok(text("...")) };
    let copy = Dict::new();
    if is_plain(o) {
        for (k, hash) in this.keys_in_order() {
            copy.set_known_hash(&k, &*this.value_of(&k)?, hash)?;
        }
    } else {
        let items = o.call_method(intern!("items"), &[])?;
        let it = items.iter()?;
        while let Some(pair) = it.next()? {
            match pair.downcast::<Tuple>().map(Tuple::items) {
                Some([k, v]) => copy.set_item(k, v)?,
                _ => bail!(TypeError, "items() must be pairs"),
            }
        }
    }
    let mut b = StrBuilder::new();
    b.push_str(name);
    b.push_str("(");
    b.push_pystr(&*copy.repr()?);
    b.push_str(")");
    Ok(b.finish().into_obj())
}

fn same_order(a: &OrderedDict, b: &OrderedDict) -> PyResult<bool> {
    let (sa, sb) = (a.state(), b.state());
    let (mut i, mut j) = (a.end(false), b.end(false));
    loop {
        match (a.node(i, false), b.node(j, false)) {
            (None, None) => return Ok(true),
            (Some((x, _, next_x)), Some((y, _, next_y))) => {
                if !x.eq(&y)? {
                    return Ok(false);
                }
                if a.state() != sa || b.state() != sb {
                    bail!(RuntimeError, "OrderedDict mutated during iteration");
                }
                (i, j) = (next_x, next_y);
            }
            _ => return Ok(false),
        }
    }
}

extern "C" fn odict_richcompare(a: &Object, b: &Object, op: c_int) -> PyResult {
    let op = CompareOp::from_c(op);
    let (Some(this), Some(other)) = (a.downcast::<OrderedDict>(), b.downcast::<Dict>()) else {
        return Ok(not_implemented());
    };
    if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
        return Ok(not_implemented());
    }
    let mut equal = this.dict.equals(other)?;
    if equal && let Some(o) = b.downcast::<OrderedDict>() {
        equal = same_order(this, o)?;
    }
    Ok(bool_::from_bool(equal == (op == CompareOp::Eq)))
}

extern "C" fn odict_or(a: &Object, b: &Object) -> PyResult {
    if a.downcast::<Dict>().is_none() || b.downcast::<Dict>().is_none() {
        return Ok(not_implemented());
    }
    let ty = if a.downcast::<OrderedDict>().is_some() { a.ty() } else { b.ty() };
    let new = ty.as_object().call_one(a)?;
    update_from_object(&new, b)?;
    Ok(new)
}

extern "C" fn odict_inplace_or(a: &Object, b: &Object) -> PyResult {
    update_from_object(a, b)?;
    Ok(a.to_obj())
}

extern "C" fn odict_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let this: &OrderedDict = o.cast();
    taipan_object::visit!(this.inst_dict, visit, arg);
    if let Some(order) = this.order.borrow().as_ref() {
        for n in &order.nodes {
            if let Some(k) = &n.key {
                let r = visit(k, arg);
                if r != 0 {
                    return r;
                }
            }
        }
    }
    match PyDict_Type.traverse.get() {
        Some(f) => f(o, visit, arg),
        None => 0,
    }
}

extern "C" fn odict_clear_slot(o: &Object) -> c_int {
    let this: &OrderedDict = o.cast();
    this.inst_dict.set(None);
    this.clear_all();
    0
}

// ---- methods

/// Create a new ordered dictionary with keys from iterable and values set to value.
#[classmethod(signature = "(iterable, value=None)")]
fn fromkeys(cls: &Type, iterable: &Object, value: &Object) -> PyResult {
    let new = cls.as_object().call_noargs()?;
    let it = iterable.iter()?;
    while let Some(k) = it.next()? {
        new.set_item(&k, value)?;
    }
    Ok(new)
}

/// Return the size in memory, in bytes.
#[method]
fn __sizeof__(this: &OrderedDict) -> usize {
    let order = this.order.borrow().as_ref().map_or(0, |o| {
        size_of::<Order>() + o.nodes.capacity() * size_of::<Node>() + o.free.capacity() * 4 + o.index.capacity() * 17
    });
    this.dict.memory_size() + order
}

/// What pickling makes the object from: the items come one by one.
#[method]
fn __reduce__(this: &OrderedDict) -> PyResult<Ref<Tuple>> {
    let o = this.object();
    let state = o.call_method(intern!("__getstate__"), &[])?;
    let items = o.call_method(intern!("items"), &[])?.iter()?;
    Ok(tuple_of([o.ty().to_obj(), Tuple::empty().into_obj(), state, none(), items]))
}

/// Insert key with a value of default if key is not in the dictionary; return its value.
#[method(signature = "(key, default=None)")]
fn setdefault(this: &OrderedDict, key: &Object, default: &Object) -> PyResult {
    let o = this.object();
    if is_plain(o) {
        let hash = key.hash()?;
        if let Some(v) = this.dict.get_known_hash(key, hash)? {
            return Ok(v);
        }
        this.store(key, hash, default)?;
        return Ok(default.to_obj());
    }
    if o.contains(key)? {
        return o.get_item(key);
    }
    o.set_item(key, default)?;
    Ok(default.to_obj())
}

fn pop_key(this: &OrderedDict, key: &Object, default: Option<&Object>) -> PyResult {
    let found = this.take(key, key.hash()?)?;
    match (found, default) {
        (Some(v), _) => Ok(v),
        (None, Some(d)) => Ok(d.to_obj()),
        (None, None) => Err(key_error(key)),
    }
}

/// Remove a key and return its value, or default if the key is not there.
///
/// Without a default, a missing key raises KeyError.
#[method(signature = "(key, default=<unrepresentable>)")]
fn pop(this: &OrderedDict, key: &Object, default: Given<&Object>) -> PyResult {
    pop_key(this, key, default.0)
}

/// Remove and return a (key, value) pair: the last one, or the first one if last is false.
#[method(signature = "(last=True)")]
fn popitem(this: &OrderedDict, last: bool) -> PyResult<Ref<Tuple>> {
    let i = this.end(last);
    let Some((key, hash, _)) = this.node(i, last) else { bail!(KeyError, "dictionary is empty") };
    drop(this.remove_node(i));
    let Some(value) = this.dict.pop_known_hash(&key, hash)? else { return Err(key_error(&key)) };
    Ok(tuple_of([key, value]))
}

/// Return a set-like view of the keys.
#[method]
fn keys(this: &OrderedDict) -> Obj {
    odict_iter::new_keys_view(this)
}

/// Return a view of the values.
#[method]
fn values(this: &OrderedDict) -> Obj {
    odict_iter::new_values_view(this)
}

/// Return a set-like view of the items.
#[method]
fn items(this: &OrderedDict) -> Obj {
    odict_iter::new_items_view(this)
}

/// Update from a mapping or an iterable of pairs, and from keyword arguments.
#[method(signature = "(*args, **kwargs)", text = false, varargs)]
fn update(this: &Object, args: &[&Object], kwargs: KwArgs<'_>) -> PyResult<()> {
    update_with(this, args, kwargs)
}

/// Remove all items.
#[method]
fn clear(this: &OrderedDict) {
    this.clear_all();
}

/// Return a shallow copy.
#[method]
fn copy(this: &OrderedDict) -> PyResult {
    let o = this.object();
    let state = this.state();
    let unchanged = || {
        if this.state() != state {
            bail!(RuntimeError, "OrderedDict mutated during iteration");
        }
        Ok(())
    };
    if is_plain(o) {
        let new = new_object(OrderedDict::body());
        for (k, hash) in this.keys_in_order() {
            let value = this.value_of(&k)?;
            unchanged()?;
            new.store(&k, hash, &value)?;
            unchanged()?;
        }
        return Ok(new.into_obj());
    }
    let new = o.ty().as_object().call_noargs()?;
    for (k, _) in this.keys_in_order() {
        let value = o.get_item(&k)?;
        unchanged()?;
        new.set_item(&k, &value)?;
        unchanged()?;
    }
    Ok(new)
}

/// Return an iterator over the keys in reverse order.
#[method]
fn __reversed__(this: &OrderedDict) -> Obj {
    odict_iter::new(this, odict_iter::KEYS | odict_iter::REVERSED)
}

/// Move an existing key to the end, or to the beginning if last is false.
#[method(signature = "(key, last=True)")]
fn move_to_end(this: &OrderedDict, key: &Object, last: bool) -> PyResult<()> {
    let hash = key.hash()?;
    let Some(i) = this.find_node(key, hash)? else { return Err(key_error(key)) };
    let mut order = this.order.borrow_mut();
    if let Some(o) = order.as_mut() {
        let at_end = if last { o.last == i } else { o.first == i };
        if !at_end {
            o.unlink(i);
            if last {
                o.link_last(i)
            } else {
                o.link_first(i)
            }
            this.touch();
        }
    }
    Ok(())
}

static AS_NUMBER: NumberMethods =
    NumberMethods { or: Slot::new(odict_or), inplace_or: Slot::new(odict_inplace_or), ..NumberMethods::EMPTY };
static AS_MAPPING: MappingMethods =
    MappingMethods { ass_subscript: Slot::new(odict_ass_subscript), ..MappingMethods::EMPTY };

/// `OrderedDict`.
#[unsafe(no_mangle)]
pub static PyODict_Type: Type = Type::new_static(TypeDef {
    name: c"collections.OrderedDict",
    basicsize: size_of::<OrderedDict>(),
    flags: flags::HAVE_GC | flags::BASETYPE | flags::DICT_SUBCLASS | flags::MAPPING,
    base: Some(&PyDict_Type),
    doc: Some(c"A dict whose order is part of its value, with methods to rearrange it."),
    dealloc: Some(dealloc_of::<OrderedDict>),
    repr: Some(odict_repr),
    as_number: Some(&AS_NUMBER),
    as_mapping: Some(&AS_MAPPING),
    hash: Some(taipan_object::protocol::compare::hash_not_implemented),
    traverse: Some(odict_traverse),
    clear: Some(odict_clear_slot),
    richcompare: Some(odict_richcompare),
    weaklistoffset: offset_of!(OrderedDict, weakreflist) as isize,
    iter: Some(odict_iter_slot),
    methods: methods![
        fromkeys,
        __sizeof__,
        __reduce__,
        setdefault,
        pop,
        popitem,
        keys,
        values,
        items,
        update,
        clear,
        copy,
        __reversed__,
        move_to_end,
    ],
    getset: getsets![getset!(c"__dict__", dict_getter, dict_setter)],
    dictoffset: offset_of!(OrderedDict, inst_dict) as isize,
    init: Some(odict_init),
    new: Some(odict_new),
    ..TypeDef::EMPTY
});

pub fn add_to(m: &Module) -> PyResult<()> {
    m.add_type(&PyODict_Type)?;
    odict_iter::ready()
}
