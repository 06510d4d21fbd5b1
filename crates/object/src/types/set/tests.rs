//! The table against a trace of the reference: order of iteration and size after every operation.

use super::Set;
use crate::header::Ref;
use crate::types::dict::tests::attach;
use crate::types::int::Int;

fn numbers(text: &str) -> Vec<i64> {
    text.split_whitespace().map(|t| t.parse().expect("number")).collect()
}

fn set_of(items: &[i64]) -> Ref<Set> {
    let s = Set::new();
    for i in items {
        s.add(&Int::from_i64(*i)).expect("hashable");
    }
    s
}

fn contents(s: &Set) -> Vec<i64> {
    s.items().iter().map(|o| o.cast::<Int>().to_i64().expect("small")).collect()
}

#[test]
fn same_order_and_size_as_the_reference() {
    attach();
    let mut s = Set::new();
    for (n, line) in include_str!("tests/trace.txt").lines().enumerate() {
        let mut fields = line.split('|');
        let (op, items, size) =
            (fields.next().expect("op"), fields.next().expect("items"), fields.next().expect("size"));
        let (op, rest) = op.split_once(' ').unwrap_or((op, ""));
        let args = numbers(rest);
        match op {
            "add" => s.add(&Int::from_i64(args[0])).expect("add"),
            "discard" => drop(s.discard(&Int::from_i64(args[0])).expect("discard")),
            "pop" => assert_eq!(s.pop().expect("an element").cast::<Int>().to_i64(), Some(args[0])),
            "or" => s.update(&set_of(&args)).expect("or"),
            "sub" => s.difference_update(&set_of(&args)).expect("sub"),
            "xor" => s.symmetric_difference_update(&set_of(&args)).expect("xor"),
            "and" => s.intersection_update(&set_of(&args)).expect("and"),
            "difference" => s = s.difference(&set_of(&args)).expect("difference"),
            "copy" => s = s.copy().expect("copy"),
            "clear" => s.clear(),
            _ => panic!("unknown operation {op}"),
        }
        assert_eq!(contents(&s), numbers(items), "line {}: {line}", n + 1);
        assert_eq!(s.memory_size(), numbers(size)[0] as usize, "line {}: {line}", n + 1);
        assert!(contents(&s).iter().all(|i| s.contains(&Int::from_i64(*i)).expect("contains")));
    }
}

#[test]
fn hash_of_contents() {
    attach();
    assert_eq!(Set::new().contents_hash(), 133_146_708_735_736);
    assert_eq!(set_of(&[1, 2, 3]).contents_hash(), -272_375_401_224_217_160);
    assert_eq!(set_of(&(0..100).collect::<Vec<_>>()).contents_hash(), 4_411_996_150_312_757_951);
}

#[test]
fn elements_are_released() {
    attach();
    let key = Int::from_i64(1 << 50).into_obj();
    {
        let s = set_of(&[1, 2, 3]);
        for i in 100..120 {
            s.add(&Int::from_i64(i)).expect("add");
        }
        s.add(&key).expect("add");
        s.add(&key).expect("add");
        let t = s.copy().expect("copy");
        assert_eq!(key.refcnt(), 3);
        t.discard(&key).expect("discard");
        assert_eq!(key.refcnt(), 2);
        t.update(&s).expect("update");
        s.clear();
        assert!(s.is_empty() && s.memory_size() == 200);
        assert_eq!(key.refcnt(), 2);
    }
    assert_eq!(key.refcnt(), 1);
}
