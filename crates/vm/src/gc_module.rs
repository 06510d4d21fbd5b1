//! The module `gc`: the controls of the cycle collector.

use taipan_object::args::Given;
use taipan_object::gc::{self, GENERATIONS, debug};
use taipan_object::types::dict::Dict;
use taipan_object::types::int::Int;
use taipan_object::types::list::List;
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::types::tuple::Tuple;
use taipan_object::{Interp, Object, PyResult, Ref, bail, function, intern, methods, raise};

/// The module's description.
pub static MODULE: ModuleDef = ModuleDef {
    name: "gc",
    doc: "The collector of objects that refer to each other in cycles: when it runs, what it found, and what objects refer to.",
    methods: methods![
        enable,
        disable,
        isenabled,
        set_debug,
        get_debug,
        get_count,
        set_threshold,
        get_threshold,
        collect,
        get_objects,
        get_stats,
        is_tracked,
        is_finalized,
        get_referrers,
        get_referents,
        freeze,
        unfreeze,
        get_freeze_count
    ],
    exec,
};

fn exec(m: &Module) -> PyResult<()> {
    let gc = &Interp::current().gc;
    m.add("garbage", &gc.garbage())?;
    m.add("callbacks", &gc.callbacks())?;
    m.add_int("DEBUG_STATS", debug::STATS as i64)?;
    m.add_int("DEBUG_COLLECTABLE", debug::COLLECTABLE as i64)?;
    m.add_int("DEBUG_UNCOLLECTABLE", debug::UNCOLLECTABLE as i64)?;
    m.add_int("DEBUG_SAVEALL", debug::SAVEALL as i64)?;
    m.add_int("DEBUG_LEAK", debug::LEAK as i64)
}

/// Let collections start by themselves.
#[function(signature = "()")]
fn enable() {
    Interp::current().gc.set_enabled(true);
}

/// Keep collections from starting by themselves.
#[function(signature = "()")]
fn disable() {
    Interp::current().gc.set_enabled(false);
}

/// Return whether collections start by themselves.
#[function(signature = "()")]
fn isenabled() -> bool {
    Interp::current().gc.is_enabled()
}

/// Run a collection of the given generation and those younger, by default of all. Return the number of unreachable objects.
#[function(signature = "(generation=2)")]
fn collect(generation: Given<std::ffi::c_int>) -> PyResult<usize> {
    let g = generation.0.unwrap_or(2);
    match usize::try_from(g) {
        Ok(g) if g < GENERATIONS => Ok(gc::collect(g)),
        _ => bail!(ValueError, "invalid generation"),
    }
}

/// Set the debugging flags, a sum of the DEBUG constants.
#[function(signature = "(flags, /)")]
fn set_debug(flags: std::ffi::c_int) {
    Interp::current().gc.debug.set(flags);
}

/// Return the debugging flags.
#[function(signature = "()")]
fn get_debug() -> i32 {
    Interp::current().gc.debug.get()
}

/// set_threshold(threshold0, [threshold1, [threshold2]])
///
/// Set how full the generations may get before they are collected. 0 for the youngest keeps collections from starting by themselves.
#[function(signature = "(*thresholds)", text = false)]
fn set_threshold(thresholds: &[&Object]) -> PyResult<()> {
    if thresholds.is_empty() || thresholds.len() > GENERATIONS {
        bail!(TypeError, "gc.set_threshold requires 1 to 3 arguments");
    }
    for (i, t) in thresholds.iter().enumerate() {
        let n = i32::try_from(t.as_i64()?)
            .map_err(|_| raise!(OverflowError, "Python int too large to convert to C int"))?;
        Interp::current().gc.set_threshold(i, n);
    }
    Ok(())
}

/// Return the thresholds.
#[function(signature = "()")]
fn get_threshold() -> Ref<Tuple> {
    let gc = &Interp::current().gc;
    Tuple::from_vec(gc.generations.iter().map(|g| Int::from_i64(g.threshold() as i64).into_obj()).collect())
}

