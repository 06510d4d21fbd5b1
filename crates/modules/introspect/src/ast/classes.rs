//! The node classes, and where conversions find them.

use super::base::AST_Type;
use std::collections::HashMap;
use std::sync::OnceLock;
use taipan_object::types::dict::Dict;
use taipan_object::types::generic_alias;
use taipan_object::types::int::PyLong_Type;
use taipan_object::types::list::PyList_Type;
use taipan_object::types::none::none;
use taipan_object::types::object::PyBaseObject_Type;
use taipan_object::types::str::intern::intern_str;
use taipan_object::types::str::{PyUnicode_Type, Str};
use taipan_object::types::tuple::Tuple;
use taipan_object::types::type_::PyType_Type;
use taipan_object::types::union;
use taipan_object::{Interp, Obj, PyResult, Ref, intern};
use taipan_syntax::ast::table::{FieldInfo, FieldType, NodeInfo, Quantifier, TYPES, TypeInfo};

/// The attributes of nodes that have a place.
pub const POSITIONS: [&str; 4] = ["lineno", "col_offset", "end_lineno", "end_col_offset"];

/// Number of a class by name: nodes first, in the order of the table, then the sums.
fn numbers() -> &'static HashMap<&'static str, usize> {
    static NUMBERS: OnceLock<HashMap<&'static str, usize>> = OnceLock::new();
    NUMBERS.get_or_init(|| {
        let nodes = TYPES.iter().flat_map(|t| t.nodes.iter().map(|n| n.name));
        let sums = TYPES.iter().filter(|t| !t.product).map(|t| t.name);
        nodes.chain(sums).enumerate().map(|(i, n)| (n, i)).collect()
    })
}

/// An ASDL type by name.
pub fn type_info(name: &str) -> Option<&'static TypeInfo> {
    static BY_NAME: OnceLock<HashMap<&'static str, &'static TypeInfo>> = OnceLock::new();
    BY_NAME.get_or_init(|| TYPES.iter().map(|t| (t.name, t)).collect()).get(name).copied()
}

/// The classes of an interpreter.
pub struct State {
    /// By number: (class, names of the fields, the only instance of a class without fields or None).
    classes: Ref<Tuple>,
    /// The names of [`POSITIONS`].
    pub positions: Ref<Tuple>,
}

impl State {
    /// Whether the classes have been made.
    pub fn exists() -> bool {
        Interp::current().module_state.borrow().contains_key("_ast")
    }

    /// The classes, made when first asked for.
    pub fn get() -> PyResult<State> {
        let known = Interp::current().module_state.borrow().get("_ast").cloned();
        let classes = match known {
            Some(c) => Ref::from_borrowed(c.cast::<Tuple>()),
            None => {
                let made = make_classes()?;
                Interp::current().module_state.borrow_mut().insert("_ast", made.as_obj().clone());
                made
            }
        };
        Ok(State { classes, positions: name_tuple(POSITIONS.iter().copied()) })
    }

    fn row(&self, name: &str) -> &Tuple {
        let n = numbers().get(name).copied().unwrap_or(0);
        self.classes.item(n).cast()
    }

    /// A class by name.
    pub fn class(&self, name: &str) -> Obj {
        self.row(name).items()[0].clone()
    }

    /// A node class and its field names.
    pub fn node(&self, info: &NodeInfo) -> (&taipan_object::Type, &Tuple) {
        let row = self.row(info.name);
        (row.item(0).cast(), row.item(1).cast())
    }

    /// The instance of a class without fields.
    pub fn singleton(&self, info: &NodeInfo) -> Obj {
        self.row(info.name).items()[2].clone()
    }

    /// All classes by name.
    pub fn named(&self) -> Vec<(&'static str, Obj)> {
        let mut all: Vec<_> = numbers().iter().map(|(name, i)| (*i, *name)).collect();
        all.sort_unstable();
        all.into_iter().map(|(_, name)| (name, self.class(name))).collect()
    }
}

fn name_tuple<'a>(names: impl Iterator<Item = &'a str>) -> Ref<Tuple> {
    Tuple::from_vec(names.map(|n| intern_str(n).into_obj()).collect())
}

/// `FunctionDef(identifier name, arguments args, ...)`
fn node_doc(n: &NodeInfo) -> String {
    if n.fields.is_empty() {
        return n.name.to_owned();
    }
    let fields: Vec<String> = n
        .fields
        .iter()
        .map(|f| {
            let mark = match f.quantifier {
                Quantifier::One => "",
                Quantifier::Optional => "?",
                Quantifier::Many => "*",
                Quantifier::OptionalMany => "?*",
            };
            format!("{}{mark} {}", f.ty.name(), f.name)
        })
        .collect();
    format!("{}({})", n.name, fields.join(", "))
}

