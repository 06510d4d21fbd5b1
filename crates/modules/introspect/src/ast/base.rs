//! The class `ast.AST`: constructor, `repr`, copying.

use super::classes::State;
use std::ffi::{c_int, c_void};
use std::mem::offset_of;
use taipan_object::alloc::{dealloc_of, new_instance};
use taipan_object::args::KwArgs;
use taipan_object::error::status;
use taipan_object::protocol::attr::{dict_getter, dict_setter, generic_getattro, generic_setattro};
use taipan_object::protocol::repr::repr_enter;
use taipan_object::typeobj::slots::VisitProc;
use taipan_object::types::dict::Dict;
use taipan_object::types::exceptions;
use taipan_object::types::generic_alias::Py_GenericAliasType;
use taipan_object::types::list::List;
use taipan_object::types::none::none;
use taipan_object::types::set::Set;
use taipan_object::types::str::StrBuilder;
use taipan_object::types::tuple::Tuple;
use taipan_object::types::union::_PyUnion_Type;
use taipan_object::{
    Obj, ObjCell, Object, PyResult, Ref, Type, TypeDef, bail, flags, getset, getsets, intern, layout, method, methods,
    visit,
};

/// A node.
#[repr(C)]
pub struct Node {
    ob_base: Object,
    /// Fields and positions.
    pub dict: ObjCell,
}
layout!(Node, AST_Type);

/// A node with this namespace.
pub fn new_node(class: &Type, dict: Ref<Dict>) -> PyResult {
    Ok(new_instance(class, Node { ob_base: Object::placeholder(), dict: ObjCell::new(dict.into_obj()) })?.into_obj())
}

extern "C" fn ast_new(cls: &Type, _: &Object, _: Option<&Object>) -> PyResult {
    Ok(new_instance(cls, Node { ob_base: Object::placeholder(), dict: ObjCell::empty() })?.into_obj())
}

fn warn(text: &str) -> PyResult<()> {
    (taipan_object::hooks::get().warn)(exceptions::DeprecationWarning, text, 1)
}

extern "C" fn ast_init(o: &Object, args: &Object, kwargs: Option<&Object>) -> c_int {
    status(init(o, args.cast(), kwargs.map(|k| k.cast())))
}

fn init(o: &Object, args: &Tuple, kwargs: Option<&Dict>) -> PyResult<()> {
    let class = o.ty();
    let fields = class.as_object().get_attr(intern!("_fields"))?;
    let count = fields.len()?;
    let mut missing: Vec<Obj> = taipan_object::protocol::iter::collect(&fields)?;
    if args.len() > count {
        bail!(
            TypeError,
            "{} constructor takes at most {count} positional argument{}",
            class.short_name(),
            if count == 1 { "" } else { "s" }
        );
    }
    let given: Vec<Obj> = missing.drain(..args.len().min(missing.len())).collect();
    for (name, value) in given.iter().zip(args.items()) {
        o.set_attr(name, value)?;
    }
    if let Some(kwargs) = kwargs {
        let mut attributes = None;
        for (name, value) in kwargs.pairs() {
            if fields.contains(&name)? {
                match position(&missing, &name)? {
                    Some(i) => drop(missing.remove(i)),
                    None => bail!(
                        TypeError,
                        "{} got multiple values for argument {}",
                        class.name_str(),
                        name.repr()?.display()
                    ),
                }
            } else {
                if attributes.is_none() {
                    attributes = Some(class.as_object().get_attr(intern!("_attributes"))?);
                }
                let known = match &attributes {
                    Some(a) => a.contains(&name)?,
                    None => false,
                };
                if !known {
                    warn(&format!(
                        "{}.__init__ got an unexpected keyword argument {}. Support for arbitrary keyword arguments is deprecated and will be removed in Python 3.15.",
                        class.name_str(),
                        name.repr()?.display()
                    ))?;
                }
            }
            o.set_attr(&name, &value)?;
        }
    }
    if missing.is_empty() { Ok(()) } else { fill_defaults(o, &missing) }
}

