//! Sequences and mappings of any type.

use super::object::optional;
use crate::prelude::*;
use taipan_object::protocol::number;
use taipan_object::types::slice::Slice;

fn range(a: isize, b: isize) -> Ref<Slice> {
    Slice::from_owned(Int::from_isize(a).into_obj(), Int::from_isize(b).into_obj(), none::none_obj())
}

fn count(n: PyResult<usize>) -> isize {
    n.map_or(-1, |n| n as isize)
}

fn mapping_item(o: &Object, key: &Object) -> PyResult<Option<Obj>> {
    if let Some(d) = o.downcast_exact::<Dict>() {
        return d.get_item(key);
    }
    match o.get_item(key) {
        Ok(v) => Ok(Some(v)),
        Err(e) => e.recover(exceptions::KeyError, None),
    }
}

/// `o.keys()` and its like as a list.
fn method_list(o: &Object, name: &Object) -> PyResult {
    let v = o.call_method(name, &[])?;
    if v.downcast_exact::<List>().is_some() {
        return Ok(v);
    }
    obj(v.to_list())
}

fn sequence_repeat(o: &Object, n: isize, inplace: bool) -> PyResult {
    let Some(s) = o.ty().sequence().filter(|s| s.repeat.get().is_some()) else {
        bail!(TypeError, "'{}' object can't be repeated", o.ty().name_str());
    };
    if inplace && let Some(f) = s.inplace_repeat.get() {
        return f(o, n);
    }
    number::multiply(o, &Int::from_isize(n))
}

