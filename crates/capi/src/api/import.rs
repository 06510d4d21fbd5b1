//! Importing.

use crate::prelude::*;
use taipan_object::types::module::Module;
use taipan_vm::import;

fn add_module(name: &Object) -> PyResult {
    let modules = import::modules()?;
    if let Some(m) = modules.cast::<Dict>().get_item(name)?
        && m.downcast::<Module>().is_some()
    {
        return Ok(m);
    }
    let m = crate::moduledef::new_module(name)?;
    modules.set_item(name, &m)?;
    Ok(m)
}

exports! {
    fn PyImport_ImportModule(name: Text) -> PyResult { import::import(&name.text()) }
    fn PyImport_ImportModuleNoBlock(name: Text) -> PyResult { import::import(&name.text()) }
    fn PyImport_Import(name: &Object) -> PyResult { import::import(&typed::<Str>(name)?.to_utf8_lossy()) }
    fn PyImport_ImportModuleLevelObject(name: &Object, globals: Null<'_>, _locals: Null<'_>, fromlist: Null<'_>, level: c_int) -> PyResult {
        import::import_module_level(name, globals, fromlist, level)
    }
    fn PyImport_ImportModuleLevel(name: Text, globals: Null<'_>, _locals: Null<'_>, fromlist: Null<'_>, level: c_int) -> PyResult {
        import::import_module_level(&*name.obj()?, globals, fromlist, level)
    }
    fn PyImport_GetModuleDict() -> Null<'static> { taipan_object::Interp::current().modules.get() }
    fn PyImport_GetModule(name: &Object) -> Option<Obj> {
        let modules = import::modules().ok()?;
        match modules.downcast::<Dict>() {
            Some(d) => d.get_item(name).unwrap_or(None),
            None => modules.get_item(name).map(Some).or_else(|e| e.recover(exceptions::KeyError, None)).unwrap_or(None),
        }
    }
    fn PyImport_AddModuleRef(name: Text) -> PyResult { add_module(&*name.name()?) }
    fn PyImport_AddModuleObject(name: &Object) -> Null<'static> {
        // SAFETY: borrowed from `sys.modules`, which keeps it.
        add_module(name).ok().map(|m| unsafe { &*m.as_ptr() })
    }
    fn PyImport_AddModule(name: Text) -> Null<'static> { name.name().ok().and_then(|n| PyImport_AddModuleObject(&n)) }
    fn PyImport_ReloadModule(m: &Object) -> PyResult { import::import("importlib")?.call_method(intern!("reload"), &[m]) }
    fn PyImport_GetMagicNumber() -> c_long { 3627 | 0x0a0d_0000 }
}
