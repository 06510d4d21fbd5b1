//! Keeping the slots of classes in step with their special methods: when a class is made, and when an attribute of it is set.

use super::slotdefs::{SLOT_DEFS, SlotDef, rows_named, slot_value, slot_word};
use super::slotfuncs;
use crate::header::{Obj, Object};
use crate::intern;
use crate::typeobj::Type;
use crate::types::cfunction::{CFunction, PyCFunction_Type};
use crate::types::descr::{PyWrapperDescr_Type, WrapperDescr};
use crate::types::dict::Dict;
use crate::types::str::Str;
use crate::types::tuple::Tuple;
use std::collections::HashMap;
use std::ffi::{c_int, c_void};
use std::sync::LazyLock;

/// Fills every slot of a class.
pub fn fixup_slots(ty: &Type) {
    let mut i = 0;
    while i < SLOT_DEFS.len() {
        i = update_slot_at(ty, i);
    }
}

/// Fills every slot of a new class: those that none of its special methods can change are its base's.
pub fn fill_slots(ty: &Type, base: &Type) {
    let Some(changed) = changed_slots(ty, base) else { return fixup_slots(ty) };
    for (i, slot) in slots().iter().enumerate() {
        if changed & 1 << i != 0 {
            update_slot_at(ty, slot.start);
        } else if let Some(word) = slot_word(ty, slot.offset) {
            // SAFETY: the word belongs to the slot, and the base's value has the slot's type.
            unsafe { *word = slot_value(base, slot.offset) };
        }
    }
}

/// The slots (as bits) that classes on the MRO which are not on the base's may have changed. `None`: the order of the MRO does not allow to say.
fn changed_slots(ty: &Type, base: &Type) -> Option<u128> {
    // `tp_new` may be forbidden in the base, and `__new__` found behind it.
    let mut changed = bits_of("__new__");
    let theirs: &[Obj] = base.mro.get()?.cast::<Tuple>().items();
    let mut common = 0;
    for t in ty.mro.get()?.cast::<Tuple>().items() {
        if theirs.get(common).is_some_and(|b| b.is(t)) {
            common += 1;
            continue;
        }
        let dict: &Dict = t.cast::<Type>().dict.get()?.cast();
        let mut pos = 0;
        while let Some((name, _)) = dict.next(&mut pos) {
            if let Some(text) = name.downcast::<Str>().and_then(Str::as_str)
                && text.starts_with("__")
            {
                changed |= bits_of(text);
            }
        }
    }
    (common == theirs.len()).then_some(changed)
}

/// A slot: its offset and the first of its rows.
struct SlotRows {
    offset: c_int,
    start: usize,
}

fn slots() -> &'static [SlotRows] {
    static SLOTS: LazyLock<Vec<SlotRows>> = LazyLock::new(|| {
        let mut slots: Vec<SlotRows> = Vec::new();
        for (start, row) in SLOT_DEFS.iter().enumerate() {
            if slots.last().is_none_or(|s| s.offset != row.offset) {
                slots.push(SlotRows { offset: row.offset, start });
            }
        }
        assert!(slots.len() <= 128);
        slots
    });
    &SLOTS
}

/// The slots, as bits by their place in [`slots`], that a special method can fill.
fn bits_of(name: &str) -> u128 {
    static BITS: LazyLock<HashMap<&'static str, u128>> = LazyLock::new(|| {
        let mut bits: HashMap<&'static str, u128> = HashMap::new();
        for row in SLOT_DEFS {
            let at = slots().iter().position(|s| s.offset == row.offset);
            *bits.entry(row.name_str()).or_default() |= at.map_or(0, |i| 1 << i);
        }
        bits
    });
    BITS.get(name).copied().unwrap_or(0)
}

/// Re-computes the slots that `name` can fill, in the class and in subclasses that do not define `name` themselves.
pub fn update_slots_named(ty: &Type, name: &Object, text: &str) {
    let mut starts: Vec<usize> = Vec::new();
    for row in rows_named(text) {
        // Rows of one slot stand together; begin with the first of them.
        let mut i = (row as *const SlotDef as usize - SLOT_DEFS.as_ptr() as usize) / size_of::<SlotDef>();
        while i > 0 && SLOT_DEFS[i - 1].offset == SLOT_DEFS[i].offset {
            i -= 1;
        }
        if !starts.contains(&i) {
            starts.push(i);
        }
    }
    if !starts.is_empty() {
        update_tree(ty, name, &starts);
    }
}

