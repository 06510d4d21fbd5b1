//! Graphs of objects whose lives can be counted.

use super::*;
use crate::alloc::{dealloc_of, new_object};
use crate::header::{Obj, ObjCell};
use crate::layout;
use crate::thread::Interp;
use crate::typeobj::heap::call_finalizer_from_dealloc;
use crate::typeobj::slots::VisitProc;
use crate::typeobj::{Type, TypeDef};
use crate::types::tuple::Tuple;
use crate::types::weakref;
use std::cell::RefCell;
use std::ffi::{c_int, c_void};
use std::mem::offset_of;
use std::ptr::NonNull;

#[repr(C)]
struct Node {
    ob_base: Object,
    weaklist: ObjCell,
    id: usize,
    refs: RefCell<Vec<Obj>>,
}
layout!(Node, NODE_TYPE);
layout!(Revenant, REVENANT_TYPE);

/// A node whose finaliser puts it into [`SAVED`].
#[repr(C)]
struct Revenant {
    node: Node,
}

thread_local! {
    static DEAD: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
    static SAVED: RefCell<Vec<Obj>> = const { RefCell::new(Vec::new()) };
    static FINALIZED_NODES: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
}

impl Drop for Node {
    fn drop(&mut self) {
        DEAD.with_borrow_mut(|d| d.push(self.id));
    }
}

fn node_of(o: &Object) -> &Node {
    // SAFETY: both types of the test have this layout.
    unsafe { o.cast_unchecked() }
}

extern "C" fn node_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    for r in node_of(o).refs.borrow().iter() {
        let stop = visit(r, arg);
        if stop != 0 {
            return stop;
        }
    }
    0
}

extern "C" fn node_clear(o: &Object) -> c_int {
    drop(node_of(o).refs.take());
    0
}

extern "C" fn revenant_finalize(o: &Object) {
    FINALIZED_NODES.with_borrow_mut(|f| f.push(node_of(o).id));
    SAVED.with_borrow_mut(|s| s.push(o.to_obj()));
}

unsafe extern "C" fn revenant_dealloc(o: NonNull<Object>) {
    // SAFETY: the destructor contract.
    unsafe {
        if call_finalizer_from_dealloc(o.as_ref()) {
            dealloc_of::<Revenant>(o);
        }
    }
}

const NODE: TypeDef = TypeDef {
    name: c"node",
    basicsize: size_of::<Node>(),
    flags: flags::HAVE_GC,
    dealloc: Some(dealloc_of::<Node>),
    traverse: Some(node_traverse),
    clear: Some(node_clear),
    weaklistoffset: offset_of!(Node, weaklist) as isize,
    ..TypeDef::EMPTY
};
static NODE_TYPE: Type = Type::new_static(NODE);
static REVENANT_TYPE: Type = Type::new_static(TypeDef {
    name: c"revenant",
    dealloc: Some(revenant_dealloc),
    finalize: Some(revenant_finalize),
    ..NODE
});

/// An interpreter for this thread, without automatic collections.
fn attach() {
    let interp = Interp::new(0);
    interp.gc.init();
    interp.gc.set_enabled(false);
    let here = crate::thread::stack_pointer();
    Thread::set_current(Some(Thread::new(interp, (here - (1 << 20), here + 4096))));
}

fn body(id: usize) -> Node {
    Node { ob_base: Object::placeholder(), weaklist: ObjCell::empty(), id, refs: RefCell::default() }
}
fn node(id: usize) -> Obj {
    new_object(body(id)).into_obj()
}
fn revenant(id: usize) -> Obj {
    new_object(Revenant { node: body(id) }).into_obj()
}
fn link(from: &Object, to: &Object) {
    node_of(from).refs.borrow_mut().push(to.to_obj());
}
fn take_dead() -> Vec<usize> {
    let mut d = DEAD.take();
    d.sort_unstable();
    d
}
/// Every list is linked both ways and carries no flags of a collection.
fn validate() {
    for g in &Interp::current().gc.generations {
        let mut prev: *const GcHead = &g.head;
        let mut at = g.head.next();
        while !std::ptr::eq(at, &g.head) {
            // SAFETY: what is being checked.
            let h = unsafe { &*at };
            assert!(std::ptr::eq(h.prev(), prev) && h.prev.get() & COLLECTING == 0 && at as usize & 7 == 0);
            (prev, at) = (at, h.next());
        }
        assert!(std::ptr::eq(g.head.prev(), prev));
    }
}

