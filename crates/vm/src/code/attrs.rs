//! The type `code`: attributes, `replace`, the constructor.

use super::build::{Parts, intern_constants, intern_names};
use super::positions::{BranchIter, LineIter, PositionIter};
use super::{CodeObject, code_dealloc, compare};
use crate::arguments;
use std::mem::offset_of;
use taipan_bytecode::code::{flags as co, kinds};
use taipan_object::args::KwArgs;
use taipan_object::method::{MemberDef, member};
use taipan_object::types::bytes::Bytes;
use taipan_object::types::none::none;
use taipan_object::types::str::Str;
use taipan_object::types::tuple::Tuple;
use taipan_object::{Obj, Object, PyResult, Ref, Type, TypeDef, bail, getset, getsets, members, method, methods};

fn names_of(c: &CodeObject, kind: u8) -> Obj {
    Tuple::from_vec(c.variables(kind).map(|i| c.localsplus_name(i).to_obj()).collect()).into_obj()
}

impl CodeObject {
    /// `co_code`.
    pub fn co_code(&self) -> Obj {
        self.cached().code.get_or_init(|| Bytes::new(&self.original_code()).into_obj()).clone()
    }
    /// `co_varnames`.
    pub fn co_varnames(&self) -> Obj {
        self.cached().varnames.get_or_init(|| names_of(self, kinds::LOCAL)).clone()
    }
    /// `co_cellvars`.
    pub fn co_cellvars(&self) -> Obj {
        self.cached().cellvars.get_or_init(|| names_of(self, kinds::CELL)).clone()
    }
    /// `co_freevars`.
    pub fn co_freevars(&self) -> Obj {
        self.cached().freevars.get_or_init(|| names_of(self, kinds::FREE)).clone()
    }
    /// The name.
    pub fn name(&self) -> String {
        self.co_name.get().map_or(String::new(), |n| n.cast::<Str>().display().to_string())
    }
}

fn get_code(c: &CodeObject) -> Obj {
    c.co_code()
}
fn get_varnames(c: &CodeObject) -> Obj {
    c.co_varnames()
}
fn get_cellvars(c: &CodeObject) -> Obj {
    c.co_cellvars()
}
fn get_freevars(c: &CodeObject) -> Obj {
    c.co_freevars()
}
fn get_flags(c: &CodeObject) -> i32 {
    c.co_flags.get()
}
/// The instructions as they now are, specialised forms and caches included; what instrumentation put in is taken out.
fn get_adaptive(c: &CodeObject) -> Obj {
    let n = c.len_units();
    let mut out = Vec::with_capacity(n * 2);
    for i in 0..n {
        out.extend_from_slice(&c.unit(i).to_le_bytes());
    }
    let mut i = 0;
    while i < n {
        let op = crate::instrument::uninstrumented_op(c, i);
        out[2 * i] = op;
        i += 1 + crate::eval::handlers::CACHES[op as usize] as usize;
    }
    Bytes::new(&out).into_obj()
}
fn get_lnotab(c: &CodeObject) -> PyResult {
    (taipan_object::hooks::get().warn)(
        taipan_object::types::exceptions::DeprecationWarning,
        "co_lnotab is deprecated, use co_lines instead.",
        1,
    )?;
    let (mut out, mut line, mut address) = (Vec::new(), c.co_firstlineno, 0usize);
    for (start, _, l) in taipan_bytecode::location_table::lines(c.line_table(), c.co_firstlineno) {
        let Some(l) = l else { continue };
        let (mut bytes, mut delta) = (start * 2 - address, l - line);
        if delta == 0 {
            continue;
        }
        while bytes > 255 {
            out.extend_from_slice(&[255, 0]);
            bytes -= 255;
        }
        while delta < -128 {
            out.extend_from_slice(&[bytes as u8, -128i8 as u8]);
            bytes = 0;
            delta += 128;
        }
        while delta > 127 {
            out.extend_from_slice(&[bytes as u8, 127]);
            bytes = 0;
            delta -= 127;
        }
        out.extend_from_slice(&[bytes as u8, delta as i8 as u8]);
        (line, address) = (l, start * 2);
    }
    Ok(Bytes::new(&out).into_obj())
}