/// Return how full the generations are.
#[function(signature = "()")]
fn get_count() -> Ref<Tuple> {
    Tuple::from_vec(gc::get_count().into_iter().map(|n| Int::from_isize(n.max(0)).into_obj()).collect())
}

/// Return the objects that the collector looks at, of one generation or of all.
#[function(signature = "(generation=None)")]
fn get_objects(generation: Option<&Object>) -> PyResult<Ref<List>> {
    audit_objects(generation)?;
    let Some(g) = generation else { return Ok(gc::get_objects(None)) };
    if !taipan_object::protocol::number::has_index(g) {
        bail!(TypeError, "argument should be integer or None, not '{}'", g.ty().name_str());
    }
    let n = g.index_as_isize(Some(taipan_object::types::exceptions::OverflowError))?;
    match usize::try_from(n) {
        Ok(n) if n < GENERATIONS => Ok(gc::get_objects(Some(n))),
        Ok(_) => bail!(
            ValueError,
            "generation parameter must be less than the number of available generations ({GENERATIONS})"
        ),
        // -1 is how the reference writes "all".
        Err(_) if n == -1 => Ok(gc::get_objects(None)),
        Err(_) => bail!(ValueError, "generation parameter cannot be negative"),
    }
}

/// Return, for each generation, how often it was collected and what was found.
#[function(signature = "()")]
fn get_stats() -> PyResult<Ref<List>> {
    let list = List::new();
    for [collections, collected, uncollectable] in gc::get_stats() {
        let d = Dict::new();
        d.set_item(intern!("collections"), &Int::from_isize(collections))?;
        d.set_item(intern!("collected"), &Int::from_isize(collected))?;
        d.set_item(intern!("uncollectable"), &Int::from_isize(uncollectable))?;
        list.push(d.into_obj())?;
    }
    Ok(list)
}

/// Return whether the collector looks at an object.
#[function(signature = "(obj, /)")]
fn is_tracked(obj: &Object) -> bool {
    gc::object_is_tracked(obj)
}

/// Return whether an object's finalizer has run.
#[function(signature = "(obj, /)")]
fn is_finalized(obj: &Object) -> bool {
    gc::object_is_finalized(obj)
}

/// Return the objects that refer directly to any of these.
#[function(signature = "(*objs)")]
fn get_referrers(objs: &[&Object]) -> PyResult<Ref<List>> {
    audit("gc.get_referrers", objs)?;
    Ok(gc::get_referrers(objs, None))
}

/// Return the objects to which these refer directly.
#[function(signature = "(*objs)")]
fn get_referents(objs: &[&Object]) -> PyResult<Ref<List>> {
    audit("gc.get_referents", objs)?;
    Ok(gc::get_referents(objs))
}

/// Raises the event of get_objects().
fn audit_objects(generation: Option<&Object>) -> PyResult<()> {
    let hooks = taipan_object::hooks::get();
    let none = taipan_object::types::none::none();
    let generation = generation.unwrap_or(none);
    if (hooks.auditing)() { (hooks.audit)("gc.get_objects", &Tuple::new(&[generation])) } else { Ok(()) }
}

fn audit(event: &str, objs: &[&Object]) -> PyResult<()> {
    let hooks = taipan_object::hooks::get();
    if (hooks.auditing)() { (hooks.audit)(event, &Tuple::new(&[&Tuple::new(objs)])) } else { Ok(()) }
}

/// Move all objects to a place where no collection looks, for instance before a fork.
#[function(signature = "()")]
fn freeze() {
    gc::freeze();
}

/// Move the objects of freeze() back, into the oldest generation.
#[function(signature = "()")]
fn unfreeze() {
    gc::unfreeze();
}

/// Return the number of objects that freeze() has moved.
#[function(signature = "()")]
fn get_freeze_count() -> usize {
    gc::freeze_count()
}
