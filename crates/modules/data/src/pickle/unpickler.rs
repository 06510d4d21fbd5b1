//! The types `Unpickler` and `UnpicklerMemoProxy`.

use super::machine::{Loader, no_persistent_load};
use super::pickler::override_of;
use super::state;
use crate::signature;
use crate::support::{bind, tuple_of, visit_fields};
use std::ffi::{c_int, c_void};
use taipan_object::alloc::{dealloc_of, new_instance, new_object};
use taipan_object::error::status;
use taipan_object::protocol::attr::{generic_getattro, generic_setattro};
use taipan_object::protocol::compare::hash_not_implemented;
use taipan_object::typeobj::slots::VisitProc;
use taipan_object::types::dict::Dict;
use taipan_object::types::int::Int;
use taipan_object::types::str::Str;
use taipan_object::types::tuple::Tuple;
use taipan_object::{
    ObjCell, Object, PyResult, Ref, Type, TypeDef, bail, flags, getset, getsets, intern, layout, method, methods,
};

/// An unpickler.
#[repr(C)]
pub struct Unpickler {
    ob_base: Object,
    loader: Box<Loader>,
    spare: [usize; 34],
}

const _: () = assert!(size_of::<Unpickler>() == 296);
layout!(Unpickler, UNPICKLER_TYPE);

extern "C" fn new(cls: &Type, _: &Object, _: Option<&Object>) -> PyResult {
    let body = Unpickler { ob_base: Object::placeholder(), loader: Box::new(Loader::new()), spare: [0; 34] };
    new_instance(cls, body).map(Ref::into_obj)
}

fn text_argument(name: &str, value: Option<&Object>, default: &str) -> PyResult<String> {
    let Some(v) = value else { return Ok(default.to_owned()) };
    let Some(s) = v.downcast::<Str>() else {
        let got = if v.is_none() { "None" } else { v.ty().name_str() };
        bail!(TypeError, "Unpickler() argument '{name}' must be str, not {got}");
    };
    let text = s.to_utf8()?;
    if text.contains('\0') {
        bail!(ValueError, "embedded null character");
    }
    Ok(text.to_owned())
}

extern "C" fn init(o: &Object, args: &Object, kwargs: Option<&Object>) -> c_int {
    let sig = signature!("Unpickler", posonly 0, positional 1,
        ["file" true, "fix_imports" false, "encoding" false, "errors" false, "buffers" false]);
    status(bind::<5, _>(sig, args, kwargs, |[file, fix_imports, encoding, errors, buffers]| {
        let l = &o.cast::<Unpickler>().loader;
        let fix_imports = fix_imports.map_or(Ok(true), Object::is_true)?;
        let encoding = text_argument("encoding", encoding, "ASCII")?;
        let errors = text_argument("errors", errors, "strict")?;
        if l.running.get() {
            bail!(RuntimeError, "Unpickler object is already used");
        }
        l.ready.set(false);
        l.input.close();
        l.input.set_file(taipan_object::args::receiver(file))?;
        *l.encoding.borrow_mut() = encoding;
        *l.errors.borrow_mut() = errors;
        l.fix_imports.set(fix_imports);
        l.buffers.set(match buffers.filter(|b| !b.is_none()) {
            Some(b) => Some(b.iter()?),
            None => None,
        });
        l.set_memo(Vec::new(), 32);
        l.ready.set(true);
        Ok(())
    }))
}

/// Read one pickled object from the file.
#[method(signature = "()")]
fn load(this: &Unpickler) -> PyResult {
    let l = &this.loader;
    let st = state::get()?;
    if l.running.get() {
        bail!(RuntimeError, "Unpickler object is already used");
    }
    if !l.ready.get() {
        let name = this.ty().name_str();
        return Err(st.unpickling(&format!("Unpickler.__init__() was not called by {name}.__init__()")));
    }
    l.persistent_load.set(override_of(this, intern!("persistent_load"), "persistent_load", &UNPICKLER_TYPE)?);
    let r = l.load(Some(this));
    l.persistent_load.set(None);
    r
}

