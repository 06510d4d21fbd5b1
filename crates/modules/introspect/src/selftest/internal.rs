//! The module `_testinternalcapi`: layouts, counters of specialisation, inline values, what code objects say of their variables.

use taipan_bytecode::Op;
use taipan_bytecode::code::{flags as code_flags, kinds};
use taipan_object::typeobj::flags;
use taipan_object::types::dict::{self, Dict};
use taipan_object::types::int::Int;
use taipan_object::types::list::List;
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::types::object::PyBaseObject_Type;
use taipan_object::types::str::Str;
use taipan_object::types::tuple::Tuple;
use taipan_object::{Interp, Obj, Object, PyResult, Ref, Thread, Type, bail, function, intern, methods};
use taipan_vm::function::Function;
use taipan_vm::{CodeObject, specialize};

/// The module's description.
pub static MODULE: ModuleDef = ModuleDef {
    name: "_testinternalcapi",
    doc: "Looks at the interpreter's inside, for tests.",
    methods: methods![
        code_returns_only_none,
        get_co_framesize,
        get_co_localskinds,
        get_code_var_counts,
        get_next_dict_keys_version,
        get_object_dict_values,
        get_recursion_depth,
        get_static_builtin_types,
        has_inline_values,
        has_split_table,
        identify_type_slot_wrappers,
        set_vectorcall_nop
    ],
    exec,
};

fn exec(m: &Module) -> PyResult<()> {
    let numbers: [(&str, i64); 8] = [
        ("SHARED_KEYS_MAX_SIZE", 30),
        ("SIZEOF_MANAGED_PRE_HEADER", 16),
        ("SIZEOF_PYGC_HEAD", size_of::<taipan_object::gc::GcHead>() as i64),
        ("SIZEOF_PYOBJECT", size_of::<Object>() as i64),
        ("SIZEOF_TIME_T", size_of::<libc::time_t>() as i64),
        ("SPECIALIZATION_COOLDOWN", i64::from(specialize::counter::COOLDOWN >> 4) + 1),
        ("SPECIALIZATION_THRESHOLD", i64::from(specialize::counter::WARMUP >> 4) + 1),
        ("TIER2_THRESHOLD", i64::from(specialize::counter::JUMP_BACKWARD >> 4) + 1),
    ];
    numbers.iter().try_for_each(|(name, n)| m.add_int(name, *n))
}

fn code_of<'a>(o: &'a Object) -> PyResult<&'a CodeObject> {
    match o.downcast_exact::<CodeObject>() {
        Some(c) => Ok(c),
        None => bail!(TypeError, "argument must be a code object"),
    }
}

/// Return how many words a frame of the code object takes.
#[function(signature = "(code, /)")]
fn get_co_framesize(code: &Object) -> PyResult<usize> {
    Ok(code_of(code)?.framesize())
}

/// Return the kinds of a code object's variables, by name.
#[function(signature = "(code, /)")]
fn get_co_localskinds(code: &Object) -> PyResult<Ref<Dict>> {
    let co = code_of(code)?;
    let d = Dict::new();
    for i in 0..co.nlocalsplus() {
        d.set_item(co.localsplus_name(i), &Int::from_i64(i64::from(co.localsplus_kind(i))))?;
    }
    Ok(d)
}

/// Return whether all ways out of the code return None.
#[function(signature = "(code, /)")]
fn code_returns_only_none(code: &Object) -> PyResult<bool> {
    let co = code_of(code)?;
    let unit = |i: usize| {
        let n = taipan_vm::instrument::underlying_op(co, i);
        (n, usize::from(co.unit(i) >> 8))
    };
    let consts = co.tuple(&co.co_consts).items();
    let (mut i, mut before) = (0, None);
    while i < co.len_units() {
        let (op, arg) = unit(i);
        if op == Op::RETURN_VALUE as u8 {
            let loads_none = match before {
                Some((op, arg)) if op == Op::LOAD_CONST as u8 => consts.get(arg).is_some_and(|c: &Obj| c.is_none()),
                _ => false,
            };
            if !loads_none {
                return Ok(false);
            }
        }
        before = Some((op, arg));
        i += 1 + taipan_vm::eval::handlers::CACHES[op as usize] as usize;
    }
    Ok(true)
}

fn counts(rows: &[(&str, Obj)]) -> PyResult {
    let d = Dict::new();
    for (name, value) in rows {
        d.set_str(name, value)?;
    }
    Ok(d.into_obj())
}

