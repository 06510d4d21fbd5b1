//! `typing.Union`: `int | str` (PEP 604).

use crate::alloc::{dealloc_of, new_object};
use crate::error::{PyResult, status_len};
use crate::header::{Obj, ObjCell, Object, Ref};
use crate::method::{MemberDef, member};
use crate::protocol::attr::generic_getattro;
use crate::protocol::compare::{CompareOp, not_implemented};
use crate::typeobj::slots::{MappingMethods, NumberMethods, Slot, VisitProc};
use crate::typeobj::{Type, TypeDef, flags};
use crate::types::generic_alias::{collect_parameters, subs_parameters, write_type};
use crate::types::set::Set;
use crate::types::str::{Str, StrBuilder};
use crate::types::tuple::Tuple;
use crate::types::{bool_, none};
use crate::{bail, getset, getsets, intern, layout, members, methods};
use std::ffi::{c_int, c_void};
use std::mem::offset_of;
use taipan_clinic::{classmethod, method};

/// `unionobject`.
#[repr(C)]
pub struct Union {
    ob_base: Object,
    /// All alternatives, a tuple.
    args: ObjCell,
    /// Those that can be hashed, a frozen set.
    hashable_args: ObjCell,
    /// Those that cannot, a tuple, or nothing if there are none.
    unhashable_args: ObjCell,
    parameters: ObjCell,
    weakreflist: ObjCell,
}
const _: () = {
    assert!(size_of::<Union>() == 56 && offset_of!(Union, args) == 16 && offset_of!(Union, hashable_args) == 24);
    assert!(
        offset_of!(Union, unhashable_args) == 32
            && offset_of!(Union, parameters) == 40
            && offset_of!(Union, weakreflist) == 48
    );
};
layout!(Union, _PyUnion_Type);

impl Union {
    fn args(&self) -> Ref<Tuple> {
        self.args.get_owned().and_then(|a| a.downcast_into().ok()).unwrap_or_else(Tuple::empty)
    }

    fn unhashable(&self) -> Option<Ref<Tuple>> {
        self.unhashable_args.get_owned().and_then(|a| a.downcast_into().ok())
    }

    fn parameters(&self) -> PyResult<Ref<Tuple>> {
        if let Some(p) = self.parameters.get() {
            return Ok(Ref::from_borrowed(p.cast()));
        }
        let found = collect_parameters(&self.args())?;
        self.parameters.set(Some(found.clone().into_obj()));
        Ok(found)
    }
}

/// The alternatives of a union; `None` for anything else.
#[inline]
pub fn args_of(cls: &Object) -> Option<Ref<Tuple>> {
    cls.downcast_exact::<Union>().map(Union::args)
}

/// Collects alternatives: nested unions are flattened, equal ones kept once.
struct Builder {
    args: Vec<Obj>,
    hashable: Ref<Set>,
    unhashable: Vec<Obj>,
    /// Whether to have `typing` look at what is not evidently a type.
    checked: bool,
}

impl Builder {
    fn new(checked: bool) -> Builder {
        Builder { args: Vec::new(), hashable: Set::new_frozen(), unhashable: Vec::new(), checked }
    }

    fn add(&mut self, arg: &Object) -> PyResult<()> {
        if arg.is_none() {
            return self.add_plain(none::_PyNone_Type.as_object());
        }
        if let Some(nested) = args_of(arg) {
            for a in nested.items() {
                self.add_plain(a)?;
            }
            return Ok(());
        }
        if self.checked && !is_operand(arg) {
            let check = (crate::hooks::get().import)("typing")?.get_attr(intern!("_type_check"))?;
            let message = Str::from_utf8("Union[arg, ...]: each arg must be a type.");
            let arg = check.call(&[arg, &message])?;
            return self.add_plain(&arg);
        }
        self.add_plain(arg)
    }

