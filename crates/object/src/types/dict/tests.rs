//! The table against a trace of the reference, and what does not show in Python code: counts, versions, sharing.

use super::keys::{Keys, Kind};
use super::values::Values;
use super::{Dict, Duplicates};
use crate::header::{Obj, Object, Ref};
use crate::thread::{Interp, Thread};
use crate::types::int::Int;
use crate::types::str::Str;
use std::ptr::NonNull;

/// Gives the running test thread an interpreter of its own, unless it has one.
pub(crate) fn attach() {
    if Thread::try_current().is_none() {
        let interp = Interp::new(0);
        interp.gc.init();
        let here = crate::thread::stack_pointer();
        Thread::set_current(Some(Thread::new(interp, (here - (1 << 20), here + 4096))));
    }
}

fn object(text: &str) -> Obj {
    match text.parse() {
        Ok(n) => Int::from_i64(n).into_obj(),
        Err(_) => Str::from_utf8(text).into_obj(),
    }
}

fn show(o: &Object) -> String {
    match o.downcast::<Str>() {
        Some(s) => s.display().to_string(),
        None => o.cast::<Int>().to_i64().expect("small").to_string(),
    }
}

fn show_dict(d: &Dict) -> String {
    d.pairs().iter().map(|(k, v)| format!("{}={}", show(k), show(v))).collect::<Vec<_>>().join(" ")
}

fn dict_of(text: &str) -> Ref<Dict> {
    let d = Dict::new();
    for pair in text.split_whitespace() {
        let (k, v) = pair.split_once('=').expect("pair");
        d.set_item(&object(k), &object(v)).expect("set");
    }
    d
}

#[test]
fn same_order_and_size_as_the_reference() {
    attach();
    let mut d = Dict::new();
    for (n, line) in include_str!("tests/trace.txt").lines().enumerate() {
        let mut fields = line.split('|');
        let (op, items, size) =
            (fields.next().expect("op"), fields.next().expect("items"), fields.next().expect("size"));
        let (op, rest) = op.split_once(' ').unwrap_or((op, ""));
        let (key, value) = rest.split_once(' ').unwrap_or((rest, ""));
        match op {
            "new" => d = Dict::new(),
            "set" => d.set_item(&object(key), &object(value)).expect("set"),
            "setdefault" => drop(d.setdefault(&object(key), &object(value)).expect("setdefault")),
            "del" => drop(d.pop_opt(&object(key)).expect("pop")),
            "popitem" => assert!(d.popitem().expect("popitem").is_some()),
            "copy" => d = d.copy().expect("copy"),
            "update" => d.merge(&dict_of(rest), Duplicates::Override).expect("update"),
            "clear" => d.clear(),
            _ => panic!("unknown operation {op}"),
        }
        assert_eq!(show_dict(&d), items, "line {}: {line}", n + 1);
        assert_eq!(d.memory_size().to_string(), size, "line {}: {line}", n + 1);
        for (k, v) in d.pairs() {
            assert!(d.get_item(&k).expect("get").is_some_and(|w| w.is(&v)));
        }
    }
}

#[test]
fn items_are_released() {
    attach();
    let (key, value) = (Str::from_utf8("a key of some length").into_obj(), Int::from_i64(1 << 50).into_obj());
    {
        let d = Dict::new();
        d.set_item(&key, &value).expect("set");
        d.set_item(&key, &value).expect("set");
        assert_eq!((key.refcnt(), value.refcnt()), (2, 2));
        let copy = d.copy().expect("copy");
        assert_eq!((key.refcnt(), value.refcnt()), (3, 3));
        for i in 0..100 {
            copy.set_item(&Int::from_i64(i), &value).expect("set");
        }
        assert_eq!((key.refcnt(), value.refcnt()), (3, 103));
        copy.del_item(&key).expect("there");
        assert_eq!((key.refcnt(), value.refcnt()), (2, 102));
        d.clear();
        assert_eq!((key.refcnt(), value.refcnt()), (1, 101));
    }
    assert_eq!((key.refcnt(), value.refcnt()), (1, 1));
}

#[test]
fn versions_follow_the_key_set() {
    attach();
    let d = dict_of("a=1 b=2");
    let v = d.keys().version();
    assert!(v > 1 && d.keys().version() == v);
    d.set_item(&object("a"), &object("5")).expect("set");
    assert_eq!(d.keys().current_version(), v);
    d.set_item(&object("c"), &object("5")).expect("set");
    assert_eq!(d.keys().current_version(), 0);
    let w = d.keys().version();
    assert!(w != v);
    d.del_item(&object("c")).expect("there");
    assert_eq!(d.keys().current_version(), 0);
    let ix = d.keys().lookup_unicode_index(&object("b")).expect("there");
    assert_eq!(d.keys().unicode_value(ix).map(show).as_deref(), Some("2"));
    drop(d.replace_value_at(ix, object("7")));
    assert_eq!(show_dict(&d), "a=5 b=7");
}

