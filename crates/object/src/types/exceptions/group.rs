//! Exception groups (PEP 654).

use super::base::{BaseException, base_clear, base_new, base_traverse};
use crate::error::{PyResult, status};
use crate::header::{Obj, ObjCell, Object, Ref};
use crate::method::{MemberDef, MethodDef, member};
use crate::protocol::repr::text;
use crate::thread::check_recursion;
use crate::typeobj::Type;
use crate::typeobj::slots::VisitProc;
use crate::types::list::List;
use crate::types::none;
use crate::types::str::{Str, StrBuilder};
use crate::types::tuple::Tuple;
use crate::{bail, intern};
use std::ffi::{c_int, c_void};
use std::mem::offset_of;
use taipan_clinic::{classmethod, method};

/// `PyBaseExceptionGroupObject`.
#[repr(C)]
#[allow(missing_docs)]
pub struct BaseExceptionGroup {
    pub base: BaseException,
    pub msg: ObjCell,
    pub excs: ObjCell,
    /// The `repr` of the sequence as it was given.
    pub excs_str: ObjCell,
}
const _: () = assert!(size_of::<BaseExceptionGroup>() == 96);
crate::layout!(BaseExceptionGroup, super::table::_PyExc_BaseExceptionGroup);

pub(super) extern "C" fn group_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let e: &BaseExceptionGroup = o.cast();
    crate::visit!(e.msg, visit, arg);
    crate::visit!(e.excs, visit, arg);
    crate::visit!(e.excs_str, visit, arg);
    base_traverse(o, visit, arg)
}

pub(super) extern "C" fn group_clear(o: &Object) -> c_int {
    let e: &BaseExceptionGroup = o.cast();
    e.msg.set(None);
    e.excs.set(None);
    e.excs_str.set(None);
    base_clear(o)
}

pub(super) static MEMBERS: &[MemberDef] = &[
    MemberDef::new(c"message", member::OBJECT, offset_of!(BaseExceptionGroup, msg), member::READONLY)
        .doc(c"exception message"),
    MemberDef::new(c"exceptions", member::OBJECT, offset_of!(BaseExceptionGroup, excs), member::READONLY)
        .doc(c"nested exceptions"),
    MemberDef::END,
];

/// `ExceptionGroup`, which derives from both `BaseExceptionGroup` and `Exception`, is a class made at start-up.
pub fn exception_group_class() -> PyResult {
    let interp = crate::Interp::current();
    if let Some(c) = interp.module_state.borrow().get("ExceptionGroup") {
        return Ok(c.clone());
    }
    let bases = Tuple::new(&[super::BaseExceptionGroup_.as_object(), super::Exception.as_object()]);
    let ns = crate::types::dict::Dict::new();
    ns.set_item(intern!("__module__"), intern!("builtins"))?;
    ns.set_item(intern!("__doc__"), none::none())?;
    let c = crate::types::type_::PyType_Type.as_object().call(&[intern!("ExceptionGroup"), &bases, &ns])?;
    interp.module_state.borrow_mut().insert("ExceptionGroup", c.clone());
    Ok(c)
}

/// Whether the object is an exception group.
pub fn is_group(o: &Object) -> bool {
    o.downcast::<BaseExceptionGroup>().is_some()
}

/// The exceptions directly in a group.
pub fn exceptions_of(o: &Object) -> Ref<Tuple> {
    match o.cast::<BaseExceptionGroup>().excs.get_owned().map(Obj::downcast_into::<Tuple>) {
        Some(Ok(t)) => t,
        _ => Tuple::empty(),
    }
}

