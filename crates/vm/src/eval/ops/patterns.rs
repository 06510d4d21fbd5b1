//! `match` statements.

use super::prelude::*;
use taipan_object::typeobj::flags;

general!(GET_LEN(vm, _) {
    let n = vm.obj(1).len()?;
    vm.push_obj(new_int(n as i64));
    Ok(())
});

op!(MATCH_MAPPING(vm, _) {
    let b = vm.tos().as_ref().ty().has_flag(flags::MAPPING);
    vm.push(StackRef::borrow(bool_object(b)));
    Flow::Next
});

op!(MATCH_SEQUENCE(vm, _) {
    let b = vm.tos().as_ref().ty().has_flag(flags::SEQUENCE);
    vm.push(StackRef::borrow(bool_object(b)));
    Flow::Next
});

general!(MATCH_KEYS(vm, _) {
    let values = match_keys(vm.obj(2), vm.obj(1).cast_unchecked::<Tuple>())?;
    match values {
        Some(v) => vm.push_obj(v.into_obj()),
        None => vm.push(StackRef::borrow(none())),
    }
    Ok(())
});

/// The values of all keys, by the mapping's `get`.
fn match_keys(map: &Object, keys: &Tuple) -> PyResult<Option<Ref<Tuple>>> {
    if keys.is_empty() {
        return Ok(Some(Tuple::from_vec(Vec::new())));
    }
    let get = map.get_attr(intern!("get"))?;
    let seen = new_set()?;
    // A value that no mapping holds, to tell absent keys.
    let dummy = Dict::new().into_obj();
    let mut values = Vec::with_capacity(keys.len());
    for key in keys.items() {
        if set_contains(&seen, key)? {
            bail!(ValueError, "mapping pattern checks duplicate key ({})", key.repr()?.display());
        }
        set_add(&seen, key)?;
        let v = get.call(&[key, &dummy])?;
        if v.is(&dummy) {
            return Ok(None);
        }
        values.push(v);
    }
    Ok(Some(Tuple::from_vec(values)))
}

general!(MATCH_CLASS(vm, n) {
    let r = match_class(vm.obj(3), vm.obj(2), n, vm.obj(1).cast_unchecked::<Tuple>())?;
    let r = r.map_or_else(|| none().to_obj(), |t| t.into_obj());
    vm.finish(3, r);
    Ok(())
});

/// The attributes that a class pattern asks for: `positional` ones by `__match_args__`, then those in `names`.
fn match_class(subject: &Object, cls: &Object, positional: usize, names: &Tuple) -> PyResult<Option<Ref<Tuple>>> {
    let Some(ty) = cls.downcast::<Type>() else {
        bail!(TypeError, "called match pattern must be a class");
    };
    if !subject.is_instance(cls)? {
        return Ok(None);
    }
    let seen = new_set()?;
    let mut attrs = Vec::with_capacity(positional + names.len());
    if positional > 0 {
        let mut match_self = false;
        let match_args = match cls.get_attr_opt(intern!("__match_args__"))? {
            Some(a) => {
                if a.downcast_exact::<Tuple>().is_none() {
                    bail!(TypeError, "{}.__match_args__ must be a tuple (got {})", ty.name_str(), a.ty().name_str());
                }
                a
            }
            None => {
                match_self = ty.has_flag(flags::MATCH_SELF);
                Tuple::from_vec(Vec::new()).into_obj()
            }
        };
        let match_args: &Tuple = match_args.cast();
        let allowed = if match_self { 1 } else { match_args.len() };
        if allowed < positional {
            let s = if allowed == 1 { "" } else { "s" };
            bail!(TypeError, "{}() accepts {allowed} positional sub-pattern{s} ({positional} given)", ty.name_str());
        }
        if match_self {
            attrs.push(subject.to_obj());
        } else {
            for i in 0..positional {
                let name = match_args.item(i);
                if name.downcast_exact::<Str>().is_none() {
                    bail!(TypeError, "__match_args__ elements must be strings (got {})", name.ty().name_str());
                }
                match match_attr(subject, ty, name, &seen)? {
                    Some(v) => attrs.push(v),
                    None => return Ok(None),
                }
            }
        }
    }
    for name in names.items() {
        match match_attr(subject, ty, name, &seen)? {
            Some(v) => attrs.push(v),
            None => return Ok(None),
        }
    }
    Ok(Some(Tuple::from_vec(attrs)))
}

fn match_attr(subject: &Object, ty: &Type, name: &Object, seen: &Object) -> PyResult<Option<Obj>> {
    if set_contains(seen, name)? {
        bail!(TypeError, "{}() got multiple sub-patterns for attribute {}", ty.name_str(), name.repr()?.display());
    }
    set_add(seen, name)?;
    subject.get_attr_opt(name)
}
