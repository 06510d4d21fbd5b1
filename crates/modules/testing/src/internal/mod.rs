//! The module `_testinternalcapi`: what lies inside objects, threads and the compiler.

mod code;
mod compiler;
mod sequence;

use std::cell::Cell;
use std::ffi::c_int;
use taipan_object::gc;
use taipan_object::thread::{RareEvents, STACK_MARGIN, stack_pointer};
use taipan_object::typeobj::slotdefs::SLOT_DEFS;
use taipan_object::types::dict::watch::LOOP_WATCHER;
use taipan_object::types::dict::{Dict, WatchEvent, instance, key_error};
use taipan_object::types::int::Int;
use taipan_object::types::list::List;
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::types::none::none_obj;
use taipan_object::types::str::Str;
use taipan_object::types::tuple::Tuple;
use taipan_object::{Interp, Obj, Object, PyResult, Ref, Thread, Type, bail, flags, function, methods};
use taipan_vm::specialize::counter;
use taipan_vm::{CodeObject, Function};

use code::{code_returns_only_none, get_code_var_counts};
use compiler::{assemble_code_object, compiler_cleandoc, compiler_codegen, new_instruction_sequence, optimize_cfg};

/// The module's description.
pub static MODULE: ModuleDef = ModuleDef {
    name: "_testinternalcapi",
    doc: "What tests look at inside the interpreter.",
    methods: methods![
        assemble_code_object,
        code_returns_only_none,
        compiler_cleandoc,
        compiler_codegen,
        dict_getitem_knownhash,
        get_c_recursion_remaining,
        get_co_framesize,
        get_co_localskinds,
        get_code_var_counts,
        get_long_lived_total,
        get_next_dict_keys_version,
        get_object_dict_values,
        get_rare_event_counters,
        get_recursion_depth,
        get_stack_margin,
        get_stack_pointer,
        get_static_builtin_types,
        get_tracked_heap_size,
        has_inline_values,
        has_split_table,
        identify_type_slot_wrappers,
        new_instruction_sequence,
        optimize_cfg,
        pymem_getallocatorsname,
        reset_rare_event_counters,
        set_vectorcall_nop,
        type_assign_specific_version_unsafe,
    ],
    exec,
};

extern "C" fn note_builtins(_: WatchEvent, _: &Object, _: Option<&Object>, _: Option<&Object>) -> c_int {
    RareEvents::note(&Interp::current().rare_events.builtin_dict);
    0
}

fn exec(m: &Module) -> PyResult<()> {
    // Changes of builtins are counted from here on.
    let interp = Interp::current();
    interp.dict_state.set_watcher(LOOP_WATCHER, note_builtins);
    if let Some(b) = interp.builtins.get() {
        b.cast::<Dict>().watch(LOOP_WATCHER);
    }
    m.add_int("SIZEOF_PYGC_HEAD", 16)?;
    m.add_int("SIZEOF_MANAGED_PRE_HEADER", 16)?;
    m.add_int("SIZEOF_PYOBJECT", size_of::<Object>() as i64)?;
    m.add_int("SIZEOF_TIME_T", size_of::<libc::time_t>() as i64)?;
    m.add_int("SPECIALIZATION_THRESHOLD", counter::runs_before_trigger(counter::WARMUP) as i64 + 1)?;
    m.add_int("SPECIALIZATION_COOLDOWN", counter::runs_before_trigger(counter::COOLDOWN) as i64 + 1)?;
    m.add_int("TIER2_THRESHOLD", counter::runs_before_trigger(counter::JUMP_BACKWARD) as i64 + 1)?;
    m.add_int("SHARED_KEYS_MAX_SIZE", taipan_object::types::dict::SHARED_KEYS_MAX as i64)
}

fn rare_events() -> [(&'static str, &'static Cell<u8>); 5] {
    let r = &Interp::current().rare_events;
    [
        ("set_class", &r.set_class),
        ("set_bases", &r.set_bases),
        ("set_eval_frame_func", &r.set_eval_frame_func),
        ("builtin_dict", &r.builtin_dict),
        ("func_modification", &r.func_modification),
    ]
}

/// How often what optimised code relies on was changed.
#[function(signature = "()")]
fn get_rare_event_counters() -> PyResult {
    let d = Dict::new();
    for (name, n) in rare_events() {
        d.set_item(&Str::from_utf8(name), &Int::from_i64(n.get() as i64))?;
    }
    Ok(d.into_obj())
}

/// Start counting anew.
#[function(signature = "()")]
fn reset_rare_event_counters() {
    for (_, n) in rare_events() {
        n.set(0);
    }
}

/// How many calls deep the thread is.
#[function(signature = "()")]
fn get_recursion_depth() -> i64 {
    let ts = Thread::current();
    (ts.py_recursion_limit.get() - ts.py_recursion_remaining.get()) as i64
}

