//! `repr`, `str`, `ascii`, `format`, `dir`-independent text of objects.

use crate::bail;
use crate::error::PyResult;
use crate::header::{Obj, Object, Ref};
use crate::intern;
use crate::thread::{Thread, check_recursion};
use crate::types::str::{PyUnicode_Type, Str};

impl Object {
    /// `repr(self)`.
    pub fn repr(&self) -> PyResult<Ref<Str>> {
        let Some(f) = self.ty().repr.get() else {
            return Ok(Str::from_utf8(&format!("<{} object at {:p}>", self.ty().name_str(), self)));
        };
        check_recursion(" while getting the repr of an object")?;
        let r = f(self)?;
        r.downcast_into::<Str>()
            .map_err(|r| crate::raise!(TypeError, "__repr__ returned non-string (type {})", r.ty().name_str()))
    }

    /// `str(self)`.
    pub fn str(&self) -> PyResult<Ref<Str>> {
        if self.is_exact(&PyUnicode_Type) {
            return Ok(Ref::from_borrowed(self.cast()));
        }
        let Some(f) = self.ty().str.get() else { return self.repr() };
        check_recursion(" while getting the str of an object")?;
        let r = f(self)?;
        r.downcast_into::<Str>()
            .map_err(|r| crate::raise!(TypeError, "__str__ returned non-string (type {})", r.ty().name_str()))
    }

    /// `ascii(self)`.
    pub fn ascii(&self) -> PyResult<Ref<Str>> {
        let r = self.repr()?;
        if r.is_ascii() {
            return Ok(r);
        }
        Ok(crate::types::str::escape_non_ascii(&r))
    }

    /// `format(self, spec)`; `spec` is a `str`.
    pub fn format(&self, spec: &Object) -> PyResult {
        let Some(s) = spec.downcast::<Str>() else {
            bail!(TypeError, "Format specifier must be a string, not {}", spec.ty().name_str());
        };
        if s.is_empty() {
            if self.is_exact(&PyUnicode_Type) {
                return Ok(self.to_obj());
            }
            if self.is_exact(&crate::types::int::PyLong_Type) {
                return Ok(self.str()?.into_obj());
            }
        }
        let Some(m) = self.lookup_special(intern!("__format__"))? else {
            bail!(TypeError, "Type {} doesn't define __format__", self.ty().name_str());
        };
        let r = m.call_one(spec)?;
        if r.downcast::<Str>().is_none() {
            bail!(TypeError, "__format__ must return a str, not {}", r.ty().name_str());
        }
        Ok(r)
    }
}

/// While this lives, `repr` of the container is in progress in this thread.
pub struct ReprGuard(*const Object);

/// Notes that `repr` of `o` begins; `None` when it is already in progress, and the caller prints an ellipsis (`Py_ReprEnter`).
pub fn repr_enter(o: &Object) -> PyResult<Option<ReprGuard>> {
    let mut stack = Thread::current().repr_stack.borrow_mut();
    if stack.contains(&std::ptr::from_ref(o)) {
        return Ok(None);
    }
    stack.push(o);
    Ok(Some(ReprGuard(o)))
}

impl Drop for ReprGuard {
    fn drop(&mut self) {
        let mut stack = Thread::current().repr_stack.borrow_mut();
        if let Some(i) = stack.iter().rposition(|p| std::ptr::eq(*p, self.0)) {
            stack.remove(i);
        }
    }
}

/// `tp_str` of `object`: its repr.
pub extern "C" fn object_str(o: &Object) -> PyResult {
    o.repr().map(Ref::into_obj)
}

/// Texts joined into one `str`.
pub fn text(s: &str) -> Obj {
    Str::from_utf8(s).into_obj()
}

/// `module.qualname` of a class, without the module for `builtins` and `__main__` (`PyType_GetFullyQualifiedName`).
pub fn fully_qualified_name(ty: &crate::Type) -> PyResult<String> {
    if !ty.is_heap() {
        return Ok(ty.name_str().to_owned());
    }
    let qualname = ty.as_object().get_attr(crate::intern!("__qualname__"))?.str()?.to_utf8_lossy().into_owned();
    let module = ty.as_object().get_attr(crate::intern!("__module__"))?;
    match module.downcast::<Str>() {
        Some(m) if !m.eq_str("builtins") && !m.eq_str("__main__") => Ok(format!("{}.{qualname}", m.display())),
        _ => Ok(qualname),
    }
}
