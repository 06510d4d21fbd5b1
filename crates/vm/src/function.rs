//! Functions (`PyFunctionObject`).

use crate::call::{builtins_for, function_vectorcall};
use crate::code::CodeObject;
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::mem::offset_of;
use taipan_bytecode::code::flags as co;
use taipan_object::alloc::{dealloc_of, new_object};
use taipan_object::method::{MemberDef, member};
use taipan_object::protocol::attr::{dict_getter, dict_setter};
use taipan_object::protocol::call::call_through_vectorcall;
use taipan_object::typeobj::slots::{VectorcallFunc, VisitProc};
use taipan_object::types::dict::Dict;
use taipan_object::types::method_::Method;
use taipan_object::types::none::none;
use taipan_object::types::str::Str;
use taipan_object::types::tuple::Tuple;
use taipan_object::{
    Obj, ObjCell, Object, PyResult, Ref, Thread, Type, TypeDef, bail, flags, getset, getsets, intern, layout, members,
};

/// A Python function.
#[repr(C)]
#[allow(missing_docs)]
pub struct Function {
    pub ob_base: Object,
    pub func_globals: ObjCell,
    pub func_builtins: ObjCell,
    pub func_name: ObjCell,
    pub func_qualname: ObjCell,
    pub func_code: ObjCell,
    pub func_defaults: ObjCell,
    pub func_kwdefaults: ObjCell,
    pub func_closure: ObjCell,
    pub func_doc: ObjCell,
    pub func_dict: ObjCell,
    pub func_weakreflist: Cell<*mut Object>,
    pub func_module: ObjCell,
    pub func_annotations: ObjCell,
    pub func_annotate: ObjCell,
    pub func_typeparams: ObjCell,
    pub vectorcall: Cell<Option<VectorcallFunc>>,
    /// What inline caches of calls check; 0 once code or defaults were changed (see [`Function::current_version`]).
    pub func_version: Cell<u32>,
}

const _: () = {
    assert!(size_of::<Function>() == 152);
    assert!(offset_of!(Function, func_globals) == 16 && offset_of!(Function, func_code) == 48);
    assert!(offset_of!(Function, func_defaults) == 56 && offset_of!(Function, func_closure) == 72);
    assert!(offset_of!(Function, func_dict) == 88 && offset_of!(Function, func_weakreflist) == 96);
    assert!(offset_of!(Function, func_annotations) == 112 && offset_of!(Function, func_annotate) == 120);
    assert!(offset_of!(Function, vectorcall) == 136 && offset_of!(Function, func_version) == 144);
};

layout!(Function, PyFunction_Type);

impl Function {
    /// A function of `code` in `globals`, without defaults or closure.
    pub fn new(code: &CodeObject, globals: &Dict) -> PyResult<Ref<Function>> {
        let builtins = builtins_for(globals)?;
        Function::with_builtins(code, globals, &builtins)
    }

    /// The same with known builtins.
    pub fn with_builtins(code: &CodeObject, globals: &Dict, builtins: &Object) -> PyResult<Ref<Function>> {
        let doc =
            if code.has_flag(co::HAS_DOCSTRING) { code.tuple(&code.co_consts).items().first().cloned() } else { None };
        let module = globals.get_item(intern!("__name__"))?;
        Ok(new_object(Function {
            ob_base: Object::placeholder(),
            func_globals: ObjCell::new(globals.to_obj()),
            func_builtins: ObjCell::new(builtins.to_obj()),
            func_name: ObjCell::from_opt(code.co_name.get_owned()),
            func_qualname: ObjCell::from_opt(code.co_qualname.get_owned()),
            func_code: ObjCell::new(code.to_obj()),
            func_defaults: ObjCell::empty(),
            func_kwdefaults: ObjCell::empty(),
            func_closure: ObjCell::empty(),
            func_doc: ObjCell::new(doc.unwrap_or_else(|| none().to_obj())),
            func_dict: ObjCell::empty(),
            func_weakreflist: Cell::new(std::ptr::null_mut()),
            func_module: ObjCell::from_opt(module),
            func_annotations: ObjCell::empty(),
            func_annotate: ObjCell::empty(),
            func_typeparams: ObjCell::empty(),
            vectorcall: Cell::new(Some(function_vectorcall)),
            func_version: Cell::new(code.co_version.get()),
        }))
    }

    /// Whether `o` is a function whose frame the evaluation loop may push itself.
    #[inline(always)]
    pub fn is_plain(o: &Object) -> bool {
        match o.downcast_exact::<Function>() {
            Some(f) => f.vectorcall.get().is_some_and(|v| v as usize == function_vectorcall as *const () as usize),
            None => false,
        }
    }

