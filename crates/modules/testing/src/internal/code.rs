//! What code objects say of their variables.

use taipan_bytecode::Op;
use taipan_bytecode::code::{flags as code_flags, kinds};
use taipan_object::types::dict::Dict;
use taipan_object::types::int::Int;
use taipan_object::{Obj, Object, PyResult, bail, function};
use taipan_vm::CodeObject;
use taipan_vm::function::Function;

fn code_of(o: &Object) -> PyResult<&CodeObject> {
    match o.downcast_exact::<CodeObject>() {
        Some(c) => Ok(c),
        None => bail!(TypeError, "argument must be a code object"),
    }
}

/// Return whether all ways out of the code return None.
#[function(signature = "(code, /)")]
pub fn code_returns_only_none(code: &Object) -> PyResult<bool> {
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
pub fn get_code_var_counts(
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
