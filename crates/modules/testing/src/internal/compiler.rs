//! The stages of the compiler one by one: from trees to instructions, from instructions to better ones, from these to code objects.

use super::sequence::{InstructionSequence, SEQUENCE_TYPE};
use taipan_bytecode::{Const, Op};
use taipan_compiler::stages::{self, UnitMetadata};
use taipan_object::types::bytes::Bytes;
use taipan_object::types::complex::Complex;
use taipan_object::types::dict::Dict;
use taipan_object::types::float::Float;
use taipan_object::types::int::Int;
use taipan_object::types::list::List;
use taipan_object::types::none::{ellipsis, none};
use taipan_object::types::set::FrozenSet;
use taipan_object::types::str::Str;
use taipan_object::types::tuple::Tuple;
use taipan_object::types::{bool_, slice};
use taipan_object::{Obj, Object, PyResult, Ref, bail, function, intern, raise};
use taipan_syntax::Mode;
use taipan_vm::CodeObject;
use taipan_vm::code::build::constant_object;
use taipan_vm::compile::{self, Request};

/// Make an empty instruction sequence.
#[function(signature = "()")]
pub fn new_instruction_sequence() -> PyResult<Ref<InstructionSequence>> {
    taipan_object::typeobj::ready::ready(&SEQUENCE_TYPE)?;
    Ok(InstructionSequence::new())
}

/// Return a docstring as the compiler stores it.
#[function(signature = "(doc)")]
pub fn compiler_cleandoc(doc: &Str) -> PyResult {
    let text = doc.to_utf8()?;
    match stages::clean_docstring(text) {
        Ok(s) => Ok(Str::from_wtf8(s.as_bytes()).into_obj()),
        Err(e) => bail!(ValueError, "{}", e.message),
    }
}

/// Run code generation on a tree; return the instructions and what they refer to.
#[function(signature = "(ast, filename, optimize, compile_mode=0)")]
pub fn compiler_codegen(ast: &Object, filename: &Str, optimize: i32, compile_mode: i32) -> PyResult {
    taipan_object::typeobj::ready::ready(&SEQUENCE_TYPE)?;
    let filename = filename.to_utf8()?;
    let mode = match compile_mode {
        0 => Mode::Exec,
        1 => Mode::Eval,
        2 => Mode::Single,
        _ => bail!(ValueError, "compile_mode must be 0, 1 or 2"),
    };
    let request = Request { mode, optimize, ..Request::module(filename) };
    let unit = taipan_modules_introspect::ast::with_tree(ast, mode, |module| {
        stages::generate(module, &compile::compile_options(&request), &mut |_, _| Ok(()))
            .map_err(|e| compile::raise_compile_error(&e, filename))
    })?;
    let metadata = Dict::new();
    for (name, n) in [
        (intern!("argcount"), unit.metadata.argcount),
        (intern!("posonlyargcount"), unit.metadata.posonlyargcount),
        (intern!("kwonlyargcount"), unit.metadata.kwonlyargcount),
    ] {
        metadata.set_item(name, &Int::from_i64(n as i64))?;
    }
    let consts = unit.metadata.consts.iter().map(constant_object).collect::<PyResult<Vec<Obj>>>()?;
    metadata.set_item(intern!("consts"), &List::from_vec(consts))?;
    Ok(Tuple::new(&[&InstructionSequence::generated(&unit), &metadata]).into_obj())
}

fn sequence(o: &Object) -> PyResult<&InstructionSequence> {
    match o.downcast::<InstructionSequence>() {
        Some(s) => Ok(s),
        None => bail!(ValueError, "expected an instruction sequence, not {}", o.ty().name_str()),
    }
}

/// Optimise instructions; the list of constants becomes what the new ones refer to.
#[function(signature = "(instructions, consts, nlocals)")]
pub fn optimize_cfg(instructions: &Object, consts: &Object, nlocals: i32) -> PyResult<Ref<InstructionSequence>> {
    let Some(list) = consts.downcast::<List>() else { bail!(TypeError, "consts must be a list") };
    let Ok(nlocals) = usize::try_from(nlocals) else { bail!(ValueError, "nlocals must not be negative") };
    let code = sequence(instructions)?.instructions()?;
    for i in &code {
        if i.op == Op::LOAD_CONST && i.oparg as usize >= list.len() {
            bail!(ValueError, "constant {} is out of range: there are {}", i.oparg, list.len());
        }
    }
    let mut values = list.snapshot().iter().map(|o| constant(o)).collect::<PyResult<Vec<Const>>>()?;
    let optimized = stages::optimize(&code, &mut values, nlocals).map_err(|e| raise!(SystemError, "{}", e.message))?;
    let objects = values.iter().map(constant_object).collect::<PyResult<Vec<Obj>>>()?;
    list.call_method(intern!("clear"), &[])?;
    for o in objects {
        list.push(o)?;
    }
    Ok(InstructionSequence::resolved(optimized))
}

fn entry(metadata: &Dict, key: &str) -> PyResult {
    match metadata.get_str(key)? {
        Some(o) => Ok(o),
        None => bail!(KeyError, "metadata has no {key:?}"),
    }
}

