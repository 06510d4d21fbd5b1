//! `string.templatelib`: `Template`, `Interpolation` and the iterator over a template (PEP 750).

use crate::arguments;
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::mem::offset_of;
use taipan_object::alloc::{dealloc_of, new_object};
use taipan_object::error::to_iternext;
use taipan_object::method::{MemberDef, member};
use taipan_object::typeobj::slots::{SequenceMethods, Slot, VisitProc};
use taipan_object::types::none::none;
use taipan_object::types::str::Str;
use taipan_object::types::tuple::Tuple;
use taipan_object::{
    Obj, ObjCell, Object, PyResult, Ref, Type, TypeDef, bail, classmethod, flags, getset, getsets, intern, layout,
    members, method, methods,
};

/// `string.templatelib.Interpolation`.
#[repr(C)]
pub struct Interpolation {
    ob_base: Object,
    value: ObjCell,
    expression: ObjCell,
    conversion: ObjCell,
    format_spec: ObjCell,
}
layout!(Interpolation, _PyInterpolation_Type);

/// `string.templatelib.Template`.
#[repr(C)]
pub struct Template {
    ob_base: Object,
    strings: ObjCell,
    interpolations: ObjCell,
}
layout!(Template, _PyTemplate_Type);

/// Iterator over the non-empty strings and the interpolations of a template.
#[repr(C)]
pub struct TemplateIter {
    ob_base: Object,
    template: ObjCell,
    next: Cell<usize>,
}
layout!(TemplateIter, _PyTemplateIter_Type);

impl Interpolation {
    /// From its four parts.
    pub fn new(value: &Object, expression: &Object, conversion: &Object, format_spec: &Object) -> Ref<Interpolation> {
        new_object(Interpolation {
            ob_base: Object::placeholder(),
            value: ObjCell::new(value.to_obj()),
            expression: ObjCell::new(expression.to_obj()),
            conversion: ObjCell::new(conversion.to_obj()),
            format_spec: ObjCell::new(format_spec.to_obj()),
        })
    }
    fn parts(&self) -> [&ObjCell; 4] {
        [&self.value, &self.expression, &self.conversion, &self.format_spec]
    }
}

impl Template {
    /// From a tuple of strings and one of interpolations, one shorter.
    pub fn new(strings: &Object, interpolations: &Object) -> Ref<Template> {
        new_object(Template {
            ob_base: Object::placeholder(),
            strings: ObjCell::new(strings.to_obj()),
            interpolations: ObjCell::new(interpolations.to_obj()),
        })
    }
    fn strings(&self) -> &Tuple {
        self.strings.get().expect("a template has strings").cast()
    }
    fn interpolations(&self) -> &Tuple {
        self.interpolations.get().expect("a template has interpolations").cast()
    }
    /// A template from strings and interpolations in any order: adjacent strings join.
    fn from_items(items: &[Obj]) -> PyResult<Ref<Template>> {
        let mut strings: Vec<Obj> = Vec::new();
        let mut interpolations = Vec::new();
        let mut after_string = false;
        for o in items {
            if let Some(s) = o.downcast::<Str>() {
                if after_string && let Some(last) = strings.pop() {
                    strings.push(Str::concat(last.cast(), s)?.into_obj());
                } else {
                    strings.push(o.clone());
                }
                after_string = true;
            } else if o.downcast::<Interpolation>().is_some() {
                if !after_string {
                    strings.push(Str::from_utf8("").into_obj());
                }
                interpolations.push(o.clone());
                after_string = false;
            } else {
                bail!(
                    TypeError,
                    "Template.__new__ *args need to be of type 'str' or 'Interpolation', got {}",
                    o.ty().name_str()
                );
            }
        }
        if !after_string {
            strings.push(Str::from_utf8("").into_obj());
        }
        Ok(Template::new(&Tuple::from_vec(strings), &Tuple::from_vec(interpolations)))
    }
    fn items(&self) -> Vec<Obj> {
        let mut out = Vec::new();
        for (i, s) in self.strings().items().iter().enumerate() {
            if !s.cast::<Str>().is_empty() {
                out.push(s.clone());
            }
            if i < self.interpolations().len() {
                out.push(self.interpolations().item(i).to_obj());
            }
        }
        out
    }
}