pub(super) extern "C" fn group_new(cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    if kwargs.is_some_and(|k| !k.is_null_or_empty_dict()) {
        bail!(TypeError, "BaseExceptionGroup.__new__() takes no keyword arguments");
    }
    let a: &Tuple = args.cast();
    if a.len() != 2 {
        bail!(TypeError, "BaseExceptionGroup.__new__() takes exactly 2 arguments ({} given)", a.len());
    }
    let (msg, seq) = (a.item(0), a.item(1));
    if msg.downcast::<Str>().is_none() {
        bail!(TypeError, "BaseExceptionGroup.__new__() argument 1 must be str, not {}", msg.ty().name_str());
    }
    if !seq.is_sequence() {
        bail!(TypeError, "second argument (exceptions) must be a sequence");
    }
    let excs = seq.to_tuple()?;
    if excs.is_empty() {
        bail!(ValueError, "second argument (exceptions) must be a non-empty sequence");
    }
    let mut nested_base = false;
    for (i, e) in excs.items().iter().enumerate() {
        if e.downcast::<BaseException>().is_none() {
            bail!(ValueError, "Item {i} of second argument (exceptions) is not an exception");
        }
        nested_base |= !e.ty().is_subtype(super::Exception);
    }
    let eg = exception_group_class()?;
    let eg: &Type = eg.cast();
    let mut cls = cls;
    if std::ptr::eq(cls, eg) {
        if nested_base {
            bail!(TypeError, "Cannot nest BaseExceptions in an ExceptionGroup");
        }
    } else if std::ptr::eq(cls, super::BaseExceptionGroup_) {
        if !nested_base {
            cls = eg;
        }
    } else if nested_base && cls.is_subtype(super::Exception) {
        bail!(TypeError, "Cannot nest BaseExceptions in '{}'", cls.name_str());
    }
    let shown = if seq.downcast::<List>().is_some() || seq.downcast::<Tuple>().is_some() {
        None
    } else {
        Some(seq.repr()?.into_obj())
    };
    let o = base_new(cls, args, None)?;
    let g: &BaseExceptionGroup = o.cast();
    g.msg.set(Some(msg.to_obj()));
    g.excs.set(Some(excs.into_obj()));
    g.excs_str.set(shown);
    Ok(o)
}

pub(super) extern "C" fn group_init(o: &Object, args: &Object, kwargs: Option<&Object>) -> c_int {
    status((|| {
        if kwargs.is_some_and(|k| !k.is_null_or_empty_dict()) {
            bail!(TypeError, "{}() takes no keyword arguments", o.ty().name_str());
        }
        o.cast::<BaseException>().args.set(Some(args.to_obj()));
        Ok(())
    })())
}

pub(super) extern "C" fn group_str(o: &Object) -> PyResult {
    let g: &BaseExceptionGroup = o.cast();
    let n = exceptions_of(o).len();
    let msg = g.msg.get_owned().unwrap_or_else(none::none_obj).str()?;
    Ok(text(&format!("{} ({n} sub-exception{})", msg.display(), if n == 1 { "" } else { "s" })))
}

pub(super) extern "C" fn group_repr(o: &Object) -> PyResult {
    let g: &BaseExceptionGroup = o.cast();
    let mut b = StrBuilder::new();
    b.push_str(o.ty().name_str());
    b.push_str("(");
    b.push_pystr(&*g.msg.get_owned().unwrap_or_else(none::none_obj).repr()?);
    b.push_str(", ");
    let given = g.base.args_tuple();
    let list_given = given.items().get(1).is_some_and(|s| s.downcast::<List>().is_some());
    match g.excs_str.get_owned() {
        Some(s) => {
            b.push_pystr(s.cast());
        }
        None if list_given => {
            b.push_pystr(&*exceptions_of(o).to_list()?.as_obj().repr()?);
        }
        None => {
            b.push_pystr(&*exceptions_of(o).as_obj().repr()?);
        }
    }
    b.push_str(")");
    Ok(b.finish().into_obj())
}

/// How `split` and `subgroup` choose.
enum Matcher<'a> {
    Types(&'a Object),
    Predicate(&'a Object),
    Instances(&'a [usize]),
}

impl Matcher<'_> {
    fn from_condition(c: &Object) -> PyResult<Matcher<'_>> {
        if super::is_exception_class(c) {
            return Ok(Matcher::Types(c));
        }
        if c.is_callable() && c.downcast::<Type>().is_none() {
            return Ok(Matcher::Predicate(c));
        }
        if let Some(t) = c.downcast::<Tuple>()
            && t.items().iter().all(|x| super::is_exception_class(x))
        {
            return Ok(Matcher::Types(c));
        }
        bail!(TypeError, "expected an exception type, a tuple of exception types, or a callable (other than a class)")
    }
    fn matches(&self, e: &Object) -> PyResult<bool> {
        match self {
            Matcher::Types(t) => Ok(super::given_matches(e, t)),
            Matcher::Predicate(f) => f.call_one(e)?.is_true(),
            Matcher::Instances(ids) => Ok(!is_group(e) && ids.contains(&(e.as_ptr() as usize))),
        }
    }
}