/// Return the object that a module has under a name; the module is imported if need be.
///
/// A subclass may allow some and refuse others.
#[method(signature = "(module_name, global_name, /)")]
fn find_class(this: &Unpickler, module_name: &Object, global_name: &Object) -> PyResult {
    let (Some(m), Some(n)) = (module_name.downcast::<Str>(), global_name.downcast::<Str>()) else {
        let bad = if module_name.downcast::<Str>().is_none() { module_name } else { global_name };
        bail!(TypeError, "find_class() arguments must be str, not {}", bad.ty().name_str());
    };
    this.loader.find_class(m, n)
}

/// Return the object that a persistent id stands for: a subclass may.
#[method(signature = "(pid, /)")]
fn persistent_load(_this: &Unpickler, _pid: &Object) -> PyResult<()> {
    Err(no_persistent_load(state::get()?))
}

/// Bytes of memory that the object takes.
#[method]
fn __sizeof__(this: &Unpickler) -> usize {
    let l = &this.loader;
    let mut n = this.ty().basicsize.get() as usize;
    n += l.memo_room() * 8 + l.marks_room.get() * 8 + l.input.line_size.get();
    if l.ready.get() {
        n += l.encoding.borrow().len() + 1 + l.errors.borrow().len() + 1;
    }
    n
}

extern "C" fn getattro(o: &Object, name: &Object) -> PyResult {
    if let Some(f) = o.cast::<Unpickler>().loader.persistent_load_attr.get()
        && name.downcast::<Str>().is_some_and(|n| n.eq_str("persistent_load"))
    {
        return Ok(f.to_obj());
    }
    generic_getattro(o, name)
}

extern "C" fn setattro(o: &Object, name: &Object, value: Option<&Object>) -> c_int {
    if name.downcast::<Str>().is_some_and(|n| n.eq_str("persistent_load")) {
        let l = &o.cast::<Unpickler>().loader;
        if value.is_none() && l.persistent_load_attr.is_empty() {
            return generic_setattro(o, name, value);
        }
        l.persistent_load_attr.set(value.map(Object::to_obj));
        return 0;
    }
    generic_setattro(o, name, value)
}

fn get_memo(this: &Unpickler) -> Ref<UnpicklerMemoProxy> {
    new_object(UnpicklerMemoProxy { ob_base: Object::placeholder(), unpickler: ObjCell::new(this.to_obj()) })
}

fn set_memo(this: &Unpickler, value: Option<&Object>) -> PyResult<()> {
    let Some(value) = value else { bail!(TypeError, "attribute deletion is not supported") };
    let mut entries = Vec::new();
    let room;
    if let Some(p) = value.downcast::<UnpicklerMemoProxy>() {
        let other = p.unpickler()?;
        entries = other.loader.memo_entries();
        room = other.loader.memo_room();
    } else if let Some(d) = value.downcast::<Dict>() {
        for (k, v) in d.pairs() {
            let Some(i) = k.downcast::<Int>() else { bail!(TypeError, "memo key must be integers") };
            let Some(i) = i.to_isize() else {
                bail!(OverflowError, "Python int too large to convert to C ssize_t");
            };
            if i < 0 {
                bail!(ValueError, "memo key must be positive integers.");
            }
            entries.push((i as usize, v));
        }
        room = d.len();
    } else {
        bail!(
            TypeError,
            "'memo' attribute must be an UnpicklerMemoProxy object or dict, not {}",
            value.ty().name_str()
        );
    }
    this.loader.set_memo(entries, room);
    Ok(())
}

extern "C" fn traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    o.cast::<Unpickler>().loader.each(&mut |x| visit(x, arg))
}

extern "C" fn clear(o: &Object) -> c_int {
    o.cast::<Unpickler>().loader.clear();
    0
}

/// `Unpickler`.
pub static UNPICKLER_TYPE: Type = Type::with_flags(
    TypeDef {
        name: c"_pickle.Unpickler",
        basicsize: size_of::<Unpickler>(),
        flags: flags::HAVE_GC | flags::BASETYPE,
        doc: Some(
            c"Unpickler(file, *, fix_imports=True, encoding='ASCII', errors='strict',\n          buffers=())\n--\n\nReads pickled objects from a binary file.\n\nThe protocol is found out. encoding, errors and fix_imports are for pickles of Python 2.\nbuffers yields what was kept out of the pickle.",
        ),
        dealloc: Some(dealloc_of::<Unpickler>),
        getattro: Some(getattro),
        setattro: Some(setattro),
        traverse: Some(traverse),
        clear: Some(clear),
        methods: methods![load, find_class, persistent_load, __sizeof__],
        getset: getsets![getset!(c"memo", get_memo, set_memo)],
        init: Some(init),
        new: Some(new),
        ..TypeDef::EMPTY
    },
    flags::IMMUTABLETYPE,
);

