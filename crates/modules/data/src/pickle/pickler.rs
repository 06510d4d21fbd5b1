//! The types `Pickler` and `PicklerMemoProxy`.

use super::memo::Memo;
use super::state;
use super::writer::Core;
use crate::signature;
use crate::support::{bind, tuple_of, visit_fields};
use std::ffi::{c_int, c_void};
use std::mem::offset_of;
use taipan_object::alloc::{dealloc_of, new_instance, new_object};
use taipan_object::error::status;
use taipan_object::method::{MemberDef, member};
use taipan_object::protocol::attr::{generic_getattro, generic_setattro};
use taipan_object::protocol::compare::hash_not_implemented;
use taipan_object::typeobj::slots::VisitProc;
use taipan_object::types::cfunction::CFunction;
use taipan_object::types::dict::Dict;
use taipan_object::types::exceptions;
use taipan_object::types::int::Int;
use taipan_object::types::str::Str;
use taipan_object::types::tuple::Tuple;
use taipan_object::{
    Obj, ObjCell, Object, PyResult, Ref, Type, TypeDef, bail, flags, getset, getsets, intern, layout, members, method,
    methods,
};

/// A pickler.
#[repr(C)]
pub struct Pickler {
    ob_base: Object,
    core: Core,
    spare: [usize; SPARE],
}

const SIZE: usize = 152;
const SPARE: usize = (SIZE - 16 - size_of::<Core>()) / 8;
const _: () = assert!(size_of::<Pickler>() == SIZE);
layout!(Pickler, PICKLER_TYPE);

extern "C" fn new(cls: &Type, _: &Object, _: Option<&Object>) -> PyResult {
    let body = Pickler { ob_base: Object::placeholder(), core: Core::new(), spare: [0; SPARE] };
    new_instance(cls, body).map(Ref::into_obj)
}

/// The file's `write`.
fn write_of(file: &Object) -> PyResult {
    match file.get_attr_opt(intern!("write"))? {
        Some(w) => Ok(w),
        None => bail!(TypeError, "file must have a 'write' attribute"),
    }
}

extern "C" fn init(o: &Object, args: &Object, kwargs: Option<&Object>) -> c_int {
    let sig = signature!("Pickler", posonly 0, positional 4,
        ["file" true, "protocol" false, "fix_imports" false, "buffer_callback" false]);
    status(bind::<4, _>(sig, args, kwargs, |[file, protocol, fix_imports, buffer_callback]| {
        let c = &o.cast::<Pickler>().core;
        let fix_imports = fix_imports.map_or(Ok(true), Object::is_true)?;
        if c.running.get() {
            bail!(RuntimeError, "Pickler object is already used");
        }
        c.write.set(None);
        c.set_protocol(protocol, fix_imports)?;
        c.write.set(Some(write_of(taipan_object::args::receiver(file))?));
        c.set_buffer_callback(buffer_callback)?;
        c.replace_memo(Memo::new());
        c.fast.set(0);
        c.fast_nesting.set(0);
        c.fast_memo.set(None);
        if let Some(t) = o.get_attr_opt(intern!("dispatch_table"))? {
            c.dispatch_table.set(Some(t));
        }
        Ok(())
    }))
}

/// The attribute `persistent_id`, unless it is the method of this module, which does nothing.
pub fn override_of(o: &Object, name: &Object, own: &str, base: &Type) -> PyResult<Option<Obj>> {
    let Some(f) = o.get_attr_opt(name)? else { return Ok(None) };
    if let Some(m) = f.downcast_exact::<CFunction>()
        && m.name() == own
        && m.self_obj().is_some_and(|s| s.is(o))
        && o.ty().lookup(name).is_some_and(|found| base.lookup(name).is_some_and(|b| b.is(&found)))
    {
        return Ok(None);
    }
    Ok(Some(f))
}

/// Write the pickled form of the object to the file.
#[method(signature = "(obj, /)")]
fn dump(this: &Pickler, obj: &Object) -> PyResult<()> {
    let c = &this.core;
    let st = state::get()?;
    if c.running.get() {
        bail!(RuntimeError, "Pickler object is already used");
    }
    if c.write.is_empty() {
        return Err(st.pickling(&format!("Pickler.__init__() was not called by {}.__init__()", this.ty().name_str())));
    }
    c.persistent_id.set(override_of(this, intern!("persistent_id"), "persistent_id", &PICKLER_TYPE)?);
    c.reducer_override.set(this.get_attr_opt(intern!("reducer_override"))?);
    c.running.set(true);
    let r = c.dump(st, obj).and_then(|()| c.flush());
    c.running.set(false);
    c.persistent_id.set(None);
    c.reducer_override.set(None);
    r
}

