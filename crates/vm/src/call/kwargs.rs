//! Merging `**kwargs` of a call.

use crate::support::function_str;
use taipan_object::header::Layout;
use taipan_object::types::dict::Dict;
use taipan_object::types::exceptions;
use taipan_object::types::str::Str;
use taipan_object::{Object, PyResult, bail, intern};

/// Adds the items of the mapping `other` to `d`, the keyword arguments for `callable` so far; a name given twice is an error.
pub fn merge_kwargs(d: &Dict, other: &Object, callable: &Object) -> PyResult<()> {
    if let Some(o) = other.downcast::<Dict>()
        && o.ty().iter.get().map(|f| f as usize) == Dict::type_object().iter.get().map(|f| f as usize)
    {
        for (k, v) in o.pairs() {
            add(d, &k, &v, callable)?;
        }
        return Ok(());
    }
    let keys = match other.get_attr_opt(intern!("keys"))? {
        Some(keys) => keys.call_noargs()?,
        None => bail!(
            TypeError,
            "{} argument after ** must be a mapping, not {}",
            function_str(callable)?,
            other.ty().name_str()
        ),
    };
    let it = keys.iter()?;
    while let Some(k) = it.next()? {
        let v = match other.get_item(&k) {
            Ok(v) => v,
            Err(e) if e.matches(exceptions::AttributeError) => {
                e.clear();
                bail!(
                    TypeError,
                    "{} argument after ** must be a mapping, not {}",
                    function_str(callable)?,
                    other.ty().name_str()
                );
            }
            Err(e) => return Err(e),
        };
        add(d, &k, &v, callable)?;
    }
    Ok(())
}

fn add(d: &Dict, k: &Object, v: &Object, callable: &Object) -> PyResult<()> {
    if d.get_item(k)?.is_some() {
        if k.downcast::<Str>().is_none() {
            bail!(TypeError, "{} keywords must be strings", function_str(callable)?);
        }
        bail!(
            TypeError,
            "{} got multiple values for keyword argument '{}'",
            function_str(callable)?,
            k.str()?.display()
        );
    }
    d.set_item(k, v)
}