    fn add_plain(&mut self, arg: &Object) -> PyResult<()> {
        match arg.hash() {
            Ok(hash) => {
                if !self.hashable.insert_hashed(arg, hash)? {
                    return Ok(());
                }
            }
            Err(e) => {
                e.clear();
                for other in &self.unhashable {
                    if other.eq(arg)? {
                        return Ok(());
                    }
                }
                self.unhashable.push(arg.to_obj());
            }
        }
        self.args.push(arg.to_obj());
        Ok(())
    }

    fn finish(mut self) -> PyResult {
        match self.args.len() {
            0 => bail!(TypeError, "Cannot take a Union of no types."),
            1 => return Ok(self.args.swap_remove(0)),
            _ => {}
        }
        let unhashable = (!self.unhashable.is_empty()).then(|| Tuple::from_vec(self.unhashable).into_obj());
        Ok(new_object(Union {
            ob_base: Object::placeholder(),
            args: ObjCell::new(Tuple::from_vec(self.args).into_obj()),
            hashable_args: ObjCell::new(self.hashable.into_obj()),
            unhashable_args: ObjCell::from_opt(unhashable),
            parameters: ObjCell::empty(),
            weakreflist: ObjCell::empty(),
        })
        .into_obj())
    }
}

/// Whether `|` of types takes the object: `None`, classes, generic aliases, unions and lazily evaluated type aliases. Other objects that
/// stand for types (type variables, ...) have a `|` of their own.
fn is_operand(o: &Object) -> bool {
    o.is_none()
        || o.downcast::<Type>().is_some()
        || o.downcast::<crate::types::generic_alias::GenericAlias>().is_some()
        || o.is_exact(&_PyUnion_Type)
        || (!o.ty().is_heap() && o.ty().name_str() == "typing.TypeAliasType")
}

/// `a | b` for types; `NotImplemented` when one of them is none (`_Py_union_type_or`).
pub fn or(a: &Object, b: &Object) -> PyResult {
    if !is_operand(a) || !is_operand(b) {
        return Ok(not_implemented());
    }
    let mut u = Builder::new(false);
    u.add(a)?;
    u.add(b)?;
    u.finish()
}

/// `Union[args]`; what is not a tuple is the only alternative, and one alternative is itself (`_Py_union_from_tuple`).
pub fn from_tuple(args: &Object) -> PyResult {
    let mut u = Builder::new(true);
    match args.downcast_exact::<Tuple>() {
        Some(t) => {
            for a in t.items() {
                u.add(a)?;
            }
        }
        None => u.add(args)?,
    }
    u.finish()
}

/// Beside a union anything goes; text is a forward reference.
extern "C" fn union_or(a: &Object, b: &Object) -> PyResult {
    let operand = |o: &Object| -> PyResult {
        if o.downcast::<crate::types::str::Str>().is_none() {
            return Ok(o.to_obj());
        }
        (crate::hooks::get().import)("annotationlib")?.get_attr(intern!("ForwardRef"))?.call_one(o)
    };
    let mut u = Builder::new(false);
    let (a, b) = (operand(a)?, operand(b)?);
    u.add(&a)?;
    u.add(&b)?;
    u.finish()
}

extern "C" fn union_repr(o: &Object) -> PyResult {
    let mut out = StrBuilder::new();
    for (i, arg) in o.cast::<Union>().args().items().iter().enumerate() {
        if i > 0 {
            out.push_str(" | ");
        }
        write_type(&mut out, arg)?;
    }
    Ok(out.finish().into_obj())
}

extern "C" fn union_hash(o: &Object) -> isize {
    let this: &Union = o.cast();
    status_len((|| {
        if let Some(bad) = this.unhashable() {
            // One of them says what is wrong. Should all have become hashable, the union still is not.
            for a in bad.items() {
                a.hash()?;
            }
            bail!(TypeError, "union contains {} unhashable elements", bad.len());
        }
        this.hashable_args.get_owned().map_or(Ok(0), |s| s.hash())
    })())
}

