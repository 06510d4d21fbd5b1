//! Warnings.

use crate::prelude::*;

fn category(o: Null<'_>) -> &Type {
    o.map_or(exceptions::RuntimeWarning, |o| o.cast())
}

exports! {
    fn PyErr_WarnEx(ty: Null<'_>, message: Text, level: isize) -> c_int { status((taipan_object::hooks::get().warn)(category(ty), &message.text(), level)) }
    fn PyErr_Warn(ty: Null<'_>, message: Text) -> c_int { status((taipan_object::hooks::get().warn)(category(ty), &message.text(), 1)) }
    fn PyErr_WarnExplicit(ty: Null<'_>, message: Text, file: Text, line: c_int, module: Text, _registry: Null<'_>) -> c_int {
        status((|| {
            let m = if module.is_null() { None } else { Some(module.obj()?) };
            taipan_vm::warnings::warn_explicit(category(ty), &message.text(), &file.text(), line as i64, m.as_deref())
        })())
    }
    fn taipan_capi_warn_object(ty: Null<'_>, level: isize, message: &Object) -> c_int {
        status(message.str().and_then(|m| (taipan_object::hooks::get().warn)(category(ty), &m.to_utf8_lossy(), level)))
    }
}
