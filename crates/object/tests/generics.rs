//! Generic aliases, unions, properties, namespaces and struct sequences, with texts that the reference prints.

use taipan_object::hooks::{self, Hooks};
use taipan_object::types::dict::Dict;
use taipan_object::types::generic_alias;
use taipan_object::types::int::{Int, PyLong_Type};
use taipan_object::types::list::{List, PyList_Type};
use taipan_object::types::namespace::_PyNamespace_Type;
use taipan_object::types::none;
use taipan_object::types::property::PyProperty_Type;
use taipan_object::types::str::{PyUnicode_Type, Str};
use taipan_object::types::structseq::{self, StructSeq};
use taipan_object::types::tuple::{PyTuple_Type, Tuple};
use taipan_object::types::{self, union};
use taipan_object::{Interp, Obj, Object, PyResult, Thread, Type, intern};

fn attach() {
    let interp = Interp::new(0);
    interp.gc.init();
    let here = taipan_object::thread::stack_pointer();
    Thread::set_current(Some(Thread::new(interp, (here - (1 << 20), here + 4096))));
    hooks::install(Hooks {
        unraisable: |e, _, _| panic!("unraisable {e:?}"),
        import: |name| Err(taipan_object::raise!(ImportError, "no module {name}")),
        warn: |_, _, _| Ok(()),
        current_globals: || None,
        current_builtins: || Dict::new().into_obj(),
        handle_pending: || Ok(()),
        audit: |_, _| Ok(()),
        auditing: || false,
        super_of_frame: || Err(taipan_object::raise!(RuntimeError, "no frame")),
    });
    types::ready_all().expect("types");
}

