//! The module `_tracemalloc`. The allocator does not trace blocks: tracing cannot be started, and says so.

use taipan_object::args::Given;
use taipan_object::types::int::Int;
use taipan_object::types::list::List;
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::types::tuple::Tuple;
use taipan_object::{Object, PyResult, Ref, bail, function, methods};

/// The module's description.
pub static MODULE: ModuleDef = ModuleDef {
    name: "_tracemalloc",
    doc: "Tracing of memory blocks, which this build cannot do.",
    methods: methods![
        is_tracing,
        clear_traces,
        get_traces,
        get_object_traceback,
        start,
        stop,
        get_traceback_limit,
        get_tracemalloc_memory,
        get_traced_memory,
        reset_peak
    ],
    exec,
};

fn exec(_: &Module) -> PyResult<()> {
    Ok(())
}

/// Return whether blocks are traced.
#[function(signature = "()")]
fn is_tracing() -> bool {
    false
}
/// Forget what was traced.
#[function(signature = "()")]
fn clear_traces() {}
/// Return what was traced.
#[function(signature = "()", name = "_get_traces")]
fn get_traces() -> Ref<List> {
    List::new()
}
/// Return where an object was allocated, None if that was not traced.
#[function(signature = "(obj, /)", name = "_get_object_traceback")]
fn get_object_traceback(obj: &Object) {
    let _ = obj;
}
/// Start tracing: not possible here.
#[function(signature = "(nframe=1, /)")]
fn start(nframe: Given<i32>) -> PyResult<()> {
    if !(1..=65535).contains(&nframe.0.unwrap_or(1)) {
        bail!(ValueError, "the number of frames must be in range [1; 65535]");
    }
    bail!(NotImplementedError, "this build of Taipan cannot trace memory allocations")
}
/// Stop tracing.
#[function(signature = "()")]
fn stop() {}
/// Return how many frames a trace holds.
#[function(signature = "()")]
fn get_traceback_limit() -> i32 {
    1
}
/// Return the memory that tracing itself uses.
#[function(signature = "()")]
fn get_tracemalloc_memory() -> usize {
    0
}
/// Return size and peak size of the traced blocks.
#[function(signature = "()")]
fn get_traced_memory() -> Ref<Tuple> {
    Tuple::new(&[&Int::zero(), &Int::zero()])
}
/// Set the peak size to the present size.
#[function(signature = "()")]
fn reset_peak() {}
