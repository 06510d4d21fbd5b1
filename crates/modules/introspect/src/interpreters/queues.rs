//! `_interpqueues`: queues between interpreters.

use super::data::{Data, Fallback, pack, unpack};
use super::error_class;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use taipan_object::args::Given;
use taipan_object::error::raise_fmt;
use taipan_object::types::exceptions;
use taipan_object::types::int::Int;
use taipan_object::types::list::List;
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::types::none;
use taipan_object::types::tuple::Tuple;
use taipan_object::{Interp, Obj, Object, PyResult, Raised, Ref, Type, bail, function, intern, methods};
use taipan_vm::import;

/// What becomes of an item when the interpreter that put it ends.
const UNBOUND_REMOVE: i64 = 1;
// 2 raises an error.
const UNBOUND_REPLACE: i64 = 3;

struct Item {
    /// Nothing any more if its interpreter is gone.
    data: Option<Data>,
    interp: i64,
    unbound: i64,
}

struct Queue {
    items: VecDeque<Item>,
    max: i64,
    unbound: i64,
    fallback: Fallback,
    refs: i64,
}

struct Table {
    next: i64,
    queues: BTreeMap<i64, Queue>,
}

static TABLE: Mutex<Table> = Mutex::new(Table { next: 1, queues: BTreeMap::new() });

fn table() -> MutexGuard<'static, Table> {
    TABLE.lock().unwrap_or_else(PoisonError::into_inner)
}

const QUEUE_CLASS: &str = "_interpqueues.Queue";
const EMPTY_CLASS: &str = "_interpqueues.QueueEmpty";
const FULL_CLASS: &str = "_interpqueues.QueueFull";

fn error_base() -> PyResult {
    let base = || Ok(exceptions::RuntimeError.as_object().to_obj());
    error_class("concurrent.interpreters.QueueError", base, "A queue between interpreters failed.")
}
fn not_found_class() -> PyResult {
    error_class("concurrent.interpreters.QueueNotFoundError", error_base, "A queue was not found.")
}

#[cold]
fn not_found(id: i64) -> Raised {
    super::raise_in(not_found_class(), &format!("queue {id} not found"))
}

/// A class that the library registered.
fn registered(key: &str) -> Option<Obj> {
    Interp::current().module_state.borrow().get(key).cloned()
}

#[cold]
fn raise_registered(key: &str, message: &str) -> Raised {
    match registered(key).map_or_else(error_base, Ok) {
        Ok(c) => raise_fmt(c.cast::<Type>(), format_args!("{message}")),
        Err(e) => e,
    }
}

/// The number of a queue object of the library; nothing if it is none.
pub fn id_of_queue(o: &Object) -> Option<PyResult<i64>> {
    let class = registered(QUEUE_CLASS)?;
    if !o.ty().as_object().is(&class) {
        return None;
    }
    Some(o.get_attr(intern!("_id")).and_then(|i| i.as_i64()))
}

/// The library's object for a queue.
pub fn make_queue(id: i64) -> PyResult {
    if registered(QUEUE_CLASS).is_none() {
        import::import("concurrent.interpreters")?;
    }
    match registered(QUEUE_CLASS) {
        Some(c) => c.call_one(&Int::from_i64(id)),
        None => bail!(RuntimeError, "the class of queues is not registered"),
    }
}

/// An interpreter ended: what it put is replaced or removed.
pub fn forget_interpreter(id: i64) {
    let mut dropped = Vec::new();
    for q in table().queues.values_mut() {
        q.items.retain_mut(|i| {
            if i.interp != id {
                return true;
            }
            dropped.push(i.data.take());
            i.unbound != UNBOUND_REMOVE
        });
    }
}

fn id_of(o: &Object) -> PyResult<i64> {
    if !taipan_object::protocol::number::has_index(o) {
        bail!(TypeError, "queue ID must be an int, got {}", o.ty().name_str());
    }
    match taipan_object::protocol::number::index(o)?.to_i64() {
        Some(n) if n >= 0 => Ok(n),
        Some(_) => bail!(ValueError, "queue ID must be a non-negative int, got {}", o.repr()?.display()),
        None => bail!(OverflowError, "queue ID too large"),
    }
}

fn with<R>(id: i64, f: impl FnOnce(&mut Queue) -> R) -> PyResult<R> {
    let r = table().queues.get_mut(&id).map(f);
    r.ok_or_else(|| not_found(id))
}

fn check_unbound(op: i64, default: i64) -> PyResult<i64> {
    match op {
        -1 => Ok(default),
        UNBOUND_REMOVE..=UNBOUND_REPLACE => Ok(op),
        _ => bail!(ValueError, "unsupported unboundop {op}"),
    }
}

/// Make a queue, and return its number.
#[function(signature = "(maxsize, unboundop=-1, fallback=-1)", text = false)]
fn create(maxsize: i64, unboundop: Given<i64>, fallback: Given<i64>) -> PyResult<i64> {
    let unbound = check_unbound(unboundop.0.unwrap_or(-1), UNBOUND_REPLACE)?;
    let fallback = Fallback::from_number(fallback.0.unwrap_or(-1), Fallback::Full)?;
    let mut t = table();
    let id = t.next;
    t.next += 1;
    t.queues.insert(id, Queue { items: VecDeque::new(), max: maxsize, unbound, fallback, refs: 0 });
    Ok(id)
}

