//! `typing.ParamSpec`, and its `args` and `kwargs`.

use super::{call_typing, default_evaluator, default_of, evaluator, has_default as has, parameter_or, set_module};
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::mem::offset_of;
use taipan_object::alloc::{dealloc_of, new_object};
use taipan_object::args::with_tuple_args;
use taipan_object::method::{MemberDef, member};
use taipan_object::protocol::compare::{CompareOp, not_implemented};
use taipan_object::typeobj::slots::{NumberMethods, Slot, VisitProc};
use taipan_object::types::none::none;
use taipan_object::types::str::Str;
use taipan_object::{
    Obj, ObjCell, Object, PyResult, Type, TypeDef, bail, flags, getset, getsets, layout, members, method, methods,
};

/// A parameter specification.
#[repr(C)]
#[allow(missing_docs)]
pub struct ParamSpec {
    ob_base: Object,
    pub name: ObjCell,
    pub bound: ObjCell,
    pub default_value: ObjCell,
    pub evaluate_default: ObjCell,
    covariant: Cell<bool>,
    contravariant: Cell<bool>,
    infer_variance: Cell<bool>,
    dict: ObjCell,
    weaklist: Cell<*mut Object>,
}
layout!(ParamSpec, ParamSpec_Type);

impl ParamSpec {
    fn blank(name: &Object) -> ParamSpec {
        ParamSpec {
            ob_base: Object::placeholder(),
            name: ObjCell::new(name.to_obj()),
            bound: ObjCell::empty(),
            default_value: ObjCell::empty(),
            evaluate_default: ObjCell::empty(),
            covariant: Cell::new(false),
            contravariant: Cell::new(false),
            infer_variance: Cell::new(false),
            dict: ObjCell::empty(),
            weaklist: Cell::new(std::ptr::null_mut()),
        }
    }
    fn fields(&self) -> [&ObjCell; 5] {
        [&self.name, &self.bound, &self.default_value, &self.evaluate_default, &self.dict]
    }
}

/// `**P`.
pub fn make_paramspec(name: &Object) -> PyResult {
    let p = new_object(ParamSpec::blank(name));
    p.infer_variance.set(true);
    Ok(p.into_obj())
}

extern "C" fn paramspec_new(_cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    with_tuple_args("paramspec", args, kwargs, |call| {
        let positional = call.positional();
        if positional.len() > 1 {
            bail!(TypeError, "paramspec() takes exactly 1 positional argument ({} given)", positional.len());
        }
        let mut name = positional.first().copied();
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
                other => bail!(TypeError, "paramspec() got an unexpected keyword argument '{other}'"),
            }
        }
        let Some(name) = name else { bail!(TypeError, "paramspec() missing required argument 'name' (pos 1)") };
        if name.downcast::<Str>().is_none() {
            bail!(TypeError, "paramspec() argument 'name' must be str, not {}", name.ty().name_str());
        }
        if covariant && contravariant {
            bail!(ValueError, "Bivariant types are not supported.");
        }
        if infer && (covariant || contravariant) {
            bail!(ValueError, "Variance cannot be specified with infer_variance.");
        }
        let p = new_object(ParamSpec::blank(name));
        if let Some(b) = bound.filter(|b| !b.is_none()) {
            p.bound.set(Some(b.to_obj()));
        }
        p.default_value.set(Some(default.unwrap_or(evaluator::no_default()).to_obj()));
        p.covariant.set(covariant);
        p.contravariant.set(contravariant);
        p.infer_variance.set(infer);
        set_module(&p)?;
        Ok(p.into_obj())
    })
}

extern "C" fn paramspec_repr(o: &Object) -> PyResult {
    let p: &ParamSpec = o.cast();
    let name = p.name.get().unwrap_or(none()).str()?;
    if p.infer_variance.get() {
        return Ok(name.into_obj());
    }
    let sign = if p.covariant.get() {
        '+'
    } else if p.contravariant.get() {
        '-'
    } else {
        '~'
    };
    Ok(Str::from_utf8(&format!("{sign}{}", name.display())).into_obj())
}

