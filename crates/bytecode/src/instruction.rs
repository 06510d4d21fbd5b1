//! Instructions as code units: low byte the opcode, high byte the argument, `EXTENDED_ARG` before larger arguments,
//! zeroed cache units after.

use crate::opcode::Op;

/// One decoded instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Instruction {
    /// Index of its opcode's unit.
    pub offset: usize,
    /// Index of its first unit, `EXTENDED_ARG`s included.
    pub start: usize,
    /// The opcode.
    pub op: Op,
    /// The whole argument.
    pub oparg: u32,
}

impl Instruction {
    /// Index of the unit after the instruction and its caches.
    pub fn end(&self) -> usize {
        self.offset + 1 + self.op.caches()
    }

    /// Index of the unit that it jumps to.
    pub fn jump_target(&self) -> Option<usize> {
        match self.op {
            // Its argument leads back to the END_SEND of the awaited `__anext__`.
            Op::END_ASYNC_FOR | Op::INSTRUMENTED_END_ASYNC_FOR => self.end().checked_sub(self.oparg as usize),
            op if op.has_jump() && (op.deopt().is_backward_jump() || op == Op::INSTRUMENTED_JUMP_BACKWARD) => {
                self.end().checked_sub(self.oparg as usize)
            }
            op if op.has_jump() => Some(self.end() + self.oparg as usize),
            _ => None,
        }
    }
}

/// Units that an argument needs before its instruction.
#[inline]
pub fn extended_args(oparg: u32) -> usize {
    (oparg > 0xFF) as usize + (oparg > 0xFFFF) as usize + (oparg > 0xFF_FFFF) as usize
}

/// Units that an instruction takes, `EXTENDED_ARG`s and caches included.
#[inline]
pub fn size(op: Op, oparg: u32) -> usize {
    extended_args(oparg) + 1 + op.caches()
}

/// Appends an instruction to little-endian code.
#[inline]
pub fn emit(code: &mut Vec<u8>, op: Op, oparg: u32) {
    if oparg > 0xFF {
        for i in (1..=extended_args(oparg)).rev() {
            code.extend_from_slice(&[Op::EXTENDED_ARG as u8, (oparg >> (8 * i)) as u8]);
        }
    }
    code.extend_from_slice(&[op as u16 as u8, oparg as u8]);
    for _ in 0..op.caches() {
        code.extend_from_slice(&[0, 0]);
    }
}

/// Decodes code units; stops at a number that is no opcode or an instruction that is cut off.
pub struct Instructions<I> {
    units: I,
    position: usize,
}

/// Iterates over the instructions of little-endian code.
pub fn decode(code: &[u8]) -> Instructions<impl Iterator<Item = u16> + '_> {
    Instructions { units: code.chunks_exact(2).map(|u| u16::from_le_bytes([u[0], u[1]])), position: 0 }
}

impl<I: Iterator<Item = u16>> Iterator for Instructions<I> {
    type Item = Instruction;

    fn next(&mut self) -> Option<Instruction> {
        let start = self.position;
        let mut oparg = 0u32;
        loop {
            let unit = self.units.next()?;
            let offset = self.position;
            self.position += 1;
            oparg = oparg << 8 | (unit >> 8) as u32;
            let op = Op::from_number(unit & 0xFF)?;
            if op == Op::EXTENDED_ARG {
                continue;
            }
            for _ in 0..op.caches() {
                self.units.next()?;
                self.position += 1;
            }
            return Some(Instruction { offset, start, op, oparg });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emits_and_decodes() {
        let mut code = Vec::new();
        emit(&mut code, Op::RESUME, 0);
        emit(&mut code, Op::LOAD_ATTR, 0x12345);
        emit(&mut code, Op::RETURN_VALUE, 0);
        let all: Vec<_> = decode(&code).map(|i| (i.start, i.offset, i.op, i.oparg)).collect();
        assert_eq!(all, [(0, 0, Op::RESUME, 0), (1, 3, Op::LOAD_ATTR, 0x12345), (13, 13, Op::RETURN_VALUE, 0)]);
        assert_eq!(code.len(), 28);
    }
}
