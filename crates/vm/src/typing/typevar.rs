//! `typing.TypeVar`.

use super::{
    call_typing, default_evaluator, default_of, evaluator, evaluator_of, has_default as has, lazy, parameter_or,
    set_module,
};
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::mem::offset_of;
use taipan_object::alloc::{dealloc_of, new_object};
use taipan_object::args::with_tuple_args;
use taipan_object::method::{MemberDef, member};
use taipan_object::typeobj::slots::{NumberMethods, Slot, VisitProc};
use taipan_object::types::none::none;
use taipan_object::types::str::Str;
use taipan_object::types::tuple::Tuple;
use taipan_object::{
    Obj, ObjCell, Object, PyResult, Raised, Type, TypeDef, bail, flags, getset, getsets, intern, layout, members,
    method, methods, raise,
};

/// A type variable.
#[repr(C)]
#[allow(missing_docs)]
pub struct TypeVar {
    ob_base: Object,
    pub name: ObjCell,
    pub bound: ObjCell,
    pub evaluate_bound: ObjCell,
    pub constraints: ObjCell,
    pub evaluate_constraints: ObjCell,
    pub default_value: ObjCell,
    pub evaluate_default: ObjCell,
    covariant: Cell<bool>,
    contravariant: Cell<bool>,
    infer_variance: Cell<bool>,
    dict: ObjCell,
    weaklist: Cell<*mut Object>,
}
layout!(TypeVar, TypeVar_Type);

impl TypeVar {
    fn blank(name: &Object) -> TypeVar {
        TypeVar {
            ob_base: Object::placeholder(),
            name: ObjCell::new(name.to_obj()),
            bound: ObjCell::empty(),
            evaluate_bound: ObjCell::empty(),
            constraints: ObjCell::empty(),
            evaluate_constraints: ObjCell::empty(),
            default_value: ObjCell::empty(),
            evaluate_default: ObjCell::empty(),
            covariant: Cell::new(false),
            contravariant: Cell::new(false),
            infer_variance: Cell::new(false),
            dict: ObjCell::empty(),
            weaklist: Cell::new(std::ptr::null_mut()),
        }
    }
    fn fields(&self) -> [&ObjCell; 8] {
        [
            &self.name,
            &self.bound,
            &self.evaluate_bound,
            &self.constraints,
            &self.evaluate_constraints,
            &self.default_value,
            &self.evaluate_default,
            &self.dict,
        ]
    }
}

/// `T`, `T: bound` or `T: (constraints)`; bound and constraints are functions that compute them.
pub fn make_typevar(name: &Object, bound: Option<&Object>, constraints: Option<&Object>) -> PyResult {
    let t = new_object(TypeVar::blank(name));
    t.evaluate_bound.set(bound.map(|b| b.to_obj()));
    t.evaluate_constraints.set(constraints.map(|c| c.to_obj()));
    t.infer_variance.set(true);
    Ok(t.into_obj())
}

extern "C" fn typevar_new(_cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    with_tuple_args("typevar", args, kwargs, |call| {
        let positional = call.positional();
        let mut name = positional.first().copied();
        let constraints = positional.get(1..).unwrap_or(&[]);
        let (mut bound, mut default) = (None, None);
        let (mut covariant, mut contravariant, mut infer) = (false, false, false);
        for (k, v) in call.keywords().iter() {
            match &*k.to_utf8_lossy() {
                "name" if name.is_none() => name = Some(v),
                "bound" => bound = Some(v),
                "default" => default = Some(v),
                "covariant" => covariant = v.is_true()?,
                "contravariant" => contravariant = v.is_true()?,
                "infer_variance" => infer = v.is_true()?,
                other => bail!(TypeError, "typevar() got an unexpected keyword argument '{other}'"),
            }
        }
        let Some(name) = name else { bail!(TypeError, "typevar() missing required argument 'name' (pos 1)") };
        if name.downcast::<Str>().is_none() {
            bail!(TypeError, "typevar() argument 'name' must be str, not {}", name.ty().name_str());
        }
        if covariant && contravariant {
            bail!(ValueError, "Bivariant types are not supported.");
        }
        if infer && (covariant || contravariant) {
            bail!(ValueError, "Variance cannot be specified with infer_variance.");
        }
        let bound = match bound.filter(|b| !b.is_none()) {
            Some(b) => Some(call_typing("_type_check", &[b, &Str::from_utf8("Bound must be a type.")])?),
            None => None,
        };
        if constraints.len() == 1 {
            bail!(TypeError, "A single constraint is not allowed");
        }
        if !constraints.is_empty() && bound.is_some() {
            bail!(TypeError, "Constraints cannot be combined with bound=...");
        }
        let t = new_object(TypeVar::blank(name));
        t.bound.set(bound);
        if !constraints.is_empty() {
            t.constraints.set(Some(Tuple::new(constraints).into_obj()));
        }
        t.default_value.set(Some(default.unwrap_or(evaluator::no_default()).to_obj()));
        t.covariant.set(covariant);
        t.contravariant.set(contravariant);
        t.infer_variance.set(infer);
        set_module(&t)?;
        Ok(t.into_obj())
    })
}

