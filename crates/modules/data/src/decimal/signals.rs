//! Signal dicts: the flags and traps of a context as a mapping.

use super::state;
use std::cell::{Cell, RefCell};
use std::ffi::c_int;
use std::rc::{Rc, Weak};
use taipan_numeric::decimal::status::IEEE_INVALID;
use taipan_object::alloc::{dealloc_of, new_instance};
use taipan_object::error::{status, status_len};
use taipan_object::protocol::compare::{CompareOp, not_implemented};
use taipan_object::protocol::repr::text;
use taipan_object::typeobj::slots::{MappingMethods, Slot};
use taipan_object::types::bool_::{borrowed, from_bool};
use taipan_object::types::dict::Dict;
use taipan_object::{Object, PyResult, Ref, Type, TypeDef, bail, flags, layout, method, methods};

/// The native part of a signal dict. The bits are those of its context, and go with it.
#[repr(C)]
pub struct SignalDict {
    ob_base: Object,
    bits: RefCell<Weak<Cell<u32>>>,
}

layout!(SignalDict, SIGNAL_DICT_MIXIN);

extern "C" fn new(cls: &Type, _: &Object, _: Option<&Object>) -> PyResult {
    new_instance(cls, SignalDict { ob_base: Object::placeholder(), bits: RefCell::new(Weak::new()) }).map(Ref::into_obj)
}

extern "C" fn init(_: &Object, _: &Object, _: Option<&Object>) -> c_int {
    0
}

/// A signal dict over the bits.
pub fn make(bits: &Rc<Cell<u32>>) -> PyResult {
    let o = state::get()?.signal_dict.call_noargs()?;
    match o.downcast::<SignalDict>() {
        Some(d) => *d.bits.borrow_mut() = Rc::downgrade(bits),
        None => bail!(TypeError, "SignalDict() did not make a signal dict"),
    }
    Ok(o)
}

impl SignalDict {
    fn bits(&self) -> PyResult<Rc<Cell<u32>>> {
        match self.bits.borrow().upgrade() {
            Some(b) => Ok(b),
            None => bail!(ValueError, "invalid signal dict"),
        }
    }

    /// The bits as they are now.
    pub fn value(&self) -> PyResult<u32> {
        Ok(self.bits()?.get())
    }
}

fn flag(key: &Object) -> PyResult<u32> {
    match state::get()?.flag_of(key, false) {
        Some(f) => Ok(f),
        None => bail!(KeyError, "invalid error flag"),
    }
}

/// The bits that a mapping of all signals describes.
pub fn from_mapping(o: &Object) -> PyResult<u32> {
    if let Some(d) = o.downcast::<SignalDict>() {
        return d.value();
    }
    let Some(d) = o.downcast::<Dict>() else { bail!(TypeError, "argument must be a signal dict") };
    let st = state::get()?;
    if d.len() != st.signals.len() {
        bail!(KeyError, "invalid signal dict");
    }
    let mut bits = 0;
    for (k, v) in d.pairs() {
        let f = flag(&k)?;
        if v.is_true()? {
            bits |= f;
        }
    }
    Ok(bits)
}

/// The bits that a list of signals and conditions describes.
pub fn from_list(o: &Object) -> PyResult<u32> {
    let st = state::get()?;
    let mut bits = 0;
    for item in o.to_list()?.snapshot() {
        match st.flag_of(&item, true) {
            Some(f) => bits |= f,
            None => bail!(KeyError, "invalid error flag"),
        }
    }
    Ok(bits)
}

extern "C" fn len(o: &Object) -> isize {
    let r = o.cast::<SignalDict>().bits().and_then(|_| Ok(state::get()?.signals.len() as isize));
    status_len(r)
}

extern "C" fn get_item(o: &Object, key: &Object) -> PyResult {
    let bits = o.cast::<SignalDict>().value()?;
    Ok(from_bool(bits & flag(key)? != 0))
}

extern "C" fn set_item(o: &Object, key: &Object, value: Option<&Object>) -> c_int {
    status((|| {
        let bits = o.cast::<SignalDict>().bits()?;
        let Some(v) = value else { bail!(ValueError, "signal keys cannot be deleted") };
        let f = flag(key)?;
        if v.is_true()? {
            bits.set(bits.get() | f);
        } else {
            bits.set(bits.get() & !f);
        }
        Ok(())
    })())
}

extern "C" fn iter(o: &Object) -> PyResult {
    o.cast::<SignalDict>().bits()?;
    state::get()?.signal_tuple.iter()
}

extern "C" fn repr(o: &Object) -> PyResult {
    let bits = o.cast::<SignalDict>().value()?;
    let shown: Vec<String> = state::get()?
        .signals
        .iter()
        .map(|s| format!("<class 'decimal.{}'>:{}", s.name, if bits & s.flag != 0 { "True" } else { "False" }))
        .collect();
    Ok(text(&format!("{{{}}}", shown.join(", "))))
}

extern "C" fn richcompare(a: &Object, b: &Object, op: c_int) -> PyResult {
    let op = CompareOp::from_c(op);
    let mine = a.cast::<SignalDict>().value()?;
    if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
        return Ok(not_implemented());
    }
    let normal = |b: u32| if b & IEEE_INVALID != 0 { b | IEEE_INVALID } else { b };
    let equal = if let Some(d) = b.downcast::<SignalDict>() {
        normal(mine) == normal(d.value()?)
    } else if b.downcast::<Dict>().is_some() {
        match from_mapping(b) {
            Ok(bits) => normal(mine) == normal(bits),
            Err(e) => {
                e.recover(taipan_object::types::exceptions::KeyError, ())?;
                false
            }
        }
    } else {
        return Ok(not_implemented());
    };
    Ok(from_bool(equal == (op == CompareOp::Eq)))
}

/// Return a plain dict with the same contents.
#[method]
fn copy(this: &SignalDict) -> PyResult<Ref<Dict>> {
    let bits = this.value()?;
    let d = Dict::new();
    for s in &state::get()?.signals {
        d.set_item(&s.class, borrowed(bits & s.flag != 0))?;
    }
    Ok(d)
}

static AS_MAPPING: MappingMethods =
    MappingMethods { length: Slot::new(len), subscript: Slot::new(get_item), ass_subscript: Slot::new(set_item) };

/// `SignalDictMixin`.
pub static SIGNAL_DICT_MIXIN: Type = Type::with_flags(
    TypeDef {
        name: c"decimal.SignalDictMixin",
        basicsize: size_of::<SignalDict>(),
        flags: flags::BASETYPE,
        dealloc: Some(dealloc_of::<SignalDict>),
        repr: Some(repr),
        hash: Some(taipan_object::protocol::compare::hash_not_implemented),
        as_mapping: Some(&AS_MAPPING),
        richcompare: Some(richcompare),
        iter: Some(iter),
        methods: methods![copy],
        init: Some(init),
        new: Some(new),
        ..TypeDef::EMPTY
    },
    flags::IMMUTABLETYPE,
);
