//! `isinstance` and `issubclass`.

use crate::error::PyResult;
use crate::header::{Obj, Object};
use crate::thread::check_recursion;
use crate::types::tuple::Tuple;
use crate::types::type_::PyType_Type;
use crate::{Type, bail, intern};

impl Object {
    /// `isinstance(self, cls)`.
    pub fn is_instance(&self, cls: &Object) -> PyResult<bool> {
        if std::ptr::eq(self.ty().as_object(), cls) {
            return Ok(true);
        }
        if cls.is_exact(&PyType_Type) {
            return self.is_instance_default(cls);
        }
        if let Some(alts) = crate::types::union::args_of(cls) {
            return self.is_instance_of_any(&alts);
        }
        if let Some(t) = cls.downcast::<Tuple>() {
            check_recursion(" in __instancecheck__")?;
            return self.is_instance_of_any(t);
        }
        if let Some(check) = cls.lookup_special(intern!("__instancecheck__"))? {
            check_recursion(" in __instancecheck__")?;
            return check.call_one(self)?.is_true();
        }
        self.is_instance_default(cls)
    }

    fn is_instance_of_any(&self, alternatives: &Tuple) -> PyResult<bool> {
        for c in alternatives.items() {
            if self.is_instance(c)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// `type.__instancecheck__`, which also honours a `__class__` that differs from the type.
    pub fn is_instance_default(&self, cls: &Object) -> PyResult<bool> {
        if let Some(c) = cls.downcast::<Type>() {
            if self.ty().is_subtype(c) {
                return Ok(true);
            }
            return Ok(match self.get_attr_opt(intern!("__class__"))? {
                Some(k) if !std::ptr::eq(k.as_ptr(), self.ty().as_object()) => {
                    k.downcast::<Type>().is_some_and(|k| k.is_subtype(c))
                }
                _ => false,
            });
        }
        check_class(cls, "isinstance() arg 2 must be a type, a tuple of types, or a union")?;
        match self.get_attr_opt(intern!("__class__"))? {
            Some(k) => abstract_is_subclass(&k, cls),
            None => Ok(false),
        }
    }

    /// `issubclass(self, cls)`.
    pub fn is_subclass(&self, cls: &Object) -> PyResult<bool> {
        if cls.is_exact(&PyType_Type) {
            if self.is(cls) {
                return Ok(true);
            }
            return self.is_subclass_default(cls);
        }
        if let Some(alts) = crate::types::union::args_of(cls) {
            return self.is_subclass_of_any(&alts);
        }
        if let Some(t) = cls.downcast::<Tuple>() {
            check_recursion(" in __subclasscheck__")?;
            return self.is_subclass_of_any(t);
        }
        if let Some(check) = cls.lookup_special(intern!("__subclasscheck__"))? {
            check_recursion(" in __subclasscheck__")?;
            return check.call_one(self)?.is_true();
        }
        self.is_subclass_default(cls)
    }

    fn is_subclass_of_any(&self, alternatives: &Tuple) -> PyResult<bool> {
        for c in alternatives.items() {
            if self.is_subclass(c)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// `type.__subclasscheck__`.
    pub fn is_subclass_default(&self, cls: &Object) -> PyResult<bool> {
        if let (Some(a), Some(b)) = (self.downcast::<Type>(), cls.downcast::<Type>()) {
            return Ok(a.is_subtype(b));
        }
        check_class(self, "issubclass() arg 1 must be a class")?;
        check_class(cls, "issubclass() arg 2 must be a class, a tuple of classes, or a union")?;
        abstract_is_subclass(self, cls)
    }
}

fn bases_of(cls: &Object) -> PyResult<Option<Obj>> {
    Ok(cls.get_attr_opt(intern!("__bases__"))?.filter(|b| b.downcast::<Tuple>().is_some()))
}

fn check_class(cls: &Object, message: &str) -> PyResult<()> {
    if bases_of(cls)?.is_none() {
        bail!(TypeError, "{message}");
    }
    Ok(())
}

fn abstract_is_subclass(derived: &Object, cls: &Object) -> PyResult<bool> {
    let mut current = derived.to_obj();
    loop {
        if current.is(cls) {
            return Ok(true);
        }
        let Some(bases) = bases_of(&current)? else { return Ok(false) };
        let bases: &Tuple = bases.cast();
        match bases.items() {
            [] => return Ok(false),
            [one] => current = one.clone(),
            many => {
                check_recursion(" in __issubclass__")?;
                for b in many {
                    if abstract_is_subclass(b, cls)? {
                        return Ok(true);
                    }
                }
                return Ok(false);
            }
        }
    }
}
