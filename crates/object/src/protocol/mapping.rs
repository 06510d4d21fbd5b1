//! Lengths, subscripts and membership: the sequence and mapping protocols.

use crate::error::{PyResult, from_status, from_status_bool, from_status_len};
use crate::header::{Obj, Object, Ref};
use crate::types::exceptions;
use crate::types::list::List;
use crate::types::tuple::Tuple;
use crate::{bail, intern};

impl Object {
    /// `len(self)`.
    pub fn len(&self) -> PyResult<usize> {
        let ty = self.ty();
        let f = ty.sequence().and_then(|s| s.length.get()).or_else(|| ty.mapping().and_then(|m| m.length.get()));
        match f {
            Some(f) => {
                let n = f(self);
                if n < 0 { Err(crate::Raised::already_set()) } else { Ok(n as usize) }
            }
            None => bail!(TypeError, "object of type '{}' has no len()", ty.name_str()),
        }
    }

    /// `operator.length_hint(self, default)`.
    pub fn length_hint(&self, default: usize) -> PyResult<usize> {
        let ty = self.ty();
        if ty.sequence().and_then(|s| s.length.get()).is_some() || ty.mapping().and_then(|m| m.length.get()).is_some() {
            match self.len() {
                Ok(n) => return Ok(n),
                Err(e) => {
                    if !e.matches(exceptions::TypeError) {
                        return Err(e);
                    }
                    e.clear();
                }
            }
        }
        let Some(hint) = self.lookup_special(intern!("__length_hint__"))? else { return Ok(default) };
        let r = match hint.call_noargs() {
            Ok(r) => r,
            Err(e) => return e.recover(exceptions::TypeError, default),
        };
        if crate::protocol::compare::is_not_implemented(&r) {
            return Ok(default);
        }
        let Some(n) = r.downcast::<crate::types::int::Int>() else {
            bail!(TypeError, "__length_hint__ must be an integer, not {}", r.ty().name_str());
        };
        let n = n.as_object_isize()?;
        if n < 0 {
            bail!(ValueError, "__length_hint__() should return >= 0");
        }
        Ok(n as usize)
    }

    /// `self[key]`.
    pub fn get_item(&self, key: &Object) -> PyResult {
        let ty = self.ty();
        if let Some(f) = ty.mapping().and_then(|m| m.subscript.get()) {
            return f(self, key);
        }
        if let Some(f) = ty.sequence().and_then(|s| s.item.get()) {
            if !crate::protocol::number::has_index(key) {
                bail!(TypeError, "sequence index must be integer, not '{}'", key.ty().name_str());
            }
            let i = key.index_as_isize(Some(exceptions::IndexError))?;
            return f(self, self.wrap_index(i)?);
        }
        if let Some(cls) = self.downcast::<crate::Type>() {
            if std::ptr::eq(cls, &crate::types::type_::PyType_Type) {
                return crate::types::generic_alias::new(self, key);
            }
            if let Some(f) = self.get_attr_opt(intern!("__class_getitem__"))?
                && !f.is_none()
            {
                return f.call_one(key);
            }
            bail!(TypeError, "type '{}' is not subscriptable", cls.name_str());
        }
        bail!(TypeError, "'{}' object is not subscriptable", ty.name_str())
    }

    /// A negative index counts from the end, for types whose `sq_item` does not do that itself.
    fn wrap_index(&self, i: isize) -> PyResult<isize> {
        if i < 0
            && let Some(f) = self.ty().sequence().and_then(|s| s.length.get())
        {
            return Ok(i + from_status_len(f(self))?);
        }
        Ok(i)
    }

    /// `self[key] = value`.
    pub fn set_item(&self, key: &Object, value: &Object) -> PyResult<()> {
        self.assign_item(key, Some(value))
    }

    /// `del self[key]`.
    pub fn del_item(&self, key: &Object) -> PyResult<()> {
        self.assign_item(key, None)
    }