/// What `Unpickler.memo` answers.
#[repr(C)]
pub struct UnpicklerMemoProxy {
    ob_base: Object,
    unpickler: ObjCell,
}

layout!(UnpicklerMemoProxy, UNPICKLER_MEMO_PROXY_TYPE);

impl UnpicklerMemoProxy {
    fn unpickler(&self) -> PyResult<Ref<Unpickler>> {
        match self.unpickler.get() {
            Some(p) => Ok(Ref::from_borrowed(p.cast::<Unpickler>())),
            None => bail!(SystemError, "the memo proxy was cleared by the garbage collector"),
        }
    }
}

/// Remove all items from the memo.
#[method(name = "clear")]
fn proxy_clear_memo(this: &UnpicklerMemoProxy) -> PyResult<()> {
    this.unpickler()?.loader.set_memo(Vec::new(), 32);
    Ok(())
}

/// Copy the memo to a dict.
#[method(name = "copy")]
fn proxy_copy(this: &UnpicklerMemoProxy) -> PyResult<Ref<Dict>> {
    let d = Dict::new();
    for (i, o) in this.unpickler()?.loader.memo_entries() {
        d.set_item(&Int::from_usize(i), &o)?;
    }
    Ok(d)
}

/// What pickling makes the memo from: a dict.
#[method(name = "__reduce__")]
fn proxy_reduce(this: &UnpicklerMemoProxy) -> PyResult<Ref<Tuple>> {
    let contents = proxy_copy(this)?.into_obj();
    let args = tuple_of([contents]).into_obj();
    Ok(tuple_of([taipan_object::types::dict::PyDict_Type.to_obj(), args]))
}

extern "C" fn proxy_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    visit_fields(&[&o.cast::<UnpicklerMemoProxy>().unpickler], visit, arg)
}

extern "C" fn proxy_clear(o: &Object) -> c_int {
    o.cast::<UnpicklerMemoProxy>().unpickler.set(None);
    0
}

/// `UnpicklerMemoProxy`.
pub static UNPICKLER_MEMO_PROXY_TYPE: Type = Type::with_flags(
    TypeDef {
        name: c"_pickle.UnpicklerMemoProxy",
        basicsize: size_of::<UnpicklerMemoProxy>(),
        flags: flags::HAVE_GC | flags::BASETYPE,
        dealloc: Some(dealloc_of::<UnpicklerMemoProxy>),
        hash: Some(hash_not_implemented),
        traverse: Some(proxy_traverse),
        clear: Some(proxy_clear),
        methods: methods![proxy_clear_memo, proxy_copy, proxy_reduce],
        ..TypeDef::EMPTY
    },
    flags::IMMUTABLETYPE,
);

fn one_shot(
    fix_imports: bool,
    encoding: &str,
    errors: &str,
    buffers: Option<&Object>,
    source: impl FnOnce(&Loader) -> PyResult<()>,
) -> PyResult {
    let l = Loader::new();
    source(&l)?;
    *l.encoding.borrow_mut() = encoding.to_owned();
    *l.errors.borrow_mut() = errors.to_owned();
    l.fix_imports.set(fix_imports);
    if let Some(b) = buffers.filter(|b| !b.is_none()) {
        l.buffers.set(Some(b.iter()?));
    }
    l.load(None)
}

/// `load()`.
pub fn load_from(file: &Object, fix_imports: bool, encoding: &str, errors: &str, buffers: Option<&Object>) -> PyResult {
    one_shot(fix_imports, encoding, errors, buffers, |l| l.input.set_file(file))
}

/// `loads()`.
pub fn load_bytes(
    data: &Object,
    fix_imports: bool,
    encoding: &str,
    errors: &str,
    buffers: Option<&Object>,
) -> PyResult {
    one_shot(fix_imports, encoding, errors, buffers, |l| l.input.set_bytes(data).map(drop))
}