fn position(names: &[Obj], name: &Object) -> PyResult<Option<usize>> {
    for (i, n) in names.iter().enumerate() {
        if n.eq(name)? {
            return Ok(Some(i));
        }
    }
    Ok(None)
}

/// Optional fields have their default on the class; lists become empty, a context `Load()`.
fn fill_defaults(o: &Object, missing: &[Obj]) -> PyResult<()> {
    let class = o.ty();
    let Some(types) = class.as_object().get_attr_opt(intern!("_field_types"))? else { return Ok(()) };
    let Some(types) = types.downcast::<Dict>() else {
        bail!(TypeError, "{}._field_types must be a dict", class.name_str())
    };
    for name in missing {
        match types.get_item(name)? {
            None => warn(&format!(
                "Field {} is missing from {}._field_types. This will become an error in Python 3.15.",
                name.repr()?.display(),
                class.name_str()
            ))?,
            Some(t) if t.is_exact(&_PyUnion_Type) => {}
            Some(t) if t.is_exact(&Py_GenericAliasType) => o.set_attr(name, List::new().as_obj())?,
            Some(t) if State::exists() && t.is(&State::get()?.class("expr_context")) => {
                let state = State::get()?;
                let load = super::classes::type_info("expr_context").map(|t| state.singleton(&t.nodes[0]));
                o.set_attr(name, &load.unwrap_or_else(|| none().to_obj()))?;
            }
            Some(_) => warn(&format!(
                "{}.__init__ missing 1 required positional argument: {}. This will become an error in Python 3.15.",
                class.name_str(),
                name.repr()?.display()
            ))?,
        }
    }
    Ok(())
}

/// How deep `repr` goes.
const REPR_DEPTH: usize = 3;

extern "C" fn ast_repr(o: &Object) -> PyResult {
    let mut b = StrBuilder::new();
    write_node(&mut b, o, REPR_DEPTH)?;
    Ok(b.finish().into_obj())
}

fn write_node(b: &mut StrBuilder, o: &Object, depth: usize) -> PyResult<()> {
    let class = o.ty();
    b.push_str(class.name_str());
    if depth == 0 {
        b.push_str("(...)");
        return Ok(());
    }
    let Some(_guard) = repr_enter(o)? else {
        b.push_str("(...)");
        return Ok(());
    };
    let fields = class.as_object().get_attr(intern!("_fields"))?;
    b.push_str("(");
    for (i, name) in taipan_object::protocol::iter::collect(&fields)?.iter().enumerate() {
        if i > 0 {
            b.push_str(", ");
        }
        let value = o.get_attr(name)?;
        b.push_pystr(&*name.str()?);
        b.push_str("=");
        let items = if let Some(l) = value.downcast::<List>() {
            Some((l.snapshot(), "[", "]"))
        } else {
            value.downcast::<Tuple>().map(|t| (t.items().to_vec(), "(", if t.len() == 1 { ",)" } else { ")" }))
        };
        match items {
            Some((items, open, close)) => {
                b.push_str(open);
                if let Some(first) = items.first() {
                    write_value(b, first, depth - 1)?;
                }
                if items.len() > 2 {
                    b.push_str(", ...");
                }
                if items.len() > 1 {
                    b.push_str(", ");
                    write_value(b, &items[items.len() - 1], depth - 1)?;
                }
                b.push_str(close);
            }
            None => write_value(b, &value, depth - 1)?,
        }
    }
    b.push_str(")");
    Ok(())
}

fn write_value(b: &mut StrBuilder, value: &Object, depth: usize) -> PyResult<()> {
    if value.downcast::<Node>().is_some() {
        write_node(b, value, depth)
    } else {
        b.push_pystr(&*value.repr()?);
        Ok(())
    }
}

