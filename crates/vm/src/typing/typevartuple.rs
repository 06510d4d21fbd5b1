//! `typing.TypeVarTuple`.

use super::{call_typing, default_evaluator, default_of, evaluator, has_default as has, set_module};
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::mem::offset_of;
use taipan_object::alloc::{dealloc_of, new_object};
use taipan_object::args::with_tuple_args;
use taipan_object::method::{MemberDef, member};
use taipan_object::typeobj::slots::VisitProc;
use taipan_object::types::none::none;
use taipan_object::types::str::Str;
use taipan_object::types::tuple::Tuple;
use taipan_object::{
    Obj, ObjCell, Object, PyResult, Type, TypeDef, bail, flags, getset, getsets, layout, members, method, methods,
};

/// A type variable tuple.
#[repr(C)]
#[allow(missing_docs)]
pub struct TypeVarTuple {
    ob_base: Object,
    pub name: ObjCell,
    pub default_value: ObjCell,
    pub evaluate_default: ObjCell,
    dict: ObjCell,
    weaklist: Cell<*mut Object>,
}
layout!(TypeVarTuple, TypeVarTuple_Type);

impl TypeVarTuple {
    fn blank(name: &Object) -> TypeVarTuple {
        TypeVarTuple {
            ob_base: Object::placeholder(),
            name: ObjCell::new(name.to_obj()),
            default_value: ObjCell::empty(),
            evaluate_default: ObjCell::empty(),
            dict: ObjCell::empty(),
            weaklist: Cell::new(std::ptr::null_mut()),
        }
    }
    fn fields(&self) -> [&ObjCell; 4] {
        [&self.name, &self.default_value, &self.evaluate_default, &self.dict]
    }
}

/// `*Ts`.
pub fn make_typevartuple(name: &Object) -> PyResult {
    Ok(new_object(TypeVarTuple::blank(name)).into_obj())
}

/// `typing.Unpack[Ts]`.
pub fn unpack(t: &TypeVarTuple) -> PyResult {
    let module = (taipan_object::hooks::get().import)("typing")?;
    module.get_attr_str("Unpack")?.get_item(t)
}

extern "C" fn typevartuple_new(_cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    with_tuple_args("typevartuple", args, kwargs, |call| {
        let positional = call.positional();
        if positional.len() > 1 {
            bail!(TypeError, "typevartuple() takes exactly 1 positional argument ({} given)", positional.len());
        }
        let mut name = positional.first().copied();
        let mut default = None;
        for (k, v) in call.keywords().iter() {
            match &*k.to_utf8_lossy() {
                "name" if name.is_none() => name = Some(v),
                "default" => default = Some(v),
                other => bail!(TypeError, "typevartuple() got an unexpected keyword argument '{other}'"),
            }
        }
        let Some(name) = name else { bail!(TypeError, "typevartuple() missing required argument 'name' (pos 1)") };
        if name.downcast::<Str>().is_none() {
            bail!(TypeError, "typevartuple() argument 'name' must be str, not {}", name.ty().name_str());
        }
        let t = new_object(TypeVarTuple::blank(name));
        t.default_value.set(Some(default.unwrap_or(evaluator::no_default()).to_obj()));
        set_module(&t)?;
        Ok(t.into_obj())
    })
}

extern "C" fn typevartuple_repr(o: &Object) -> PyResult {
    Ok(o.cast::<TypeVarTuple>().name.get().unwrap_or(none()).str()?.into_obj())
}
extern "C" fn typevartuple_iter(o: &Object) -> PyResult {
    Tuple::from_vec(vec![unpack(o.cast())?]).iter()
}
fn get_default(t: &TypeVarTuple) -> PyResult {
    default_of(&t.default_value, &t.evaluate_default)
}
fn get_evaluate_default(t: &TypeVarTuple) -> Obj {
    default_evaluator(&t.default_value, &t.evaluate_default)
}

/// Refuse bare substitution.
#[method(signature = "(arg, /)", name = "__typing_subst__")]
fn typing_subst(_this: &TypeVarTuple, _arg: &Object) -> PyResult {
    bail!(TypeError, "Substitution of bare TypeVarTuple is not supported")
}

/// Arrange the arguments of an alias.
#[method(signature = "(alias, args, /)", name = "__typing_prepare_subst__")]
fn typing_prepare_subst(this: &TypeVarTuple, alias: &Object, args: &Object) -> PyResult {
    call_typing("_typevartuple_prepare_subst", &[this, alias, args])
}

super::type_parameter!(TypeVarTuple, "TypeVarTuple", typevartuple_reduce, typevartuple_traverse, typevartuple_clear);

#[allow(non_upper_case_globals)]
/// `typing.TypeVarTuple`.
pub static TypeVarTuple_Type: Type = Type::new_static(TypeDef {
    name: c"typing.TypeVarTuple",
    basicsize: size_of::<TypeVarTuple>(),
    flags: flags::HAVE_GC,
    doc: Some(c"A type variable for any number of types."),
    dealloc: Some(dealloc_of::<TypeVarTuple>),
    repr: Some(typevartuple_repr),
    traverse: Some(typevartuple_traverse),
    clear: Some(typevartuple_clear),
    weaklistoffset: offset_of!(TypeVarTuple, weaklist) as isize,
    iter: Some(typevartuple_iter),
    methods: methods![typing_subst, typing_prepare_subst, typevartuple_reduce, has_default, mro_entries],
    members: members![MemberDef::new(c"__name__", member::OBJECT, offset_of!(TypeVarTuple, name), member::READONLY)],
    getset: getsets![getset!(c"__default__", get_default), getset!(c"evaluate_default", get_evaluate_default)],
    dictoffset: offset_of!(TypeVarTuple, dict) as isize,
    new: Some(typevartuple_new),
    ..TypeDef::EMPTY
});