fn same_alternatives(a: &Union, b: &Union) -> PyResult<bool> {
    let (Some(x), Some(y)) = (a.hashable_args.get_owned(), b.hashable_args.get_owned()) else { return Ok(false) };
    if !x.eq(&y)? {
        return Ok(false);
    }
    match (a.unhashable(), b.unhashable()) {
        (None, None) => Ok(true),
        (Some(x), Some(y)) if x.len() == y.len() => {
            for item in x.items() {
                if !y.contains(item)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        _ => Ok(false),
    }
}

extern "C" fn union_richcompare(a: &Object, b: &Object, op: c_int) -> PyResult {
    let op = CompareOp::from_c(op);
    let (Some(x), Some(y)) = (a.downcast::<Union>(), b.downcast::<Union>()) else { return Ok(not_implemented()) };
    if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
        return Ok(not_implemented());
    }
    Ok(bool_::from_bool(same_alternatives(x, y)? == (op == CompareOp::Eq)))
}

extern "C" fn union_getitem(o: &Object, item: &Object) -> PyResult {
    let this: &Union = o.cast();
    let params = this.parameters()?;
    let args = subs_parameters(o, &this.args(), &params, item)?;
    from_tuple(&args)
}

/// `typing` asks instances for `__module__`, which is that of the type.
extern "C" fn union_getattro(o: &Object, name: &Object) -> PyResult {
    if name.downcast::<Str>().is_some_and(|n| n.eq_str("__module__")) {
        return o.ty().as_object().get_attr(name);
    }
    generic_getattro(o, name)
}

extern "C" fn union_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let this: &Union = o.cast();
    crate::visit!(this.args, visit, arg);
    crate::visit!(this.hashable_args, visit, arg);
    crate::visit!(this.unhashable_args, visit, arg);
    crate::visit!(this.parameters, visit, arg);
    0
}

/// Raises: a union cannot be a base class.
#[method(signature = "(bases, /)", text = false)]
fn __mro_entries__(this: &Union, _bases: &Object) -> PyResult {
    bail!(TypeError, "Cannot subclass {}", this.repr()?.display())
}

/// `Union[...]`.
#[classmethod(signature = "(item, /)", text = false)]
fn __class_getitem__(_cls: &Type, item: &Object) -> PyResult {
    from_tuple(item)
}

fn get_name(_: &Union) -> &'static str {
    "Union"
}

fn get_origin(_: &Union) -> Obj {
    _PyUnion_Type.to_obj()
}

fn get_parameters(this: &Union) -> PyResult<Ref<Tuple>> {
    this.parameters()
}

static AS_MAPPING: MappingMethods = MappingMethods { subscript: Slot::new(union_getitem), ..MappingMethods::EMPTY };
static AS_NUMBER: NumberMethods = NumberMethods { or: Slot::new(union_or), ..NumberMethods::EMPTY };

#[unsafe(no_mangle)]
pub static _PyUnion_Type: Type = Type::new_static(TypeDef {
    name: c"typing.Union",
    basicsize: size_of::<Union>(),
    flags: flags::HAVE_GC | flags::DISALLOW_INSTANTIATION,
    doc: Some(c"Several types of which a value has one: int | str."),
    dealloc: Some(dealloc_of::<Union>),
    repr: Some(union_repr),
    as_number: Some(&AS_NUMBER),
    as_mapping: Some(&AS_MAPPING),
    hash: Some(union_hash),
    getattro: Some(union_getattro),
    traverse: Some(union_traverse),
    richcompare: Some(union_richcompare),
    weaklistoffset: offset_of!(Union, weakreflist) as isize,
    methods: methods![__mro_entries__, __class_getitem__],
    members: members![MemberDef::new(c"__args__", member::OBJECT, offset_of!(Union, args), member::READONLY)],
    getset: getsets![
        getset!(c"__name__", get_name; c"the name of the type"),
        getset!(c"__qualname__", get_name; c"the qualified name of the type"),
        getset!(c"__origin__", get_origin; c"always the type itself"),
        getset!(c"__parameters__", get_parameters; c"the type parameters in the alternatives"),
    ],
    ..TypeDef::EMPTY
});

/// For readying.
pub static TYPES: &[&Type] = &[&_PyUnion_Type];