/// Return an iterator over (start, end, line) of the code's instructions.
#[method(signature = "()", text = false)]
fn co_lines(this: &CodeObject) -> Obj {
    LineIter::create(this)
}

/// Return an iterator over the source range of every code unit: line, end line, column, end column.
#[method(signature = "()", text = false)]
fn co_positions(this: &CodeObject) -> Obj {
    PositionIter::create(this)
}

/// Return an iterator over (source, not taken, taken) offsets of the code's branches.
#[method(signature = "()", text = false)]
fn co_branches(this: &CodeObject) -> Obj {
    BranchIter::create(this)
}

/// Return the name of the local variable that an instruction's argument means.
#[method(signature = "(oparg)")]
fn _varname_from_oparg(this: &CodeObject, oparg: i64) -> PyResult {
    if oparg < 0 || oparg as usize >= this.nlocalsplus() {
        bail!(IndexError, "tuple index out of range");
    }
    Ok(this.localsplus_name(oparg as usize).to_obj())
}

/// Return the size in memory, in bytes.
#[method(signature = "()", name = "__sizeof__", text = false)]
fn code_sizeof(this: &CodeObject) -> usize {
    size_of::<CodeObject>() + this.len_units() * 2
}

const REPLACEABLE: &[&str] = &[
    "co_argcount",
    "co_posonlyargcount",
    "co_kwonlyargcount",
    "co_nlocals",
    "co_stacksize",
    "co_flags",
    "co_firstlineno",
    "co_code",
    "co_consts",
    "co_names",
    "co_varnames",
    "co_freevars",
    "co_cellvars",
    "co_filename",
    "co_name",
    "co_qualname",
    "co_linetable",
    "co_exceptiontable",
];

/// Return a copy of the code object with new values for the given attributes.
#[method(signature = "(**changes)", name = "replace")]
fn code_replace(this: &CodeObject, changes: KwArgs<'_>) -> PyResult {
    replace(this, changes)
}

/// The same, for `copy.replace`.
#[method(signature = "(**changes)", name = "__replace__")]
fn code_dunder_replace(this: &CodeObject, changes: KwArgs<'_>) -> PyResult {
    replace(this, changes)
}

fn replace(this: &CodeObject, changes: KwArgs<'_>) -> PyResult {
    let mut values: Vec<Option<&Object>> = vec![None; REPLACEABLE.len()];
    for (name, v) in changes.iter() {
        match REPLACEABLE.iter().position(|n| name.eq_str(n)) {
            Some(i) => values[i] = Some(v),
            None => bail!(TypeError, "replace() got an unexpected keyword argument '{}'", name.display()),
        }
    }
    let int = |i: usize, old: i32| -> PyResult<i32> {
        match values[i] {
            Some(v) => {
                let n = v.as_i64()?;
                i32::try_from(n).or_else(|_| bail!(OverflowError, "Python int too large to convert to C int"))
            }
            None => Ok(old),
        }
    };
    let get = |i: usize, old: Obj| values[i].map_or(old, |v| v.to_obj());
    // The number of locals follows from the names, unless it is given.
    let varnames = get(10, this.co_varnames());
    let cells = get(12, this.co_cellvars());
    let free = get(11, this.co_freevars());
    make(Request {
        argcount: int(0, this.co_argcount)?,
        posonlyargcount: int(1, this.co_posonlyargcount)?,
        kwonlyargcount: int(2, this.co_kwonlyargcount)?,
        nlocals: int(3, this.co_nlocals)?,
        stacksize: int(4, this.co_stacksize)?,
        flags: int(5, this.co_flags.get())?,
        firstlineno: int(6, this.co_firstlineno)?,
        code: get(7, this.co_code()),
        consts: get(8, this.tuple(&this.co_consts).to_obj()),
        names: get(9, this.tuple(&this.co_names).to_obj()),
        varnames,
        free,
        cells,
        filename: get(13, owned(&this.co_filename)),
        name: get(14, owned(&this.co_name)),
        qualname: get(15, owned(&this.co_qualname)),
        linetable: get(16, owned(&this.co_linetable)),
        exceptiontable: get(17, owned(&this.co_exceptiontable)),
        context: "replace",
    })
    .map(Ref::into_obj)
}