/// Forget which objects were written already.
#[method]
fn clear_memo(this: &Pickler) {
    this.core.replace_memo(Memo::new());
}

/// Return the id by which an object is written instead of its contents, or None: a subclass may.
#[method(signature = "(obj, /)")]
fn persistent_id(_this: &Pickler, _obj: &Object) {}

/// Bytes of memory that the object takes.
#[method]
fn __sizeof__(this: &Pickler) -> usize {
    let c = &this.core;
    let fresh = c.memo(Memo::len) == 0;
    this.ty().basicsize.get() as usize + c.memory(fresh)
}

extern "C" fn getattro(o: &Object, name: &Object) -> PyResult {
    if let Some(f) = o.cast::<Pickler>().core.persistent_id_attr.get()
        && name.downcast::<Str>().is_some_and(|n| n.eq_str("persistent_id"))
    {
        return Ok(f.to_obj());
    }
    generic_getattro(o, name)
}

extern "C" fn setattro(o: &Object, name: &Object, value: Option<&Object>) -> c_int {
    if name.downcast::<Str>().is_some_and(|n| n.eq_str("persistent_id")) {
        let c = &o.cast::<Pickler>().core;
        if value.is_none() && c.persistent_id_attr.is_empty() {
            return generic_setattro(o, name, value);
        }
        c.persistent_id_attr.set(value.map(Object::to_obj));
        return 0;
    }
    generic_setattro(o, name, value)
}

fn get_memo(this: &Pickler) -> Ref<PicklerMemoProxy> {
    new_object(PicklerMemoProxy { ob_base: Object::placeholder(), pickler: ObjCell::new(this.to_obj()) })
}

fn set_memo(this: &Pickler, value: Option<&Object>) -> PyResult<()> {
    let Some(value) = value else { bail!(TypeError, "attribute deletion is not supported") };
    if let Some(p) = value.downcast::<PicklerMemoProxy>() {
        let copy = p.pickler()?.core.memo(Memo::copy);
        this.core.replace_memo(copy);
        return Ok(());
    }
    let Some(d) = value.downcast::<Dict>() else {
        bail!(TypeError, "'memo' attribute must be a PicklerMemoProxy object or dict, not {}", value.ty().name_str());
    };
    let mut memo = Memo::new();
    for (_, v) in d.pairs() {
        let Some([id, o]) = v.downcast::<Tuple>().map(Tuple::items) else {
            bail!(TypeError, "'memo' values must be 2-item tuples");
        };
        let id = id.index_as_isize(Some(exceptions::OverflowError))?;
        memo.set(o, id as usize);
    }
    this.core.replace_memo(memo);
    Ok(())
}

extern "C" fn traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let c = &o.cast::<Pickler>().core;
    let r = visit_fields(
        &[
            &c.write,
            &c.dispatch_table,
            &c.persistent_id,
            &c.persistent_id_attr,
            &c.reducer_override,
            &c.buffer_callback,
            &c.fast_memo,
        ],
        visit,
        arg,
    );
    if r != 0 {
        return r;
    }
    c.memo(|m| m.iter().map(|(_, o)| visit(o, arg)).find(|r| *r != 0).unwrap_or(0))
}

extern "C" fn clear(o: &Object) -> c_int {
    let c = &o.cast::<Pickler>().core;
    for f in [
        &c.write,
        &c.dispatch_table,
        &c.persistent_id,
        &c.persistent_id_attr,
        &c.reducer_override,
        &c.buffer_callback,
        &c.fast_memo,
    ] {
        f.set(None);
    }
    c.replace_memo(Memo::new());
    0
}

