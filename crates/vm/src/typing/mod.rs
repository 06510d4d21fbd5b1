//! Type parameters and type aliases (PEP 695, 696): the types that `typing` takes from `_typing`, and the intrinsics behind
//! `def f[T](): ...`, `class C[T]: ...` and `type A = ...`.
//!
//! Bounds, constraints, defaults and alias values are computed when first asked for, by a function that the compiler made.

/// What the kinds of type parameters have in common: pickling by name, `has_default`, refusing subclasses, the collector's slots.
macro_rules! type_parameter {
    ($t:ident, $name:literal, $reduce:ident, $traverse:ident, $clear:ident) => {
        /// Pickle by name.
        #[method(signature = "()", name = "__reduce__")]
        fn $reduce(this: &$t) -> Option<Obj> {
            this.name.get_owned()
        }

        /// Tell whether there is a default.
        #[method(signature = "()")]
        fn has_default(this: &$t) -> bool {
            has(&this.default_value, &this.evaluate_default)
        }

        /// Refuse to be subclassed.
        #[method(signature = "(bases, /)", name = "__mro_entries__", text = false)]
        fn mro_entries(_this: &$t, _bases: &Object) -> PyResult {
            bail!(TypeError, concat!("Cannot subclass an instance of ", $name))
        }

        extern "C" fn $traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
            for f in o.cast::<$t>().fields() {
                if let Some(v) = f.get() {
                    let r = visit(v, arg);
                    if r != 0 {
                        return r;
                    }
                }
            }
            0
        }

        extern "C" fn $clear(o: &Object) -> c_int {
            for f in o.cast::<$t>().fields() {
                f.set(None);
            }
            0
        }
    };
}
pub(crate) use type_parameter;

pub mod alias;
pub mod evaluator;
pub mod generic;
pub mod paramspec;
pub mod typevar;
pub mod typevartuple;

use crate::frame;
use taipan_object::types::none::none;
use taipan_object::types::tuple::Tuple;
use taipan_object::{Obj, ObjCell, Object, PyResult, Thread, Type, bail, intern};

pub use alias::make_typealias;
pub use generic::subscript_generic;
pub use paramspec::make_paramspec;
pub use typevar::make_typevar;
pub use typevartuple::make_typevartuple;

/// All types of this module.
pub static TYPES: &[&Type] = &[
    &evaluator::NoDefault_Type,
    &evaluator::ConstEvaluator_Type,
    &typevar::TypeVar_Type,
    &paramspec::ParamSpec_Type,
    &paramspec::ParamSpecArgs_Type,
    &paramspec::ParamSpecKwargs_Type,
    &typevartuple::TypeVarTuple_Type,
    &alias::TypeAlias_Type,
];

/// Adds what the types have beside their tables; called once they are ready.
pub fn complete_types() -> PyResult<()> {
    // Instances show it where they have none of their own.
    for t in [&typevar::TypeVar_Type, &paramspec::ParamSpec_Type, &typevartuple::TypeVarTuple_Type] {
        taipan_object::typeobj::ready::dict_of(t).set_item(intern!("__module__"), intern!("typing"))?;
    }
    Ok(())
}

/// `f(*args)` with a function of the module `typing`.
pub(crate) fn call_typing(name: &str, args: &[&Object]) -> PyResult {
    let module = (taipan_object::hooks::get().import)("typing")?;
    module.get_attr_str(name)?.call(args)
}

/// `__module__` of the function that is running, for what it makes.
pub(crate) fn caller_module() -> Obj {
    let f = frame::current(Thread::current());
    // SAFETY: running frames are alive.
    let function = unsafe { f.as_ref() }.and_then(|f| f.function());
    match function.and_then(|f| f.func_module.get_owned()) {
        Some(m) => m,
        None => none().to_obj(),
    }
}

/// The value in `field`, computed by the function in `evaluate` the first time; nothing if there is neither.
pub(crate) fn lazy(field: &ObjCell, evaluate: &ObjCell) -> PyResult<Option<Obj>> {
    if let Some(v) = field.get_owned() {
        return Ok(Some(v));
    }
    let Some(f) = evaluate.get_owned() else { return Ok(None) };
    let v = f.call_one(&crate::support::new_int(1))?;
    field.set(Some(v.clone()));
    Ok(Some(v))
}

/// The function that computes a value: the compiler's, or one that gives the known value.
pub(crate) fn evaluator_of(field: &ObjCell, evaluate: &ObjCell) -> Obj {
    if let Some(f) = evaluate.get_owned() {
        return f;
    }
    match field.get_owned() {
        Some(v) => evaluator::ConstEvaluator::create(v),
        None => none().to_obj(),
    }
}

/// `isinstance(arg, type parameter)`.
pub(crate) fn is_type_param(o: &Object) -> bool {
    o.downcast_exact::<typevar::TypeVar>().is_some()
        || o.downcast_exact::<paramspec::ParamSpec>().is_some()
        || o.downcast_exact::<typevartuple::TypeVarTuple>().is_some()
}

/// Type parameters as they appear in subscripts: type variable tuples unpacked.
pub(crate) fn unpack_typevartuples(params: &Tuple) -> PyResult<taipan_object::Ref<Tuple>> {
    let mut out = Vec::with_capacity(params.len());
    for p in params.items() {
        out.push(match p.downcast_exact::<typevartuple::TypeVarTuple>() {
            Some(t) => typevartuple::unpack(t)?,
            None => p.clone(),
        });
    }
    Ok(Tuple::from_vec(out))
}

/// Gives a type parameter the function that computes its default.
pub fn set_default(param: &Object, default: &Object) -> PyResult {
    let field = if let Some(t) = param.downcast_exact::<typevar::TypeVar>() {
        &t.evaluate_default
    } else if let Some(t) = param.downcast_exact::<paramspec::ParamSpec>() {
        &t.evaluate_default
    } else if let Some(t) = param.downcast_exact::<typevartuple::TypeVarTuple>() {
        &t.evaluate_default
    } else {
        bail!(TypeError, "Expected a type param, got {}", param.repr()?.display());
    };
    field.set(Some(default.to_obj()));
    Ok(param.to_obj())
}

/// `__default__`.
pub(crate) fn default_of(field: &ObjCell, evaluate: &ObjCell) -> PyResult {
    Ok(lazy(field, evaluate)?.unwrap_or_else(|| evaluator::no_default().to_obj()))
}

/// `has_default()`.
pub(crate) fn has_default(field: &ObjCell, evaluate: &ObjCell) -> bool {
    !evaluate.is_empty() || field.get().is_some_and(|d| !d.is(evaluator::no_default()))
}

/// `evaluate_default`.
pub(crate) fn default_evaluator(field: &ObjCell, evaluate: &ObjCell) -> Obj {
    if evaluate.is_empty() && field.get().is_none_or(|d| d.is(evaluator::no_default())) {
        return none().to_obj();
    }
    evaluator_of(field, evaluate)
}

/// Sets `__module__` of a new type parameter to the caller's.
pub(crate) fn set_module(o: &Object) -> PyResult<()> {
    o.set_attr(intern!("__module__"), &caller_module())
}

/// `a | b` of type parameters: `typing` looks at the other operand, which may be the name of a type.
pub(crate) extern "C" fn parameter_or(a: &Object, b: &Object) -> PyResult {
    taipan_object::types::union::from_tuple(&Tuple::new(&[a, b]))
}

/// `a | b` of type aliases.
pub(crate) extern "C" fn type_or(a: &Object, b: &Object) -> PyResult {
    taipan_object::types::union::or(a, b)
}