extern "C" fn interpolation_new(_cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    arguments::with("Interpolation", &["value", "expression", "conversion", "format_spec"], 1, args, kwargs, |a| {
        let text = |i: usize, name: &str| -> PyResult<Obj> {
            match a[i] {
                None => Ok(intern!("").to_obj()),
                Some(s) if s.downcast::<Str>().is_some() => Ok(s.to_obj()),
                Some(s) => bail!(TypeError, "Interpolation() argument '{name}' must be str, not {}", s.ty().name_str()),
            }
        };
        let conversion = a[2].unwrap_or(none());
        if !conversion.is_none() {
            let Some(c) = conversion.downcast::<Str>() else {
                bail!(
                    TypeError,
                    "Interpolation() argument 'conversion' must be str, not {}",
                    conversion.ty().name_str()
                );
            };
            if !["s", "r", "a"].iter().any(|x| c.eq_str(x)) {
                bail!(ValueError, "Interpolation() argument 'conversion' must be one of 's', 'a' or 'r'");
            }
        }
        let (expression, spec) = (text(1, "expression")?, text(3, "format_spec")?);
        Ok(Interpolation::new(a[0].unwrap_or(none()), &expression, conversion, &spec).into_obj())
    })
}

extern "C" fn interpolation_repr(o: &Object) -> PyResult {
    let i: &Interpolation = o.cast();
    let mut parts = Vec::with_capacity(4);
    for p in i.parts() {
        parts.push(p.get().unwrap_or(none()).repr()?.display().to_string());
    }
    Ok(Str::from_utf8(&format!("Interpolation({})", parts.join(", "))).into_obj())
}

extern "C" fn interpolation_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    for p in o.cast::<Interpolation>().parts() {
        if let Some(v) = p.get() {
            let r = visit(v, arg);
            if r != 0 {
                return r;
            }
        }
    }
    0
}

extern "C" fn interpolation_clear(o: &Object) -> c_int {
    for p in o.cast::<Interpolation>().parts() {
        p.set(None);
    }
    0
}

/// Helper for pickle.
#[method(signature = "()", name = "__reduce__", text = false)]
fn interpolation_reduce(this: &Interpolation) -> Obj {
    let parts = this.parts().map(|p| p.get_owned().unwrap_or_else(|| none().to_obj())).to_vec();
    Tuple::from_vec(vec![this.ty().to_obj(), Tuple::from_vec(parts).into_obj()]).into_obj()
}

/// See PEP 585.
#[classmethod(signature = "(item, /)", name = "__class_getitem__", text = false)]
fn class_getitem(cls: &Type, item: &Object) -> PyResult {
    taipan_object::types::generic_alias::new(cls.as_object(), item)
}

extern "C" fn template_new(_cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    if kwargs.is_some_and(|k| !k.is_null_or_empty_dict()) {
        bail!(TypeError, "Template.__new__ only accepts *args arguments");
    }
    Template::from_items(args.cast::<Tuple>().items()).map(Ref::into_obj)
}

extern "C" fn template_repr(o: &Object) -> PyResult {
    let t: &Template = o.cast();
    Ok(Str::from_utf8(&format!(
        "Template(strings={}, interpolations={})",
        t.strings().repr()?.display(),
        t.interpolations().repr()?.display()
    ))
    .into_obj())
}

extern "C" fn template_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let t: &Template = o.cast();
    for p in [&t.strings, &t.interpolations] {
        if let Some(v) = p.get() {
            let r = visit(v, arg);
            if r != 0 {
                return r;
            }
        }
    }
    0
}

extern "C" fn template_concat(a: &Object, b: &Object) -> PyResult {
    match (a.downcast::<Template>(), b.downcast::<Template>()) {
        (Some(x), Some(y)) => {
            let mut items = x.items();
            items.extend(y.items());
            Template::from_items(&items).map(Ref::into_obj)
        }
        (Some(_), None) => bail!(
            TypeError,
            "can only concatenate string.templatelib.Template (not \"{}\") to string.templatelib.Template",
            b.ty().name_str()
        ),
        _ => bail!(
            TypeError,
            "can only concatenate {} (not \"string.templatelib.Template\") to {}",
            a.ty().name_str(),
            a.ty().name_str()
        ),
    }
}

extern "C" fn template_iter(o: &Object) -> PyResult {
    Ok(new_object(TemplateIter {
        ob_base: Object::placeholder(),
        template: ObjCell::new(o.to_obj()),
        next: Cell::new(0),
    })
    .into_obj())
}

fn get_values(t: &Template) -> Obj {
    let v = t
        .interpolations()
        .items()
        .iter()
        .map(|i| i.cast::<Interpolation>().value.get_owned().unwrap_or_else(|| none().to_obj()));
    Tuple::from_vec(v.collect()).into_obj()
}

