//! `_heapq`: binary heaps in lists, smallest or largest item first.

use taipan_object::protocol::compare::CompareOp;
use taipan_object::types::float::Float;
use taipan_object::types::int::Int;
use taipan_object::types::list::List;
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::{Obj, Object, PyResult, bail, function, methods, raise};

/// Whether `a` goes before `b`.
#[inline(always)]
fn before(a: &Object, b: &Object, max: bool) -> PyResult<bool> {
    let (a, b) = if max { (b, a) } else { (a, b) };
    if let (Some(x), Some(y)) =
        (a.downcast_exact::<Int>().and_then(Int::compact), b.downcast_exact::<Int>().and_then(Int::compact))
    {
        return Ok(x < y);
    }
    if let (Some(x), Some(y)) = (a.downcast_exact::<Float>(), b.downcast_exact::<Float>()) {
        return Ok(x.value() < y.value());
    }
    // Identical objects are compared too: some are less than themselves.
    a.rich_compare(b, CompareOp::Lt)?.is_true()
}

#[cold]
fn changed_size() -> taipan_object::Raised {
    raise!(RuntimeError, "list changed size during iteration")
}

fn item(heap: &List, i: usize) -> PyResult<Obj> {
    heap.get(i).ok_or_else(changed_size)
}

fn swap(heap: &List, i: usize, j: usize) -> PyResult<()> {
    let (x, y) = (item(heap, i)?, item(heap, j)?);
    drop(heap.replace(i, y));
    drop(heap.replace(j, x));
    Ok(())
}

/// Moves the item at `pos` towards the root, not above `start`, until its parent goes before it.
fn sift_down(heap: &List, start: usize, mut pos: usize, max: bool) -> PyResult<()> {
    let size = heap.len();
    if pos >= size {
        bail!(IndexError, "index out of range");
    }
    while pos > start {
        let parent = (pos - 1) >> 1;
        let (new, above) = (item(heap, pos)?, item(heap, parent)?);
        let less = before(&new, &above, max)?;
        if heap.len() != size {
            return Err(changed_size());
        }
        if !less {
            break;
        }
        swap(heap, parent, pos)?;
        pos = parent;
    }
    Ok(())
}

/// Moves the item at `pos` down to a leaf, bringing up the child that goes first each time, and then to its place.
fn sift_up(heap: &List, mut pos: usize, max: bool) -> PyResult<()> {
    let (size, start) = (heap.len(), pos);
    if pos >= size {
        bail!(IndexError, "index out of range");
    }
    let limit = size >> 1;
    while pos < limit {
        let mut child = 2 * pos + 1;
        if child + 1 < size {
            let (a, b) = (item(heap, child)?, item(heap, child + 1)?);
            let less = before(&a, &b, max)?;
            if heap.len() != size {
                return Err(changed_size());
            }
            child += usize::from(!less);
        }
        swap(heap, child, pos)?;
        pos = child;
    }
    sift_down(heap, start, pos, max)
}

fn push(heap: &List, x: &Object, max: bool) -> PyResult<()> {
    heap.push(x.to_obj())?;
    sift_down(heap, 0, heap.len() - 1, max)
}

fn pop(heap: &List, max: bool) -> PyResult {
    let Some(last) = heap.pop_last() else { bail!(IndexError, "index out of range") };
    if heap.is_empty() {
        return Ok(last);
    }
    let first = heap.replace(0, last).ok_or_else(changed_size)?;
    sift_up(heap, 0, max)?;
    Ok(first)
}

fn replace(heap: &List, x: &Object, max: bool) -> PyResult {
    if heap.is_empty() {
        bail!(IndexError, "index out of range");
    }
    let first = heap.replace(0, x.to_obj()).ok_or_else(changed_size)?;
    sift_up(heap, 0, max)?;
    Ok(first)
}

fn push_pop(heap: &List, x: &Object, max: bool) -> PyResult {
    let Some(first) = heap.get(0) else { return Ok(x.to_obj()) };
    if !before(&first, x, max)? {
        return Ok(x.to_obj());
    }
    replace(heap, x, max)
}

fn make_heap(heap: &List, max: bool) -> PyResult<()> {
    for i in (0..heap.len() / 2).rev() {
        sift_up(heap, i, max)?;
    }
    Ok(())
}

macro_rules! heap_functions {
    ($max:literal, $first:literal, $push:ident, $pop:ident, $replace:ident, $push_pop:ident, $heapify:ident) => {
        #[doc = concat!("Push item onto a heap with the ", $first, " item first.")]
        #[function(signature = "(heap, item, /)")]
        fn $push(heap: &List, item: &Object) -> PyResult<()> {
            push(heap, item, $max)
        }
        #[doc = concat!("Pop the ", $first, " item off a heap.")]
        #[function(signature = "(heap, /)")]
        fn $pop(heap: &List) -> PyResult {
            pop(heap, $max)
        }
        #[doc = concat!("Pop the ", $first, " item and then push the new one.")]
        #[function(signature = "(heap, item, /)")]
        fn $replace(heap: &List, item: &Object) -> PyResult {
            replace(heap, item, $max)
        }
        #[doc = concat!("Push the new item and then pop the ", $first, " one.")]
        #[function(signature = "(heap, item, /)")]
        fn $push_pop(heap: &List, item: &Object) -> PyResult {
            push_pop(heap, item, $max)
        }
        #[doc = concat!("Turn a list into a heap with the ", $first, " item first, in linear time.")]
        #[function(signature = "(heap, /)")]
        fn $heapify(heap: &List) -> PyResult<()> {
            make_heap(heap, $max)
        }
    };
}

heap_functions!(false, "smallest", heappush, heappop, heapreplace, heappushpop, heapify);
heap_functions!(true, "largest", heappush_max, heappop_max, heapreplace_max, heappushpop_max, heapify_max);

fn exec(m: &Module) -> PyResult<()> {
    m.add_str(
        "__about__",
        "A heap is a list in which no item comes before its parent: the item at k has its children at 2*k+1 and 2*k+2.",
    )
}

/// The module.
pub static MODULE: ModuleDef = ModuleDef {
    name: "_heapq",
    doc: "Heap queues, also called priority queues.",
    methods: methods![
        heappush,
        heappop,
        heapreplace,
        heappushpop,
        heapify,
        heappush_max,
        heappop_max,
        heapreplace_max,
        heappushpop_max,
        heapify_max,
    ],
    exec,
};