    fn assign_item(&self, key: &Object, value: Option<&Object>) -> PyResult<()> {
        let ty = self.ty();
        if let Some(f) = ty.mapping().and_then(|m| m.ass_subscript.get()) {
            return from_status(f(self, key, value));
        }
        if let Some(f) = ty.sequence().and_then(|s| s.ass_item.get()) {
            if !crate::protocol::number::has_index(key) {
                bail!(TypeError, "sequence index must be integer, not '{}'", key.ty().name_str());
            }
            let i = key.index_as_isize(Some(exceptions::IndexError))?;
            return from_status(f(self, self.wrap_index(i)?, value));
        }
        if value.is_some() {
            bail!(TypeError, "'{}' object does not support item assignment", ty.name_str());
        }
        let does_not =
            if ty.sequence().is_some() && crate::protocol::number::has_index(key) { "doesn't" } else { "does not" };
        bail!(TypeError, "'{}' object {does_not} support item deletion", ty.name_str())
    }

    /// `self[i]` by `sq_item` (`PySequence_GetItem`).
    pub fn sequence_item(&self, i: isize) -> PyResult {
        match self.ty().sequence().and_then(|s| s.item.get()) {
            Some(f) => f(self, self.wrap_index(i)?),
            None if self.ty().mapping().and_then(|m| m.subscript.get()).is_some() => {
                bail!(TypeError, "{} is not a sequence", self.ty().name_str())
            }
            None => bail!(TypeError, "'{}' object does not support indexing", self.ty().name_str()),
        }
    }

    /// `x in self`.
    pub fn contains(&self, x: &Object) -> PyResult<bool> {
        if let Some(f) = self.ty().sequence().and_then(|s| s.contains.get()) {
            return from_status_bool(f(self, x));
        }
        let it = match self.iter() {
            Ok(it) => it,
            Err(e) if e.matches(exceptions::TypeError) => {
                e.clear();
                bail!(TypeError, "argument of type '{}' is not a container or iterable", self.ty().name_str());
            }
            Err(e) => return Err(e),
        };
        while let Some(item) = it.next()? {
            if item.eq(x)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// A new list of the items (`list(self)`).
    pub fn to_list(&self) -> PyResult<Ref<List>> {
        let l = List::new();
        l.extend_from(self)?;
        Ok(l)
    }

    /// The items as a tuple (`tuple(self)`); an exact tuple is itself.
    pub fn to_tuple(&self) -> PyResult<Ref<Tuple>> {
        if let Some(t) = self.downcast_exact::<Tuple>() {
            return Ok(Ref::from_borrowed(t));
        }
        if let Some(l) = self.downcast_exact::<List>() {
            return Ok(Tuple::from_vec(l.snapshot()));
        }
        Ok(Tuple::from_vec(crate::protocol::iter::collect(self)?))
    }

    /// Whether `operator` treats it as a sequence (`PySequence_Check`).
    pub fn is_sequence(&self) -> bool {
        !self.ty().has_flag(crate::flags::DICT_SUBCLASS) && self.ty().sequence().is_some_and(|s| s.item.get().is_some())
    }

    /// Whether `self` has `mp_subscript` (`PyMapping_Check`).
    pub fn is_mapping(&self) -> bool {
        self.ty().mapping().is_some_and(|m| m.subscript.get().is_some())
    }

    /// For [`crate::args::with_tuple_args`].
    pub fn is_null_or_empty_dict(&self) -> bool {
        self.cast::<crate::types::dict::Dict>().is_empty()
    }
}

/// The items of a sequence or iterable as owned references; exact lists and tuples are not iterated. `message` is the text of the
/// `TypeError` when it is not iterable (`PySequence_Fast`).
pub fn fast_items(o: &Object, message: &str) -> PyResult<Vec<Obj>> {
    if let Some(t) = o.downcast_exact::<Tuple>() {
        return Ok(t.items().to_vec());
    }
    if let Some(l) = o.downcast_exact::<List>() {
        return Ok(l.snapshot());
    }
    match o.iter() {
        Ok(it) => crate::protocol::iter::collect_iterator(&it, o.length_hint(0)?),
        Err(e) if e.matches(exceptions::TypeError) => {
            e.clear();
            bail!(TypeError, "{message}")
        }
        Err(e) => Err(e),
    }
}
