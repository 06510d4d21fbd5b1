//! Loops, generators, unpacking.

use crate::eval::ops::prelude::*;
use crate::generator::{self, Generator};
use taipan_bytecode::Op;
use taipan_object::types::list::iter::ListIter;
use taipan_object::types::range::RangeIter;
use taipan_object::types::tuple::TupleIter;

slow!(for_iter(vm, _) {
    let it = vm.obj(1);
    let op = if it.downcast_exact::<ListIter>().is_some() {
        Some(Op::FOR_ITER_LIST)
    } else if it.downcast_exact::<TupleIter>().is_some() {
        Some(Op::FOR_ITER_TUPLE)
    } else if it.downcast_exact::<RangeIter>().is_some() {
        Some(Op::FOR_ITER_RANGE)
    } else if it.downcast_exact::<Generator>().is_some() {
        Some(Op::FOR_ITER_GEN)
    } else {
        None
    };
    vm.settle(op)
});

slow!(send(vm, _) {
    let op = generator::any_generator(vm.obj(2)).map(|_| Op::SEND_GEN);
    vm.settle(op)
});

slow!(unpack_sequence(vm, n) {
    let seq = vm.obj(1);
    let op = if let Some(t) = seq.downcast_exact::<Tuple>() {
        if t.len() != n {
            None
        } else if n == 2 {
            Some(Op::UNPACK_SEQUENCE_TWO_TUPLE)
        } else {
            Some(Op::UNPACK_SEQUENCE_TUPLE)
        }
    } else if let Some(l) = seq.downcast_exact::<List>() {
        (l.len() == n).then_some(Op::UNPACK_SEQUENCE_LIST)
    } else {
        None
    };
    vm.settle(op)
});