/// Remove a queue.
#[function(signature = "(qid)", text = false)]
fn destroy(qid: &Object) -> PyResult<()> {
    let id = id_of(qid)?;
    let gone = table().queues.remove(&id);
    gone.map(drop).ok_or_else(|| not_found(id))
}

/// Return the numbers of all queues, with their defaults.
#[function]
fn list_all() -> Ref<List> {
    let all: Vec<(i64, i64, i64)> =
        table().queues.iter().map(|(id, q)| (*id, q.unbound, q.fallback.number())).collect();
    let row =
        |(a, b, c): (i64, i64, i64)| Tuple::from_vec([a, b, c].map(|n| Int::from_i64(n).into_obj()).into()).into_obj();
    List::from_vec(all.into_iter().map(row).collect())
}

/// Add an object to a queue.
#[function(signature = "(qid, obj, unboundop=-1, fallback=-1)", text = false)]
fn put(qid: &Object, obj: &Object, unboundop: Given<i64>, fallback: Given<i64>) -> PyResult<()> {
    let id = id_of(qid)?;
    let (unbound, how) = with(id, |q| (q.unbound, q.fallback))?;
    let unbound = check_unbound(unboundop.0.unwrap_or(-1), unbound)?;
    let how = Fallback::from_number(fallback.0.unwrap_or(-1), how)?;
    let full = |q: &mut Queue| q.max > 0 && q.items.len() as i64 >= q.max;
    let too_many = || raise_registered(FULL_CLASS, &format!("queue {id} is full"));
    if with(id, full)? {
        return Err(too_many());
    }
    let item = Item { data: Some(pack(obj, how)?), interp: Interp::current().id, unbound };
    // The packing may have run code.
    let left = with(id, |q| {
        if full(q) {
            return Some(item);
        }
        q.items.push_back(item);
        None
    })?;
    if left.is_some() { Err(too_many()) } else { Ok(()) }
}

/// Return the next object of a queue and None; or None and what is to stand for it if its interpreter is gone.
#[function(signature = "(qid)", text = false)]
fn get(qid: &Object) -> PyResult {
    let id = id_of(qid)?;
    let Some(item) = with(id, |q| q.items.pop_front())? else {
        return Err(raise_registered(EMPTY_CLASS, &format!("queue {id} is empty")));
    };
    let (value, op) = match &item.data {
        Some(d) => (unpack(d)?, none::none_obj()),
        None => (none::none_obj(), Int::from_i64(item.unbound).into_obj()),
    };
    Ok(Tuple::from_vec(vec![value, op]).into_obj())
}

/// Refer to a queue once more.
#[function(signature = "(qid)", text = false)]
fn bind(qid: &Object) -> PyResult<()> {
    with(id_of(qid)?, |q| q.refs += 1)
}

/// Refer to a queue once less; the last removes it.
#[function(signature = "(qid)", text = false)]
fn release(qid: &Object) -> PyResult<()> {
    let id = id_of(qid)?;
    let left = with(id, |q| {
        if q.refs <= 0 {
            return None;
        }
        q.refs -= 1;
        Some(q.refs)
    })?;
    match left {
        None => Err(super::raise_in(error_base(), &format!("queue {id} not bound"))),
        Some(0) => {
            let gone = table().queues.remove(&id);
            drop(gone);
            Ok(())
        }
        Some(_) => Ok(()),
    }
}

/// Return how many items a queue may have, 0 for any number.
#[function(signature = "(qid)", text = false)]
fn get_maxsize(qid: &Object) -> PyResult<i64> {
    with(id_of(qid)?, |q| q.max)
}

/// Return what a queue does with items whose interpreter is gone, and with objects that cannot be copied.
#[function(signature = "(qid)", text = false)]
fn get_queue_defaults(qid: &Object) -> PyResult {
    let (a, b) = with(id_of(qid)?, |q| (q.unbound, q.fallback.number()))?;
    Ok(Tuple::new(&[&*Int::from_i64(a), &*Int::from_i64(b)]).into_obj())
}

/// Return whether a queue is full.
#[function(signature = "(qid)", text = false)]
fn is_full(qid: &Object) -> PyResult<bool> {
    with(id_of(qid)?, |q| q.max > 0 && q.items.len() as i64 >= q.max)
}

/// Return the number of items.
#[function(signature = "(qid)", text = false)]
fn get_count(qid: &Object) -> PyResult<usize> {
    with(id_of(qid)?, |q| q.items.len())
}

/// Say which classes the library has for queues and their errors.
#[function(signature = "(queuetype, emptyerror, fullerror)", text = false)]
fn _register_heap_types(queuetype: &Object, emptyerror: &Object, fullerror: &Object) {
    let state = &Interp::current().module_state;
    for (key, class) in [(QUEUE_CLASS, queuetype), (EMPTY_CLASS, emptyerror), (FULL_CLASS, fullerror)] {
        let old = state.borrow_mut().insert(key, class.to_obj());
        drop(old);
    }
}

fn exec(m: &Module) -> PyResult<()> {
    m.add("QueueError", &*error_base()?)?;
    m.add("QueueNotFoundError", &*not_found_class()?)
}

/// The module.
pub static MODULE: ModuleDef = ModuleDef {
    name: "_interpqueues",
    doc: "Queues between interpreters.",
    methods: methods![
        create,
        destroy,
        list_all,
        put,
        get,
        bind,
        release,
        get_maxsize,
        get_queue_defaults,
        is_full,
        get_count,
        _register_heap_types,
    ],
    exec,
};