#[test]
fn cycles_are_found_and_what_they_hold() {
    attach();
    let (a, b, c, held) = (node(1), node(2), node(3), node(4));
    link(&a, &b);
    link(&b, &a);
    link(&b, &c);
    link(&a, &held);
    assert_eq!(collect(2), 0);
    drop((a, b, c));
    assert_eq!(take_dead(), []);
    // All of them survived the full collection above, so a young one does not see them.
    assert_eq!(collect(0), 0);
    assert_eq!(collect(2), 3);
    assert_eq!(take_dead(), [1, 2, 3]);
    validate();
    drop(held);
    assert_eq!(take_dead(), [4]);
}

#[test]
fn a_long_chain_in_a_cycle_dies() {
    attach();
    let first = node(0);
    let mut last = first.clone();
    for i in 1..20_000 {
        let n = node(i);
        link(&last, &n);
        last = n;
    }
    link(&last, &first);
    drop((first, last));
    assert_eq!(collect(0), 20_000);
    assert_eq!(take_dead().len(), 20_000);
}

#[test]
fn random_graphs_lose_exactly_what_is_unreachable() {
    attach();
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move |n: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed >> 11) as usize % n
    };
    for round in 0..300 {
        let n = 1 + random(60);
        let nodes: Vec<Obj> = (0..n).map(node).collect();
        let mut edges = vec![Vec::new(); n];
        for _ in 0..random(2 * n + 1) {
            let (i, j) = (random(n), random(n));
            // Some edges go through a tuple.
            if random(4) == 0 {
                link(&nodes[i], &Tuple::new(&[&nodes[j]]));
            } else {
                link(&nodes[i], &nodes[j]);
            }
            edges[i].push(j);
        }
        if round % 3 == 0 {
            collect(random(3));
        }
        let kept: Vec<usize> = (0..n).filter(|_| random(5) == 0).collect();
        let roots: Vec<Obj> = kept.iter().map(|&i| nodes[i].clone()).collect();
        drop(nodes);
        collect(2);
        let mut alive = vec![false; n];
        let mut todo = kept;
        while let Some(i) = todo.pop() {
            if !std::mem::replace(&mut alive[i], true) {
                todo.extend(&edges[i]);
            }
        }
        let expected: Vec<usize> = (0..n).filter(|&i| !alive[i]).collect();
        assert_eq!(take_dead(), expected, "round {round}");
        validate();
        drop(roots);
        collect(2);
        assert_eq!(take_dead().len(), n - expected.len());
    }
}

#[test]
fn finalisers_run_once_and_may_revive() {
    attach();
    let (a, b) = (revenant(1), node(2));
    link(&a, &b);
    link(&b, &a);
    drop((a, b));
    assert_eq!(collect(2), 0);
    assert_eq!((FINALIZED_NODES.take(), take_dead()), (vec![1], vec![]));
    let saved = SAVED.take();
    assert!(object_is_finalized(&saved[0]));
    validate();
    drop(saved);
    assert_eq!(collect(2), 2);
    assert_eq!((FINALIZED_NODES.take(), take_dead()), (vec![], vec![1, 2]));
}

#[test]
fn weak_references_are_emptied() {
    attach();
    let a = node(1);
    link(&a, &a);
    let w = weakref::new_ref(&weakref::_PyWeakref_RefType, &a, None).expect("supports weak references");
    assert!(w.referent().is_some());
    drop(a);
    assert_eq!(collect(0), 1);
    assert!(w.referent().is_none());
    assert_eq!(take_dead(), [1]);
}

#[test]
fn counts_thresholds_and_generations() {
    attach();
    let gc = &Interp::current().gc;
    gc.set_threshold(0, 10);
    gc.set_enabled(true);
    let ts = Thread::current();
    let scheduled = || ts.eval_breaker.load(Ordering::Relaxed) & breaker::GC_SCHEDULED != 0;
    let nodes: Vec<Obj> = (0..10).map(node).collect();
    assert!(!scheduled());
    assert_eq!(get_count(), [10, 0, 0]);
    let more = node(10);
    assert!(scheduled());
    collect_scheduled();
    assert!(!scheduled());
    assert_eq!(get_count(), [0, 1, 0]);
    assert_eq!(get_objects(Some(1)).len(), 11);
    drop((nodes, more));
    // The answer of `get_objects` was made and freed as well.
    assert_eq!(get_count()[1..], [1, 0]);
    freeze();
    assert_eq!(freeze_count(), 0);
}

#[test]
fn referrers_and_referents() {
    attach();
    let (a, b) = (node(1), node(2));
    link(&a, &b);
    let found = get_referrers(&[&b], None);
    assert!(found.len() == 1 && found.items()[0].is(&a));
    let found = get_referents(&[&a]);
    assert!(found.len() == 1 && found.items()[0].is(&b));
    let t = Tuple::new(&[&a]);
    assert!(object_is_tracked(&t));
    drop((a, b));
    let frozen = freeze_count();
    freeze();
    assert!(freeze_count() > frozen);
    unfreeze();
    assert_eq!(freeze_count(), 0);
}
