//! Building lists, tuples, dicts, sets, strings and slices; unpacking.

use super::prelude::*;
use taipan_object::types::exceptions;

impl Machine {
    /// The top `n` values, taken off the stack, as owned objects that still lie where they were: to be moved out before anything else
    /// uses the stack.
    #[inline(always)]
    unsafe fn take_n(&mut self, n: usize) -> *const Obj {
        // SAFETY: the stack is at least `n` deep, none of them null. A reference with ownership is the plain pointer.
        unsafe {
            let base = self.sp.sub(n);
            for i in 0..n {
                base.add(i).cast::<*mut Object>().write((*base.add(i)).into_obj().into_raw());
            }
            self.sp = base;
            base.cast()
        }
    }
}

general!(BUILD_LIST(vm, n) {
    let items = vm.take_n(n);
    vm.push_obj(List::from_raw_items(items, n).into_obj());
    Ok(())
});

general!(BUILD_TUPLE(vm, n) {
    let items = vm.take_n(n);
    vm.push_obj(Tuple::from_raw_items(items, n).into_obj());
    Ok(())
});

general!(BUILD_SET(vm, n) {
    let set = new_set()?;
    for i in (1..=n).rev() {
        set_add(&set, vm.obj(i))?;
    }
    vm.finish(n, set);
    Ok(())
});

general!(BUILD_MAP(vm, n) {
    let d = Dict::with_capacity(n);
    for i in (1..=n).rev() {
        d.set_item(vm.obj(2 * i), vm.obj(2 * i - 1))?;
    }
    vm.finish(2 * n, d.into_obj());
    Ok(())
});

general!(BUILD_SLICE(vm, n) {
    let slice = if n == 3 { new_slice(vm.obj(3), vm.obj(2), vm.obj(1)) } else { new_slice(vm.obj(2), vm.obj(1), none()) };
    vm.finish(n, slice);
    Ok(())
});

general!(BUILD_STRING(vm, n) {
    const FEW: usize = 16;
    if n <= FEW {
        let empty = Str::empty();
        let mut pieces: [&Object; FEW] = [&empty; FEW];
        for (i, piece) in pieces[..n].iter_mut().enumerate() {
            *piece = vm.obj(n - i);
        }
        let r = Str::join(&empty, &pieces[..n])?;
        vm.finish(n, r.into_obj());
        return Ok(());
    }
    let mut b = taipan_object::types::str::StrBuilder::new();
    for i in (1..=n).rev() {
        b.push_pystr(vm.obj(i).cast_unchecked::<Str>());
    }
    vm.finish(n, b.finish().into_obj());
    Ok(())
});

op!(LIST_APPEND(vm, n) {
    let list: &List = vm.obj(n + 1).cast_unchecked();
    let v = vm.tos().heap_safe();
    vm.put(1, v);
    if !list.push_if_room(v.ptr()) {
        return Flow::General(list_append);
    }
    vm.shrink(1);
    Flow::Next
});

slow!(list_append(vm, n) {
    let list = vm.peek(n + 1);
    let v = vm.pop_obj();
    list.as_ref().cast_unchecked::<List>().push(v)
});

general!(LIST_EXTEND(vm, n) {
    let list = vm.obj(n + 1).cast_unchecked::<List>();
    let iterable = vm.obj(1);
    if let Err(e) = list_extend(list, iterable) {
        if e.matches(exceptions::TypeError) && iterable.ty().iter.get().is_none() && !iterable.is_sequence() {
            e.clear();
            bail!(TypeError, "Value after * must be an iterable, not {}", iterable.ty().name_str());
        }
        return Err(e);
    }
    vm.close_n(1);
    Ok(())
});

general!(SET_ADD(vm, n) {
    set_add(vm.obj(n + 1), vm.obj(1))?;
    vm.close_n(1);
    Ok(())
});

general!(SET_UPDATE(vm, n) {
    let set = vm.obj(n + 1);
    taipan_object::protocol::iter::for_each(vm.obj(1), |item| set_add(set, &item))?;
    vm.close_n(1);
    Ok(())
});

