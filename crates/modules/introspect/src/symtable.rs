//! The module `_symtable`: the compiler's symbol table as objects, for `symtable`.

use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::mem::offset_of;
use taipan_compiler::symtable::{BlockKind, Entry, EntryId, Scope, SymbolTable, def};
use taipan_compiler::{Names, with_symbol_table};
use taipan_object::alloc::{dealloc_of, new_object};
use taipan_object::method::{MemberDef, member};
use taipan_object::thread::check_recursion;
use taipan_object::typeobj::slots::VisitProc;
use taipan_object::types::dict::Dict;
use taipan_object::types::int::Int;
use taipan_object::types::list::List;
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::types::none::none;
use taipan_object::types::str::Str;
use taipan_object::types::str::intern::intern_str;
use taipan_object::{
    Obj, ObjCell, Object, PyResult, Type, TypeDef, bail, flags, function, layout, members, methods, visit,
};
use taipan_syntax::{Arena, Mode, parse};
use taipan_vm::compile::{self, Request};

/// The module's description.
pub static MODULE: ModuleDef = ModuleDef { name: "_symtable", doc: "", methods: methods![symtable], exec };

fn exec(m: &Module) -> PyResult<()> {
    let constants: [(&str, u32); 24] = [
        ("USE", def::USE),
        ("DEF_GLOBAL", def::GLOBAL),
        ("DEF_NONLOCAL", def::NONLOCAL),
        ("DEF_LOCAL", def::LOCAL),
        ("DEF_PARAM", def::PARAM),
        ("DEF_TYPE_PARAM", def::TYPE_PARAM),
        ("DEF_FREE_CLASS", def::FREE_CLASS),
        ("DEF_IMPORT", def::IMPORT),
        ("DEF_BOUND", def::BOUND),
        ("DEF_ANNOT", def::ANNOT),
        ("DEF_COMP_ITER", def::COMP_ITER),
        ("DEF_COMP_CELL", def::COMP_CELL),
        ("TYPE_FUNCTION", BlockKind::Function as u32),
        ("TYPE_CLASS", BlockKind::Class as u32),
        ("TYPE_MODULE", BlockKind::Module as u32),
        ("TYPE_ANNOTATION", BlockKind::Annotation as u32),
        ("TYPE_TYPE_ALIAS", BlockKind::TypeAlias as u32),
        ("TYPE_TYPE_PARAMETERS", BlockKind::TypeParameters as u32),
        ("TYPE_TYPE_VARIABLE", BlockKind::TypeVariable as u32),
        ("LOCAL", Scope::Local as u32),
        ("GLOBAL_EXPLICIT", Scope::GlobalExplicit as u32),
        ("GLOBAL_IMPLICIT", Scope::GlobalImplicit as u32),
        ("FREE", Scope::Free as u32),
        ("CELL", Scope::Cell as u32),
    ];
    for (name, value) in constants {
        m.add_int(name, value as i64)?;
    }
    m.add_int("SCOPE_OFF", def::SCOPE_OFFSET as i64)?;
    m.add_int("SCOPE_MASK", def::SCOPE_MASK as i64)?;
    taipan_object::typeobj::ready::ready(&Entry_Type)
}

/// A block of the table.
#[repr(C)]
struct EntryObject {
    ob_base: Object,
    id: ObjCell,
    symbols: ObjCell,
    name: ObjCell,
    varnames: ObjCell,
    children: ObjCell,
    kind: Cell<c_int>,
    nested: Cell<c_int>,
    lineno: Cell<c_int>,
}
layout!(EntryObject, Entry_Type);

impl EntryObject {
    fn fields(&self) -> [&ObjCell; 5] {
        [&self.id, &self.symbols, &self.name, &self.varnames, &self.children]
    }
}

extern "C" fn entry_repr(o: &Object) -> PyResult {
    let e: &EntryObject = o.cast();
    let name = e.name.get().unwrap_or(none()).str()?;
    let id = e.id.get().unwrap_or(none()).str()?;
    Ok(Str::from_utf8(&format!("<symtable entry {}({}), line {}>", name.display(), id.display(), e.lineno.get()))
        .into_obj())
}
extern "C" fn entry_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    for f in o.cast::<EntryObject>().fields() {
        visit!(f, visit, arg);
    }
    0
}
extern "C" fn entry_clear(o: &Object) -> c_int {
    for f in o.cast::<EntryObject>().fields() {
        f.set(None);
    }
    0
}