fn update_tree(ty: &Type, name: &Object, starts: &[usize]) {
    for &i in starts {
        update_slot_at(ty, i);
    }
    for sub in ty.subclass_list() {
        if sub.own_attr(name).is_none() {
            update_tree(sub, name, starts);
        }
    }
}

/// Sets one slot from all the names that belong to it; answers the index of the next slot's first row.
///
/// When every name that the class has leads to the same native function, that function goes in directly; otherwise the one that calls the
/// special methods by name.
fn update_slot_at(ty: &Type, start: usize) -> usize {
    let offset: c_int = SLOT_DEFS[start].offset;
    let mut end = start;
    while end < SLOT_DEFS.len() && SLOT_DEFS[end].offset == offset {
        end += 1;
    }
    let Some(word) = slot_word(ty, offset) else { return end };
    let mut specific: *const c_void = std::ptr::null();
    let mut generic: *const c_void = std::ptr::null();
    let mut use_generic = false;
    for row in &SLOT_DEFS[start..end] {
        let name = row.interned();
        let Some(descr) = ty.lookup(name) else {
            if offset == std::mem::offset_of!(Type, iternext) as c_int {
                specific = std::ptr::null();
            }
            continue;
        };
        if descr.is_exact(&PyWrapperDescr_Type) && std::ptr::eq(descr.cast::<WrapperDescr>().row().interned(), name) {
            let w: &WrapperDescr = descr.cast();
            // A slot that is one of several for its name is taken over only from the row of that very slot.
            let same_row = std::ptr::eq(w.row(), row) || w.row().offset == row.offset;
            if !same_row {
                // The method stands for another slot of its class (`mp_subscript` for `sq_item`): the class's own function for this one, if
                // it has any, does the same.
                let own = slot_value(w.owner(), offset);
                if !own.is_null() {
                    generic = if row.function.is_null() { generic } else { row.function };
                    if (specific.is_null() || specific == own) && ty.is_subtype(w.owner()) {
                        specific = own;
                    } else {
                        use_generic = true;
                    }
                }
                continue;
            }
            if (specific.is_null() || specific == w.wrapped())
                && (row.wrapper.map(|f| f as usize) == w.row().wrapper.map(|f| f as usize))
                && ty.is_subtype(w.owner())
            {
                specific = w.wrapped();
            } else {
                use_generic = true;
            }
            generic = if row.function.is_null() { generic } else { row.function };
            continue;
        }
        if descr.is_exact(&PyCFunction_Type) && std::ptr::eq(name, intern!("__new__")) && is_own_new(ty, descr.cast()) {
            specific = ty.new.get().map_or(std::ptr::null(), |f| f as *const c_void);
            continue;
        }
        if descr.is_none() && std::ptr::eq(name, intern!("__hash__")) {
            specific = crate::protocol::compare::hash_not_implemented as *const c_void;
            continue;
        }
        if row.function.is_null() {
            continue;
        }
        use_generic = true;
        generic = row.function;
        if row.function == slotfuncs::getattr_hook as *const c_void && std::ptr::eq(name, intern!("__getattribute__")) {
            // `getattr_hook` finds out by itself whether there is a `__getattr__`.
            generic = slotfuncs::getattr_hook as *const c_void;
        }
    }
    if use_generic && generic == slotfuncs::call as *const c_void {
        // The function in the instance would bypass `__call__`.
        ty.remove_flags(crate::typeobj::flags::HAVE_VECTORCALL);
    }
    // SAFETY: the word belongs to the slot, and the function has the slot's type by construction of the table.
    unsafe {
        *word = if !specific.is_null() && !use_generic {
            specific
        } else if use_generic {
            generic
        } else {
            std::ptr::null()
        };
    }
    end
}

/// Whether `__new__` found on the class is the built-in one of the `tp_new` that the class already has.
fn is_own_new(ty: &Type, f: &CFunction) -> bool {
    f.is_type_new()
        && f.self_type().is_some_and(|t| t.new.get().map(|f| f as usize) == ty.new.get().map(|f| f as usize))
}

/// [`fixup_slots`] for a class and all its subclasses, after its bases changed.
pub fn fixup_slots_tree(ty: &Type) {
    fixup_slots(ty);
    for s in ty.subclass_list() {
        fixup_slots_tree(s);
    }
}
