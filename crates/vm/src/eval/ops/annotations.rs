//! `__annotations__` of modules and classes under `from __future__ import annotations`.

use super::prelude::*;

general!(SETUP_ANNOTATIONS(vm, _) {
    let Some(locals) = vm.frame().locals() else { bail!(SystemError, "no locals found when setting up annotations") };
    if mapping_get_opt(locals, intern!("__annotations__"))?.is_none() {
        locals.set_item(intern!("__annotations__"), &Dict::new())?;
    }
    Ok(())
});