general!(MAP_ADD(vm, n) {
    let d = vm.obj(n + 2).cast_unchecked::<Dict>();
    d.set_item(vm.obj(2), vm.obj(1))?;
    vm.close_n(2);
    Ok(())
});

general!(DICT_UPDATE(vm, n) {
    let d = vm.obj(n + 1).cast_unchecked::<Dict>();
    let other = vm.obj(1);
    if let Err(e) = d.update_from(other, true) {
        if e.matches(exceptions::AttributeError) {
            e.clear();
            bail!(TypeError, "'{}' object is not a mapping", other.ty().name_str());
        }
        return Err(e);
    }
    vm.close_n(1);
    Ok(())
});

general!(DICT_MERGE(vm, n) {
    let d = vm.obj(n + 1).cast_unchecked::<Dict>();
    let callable = vm.peek(n + 4);
    let other = vm.obj(1);
    crate::call::merge_kwargs(d, other, callable.as_ref())?;
    vm.close_n(1);
    Ok(())
});

general!(UNPACK_SEQUENCE(vm, n) [specialize::unpack_sequence] {
    let seq = vm.pop_obj();
    unpack(vm, &seq, n, None)
});

general!(UNPACK_EX(vm, n) {
    let seq = vm.pop_obj();
    unpack(vm, &seq, n & 0xFF, Some(n >> 8))
});

/// Pushes the items of `seq` so that the first is on top: `before` of them, and with `after` a list of what is between and the last `after`.
unsafe fn unpack(vm: &mut Machine, seq: &Object, before: usize, after: Option<usize>) -> PyResult<()> {
    // SAFETY: `co_stacksize` has room for all items.
    unsafe {
        if after.is_none() {
            if let Some(t) = seq.downcast_exact::<Tuple>()
                && t.len() == before
            {
                for item in t.items().iter().rev() {
                    vm.push(StackRef::new(item));
                }
                return Ok(());
            }
            if let Some(l) = seq.downcast_exact::<List>()
                && l.len() == before
            {
                for i in (0..before).rev() {
                    match l.get(i) {
                        Some(item) => vm.push_obj(item),
                        None => bail!(SystemError, "list changed size while it was unpacked"),
                    }
                }
                return Ok(());
            }
        }
        let it = match seq.iter() {
            Ok(it) => it,
            Err(e) => {
                if e.matches(exceptions::TypeError) && seq.ty().iter.get().is_none() && !seq.is_sequence() {
                    e.clear();
                    bail!(TypeError, "cannot unpack non-iterable {} object", seq.ty().name_str());
                }
                return Err(e);
            }
        };
        let mut items = Vec::with_capacity(before);
        for got in 0..before {
            match it.next()? {
                Some(o) => items.push(o),
                None => match after {
                    None => bail!(ValueError, "not enough values to unpack (expected {before}, got {got})"),
                    Some(after) => bail!(
                        ValueError,
                        "not enough values to unpack (expected at least {}, got {got})",
                        before + after
                    ),
                },
            }
        }
        match after {
            None => {
                if it.next()?.is_some() {
                    return Err(too_many_to_unpack(seq, before));
                }
            }
            Some(after) => {
                let mut rest = Vec::new();
                while let Some(o) = it.next()? {
                    rest.push(o);
                }
                if rest.len() < after {
                    bail!(
                        ValueError,
                        "not enough values to unpack (expected at least {}, got {})",
                        before + after,
                        before + rest.len()
                    );
                }
                let tail = rest.split_off(rest.len() - after);
                items.push(List::from_vec(rest).into_obj());
                items.extend(tail);
            }
        }
        for o in items.into_iter().rev() {
            vm.push_obj(o);
        }
        Ok(())
    }
}

/// Known containers tell how many there were.
#[cold]
fn too_many_to_unpack(seq: &Object, expected: usize) -> Raised {
    if is_plain_container(seq)
        && let Ok(n) = seq.len()
        && n > expected
    {
        return raise!(ValueError, "too many values to unpack (expected {expected}, got {n})");
    }
    raise!(ValueError, "too many values to unpack (expected {expected})")
}