    /// Replaces what calls do (`PyFunction_SetVectorcall`). No instruction is specialised for such a function.
    pub fn set_vectorcall(&self, f: VectorcallFunc) {
        self.func_version.set(0);
        self.vectorcall.set(Some(f));
    }

    /// The code.
    #[inline(always)]
    pub fn code(&self) -> &CodeObject {
        // SAFETY: the field always holds a code object.
        unsafe { self.func_code.get().unwrap_unchecked().cast_unchecked() }
    }
    /// The globals.
    #[inline(always)]
    pub fn globals(&self) -> &Dict {
        // SAFETY: the field always holds a dict.
        unsafe { self.func_globals.get().unwrap_unchecked().cast_unchecked() }
    }
    /// The builtins.
    #[inline(always)]
    pub fn builtins(&self) -> &Object {
        // SAFETY: the field is always filled.
        unsafe { self.func_builtins.get().unwrap_unchecked() }
    }
    /// The defaults of positional parameters.
    #[inline]
    pub fn defaults(&self) -> Option<&Tuple> {
        self.func_defaults.get().and_then(|d| d.downcast())
    }
    /// The closure.
    #[inline]
    pub fn closure(&self) -> Option<&Tuple> {
        self.func_closure.get().map(|c| c.cast())
    }

    /// The version for inline caches, given anew after a change; 0 if versions have run out.
    pub fn current_version(&self) -> u32 {
        if self.func_version.get() == 0 {
            let interp = Thread::current().interp;
            let v = interp.next_func_version.get();
            if v != 0 && self.vectorcall.get().is_some_and(|f| f as usize == function_vectorcall as *const () as usize)
            {
                interp.next_func_version.set(v.wrapping_add(1));
                self.func_version.set(v);
            }
        }
        self.func_version.get()
    }

    fn modified(&self) {
        taipan_object::thread::RareEvents::note(&taipan_object::Interp::current().rare_events.func_modification);
        self.func_version.set(0);
    }
}

fn or_none(o: Option<Obj>) -> Obj {
    o.unwrap_or_else(|| none().to_obj())
}