fn number(n: usize) -> Obj {
    Int::from_i64(n as i64).into_obj()
}

/// Return how many variables of each sort a code object or a function has.
#[function(signature = "(code, /, *, globalnames=None, attrnames=None, globalsns=None, builtinsns=None)")]
fn get_code_var_counts(
    code: &Object,
    globalnames: Option<&Object>,
    attrnames: Option<&Object>,
    globalsns: Option<&Object>,
    builtinsns: Option<&Object>,
) -> PyResult {
    let function = code.downcast_exact::<Function>();
    let co = match function {
        Some(f) => f.code(),
        None => code_of(code)?,
    };
    let globals = globalsns.or_else(|| function.map(|f| &**f.globals()));
    let builtins = builtinsns.or_else(|| function.map(Function::builtins));
    let (mut args, mut pure, mut arg_cells, mut other_cells, mut hidden_pure, mut hidden_cells, mut free) =
        (0, 0, 0, 0, 0, 0, 0);
    const ARG: u8 = kinds::ARG_POS | kinds::ARG_KW | kinds::ARG_VAR;
    for i in 0..co.nlocalsplus() {
        let kind = co.localsplus_kind(i);
        let cell = kind & kinds::CELL != 0;
        if kind & kinds::FREE != 0 {
            free += 1;
        } else if kind & ARG != 0 {
            args += 1;
            arg_cells += usize::from(cell);
        } else if kind & kinds::HIDDEN != 0 {
            if cell { hidden_cells += 1 } else { hidden_pure += 1 }
        } else if cell {
            other_cells += 1;
        } else {
            pure += 1;
        }
    }
    let has = |bit: u32| usize::from(co.has_flag(bit));
    let (varargs, varkw) = (has(code_flags::VARARGS), has(code_flags::VARKEYWORDS));
    let posonly = co.posonlyargcount();
    let arg_counts = counts(&[
        ("total", number(args)),
        ("numposonly", number(posonly)),
        ("numposorkw", number(co.argcount() - posonly)),
        ("numkwonly", number(co.kwonlyargcount())),
        ("varargs", number(varargs)),
        ("varkwargs", number(varkw)),
    ])?;
    let (hidden, cells) = (hidden_pure + hidden_cells, arg_cells + other_cells);
    let locals_total = args + pure + other_cells + hidden;
    let locals = counts(&[
        ("total", number(locals_total)),
        ("args", arg_counts),
        ("numpure", number(pure)),
        (
            "cells",
            counts(&[("total", number(cells)), ("numargs", number(arg_cells)), ("numothers", number(other_cells))])?,
        ),
        (
            "hidden",
            counts(&[("total", number(hidden)), ("numpure", number(hidden_pure)), ("numcells", number(hidden_cells))])?,
        ),
    ])?;
    // Every name counts once, as what it is first used for; those that no instruction uses are unknown.
    let names = co.tuple(&co.co_names).items();
    let mut sort = vec![0u8; names.len()];
    let (mut i, mut high) = (0, 0usize);
    while i < co.len_units() {
        let op = taipan_vm::instrument::underlying_op(co, i);
        let arg = high | usize::from(co.unit(i) >> 8);
        high = if op == Op::EXTENDED_ARG as u8 { arg << 8 } else { 0 };
        let used = match Op::from_number(u16::from(op)) {
            Some(Op::LOAD_ATTR) => Some((arg >> 1, 1)),
            Some(Op::STORE_ATTR | Op::DELETE_ATTR) => Some((arg, 1)),
            Some(Op::LOAD_SUPER_ATTR) => Some((arg >> 2, 1)),
            Some(Op::LOAD_GLOBAL) => Some((arg >> 1, 2)),
            Some(Op::STORE_GLOBAL | Op::DELETE_GLOBAL | Op::LOAD_NAME | Op::STORE_NAME | Op::DELETE_NAME) => {
                Some((arg, 2))
            }
            _ => None,
        };
        if let Some((at, s)) = used
            && let Some(slot) = sort.get_mut(at)
            && *slot == 0
        {
            *slot = s;
        }
        i += 1 + taipan_vm::eval::handlers::CACHES[op as usize] as usize;
    }
    let (mut attrs, mut in_globals, mut in_builtins, mut unknown_globals) = (0, 0, 0, 0);
    let given = |set: Option<&Object>, name: &Object| set.map_or(Ok(false), |s| s.contains(name));
    let mut unknown = 0;
    for (name, &s) in names.iter().zip(&sort) {
        if s == 1 || given(attrnames, name)? {
            attrs += 1;
        } else if s == 2 || given(globalnames, name)? {
            if given(globals, name)? {
                in_globals += 1;
            } else if given(builtins, name)? {
                in_builtins += 1;
            } else {
                unknown_globals += 1;
            }
        } else {
            unknown += 1;
        }
    }
    let globals_total = in_globals + in_builtins + unknown_globals;
    let global_counts = counts(&[
        ("total", number(globals_total)),
        ("numglobal", number(in_globals)),
        ("numbuiltin", number(in_builtins)),
        ("numunknown", number(unknown_globals)),
    ])?;
    let unbound_total = globals_total + attrs + unknown;
    let unbound = counts(&[
        ("total", number(unbound_total)),
        ("globals", global_counts),
        ("numattrs", number(attrs)),
        ("numunknown", number(unknown)),
    ])?;
    counts(&[
        ("total", number(locals_total + free + unbound_total)),
        ("locals", locals),
        ("numfree", number(free)),
        ("unbound", unbound),
    ])
}