/// Helper for pickle.
#[method(signature = "()", name = "__reduce__", text = false)]
fn template_reduce(this: &Template) -> PyResult {
    let module = (taipan_object::hooks::get().import)("string.templatelib")?;
    let f = module.get_attr_str("_template_unpickle")?;
    let args = Tuple::from_vec(vec![this.strings().to_obj(), this.interpolations().to_obj()]);
    Ok(Tuple::from_vec(vec![f, args.into_obj()]).into_obj())
}

extern "C" fn iter_next(o: &Object) -> Option<Obj> {
    let it: &TemplateIter = o.cast();
    let n = it.next.get();
    let item = it.template.get().and_then(|t| t.cast::<Template>().items().get(n).cloned());
    it.next.set(n + 1);
    to_iternext(Ok(item))
}

extern "C" fn iter_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    o.cast::<TemplateIter>().template.get().map_or(0, |t| visit(t, arg))
}

static TEMPLATE_SEQUENCE: SequenceMethods =
    SequenceMethods { concat: Slot::new(template_concat), ..SequenceMethods::EMPTY };

/// Adds what the types have beside their tables; called once they are ready.
pub fn complete_types() -> PyResult<()> {
    let names = ["value", "expression", "conversion", "format_spec"].map(|n| Str::from_utf8(n).into_obj());
    taipan_object::typeobj::ready::dict_of(&_PyInterpolation_Type)
        .set_item(intern!("__match_args__"), &Tuple::from_vec(names.to_vec()))
}

#[allow(non_upper_case_globals)]
#[unsafe(no_mangle)]
/// `string.templatelib.Interpolation`.
pub static _PyInterpolation_Type: Type = Type::new_static(TypeDef {
    name: c"string.templatelib.Interpolation",
    basicsize: size_of::<Interpolation>(),
    flags: flags::HAVE_GC,
    doc: Some(c"A value that stands in a template string, with its expression, conversion and format."),
    dealloc: Some(dealloc_of::<Interpolation>),
    repr: Some(interpolation_repr),
    traverse: Some(interpolation_traverse),
    clear: Some(interpolation_clear),
    methods: methods![interpolation_reduce, class_getitem],
    members: members![
        MemberDef::new(c"value", member::OBJECT, offset_of!(Interpolation, value), member::READONLY),
        MemberDef::new(c"expression", member::OBJECT, offset_of!(Interpolation, expression), member::READONLY),
        MemberDef::new(c"conversion", member::OBJECT, offset_of!(Interpolation, conversion), member::READONLY),
        MemberDef::new(c"format_spec", member::OBJECT, offset_of!(Interpolation, format_spec), member::READONLY),
    ],
    new: Some(interpolation_new),
    ..TypeDef::EMPTY
});

#[allow(non_upper_case_globals)]
#[unsafe(no_mangle)]
/// `string.templatelib.Template`.
pub static _PyTemplate_Type: Type = Type::new_static(TypeDef {
    name: c"string.templatelib.Template",
    basicsize: size_of::<Template>(),
    flags: flags::HAVE_GC,
    doc: Some(c"What a template string gives: its strings and interpolations."),
    dealloc: Some(dealloc_of::<Template>),
    repr: Some(template_repr),
    as_sequence: Some(&TEMPLATE_SEQUENCE),
    traverse: Some(template_traverse),
    iter: Some(template_iter),
    methods: methods![template_reduce, class_getitem],
    members: members![
        MemberDef::new(c"strings", member::OBJECT, offset_of!(Template, strings), member::READONLY),
        MemberDef::new(c"interpolations", member::OBJECT, offset_of!(Template, interpolations), member::READONLY),
    ],
    getset: getsets![getset!(c"values", get_values)],
    new: Some(template_new),
    ..TypeDef::EMPTY
});

#[allow(non_upper_case_globals)]
/// The iterator's type.
pub static _PyTemplateIter_Type: Type = Type::new_static(TypeDef {
    name: c"string.templatelib.TemplateIter",
    basicsize: size_of::<TemplateIter>(),
    flags: flags::HAVE_GC,
    dealloc: Some(dealloc_of::<TemplateIter>),
    traverse: Some(iter_traverse),
    iter: Some(crate::generator::methods::own_iter),
    iternext: Some(iter_next),
    ..TypeDef::EMPTY
});
