//! Global names, and names in class and module bodies.

use super::prelude::*;

general!(LOAD_GLOBAL(vm, n) [specialize::load_global] {
    let name = vm.name(n >> 1);
    let v = load_global(vm.frame(), name)?;
    vm.push_obj(v);
    if n & 1 != 0 {
        vm.push(StackRef::NULL);
    }
    Ok(())
});

/// A name in the frame's globals, then its builtins.
pub fn load_global(frame: &Frame, name: &Object) -> PyResult {
    if let Some(v) = mapping_get_opt(frame.globals(), name)? {
        return Ok(v);
    }
    match mapping_get_opt(frame.builtins(), name)? {
        Some(v) => Ok(v),
        None => Err(raise_name_error(name)),
    }
}

general!(LOAD_NAME(vm, n) {
    let name = vm.name(n);
    let frame = vm.frame();
    let Some(locals) = frame.locals() else { bail!(SystemError, "no locals found") };
    let v = match mapping_get_opt(locals, name)? {
        Some(v) => v,
        None => load_global(frame, name)?,
    };
    vm.push_obj(v);
    Ok(())
});

general!(LOAD_FROM_DICT_OR_GLOBALS(vm, n) {
    let name = vm.name(n);
    let v = match mapping_get_opt(vm.obj(1), name)? {
        Some(v) => v,
        None => load_global(vm.frame(), name)?,
    };
    vm.finish(1, v);
    Ok(())
});

general!(STORE_GLOBAL(vm, n) {
    let globals = vm.frame().globals().cast_unchecked::<Dict>();
    globals.set_item(vm.name(n), vm.obj(1))?;
    vm.close_n(1);
    Ok(())
});

general!(DELETE_GLOBAL(vm, n) {
    let name = vm.name(n);
    let globals = vm.frame().globals().cast_unchecked::<Dict>();
    delete_name(globals, name)
});

fn delete_name(namespace: &Object, name: &Object) -> PyResult<()> {
    namespace.del_item(name).map_err(|e| {
        if e.matches(taipan_object::types::exceptions::KeyError) {
            e.clear();
            return raise_name_error(name);
        }
        e
    })
}

general!(STORE_NAME(vm, n) {
    let name = vm.name(n);
    let Some(locals) = vm.frame().locals() else {
        bail!(SystemError, "no locals found when storing {}", name.repr()?.display());
    };
    match locals.downcast_exact::<Dict>() {
        Some(d) => d.set_item(name, vm.obj(1))?,
        None => locals.set_item(name, vm.obj(1))?,
    }
    vm.close_n(1);
    Ok(())
});

general!(DELETE_NAME(vm, n) {
    let name = vm.name(n);
    let Some(locals) = vm.frame().locals() else {
        bail!(SystemError, "no locals when deleting {}", name.repr()?.display());
    };
    delete_name(locals, name)
});

general!(LOAD_LOCALS(vm, _) {
    let Some(locals) = vm.frame().locals() else { bail!(SystemError, "no locals") };
    vm.push(StackRef::new(locals));
    Ok(())
});

general!(LOAD_BUILD_CLASS(vm, _) {
    let Some(f) = mapping_get_opt(vm.frame().builtins(), intern!("__build_class__"))? else {
        bail!(NameError, "__build_class__ not found");
    };
    vm.push_obj(f);
    Ok(())
});