/// A dict that shares `keys`, with no values yet.
fn sharing(keys: NonNull<Keys>) -> Ref<Dict> {
    // SAFETY: the tests keep a reference to the table.
    let table = unsafe { keys.as_ref() };
    table.incref();
    Dict::with_keys(keys, Values::alloc(table.shared_capacity()).expect("memory").as_ptr(), 0)
}

#[test]
fn dicts_share_keys() {
    attach();
    let keys = Keys::alloc_shared().expect("memory");
    let (a, b) = (sharing(keys), sharing(keys));
    for (d, order) in [(&a, "x=1 y=2 z=3"), (&b, "z=3 x=1 y=2")] {
        for pair in order.split(' ') {
            let (k, v) = pair.split_once('=').expect("pair");
            d.set_item(&object(k), &object(v)).expect("set");
        }
        assert_eq!(show_dict(d), order);
        assert_eq!(d.keys().kind(), Kind::Split);
    }
    // Deleting and adding again moves to the end, in one dict only.
    a.del_item(&object("x")).expect("there");
    assert!(a.get_item(&object("x")).expect("get").is_none() && a.len() == 2);
    a.set_item(&object("x"), &object("9")).expect("set");
    assert_eq!(show_dict(&a), "y=2 z=3 x=9");
    assert_eq!(show_dict(&b), "z=3 x=1 y=2");
    let c = a.copy().expect("copy");
    assert_eq!((c.keys().kind(), show_dict(&c)), (Kind::Split, show_dict(&a)));
    // More names than the table has room for, other keys than strings: the dict gets a table of its own.
    for i in 0..40 {
        a.set_item(&object(&format!("n{i}")), &object("0")).expect("set");
    }
    assert_eq!((a.keys().kind(), a.len()), (Kind::Unicode, 43));
    b.set_item(&object("5"), &object("5")).expect("set");
    assert_eq!((b.keys().kind(), show_dict(&b).as_str()), (Kind::General, "z=3 x=1 y=2 5=5"));
    assert!(c.popitem().expect("popitem").is_some_and(|(k, _)| show(&k) == "x"));
    assert_eq!(show_dict(&c), "y=2 z=3");
    drop((a, b, c));
    // SAFETY: the last reference to the table is the test's own.
    unsafe {
        assert_eq!(keys.as_ref().refcnt(), 1);
        Keys::decref(keys);
    }
}

#[test]
fn merging() {
    attach();
    let d = dict_of("a=1 b=2");
    d.merge(&dict_of("b=3 c=4"), Duplicates::Keep).expect("merge");
    assert_eq!(show_dict(&d), "a=1 b=2 c=4");
    d.merge(&dict_of("b=3 1=1"), Duplicates::Override).expect("merge");
    assert_eq!(show_dict(&d), "a=1 b=3 c=4 1=1");
    assert!(d.equals(&dict_of("1=1 c=4 b=3 a=1")).expect("equals"));
    assert!(!d.equals(&dict_of("1=1 c=4 b=3 a=2")).expect("equals"));
    let items: Vec<(Obj, Obj)> = (0..20).map(|i| (object(&format!("k{i}")), object("1"))).collect();
    let e = Dict::from_keys_values(items.len(), items.iter().map(|(k, v)| (&**k, &**v))).expect("made");
    assert_eq!((e.len(), e.keys().size()), (20, 32));
}

mod instances {
    use super::*;
    use crate::alloc::generic_alloc;
    use crate::flags;
    use crate::typeobj::{HeapType, Type};
    use crate::types::dict::instance::{inline_values, store_inline};
    use crate::types::dict::{
        drop_cached_keys, init_cached_keys, instance_clear, instance_detach, instance_dict, instance_dict_opt,
        instance_get, instance_set, instance_set_dict,
    };