fn owned(field: &taipan_object::ObjCell) -> Obj {
    field.get_owned().unwrap_or_else(|| none().to_obj())
}

/// The arguments of `types.CodeType`, unchecked.
struct Request {
    argcount: i32,
    posonlyargcount: i32,
    kwonlyargcount: i32,
    nlocals: i32,
    stacksize: i32,
    flags: i32,
    firstlineno: i32,
    code: Obj,
    consts: Obj,
    names: Obj,
    varnames: Obj,
    free: Obj,
    cells: Obj,
    filename: Obj,
    name: Obj,
    qualname: Obj,
    linetable: Obj,
    exceptiontable: Obj,
    context: &'static str,
}

fn expect<'a, T: taipan_object::Layout>(o: &'a Object, context: &str, argument: &str, kind: &str) -> PyResult<&'a T> {
    match o.downcast::<T>() {
        Some(t) => Ok(t),
        None => bail!(TypeError, "{context}() argument {argument} must be {kind}, not {}", o.ty().name_str()),
    }
}

fn make(r: Request) -> PyResult<Ref<CodeObject>> {
    let cx = r.context;
    let label = |n: usize, name: &str| if cx == "replace" { format!("'{name}'") } else { n.to_string() };
    for n in [r.argcount, r.posonlyargcount, r.kwonlyargcount, r.nlocals] {
        if n < 0 {
            bail!(ValueError, "code: {} must not be negative", if n == r.argcount { "argcount" } else { "arguments" });
        }
    }
    if r.stacksize < 0 || r.flags < 0 {
        bail!(SystemError, "code: bad argument to internal function");
    }
    if r.posonlyargcount > r.argcount {
        bail!(ValueError, "code: posonlyargcount must not be greater than argcount");
    }
    let code: &Bytes = expect(&r.code, cx, &label(7, "co_code"), "bytes")?;
    let consts: &Tuple = expect(&r.consts, cx, &label(8, "co_consts"), "tuple")?;
    let names: &Tuple = expect(&r.names, cx, &label(9, "co_names"), "tuple")?;
    let varnames: &Tuple = expect(&r.varnames, cx, &label(10, "co_varnames"), "tuple")?;
    let free: &Tuple = expect(&r.free, cx, &label(11, "co_freevars"), "tuple")?;
    let cells: &Tuple = expect(&r.cells, cx, &label(12, "co_cellvars"), "tuple")?;
    expect::<Str>(&r.filename, cx, &label(13, "co_filename"), "str")?;
    expect::<Str>(&r.name, cx, &label(14, "co_name"), "str")?;
    expect::<Str>(&r.qualname, cx, &label(15, "co_qualname"), "str")?;
    expect::<Bytes>(&r.linetable, cx, &label(16, "co_linetable"), "bytes")?;
    expect::<Bytes>(&r.exceptiontable, cx, &label(17, "co_exceptiontable"), "bytes")?;
    if !code.as_slice().len().is_multiple_of(2) {
        bail!(ValueError, "code: co_code is malformed");
    }
    let (names, varnames, free, cells) =
        (intern_names(names)?, intern_names(varnames)?, intern_names(free)?, intern_names(cells)?);
    if r.nlocals as usize != varnames.len() {
        bail!(ValueError, "code: co_nlocals != len(co_varnames)");
    }
    let total = r.argcount as usize
        + r.kwonlyargcount as usize
        + (r.flags as u32 & co::VARARGS != 0) as usize
        + (r.flags as u32 & co::VARKEYWORDS != 0) as usize;
    if total > varnames.len() {
        bail!(ValueError, "code: varnames is too small");
    }
    // Variables: locals (some of them cells), then the other cells, then free variables.
    let mut all: Vec<Obj> = varnames.items().to_vec();
    let mut variable_kinds = vec![kinds::LOCAL; all.len()];
    let (args, kwonly) = (r.argcount as usize, r.kwonlyargcount as usize);
    for (i, k) in variable_kinds.iter_mut().enumerate().take(total) {
        *k |= if i < r.posonlyargcount as usize {
            kinds::ARG_POS
        } else if i < args {
            kinds::ARG_POS | kinds::ARG_KW
        } else if i < args + kwonly {
            kinds::ARG_KW
        } else {
            kinds::ARG_VAR
                | if i == args + kwonly && r.flags as u32 & co::VARARGS != 0 { kinds::ARG_POS } else { kinds::ARG_KW }
        };
    }
    for c in cells.items() {
        match varnames.items().iter().position(|v| v.is(c)) {
            Some(i) => variable_kinds[i] |= kinds::CELL,
            None => {
                all.push(c.clone());
                variable_kinds.push(kinds::CELL);
            }
        }
    }
    for f in free.items() {
        all.push(f.clone());
        variable_kinds.push(kinds::FREE);
    }
    let interned =
        |o: &Object| taipan_object::types::str::intern::intern(Ref::from_borrowed(o.cast::<Str>())).into_obj();
    CodeObject::from_parts(Parts {
        code: code.as_slice(),
        consts: intern_constants(consts).into_obj(),
        names: names.into_obj(),
        localsplusnames: Tuple::from_vec(all),
        localspluskinds: Bytes::new(&variable_kinds),
        filename: r.filename.clone(),
        name: interned(&r.name),
        qualname: interned(&r.qualname),
        linetable: r.linetable.clone(),
        exceptiontable: r.exceptiontable.clone(),
        flags: r.flags as u32,
        argcount: r.argcount,
        posonlyargcount: r.posonlyargcount,
        kwonlyargcount: r.kwonlyargcount,
        stacksize: r.stacksize,
        firstlineno: r.firstlineno,
    })
}