/// The node's namespace, if it has one.
fn namespace(o: &Object) -> PyResult<Option<Ref<Dict>>> {
    match o.get_attr_opt(intern!("__dict__"))? {
        Some(d) => Ok(d.downcast_into::<Dict>().ok()),
        None => Ok(None),
    }
}

/// Pickle as class, a None for every leading field that is set, and the namespace.
#[method(signature = "()", name = "__reduce__")]
fn reduce(this: &Object) -> PyResult {
    let class = this.ty().to_obj();
    let Some(dict) = namespace(this)? else { return Ok(Tuple::new(&[&class, &Tuple::empty()]).into_obj()) };
    let mut places = Vec::new();
    if let Some(fields) = class.get_attr_opt(intern!("_fields"))? {
        for name in taipan_object::protocol::iter::collect(&fields)? {
            if !dict.contains(&name)? {
                break;
            }
            places.push(none().to_obj());
        }
    }
    Ok(Tuple::new(&[&class, &Tuple::from_vec(places), &dict]).into_obj())
}

/// Return a copy with other values for the given fields.
#[method(signature = "(*args, **fields)", shown = "(/, **fields)", name = "__replace__")]
fn replace(this: &Object, args: &[&Object], fields: KwArgs<'_>) -> PyResult {
    if !args.is_empty() {
        bail!(TypeError, "__replace__() takes no positional arguments");
    }
    let class = this.ty();
    let list = |name: &'static Object| -> PyResult<Vec<Obj>> {
        match class.as_object().get_attr_opt(name)? {
            Some(f) => taipan_object::protocol::iter::collect(&f),
            None => Ok(Vec::new()),
        }
    };
    let (field_names, attributes) = (list(intern!("_fields"))?, list(intern!("_attributes"))?);
    let expected = Set::from_items(&field_names)?;
    for a in &attributes {
        expected.add(a)?;
    }
    // What is no field is not copied.
    let values = Dict::new();
    if let Some(d) = namespace(this)? {
        for (name, value) in d.pairs() {
            if expected.contains(&name)? {
                values.set_item(&name, &value)?;
            }
        }
    }
    for (name, value) in fields.iter() {
        if !expected.contains(name)? {
            bail!(
                TypeError,
                "{}.__replace__ got an unexpected keyword argument {}.",
                class.name_str(),
                name.repr()?.display()
            );
        }
        values.set_item(name, value)?;
    }
    let mut missing = Vec::new();
    for name in &field_names {
        if !values.contains(name)? && class.as_object().get_attr_opt(name)?.is_none() {
            missing.push(name.repr()?.to_utf8_lossy().into_owned());
        }
    }
    if !missing.is_empty() {
        bail!(
            TypeError,
            "{}.__replace__ missing {} keyword argument{}: {}.",
            class.name_str(),
            missing.len(),
            if missing.len() == 1 { "" } else { "s" },
            missing.join(", ")
        );
    }
    class.as_object().call_tuple(&Tuple::empty(), Some(&values))
}

extern "C" fn ast_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    visit!(o.cast::<Node>().dict, visit, arg);
    0
}
extern "C" fn ast_clear(o: &Object) -> c_int {
    o.cast::<Node>().dict.set(None);
    0
}

#[allow(non_upper_case_globals)]
/// `ast.AST`.
pub static AST_Type: Type = Type::with_flags(
    TypeDef {
        name: c"ast.AST",
        basicsize: size_of::<Node>(),
        flags: flags::HAVE_GC | flags::BASETYPE,
        dealloc: Some(dealloc_of::<Node>),
        repr: Some(ast_repr),
        getattro: Some(generic_getattro),
        setattro: Some(generic_setattro),
        traverse: Some(ast_traverse),
        clear: Some(ast_clear),
        methods: methods![reduce, replace],
        getset: getsets![getset!(c"__dict__", dict_getter, dict_setter)],
        dictoffset: offset_of!(Node, dict) as isize,
        init: Some(ast_init),
        new: Some(ast_new),
        ..TypeDef::EMPTY
    },
    0,
);