/// A group like `orig` with other exceptions, by its `derive`; traceback, context, cause and notes are copied.
fn derive_like(orig: &Object, excs: Vec<Obj>) -> PyResult<Option<Obj>> {
    if excs.is_empty() {
        return Ok(None);
    }
    let list = List::from_vec(excs);
    let eg = orig.call_method(intern!("derive"), &[&list])?;
    if !is_group(&eg) {
        bail!(TypeError, "derive must return an instance of BaseExceptionGroup");
    }
    let (a, b): (&BaseException, &BaseException) = (orig.cast(), eg.cast());
    b.traceback.set(a.traceback.get_owned());
    b.context.set(a.context.get_owned());
    b.cause.set(a.cause.get_owned());
    if let Some(notes) = orig.get_attr_opt(intern!("__notes__"))?
        && notes.is_sequence()
    {
        let copy = notes.to_list()?;
        eg.set_attr(intern!("__notes__"), &copy)?;
    }
    Ok(Some(eg))
}

/// The parts that match and that do not; nested groups keep their structure.
fn split_recursive(e: &Object, m: &Matcher<'_>, want_rest: bool) -> PyResult<(Option<Obj>, Option<Obj>)> {
    if m.matches(e)? {
        return Ok((Some(e.to_obj()), None));
    }
    if !is_group(e) {
        return Ok((None, want_rest.then(|| e.to_obj())));
    }
    check_recursion(" in exceptiongroup_split_recursive")?;
    let (mut yes, mut no) = (Vec::new(), Vec::new());
    for x in exceptions_of(e).items() {
        let (a, b) = split_recursive(x, m, want_rest)?;
        yes.extend(a);
        no.extend(b);
    }
    let matched = derive_like(e, yes)?;
    let rest = if want_rest { derive_like(e, no)? } else { None };
    Ok((matched, rest))
}

/// For `except*`: the part of `exc` (a group) that matches `types`, and the rest.
pub fn split_by_type(exc: &Object, types: &Object) -> PyResult<(Option<Obj>, Option<Obj>)> {
    split_recursive(exc, &Matcher::Types(types), true)
}

/// The part of a group made of the leaf exceptions in `keep` (addresses), for re-raising after `except*`.
pub fn project(orig: &Object, keep: &[usize]) -> PyResult<Option<Obj>> {
    Ok(split_recursive(orig, &Matcher::Instances(keep), false)?.0)
}

/// Make a group of the same kind with other exceptions.
#[method(signature = "(excs, /)")]
fn derive(this: &BaseExceptionGroup, excs: &Object) -> PyResult {
    let msg = this.msg.get_owned().unwrap_or_else(none::none_obj);
    super::BaseExceptionGroup_.as_object().call(&[&msg, excs])
}

/// Split into the part that matches the condition and the rest.
#[method(signature = "(matcher_value, /)")]
fn split(this: &BaseExceptionGroup, condition: &Object) -> PyResult<Ref<Tuple>> {
    let m = Matcher::from_condition(condition)?;
    let (a, b) = split_recursive(&this.base.ob_base, &m, true)?;
    Ok(Tuple::new(&[a.as_deref().unwrap_or(none::none()), b.as_deref().unwrap_or(none::none())]))
}

/// Return the part that matches the condition, or None.
#[method(signature = "(matcher_value, /)")]
fn subgroup(this: &BaseExceptionGroup, condition: &Object) -> PyResult<Option<Obj>> {
    let m = Matcher::from_condition(condition)?;
    Ok(split_recursive(&this.base.ob_base, &m, false)?.0)
}

/// See PEP 585
#[classmethod(signature = "(object, /)", text = false)]
fn __class_getitem__(cls: &Type, object: &Object) -> PyResult {
    crate::types::generic_alias::new(cls.as_object(), object)
}

pub(super) static METHODS: &[MethodDef] =
    &[__class_getitem__::DEF, derive::DEF, split::DEF, subgroup::DEF, MethodDef::END];