extern "C" fn code_new(_cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    const NAMES: &[&str] = &[
        "argcount",
        "posonlyargcount",
        "kwonlyargcount",
        "nlocals",
        "stacksize",
        "flags",
        "codestring",
        "constants",
        "names",
        "varnames",
        "filename",
        "name",
        "qualname",
        "firstlineno",
        "linetable",
        "exceptiontable",
        "freevars",
        "cellvars",
    ];
    let given = args.downcast::<Tuple>().map_or(0, Tuple::len);
    if kwargs.is_some_and(|k| k.len().is_ok_and(|n| n > 0)) {
        bail!(TypeError, "code() takes no keyword arguments");
    }
    if given < 16 {
        bail!(TypeError, "code expected at least 16 arguments, got {given}");
    }
    if given > NAMES.len() {
        bail!(TypeError, "code expected at most {} arguments, got {given}", NAMES.len());
    }
    arguments::with("code", NAMES, 16, args, kwargs, |a| {
        let int = |i: usize| -> PyResult<i32> {
            let n = a[i].unwrap_or(none()).as_i64()?;
            i32::try_from(n).or_else(|_| bail!(OverflowError, "Python int too large to convert to C int"))
        };
        let get = |i: usize| a[i].unwrap_or(none()).to_obj();
        let names = |i: usize| a[i].map_or_else(|| Tuple::from_vec(Vec::new()).into_obj(), |o| o.to_obj());
        make(Request {
            argcount: int(0)?,
            posonlyargcount: int(1)?,
            kwonlyargcount: int(2)?,
            nlocals: int(3)?,
            stacksize: int(4)?,
            flags: int(5)?,
            firstlineno: int(13)?,
            code: get(6),
            consts: get(7),
            names: get(8),
            varnames: get(9),
            free: names(16),
            cells: names(17),
            filename: get(10),
            name: get(11),
            qualname: get(12),
            linetable: get(14),
            exceptiontable: get(15),
            context: "code",
        })
        .map(Ref::into_obj)
    })
}

