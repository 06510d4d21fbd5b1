//! What code generation yields: pseudo-instructions in order, with labels.

use taipan_bytecode::Op;
use taipan_bytecode::location_table::Location;

/// No place in the source.
pub const NO_LOCATION: Location = Location::NONE;
/// The place of the next instruction.
pub const NEXT_LOCATION: Location = Location::new(-2, -2, -2, -2);

/// A jump target, to be placed later.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Label(pub u32);

impl Label {
    /// No label.
    pub const NONE: Label = Label(u32::MAX);
}

/// One pseudo-instruction; the argument of one with a target is a label.
#[derive(Clone, Copy, Debug)]
pub struct Instruction {
    /// What to do.
    pub op: Op,
    /// With what.
    pub oparg: u32,
    /// On behalf of which source.
    pub location: Location,
}

/// A growing list of instructions.
#[derive(Debug, Default)]
pub struct Sequence {
    /// The instructions.
    pub instructions: Vec<Instruction>,
    /// Position of each label.
    pub labels: Vec<u32>,
    /// What replaces the placeholder for the set-up of a module's annotations.
    pub annotations: Option<Vec<Instruction>>,
}

impl Sequence {
    /// A new label.
    pub fn new_label(&mut self) -> Label {
        self.labels.push(u32::MAX);
        Label(self.labels.len() as u32 - 1)
    }

    /// Places a label before the next instruction.
    pub fn use_label(&mut self, label: Label) {
        self.labels[label.0 as usize] = self.instructions.len() as u32;
    }

    /// Appends an instruction.
    #[inline]
    pub fn push(&mut self, op: Op, oparg: u32, location: Location) {
        self.instructions.push(Instruction { op, oparg, location });
    }

    /// Puts an instruction before all others.
    pub fn push_front(&mut self, op: Op, oparg: u32, location: Location) {
        self.instructions.insert(0, Instruction { op, oparg, location });
        for label in &mut self.labels {
            // Those not placed yet stay at the maximum.
            *label = label.saturating_add(1);
        }
    }

    /// Makes it empty, keeping its memory.
    pub fn clear(&mut self) {
        self.instructions.clear();
        self.labels.clear();
        self.annotations = None;
    }
}
