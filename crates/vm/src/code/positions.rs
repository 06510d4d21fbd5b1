//! The iterators behind `co_lines`, `co_positions` and `co_branches`. Each computes its items when it is made.

use super::CodeObject;
use std::cell::{Cell, RefCell};
use taipan_bytecode::instruction::decode;
use taipan_bytecode::location_table;
use taipan_object::alloc::{dealloc_of, new_object};
use taipan_object::error::to_iternext;
use taipan_object::types::int::Int;
use taipan_object::types::none::none;
use taipan_object::types::tuple::Tuple;
use taipan_object::{Obj, Object, PyResult, Type, TypeDef, layout};

macro_rules! code_iterator {
    ($(#[$doc:meta])* $name:ident, $ty:ident, $python:literal, $items:path) => {
        $(#[$doc])*
        #[repr(C)]
        pub struct $name {
            ob_base: Object,
            items: RefCell<Vec<Obj>>,
            next: Cell<usize>,
        }
        layout!($name, $ty);
        impl $name {
            /// An iterator over the code's table.
            pub fn create(code: &CodeObject) -> Obj {
                new_object($name { ob_base: Object::placeholder(), items: RefCell::new($items(code)), next: Cell::new(0) }).into_obj()
            }
            extern "C" fn iternext(o: &Object) -> Option<Obj> {
                let this: &$name = o.cast();
                let i = this.next.get();
                this.next.set(i + 1);
                to_iternext(Ok(this.items.borrow().get(i).cloned()))
            }
        }
        #[allow(non_upper_case_globals)]
        /// The iterator's type.
        pub static $ty: Type = Type::new_static(TypeDef {
            name: $python,
            basicsize: size_of::<$name>(),
            dealloc: Some(dealloc_of::<$name>),
            iter: Some(own_iter),
            iternext: Some($name::iternext),
            ..TypeDef::EMPTY
        });
    };
}

extern "C" fn own_iter(o: &Object) -> PyResult {
    Ok(o.to_obj())
}

fn int(n: i64) -> Obj {
    Int::from_i64(n).into_obj()
}

fn int_or_none(n: i32) -> Obj {
    if n < 0 { none().to_obj() } else { int(n as i64) }
}

fn lines(c: &CodeObject) -> Vec<Obj> {
    location_table::lines(c.line_table(), c.co_firstlineno)
        .map(|(start, end, line)| {
            Tuple::from_vec(vec![
                int(start as i64 * 2),
                int(end as i64 * 2),
                line.map_or_else(|| none().to_obj(), |l| int(l as i64)),
            ])
            .into_obj()
        })
        .collect()
}

fn positions(c: &CodeObject) -> Vec<Obj> {
    location_table::positions(c.line_table(), c.co_firstlineno)
        .map(|p| {
            Tuple::from_vec(vec![
                int_or_none(p.line),
                int_or_none(p.end_line),
                int_or_none(p.column),
                int_or_none(p.end_column),
            ])
            .into_obj()
        })
        .collect()
}

fn branches(c: &CodeObject) -> Vec<Obj> {
    use taipan_bytecode::Op;
    let code = c.original_code();
    let mut out = Vec::new();
    for i in decode(&code) {
        let end = i.end();
        let (not_taken, taken) = match i.op {
            // Over the NOT_TAKEN.
            op if op.is_conditional_jump() => (end + 1, end + i.oparg as usize),
            // Over END_FOR and POP_ITER.
            Op::FOR_ITER => (end, end + i.oparg as usize + 2),
            Op::END_ASYNC_FOR => {
                // Its argument leads back to the END_SEND.
                let Some(src) = end.checked_sub(i.oparg as usize) else { continue };
                out.push(triple(src, src + 2, end));
                continue;
            }
            _ => continue,
        };
        out.push(triple(i.offset, not_taken, taken));
    }
    out
}

fn triple(a: usize, b: usize, c: usize) -> Obj {
    Tuple::from_vec([a, b, c].map(|n| int(n as i64 * 2)).to_vec()).into_obj()
}

code_iterator! {
    /// Iterator over (start, end, line).
    LineIter, LineIterator_Type, c"line_iterator", lines
}
code_iterator! {
    /// Iterator over (line, end line, column, end column).
    PositionIter, PositionsIterator_Type, c"positions_iterator", positions
}
code_iterator! {
    /// Iterator over (source, not taken, taken).
    BranchIter, BranchesIterator_Type, c"branches_iterator", branches
}
