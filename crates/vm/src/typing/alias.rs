//! `typing.TypeAliasType`: what the statement `type A[T] = ...` makes.

use super::{caller_module, evaluator_of, is_type_param, lazy, type_or, unpack_typevartuples};
use std::ffi::{c_int, c_void};
use std::mem::offset_of;
use taipan_object::alloc::{dealloc_of, new_object};
use taipan_object::method::{MemberDef, member};
use taipan_object::typeobj::slots::{MappingMethods, NumberMethods, Slot, VisitProc};
use taipan_object::types::none::none;
use taipan_object::types::str::Str;
use taipan_object::types::tuple::Tuple;
use taipan_object::{
    Obj, ObjCell, Object, PyResult, Type, TypeDef, bail, flags, getset, getsets, layout, members, method, methods,
};

/// A type alias.
#[repr(C)]
pub struct TypeAlias {
    ob_base: Object,
    name: ObjCell,
    type_params: ObjCell,
    compute_value: ObjCell,
    value: ObjCell,
    module: ObjCell,
}
layout!(TypeAlias, TypeAlias_Type);

impl TypeAlias {
    fn fields(&self) -> [&ObjCell; 5] {
        [&self.name, &self.type_params, &self.compute_value, &self.value, &self.module]
    }
}

/// A type alias from (name, type parameters or None, function that computes the value).
pub fn make_typealias(parts: &Object) -> PyResult {
    let t: &Tuple = parts.cast();
    let params = Some(t.item(1)).filter(|p| !p.is_none());
    let module = crate::frame::current_globals();
    let module = match module {
        Some(g) => crate::support::mapping_get_opt(&g, taipan_object::intern!("__name__"))?,
        None => None,
    };
    Ok(new_object(TypeAlias {
        ob_base: Object::placeholder(),
        name: ObjCell::new(t.item(0).to_obj()),
        type_params: ObjCell::from_opt(params.map(|p| p.to_obj())),
        compute_value: ObjCell::new(t.item(2).to_obj()),
        value: ObjCell::empty(),
        module: ObjCell::from_opt(module),
    })
    .into_obj())
}

fn check_params(params: &Tuple) -> PyResult<()> {
    let mut default_seen = false;
    for p in params.items() {
        if !is_type_param(p) {
            bail!(TypeError, "Expected a type param, got {}", p.repr()?.display());
        }
        let has_default = p.call_method_str("has_default", &[])?.is_true()?;
        if default_seen && !has_default {
            bail!(TypeError, "non-default type parameter {} follows default type parameter", p.repr()?.display());
        }
        default_seen |= has_default;
    }
    Ok(())
}

extern "C" fn alias_new(_cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    let given = args.cast::<Tuple>().len();
    if given > 2 {
        bail!(TypeError, "typealias() takes exactly 2 positional arguments ({given} given)");
    }
    crate::arguments::with("typealias", &["name", "value", "type_params"], 2, args, kwargs, |a| {
        let name = a[0].unwrap_or(none());
        if name.downcast::<Str>().is_none() {
            bail!(TypeError, "typealias() argument 'name' must be str, not {}", name.ty().name_str());
        }
        let params = match a[2] {
            None => None,
            Some(p) => {
                let Some(t) = p.downcast::<Tuple>() else { bail!(TypeError, "type_params must be a tuple") };
                check_params(t)?;
                (!t.is_empty()).then(|| p.to_obj())
            }
        };
        let module = caller_module();
        Ok(new_object(TypeAlias {
            ob_base: Object::placeholder(),
            name: ObjCell::new(name.to_obj()),
            type_params: ObjCell::from_opt(params),
            compute_value: ObjCell::empty(),
            value: ObjCell::new(a[1].unwrap_or(none()).to_obj()),
            module: ObjCell::new(module),
        })
        .into_obj())
    })
}

extern "C" fn alias_repr(o: &Object) -> PyResult {
    Ok(o.cast::<TypeAlias>().name.get().unwrap_or(none()).str()?.into_obj())
}
fn get_value(a: &TypeAlias) -> PyResult {
    Ok(lazy(&a.value, &a.compute_value)?.unwrap_or_else(|| none().to_obj()))
}
fn get_evaluate_value(a: &TypeAlias) -> Obj {
    evaluator_of(&a.value, &a.compute_value)
}
fn get_type_params(a: &TypeAlias) -> Obj {
    a.type_params.get_owned().unwrap_or_else(|| Tuple::empty().into_obj())
}
fn get_parameters(a: &TypeAlias) -> PyResult {
    match a.type_params.get_owned() {
        Some(p) => unpack_typevartuples(p.cast()).map(|t| t.into_obj()),
        None => Ok(Tuple::empty().into_obj()),
    }
}
fn get_module(a: &TypeAlias) -> Obj {
    a.module.get_owned().unwrap_or_else(|| none().to_obj())
}

extern "C" fn alias_subscript(o: &Object, args: &Object) -> PyResult {
    if o.cast::<TypeAlias>().type_params.is_empty() {
        bail!(TypeError, "Only generic type aliases are subscriptable");
    }
    let args = match args.downcast::<Tuple>() {
        Some(_) => args.to_obj(),
        None => Tuple::new(&[args]).into_obj(),
    };
    taipan_object::types::generic_alias::new(o, &args)
}
extern "C" fn alias_iter(o: &Object) -> PyResult {
    let unpacked = (taipan_object::hooks::get().import)("typing")?.get_attr_str("Unpack")?;
    Tuple::from_vec(vec![unpacked.get_item(o)?]).iter()
}

/// Pickle by name.
#[method(signature = "()", name = "__reduce__", text = false)]
fn alias_reduce(this: &TypeAlias) -> Option<Obj> {
    this.name.get_owned()
}

extern "C" fn alias_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    for f in o.cast::<TypeAlias>().fields() {
        if let Some(v) = f.get() {
            let r = visit(v, arg);
            if r != 0 {
                return r;
            }
        }
    }
    0
}
extern "C" fn alias_clear(o: &Object) -> c_int {
    for f in o.cast::<TypeAlias>().fields() {
        f.set(None);
    }
    0
}

static AS_NUMBER: NumberMethods = NumberMethods { or: Slot::new(type_or), ..NumberMethods::EMPTY };
static AS_MAPPING: MappingMethods = MappingMethods { subscript: Slot::new(alias_subscript), ..MappingMethods::EMPTY };

#[allow(non_upper_case_globals)]
/// `typing.TypeAliasType`.
pub static TypeAlias_Type: Type = Type::new_static(TypeDef {
    name: c"typing.TypeAliasType",
    basicsize: size_of::<TypeAlias>(),
    flags: flags::HAVE_GC,
    doc: Some(c"A type alias."),
    dealloc: Some(dealloc_of::<TypeAlias>),
    repr: Some(alias_repr),
    as_number: Some(&AS_NUMBER),
    as_mapping: Some(&AS_MAPPING),
    traverse: Some(alias_traverse),
    clear: Some(alias_clear),
    iter: Some(alias_iter),
    methods: methods![alias_reduce],
    members: members![MemberDef::new(c"__name__", member::OBJECT, offset_of!(TypeAlias, name), member::READONLY)],
    getset: getsets![
        getset!(c"__parameters__", get_parameters),
        getset!(c"__type_params__", get_type_params),
        getset!(c"__value__", get_value),
        getset!(c"evaluate_value", get_evaluate_value),
        getset!(c"__module__", get_module),
    ],
    new: Some(alias_new),
    ..TypeDef::EMPTY
});
