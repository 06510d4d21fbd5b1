//! Struct sequences: tuples whose items also have names, as `os.stat_result`. Some fields may be hidden from the sequence.
//!
//! An instance is a tuple whose `ob_size` counts the visible fields only; the hidden ones lie behind them. A type's `tp_basicsize` says how many
//! are hidden, its `tp_members` name the fields that have names.

use crate::alloc::{finish_dealloc, generic_alloc};
use crate::args::{KwArgs, Param, Signature, bind_keywords, with_tuple_args};
use crate::error::PyResult;
use crate::gc;
use crate::header::{Obj, ObjCell, Object, Ref};
use crate::method::{MemberDef, member};
use crate::protocol::iter::collect;
use crate::typeobj::ready;
use crate::typeobj::slots::VisitProc;
use crate::typeobj::{HeapType, Type, flags};
use crate::types::dict::Dict;
use crate::types::exceptions;
use crate::types::int::Int;
use crate::types::none;
use crate::types::str::intern::intern_str;
use crate::types::str::{Str, StrBuilder};
use crate::types::tuple::{PyTuple_Type, Tuple};
use crate::types::type_::PyType_Type;
use crate::{bail, intern, methods, raise};
use std::ffi::{CStr, CString, c_int, c_void};
use std::ptr::NonNull;
use taipan_clinic::method;

const ITEMS: usize = size_of::<Tuple>();
const WORD: usize = size_of::<usize>();

/// Makers of struct sequence types.
pub struct StructSeq;

impl StructSeq {
    /// A new type: dotted name, docstring, fields as (name, docstring) in order, and how many of them the sequence shows. Fields named `""` have
    /// no name.
    pub fn new_type(name: &str, doc: &str, fields: &[(&str, &str)], n_in_sequence: usize) -> PyResult {
        StructSeq::new_type_with(name, doc, fields, n_in_sequence, 0)
    }

    /// As [`StructSeq::new_type`] with more type flags, such as `DISALLOW_INSTANTIATION`.
    pub fn new_type_with(
        name: &str,
        doc: &str,
        fields: &[(&str, &str)],
        n_in_sequence: usize,
        extra_flags: u64,
    ) -> PyResult {
        debug_assert!(n_in_sequence <= fields.len());
        let nul = |_| raise!(ValueError, "embedded null character");
        let cls = generic_alloc(&PyType_Type, 0)?;
        let ty: &Type = cls.cast();
        // SAFETY: memory from `type` is laid out as a heap type.
        let heap: &HeapType = unsafe { cls.cast_unchecked() };
        let (module, short) = name.rsplit_once('.').unwrap_or(("builtins", name));
        ty.flags.set(flags::HEAPTYPE | flags::HAVE_GC | extra_flags);
        ty.as_async.set(&heap.as_async);
        ty.as_number.set(&heap.as_number);
        ty.as_sequence.set(&heap.as_sequence);
        ty.as_mapping.set(&heap.as_mapping);
        ty.as_buffer.set(&heap.as_buffer);
        heap.ht_tpname.set(CString::new(name).map_err(nul)?.into_raw());
        ty.name.set(heap.ht_tpname.get());
        let short = intern_str(short);
        heap.ht_name.set(Some(short.clone().into_obj()));
        heap.ht_qualname.set(Some(short.into_obj()));
        ty.doc.set(CString::new(doc).map_err(nul)?.into_raw());
        PyTuple_Type.as_object().incref();
        ty.base.set(&PyTuple_Type);
        ty.basicsize.set((ITEMS + (fields.len() - n_in_sequence) * WORD) as isize);
        ty.itemsize.set(WORD as isize);
        ty.dealloc.set(Some(structseq_dealloc));
        ty.traverse.set(Some(structseq_traverse));
        ty.repr.set(Some(structseq_repr));
        ty.new.set(Some(structseq_new));
        ty.alloc.set(Some(generic_alloc));
        ty.free.set(Some(crate::alloc::free_object));
        let methods: Option<&'static [crate::method::MethodDef]> = methods![__reduce__, __replace__];
        ty.methods.set(methods.map_or(std::ptr::null(), <[_]>::as_ptr));
        ty.members.set(member_table(fields)?);

        let dict = Dict::new();
        dict.set_item(intern!("__module__"), &intern_str(module))?;
        dict.set_item(intern!("__doc__"), &Str::from_utf8(doc))?;
        let count = |n: usize| Int::from_usize(n);
        dict.set_item(intern!("n_sequence_fields"), &count(n_in_sequence))?;
        dict.set_item(intern!("n_fields"), &count(fields.len()))?;
        dict.set_item(intern!("n_unnamed_fields"), &count(fields.iter().filter(|f| f.0.is_empty()).count()))?;
        let shown = fields[..n_in_sequence].iter().filter(|f| !f.0.is_empty()).map(|f| intern_str(f.0).into_obj());
        dict.set_item(intern!("__match_args__"), &Tuple::from_vec(shown.collect()))?;
        ty.dict.set(Some(dict.into_obj()));
        ready::ready(ty)?;
        if ty.new.get().is_some() {
            ready::add_new_wrapper(ty)?;
        }
        Ok(cls)
    }
}

