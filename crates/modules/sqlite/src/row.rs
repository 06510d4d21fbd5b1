//! `Row`: a row whose columns have names.

use crate::cursor::Cursor;
use crate::errors::none;
use crate::visit_cells;
use std::ffi::{c_int, c_void};
use taipan_object::alloc::{dealloc_of, new_instance};
use taipan_object::protocol::compare::CompareOp;
use taipan_object::typeobj::slots::{MappingMethods, SequenceMethods, Slot, VisitProc};
use taipan_object::types::int::Int;
use taipan_object::types::list::List;
use taipan_object::types::slice::Slice;
use taipan_object::types::str::Str;
use taipan_object::types::tuple::Tuple;
use taipan_object::{ObjCell, Object, PyResult, Ref, Type, TypeDef, bail, error, flags, layout, method, methods};

/// `sqlite3.Row`.
#[repr(C)]
pub struct Row {
    ob_base: Object,
    data: ObjCell,
    description: ObjCell,
}
layout!(Row, ROW_TYPE);

extern "C" fn row_new(cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    if std::ptr::eq(cls, &ROW_TYPE) && kwargs.is_some_and(|k| !k.is_null_or_empty_dict()) {
        bail!(TypeError, "Row() takes no keyword arguments");
    }
    let args: &Tuple = args.cast();
    let [cursor, data] = args.items() else {
        bail!(TypeError, "Row expected 2 arguments, got {}", args.len());
    };
    let Some(cursor) = cursor.downcast::<Cursor>() else {
        bail!(TypeError, "Row() argument 1 must be sqlite3.Cursor, not {}", cursor.ty().name_str());
    };
    if data.downcast::<Tuple>().is_none() {
        bail!(TypeError, "Row() argument 2 must be tuple, not {}", data.ty().name_str());
    }
    let body = Row {
        ob_base: Object::placeholder(),
        data: ObjCell::new(data.clone()),
        description: ObjCell::new(cursor.description()),
    };
    new_instance(cls, body).map(Ref::into_obj)
}

impl Row {
    fn data(&self) -> Ref<Tuple> {
        self.data.get_owned().and_then(|d| d.downcast_into().ok()).unwrap_or_else(|| Tuple::new(&[]))
    }

    fn names(&self) -> Vec<taipan_object::Obj> {
        let Some(d) = self.description.get_owned() else { return Vec::new() };
        match d.downcast::<Tuple>() {
            Some(t) => t.items().iter().filter_map(|c| c.downcast::<Tuple>()?.items().first().cloned()).collect(),
            None => Vec::new(),
        }
    }

    fn at(&self, index: isize) -> PyResult {
        let data = self.data();
        let i = if index < 0 { index + data.len() as isize } else { index };
        match usize::try_from(i).ok().and_then(|i| data.items().get(i)) {
            Some(o) => Ok(o.clone()),
            None => bail!(IndexError, "tuple index out of range"),
        }
    }
}

extern "C" fn row_subscript(o: &Object, key: &Object) -> PyResult {
    let row: &Row = o.cast();
    if key.downcast::<Int>().is_some() {
        let i = key.index_as_isize(Some(taipan_object::types::exceptions::IndexError))?;
        return row.at(i);
    }
    if let Some(wanted) = key.downcast::<Str>() {
        let wanted_text = wanted.to_wtf8();
        for (i, name) in row.names().iter().enumerate() {
            let Some(name) = name.downcast::<Str>() else { continue };
            if name.eq(wanted) || name.to_wtf8().eq_ignore_ascii_case(&wanted_text) {
                return row.at(i as isize);
            }
        }
        if row.description.get().is_none_or(Object::is_none) {
            bail!(IndexError, "No item with key {}", wanted.repr()?.display());
        }
        bail!(IndexError, "No item with that key");
    }
    if key.downcast::<Slice>().is_some() {
        return row.data().get_item(key);
    }
    bail!(IndexError, "Index must be int or string");
}

extern "C" fn row_item(o: &Object, i: isize) -> PyResult {
    o.cast::<Row>().at(i)
}

extern "C" fn row_len(o: &Object) -> isize {
    o.cast::<Row>().data().len() as isize
}

extern "C" fn row_iter(o: &Object) -> PyResult {
    o.cast::<Row>().data().iter()
}

extern "C" fn row_hash(o: &Object) -> isize {
    let row: &Row = o.cast();
    let hash = || -> PyResult<isize> {
        let d = row.description.get_owned().unwrap_or_else(none);
        Ok(d.hash()? ^ row.data().hash()?)
    };
    match hash() {
        Ok(-1) => -2,
        Ok(h) => h,
        Err(_) => -1,
    }
}

extern "C" fn row_compare(a: &Object, b: &Object, op: c_int) -> PyResult {
    let op = CompareOp::from_c(op);
    let (Some(x), Some(y)) = (a.downcast::<Row>(), b.downcast::<Row>()) else {
        return Ok(taipan_object::types::none::not_implemented().to_obj());
    };
    if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
        return Ok(taipan_object::types::none::not_implemented().to_obj());
    }
    let (p, q) = (x.description.get_owned().unwrap_or_else(none), y.description.get_owned().unwrap_or_else(none));
    let same = p.eq(&q)? && x.data().rich_compare_bool(&y.data(), CompareOp::Eq)?;
    Ok(taipan_object::types::bool_::from_bool(same == (op == CompareOp::Eq)))
}

/// The names of the columns.
#[method]
fn keys(this: &Row) -> Ref<List> {
    List::from_vec(this.names())
}

extern "C" fn row_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let r: &Row = o.cast();
    visit_cells(&[&r.data, &r.description], visit, arg)
}

extern "C" fn row_clear(o: &Object) -> c_int {
    let r: &Row = o.cast();
    r.data.set(None);
    r.description.set(None);
    error::status(Ok(()))
}

static AS_SEQUENCE: SequenceMethods =
    SequenceMethods { length: Slot::new(row_len), item: Slot::new(row_item), ..SequenceMethods::EMPTY };
static AS_MAPPING: MappingMethods =
    MappingMethods { length: Slot::new(row_len), subscript: Slot::new(row_subscript), ..MappingMethods::EMPTY };

/// The type.
pub static ROW_TYPE: Type = Type::new_static(TypeDef {
    name: c"sqlite3.Row",
    basicsize: size_of::<Row>(),
    flags: flags::HAVE_GC | flags::BASETYPE,
    dealloc: Some(dealloc_of::<Row>),
    traverse: Some(row_traverse),
    clear: Some(row_clear),
    hash: Some(row_hash),
    richcompare: Some(row_compare),
    iter: Some(row_iter),
    as_sequence: Some(&AS_SEQUENCE),
    as_mapping: Some(&AS_MAPPING),
    methods: methods![keys],
    new: Some(row_new),
    ..TypeDef::EMPTY
});
