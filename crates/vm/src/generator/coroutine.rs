//! Coroutines and the iterator that their `__await__` gives.

use super::methods::{
    self, BASICSIZE, attrs, class_getitem, generator_am_send, generator_dealloc, generator_finalize,
    generator_iternext, generator_sizeof, generator_traverse, own_iter, throw_method,
};
use super::{Coroutine, Generator};
use crate::frame::{Frame, lineno, skip_incomplete};
use std::ffi::{c_int, c_void};
use std::mem::offset_of;
use taipan_object::alloc::{dealloc_of, new_object};
use taipan_object::args::Given;
use taipan_object::typeobj::slots::{AsyncMethods, Slot, VisitProc};
use taipan_object::types::none::none;
use taipan_object::types::str::Str;
use taipan_object::types::tuple::Tuple;
use taipan_object::{
    Obj, ObjCell, Object, PyResult, Thread, Type, TypeDef, flags, getset, getsets, intern, layout, method, methods,
};

/// Notes where a coroutine was made, if `sys.set_coroutine_origin_tracking_depth` asks for it.
pub fn note_origin(g: &Generator, mut frame: *mut Frame) {
    let depth = Thread::current().coroutine_origin_tracking_depth.get();
    if depth <= 0 {
        return;
    }
    let mut rows = Vec::new();
    frame = skip_incomplete(frame);
    // SAFETY: frames on the chain are alive.
    while let Some(f) = unsafe { frame.as_ref() } {
        if rows.len() >= depth as usize {
            break;
        }
        let code = f.code();
        let line = lineno::current_line(frame).map_or_else(|| none().to_obj(), |l| crate::support::new_int(l as i64));
        let field = |c: &ObjCell| c.get_owned().unwrap_or_else(|| none().to_obj());
        rows.push(Tuple::from_vec(vec![field(&code.co_filename), line, field(&code.co_name)]).into_obj());
        frame = skip_incomplete(f.previous);
    }
    g.origin_or_finalizer.set(Some(Tuple::from_vec(rows).into_obj()));
}

/// Warns about a coroutine that goes without ever having been awaited.
pub fn warn_unawaited(g: &Generator) {
    let warn = || -> PyResult<()> {
        if let Some(modules) = Thread::current().interp.modules.get_owned()
            && let Some(w) = crate::support::mapping_get_opt(&modules, intern!("warnings"))?
            && let Some(f) = w.get_attr_opt(intern!("_warn_unawaited_coroutine"))?
        {
            return f.call_one(g).map(drop);
        }
        let name = g.qualname.get().map_or(String::new(), |n| n.cast::<Str>().display().to_string());
        (taipan_object::hooks::get().warn)(
            taipan_object::types::exceptions::RuntimeWarning,
            &format!("coroutine '{name}' was never awaited"),
            1,
        )
    };
    if let Err(e) = warn() {
        taipan_object::error::unraisable_while(e, "finalizing coroutine", g);
    }
}

/// Resume the coroutine, giving the value to what it awaits.
#[method(signature = "(value, /)", text = false)]
fn send(this: &Coroutine, value: &Object) -> PyResult {
    this.0.send(Some(value))
}

/// Raise an exception where the coroutine is suspended.
#[method(signature = "(typ, val=None, tb=None, /)", text = false)]
fn throw(this: &Coroutine, typ: &Object, val: Given<&Object>, tb: Given<&Object>) -> PyResult {
    throw_method(&this.0, typ, val, tb)
}

/// Raise GeneratorExit where the coroutine is suspended.
#[method(signature = "()", text = false)]
fn close(this: &Coroutine) -> PyResult {
    this.0.close()
}

extern "C" fn coroutine_await(o: &Object) -> PyResult {
    Ok(new_object(CoroutineWrapper { ob_base: Object::placeholder(), coroutine: ObjCell::new(o.to_obj()) }).into_obj())
}
extern "C" fn coroutine_repr(o: &Object) -> PyResult {
    methods::repr_as("coroutine", o)
}
fn get_origin(c: &Coroutine) -> Option<Obj> {
    c.0.origin_or_finalizer.get_owned()
}

static AS_ASYNC: AsyncMethods =
    AsyncMethods { await_: Slot::new(coroutine_await), send: Slot::new(generator_am_send), ..AsyncMethods::EMPTY };