/// `mod = Module(...)`, the alternatives one below the other unless none has fields.
fn sum_doc(t: &TypeInfo) -> String {
    let alternatives: Vec<String> = t.nodes.iter().map(node_doc).collect();
    let simple = t.nodes.iter().all(|n| n.fields.is_empty());
    let between = if simple { " | ".to_owned() } else { format!("\n{}| ", " ".repeat(t.name.len() + 1)) };
    format!("{} = {}", t.name, alternatives.join(&between))
}

fn make_class(name: &str, base: &Obj, fields: &[FieldInfo], doc: &str) -> PyResult {
    let d = Dict::new();
    let names = name_tuple(fields.iter().map(|f| f.name));
    d.set_item(intern!("_fields"), &names)?;
    d.set_item(intern!("__match_args__"), &names)?;
    d.set_item(intern!("__module__"), intern!("ast"))?;
    d.set_item(intern!("__doc__"), &Str::from_utf8(doc))?;
    PyType_Type.as_object().call(&[&intern_str(name), &Tuple::new(&[base]), &d])
}

fn add_positions(class: &Obj, has: bool) -> PyResult<()> {
    let names = name_tuple(POSITIONS.iter().copied().filter(|_| has));
    class.set_attr(intern!("_attributes"), &names)?;
    if has {
        class.set_attr(intern!("end_lineno"), none())?;
        class.set_attr(intern!("end_col_offset"), none())?;
    }
    Ok(())
}

fn make_classes() -> PyResult<Ref<Tuple>> {
    taipan_object::typeobj::ready::ready(&AST_Type)?;
    let ast = AST_Type.to_obj();
    for name in ["_fields", "__match_args__", "_attributes"] {
        let d = AST_Type.dict.get().map(|d| d.cast::<Dict>());
        if let Some(d) = d {
            d.set_item(&intern_str(name), &Tuple::empty())?;
        }
    }
    if let Some(d) = AST_Type.dict.get() {
        d.cast::<Dict>().set_item(intern!("__doc__"), none())?;
    }
    let mut nodes: Vec<(Obj, &NodeInfo)> = Vec::new();
    let mut sums: Vec<Obj> = Vec::new();
    let mut by_asdl: HashMap<&str, Obj> = HashMap::new();
    for t in TYPES {
        let positions = t.nodes.iter().any(|n| n.positions);
        let base = if t.product {
            ast.clone()
        } else {
            let sum = make_class(t.name, &ast, &[], &sum_doc(t))?;
            add_positions(&sum, positions)?;
            sums.push(sum.clone());
            by_asdl.insert(t.name, sum.clone());
            sum
        };
        for n in t.nodes {
            let class = make_class(n.name, &base, n.fields, &node_doc(n))?;
            if t.product {
                add_positions(&class, positions)?;
                by_asdl.insert(t.name, class.clone());
            }
            for f in n.fields.iter().filter(|f| f.quantifier == Quantifier::Optional) {
                class.set_attr(&intern_str(f.name), none())?;
            }
            nodes.push((class, n));
        }
    }
    let mut rows = Vec::with_capacity(nodes.len() + sums.len());
    for (class, n) in &nodes {
        let types = field_types(n, &by_asdl)?;
        class.set_attr(intern!("_field_types"), &types)?;
        class.set_attr(intern!("__annotations__"), &types)?;
        let fields = name_tuple(n.fields.iter().map(|f| f.name));
        // Operators and contexts have one instance each in trees of the parser.
        let simple = type_info(n.base).is_some_and(|t| !t.product && t.nodes.iter().all(|n| n.fields.is_empty()));
        let only = if simple { class.call_noargs()? } else { none().to_obj() };
        rows.push(Tuple::from_vec(vec![class.clone(), fields.into_obj(), only]).into_obj());
    }
    for class in sums {
        rows.push(Tuple::from_vec(vec![class, Tuple::empty().into_obj(), none().to_obj()]).into_obj());
    }
    Ok(Tuple::from_vec(rows))
}

/// `_field_types`: str, int, object or a class; `X | None`; `list[X]`.
fn field_types(n: &NodeInfo, classes: &HashMap<&str, Obj>) -> PyResult<Ref<Dict>> {
    let d = Dict::new();
    for f in n.fields {
        let one = match f.ty {
            FieldType::Identifier | FieldType::String => PyUnicode_Type.to_obj(),
            FieldType::Int => PyLong_Type.to_obj(),
            FieldType::Constant => PyBaseObject_Type.to_obj(),
            FieldType::Node(name) => classes.get(name).cloned().unwrap_or_else(|| none().to_obj()),
        };
        let ty = match f.quantifier {
            Quantifier::One => one,
            Quantifier::Optional => union::or(&one, none())?,
            Quantifier::Many | Quantifier::OptionalMany => {
                generic_alias::new(PyList_Type.as_object(), &Tuple::new(&[&one]))?
            }
        };
        d.set_item(&intern_str(f.name), &ty)?;
    }
    Ok(d)
}
