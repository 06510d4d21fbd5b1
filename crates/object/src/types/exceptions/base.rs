//! `BaseException`.

use crate::error::{PyResult, status};
use crate::header::{Obj, ObjCell, Object, Ref};
use crate::method::{GetSetDef, MemberDef, MethodDef, member};
use crate::protocol::attr::{dict_getter, dict_setter};
use crate::protocol::repr::text;
use crate::typeobj::slots::VisitProc;
use crate::typeobj::{Type, flags};
use crate::types::dict::Dict;
use crate::types::list::List;
use crate::types::none;
use crate::types::str::Str;
use crate::types::tuple::Tuple;
use crate::{bail, getset, intern};
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::mem::offset_of;
use taipan_clinic::method;

/// `PyBaseExceptionObject`.
#[repr(C)]
#[allow(missing_docs)]
pub struct BaseException {
    pub ob_base: Object,
    pub dict: ObjCell,
    pub args: ObjCell,
    pub notes: ObjCell,
    pub traceback: ObjCell,
    pub context: ObjCell,
    pub cause: ObjCell,
    pub suppress_context: Cell<u8>,
}

const _: () = {
    assert!(size_of::<BaseException>() == 72 && offset_of!(BaseException, dict) == 16);
    assert!(offset_of!(BaseException, traceback) == 40 && offset_of!(BaseException, cause) == 56);
    assert!(offset_of!(BaseException, suppress_context) == 64);
};

// SAFETY: every exception begins with these fields.
unsafe impl crate::Layout for BaseException {
    fn type_object() -> &'static Type {
        super::BaseException_
    }
    #[inline(always)]
    fn is_instance(obj: &Object) -> bool {
        obj.ty().has_flag(flags::BASE_EXC_SUBCLASS)
    }
}
impl std::ops::Deref for BaseException {
    type Target = Object;
    fn deref(&self) -> &Object {
        &self.ob_base
    }
}

impl BaseException {
    /// The fields with the given `args`.
    pub fn body(args: Ref<Tuple>) -> BaseException {
        BaseException {
            ob_base: Object::placeholder(),
            dict: ObjCell::empty(),
            args: ObjCell::new(args.into_obj()),
            notes: ObjCell::empty(),
            traceback: ObjCell::empty(),
            context: ObjCell::empty(),
            cause: ObjCell::empty(),
            suppress_context: Cell::new(0),
        }
    }
    /// `args`.
    pub fn args_tuple(&self) -> Ref<Tuple> {
        match self.args.get_owned().map(Obj::downcast_into::<Tuple>) {
            Some(Ok(t)) => t,
            _ => Tuple::empty(),
        }
    }
    /// Sets `__cause__`, which also hides the context.
    pub fn set_cause(&self, cause: Option<Obj>) {
        self.cause.set(cause);
        self.suppress_context.set(1);
    }
}

/// `BaseException.__new__`: keeps the positional arguments.
pub extern "C" fn base_new(cls: &Type, args: &Object, _: Option<&Object>) -> PyResult {
    // SAFETY: slots get a tuple.
    let args: Ref<Tuple> = Ref::from_borrowed(args.cast());
    new_with_args(cls, args)
}

/// An instance of a class whose own fields are all zero to begin with.
pub(super) fn new_with_args(cls: &Type, args: Ref<Tuple>) -> PyResult {
    let o = cls.alloc.get().unwrap_or(crate::alloc::generic_alloc)(cls, 0)?;
    o.cast::<BaseException>().args.set(Some(args.into_obj()));
    Ok(o)
}

/// Whether calling the class without arguments does nothing but what [`plain_instance`] does.
#[inline]
pub fn is_plain_class(cls: &Type) -> bool {
    cls.as_object().is_exact(&crate::types::type_::PyType_Type)
        && cls.new.get().is_some_and(|f| f as *const () == base_new as *const ())
        && cls.init.get().is_some_and(|f| f as *const () == base_init as *const ())
}

/// An instance of such a class without arguments.
pub fn plain_instance(cls: &Type) -> PyResult {
    new_with_args(cls, Tuple::empty())
}