/// Return the version that the next table of dict keys gets.
#[function(signature = "()")]
fn get_next_dict_keys_version() -> u32 {
    Interp::current().dict_state.coming_keys_version()
}

/// Return the attribute values that lie in the object itself, None if they do not.
#[function(signature = "(obj, /)")]
fn get_object_dict_values(obj: &Object) -> PyResult<Option<Ref<Tuple>>> {
    if !obj.ty().has_flag(flags::INLINE_VALUES) {
        return Ok(None);
    }
    let values = dict::instance::inline_values(obj);
    let Some(keys) = dict::instance::cached_keys(obj.ty()).filter(|_| values.valid()) else { return Ok(None) };
    let absent = Str::from_utf8("<NULL>").into_obj();
    let items = (0..keys.nentries()).map(|i| values.get(i).map_or_else(|| absent.clone(), Object::to_obj));
    Ok(Some(Tuple::from_vec(items.collect())))
}

/// Return whether the object's attributes lie in the object itself.
#[function(signature = "(obj, /)")]
fn has_inline_values(obj: &Object) -> bool {
    obj.ty().has_flag(flags::INLINE_VALUES) && dict::instance::inline_values(obj).valid()
}

/// Return whether a dict shares its keys with others.
#[function(signature = "(obj, /)")]
fn has_split_table(obj: &Object) -> bool {
    obj.downcast::<Dict>().is_some_and(Dict::is_split)
}

/// Return how many Python frames are running.
#[function(signature = "()")]
fn get_recursion_depth() -> i64 {
    let ts = Thread::current();
    i64::from(ts.py_recursion_limit.get()) - i64::from(ts.py_recursion_remaining.get())
}

/// Return the built-in types that are not made anew for each interpreter.
#[function(signature = "()")]
fn get_static_builtin_types() -> PyResult<Ref<List>> {
    let found = List::new();
    let mut waiting = vec![PyBaseObject_Type.to_obj()];
    while let Some(t) = waiting.pop() {
        let known = found.snapshot().iter().any(|f| f.is(&t));
        if known || t.downcast::<Type>().is_none_or(Type::is_heap) {
            continue;
        }
        let below =
            taipan_object::types::type_::PyType_Type.as_object().call_method(intern!("__subclasses__"), &[&t])?;
        if let Some(l) = below.downcast::<List>() {
            waiting.extend(l.snapshot());
        }
        found.push(t)?;
    }
    Ok(found)
}

/// Return the names of the special methods that slots answer.
#[function(signature = "()")]
fn identify_type_slot_wrappers() -> Ref<List> {
    let mut names: Vec<&str> = Vec::new();
    for d in taipan_object::typeobj::slotdefs::SLOT_DEFS {
        let name = d.name_str();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    List::from_vec(names.iter().map(|n| Str::from_utf8(n).into_obj()).collect())
}

unsafe extern "C" fn nothing(_: &Object, _: *const *const Object, _: usize, _: Option<&Object>) -> PyResult {
    Ok(taipan_object::types::none::none_obj())
}

/// Make calls of a function do nothing.
#[function(signature = "(func, /)")]
fn set_vectorcall_nop(func: &Object) -> PyResult<()> {
    let Some(f) = func.downcast_exact::<Function>() else { bail!(TypeError, "expected function") };
    f.func_version.set(0);
    f.vectorcall.set(Some(nothing));
    Ok(())
}