/// How many native calls of usual size still fit on the stack.
#[function(signature = "()")]
fn get_c_recursion_remaining() -> i64 {
    let left = stack_pointer().saturating_sub(Thread::current().stack_soft_limit.get());
    (left as f64 / STACK_MARGIN as f64 * 50.0) as i64
}

/// The native stack pointer.
#[function(signature = "()")]
fn get_stack_pointer() -> usize {
    stack_pointer()
}

/// What native code may use of the stack between two checks.
#[function(signature = "()")]
fn get_stack_margin() -> usize {
    STACK_MARGIN
}

/// How many collectable objects there are in all generations.
#[function(signature = "()")]
fn get_tracked_heap_size() -> i64 {
    gc::tracked_count() as i64
}

/// How many objects survived the last full collection.
#[function(signature = "()")]
fn get_long_lived_total() -> i64 {
    Interp::current().gc.long_lived_total() as i64
}

/// Whether the instance keeps its attributes in itself.
#[function(signature = "(object, /)")]
fn has_inline_values(object: &Object) -> bool {
    object.ty().has_flag(flags::INLINE_VALUES) && instance::inline_values(object).valid()
}

/// The attribute values that the instance keeps in itself, by position of their names; None if they are in a dict.
#[function(signature = "(object, /)")]
fn get_object_dict_values(object: &Object) -> Obj {
    if !has_inline_values(object) {
        return none_obj();
    }
    let values = instance::inline_values(object);
    let size = instance::cached_keys(object.ty()).map_or(0, |k| k.nentries());
    let item = |i: usize| values.get(i).map_or_else(|| Str::from_utf8("<NULL>").into_obj(), Object::to_obj);
    Tuple::from_vec((0..size).map(item).collect()).into_obj()
}

/// Whether the dict shares its keys with others.
#[function(signature = "(dict, /)")]
fn has_split_table(dict: &Dict) -> bool {
    dict.is_split()
}

/// Looks a key up under a hash that is given.
#[function(signature = "(mapping, key, hash, /)")]
fn dict_getitem_knownhash(mapping: &Object, key: &Object, hash: isize) -> PyResult {
    let Some(dict) = mapping.downcast::<Dict>() else {
        bail!(SystemError, "bad argument to internal function: a dict is expected")
    };
    dict.get_known_hash(key, hash)?.ok_or_else(|| key_error(key))
}

/// The version that the next keys table gets when somebody asks for it.
#[function(signature = "()")]
fn get_next_dict_keys_version() -> i64 {
    Interp::current().dict_state.coming_keys_version() as i64
}

/// Sets a type's version, without asking whether another type has it.
#[function(signature = "(type, version, /)")]
fn type_assign_specific_version_unsafe(r#type: &Type, version: i64) -> PyResult<()> {
    let Ok(version) = u32::try_from(version) else { bail!(OverflowError, "version does not fit in 32 bits") };
    if r#type.has_flag(flags::IMMUTABLETYPE) {
        bail!(ValueError, "the type is immutable");
    }
    r#type.version_tag.set(version);
    if version != 0 {
        // Versions given by hand count like all others.
        r#type.versions_used.set(r#type.versions_used.get().saturating_add(1));
    }
    Ok(())
}

/// The types that every interpreter has.
#[function(signature = "()")]
fn get_static_builtin_types() -> Ref<List> {
    let all = taipan_object::types::all().chain(taipan_vm::types());
    List::from_vec(all.filter(|t| t.has_flag(flags::READY)).map(|t| t.to_obj()).collect())
}

/// The special methods that have a slot.
#[function(signature = "()")]
fn identify_type_slot_wrappers() -> Ref<List> {
    let mut names: Vec<&str> = Vec::new();
    for d in SLOT_DEFS {
        if !names.contains(&d.name_str()) {
            names.push(d.name_str());
        }
    }
    List::from_vec(names.into_iter().map(|n| Str::from_utf8(n).into_obj()).collect())
}

/// What objects are allocated with.
#[function(signature = "()")]
fn pymem_getallocatorsname() -> &'static str {
    "mimalloc"
}

/// How many words a frame of the code takes.
#[function(signature = "(code, /)")]
fn get_co_framesize(code: &CodeObject) -> usize {
    code.framesize()
}

/// What kind of variable each name of the code is.
#[function(signature = "(code, /)")]
fn get_co_localskinds(code: &CodeObject) -> PyResult {
    let d = Dict::new();
    for i in 0..code.nlocalsplus() {
        d.set_item(code.localsplus_name(i), &Int::from_i64(code.localsplus_kind(i) as i64))?;
    }
    Ok(d.into_obj())
}

unsafe extern "C" fn answer_none(_: &Object, _: *const *const Object, _: usize, _: Option<&Object>) -> PyResult {
    Ok(none_obj())
}

/// Makes calls of the function do nothing.
#[function(signature = "(function, /)")]
fn set_vectorcall_nop(function: &Function) {
    function.set_vectorcall(answer_none);
}