/// The `repr` of an answer, or the exception as `Type: text`.
fn show(r: PyResult) -> String {
    match r.and_then(|o| o.repr()) {
        Ok(s) => s.display().to_string(),
        Err(e) => {
            let e = e.take();
            format!("{}: {}", e.ty().short_name(), e.str().expect("text").display())
        }
    }
}
fn int(n: i64) -> Obj {
    Int::from_i64(n).into_obj()
}
fn ty(t: &'static Type) -> &'static Object {
    t.as_object()
}
fn call_kw(f: &Object, args: &[&Object], kw: &[(&str, &Object)]) -> PyResult {
    let d = Dict::new();
    for (k, v) in kw {
        d.set_str(k, v)?;
    }
    f.call_tuple(&Tuple::new(args), Some(&d))
}

fn aliases_and_unions() {
    let (i, s, l, t) = (ty(&PyLong_Type), ty(&PyUnicode_Type), ty(&PyList_Type), ty(&PyTuple_Type));
    let list_int = l.get_item(i).expect("list[int]");
    assert_eq!(show(Ok(list_int.clone())), "list[int]");
    assert_eq!(show(t.get_item(&Tuple::empty())), "tuple[()]");
    assert_eq!(show(t.get_item(&Tuple::new(&[i, none::ellipsis()]))), "tuple[int, ...]");
    assert_eq!(show(l.get_item(none::none())), "list[None]");
    assert_eq!(show(l.get_item(&List::from_vec(vec![i.to_obj(), none::ellipsis().to_obj()]))), "list[[int, ...]]");
    assert_eq!(show(list_int.get_item(i)), "TypeError: list[int] is not a generic class");
    assert_eq!(show(list_int.get_attr_str("append")), "<method 'append' of 'list' objects>");
    assert_eq!(show(list_int.get_attr_str("nothing")), "AttributeError: type object 'list' has no attribute 'nothing'");
    assert_eq!(
        show(list_int.get_attr_str("__bases__")),
        "AttributeError: 'types.GenericAlias' object has no attribute '__bases__'"
    );
    assert_eq!(show(list_int.get_attr_str("__parameters__")), "()");
    assert_eq!(show(list_int.call(&[&Tuple::new(&[i])])), "[<class 'int'>]");
    assert!(list_int.eq(&generic_alias::new(l, i).expect("alias")).expect("eq"));
    assert_eq!(list_int.hash().expect("hash"), l.hash().expect("hash") ^ Tuple::new(&[i]).hash().expect("hash"));
    assert!(int(1).is_instance(&list_int).expect_err("raises").matches(types::exceptions::TypeError));
    taipan_object::error::clear();
    let it = t.get_item(i).expect("tuple[int]").iter().expect("iter");
    let starred = it.next().expect("next").expect("one");
    assert_eq!(show(Ok(starred.clone())), "*tuple[int]");
    assert!(it.next().expect("next").is_none());
    assert_eq!(show(starred.get_attr_str("__unpacked__")), "True");
    assert_eq!(show(starred.get_attr_str("__typing_unpacked_tuple_args__")), "(<class 'int'>,)");

    let u = union::or(i, s).expect("int | str");
    assert_eq!(show(Ok(u.clone())), "int | str");
    assert_eq!(show(union::or(&u, none::none())), "int | str | None");
    assert_eq!(show(union::or(&u, i)), "int | str");
    assert_eq!(show(union::or(i, i)), "<class 'int'>");
    assert_eq!(show(union::or(i, &int(3))), "NotImplemented");
    assert_eq!(show(union::or(&list_int, i)), "list[int] | int");
    assert_eq!(show(union::from_tuple(&Tuple::empty())), "TypeError: Cannot take a Union of no types.");
    assert_eq!(show(ty(&union::_PyUnion_Type).get_item(&Tuple::new(&[i, s]))), "int | str");
    assert_eq!(show(u.get_item(i)), "TypeError: int | str is not a generic class");
    let reversed = union::or(s, i).expect("str | int");
    assert!(u.eq(&reversed).expect("eq") && u.hash().expect("hash") == reversed.hash().expect("hash"));
    assert!(int(1).is_instance(&u).expect("isinstance") && !none::none().is_instance(&u).expect("isinstance"));
    let odd = generic_alias::new(l, &List::new()).expect("alias");
    let unhashable = union::or(&odd, i).expect("union");
    assert_eq!(show(unhashable.hash().map(|n| int(n as i64))), "TypeError: unhashable type: 'list'");
    assert!(unhashable.eq(&union::or(i, &odd).expect("union")).expect("eq"));
    assert_eq!(show(u.get_attr_str("__module__")), "'typing'");
    assert_eq!(show(u.get_attr_str("__name__")), "'Union'");
    assert_eq!(show(u.get_attr_str("__origin__")), "<class 'typing.Union'>");
    assert_eq!(show(u.call_method_str("__mro_entries__", &[&Tuple::empty()])), "TypeError: Cannot subclass int | str");
}

fn properties() {
    let property = ty(&PyProperty_Type);
    let p = property.call_noargs().expect("property");
    let value = Str::from_utf8("");
    assert_eq!(show(p.call_method_str("__get__", &[&value])), "AttributeError: property of 'str' object has no getter");
    p.call_method_str("__set_name__", &[&value, &Str::from_utf8("x")]).expect("named");
    assert_eq!(
        show(p.call_method_str("__get__", &[&value])),
        "AttributeError: property 'x' of 'str' object has no getter"
    );
    assert_eq!(
        show(p.call_method_str("__set__", &[&value, &value])),
        "AttributeError: property 'x' of 'str' object has no setter"
    );
    assert_eq!(
        show(p.call_method_str("__delete__", &[&value])),
        "AttributeError: property 'x' of 'str' object has no deleter"
    );
    assert_eq!(
        show(p.call_method_str("__set_name__", &[&value])),
        "TypeError: __set_name__() takes 2 positional arguments but 1 were given"
    );
    let upper = ty(&PyUnicode_Type).get_attr_str("upper").expect("str.upper");
    let q = p.call_method_str("getter", &[&upper]).expect("copy");
    assert_eq!(show(q.get_attr(intern!("__name__"))), "'x'");
    assert_eq!(show(q.call_method_str("__get__", &[&Str::from_utf8("ab")])), "'AB'");
    assert_eq!(
        show(call_kw(property, &[], &[("nothing", &value)])),
        "TypeError: property() got an unexpected keyword argument 'nothing'"
    );
    let five = Tuple::from_vec(vec![int(0); 5]);
    assert_eq!(show(property.call_tuple(&five, None)), "TypeError: property() takes at most 4 arguments (5 given)");
}

fn namespaces() {
    let namespace = ty(&_PyNamespace_Type);
    let n = call_kw(namespace, &[], &[("a", &int(1))]).expect("namespace");
    n.set_attr_str("self", &n).expect("set");
    assert_eq!(show(Ok(n.clone())), "namespace(a=1, self=namespace(...))");
    n.del_attr(intern!("self")).expect("deleted");
    let f = n.get_attr_str("__replace__").expect("method");
    assert_eq!(show(call_kw(&f, &[], &[("a", &int(2)), ("b", &int(3))])), "namespace(a=2, b=3)");
    assert_eq!(show(f.call(&[&n])), "TypeError: __replace__() takes no positional arguments");
    assert_eq!(show(n.get_attr_str("b")), "AttributeError: 'types.SimpleNamespace' object has no attribute 'b'");
    let d = Dict::new();
    d.set_item(&int(1), &int(2)).expect("set");
    assert_eq!(show(namespace.call_one(&d)), "TypeError: keywords must be strings");
    assert_eq!(show(namespace.call(&[&d, &d])), "TypeError: SimpleNamespace expected at most 1 argument, got 2");
    assert_eq!(show(namespace.call_one(&int(1))), "TypeError: 'int' object is not iterable");
}

fn struct_sequences() {
    let fields = [("first", "one"), ("second", ""), ("", ""), ("hidden", "not shown"), ("more", "")];
    let named = StructSeq::new_type("demo.point", "A point.", &[("x", "across"), ("y", "down"), ("z", "hidden")], 2)
        .expect("type");
    let p = structseq::new_instance(&named, vec![int(1), int(2), int(3)]).expect("instance");
    assert_eq!(show(Ok(named.clone())), "<class 'demo.point'>");
    assert_eq!(show(Ok(p.clone())), "demo.point(x=1, y=2)");
    assert_eq!(show(p.get_attr_str("z")), "3");
    assert_eq!(p.len().expect("len"), 2);
    assert!(p.eq(&Tuple::from_vec(vec![int(1), int(2)])).expect("eq"));
    assert_eq!(show(p.call_method_str("__reduce__", &[])), "(<class 'demo.point'>, ((1, 2), {'z': 3}))");
    assert_eq!(show(named.get_attr_str("__match_args__")), "('x', 'y')");
    assert_eq!(show(named.get_attr_str("n_fields")), "3");
    assert_eq!(show(named.get_attr_str("__doc__")), "'A point.'");
    let replace = p.get_attr_str("__replace__").expect("method");
    assert_eq!(show(call_kw(&replace, &[], &[("y", &int(9))])), "demo.point(x=1, y=9)");
    assert_eq!(show(call_kw(&replace, &[], &[("w", &int(9))])), "TypeError: Got unexpected field name(s): ['w']");
    let made = |items: &[i64]| named.call_one(&List::from_vec(items.iter().map(|&n| int(n)).collect()));
    assert_eq!(show(made(&[1])), "TypeError: demo.point() takes an at least 2-sequence (1-sequence given)");
    assert_eq!(show(made(&[1, 2, 3, 4])), "TypeError: demo.point() takes an at most 3-sequence (4-sequence given)");
    assert_eq!(show(made(&[1, 2]).and_then(|o| o.get_attr_str("z"))), "None");
    assert_eq!(show(made(&[1, 2, 7]).and_then(|o| o.get_attr_str("z"))), "7");
    assert_eq!(show(named.call_one(&int(1))), "TypeError: constructor requires a sequence");
    assert_eq!(show(named.call_noargs()), "TypeError: structseq() missing required argument 'sequence' (pos 1)");
    let d = Dict::new();
    d.set_str("z", &int(5)).expect("set");
    let pair = Tuple::from_vec(vec![int(1), int(2)]);
    assert_eq!(show(named.call(&[&pair, &d]).and_then(|o| o.get_attr_str("z"))), "5");
    d.set_str("x", &int(5)).expect("set");
    assert_eq!(show(named.call(&[&pair, &d])), "TypeError: demo.point() got duplicate or unexpected field name(s)");
    assert_eq!(show(named.call(&[&pair, &pair])), "TypeError: demo.point() takes a dict as second arg, if any");
    assert!(p.set_attr_str("x", &p).is_err());
    taipan_object::error::clear();

    let gaps = StructSeq::new_type("demo.gaps", "", &fields, 3).expect("type");
    let g = gaps.call_one(&Tuple::from_vec((1..=5).map(int).collect())).expect("instance");
    assert_eq!(show(Ok(g.clone())), "demo.gaps(first=1, second=2, hidden=3)");
    assert_eq!(show(g.get_attr_str("hidden")), "4");
    assert_eq!(
        show(g.call_method_str("__reduce__", &[])),
        "(<class 'demo.gaps'>, ((1, 2, 3), {'hidden': 4, 'more': 5}))"
    );
    assert_eq!(
        show(g.call_method_str("__replace__", &[])),
        "TypeError: __replace__() is not supported for demo.gaps because it has unnamed field(s)"
    );
    assert_eq!(show(gaps.get_attr_str("n_unnamed_fields")), "1");
}

#[test]
fn as_the_reference() {
    attach();
    aliases_and_unions();
    properties();
    namespaces();
    struct_sequences();
    // Types and instances made above are traversed without a complaint.
    taipan_object::gc::collect(2);
}
