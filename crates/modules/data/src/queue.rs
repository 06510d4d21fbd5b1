//! `_queue`: `SimpleQueue`, an unbounded queue between threads.

use crate::collections::deque::Deque;
use crate::support::{__class_getitem__, exception_class, visit_fields};
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::mem::offset_of;
use taipan_object::alloc::{dealloc_of, new_instance};
use taipan_object::error::raise_empty;
use taipan_object::typeobj::slots::VisitProc;
use taipan_object::types::exceptions;
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::types::tuple::Tuple;
use taipan_object::{ObjCell, Object, PyResult, Raised, Ref, Type, TypeDef, bail, flags, layout, method, methods};
use taipan_vm::thread::futex::RawLock;
use taipan_vm::thread::timeout::{deadline, nanoseconds};

/// A queue.
#[repr(C)]
pub struct SimpleQueue {
    ob_base: Object,
    /// A deque of the items.
    items: ObjCell,
    /// Taken by a `get` that found the queue empty; the next `put` releases it.
    empty: RawLock,
    /// Whether `empty` is to be released.
    locked: Cell<bool>,
    reserved: [usize; 3],
    weakreflist: ObjCell,
}

const _: () = assert!(offset_of!(SimpleQueue, weakreflist) <= 64);
layout!(SimpleQueue, SIMPLE_QUEUE_TYPE);

fn empty_class() -> PyResult {
    exception_class("_queue.Empty", exceptions::Exception, "Raised by get(block=0) and get_nowait() of an empty queue.")
}

#[cold]
fn empty_error() -> Raised {
    match empty_class() {
        Ok(c) => raise_empty(c.cast::<Type>()),
        Err(e) => e,
    }
}

extern "C" fn queue_new(cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    taipan_object::args::no_keywords("SimpleQueue", cls, &SIMPLE_QUEUE_TYPE, kwargs)?;
    if std::ptr::eq(cls, &SIMPLE_QUEUE_TYPE) && !args.cast::<Tuple>().is_empty() {
        bail!(TypeError, "SimpleQueue() takes no positional arguments");
    }
    let body = SimpleQueue {
        ob_base: Object::placeholder(),
        items: ObjCell::new(Deque::empty().into_obj()),
        empty: RawLock::new(),
        locked: Cell::new(false),
        reserved: [0; 3],
        weakreflist: ObjCell::empty(),
    };
    new_instance(cls, body).map(Ref::into_obj)
}

impl SimpleQueue {
    fn deque(&self) -> PyResult<Ref<Deque>> {
        match self.items.get() {
            Some(d) => Ok(Ref::from_borrowed(d.cast())),
            None => bail!(SystemError, "the queue was cleared by the garbage collector"),
        }
    }

    fn add(&self, item: &Object) -> PyResult<()> {
        self.deque()?.push_back(item.to_obj())?;
        if self.locked.replace(false) {
            self.empty.release();
        }
        Ok(())
    }

    fn take(&self, block: bool, timeout: Option<&Object>) -> PyResult {
        let items = self.deque()?;
        let until = match timeout.filter(|_| block) {
            None => None,
            Some(t) => {
                let ns = nanoseconds(t)?;
                if ns < 0 {
                    bail!(ValueError, "'timeout' must be a non-negative number");
                }
                Some(deadline(ns))
            }
        };
        loop {
            if let Some(v) = items.pop_front() {
                // Others may wait for what was put meanwhile: each looks for itself.
                if self.locked.replace(false) {
                    self.empty.release();
                }
                return Ok(v);
            }
            if !self.empty.try_acquire() {
                let taken = match until {
                    _ if !block => false,
                    None => self.empty.acquire(None)?,
                    Some(d) => self.empty.acquire(d)?,
                };
                if !taken {
                    return Err(empty_error());
                }
            } else if items.len() == 0 && !block {
                self.empty.release();
                return Err(empty_error());
            }
            self.locked.set(true);
        }
    }
}

/// Put an item on the queue, which never blocks.
#[method(signature = "(item, block=True, timeout=None)")]
fn put(this: &SimpleQueue, item: &Object, block: bool, timeout: Option<&Object>) -> PyResult<()> {
    let _ = (block, timeout);
    this.add(item)
}

/// Put an item on the queue.
#[method(signature = "(item)")]
fn put_nowait(this: &SimpleQueue, item: &Object) -> PyResult<()> {
    this.add(item)
}

/// Remove and return an item; wait for one unless block is false, at most so many seconds.
#[method(signature = "(block=True, timeout=None)")]
fn get(this: &SimpleQueue, block: bool, timeout: Option<&Object>) -> PyResult {
    this.take(block, timeout)
}

/// Remove and return an item if there is one.
#[method]
fn get_nowait(this: &SimpleQueue) -> PyResult {
    this.take(false, None)
}

/// Return whether the queue is empty at this moment.
#[method]
fn empty(this: &SimpleQueue) -> PyResult<bool> {
    Ok(this.deque()?.len() == 0)
}

/// Return the number of items at this moment.
#[method]
fn qsize(this: &SimpleQueue) -> PyResult<usize> {
    Ok(this.deque()?.len())
}

extern "C" fn queue_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    visit_fields(&[&o.cast::<SimpleQueue>().items], visit, arg)
}

extern "C" fn queue_clear(o: &Object) -> c_int {
    o.cast::<SimpleQueue>().items.set(None);
    0
}

/// `SimpleQueue`.
pub static SIMPLE_QUEUE_TYPE: Type = Type::new_static(TypeDef {
    name: c"_queue.SimpleQueue",
    basicsize: size_of::<SimpleQueue>(),
    flags: flags::HAVE_GC | flags::BASETYPE,
    doc: Some(c"SimpleQueue()\n--\n\nAn unbounded queue, first in, first out."),
    dealloc: Some(dealloc_of::<SimpleQueue>),
    traverse: Some(queue_traverse),
    clear: Some(queue_clear),
    weaklistoffset: offset_of!(SimpleQueue, weakreflist) as isize,
    methods: methods![empty, get, get_nowait, put, put_nowait, qsize, __class_getitem__],
    new: Some(queue_new),
    ..TypeDef::EMPTY
});

fn exec(m: &Module) -> PyResult<()> {
    m.add_type(&SIMPLE_QUEUE_TYPE)?;
    m.add("Empty", &*empty_class()?)
}

/// The module.
pub static MODULE: ModuleDef = ModuleDef { name: "_queue", doc: "A queue between threads.", methods: None, exec };