fn get_args(p: &ParamSpec) -> Obj {
    new_object(ParamSpecArgs {
        ob_base: Object::placeholder(),
        origin: ObjCell::new(p.to_obj()),
        weaklist: Cell::new(std::ptr::null_mut()),
    })
    .into_obj()
}
fn get_kwargs(p: &ParamSpec) -> Obj {
    new_object(ParamSpecKwargs {
        ob_base: Object::placeholder(),
        origin: ObjCell::new(p.to_obj()),
        weaklist: Cell::new(std::ptr::null_mut()),
    })
    .into_obj()
}
fn get_default(p: &ParamSpec) -> PyResult {
    default_of(&p.default_value, &p.evaluate_default)
}
fn get_evaluate_default(p: &ParamSpec) -> Obj {
    default_evaluator(&p.default_value, &p.evaluate_default)
}

/// Return what a type argument becomes in place of this parameter.
#[method(signature = "(arg, /)", name = "__typing_subst__")]
fn typing_subst(this: &ParamSpec, arg: &Object) -> PyResult {
    call_typing("_paramspec_subst", &[this, arg])
}

/// Arrange the arguments of an alias.
#[method(signature = "(alias, args, /)", name = "__typing_prepare_subst__")]
fn typing_prepare_subst(this: &ParamSpec, alias: &Object, args: &Object) -> PyResult {
    call_typing("_paramspec_prepare_subst", &[this, alias, args])
}

super::type_parameter!(ParamSpec, "ParamSpec", paramspec_reduce, paramspec_traverse, paramspec_clear);

static AS_NUMBER: NumberMethods = NumberMethods { or: Slot::new(parameter_or), ..NumberMethods::EMPTY };

#[allow(non_upper_case_globals)]
/// `typing.ParamSpec`.
pub static ParamSpec_Type: Type = Type::new_static(TypeDef {
    name: c"typing.ParamSpec",
    basicsize: size_of::<ParamSpec>(),
    flags: flags::HAVE_GC,
    doc: Some(c"A parameter specification variable."),
    dealloc: Some(dealloc_of::<ParamSpec>),
    repr: Some(paramspec_repr),
    as_number: Some(&AS_NUMBER),
    traverse: Some(paramspec_traverse),
    clear: Some(paramspec_clear),
    weaklistoffset: offset_of!(ParamSpec, weaklist) as isize,
    methods: methods![typing_subst, typing_prepare_subst, has_default, paramspec_reduce, mro_entries],
    members: members![
        MemberDef::new(c"__name__", member::OBJECT, offset_of!(ParamSpec, name), member::READONLY),
        MemberDef::new(c"__bound__", member::OBJECT, offset_of!(ParamSpec, bound), member::READONLY),
        MemberDef::new(c"__covariant__", member::BOOL, offset_of!(ParamSpec, covariant), member::READONLY),
        MemberDef::new(c"__contravariant__", member::BOOL, offset_of!(ParamSpec, contravariant), member::READONLY),
        MemberDef::new(c"__infer_variance__", member::BOOL, offset_of!(ParamSpec, infer_variance), member::READONLY),
    ],
    getset: getsets![
        getset!(c"args", get_args),
        getset!(c"kwargs", get_kwargs),
        getset!(c"__default__", get_default),
        getset!(c"evaluate_default", get_evaluate_default),
    ],
    dictoffset: offset_of!(ParamSpec, dict) as isize,
    new: Some(paramspec_new),
    ..TypeDef::EMPTY
});