    /// A bare class whose instances have inline values.
    fn class() -> &'static HeapType {
        attach();
        // SAFETY: zero is a valid value of every field of a heap type: empty slots, null pointers.
        let heap: &'static HeapType = Box::leak(Box::new(unsafe { std::mem::zeroed() }));
        let ty = &heap.ht_type;
        ty.ob_base.ob_base.make_immortal();
        ty.name.set(c"Point".as_ptr());
        ty.basicsize.set(16);
        ty.flags.set(flags::HEAPTYPE | flags::HAVE_GC | flags::MANAGED_DICT | flags::INLINE_VALUES);
        init_cached_keys(heap);
        heap
    }

    fn get(o: &Object, name: &str) -> Option<String> {
        instance_get(o, &object(name)).expect("get").map(|v| show(&v))
    }

    fn set(o: &Object, name: &str, value: &str) {
        assert!(instance_set(o, &object(name), Some(&object(value))).expect("set"));
    }

    fn dict(o: &Object) -> Ref<Dict> {
        instance_dict(o).expect("dict").downcast_into().expect("a dict")
    }

    /// An instance that outlives the test: the bare class cannot deallocate.
    fn instance(ty: &Type) -> std::mem::ManuallyDrop<Obj> {
        std::mem::ManuallyDrop::new(generic_alloc(ty, 0).expect("memory"))
    }

    #[test]
    fn attributes_live_in_the_instance() {
        let class = class();
        let ty = &class.ht_type;
        let p = instance(ty);
        set(&p, "x", "1");
        set(&p, "y", "2");
        assert_eq!((get(&p, "x").as_deref(), get(&p, "y").as_deref(), get(&p, "z")), (Some("1"), Some("2"), None));
        assert!(instance_dict_opt(&p).is_none());
        assert!(instance_set(&p, &object("x"), None).expect("delete"));
        assert!(!instance_set(&p, &object("x"), None).expect("delete"));
        assert!(!instance_set(&p, &object("never"), None).expect("delete"));
        set(&p, "x", "3");
        // The dict sees the attributes, and both see each other's changes.
        let d = dict(&p);
        assert_eq!((show_dict(&d).as_str(), d.len()), ("y=2 x=3", 2));
        set(&p, "z", "4");
        d.set_item(&object("x"), &object("5")).expect("set");
        d.set_item(&object("w"), &object("6")).expect("set");
        assert!(instance_set(&p, &object("y"), None).expect("delete"));
        assert_eq!(show_dict(&d), "x=5 z=4 w=6");
        assert_eq!((d.len(), get(&p, "w").as_deref(), get(&p, "x").as_deref()), (3, Some("6"), Some("5")));
        // The specialised store.
        let keys = super::super::instance::cached_keys(ty).expect("shared");
        let ix = keys.lookup_unicode_index(&object("w")).expect("there");
        store_inline(&p, inline_values(&p), ix, &object("w"), object("7"));
        assert_eq!(show_dict(&d), "x=5 z=4 w=7");
        // A dict that outlives the instance keeps what it holds.
        instance_clear(&p);
        assert!(get(&p, "x").is_none() && !inline_values(&p).valid());
        assert_eq!((show_dict(&d).as_str(), d.len()), ("x=5 z=4 w=7", 3));
        d.set_item(&object("x"), &object("8")).expect("set");
        assert!(get(&p, "x").is_none());
        // Later attributes of the instance get a dict of their own.
        set(&p, "x", "9");
        assert_eq!((get(&p, "x").as_deref(), show_dict(&d).as_str()), (Some("9"), "x=8 z=4 w=7"));
        instance_clear(&p);
        drop(d);
        drop_cached_keys(class);
    }

    #[test]
    fn too_many_attributes_or_other_keys() {
        let class = class();
        let ty = &class.ht_type;
        let p = instance(ty);
        for i in 0..40 {
            set(&p, &format!("n{i}"), &i.to_string());
        }
        assert!(!inline_values(&p).valid());
        assert_eq!((dict(&p).len(), get(&p, "n39").as_deref(), get(&p, "n0").as_deref()), (40, Some("39"), Some("0")));
        let q = instance(ty);
        set(&q, "n3", "1");
        assert!(inline_values(&q).valid());
        let d = dict(&q);
        d.set_item(&object("5"), &object("5")).expect("set");
        assert!(!inline_values(&q).valid());
        set(&q, "n4", "2");
        assert_eq!(show_dict(&d), "n3=1 5=5 n4=2");
        instance_clear(&p);
        instance_clear(&q);
        drop_cached_keys(class);
    }

    #[test]
    fn replacing_the_dict() {
        let class = class();
        let ty = &class.ht_type;
        let value = object("1000000000000");
        let p = instance(ty);
        instance_set(&p, &object("x"), Some(&value)).expect("set");
        assert_eq!(value.refcnt(), 2);
        instance_set_dict(&p, Some(dict_of("y=5").into_obj())).expect("set");
        assert_eq!(value.refcnt(), 1);
        assert_eq!((get(&p, "x"), get(&p, "y").as_deref()), (None, Some("5")));
        let q = instance(ty);
        instance_set(&q, &object("x"), Some(&value)).expect("set");
        drop(dict(&q));
        assert_eq!(value.refcnt(), 2);
        instance_set_dict(&q, None).expect("set");
        assert_eq!(value.refcnt(), 1);
        assert!(get(&q, "x").is_none());
        instance_clear(&p);
        instance_clear(&q);
        drop_cached_keys(class);
    }

    #[test]
    fn detaching() {
        let class = class();
        let p = instance(&class.ht_type);
        set(&p, "x", "1");
        instance_detach(&p).expect("memory");
        assert!(!inline_values(&p).valid());
        set(&p, "y", "2");
        assert_eq!((get(&p, "x").as_deref(), show_dict(&dict(&p)).as_str()), (Some("1"), "x=1 y=2"));
        instance_clear(&p);
        drop_cached_keys(class);
    }
}
