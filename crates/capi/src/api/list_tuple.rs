//! `list` and `tuple`. New ones are filled with `None` (which is immortal) where C has null items, so that they are whole objects before
//! the caller fills them.

use crate::prelude::*;

fn nones(n: isize) -> Vec<Obj> {
    std::iter::repeat_with(none::none_obj).take(n.max(0) as usize).collect()
}

fn item_at<'a>(items: &'a [Obj], i: isize, what: &str) -> PyResult<&'a Object> {
    match usize::try_from(i).ok().and_then(|i| items.get(i)) {
        Some(o) => Ok(o),
        None => bail!(IndexError, "{what} index out of range"),
    }
}

fn list_item(l: &Object, i: isize) -> PyResult<&Object> {
    item_at(typed::<List>(l)?.items(), i, "list")
}

fn clamp(i: isize, n: usize) -> usize {
    (i.max(0) as usize).min(n)
}

exports! {
    fn PyTuple_New(n: isize) -> PyResult {
        if n < 0 {
            return Err(bad_call());
        }
        Ok(Tuple::from_vec(nones(n)).into_obj())
    }
    fn PyTuple_Size(t: &Object) -> isize { typed::<Tuple>(t).map_or(-1, |t| t.len() as isize) }
    fn PyTuple_GetItem<'a>(t: &'a Object, i: isize) -> Null<'a> {
        typed::<Tuple>(t).and_then(|t| item_at(t.items(), i, "tuple")).ok()
    }
    fn PyTuple_SetItem(t: &Object, i: isize, v: Option<Obj>) -> c_int {
        status((|| {
            let t: &Tuple = typed(t)?;
            if t.refcnt() != 1 && !t.is_empty() {
                return Err(bad_call());
            }
            let Some(i) = usize::try_from(i).ok().filter(|i| *i < t.len()) else {
                bail!(IndexError, "tuple assignment index out of range");
            };
            // SAFETY: in range, and the one reference is the caller's, who is filling the tuple.
            drop(unsafe { t.replace_item(i, v.unwrap_or_else(none::none_obj)) });
            Ok(())
        })())
    }
    fn PyTuple_GetSlice(t: &Object, a: isize, b: isize) -> PyResult {
        let t: &Tuple = typed(t)?;
        let (a, b) = (clamp(a, t.len()), clamp(b, t.len()));
        Ok(t.slice(a, b.max(a)).into_obj())
    }
    fn _PyTuple_Resize(place: Out<Option<Obj>>, n: isize) -> c_int {
        let old = place.read();
        let r = match old.as_ref().and_then(|o| o.downcast::<Tuple>()) {
            Some(t) if n >= 0 => {
                let mut items: Vec<Obj> = t.items().iter().take(n as usize).cloned().collect();
                items.resize_with(n as usize, none::none_obj);
                Ok(Tuple::from_vec(items).into_obj())
            }
            _ => Err(bad_call()),
        };
        let s = if r.is_ok() { 0 } else { -1 };
        place.put(r.ok());
        s
    }

    fn PyList_New(n: isize) -> PyResult {
        if n < 0 {
            return Err(bad_call());
        }
        Ok(List::from_vec(nones(n)).into_obj())
    }
    fn PyList_Size(l: &Object) -> isize { typed::<List>(l).map_or(-1, |l| l.len() as isize) }
    fn PyList_GetItem<'a>(l: &'a Object, i: isize) -> Null<'a> { list_item(l, i).ok() }
    fn PyList_GetItemRef(l: &Object, i: isize) -> PyResult {
        let Some(list) = l.downcast::<List>() else { bail!(TypeError, "expected a list") };
        Ok(item_at(list.items(), i, "list")?.to_obj())
    }
    fn PyList_SetItem(l: &Object, i: isize, v: Option<Obj>) -> c_int {
        status((|| {
            let l: &List = typed(l)?;
            let Some(i) = usize::try_from(i).ok().filter(|i| *i < l.len()) else {
                bail!(IndexError, "list assignment index out of range");
            };
            drop(l.replace(i, v.unwrap_or_else(none::none_obj)));
            Ok(())
        })())
    }
    fn PyList_Insert(l: &Object, i: isize, v: Null<'_>) -> c_int {
        status((|| {
            let (l, v) = (typed::<List>(l)?, v.ok_or_else(bad_call)?);
            let n = l.len();
            let i = if i < 0 { (i + n as isize).max(0) } else { i };
            l.insert_at(clamp(i, n), v.to_obj())
        })())
    }
    fn PyList_Append(l: &Object, v: Null<'_>) -> c_int {
        status((|| typed::<List>(l)?.push(v.ok_or_else(bad_call)?.to_obj()))())
    }
    fn PyList_GetSlice(l: &Object, a: isize, b: isize) -> PyResult {
        let l: &List = typed(l)?;
        let (a, b) = (clamp(a, l.len()), clamp(b, l.len()));
        Ok(List::from_vec(l.items()[a..b.max(a)].to_vec()).into_obj())
    }
    fn PyList_SetSlice(l: &Object, a: isize, b: isize, v: Null<'_>) -> c_int {
        status((|| {
            let l: &List = typed(l)?;
            let new = match v {
                Some(v) => taipan_object::protocol::mapping::fast_items(v, "can only assign an iterable")?,
                None => Vec::new(),
            };
            let (a, b) = (clamp(a, l.len()), clamp(b, l.len()));
            l.splice(a, b.max(a), new)
        })())
    }
    fn PyList_Extend(l: &Object, v: &Object) -> c_int { status(typed::<List>(l).and_then(|l| l.extend_from(v))) }
    fn _PyList_Extend(l: &Object, v: &Object) -> PyResult {
        typed::<List>(l)?.extend_from(v)?;
        Ok(none::none_obj())
    }
    fn PyList_Clear(l: &Object) -> c_int { status(typed::<List>(l).map(|l| drop(l.take_all()))) }
    fn PyList_Sort(l: &Object) -> c_int { status(typed::<List>(l).and_then(|l| l.sort())) }
    fn PyList_Reverse(l: &Object) -> c_int { status(typed::<List>(l).and_then(|l| l.call_method(intern!("reverse"), &[]).map(drop))) }
    fn PyList_AsTuple(l: &Object) -> PyResult { Ok(Tuple::from_vec(typed::<List>(l)?.snapshot()).into_obj()) }
}
