//! Why `from module import name` failed, with the reference's hints.

use taipan_object::types::exceptions;
use taipan_object::types::module::shadows_import_path;
use taipan_object::types::str::Str;
use taipan_object::types::tuple::Tuple;
use taipan_object::{Obj, Object, PyResult, Raised, intern};

/// Raises the `ImportError`.
#[cold]
pub fn cannot_import_name(module: &Object, package: Option<&Object>, name: &Object) -> Raised {
    describe(module, package, name).unwrap_or_else(|e| e)
}

fn describe(module: &Object, package: Option<&Object>, name: &Object) -> PyResult<Raised> {
    let unknown = Str::from_utf8("<unknown module name>").into_obj();
    let package: Obj = package.map_or(unknown, |p| p.to_obj());
    let (what, from) = (name.repr()?, package.repr()?);
    let (what, from) = (what.display(), from.display());
    let spec = module.get_attr_opt(intern!("__spec__"))?.filter(|s| !s.is_none());
    let origin = match &spec {
        Some(s) => spec_origin(s)?,
        None => None,
    };
    let origin = match origin {
        Some(o) => Some(o),
        None => module.get_attr_opt(intern!("__file__"))?.filter(|f| f.downcast::<Str>().is_some()),
    };
    let shadowing = match &origin {
        Some(o) => o.downcast::<Str>().is_some_and(|o| shadows_import_path(&o.to_utf8_lossy())),
        None => false,
    };
    let stdlib = shadowing && is_stdlib_name(&package)?;
    let text = if stdlib {
        format!(
            "cannot import name {what} from {from} (consider renaming {} since it has the same name as the standard library module named {from} and prevents importing that standard library module)",
            origin.as_ref().map_or(Ok(String::new()), |o| o.repr().map(|r| r.display().to_string()))?
        )
    } else {
        let initializing = match &spec {
            Some(s) => match s.get_attr_opt(intern!("_initializing"))? {
                Some(i) => i.is_true()?,
                None => false,
            },
            None => false,
        };
        match &origin {
            Some(o) if initializing && shadowing => format!(
                "cannot import name {what} from {from} (consider renaming {} if it has the same name as a library you intended to import)",
                o.repr()?.display()
            ),
            Some(o) if initializing => format!(
                "cannot import name {what} from partially initialized module {from} (most likely due to a circular import) ({})",
                o.str()?.display()
            ),
            Some(o) => format!("cannot import name {what} from {from} ({})", o.str()?.display()),
            None => format!("cannot import name {what} from {from} (unknown location)"),
        }
    };
    Ok(exceptions::import_error(exceptions::ImportError, &text, Some(&package), origin.as_deref(), Some(name)))
}

fn spec_origin(spec: &Object) -> PyResult<Option<Obj>> {
    let has_location = match spec.get_attr_opt(intern!("has_location"))? {
        Some(h) => h.is_true()?,
        None => false,
    };
    if !has_location {
        return Ok(None);
    }
    Ok(spec.get_attr_opt(intern!("origin"))?.filter(|o| o.downcast::<Str>().is_some()))
}

fn is_stdlib_name(package: &Object) -> PyResult<bool> {
    let Some(names) = crate::support::sys_attr("stdlib_module_names")? else { return Ok(false) };
    let text = package.str()?;
    let head = text.to_utf8_lossy();
    let head = head.split('.').next().unwrap_or("");
    let as_tuple = names.to_tuple()?;
    let t: &Tuple = &as_tuple;
    Ok(t.items().iter().any(|n| n.downcast::<Str>().is_some_and(|n| n.eq_str(head))))
}
