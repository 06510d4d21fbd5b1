//! `import`.

use super::prelude::*;
use crate::import_errors;
use taipan_object::types::exceptions;

general!(IMPORT_NAME(vm, n) {
    let frame = vm.frame();
    let m = import_name(frame, vm.name(n), vm.obj(1), vm.obj(2))?;
    vm.finish(2, m);
    Ok(())
});

/// Calls the `__import__` of the frame's builtins.
fn import_name(frame: &Frame, name: &Object, fromlist: &Object, level: &Object) -> PyResult {
    let Some(f) = mapping_get_opt(frame.builtins(), intern!("__import__"))? else {
        bail!(ImportError, "__import__ not found");
    };
    let locals = frame.locals().unwrap_or(none());
    f.call(&[name, frame.globals(), locals, fromlist, level])
}

general!(IMPORT_FROM(vm, n) {
    let v = import_from(vm.obj(1), vm.name(n))?;
    vm.push_obj(v);
    Ok(())
});

/// `from module import name`: an attribute, or a submodule that is being imported.
fn import_from(module: &Object, name: &Object) -> PyResult {
    if let Some(v) = module.get_attr_opt(name)? {
        return Ok(v);
    }
    let package = match module.get_attr_opt(intern!("__name__"))? {
        Some(p) if p.downcast::<Str>().is_some() => Some(p),
        _ => None,
    };
    if let Some(package) = &package {
        let full = Str::from_utf8(&format!("{}.{}", package.cast::<Str>().display(), name.cast::<Str>().display()));
        if let Some(modules) = Thread::current().interp.modules.get_owned()
            && let Some(m) = mapping_get_opt(&modules, &full)?
        {
            return Ok(m);
        }
    }
    Err(import_errors::cannot_import_name(module, package.as_deref(), name))
}

/// `from module import *` into the frame's namespace.
pub fn import_star(frame: &mut Frame, module: &Object) -> PyResult<()> {
    let Some(locals) = frame.locals() else { bail!(SystemError, "no locals found during 'import *'") };
    let locals = locals.to_obj();
    let (names, skip_underscores) = match module.get_attr_opt(intern!("__all__"))? {
        Some(all) => (all, false),
        None => {
            let Some(dict) = module.get_attr_opt(intern!("__dict__"))? else {
                bail!(ImportError, "from-import-* object has no __dict__ and no __all__");
            };
            (dict.call_method(intern!("keys"), &[])?.to_list()?.into_obj(), true)
        }
    };
    let mut i = 0;
    loop {
        let name = match names.sequence_item(i) {
            Ok(n) => n,
            Err(e) => return e.recover(exceptions::IndexError, ()),
        };
        i += 1;
        let Some(text) = name.downcast::<Str>() else {
            let Some(module_name) = module.get_attr_opt(intern!("__name__"))? else {
                bail!(TypeError, "module __name__ must be a string");
            };
            if module_name.downcast::<Str>().is_none() {
                bail!(TypeError, "module __name__ must be a string, not {}", module_name.ty().name_str());
            }
            let module_name = module_name.cast::<Str>().display().to_string();
            let got = name.ty().name_str();
            if skip_underscores {
                bail!(TypeError, "Key in {module_name}.__dict__ must be str, not {got}");
            }
            bail!(TypeError, "Item in {module_name}.__all__ must be str, not {got}");
        };
        if skip_underscores && !text.is_empty() && text.char_at(0) == '_' as u32 {
            continue;
        }
        let value = module.get_attr(&name)?;
        locals.set_item(&name, &value)?;
    }
}