fn get_code(f: &Function) -> Obj {
    f.code().to_obj()
}
fn set_code(f: &Function, v: Option<&Object>) -> PyResult<()> {
    let Some(code) = v.and_then(|v| v.downcast::<CodeObject>()) else {
        bail!(TypeError, "__code__ must be set to a code object");
    };
    let closure = f.closure().map_or(0, Tuple::len);
    if code.nfreevars() != closure {
        let name = f.func_name.get().map_or(String::new(), |n| n.cast::<Str>().display().to_string());
        bail!(ValueError, "{name}() requires a code object with {closure} free vars, not {}", code.nfreevars());
    }
    let generator_bits = co::GENERATOR | co::COROUTINE | co::ASYNC_GENERATOR;
    let (old, new) = (f.code().co_flags.get() as u32 & generator_bits, code.co_flags.get() as u32 & generator_bits);
    if old != new {
        (taipan_object::hooks::get().warn)(
            taipan_object::types::exceptions::DeprecationWarning,
            "Assigning a code object of non-matching type is deprecated (e.g., from a generator to a plain function)",
            1,
        )?;
    }
    f.modified();
    f.func_code.set(Some(code.to_obj()));
    Ok(())
}
fn get_name(f: &Function) -> Obj {
    or_none(f.func_name.get_owned())
}
fn set_name(f: &Function, v: Option<&Object>) -> PyResult<()> {
    let Some(v) = v.filter(|v| v.downcast::<Str>().is_some()) else {
        bail!(TypeError, "__name__ must be set to a string object");
    };
    f.func_name.set(Some(v.to_obj()));
    Ok(())
}
fn get_qualname(f: &Function) -> Obj {
    or_none(f.func_qualname.get_owned())
}
fn set_qualname(f: &Function, v: Option<&Object>) -> PyResult<()> {
    let Some(v) = v.filter(|v| v.downcast::<Str>().is_some()) else {
        bail!(TypeError, "__qualname__ must be set to a string object");
    };
    f.func_qualname.set(Some(v.to_obj()));
    Ok(())
}
fn get_defaults(f: &Function) -> Obj {
    or_none(f.func_defaults.get_owned())
}
fn set_defaults(f: &Function, v: Option<&Object>) -> PyResult<()> {
    let v = v.filter(|v| !v.is_none());
    if v.is_some_and(|v| v.downcast::<Tuple>().is_none()) {
        bail!(TypeError, "__defaults__ must be set to a tuple object");
    }
    f.modified();
    f.func_defaults.set(v.map(|v| v.to_obj()));
    Ok(())
}
fn get_kwdefaults(f: &Function) -> Obj {
    or_none(f.func_kwdefaults.get_owned())
}
fn set_kwdefaults(f: &Function, v: Option<&Object>) -> PyResult<()> {
    let v = v.filter(|v| !v.is_none());
    if v.is_some_and(|v| v.downcast::<Dict>().is_none()) {
        bail!(TypeError, "__kwdefaults__ must be set to a dict object");
    }
    f.modified();
    f.func_kwdefaults.set(v.map(|v| v.to_obj()));
    Ok(())
}
fn get_annotate(f: &Function) -> Obj {
    or_none(f.func_annotate.get_owned())
}
fn set_annotate(f: &Function, v: Option<&Object>) -> PyResult<()> {
    let Some(v) = v else { bail!(TypeError, "__annotate__ cannot be deleted") };
    if v.is_none() {
        f.func_annotate.set(Some(v.to_obj()));
        return Ok(());
    }
    if !v.is_callable() {
        bail!(TypeError, "__annotate__ must be callable or None");
    }
    f.func_annotations.set(None);
    f.func_annotate.set(Some(v.to_obj()));
    Ok(())
}
fn get_annotations(f: &Function) -> PyResult {
    if f.func_annotations.is_empty() {
        let d = match f.func_annotate.get_owned().filter(|a| a.is_callable()) {
            Some(annotate) => {
                let d = annotate.call_one(&crate::support::new_int(1))?;
                if d.downcast::<Dict>().is_none() {
                    bail!(TypeError, "__annotate__ returned non-dict of type '{}'", d.ty().name_str());
                }
                d
            }
            None => Dict::new().into_obj(),
        };
        f.func_annotations.set(Some(d));
    }
    // The compiler of `from __future__ import annotations` leaves a flat tuple of names and values.
    if let Some(t) = f.func_annotations.get().and_then(|a| a.downcast_exact::<Tuple>()) {
        let d = Dict::new();
        for pair in t.items().chunks_exact(2) {
            d.set_item(&pair[0], &pair[1])?;
        }
        f.func_annotations.set(Some(d.into_obj()));
    }
    Ok(or_none(f.func_annotations.get_owned()))
}
fn set_annotations(f: &Function, v: Option<&Object>) -> PyResult<()> {
    let v = v.filter(|v| !v.is_none());
    if v.is_some_and(|v| v.downcast::<Dict>().is_none()) {
        bail!(TypeError, "__annotations__ must be set to a dict object");
    }
    f.func_annotations.set(v.map(|v| v.to_obj()));
    f.func_annotate.set(None);
    Ok(())
}
fn get_type_params(f: &Function) -> Obj {
    f.func_typeparams.get_owned().unwrap_or_else(|| Tuple::from_vec(Vec::new()).into_obj())
}
fn set_type_params(f: &Function, v: Option<&Object>) -> PyResult<()> {
    let Some(v) = v.filter(|v| v.downcast::<Tuple>().is_some()) else {
        bail!(TypeError, "__type_params__ must be set to a tuple");
    };
    f.func_typeparams.set(Some(v.to_obj()));
    Ok(())
}

extern "C" fn function_new(cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    let _ = cls;
    crate::arguments::with(
        "function",
        &["code", "globals", "name", "argdefs", "closure", "kwdefaults"],
        2,
        args,
        kwargs,
        |a| {
            let (code, globals) = (a[0].unwrap_or(none()), a[1].unwrap_or(none()));
            let Some(code) = code.downcast::<CodeObject>() else {
                bail!(TypeError, "function() argument 'code' must be code, not {}", code.ty().name_str());
            };
            let Some(globals) = globals.downcast::<Dict>() else {
                bail!(TypeError, "function() argument 'globals' must be dict, not {}", globals.ty().name_str());
            };
            let given = |i: usize| a[i].filter(|v: &&Object| !v.is_none());
            if given(2).is_some_and(|n| n.downcast::<Str>().is_none()) {
                bail!(TypeError, "arg 3 (name) must be None or string");
            }
            if given(3).is_some_and(|n| n.downcast::<Tuple>().is_none()) {
                bail!(TypeError, "arg 4 (defaults) must be None or tuple");
            }
            let nfree = code.nfreevars();
            let closure = match a[4].unwrap_or(none()) {
                c if c.downcast::<Tuple>().is_some() => Some(c.cast::<Tuple>()),
                c if nfree > 0 && c.is_none() => bail!(TypeError, "arg 5 (closure) must be tuple"),
                c if !c.is_none() => bail!(TypeError, "arg 5 (closure) must be None or tuple"),
                _ => None,
            };
            if given(5).is_some_and(|n| n.downcast::<Dict>().is_none()) {
                bail!(TypeError, "arg 6 (kwdefaults) must be None or dict");
            }
            let nclosure = closure.map_or(0, Tuple::len);
            if nclosure != nfree {
                let name = code.co_name.get().map_or(String::new(), |n| n.cast::<Str>().display().to_string());
                bail!(ValueError, "{name} requires closure of length {nfree}, not {nclosure}");
            }
            if let Some(c) = closure {
                for o in c.items() {
                    if o.downcast_exact::<taipan_object::types::cell::Cell>().is_none() {
                        bail!(TypeError, "arg 5 (closure) expected cell, found {}", o.ty().name_str());
                    }
                }
            }
            let f = Function::new(code, globals)?;
            if let Some(n) = given(2) {
                f.func_name.set(Some(n.to_obj()));
            }
            f.func_defaults.set(given(3).map(|d| d.to_obj()));
            f.func_closure.set(closure.map(|c| c.to_obj()));
            f.func_kwdefaults.set(given(5).map(|d| d.to_obj()));
            Ok(f.into_obj())
        },
    )
}

