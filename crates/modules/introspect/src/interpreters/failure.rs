//! What is told of an exception in another interpreter.

use super::namespace;
use taipan_object::types::none;
use taipan_object::types::str::Str;
use taipan_object::{Obj, Object, PyResult, intern};
use taipan_vm::import;

/// An exception, as texts.
pub struct Failure {
    name: String,
    qualname: String,
    module: String,
    message: Option<String>,
    display: Option<String>,
}

fn quietly<T>(r: PyResult<T>) -> Option<T> {
    match r {
        Ok(v) => Some(v),
        Err(e) => {
            e.clear();
            None
        }
    }
}

impl Failure {
    /// Of an exception of the current interpreter.
    pub fn of(exc: &Object) -> Failure {
        let ty = exc.ty();
        let text = |name: &Object| {
            quietly(ty.as_object().get_attr(name))
                .and_then(|v| quietly(v.str()))
                .map(|s| s.to_utf8_lossy().into_owned())
        };
        let display = || -> PyResult<String> {
            let class = import::import("traceback")?.get_attr(intern!("TracebackException"))?;
            let te = class.call_method(intern!("from_exception"), &[exc])?;
            let lines = te.call_method(intern!("format"), &[])?;
            let mut out = String::new();
            for l in taipan_object::protocol::iter::collect(&lines)? {
                out.push_str(&l.str()?.to_utf8_lossy());
            }
            out.truncate(out.trim_end_matches('\n').len());
            Ok(out)
        };
        Failure {
            name: text(intern!("__name__")).unwrap_or_default(),
            qualname: text(intern!("__qualname__")).unwrap_or_default(),
            module: text(intern!("__module__")).unwrap_or_default(),
            message: quietly(exc.str()).map(|s| s.to_utf8_lossy().into_owned()),
            display: quietly(display()),
        }
    }

    /// As the library wants it, in the current interpreter.
    pub fn to_object(&self) -> PyResult {
        let text = |s: &str| Str::from_utf8(s).into_obj();
        let optional = |s: Option<&str>| -> Obj { s.map_or_else(none::none_obj, |s| Str::from_utf8(s).into_obj()) };
        let ty = namespace(&[
            ("__name__", &text(&self.name)),
            ("__qualname__", &text(&self.qualname)),
            ("__module__", &text(&self.module)),
        ])?;
        let full = match self.module.as_str() {
            "builtins" | "__main__" | "" => self.qualname.clone(),
            m => format!("{m}.{}", self.qualname),
        };
        let formatted = match &self.message {
            Some(m) if m.is_empty() => full,
            Some(m) => format!("{full}: {m}"),
            None => full,
        };
        namespace(&[
            ("type", &ty),
            ("msg", &optional(self.message.as_deref())),
            ("formatted", &text(&formatted)),
            ("errdisplay", &optional(self.display.as_deref())),
        ])
    }
}