fn text(metadata: &Dict, key: &str) -> PyResult<String> {
    let o = entry(metadata, key)?;
    let Some(s) = o.downcast::<Str>() else { bail!(TypeError, "metadata[{key:?}] must be a str") };
    Ok(s.to_utf8()?.to_owned())
}

fn number(metadata: &Dict, key: &str) -> PyResult<u32> {
    u32::try_from(entry(metadata, key)?.as_i64()?).map_err(|_| raise!(ValueError, "metadata[{key:?}] is out of range"))
}

/// The keys of a dict that numbers them, in the order of the numbers.
fn numbered(metadata: &Dict, key: &str) -> PyResult<Vec<Obj>> {
    let o = entry(metadata, key)?;
    let Some(d) = o.downcast::<Dict>() else {
        return match key {
            "consts" if o.downcast::<List>().is_some() => o.to_list().map(|l| l.snapshot()),
            _ => bail!(TypeError, "metadata[{key:?}] must be a dict"),
        };
    };
    let mut pairs = Vec::new();
    for (k, v) in d.pairs() {
        pairs.push((v.as_i64()?, k));
    }
    pairs.sort_by_key(|p| p.0);
    Ok(pairs.into_iter().map(|p| p.1).collect())
}

fn names(metadata: &Dict, key: &str) -> PyResult<Vec<String>> {
    let name = |o: Obj| match o.downcast::<Str>() {
        Some(s) => Ok(s.to_utf8()?.to_owned()),
        None => bail!(TypeError, "metadata[{key:?}] must hold names"),
    };
    numbered(metadata, key)?.into_iter().map(name).collect()
}

/// Make a code object of optimised instructions.
#[function(signature = "(filename, instructions, metadata)")]
pub fn assemble_code_object(filename: &Str, instructions: &Object, metadata: &Object) -> PyResult<Ref<CodeObject>> {
    let Some(d) = metadata.downcast::<Dict>() else { bail!(TypeError, "metadata must be a dict") };
    let unit = UnitMetadata {
        name: text(d, "name")?,
        qualname: text(d, "qualname")?,
        firstlineno: number(d, "firstlineno")? as i32,
        argcount: number(d, "argcount")?,
        posonlyargcount: number(d, "posonlyargcount")?,
        kwonlyargcount: number(d, "kwonlyargcount")?,
        consts: numbered(d, "consts")?.iter().map(|o| constant(o)).collect::<PyResult<_>>()?,
        names: names(d, "names")?,
        varnames: names(d, "varnames")?,
        cellvars: names(d, "cellvars")?,
        freevars: names(d, "freevars")?,
    };
    let code = sequence(instructions)?.instructions()?;
    let filename = filename.to_utf8()?;
    let code =
        stages::assemble_code(&code, &unit, &filename.into()).map_err(|e| raise!(SystemError, "{}", e.message))?;
    CodeObject::from_bytecode(&code)
}

/// A code object as plain data, by way of its marshalled form.
fn plain_code(o: &Object) -> PyResult<Const> {
    let dumped = taipan_vm::import::import("marshal")?.call_method(intern!("dumps"), &[o])?;
    let Some(bytes) = dumped.downcast::<Bytes>() else { bail!(TypeError, "marshal.dumps() must return bytes") };
    match taipan_bytecode::marshal::load_code(bytes.as_slice()) {
        Ok(code) => Ok(Const::Code(code)),
        Err(_) => bail!(ValueError, "marshalled code cannot be read"),
    }
}

/// A constant of the compiler from an object.
fn constant(o: &Object) -> PyResult<Const> {
    let items = |items: &[Obj]| items.iter().map(|i| constant(i)).collect::<PyResult<Vec<Const>>>();
    Ok(if o.is(none()) {
        Const::None
    } else if o.is(bool_::true_()) {
        Const::True
    } else if o.is(bool_::false_()) {
        Const::False
    } else if o.is(ellipsis()) {
        Const::Ellipsis
    } else if o.downcast_exact::<CodeObject>().is_some() {
        plain_code(o)?
    } else if let Some(i) = o.downcast_exact::<Int>() {
        match i.to_i64() {
            Some(n) => Const::Int(n),
            None => Const::BigInt { negative: i.is_negative(), digits: i.digits().into() },
        }
    } else if let Some(f) = o.downcast_exact::<Float>() {
        Const::Float(f.value())
    } else if let Some(c) = o.downcast_exact::<Complex>() {
        Const::Complex { real: c.real(), imag: c.imag() }
    } else if let Some(s) = o.downcast_exact::<Str>() {
        Const::Str(s.to_utf8()?.into())
    } else if let Some(b) = o.downcast_exact::<Bytes>() {
        Const::Bytes(b.as_slice().into())
    } else if let Some(t) = o.downcast_exact::<Tuple>() {
        Const::Tuple(items(t.items())?.into())
    } else if o.downcast_exact::<FrozenSet>().is_some() {
        Const::FrozenSet(items(o.to_tuple()?.items())?.into())
    } else if let Some(s) = o.downcast_exact::<slice::Slice>() {
        let parts = [s.start(), s.stop(), s.step()].map(constant);
        let [a, b, c] = parts;
        Const::Slice(Box::new([a?, b?, c?]))
    } else {
        bail!(TypeError, "{} objects cannot be constants of the compiler", o.ty().name_str())
    })
}