extern "C" fn function_repr(o: &Object) -> PyResult {
    let f: &Function = o.cast();
    let name = get_qualname(f).str()?;
    Ok(Str::from_utf8(&format!("<function {} at {:p}>", name.display(), o)).into_obj())
}

extern "C" fn function_descr_get(f: &Object, instance: Option<&Object>, _owner: Option<&Object>) -> PyResult {
    match instance {
        Some(i) if !i.is_none() => Ok(Method::new(f.to_obj(), i.to_obj()).into_obj()),
        _ => Ok(f.to_obj()),
    }
}

extern "C" fn function_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let f: &Function = o.cast();
    for field in f.fields() {
        if let Some(v) = field.get() {
            let r = visit(v, arg);
            if r != 0 {
                return r;
            }
        }
    }
    0
}

extern "C" fn function_clear(o: &Object) -> c_int {
    let f: &Function = o.cast();
    f.func_version.set(0);
    // Code, globals and builtins stay: a frame may still be using them.
    for field in [
        &f.func_defaults,
        &f.func_kwdefaults,
        &f.func_doc,
        &f.func_dict,
        &f.func_closure,
        &f.func_annotations,
        &f.func_annotate,
        &f.func_typeparams,
        &f.func_module,
    ] {
        field.set(None);
    }
    0
}

impl Function {
    fn fields(&self) -> [&ObjCell; 14] {
        [
            &self.func_code,
            &self.func_globals,
            &self.func_module,
            &self.func_defaults,
            &self.func_kwdefaults,
            &self.func_doc,
            &self.func_name,
            &self.func_dict,
            &self.func_closure,
            &self.func_annotations,
            &self.func_annotate,
            &self.func_typeparams,
            &self.func_qualname,
            &self.func_builtins,
        ]
    }
}

const READONLY: c_int = member::READONLY;

#[allow(non_upper_case_globals)]
#[unsafe(no_mangle)]
/// `types.FunctionType`.
pub static PyFunction_Type: Type = Type::new_static(TypeDef {
    name: c"function",
    basicsize: size_of::<Function>(),
    flags: flags::HAVE_GC | flags::HAVE_VECTORCALL | flags::METHOD_DESCRIPTOR,
    doc: Some(
        c"function(code, globals, name=None, argdefs=None, closure=None,\n         kwdefaults=None)\n--\n\nMake a function from a code object and a namespace for its globals.",
    ),
    dealloc: Some(dealloc_of::<Function>),
    vectorcall_offset: offset_of!(Function, vectorcall),
    repr: Some(function_repr),
    call: Some(call_through_vectorcall),
    traverse: Some(function_traverse),
    clear: Some(function_clear),
    weaklistoffset: offset_of!(Function, func_weakreflist) as isize,
    members: members![
        MemberDef::new(c"__closure__", member::OBJECT, offset_of!(Function, func_closure), READONLY),
        MemberDef::new(c"__doc__", member::OBJECT, offset_of!(Function, func_doc), 0),
        MemberDef::new(c"__globals__", member::OBJECT, offset_of!(Function, func_globals), READONLY),
        MemberDef::new(c"__module__", member::OBJECT, offset_of!(Function, func_module), 0),
        MemberDef::new(c"__builtins__", member::OBJECT, offset_of!(Function, func_builtins), READONLY),
    ],
    getset: getsets![
        getset!(c"__code__", get_code, set_code),
        getset!(c"__defaults__", get_defaults, set_defaults),
        getset!(c"__kwdefaults__", get_kwdefaults, set_kwdefaults),
        getset!(c"__annotations__", get_annotations, set_annotations),
        getset!(c"__annotate__", get_annotate, set_annotate),
        getset!(c"__dict__", dict_getter, dict_setter),
        getset!(c"__name__", get_name, set_name),
        getset!(c"__qualname__", get_qualname, set_qualname),
        getset!(c"__type_params__", get_type_params, set_type_params),
    ],
    descr_get: Some(function_descr_get),
    dictoffset: offset_of!(Function, func_dict) as isize,
    new: Some(function_new),
    ..TypeDef::EMPTY
});