/// The members of a type, one for each named field. The table lives as long as the process: descriptors point into it.
fn member_table(fields: &[(&str, &str)]) -> PyResult<*const MemberDef> {
    let mut rows = Vec::with_capacity(fields.len() + 1);
    let text = |s: &str| CString::new(s).map_err(|_| raise!(ValueError, "embedded null character"));
    for (i, (name, doc)) in fields.iter().enumerate() {
        if name.is_empty() {
            continue;
        }
        rows.push(MemberDef {
            name: text(name)?.into_raw(),
            kind: member::OBJECT,
            offset: (ITEMS + i * WORD) as isize,
            flags: member::READONLY,
            doc: if doc.is_empty() { std::ptr::null() } else { text(doc)?.into_raw() },
        });
    }
    rows.push(MemberDef::END);
    Ok(Box::leak(rows.into_boxed_slice()).as_ptr())
}

/// The names of a type's named fields, in order.
fn names(ty: &Type) -> impl Iterator<Item = &'static CStr> {
    let mut row = ty.members.get();
    std::iter::from_fn(move || {
        // SAFETY: the table ends with a row without a name; it and its strings are never freed.
        unsafe {
            if row.is_null() || (*row).name.is_null() {
                return None;
            }
            let name = CStr::from_ptr((*row).name);
            row = row.add(1);
            Some(name)
        }
    })
}

fn interned(name: &CStr) -> Ref<Str> {
    intern_str(&name.to_string_lossy())
}

/// How many fields an instance has, hidden ones included.
fn field_count(ty: &Type, visible: usize) -> usize {
    visible + (ty.basicsize.get() as usize - ITEMS) / WORD
}

/// How many fields the sequence shows and how many there are.
fn counts(ty: &Type) -> PyResult<(usize, usize)> {
    let Some(n) = ty.lookup(intern!("n_sequence_fields")).and_then(|n| n.downcast::<Int>().and_then(Int::to_usize))
    else {
        bail!(TypeError, "Missed attribute 'n_sequence_fields' of type {}", ty.name_str());
    };
    Ok((n, field_count(ty, n)))
}

/// All fields of an instance.
fn fields(o: &Object) -> &[ObjCell] {
    // SAFETY: instances are tuples with the hidden fields behind the visible ones; unset fields are null.
    unsafe {
        let n = field_count(o.ty(), o.cast_unchecked::<Tuple>().len());
        std::slice::from_raw_parts(o.as_ptr().cast::<u8>().add(ITEMS).cast::<ObjCell>(), n)
    }
}

/// An instance of the struct sequence type `ty`, all fields in order; those that are missing are `None`.
pub fn new_instance(ty: &Object, values: Vec<Obj>) -> PyResult {
    let Some(cls) = ty.downcast::<Type>() else { bail!(TypeError, "a struct sequence type is needed") };
    let (visible, total) = counts(cls)?;
    debug_assert!(values.len() <= total);
    let o = generic_alloc(cls, visible as isize)?;
    o.cast::<Tuple>().renew();
    let mut values = values.into_iter();
    for f in fields(&o).iter().take(total) {
        f.set(Some(values.next().unwrap_or_else(none::none_obj)));
    }
    Ok(o)
}

static NEW: Signature = Signature {
    name: "structseq",
    params: &[Param { name: "sequence", required: true }, Param { name: "dict", required: false }],
    posonly: 0,
    positional: 2,
    varargs: false,
    varkw: false,
};

extern "C" fn structseq_new(cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    with_tuple_args("structseq", args, kwargs, |call| {
        let mut given = [None; 2];
        bind_keywords(&NEW, call, &mut given)?;
        match given[0] {
            Some(sequence) => construct(cls, sequence, given[1]),
            None => Err(raise!(TypeError, "structseq() missing required argument 'sequence' (pos 1)")),
        }
    })
}