exports! {
    fn PyObject_Size(o: &Object) -> isize { count(o.len()) }
    fn PyObject_Length(o: &Object) -> isize { count(o.len()) }
    fn PyObject_LengthHint(o: &Object, default: isize) -> isize { count(o.length_hint(default.max(0) as usize)) }
    fn PyObject_GetItem(o: Null<'_>, key: Null<'_>) -> PyResult { given(o)?.get_item(given(key)?) }
    fn PyObject_SetItem(o: &Object, key: &Object, v: Null<'_>) -> c_int { status(given(v).and_then(|v| o.set_item(key, v))) }
    fn PyObject_DelItem(o: &Object, key: &Object) -> c_int { status(o.del_item(key)) }
    fn PyObject_DelItemString(o: &Object, key: Text) -> c_int { status(key.obj().and_then(|k| o.del_item(&k))) }

    fn PySequence_Check(o: &Object) -> c_int { o.is_sequence() as c_int }
    fn PySequence_Size(o: &Object) -> isize { count(o.len()) }
    fn PySequence_Length(o: &Object) -> isize { count(o.len()) }
    fn PySequence_Concat(a: &Object, b: &Object) -> PyResult {
        if let Some(f) = a.ty().sequence().and_then(|s| s.concat.get()) {
            return f(a, b);
        }
        if a.is_sequence() && b.is_sequence() {
            return number::add(a, b);
        }
        bail!(TypeError, "'{}' object can't be concatenated", a.ty().name_str())
    }
    fn PySequence_InPlaceConcat(a: &Object, b: &Object) -> PyResult {
        if let Some(f) = a.ty().sequence().and_then(|s| s.inplace_concat.get().or(s.concat.get())) {
            return f(a, b);
        }
        if a.is_sequence() && b.is_sequence() {
            return number::inplace_add(a, b);
        }
        bail!(TypeError, "'{}' object can't be concatenated", a.ty().name_str())
    }
    fn PySequence_Repeat(o: &Object, n: isize) -> PyResult { sequence_repeat(o, n, false) }
    fn PySequence_InPlaceRepeat(o: &Object, n: isize) -> PyResult { sequence_repeat(o, n, true) }
    fn PySequence_GetItem(o: &Object, i: isize) -> PyResult { o.sequence_item(i) }
    fn PySequence_SetItem(o: &Object, i: isize, v: Null<'_>) -> c_int {
        status(match v {
            Some(v) => o.set_item(&Int::from_isize(i), v),
            None => o.del_item(&Int::from_isize(i)),
        })
    }
    fn PySequence_DelItem(o: &Object, i: isize) -> c_int { status(o.del_item(&Int::from_isize(i))) }
    fn PySequence_GetSlice(o: &Object, a: isize, b: isize) -> PyResult { o.get_item(&range(a, b)) }
    fn PySequence_SetSlice(o: &Object, a: isize, b: isize, v: Null<'_>) -> c_int {
        status(match v {
            Some(v) => o.set_item(&range(a, b), v),
            None => o.del_item(&range(a, b)),
        })
    }
    fn PySequence_DelSlice(o: &Object, a: isize, b: isize) -> c_int { status(o.del_item(&range(a, b))) }
    fn PySequence_Contains(o: &Object, x: &Object) -> c_int { status_bool(o.contains(x)) }
    fn PySequence_In(o: &Object, x: &Object) -> c_int { status_bool(o.contains(x)) }
    fn PySequence_Index(o: &Object, x: &Object) -> isize {
        status_len((|| {
            for (i, v) in taipan_object::protocol::iter::collect(o)?.iter().enumerate() {
                if v.rich_compare_bool(x, taipan_object::protocol::compare::CompareOp::Eq)? {
                    return Ok(i as isize);
                }
            }
            bail!(ValueError, "sequence.index(x): x not in sequence")
        })())
    }
    fn PySequence_Count(o: &Object, x: &Object) -> isize {
        status_len((|| {
            let mut n = 0;
            for v in taipan_object::protocol::iter::collect(o)? {
                n += v.rich_compare_bool(x, taipan_object::protocol::compare::CompareOp::Eq)? as isize;
            }
            Ok(n)
        })())
    }
    fn PySequence_List(o: Null<'_>) -> PyResult { obj(given(o)?.to_list()) }
    fn PySequence_Tuple(o: Null<'_>) -> PyResult { obj(given(o)?.to_tuple()) }
    fn PySequence_Fast(o: Null<'_>, message: Text) -> PyResult {
        let o = given(o)?;
        if o.is_exact(List::type_object()) || o.is_exact(Tuple::type_object()) {
            return Ok(o.to_obj());
        }
        match o.iter() {
            Ok(it) => obj(it.to_list()),
            Err(e) if e.matches(exceptions::TypeError) => {
                e.clear();
                bail!(TypeError, "{}", message.text())
            }
            Err(e) => Err(e),
        }
    }

    fn PyMapping_Check(o: Null<'_>) -> c_int { o.is_some_and(|o| o.ty().mapping().is_some_and(|m| m.subscript.get().is_some())) as c_int }
    fn PyMapping_Size(o: &Object) -> isize { count(o.len()) }
    fn PyMapping_Length(o: &Object) -> isize { count(o.len()) }
    fn PyMapping_GetItemString(o: &Object, key: Text) -> PyResult { o.get_item(&*key.obj()?) }
    fn PyMapping_SetItemString(o: &Object, key: Text, v: &Object) -> c_int { status(key.obj().and_then(|k| o.set_item(&k, v))) }
    fn PyMapping_GetOptionalItem(o: &Object, key: &Object, out: Out<Option<Obj>>) -> c_int { optional(mapping_item(o, key), out) }
    fn PyMapping_GetOptionalItemString(o: &Object, key: Text, out: Out<Option<Obj>>) -> c_int {
        optional(key.obj().and_then(|k| mapping_item(o, &k)), out)
    }
    fn PyMapping_HasKey(o: &Object, key: &Object) -> c_int { quiet(mapping_item(o, key).map(|v| v.is_some())) }
    fn PyMapping_HasKeyString(o: &Object, key: Text) -> c_int { quiet(key.obj().and_then(|k| mapping_item(o, &k)).map(|v| v.is_some())) }
    fn PyMapping_HasKeyWithError(o: &Object, key: &Object) -> c_int { status_bool(mapping_item(o, key).map(|v| v.is_some())) }
    fn PyMapping_HasKeyStringWithError(o: &Object, key: Text) -> c_int {
        status_bool(key.obj().and_then(|k| mapping_item(o, &k)).map(|v| v.is_some()))
    }
    fn PyMapping_Keys(o: &Object) -> PyResult { method_list(o, intern!("keys")) }
    fn PyMapping_Values(o: &Object) -> PyResult { method_list(o, intern!("values")) }
    fn PyMapping_Items(o: &Object) -> PyResult { method_list(o, intern!("items")) }
}