macro_rules! part {
    ($name:ident, $ty:ident, $python:literal, $short:literal, $suffix:literal, $new:ident, $repr:ident, $compare:ident, $traverse:ident, $clear:ident, $mro:ident) => {
        #[doc = concat!("`P.", $suffix, "`.")]
        #[repr(C)]
        pub struct $name {
            ob_base: Object,
            origin: ObjCell,
            weaklist: Cell<*mut Object>,
        }
        layout!($name, $ty);

        extern "C" fn $new(_cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
            crate::arguments::with($short, &["origin"], 1, args, kwargs, |a| {
                let origin = ObjCell::new(a[0].unwrap_or(none()).to_obj());
                Ok(new_object($name {
                    ob_base: Object::placeholder(),
                    origin,
                    weaklist: Cell::new(std::ptr::null_mut()),
                })
                .into_obj())
            })
        }
        extern "C" fn $repr(o: &Object) -> PyResult {
            let origin = o.cast::<$name>().origin.get_owned().unwrap_or_else(|| none().to_obj());
            let text = match origin.downcast_exact::<ParamSpec>() {
                Some(p) => format!("{}.{}", p.name.get().unwrap_or(none()).str()?.display(), $suffix),
                None => format!("{}.{}", origin.repr()?.display(), $suffix),
            };
            Ok(Str::from_utf8(&text).into_obj())
        }
        extern "C" fn $compare(a: &Object, b: &Object, op: c_int) -> PyResult {
            let op = CompareOp::from_c(op);
            match (a.downcast::<$name>(), b.downcast::<$name>(), op) {
                (Some(x), Some(y), CompareOp::Eq | CompareOp::Ne) => {
                    let (x, y) = (x.origin.get_owned(), y.origin.get_owned());
                    x.as_deref().unwrap_or(none()).rich_compare(y.as_deref().unwrap_or(none()), op)
                }
                _ => Ok(not_implemented()),
            }
        }
        /// Refuse to be subclassed.
        #[method(signature = "(bases, /)", name = "__mro_entries__", text = false)]
        fn $mro(_this: &$name, _bases: &Object) -> PyResult {
            bail!(TypeError, concat!("Cannot subclass an instance of ", $python))
        }
        extern "C" fn $traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
            o.cast::<$name>().origin.get().map_or(0, |v| visit(v, arg))
        }
        extern "C" fn $clear(o: &Object) -> c_int {
            o.cast::<$name>().origin.set(None);
            0
        }
    };
}

part!(
    ParamSpecArgs,
    ParamSpecArgs_Type,
    "ParamSpecArgs",
    "paramspecargs",
    "args",
    args_new,
    args_repr,
    args_compare,
    args_traverse,
    args_clear,
    args_mro_entries
);
part!(
    ParamSpecKwargs,
    ParamSpecKwargs_Type,
    "ParamSpecKwargs",
    "paramspeckwargs",
    "kwargs",
    kwargs_new,
    kwargs_repr,
    kwargs_compare,
    kwargs_traverse,
    kwargs_clear,
    kwargs_mro_entries
);

#[allow(non_upper_case_globals)]
/// `typing.ParamSpecArgs`.
pub static ParamSpecArgs_Type: Type = Type::new_static(TypeDef {
    name: c"typing.ParamSpecArgs",
    basicsize: size_of::<ParamSpecArgs>(),
    flags: flags::HAVE_GC,
    doc: Some(c"The args of a ParamSpec."),
    dealloc: Some(dealloc_of::<ParamSpecArgs>),
    repr: Some(args_repr),
    hash: Some(taipan_object::protocol::compare::hash_not_implemented),
    traverse: Some(args_traverse),
    clear: Some(args_clear),
    richcompare: Some(args_compare),
    weaklistoffset: offset_of!(ParamSpecArgs, weaklist) as isize,
    methods: methods![args_mro_entries],
    members: members![MemberDef::new(
        c"__origin__",
        member::OBJECT,
        offset_of!(ParamSpecArgs, origin),
        member::READONLY
    )],
    new: Some(args_new),
    ..TypeDef::EMPTY
});

#[allow(non_upper_case_globals)]
/// `typing.ParamSpecKwargs`.
pub static ParamSpecKwargs_Type: Type = Type::new_static(TypeDef {
    name: c"typing.ParamSpecKwargs",
    basicsize: size_of::<ParamSpecKwargs>(),
    flags: flags::HAVE_GC,
    doc: Some(c"The kwargs of a ParamSpec."),
    dealloc: Some(dealloc_of::<ParamSpecKwargs>),
    repr: Some(kwargs_repr),
    hash: Some(taipan_object::protocol::compare::hash_not_implemented),
    traverse: Some(kwargs_traverse),
    clear: Some(kwargs_clear),
    richcompare: Some(kwargs_compare),
    weaklistoffset: offset_of!(ParamSpecKwargs, weaklist) as isize,
    methods: methods![kwargs_mro_entries],
    members: members![MemberDef::new(
        c"__origin__",
        member::OBJECT,
        offset_of!(ParamSpecKwargs, origin),
        member::READONLY
    )],
    new: Some(kwargs_new),
    ..TypeDef::EMPTY
});