#[allow(non_upper_case_globals)]
#[unsafe(no_mangle)]
/// `types.CoroutineType`.
pub static PyCoro_Type: Type = Type::new_static(TypeDef {
    name: c"coroutine",
    basicsize: BASICSIZE,
    itemsize: 8,
    flags: flags::HAVE_GC | flags::DISALLOW_INSTANTIATION,
    dealloc: Some(generator_dealloc),
    as_async: Some(&AS_ASYNC),
    repr: Some(coroutine_repr),
    traverse: Some(generator_traverse),
    weaklistoffset: offset_of!(Generator, weakreflist) as isize,
    methods: methods![send, throw, close, generator_sizeof, class_getitem],
    getset: getsets![
        getset!(c"__name__", attrs::get_name, attrs::set_name),
        getset!(c"__qualname__", attrs::get_qualname, attrs::set_qualname),
        getset!(c"cr_await", attrs::get_yieldfrom),
        getset!(c"cr_running", attrs::get_running),
        getset!(c"cr_frame", attrs::get_frame),
        getset!(c"cr_code", attrs::get_code),
        getset!(c"cr_suspended", attrs::get_suspended),
        getset!(c"cr_origin", get_origin),
    ],
    finalize: Some(generator_finalize),
    ..TypeDef::EMPTY
});

/// What `coroutine.__await__()` gives.
#[repr(C)]
pub struct CoroutineWrapper {
    ob_base: Object,
    coroutine: ObjCell,
}

layout!(CoroutineWrapper, _PyCoroWrapper_Type);

impl CoroutineWrapper {
    fn inner(&self) -> &Generator {
        // SAFETY: the field holds a coroutine until the collector clears it, after which nobody calls.
        unsafe { self.coroutine.get().expect("a live wrapper has its coroutine").cast_unchecked() }
    }
}

extern "C" fn wrapper_iternext(o: &Object) -> Option<Obj> {
    generator_iternext(o.cast::<CoroutineWrapper>().inner())
}
extern "C" fn wrapper_am_send(o: &Object, v: &Object, out: &mut Option<Obj>) -> c_int {
    generator_am_send(o.cast::<CoroutineWrapper>().inner(), v, out)
}
extern "C" fn wrapper_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    o.cast::<CoroutineWrapper>().coroutine.get().map_or(0, |c| visit(c, arg))
}

/// Resume the coroutine, giving the value to what it awaits.
#[method(signature = "(value, /)", name = "send", text = false)]
fn wrapper_send(this: &CoroutineWrapper, value: &Object) -> PyResult {
    this.inner().send(Some(value))
}

/// Raise an exception where the coroutine is suspended.
#[method(signature = "(typ, val=None, tb=None, /)", name = "throw", text = false)]
fn wrapper_throw(this: &CoroutineWrapper, typ: &Object, val: Given<&Object>, tb: Given<&Object>) -> PyResult {
    throw_method(this.inner(), typ, val, tb)
}

/// Raise GeneratorExit where the coroutine is suspended.
#[method(signature = "()", name = "close", text = false)]
fn wrapper_close(this: &CoroutineWrapper) -> PyResult {
    this.inner().close()
}

static WRAPPER_ASYNC: AsyncMethods = AsyncMethods { send: Slot::new(wrapper_am_send), ..AsyncMethods::EMPTY };

#[allow(non_upper_case_globals)]
#[unsafe(no_mangle)]
/// The type of the iterators that coroutines are awaited by.
pub static _PyCoroWrapper_Type: Type = Type::new_static(TypeDef {
    name: c"coroutine_wrapper",
    basicsize: size_of::<CoroutineWrapper>(),
    flags: flags::HAVE_GC,
    doc: Some(c"A wrapper object implementing __await__ for coroutines."),
    dealloc: Some(dealloc_of::<CoroutineWrapper>),
    as_async: Some(&WRAPPER_ASYNC),
    traverse: Some(wrapper_traverse),
    iter: Some(own_iter),
    iternext: Some(wrapper_iternext),
    methods: methods![wrapper_send, wrapper_throw, wrapper_close],
    ..TypeDef::EMPTY
});
