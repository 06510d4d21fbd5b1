//! Iterators.

use crate::prelude::*;
use taipan_object::types::iterators;

exports! {
    fn PyObject_GetIter(o: &Object) -> PyResult { o.iter() }
    fn PyObject_SelfIter(o: &Object) -> PyResult { Ok(o.to_obj()) }
    fn PyObject_GetAIter(o: &Object) -> PyResult {
        let Some(f) = o.ty().async_().and_then(|a| a.aiter.get()) else {
            bail!(TypeError, "'{}' object is not an async iterable", o.ty().name_str());
        };
        f(o)
    }
    fn PyIter_Check(o: &Object) -> c_int { o.is_iterator() as c_int }
    fn PyIter_Next(o: &Object) -> Option<Obj> {
        let item = o.ty().iternext.get().and_then(|f| f(o));
        if item.is_none()
            && let Some(e) = occurred()
            && e.matches(exceptions::StopIteration)
        {
            e.clear();
        }
        item
    }
    fn PyIter_NextItem(o: &Object, item: Out<Option<Obj>>) -> c_int {
        match o.next() {
            Ok(v) => {
                let found = v.is_some() as c_int;
                item.put(v);
                found
            }
            Err(_) => {
                item.put(None);
                -1
            }
        }
    }
    fn PyIter_Send(it: &Object, arg: &Object, result: Out<Option<Obj>>) -> c_int {
        if let Some(f) = it.ty().async_().and_then(|a| a.send.get()) {
            let mut out = None;
            let r = f(it, arg, &mut out);
            result.put(out);
            return r;
        }
        let r = if arg.is_none() && it.is_iterator() {
            match it.ty().iternext.get().and_then(|f| f(it)) {
                Some(v) => Ok(v),
                None => Err(occurred().unwrap_or_else(|| error::raise_empty(exceptions::StopIteration))),
            }
        } else {
            it.call_method(intern!("send"), &[arg])
        };
        match r {
            Ok(v) => {
                result.put(Some(v));
                1
            }
            Err(e) if e.matches(exceptions::StopIteration) => {
                let exc = e.take();
                result.put(Some(taipan_object::types::exceptions::stop_iteration_value(&exc)));
                0
            }
            Err(_) => {
                result.put(None);
                -1
            }
        }
    }
    fn PySeqIter_New(o: &Object) -> PyResult { Ok(iterators::seq_iter(o)) }
    fn PyCallIter_New(callable: &Object, sentinel: &Object) -> PyResult { Ok(iterators::call_iter(callable, sentinel)) }
    fn _PyGen_FetchStopIterationValue(value: Out<Option<Obj>>) -> c_int {
        match occurred() {
            None => {
                value.put(Some(none::none_obj()));
                0
            }
            Some(e) if e.matches(exceptions::StopIteration) => {
                let exc = e.take();
                value.put(Some(taipan_object::types::exceptions::stop_iteration_value(&exc)));
                0
            }
            Some(_) => {
                value.put(None);
                -1
            }
        }
    }
    fn _PyGen_SetStopIterationValue(value: &Object) -> c_int {
        let _ = taipan_object::types::exceptions::stop_iteration(value);
        -1
    }
}
