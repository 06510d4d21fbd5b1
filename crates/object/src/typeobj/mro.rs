//! Method resolution order: C3 linearisation (PEP 3119's basis, "The Python 2.3 Method Resolution Order").

use crate::error::PyResult;
use crate::header::{Obj, Object, Ref};
use crate::types::tuple::Tuple;
use crate::types::type_::PyType_Type;
use crate::{Type, bail, intern};

/// The C3 linearisation of `ty` over its bases, `ty` first.
pub fn c3(ty: &Type) -> PyResult<Vec<Obj>> {
    let bases = ty.bases_tuple();
    let mut result = vec![ty.to_obj()];
    if let [only] = bases.items() {
        // One base: its own order follows.
        let base: &Type = only.cast();
        let mro = base.mro_tuple()?;
        result.extend(mro.items().iter().cloned());
        return Ok(result);
    }
    for (i, b) in bases.items().iter().enumerate() {
        if bases.items()[..i].iter().any(|c| c.is(b)) {
            bail!(TypeError, "duplicate base class {}", class_name(b));
        }
    }
    let mut sequences: Vec<Vec<Obj>> = Vec::with_capacity(bases.len() + 1);
    for b in bases.items() {
        sequences.push(b.cast::<Type>().mro_tuple()?.items().to_vec());
    }
    sequences.push(bases.items().to_vec());
    let mut heads = vec![0usize; sequences.len()];
    loop {
        let mut done = true;
        let mut chosen: Option<Obj> = None;
        for (i, s) in sequences.iter().enumerate() {
            let Some(candidate) = s.get(heads[i]) else { continue };
            done = false;
            let blocked = sequences.iter().zip(&heads).any(|(s, &h)| s.iter().skip(h + 1).any(|o| o.is(candidate)));
            if !blocked {
                chosen = Some(candidate.clone());
                break;
            }
        }
        if done {
            return Ok(result);
        }
        let Some(next) = chosen else {
            return Err(conflict(&sequences, &heads));
        };
        for (s, h) in sequences.iter().zip(heads.iter_mut()) {
            if s.get(*h).is_some_and(|o| o.is(&next)) {
                *h += 1;
            }
        }
        result.push(next);
    }
}

fn class_name(o: &Object) -> String {
    match o.get_attr_opt(intern!("__name__")) {
        Ok(Some(n)) => n.str().map_or_else(|_| "?".to_owned(), |s| s.to_utf8_lossy().into_owned()),
        _ => "?".to_owned(),
    }
}

#[cold]
fn conflict(sequences: &[Vec<Obj>], heads: &[usize]) -> crate::Raised {
    let mut names: Vec<(usize, String)> = Vec::new();
    for (s, &h) in sequences.iter().zip(heads) {
        if let Some(o) = s.get(h) {
            let p = o.as_ptr() as usize;
            if !names.iter().any(|(q, _)| *q == p) {
                names.push((p, class_name(o)));
            }
        }
    }
    let names: Vec<String> = names.into_iter().map(|(_, n)| n).collect();
    crate::raise!(TypeError, "Cannot create a consistent method resolution order (MRO) for bases {}", names.join(", "))
}

/// The order for `ty`: its metaclass's `mro()` if that is overridden, else C3. Checks what an overriding `mro` answers.
pub fn compute(ty: &Type) -> PyResult<Ref<Tuple>> {
    let meta = ty.as_object().ty();
    if std::ptr::eq(meta, &PyType_Type) {
        return Ok(Tuple::from_vec(c3(ty)?));
    }
    let mro = match ty.as_object().lookup_special(intern!("mro"))? {
        Some(m) => m.call_noargs()?.to_tuple()?,
        None => return Ok(Tuple::from_vec(c3(ty)?)),
    };
    for item in mro.items() {
        let Some(base) = item.downcast::<Type>() else {
            bail!(TypeError, "mro() returned a non-class ('{}')", item.ty().name_str());
        };
        if !ty.solid_base().is_subtype(base.solid_base()) {
            bail!(TypeError, "mro() returned base with unsuitable layout ('{}')", base.name_str());
        }
    }
    // A change of a class that is no base would not reach this one: what is found on it must not be remembered.
    if !has_default_mro(meta) {
        ty.give_up_versions();
    }
    Ok(mro)
}

/// Whether the metaclass leaves the order to `type`.
fn has_default_mro(meta: &Type) -> bool {
    match (meta.lookup(intern!("mro")), PyType_Type.own_attr(intern!("mro"))) {
        (Some(a), Some(b)) => a.is(&b),
        _ => false,
    }
}

impl Type {
    /// `__bases__` as the tuple that it is once the type is ready.
    pub fn bases_tuple(&self) -> Ref<Tuple> {
        match self.bases.get_owned().map(|b| b.downcast_into::<Tuple>()) {
            Some(Ok(t)) => t,
            _ => Tuple::empty(),
        }
    }

    /// `__mro__`; raises for a class that is still being made.
    pub fn mro_tuple(&self) -> PyResult<Ref<Tuple>> {
        match self.mro.get_owned().map(|b| b.downcast_into::<Tuple>()) {
            Some(Ok(t)) => Ok(t),
            _ => bail!(TypeError, "Cannot extend an incomplete type '{}'", self.name_str()),
        }
    }
}
