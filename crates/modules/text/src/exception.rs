//! Exception classes of native modules, kept for raising in the state of the interpreter.

use taipan_object::error::raise_arg;
use taipan_object::types::dict::Dict;
use taipan_object::types::module::Module;
use taipan_object::types::str::Str;
use taipan_object::types::tuple::Tuple;
use taipan_object::types::type_::PyType_Type;
use taipan_object::{Interp, Obj, PyResult, Raised, Type, intern};

/// Makes the class `name` (dotted, as in `binascii.Error`), and adds it to the module.
pub fn add(m: &Module, name: &'static str, base: &Type) -> PyResult<Obj> {
    let (module, short) = name.rsplit_once('.').unwrap_or(("builtins", name));
    let dict = Dict::new();
    dict.set_item(intern!("__module__"), &Str::from_utf8(module))?;
    let bases = Tuple::new(&[base.as_object()]);
    let class = PyType_Type.as_object().call(&[&Str::from_utf8(short), &bases, &dict])?;
    Interp::current().module_state.borrow_mut().insert(name, class.clone());
    m.add(short, &class)?;
    Ok(class)
}

/// The class that [`add`] made.
pub fn class(name: &'static str) -> Option<Obj> {
    Interp::current().module_state.borrow().get(name).cloned()
}

/// Raises an exception of that class.
#[cold]
pub fn raise(name: &'static str, message: &str) -> Raised {
    let text = Str::from_utf8(message);
    match class(name) {
        Some(c) => raise_arg(c.cast::<Type>(), text.into_obj()),
        None => taipan_object::raise!(SystemError, "{name} is not ready: {message}"),
    }
}
