//! What a `class` statement does: `__build_class__`.

use crate::function::Function;
use taipan_object::types::cell::Cell;
use taipan_object::types::dict::Dict;
use taipan_object::types::str::Str;
use taipan_object::types::tuple::Tuple;
use taipan_object::types::type_::PyType_Type;
use taipan_object::{Obj, Object, PyResult, Ref, Type, bail, intern};

/// `__build_class__(func, name, /, *bases, [metaclass], **kwds)`.
pub fn build_class(args: &[&Object], names: Option<&Tuple>, kwvalues: &[&Object]) -> PyResult {
    if args.len() < 2 {
        bail!(TypeError, "__build_class__: not enough arguments");
    }
    let Some(func) = args[0].downcast_exact::<Function>() else {
        bail!(TypeError, "__build_class__: func must be a function");
    };
    let name = args[1];
    if name.downcast::<Str>().is_none() {
        bail!(TypeError, "__build_class__: name is not a string");
    }
    let original = Tuple::new(&args[2..]);
    let bases = update_bases(&original)?;
    let mut meta: Option<Obj> = None;
    let keywords = Dict::new();
    if let Some(names) = names {
        for (i, v) in kwvalues.iter().enumerate() {
            let k = names.item(i);
            if k.downcast::<Str>().is_some_and(|s| s.eq_str("metaclass")) {
                meta = Some((*v).to_obj());
            } else {
                keywords.set_item(k, v)?;
            }
        }
    }
    let mut meta = match meta {
        Some(m) => m,
        None if bases.is_empty() => PyType_Type.to_obj(),
        None => bases.item(0).ty().to_obj(),
    };
    let is_class = meta.downcast::<Type>().is_some();
    if is_class {
        meta = winner_metaclass(&meta, &bases)?;
    }
    let namespace = match meta.get_attr_opt(intern!("__prepare__"))? {
        None => Dict::new().into_obj(),
        Some(prepare) => prepare.call_tuple(&Tuple::new(&[name, &bases]), Some(&keywords))?,
    };
    if !namespace.is_mapping() {
        let who = if is_class { meta.cast::<Type>().short_name().to_owned() } else { "<metaclass>".to_owned() };
        bail!(TypeError, "{who}.__prepare__() must return a mapping, not {}", namespace.ty().name_str());
    }
    let cell = crate::call::eval_code(func.code(), func.globals(), &namespace, func.closure())?;
    if !original.is(&bases) {
        namespace.set_item(intern!("__orig_bases__"), &original)?;
    }
    let cls = meta.call_tuple(&Tuple::new(&[name, &bases, &namespace]), Some(&keywords))?;
    if cls.downcast::<Type>().is_some()
        && let Some(cell) = cell.downcast_exact::<Cell>()
    {
        match cell.get() {
            None => bail!(
                RuntimeError,
                "__class__ not set defining {} as {}. Was __classcell__ propagated to type.__new__?",
                name.repr()?.display(),
                cls.repr()?.display()
            ),
            Some(set) if !set.is(&cls) => bail!(
                TypeError,
                "__class__ set to {} defining {} as {}",
                set.repr()?.display(),
                name.repr()?.display(),
                cls.repr()?.display()
            ),
            Some(_) => {}
        }
    }
    Ok(cls)
}

/// Replaces bases that are no classes by what their `__mro_entries__` gives.
fn update_bases(bases: &Ref<Tuple>) -> PyResult<Ref<Tuple>> {
    let mut new: Option<Vec<Obj>> = None;
    for (i, b) in bases.items().iter().enumerate() {
        if b.downcast::<Type>().is_none()
            && let Some(entries) = b.get_attr_opt(intern!("__mro_entries__"))?
        {
            let replacement = entries.call_one(bases)?;
            let Some(replacement) = replacement.downcast::<Tuple>() else {
                bail!(TypeError, "__mro_entries__ must return a tuple");
            };
            new.get_or_insert_with(|| bases.items()[..i].to_vec()).extend_from_slice(replacement.items());
        } else if let Some(new) = &mut new {
            new.push(b.clone());
        }
    }
    Ok(match new {
        Some(v) => Tuple::from_vec(v),
        None => bases.clone(),
    })
}

/// The most derived of the metaclasses of all bases.
fn winner_metaclass(meta: &Object, bases: &Tuple) -> PyResult {
    let mut winner: &Type = meta.cast();
    for b in bases.items() {
        let t = b.ty();
        if winner.is_subtype(t) {
            continue;
        }
        if t.is_subtype(winner) {
            winner = t;
            continue;
        }
        bail!(
            TypeError,
            "metaclass conflict: the metaclass of a derived class must be a (non-strict) subclass of the metaclasses of all its bases"
        );
    }
    Ok(winner.to_obj())
}
