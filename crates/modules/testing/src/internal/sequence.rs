//! `InstructionSequence`: pseudo-instructions with labels, as the stages of the compiler pass them on.

use std::cell::{Cell, RefCell};
use taipan_bytecode::Op;
use taipan_bytecode::location_table::Location;
use taipan_bytecode::opcode::Flags;
use taipan_compiler::stages::{Generated, PseudoInstruction};
use taipan_object::alloc::{dealloc_of, new_instance, new_object};
use taipan_object::types::int::Int;
use taipan_object::types::list::List;
use taipan_object::types::none::none_obj;
use taipan_object::types::tuple::Tuple;
use taipan_object::{Obj, ObjCell, Object, PyResult, Ref, Type, TypeDef, bail, layout, method, methods};

/// Instructions in order; jumps go to labels, or to indices of instructions once these are known.
#[repr(C)]
pub struct InstructionSequence {
    ob_base: Object,
    instructions: RefCell<Vec<PseudoInstruction>>,
    /// The index behind each label that was placed.
    labels: RefCell<Vec<Option<u32>>>,
    next_label: Cell<u32>,
    /// Whether arguments of jumps are labels, not indices.
    labelled: Cell<bool>,
    /// Sequences of the functions and classes inside.
    nested: ObjCell,
}

layout!(InstructionSequence, SEQUENCE_TYPE);

fn body(instructions: Vec<PseudoInstruction>, labelled: bool) -> InstructionSequence {
    InstructionSequence {
        ob_base: Object::placeholder(),
        instructions: RefCell::new(instructions),
        labels: RefCell::default(),
        next_label: Cell::new(0),
        labelled: Cell::new(labelled),
        nested: ObjCell::empty(),
    }
}

impl InstructionSequence {
    /// An empty one, to be filled.
    pub fn new() -> Ref<InstructionSequence> {
        new_object(body(Vec::new(), true))
    }

    /// Instructions whose jumps go to indices.
    pub fn resolved(instructions: Vec<PseudoInstruction>) -> Ref<InstructionSequence> {
        new_object(body(instructions, false))
    }

    /// What code generation made, with the sequences inside.
    pub fn generated(unit: &Generated) -> Ref<InstructionSequence> {
        let sequence = InstructionSequence::resolved(unit.instructions.clone());
        if !unit.nested.is_empty() {
            let nested = unit.nested.iter().map(|n| InstructionSequence::generated(n).into_obj()).collect();
            sequence.nested.set(Some(List::from_vec(nested).into_obj()));
        }
        sequence
    }

    /// Replaces labels by indices.
    pub fn resolve(&self) -> PyResult<()> {
        if !self.labelled.get() {
            return Ok(());
        }
        let labels = self.labels.borrow();
        if labels.is_empty() {
            // Without any label, jumps are written with indices.
            self.labelled.set(false);
            return Ok(());
        }
        let mut instructions = self.instructions.borrow_mut();
        for i in instructions.iter_mut().filter(|i| i.op.has_target()) {
            let Some(Some(index)) = labels.get(i.oparg as usize) else {
                bail!(ValueError, "label {} was not placed", i.oparg)
            };
            i.oparg = *index;
        }
        self.labelled.set(false);
        Ok(())
    }

    /// The instructions, with indices for labels.
    pub fn instructions(&self) -> PyResult<Vec<PseudoInstruction>> {
        self.resolve()?;
        Ok(self.instructions.borrow().clone())
    }
}

extern "C" fn sequence_new(cls: &Type, _: &Object, _: Option<&Object>) -> PyResult {
    new_instance(cls, body(Vec::new(), true)).map(Ref::into_obj)
}

/// Place a label before the next instruction.
#[method(signature = "(label)")]
fn use_label(this: &InstructionSequence, label: i32) -> PyResult<()> {
    let Ok(label) = usize::try_from(label) else { bail!(ValueError, "label must not be negative") };
    if label > 1 << 24 {
        bail!(ValueError, "too many labels");
    }
    let mut labels = this.labels.borrow_mut();
    if labels.len() <= label {
        labels.resize(label + 1, None);
    }
    labels[label] = Some(this.instructions.borrow().len() as u32);
    Ok(())
}

/// Append an instruction.
#[method(signature = "(opcode, oparg, lineno, col_offset, end_lineno, end_col_offset)")]
fn addop(this: &InstructionSequence, opcode: i32, oparg: i32, a: i32, b: i32, c: i32, d: i32) -> PyResult<()> {
    let op = u16::try_from(opcode).ok().and_then(Op::from_number);
    let (Some(op), Ok(oparg)) = (op, u32::try_from(oparg)) else { bail!(ValueError, "invalid opcode or oparg") };
    let location = Location::new(a, b, c, d);
    this.instructions.borrow_mut().push(PseudoInstruction { op, oparg, location });
    Ok(())
}

/// Make a label.
#[method(signature = "()")]
fn new_label(this: &InstructionSequence) -> i64 {
    let label = this.next_label.get() + 1;
    this.next_label.set(label);
    label as i64
}

/// Add the sequence of a function or class inside.
#[method(signature = "(nested)")]
fn add_nested(this: &InstructionSequence, nested: &Object) -> PyResult<()> {
    if nested.downcast::<InstructionSequence>().is_none() {
        bail!(ValueError, "expected an instruction sequence, not {}", nested.ty().name_str());
    }
    if this.nested.is_empty() {
        this.nested.set(Some(List::new().into_obj()));
    }
    if let Some(list) = this.nested.get_owned() {
        list.cast::<List>().push(nested.to_obj())?;
    }
    Ok(())
}

/// Return the sequences inside.
#[method(signature = "()")]
fn get_nested(this: &InstructionSequence) -> Obj {
    this.nested.get_owned().unwrap_or_else(|| List::new().into_obj())
}

/// Return each instruction as a tuple: number, argument and place.
#[method(signature = "()")]
fn get_instructions(this: &InstructionSequence) -> PyResult {
    let instructions = this.instructions()?;
    let tuple = |i: &PseudoInstruction| {
        let int = |n: i32| Int::from_i64(n as i64).into_obj();
        let arg = if i.op.flags().has(Flags::ARG) || i.op.has_target() {
            Int::from_i64(i.oparg as i64).into_obj()
        } else {
            none_obj()
        };
        let l = &i.location;
        let number = Int::from_i64(i.op as i64).into_obj();
        Tuple::from_vec(vec![number, arg, int(l.line), int(l.end_line), int(l.column), int(l.end_column)]).into_obj()
    };
    Ok(List::from_vec(instructions.iter().map(tuple).collect()).into_obj())
}

/// `InstructionSequence`.
pub static SEQUENCE_TYPE: Type = Type::new_static(TypeDef {
    name: c"InstructionSequence",
    basicsize: size_of::<InstructionSequence>(),
    doc: Some(c"Pseudo-instructions with labels, before they are assembled."),
    dealloc: Some(dealloc_of::<InstructionSequence>),
    methods: methods![use_label, addop, new_label, add_nested, get_nested, get_instructions],
    new: Some(sequence_new),
    ..TypeDef::EMPTY
});