/// `tp_vectorcall` of classes of which [`is_plain_class`] is true.
pub(super) unsafe extern "C" fn vectorcall(
    cls: &Object,
    args: *const *const Object,
    nargsf: usize,
    kwnames: Option<&Object>,
) -> PyResult {
    // SAFETY: the vectorcall contract.
    let call = unsafe { crate::args::CallArgs::from_raw(args, crate::protocol::call::nargs(nargsf), kwnames) };
    let cls: &Type = cls.cast();
    if !call.keywords().is_empty() {
        bail!(TypeError, "{}() takes no keyword arguments", cls.name_str());
    }
    new_with_args(cls, Tuple::new(call.positional()))
}

/// `BaseException.__init__`.
pub extern "C" fn base_init(o: &Object, args: &Object, kwargs: Option<&Object>) -> c_int {
    status((|| {
        if kwargs.is_some_and(|k| !k.is_null_or_empty_dict()) {
            bail!(TypeError, "{}() takes no keyword arguments", o.ty().name_str());
        }
        o.cast::<BaseException>().args.set(Some(args.to_obj()));
        Ok(())
    })())
}

pub(super) extern "C" fn base_repr(o: &Object) -> PyResult {
    let e: &BaseException = o.cast();
    let name = o.ty().name_str();
    let name = name.rsplit_once('.').map_or(name, |(_, n)| n);
    let args = e.args_tuple();
    if args.len() == 1 {
        return Ok(text_of(format!("{name}("), &*args.item(0).repr()?, ")"));
    }
    Ok(text_of(name.to_owned(), &*args.repr()?, ""))
}

fn text_of(a: String, s: &Str, b: &str) -> Obj {
    let mut t = crate::types::str::StrBuilder::new();
    t.push_str(&a);
    t.push_pystr(s);
    t.push_str(b);
    t.finish().into_obj()
}

pub(super) extern "C" fn base_str(o: &Object) -> PyResult {
    let args = o.cast::<BaseException>().args_tuple();
    match args.items() {
        [] => Ok(text("")),
        [one] => one.str().map(Ref::into_obj),
        _ => args.as_obj().str().map(Ref::into_obj),
    }
}

pub(super) extern "C" fn base_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let e: &BaseException = o.cast();
    for c in [&e.dict, &e.args, &e.notes, &e.traceback, &e.context, &e.cause] {
        crate::visit!(c, visit, arg);
    }
    0
}

pub(super) extern "C" fn base_clear(o: &Object) -> c_int {
    let e: &BaseException = o.cast();
    for c in [&e.dict, &e.args, &e.notes, &e.traceback, &e.context, &e.cause] {
        c.set(None);
    }
    0
}

/// Arguments for pickle.
#[method(signature = "()", name = "__reduce__")]
fn base_reduce(this: &BaseException) -> PyResult {
    let args = this.args_tuple();
    let ty = this.ob_base.ty().as_object();
    match this.dict.get() {
        Some(d) if !d.cast::<Dict>().is_empty() => Ok(Tuple::new(&[ty, &args, d]).into_obj()),
        _ => Ok(Tuple::new(&[ty, &args]).into_obj()),
    }
}

/// Set attributes from a dict, when unpickled.
#[method(signature = "(state, /)", name = "__setstate__")]
fn base_setstate(this: &BaseException, state: &Object) -> PyResult<()> {
    if state.is_none() {
        return Ok(());
    }
    let Some(d) = state.downcast::<Dict>() else { bail!(TypeError, "state is not a dictionary") };
    for (k, v) in d.pairs() {
        this.ob_base.set_attr(&k, &v)?;
    }
    Ok(())
}

/// Set self.__traceback__ to tb and return self.
#[method(signature = "(tb, /)")]
fn with_traceback(this: &BaseException, tb: &Object) -> PyResult {
    set_traceback(this, Some(tb))?;
    Ok(this.ob_base.to_obj())
}

/// Add a note to the exception, shown after its text in tracebacks.
#[method(signature = "(note, /)", name = "add_note")]
fn base_add_note(this: &BaseException, note: &Object) -> PyResult<()> {
    if note.downcast::<Str>().is_none() {
        bail!(TypeError, "add_note() argument must be str, not {}", note.ty().name_str());
    }
    append_note(&this.ob_base, note)
}