/// `Pickler`.
pub static PICKLER_TYPE: Type = Type::with_flags(
    TypeDef {
        name: c"_pickle.Pickler",
        basicsize: size_of::<Pickler>(),
        flags: flags::HAVE_GC | flags::BASETYPE,
        doc: Some(
            c"Pickler(file, protocol=None, fix_imports=True, buffer_callback=None)\n--\n\nWrites pickled objects to a binary file.\n\nProtocols are 0 to 5, a negative number means the newest. With fix_imports and protocols\nbelow 3 names are those of Python 2. A buffer_callback may take buffers out of the pickle\n(protocol 5): it gets each one and answers something false for those it took.",
        ),
        dealloc: Some(dealloc_of::<Pickler>),
        getattro: Some(getattro),
        setattro: Some(setattro),
        traverse: Some(traverse),
        clear: Some(clear),
        methods: methods![dump, clear_memo, persistent_id, __sizeof__],
        members: members![
            MemberDef::new(c"bin", member::INT, offset_of!(Pickler, core.bin), 0),
            MemberDef::new(c"fast", member::INT, offset_of!(Pickler, core.fast), 0),
            MemberDef::new(c"dispatch_table", member::OBJECT_EX, offset_of!(Pickler, core.dispatch_table), 0),
        ],
        getset: getsets![getset!(c"memo", get_memo, set_memo)],
        init: Some(init),
        new: Some(new),
        ..TypeDef::EMPTY
    },
    flags::IMMUTABLETYPE,
);

/// What `Pickler.memo` answers.
#[repr(C)]
pub struct PicklerMemoProxy {
    ob_base: Object,
    pickler: ObjCell,
}

layout!(PicklerMemoProxy, PICKLER_MEMO_PROXY_TYPE);

impl PicklerMemoProxy {
    fn pickler(&self) -> PyResult<Ref<Pickler>> {
        match self.pickler.get() {
            Some(p) => Ok(Ref::from_borrowed(p.cast::<Pickler>())),
            None => bail!(SystemError, "the memo proxy was cleared by the garbage collector"),
        }
    }
}

/// Remove all items from the memo.
#[method(name = "clear")]
fn proxy_clear_memo(this: &PicklerMemoProxy) -> PyResult<()> {
    this.pickler()?.core.replace_memo(Memo::new());
    Ok(())
}

/// Copy the memo to a dict.
#[method(name = "copy")]
fn proxy_copy(this: &PicklerMemoProxy) -> PyResult<Ref<Dict>> {
    let d = Dict::new();
    let all: Vec<(usize, Obj)> = this.pickler()?.core.memo(|m| m.iter().map(|(i, o)| (i, o.to_obj())).collect());
    for (i, o) in all {
        let key = Int::from_usize(o.as_ptr() as usize);
        d.set_item(&key, &tuple_of([Int::from_usize(i).into_obj(), o]))?;
    }
    Ok(d)
}

/// What pickling makes the memo from: a dict.
#[method(name = "__reduce__")]
fn proxy_reduce(this: &PicklerMemoProxy) -> PyResult<Ref<Tuple>> {
    let contents = proxy_copy(this)?.into_obj();
    let args = tuple_of([contents]).into_obj();
    Ok(tuple_of([taipan_object::types::dict::PyDict_Type.to_obj(), args]))
}

extern "C" fn proxy_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    visit_fields(&[&o.cast::<PicklerMemoProxy>().pickler], visit, arg)
}

extern "C" fn proxy_clear(o: &Object) -> c_int {
    o.cast::<PicklerMemoProxy>().pickler.set(None);
    0
}

/// `PicklerMemoProxy`.
pub static PICKLER_MEMO_PROXY_TYPE: Type = Type::with_flags(
    TypeDef {
        name: c"_pickle.PicklerMemoProxy",
        basicsize: size_of::<PicklerMemoProxy>(),
        flags: flags::HAVE_GC | flags::BASETYPE,
        dealloc: Some(dealloc_of::<PicklerMemoProxy>),
        hash: Some(hash_not_implemented),
        traverse: Some(proxy_traverse),
        clear: Some(proxy_clear),
        methods: methods![proxy_clear_memo, proxy_copy, proxy_reduce],
        ..TypeDef::EMPTY
    },
    flags::IMMUTABLETYPE,
);

/// `dump()`.
pub fn dump_to(
    obj: &Object,
    file: &Object,
    protocol: Option<&Object>,
    fix_imports: bool,
    callback: Option<&Object>,
) -> PyResult<()> {
    let st = state::get()?;
    let c = Core::new();
    c.set_protocol(protocol, fix_imports)?;
    c.write.set(Some(write_of(file)?));
    c.set_buffer_callback(callback)?;
    c.dump(st, obj)?;
    c.flush()
}

/// `dumps()`.
pub fn dump_bytes(obj: &Object, protocol: Option<&Object>, fix_imports: bool, callback: Option<&Object>) -> PyResult {
    let st = state::get()?;
    let c = Core::new();
    c.set_protocol(protocol, fix_imports)?;
    c.set_buffer_callback(callback)?;
    c.dump(st, obj)?;
    c.take_bytes()
}