#[allow(non_upper_case_globals)]
static Entry_Type: Type = Type::new_static(TypeDef {
    name: c"symtable entry",
    basicsize: size_of::<EntryObject>(),
    flags: flags::DISALLOW_INSTANTIATION,
    dealloc: Some(dealloc_of::<EntryObject>),
    repr: Some(entry_repr),
    traverse: Some(entry_traverse),
    clear: Some(entry_clear),
    members: members![
        MemberDef::new(c"id", member::OBJECT, offset_of!(EntryObject, id), member::READONLY),
        MemberDef::new(c"name", member::OBJECT, offset_of!(EntryObject, name), member::READONLY),
        MemberDef::new(c"symbols", member::OBJECT, offset_of!(EntryObject, symbols), member::READONLY),
        MemberDef::new(c"varnames", member::OBJECT, offset_of!(EntryObject, varnames), member::READONLY),
        MemberDef::new(c"children", member::OBJECT, offset_of!(EntryObject, children), member::READONLY),
        MemberDef::new(c"nested", member::INT, offset_of!(EntryObject, nested), member::READONLY),
        MemberDef::new(c"type", member::INT, offset_of!(EntryObject, kind), member::READONLY),
        MemberDef::new(c"lineno", member::INT, offset_of!(EntryObject, lineno), member::READONLY),
    ],
    ..TypeDef::EMPTY
});

struct Convert<'t, 'n> {
    table: &'t SymbolTable,
    names: &'t Names<'n>,
}

impl Convert<'_, '_> {
    fn entry(&self, id: EntryId) -> PyResult<Obj> {
        check_recursion(" while building a symbol table")?;
        let e: &Entry = self.table.entry(id);
        let symbols = Dict::with_capacity(e.symbols.len());
        for (name, bits) in e.symbols.iter() {
            symbols.set_item(&intern_str(self.names.text(taipan_compiler::Name(name))), &Int::from_i64(bits as i64))?;
        }
        let varnames = e.varnames.iter().map(|n| intern_str(self.names.text(*n)).into_obj()).collect();
        let children: PyResult<Vec<Obj>> = e.children.iter().map(|c| self.entry(*c)).collect();
        let o = new_object(EntryObject {
            ob_base: Object::placeholder(),
            id: ObjCell::empty(),
            symbols: ObjCell::new(symbols.into_obj()),
            name: ObjCell::new(intern_str(self.names.text(e.name)).into_obj()),
            varnames: ObjCell::new(List::from_vec(varnames).into_obj()),
            children: ObjCell::new(List::from_vec(children?).into_obj()),
            kind: Cell::new(e.kind as c_int),
            nested: Cell::new(e.nested as c_int),
            lineno: Cell::new(e.location.line.max(0)),
        });
        o.id.set(Some(Int::from_usize(o.as_ptr() as usize).into_obj()));
        Ok(o.into_obj())
    }
}

/// Return the symbol table of source text.
#[function(signature = "(source, filename, startstr, /)")]
fn symtable(source: &Object, filename: &Object, startstr: &str) -> PyResult {
    let file = compile::filename_text(filename)?;
    let mut flags = 0;
    let mode = match startstr {
        "exec" => Mode::Exec,
        "eval" => Mode::Eval,
        "single" => Mode::Single,
        _ => bail!(ValueError, "symtable() arg 3 must be 'exec' or 'eval' or 'single'"),
    };
    let text = compile::source_text(source, "symtable", "string or bytes object", &mut flags, mode, &file)?;
    let r = Request { filename: &file, mode, flags, optimize: -1, feature_version: -1 };
    let arena = Arena::new();
    let mut warnings = Vec::new();
    let parsed = parse(&arena, &text, &compile::parse_options(&r), &mut warnings);
    compile::issue_parser_warnings(&warnings, &text, &file)?;
    let module = parsed.map_err(|e| compile::raise_parse_error(&e, &r, Some(&text)))?;
    let read = |table: &SymbolTable, names: &Names<'_>| Convert { table, names }.entry(SymbolTable::TOP);
    match with_symbol_table(&module, &compile::compile_options(&r), read) {
        Ok(r) => r,
        Err(e) => Err(compile::raise_compile_error(&e, &file)),
    }
}
