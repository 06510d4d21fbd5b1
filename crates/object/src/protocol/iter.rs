//! Iteration.

use crate::bail;
use crate::error::{PyResult, from_iternext};
use crate::header::{Obj, Object};
use crate::types::{list::List, tuple::Tuple};

impl Object {
    /// `iter(self)`.
    pub fn iter(&self) -> PyResult {
        let ty = self.ty();
        match ty.iter.get() {
            Some(f) => {
                let it = f(self)?;
                if !it.is_iterator() {
                    bail!(TypeError, "iter() returned non-iterator of type '{}'", it.ty().name_str());
                }
                Ok(it)
            }
            None if self.is_sequence() => Ok(crate::types::iterators::seq_iter(self)),
            None => bail!(TypeError, "'{}' object is not iterable", ty.name_str()),
        }
    }

    /// Whether the object has `__next__`.
    pub fn is_iterator(&self) -> bool {
        self.ty().iternext.get().is_some_and(|f| f as usize != not_an_iterator as *const () as usize)
    }

    /// The next item of an iterator, `None` when it is exhausted.
    #[inline]
    pub fn next(&self) -> PyResult<Option<Obj>> {
        match self.ty().iternext.get() {
            Some(f) => from_iternext(f(self)),
            None => bail!(TypeError, "'{}' object is not an iterator", self.ty().name_str()),
        }
    }
}

/// `tp_iternext` of classes that set `__next__ = None` (`_PyObject_NextNotImplemented`).
pub extern "C" fn not_an_iterator(o: &Object) -> Option<Obj> {
    let _ = crate::raise!(TypeError, "'{}' object is not iterable", o.ty().name_str());
    None
}

/// `tp_iter` of iterators (`PyObject_SelfIter`).
pub extern "C" fn self_iter(o: &Object) -> PyResult {
    Ok(o.to_obj())
}

/// Calls `f` with each item. Exact lists and tuples are walked without an iterator.
pub fn for_each(iterable: &Object, mut f: impl FnMut(Obj) -> PyResult<()>) -> PyResult<()> {
    if let Some(t) = iterable.downcast_exact::<Tuple>() {
        return t.items().iter().try_for_each(|o| f(o.clone()));
    }
    if let Some(l) = iterable.downcast_exact::<List>() {
        let mut i = 0;
        while let Some(o) = l.get(i) {
            f(o)?;
            i += 1;
        }
        return Ok(());
    }
    let it = iterable.iter()?;
    while let Some(o) = it.next()? {
        f(o)?;
    }
    Ok(())
}

/// All items of an iterable.
pub fn collect(iterable: &Object) -> PyResult<Vec<Obj>> {
    if let Some(t) = iterable.downcast_exact::<Tuple>() {
        return Ok(t.items().to_vec());
    }
    if let Some(l) = iterable.downcast_exact::<List>() {
        return Ok(l.snapshot());
    }
    let it = iterable.iter()?;
    let hint = iterable.length_hint(8)?;
    collect_iterator(&it, hint)
}

/// All items of an iterator.
pub fn collect_iterator(it: &Object, hint: usize) -> PyResult<Vec<Obj>> {
    let mut v = Vec::with_capacity(hint.min(1 << 16));
    while let Some(o) = it.next()? {
        v.push(o);
    }
    Ok(v)
}