extern "C" fn code_repr(o: &Object) -> PyResult {
    let c: &CodeObject = o.cast();
    let line = if c.co_firstlineno != 0 { c.co_firstlineno } else { -1 };
    let file = owned(&c.co_filename);
    let file = file.cast::<Str>().display().to_string();
    Ok(Str::from_utf8(&format!("<code object {} at {:p}, file \"{file}\", line {line}>", c.name(), o)).into_obj())
}

const RO: std::ffi::c_int = member::READONLY;

#[allow(non_upper_case_globals)]
#[unsafe(no_mangle)]
/// `types.CodeType`.
pub static PyCode_Type: Type = Type::new_static(TypeDef {
    name: c"code",
    basicsize: offset_of!(CodeObject, co_extra) + 8,
    itemsize: 2,
    doc: Some(
        c"code(argcount, posonlyargcount, kwonlyargcount, nlocals, stacksize, flags, codestring, constants, names, varnames, filename, name, qualname, firstlineno, linetable, exceptiontable, freevars=(), cellvars=(), /)\n--\n\nMake a code object from its parts. Not for the faint of heart.",
    ),
    dealloc: Some(code_dealloc),
    repr: Some(code_repr),
    hash: Some(compare::code_hash),
    richcompare: Some(compare::code_richcompare),
    weaklistoffset: offset_of!(CodeObject, co_weakreflist) as isize,
    methods: methods![
        code_sizeof,
        co_lines,
        co_positions,
        co_branches,
        code_replace,
        code_dunder_replace,
        _varname_from_oparg,
    ],
    members: members![
        MemberDef::new(c"co_argcount", member::INT, offset_of!(CodeObject, co_argcount), RO),
        MemberDef::new(c"co_posonlyargcount", member::INT, offset_of!(CodeObject, co_posonlyargcount), RO),
        MemberDef::new(c"co_kwonlyargcount", member::INT, offset_of!(CodeObject, co_kwonlyargcount), RO),
        MemberDef::new(c"co_stacksize", member::INT, offset_of!(CodeObject, co_stacksize), RO),
        MemberDef::new(c"co_names", member::OBJECT, offset_of!(CodeObject, co_names), RO),
        MemberDef::new(c"co_filename", member::OBJECT, offset_of!(CodeObject, co_filename), RO),
        MemberDef::new(c"co_name", member::OBJECT, offset_of!(CodeObject, co_name), RO),
        MemberDef::new(c"co_qualname", member::OBJECT, offset_of!(CodeObject, co_qualname), RO),
        MemberDef::new(c"co_firstlineno", member::INT, offset_of!(CodeObject, co_firstlineno), RO),
        MemberDef::new(c"co_linetable", member::OBJECT, offset_of!(CodeObject, co_linetable), RO),
        MemberDef::new(c"co_exceptiontable", member::OBJECT, offset_of!(CodeObject, co_exceptiontable), RO),
        MemberDef::new(c"co_consts", member::OBJECT, offset_of!(CodeObject, co_consts), RO),
        MemberDef::new(c"co_nlocals", member::INT, offset_of!(CodeObject, co_nlocals), RO),
    ],
    getset: getsets![
        getset!(c"co_lnotab", get_lnotab),
        getset!(c"_co_code_adaptive", get_adaptive),
        getset!(c"co_varnames", get_varnames),
        getset!(c"co_cellvars", get_cellvars),
        getset!(c"co_freevars", get_freevars),
        getset!(c"co_code", get_code),
        getset!(c"co_flags", get_flags),
    ],
    new: Some(code_new),
    ..TypeDef::EMPTY
});
