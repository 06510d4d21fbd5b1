//! Exceptions with a few fields of their own: `StopIteration`, `SystemExit`, `ImportError`, `NameError`, `AttributeError`, and `KeyError`'s text.

use super::base::{BaseException, base_clear, base_init, base_traverse};
use crate::error::{PyResult, status};
use crate::header::{Obj, ObjCell, Object, Ref};
use crate::method::{MemberDef, MethodDef, member};
use crate::raise;
use crate::typeobj::slots::VisitProc;
use crate::types::dict::Dict;
use crate::types::none;
use crate::types::str::Str;
use crate::types::tuple::Tuple;
use std::ffi::{c_int, c_void};
use std::mem::offset_of;
use taipan_clinic::method;

macro_rules! with_fields {
    ($(#[$doc:meta])* $name:ident $ty:ident $size:literal { $($field:ident),* } $traverse:ident $clear:ident) => {
        $(#[$doc])*
        #[repr(C)]
        #[allow(missing_docs)]
        pub struct $name { pub base: BaseException, $(pub $field: ObjCell),* }
        const _: () = assert!(size_of::<$name>() == $size);
        crate::layout!($name, super::table::$ty);
        pub(super) extern "C" fn $traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
            let e: &$name = o.cast();
            $(crate::visit!(e.$field, visit, arg);)*
            base_traverse(o, visit, arg)
        }
        pub(super) extern "C" fn $clear(o: &Object) -> c_int {
            let e: &$name = o.cast();
            $(e.$field.set(None);)*
            base_clear(o)
        }
    };
}
pub(super) use with_fields;

with_fields!(
    /// `PyStopIterationObject`.
    StopIteration _PyExc_StopIteration 80 { value } stop_iteration_traverse stop_iteration_clear
);
with_fields!(
    /// `PySystemExitObject`.
    SystemExit _PyExc_SystemExit 80 { code } system_exit_traverse system_exit_clear
);
with_fields!(
    /// `PyImportErrorObject`.
    ImportError _PyExc_ImportError 104 { msg, name, path, name_from } import_error_traverse import_error_clear
);
with_fields!(
    /// `PyNameErrorObject`.
    NameError _PyExc_NameError 80 { name } name_error_traverse name_error_clear
);
with_fields!(
    /// `PyAttributeErrorObject`.
    AttributeError _PyExc_AttributeError 88 { obj, name } attribute_error_traverse attribute_error_clear
);

pub(super) const fn row(name: &'static std::ffi::CStr, offset: usize) -> MemberDef {
    MemberDef::new(name, member::OBJECT, offset, 0)
}

pub(super) static STOP_ITERATION_MEMBERS: &[MemberDef] =
    &[row(c"value", offset_of!(StopIteration, value)), MemberDef::END];
pub(super) static SYSTEM_EXIT_MEMBERS: &[MemberDef] = &[row(c"code", offset_of!(SystemExit, code)), MemberDef::END];
pub(super) static IMPORT_ERROR_MEMBERS: &[MemberDef] = &[
    row(c"msg", offset_of!(ImportError, msg)),
    row(c"name", offset_of!(ImportError, name)),
    row(c"path", offset_of!(ImportError, path)),
    row(c"name_from", offset_of!(ImportError, name_from)),
    MemberDef::END,
];
pub(super) static NAME_ERROR_MEMBERS: &[MemberDef] = &[row(c"name", offset_of!(NameError, name)), MemberDef::END];
pub(super) static ATTRIBUTE_ERROR_MEMBERS: &[MemberDef] =
    &[row(c"name", offset_of!(AttributeError, name)), row(c"obj", offset_of!(AttributeError, obj)), MemberDef::END];

pub(super) extern "C" fn stop_iteration_init(o: &Object, args: &Object, kwargs: Option<&Object>) -> c_int {
    if base_init(o, args, kwargs) < 0 {
        return -1;
    }
    let v = args.cast::<Tuple>().items().first().cloned().unwrap_or_else(none::none_obj);
    o.cast::<StopIteration>().value.set(Some(v));
    0
}

pub(super) extern "C" fn system_exit_init(o: &Object, args: &Object, kwargs: Option<&Object>) -> c_int {
    if base_init(o, args, kwargs) < 0 {
        return -1;
    }
    let t: &Tuple = args.cast();
    let code = match t.items() {
        [] => return 0,
        [one] => one.clone(),
        _ => args.to_obj(),
    };
    o.cast::<SystemExit>().code.set(Some(code));
    0
}

/// Splits keyword arguments into the allowed ones, in the order of `names`; others raise.
fn keywords(o: &Object, kwargs: Option<&Object>, names: &[&str]) -> PyResult<Vec<Option<Obj>>> {
    let mut out = vec![None; names.len()];
    if let Some(k) = kwargs {
        let pairs = k.cast::<Dict>().pairs();
        if pairs.len() > names.len() {
            return Err(crate::args::too_many_keywords(short(o.ty().name_str()), names.len(), pairs.len()));
        }
        for (key, v) in pairs {
            let s: &Str = key.cast();
            match names.iter().position(|n| s.eq_str(n)) {
                Some(i) => out[i] = Some(v),
                None => {
                    let func = short(o.ty().name_str());
                    return Err(crate::args::unexpected(func, &s.to_utf8_lossy(), names.iter().copied()));
                }
            }
        }
    }
    Ok(out)
}

fn short(name: &str) -> &str {
    match name {
        // The reference names the C-level owner of the initialiser.
        "ModuleNotFoundError" => "ImportError",
        n => n,
    }
}

pub(super) extern "C" fn import_error_init(o: &Object, args: &Object, kwargs: Option<&Object>) -> c_int {
    if base_init(o, args, None) < 0 {
        return -1;
    }
    status((|| {
        let e: &ImportError = o.cast();
        let mut kw = keywords(o, kwargs, &["name", "path", "name_from"])?.into_iter();
        e.name.set(kw.next().flatten());
        e.path.set(kw.next().flatten());
        e.name_from.set(kw.next().flatten());
        let t: &Tuple = args.cast();
        e.msg.set(match t.items() {
            [one] => Some(one.clone()),
            _ => None,
        });
        Ok(())
    })())
}

pub(super) extern "C" fn import_error_str(o: &Object) -> PyResult {
    match o.cast::<ImportError>().msg.get_owned() {
        Some(m) if m.is_exact(&crate::types::str::PyUnicode_Type) => Ok(m),
        _ => super::base::base_str(o),
    }
}

pub(super) extern "C" fn name_error_init(o: &Object, args: &Object, kwargs: Option<&Object>) -> c_int {
    if base_init(o, args, None) < 0 {
        return -1;
    }
    status((|| {
        let mut kw = keywords(o, kwargs, &["name"])?;
        o.cast::<NameError>().name.set(kw.remove(0));
        Ok(())
    })())
}

pub(super) extern "C" fn attribute_error_init(o: &Object, args: &Object, kwargs: Option<&Object>) -> c_int {
    if base_init(o, args, None) < 0 {
        return -1;
    }
    status((|| {
        let e: &AttributeError = o.cast();
        let mut kw = keywords(o, kwargs, &["name", "obj"])?.into_iter();
        e.name.set(kw.next().flatten());
        e.obj.set(kw.next().flatten());
        Ok(())
    })())
}

/// State for pickling: the name is kept, the object is not.
#[method(signature = "()", name = "__getstate__", text = false)]
fn attribute_error_getstate(this: &AttributeError) -> PyResult {
    let name = this.name.get_owned();
    let args = this.base.args.get_owned();
    if this.base.dict.get().is_none() && name.is_none() && args.is_none() {
        return Ok(none::none_obj());
    }
    let d = match this.base.dict.get() {
        Some(d) => d.cast::<Dict>().copy()?,
        None => Dict::new(),
    };
    if let Some(n) = name {
        d.set_item(&Str::from_utf8("name"), &n)?;
    }
    if let Some(a) = args {
        d.set_item(&Str::from_utf8("args"), &a)?;
    }
    Ok(d.into_obj())
}

/// Arguments for pickle.
#[method(signature = "()", name = "__reduce__", text = false)]
fn attribute_error_reduce(this: &AttributeError) -> PyResult {
    let state = attribute_error_getstate(this)?;
    Ok(Tuple::new(&[this.base.ob_base.ty().as_object(), &this.base.args_tuple(), &state]).into_obj())
}

/// Arguments for pickle.
#[method(signature = "()", name = "__reduce__")]
fn import_error_reduce(this: &ImportError) -> PyResult {
    let named = [("name", &this.name), ("path", &this.path), ("name_from", &this.name_from)];
    let state = if named.iter().any(|(_, c)| !c.is_empty()) {
        let d = match this.base.dict.get() {
            Some(d) => d.cast::<Dict>().copy()?,
            None => Dict::new(),
        };
        for (n, c) in named {
            if let Some(v) = c.get_owned() {
                d.set_item(&Str::from_utf8(n), &v)?;
            }
        }
        Some(d.into_obj())
    } else {
        this.base.dict.get_owned()
    };
    let (ty, args) = (this.base.ob_base.ty().as_object(), this.base.args_tuple());
    Ok(match state {
        Some(s) => Tuple::new(&[ty, &args, &s]).into_obj(),
        None => Tuple::new(&[ty, &args]).into_obj(),
    })
}

pub(super) static ATTRIBUTE_ERROR_METHODS: &[MethodDef] =
    &[attribute_error_getstate::DEF, attribute_error_reduce::DEF, MethodDef::END];
pub(super) static IMPORT_ERROR_METHODS: &[MethodDef] = &[import_error_reduce::DEF, MethodDef::END];

pub(super) extern "C" fn key_error_str(o: &Object) -> PyResult {
    let args = o.cast::<BaseException>().args_tuple();
    match args.items() {
        // The key is shown as such, since an empty string would be an empty message.
        [one] => one.repr().map(Ref::into_obj),
        _ => super::base::base_str(o),
    }
}

/// Raises `AttributeError(message)` with `name` and `obj` set.
#[cold]
pub fn attribute_error(o: &Object, name: &Object, message: &str) -> crate::Raised {
    let e = raise!(AttributeError, "{message}");
    complete_attribute_error(e, o, name)
}

/// Sets `name` and `obj` of a raised `AttributeError` that has neither.
#[cold]
pub fn complete_attribute_error(e: crate::Raised, o: &Object, name: &Object) -> crate::Raised {
    if e.matches(super::AttributeError)
        && let Some(exc) = crate::Thread::current().current_exception.get()
        && let Some(a) = exc.downcast::<AttributeError>()
        && a.name.is_empty()
        && a.obj.is_empty()
    {
        a.name.set(Some(name.to_obj()));
        a.obj.set(Some(o.to_obj()));
    }
    e
}

/// Raises `NameError` or a subclass with `name` set, for suggestions.
#[cold]
pub fn name_error(ty: &crate::Type, name: &Object, message: &str) -> crate::Raised {
    let e = crate::error::raise_fmt(ty, format_args!("{message}"));
    if let Some(exc) = crate::Thread::current().current_exception.get()
        && let Some(n) = exc.downcast::<NameError>()
    {
        n.name.set(Some(name.to_obj()));
    }
    e
}

/// Raises `ImportError` or a subclass with its fields set.
#[cold]
pub fn import_error(
    ty: &crate::Type,
    message: &str,
    name: Option<&Object>,
    path: Option<&Object>,
    name_from: Option<&Object>,
) -> crate::Raised {
    let e = crate::error::raise_fmt(ty, format_args!("{message}"));
    if let Some(exc) = crate::Thread::current().current_exception.get()
        && let Some(i) = exc.downcast::<ImportError>()
    {
        i.name.set(name.map(Object::to_obj));
        i.path.set(path.map(Object::to_obj));
        i.name_from.set(name_from.map(Object::to_obj));
    }
    e
}

/// Raises `StopIteration(value)`, whatever the value is (a tuple stays one argument); `None` gives no argument.
pub fn stop_iteration(value: &Object) -> crate::Raised {
    if value.is_none() {
        return crate::error::raise_empty(super::StopIteration);
    }
    match super::StopIteration.as_object().call_one(value) {
        Ok(exc) => crate::error::raise_instance(exc),
        Err(e) => e,
    }
}

/// The value of a `StopIteration` instance.
pub fn stop_iteration_value(exc: &Object) -> Obj {
    exc.downcast::<StopIteration>().and_then(|s| s.value.get_owned()).unwrap_or_else(none::none_obj)
}