extern "C" fn typevar_repr(o: &Object) -> PyResult {
    let t: &TypeVar = o.cast();
    let name = t.name.get().unwrap_or(none()).str()?;
    if t.infer_variance.get() {
        return Ok(name.into_obj());
    }
    let sign = if t.covariant.get() {
        '+'
    } else if t.contravariant.get() {
        '-'
    } else {
        '~'
    };
    Ok(Str::from_utf8(&format!("{sign}{}", name.display())).into_obj())
}

fn get_bound(t: &TypeVar) -> PyResult<Option<Obj>> {
    lazy(&t.bound, &t.evaluate_bound)
}
fn get_constraints(t: &TypeVar) -> PyResult {
    Ok(lazy(&t.constraints, &t.evaluate_constraints)?.unwrap_or_else(|| Tuple::empty().into_obj()))
}
fn get_default(t: &TypeVar) -> PyResult {
    default_of(&t.default_value, &t.evaluate_default)
}
fn get_evaluate_bound(t: &TypeVar) -> Obj {
    evaluator_of(&t.bound, &t.evaluate_bound)
}
fn get_evaluate_constraints(t: &TypeVar) -> Obj {
    evaluator_of(&t.constraints, &t.evaluate_constraints)
}
fn get_evaluate_default(t: &TypeVar) -> Obj {
    default_evaluator(&t.default_value, &t.evaluate_default)
}

/// Return what a type argument becomes in place of this parameter.
#[method(signature = "(arg, /)", name = "__typing_subst__")]
fn typing_subst(this: &TypeVar, arg: &Object) -> PyResult {
    call_typing("_typevar_subst", &[this, arg])
}

/// Fill in the default in the arguments of an alias.
#[method(signature = "(alias, args, /)", name = "__typing_prepare_subst__")]
fn typing_prepare_subst(this: &TypeVar, alias: &Object, args: &Object) -> PyResult {
    let params = alias.get_attr(intern!("__parameters__"))?;
    let args = args.to_tuple()?;
    let index = params.call_method(intern!("index"), &[this])?.as_i64()? as usize;
    if index < args.len() {
        return Ok(args.into_obj());
    }
    if index == args.len() {
        let default = get_default(this)?;
        if default.is(evaluator::no_default()) {
            return Err(too_few(alias, args.len(), index));
        }
        let mut all = args.items().to_vec();
        all.push(default);
        return Ok(Tuple::from_vec(all).into_obj());
    }
    Err(too_few(alias, args.len(), index))
}

fn too_few(alias: &Object, given: usize, index: usize) -> Raised {
    match alias.str() {
        Ok(s) => {
            raise!(TypeError, "Too few arguments for {}; actual {given}, expected at least {}", s.display(), index + 1)
        }
        Err(e) => e,
    }
}

super::type_parameter!(TypeVar, "TypeVar", typevar_reduce, typevar_traverse, typevar_clear);

static AS_NUMBER: NumberMethods = NumberMethods { or: Slot::new(parameter_or), ..NumberMethods::EMPTY };

#[allow(non_upper_case_globals)]
/// `typing.TypeVar`.
pub static TypeVar_Type: Type = Type::new_static(TypeDef {
    name: c"typing.TypeVar",
    basicsize: size_of::<TypeVar>(),
    flags: flags::HAVE_GC,
    doc: Some(c"A type variable."),
    dealloc: Some(dealloc_of::<TypeVar>),
    repr: Some(typevar_repr),
    as_number: Some(&AS_NUMBER),
    traverse: Some(typevar_traverse),
    clear: Some(typevar_clear),
    weaklistoffset: offset_of!(TypeVar, weaklist) as isize,
    methods: methods![typing_subst, typing_prepare_subst, typevar_reduce, has_default, mro_entries],
    members: members![
        MemberDef::new(c"__name__", member::OBJECT, offset_of!(TypeVar, name), member::READONLY),
        MemberDef::new(c"__covariant__", member::BOOL, offset_of!(TypeVar, covariant), member::READONLY),
        MemberDef::new(c"__contravariant__", member::BOOL, offset_of!(TypeVar, contravariant), member::READONLY),
        MemberDef::new(c"__infer_variance__", member::BOOL, offset_of!(TypeVar, infer_variance), member::READONLY),
    ],
    getset: getsets![
        getset!(c"__bound__", get_bound),
        getset!(c"__constraints__", get_constraints),
        getset!(c"__default__", get_default),
        getset!(c"evaluate_bound", get_evaluate_bound),
        getset!(c"evaluate_constraints", get_evaluate_constraints),
        getset!(c"evaluate_default", get_evaluate_default),
    ],
    dictoffset: offset_of!(TypeVar, dict) as isize,
    new: Some(typevar_new),
    ..TypeDef::EMPTY
});