fn append_note(exc: &Object, note: &Object) -> PyResult<()> {
    let name = intern!("__notes__");
    let notes = match exc.get_attr_opt(name)? {
        Some(n) => n,
        None => {
            let l = List::new().into_obj();
            exc.set_attr(name, &l)?;
            l
        }
    };
    match notes.downcast::<List>() {
        Some(l) => l.push(note.to_obj()),
        None => bail!(TypeError, "Cannot add note: __notes__ is not a list"),
    }
}

/// Adds a note from Rust code.
pub fn add_note(exc: &Object, note: &str) -> PyResult<()> {
    append_note(exc, &Str::from_utf8(note))
}

/// Sets `context` as the context of `exc`, unless it is the same exception; cycles are cut, as `raise` does.
pub fn chain_context(exc: &Object, context: &Object) {
    if exc.is(context) {
        return;
    }
    // A chain that leads back to `exc` is cut there. Brent's second pointer guards against cycles that are there already.
    let mut o = context.to_obj();
    let mut slow = context.to_obj();
    let mut step = false;
    loop {
        let Some(next) = o.cast::<BaseException>().context.get_owned() else { break };
        if next.is(exc) {
            o.cast::<BaseException>().context.set(None);
            break;
        }
        o = next;
        if o.is(&slow) {
            break;
        }
        if step && let Some(s) = slow.cast::<BaseException>().context.get_owned() {
            slow = s;
        }
        step = !step;
    }
    exc.cast::<BaseException>().context.set(Some(context.to_obj()));
}

fn get_args(e: &BaseException) -> Obj {
    e.args.get_owned().unwrap_or_else(none::none_obj)
}
fn set_args(e: &BaseException, v: Option<&Object>) -> PyResult<()> {
    let Some(v) = v else { bail!(TypeError, "args may not be deleted") };
    e.args.set(Some(v.to_tuple()?.into_obj()));
    Ok(())
}
fn get_traceback(e: &BaseException) -> Option<Obj> {
    e.traceback.get_owned()
}
fn set_traceback(e: &BaseException, v: Option<&Object>) -> PyResult<()> {
    let Some(v) = v else { bail!(TypeError, "__traceback__ may not be deleted") };
    if v.is_none() {
        e.traceback.set(None);
    } else if v.ty().name_str() == "traceback" && !v.ty().is_heap() {
        e.traceback.set(Some(v.to_obj()));
    } else {
        bail!(TypeError, "__traceback__ must be a traceback or None");
    }
    Ok(())
}
fn link(v: Option<&Object>, name: &str, kind: &str) -> PyResult<Option<Obj>> {
    let Some(v) = v else { bail!(TypeError, "{name} may not be deleted") };
    if v.is_none() {
        return Ok(None);
    }
    if v.downcast::<BaseException>().is_none() {
        bail!(TypeError, "exception {kind} must be None or derive from BaseException");
    }
    Ok(Some(v.to_obj()))
}
fn get_context(e: &BaseException) -> Option<Obj> {
    e.context.get_owned()
}
fn set_context(e: &BaseException, v: Option<&Object>) -> PyResult<()> {
    e.context.set(link(v, "__context__", "context")?);
    Ok(())
}
fn get_cause(e: &BaseException) -> Option<Obj> {
    e.cause.get_owned()
}
fn set_cause(e: &BaseException, v: Option<&Object>) -> PyResult<()> {
    e.set_cause(link(v, "__cause__", "cause")?);
    Ok(())
}

pub(super) static METHODS: &[MethodDef] =
    &[base_reduce::DEF, base_setstate::DEF, with_traceback::DEF, base_add_note::DEF, MethodDef::END];
pub(super) static MEMBERS: &[MemberDef] = &[
    MemberDef::new(c"__suppress_context__", member::BOOL, offset_of!(BaseException, suppress_context), 0),
    MemberDef::END,
];
pub(super) static GETSETS: &[GetSetDef] = &[
    getset!(c"__dict__", dict_getter, dict_setter),
    getset!(c"args", get_args, set_args),
    getset!(c"__traceback__", get_traceback, set_traceback),
    getset!(c"__context__", get_context, set_context),
    getset!(c"__cause__", get_cause, set_cause),
    GetSetDef::END,
];