fn construct(cls: &Type, sequence: &Object, dict: Option<&Object>) -> PyResult {
    let (visible, total) = counts(cls)?;
    if sequence.downcast::<Tuple>().is_none()
        && sequence.downcast::<crate::types::list::List>().is_none()
        && let Err(e) = sequence.iter()
    {
        if e.matches(exceptions::TypeError) {
            e.clear();
            bail!(TypeError, "constructor requires a sequence");
        }
        return Err(e);
    }
    let mut values = collect(sequence)?;
    let dict = match dict {
        Some(d) => match d.downcast::<Dict>() {
            Some(d) => Some(d),
            None => bail!(TypeError, "{}() takes a dict as second arg, if any", cls.name_str()),
        },
        None => None,
    };
    let n = values.len();
    if !(visible..=total).contains(&n) {
        let (bound, limit) = match (visible == total, n < visible) {
            (true, _) => ("a", visible),
            (false, true) => ("an at least", visible),
            (false, false) => ("an at most", total),
        };
        bail!(TypeError, "{}() takes {bound} {limit}-sequence ({n}-sequence given)", cls.name_str());
    }
    if let Some(d) = dict.filter(|d| !d.is_empty()) {
        let unnamed = total - names(cls).count();
        let mut used = 0;
        for name in names(cls).skip(n.saturating_sub(unnamed)) {
            let value = d.get_item(&interned(name))?;
            used += value.is_some() as usize;
            values.push(value.unwrap_or_else(none::none_obj));
        }
        if d.len() > used {
            bail!(TypeError, "{}() got duplicate or unexpected field name(s)", cls.name_str());
        }
    }
    new_instance(cls.as_object(), values)
}

extern "C" fn structseq_repr(o: &Object) -> PyResult {
    let mut out = StrBuilder::new();
    out.push_str(o.ty().name_str());
    out.push('(');
    let visible = o.cast::<Tuple>().len();
    for (i, (name, value)) in names(o.ty()).zip(fields(o)).take(visible).enumerate() {
        if i > 0 {
            out.push_str(", ");
        }
        out.push_str(&name.to_string_lossy());
        out.push('=');
        out.push_pystr(&*value.get_owned().unwrap_or_else(none::none_obj).repr()?);
    }
    out.push(')');
    Ok(out.finish().into_obj())
}

unsafe extern "C" fn structseq_dealloc(obj: NonNull<Object>) {
    // SAFETY: the instance is dead; fields are released once, then the memory, then the reference to its class.
    unsafe {
        let o = obj.as_ref();
        gc::untrack(o);
        let ty = Obj::from_raw(o.ty().as_object());
        for f in fields(o) {
            f.set(None);
        }
        finish_dealloc(obj);
        drop(ty);
    }
}

extern "C" fn structseq_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let r = visit(o.ty().as_object(), arg);
    if r != 0 {
        return r;
    }
    for f in fields(o) {
        crate::visit!(f, visit, arg);
    }
    0
}

/// How pickle makes the object again.
#[method(signature = "()", text = false)]
fn __reduce__(this: &Tuple) -> PyResult<Ref<Tuple>> {
    let all = fields(this);
    let visible = this.len();
    let hidden = Dict::new();
    let unnamed = all.len() - names(this.ty()).count();
    for (name, value) in names(this.ty()).skip(visible.saturating_sub(unnamed)).zip(&all[visible..]) {
        let value = value.get_owned().unwrap_or_else(none::none_obj);
        hidden.set_item(&interned(name), &value)?;
    }
    let shown = Tuple::new(this.borrowed_items());
    Ok(Tuple::new(&[this.ty().as_object(), &Tuple::new(&[&shown, &hidden])]))
}

/// A copy with some fields replaced.
#[method(signature = "(*args, **changes)", shown = "(**changes)")]
fn __replace__(this: &Tuple, args: &[&Object], changes: KwArgs<'_>) -> PyResult {
    if !args.is_empty() {
        bail!(TypeError, "__replace__() takes no positional arguments");
    }
    let all = fields(this);
    let ty = this.ty();
    if names(ty).count() != all.len() {
        bail!(TypeError, "__replace__() is not supported for {} because it has unnamed field(s)", ty.name_str());
    }
    let mut values: Vec<Obj> = all.iter().map(|f| f.get_owned().unwrap_or_else(none::none_obj)).collect();
    let mut unexpected = Vec::new();
    for (k, v) in changes.iter() {
        match names(ty).position(|n| n.to_str().is_ok_and(|n| k.eq_str(n))) {
            Some(i) => values[i] = v.to_obj(),
            None => unexpected.push(k.to_obj()),
        }
    }
    if !unexpected.is_empty() {
        let list = crate::types::list::List::from_vec(unexpected);
        bail!(TypeError, "Got unexpected field name(s): {}", list.repr()?.display());
    }
    new_instance(ty.as_object(), values)
}

/// For readying: types are made when they are needed.
pub static TYPES: &[&Type] = &[];
