//! Rewriting a code object's instructions to what the tools watch.

use super::events::{self, LOCAL, UNGROUPED};
use super::lines;
use super::state::State;
use super::{uninstrumented_op, visible_op};
use crate::code::CodeObject;
use crate::eval::handlers::{BASE, CACHES};
use crate::frame::Frame;
use crate::specialize::counter;
use taipan_bytecode::Op;
use taipan_bytecode::code::flags;
use taipan_bytecode::opcode::INSTRUMENTED;
use taipan_object::{PyResult, Thread};

/// What instrumentation keeps about a code object.
pub struct CodeMonitoring {
    /// By event, the tools that watch it in this code only.
    pub local: [u8; LOCAL],
    /// By event, the tools for which the code is instrumented.
    pub active: [u8; UNGROUPED],
    /// By unit, the tools that watch its instruction's own event.
    pub tools: Vec<u8>,
    /// By unit, the line it stands on, or -1.
    pub line_numbers: Vec<i32>,
    /// By unit, whether a line starts there.
    pub line_starts: Vec<bool>,
    /// By unit, the tools that watch the line.
    pub line_tools: Vec<u8>,
    /// By unit, the opcode hidden by `INSTRUMENTED_LINE`.
    pub lines: Vec<u8>,
    /// By unit, the tools that watch the instruction.
    pub instruction_tools: Vec<u8>,
    /// By unit, the opcode hidden by `INSTRUMENTED_INSTRUCTION`.
    pub instructions: Vec<u8>,
    /// The version at which this was last brought up to date.
    version: usize,
}

impl CodeMonitoring {
    /// Data for a code object, made when it is first needed. Not to be held over calls of tools.
    #[allow(clippy::mut_from_ref)]
    pub fn of(code: &CodeObject) -> &mut CodeMonitoring {
        if code.co_monitoring.get().is_null() {
            let n = code.len_units();
            let data = Box::new(CodeMonitoring {
                local: [0; LOCAL],
                active: [0; UNGROUPED],
                tools: vec![0; n],
                line_numbers: lines::numbers(code),
                line_starts: lines::starts(code),
                line_tools: vec![0; n],
                lines: vec![0; n],
                instruction_tools: vec![0; n],
                instructions: vec![0; n],
                version: 0,
            });
            code.co_monitoring.set(Box::into_raw(data));
        }
        // SAFETY: made above, freed with the code only; callers do not keep the reference over calls of tools.
        unsafe { &mut *code.co_monitoring.get() }
    }
}

/// Brings the instructions of a frame's code in line with the tools, and the thread's eval breaker with the version.
pub fn instrument_frame_code(ts: &Thread, frame: *mut Frame) -> PyResult<()> {
    let state = State::current();
    state.tell(ts);
    // SAFETY: the running frame.
    instrument(unsafe { (*frame).code() }, state);
    Ok(())
}

/// Brings the instructions of a code object in line with the tools.
pub fn instrument(code: &CodeObject, state: &State) {
    code.instrumentation_version.set(state.word());
    if code.has_flag(flags::NO_MONITORING_EVENTS) {
        return;
    }
    let nobody = state.tools.iter().all(|t| t.get() == 0);
    if nobody && code.co_monitoring.get().is_null() {
        return;
    }
    let m = CodeMonitoring::of(code);
    let mut active = [0u8; UNGROUPED];
    for (e, a) in active.iter_mut().enumerate() {
        *a = state.tools[e].get() | m.local.get(e).copied().unwrap_or(0);
    }
    let restart = state.restarted.get() > m.version;
    m.version = state.version.get();
    if active == m.active && !restart {
        return;
    }
    let old = std::mem::replace(&mut m.active, active);
    // Where a tool has said DISABLE it stays disabled, unless it watches anew or events are restarted.
    let update =
        |now: u8, event: usize| if restart { active[event] } else { now & active[event] | active[event] & !old[event] };
    let n = code.len_units();
    let mut i = code.co_firsttraceable as usize;
    while i < n {
        let plain = uninstrumented_op(code, i);
        let base = BASE[plain as usize];
        let op = Op::from_number(base as u16);
        let oparg = (code.unit(i) >> 8) as u8;
        if let Some(event) = op.and_then(|op| events::event_of(op, oparg)) {
            m.tools[i] = update(m.tools[i], event);
        }
        if m.line_starts[i] {
            m.line_tools[i] = update(m.line_tools[i], events::LINE);
        }
        if !matches!(op, Some(Op::RESUME | Op::EXTENDED_ARG | Op::END_FOR)) {
            m.instruction_tools[i] = update(m.instruction_tools[i], events::INSTRUCTION);
        }
        settle(code, m, i);
        i += 1 + CACHES[base as usize] as usize;
    }
}

/// Writes the opcode of unit `i` as its tools want it.
pub fn settle(code: &CodeObject, m: &mut CodeMonitoring, i: usize) {
    let plain = uninstrumented_op(code, i);
    let base = BASE[plain as usize];
    let was = code.unit(i) as u8;
    let visible = visible_op(code, i);
    let hidden = m.line_tools[i] != 0 || m.instruction_tools[i] != 0;
    let mut op = if m.tools[i] != 0 {
        INSTRUMENTED.iter().find(|(_, from)| *from as u8 == base).map_or(base, |(to, _)| *to as u8)
    } else if hidden {
        base
    } else if was == plain {
        plain
    } else {
        base
    };
    if op == base && visible != base && CACHES[base as usize] > 0 {
        // SAFETY: the instruction's first cache unit. Jumps keep other things there.
        unsafe {
            let counter_at = code.units().add(i + 1);
            if !Op::from_number(base as u16).is_some_and(|o| o.is_conditional_jump()) {
                *counter_at = counter::WARMUP;
            }
        }
    }
    if m.instruction_tools[i] != 0 {
        m.instructions[i] = op;
        op = Op::INSTRUMENTED_INSTRUCTION as u8;
    }
    if m.line_tools[i] != 0 {
        m.lines[i] = op;
        op = Op::INSTRUMENTED_LINE as u8;
    }
    // SAFETY: the low byte of a unit is its opcode.
    unsafe { *code.units().add(i).cast::<u8>() = op };
}

/// A tool has said that it does not want this event here any more.
pub fn remove_tool(code: &CodeObject, i: usize, event: usize, tool: usize) {
    let m = CodeMonitoring::of(code);
    let keep = !(1u8 << tool);
    match event {
        events::LINE => m.line_tools[i] &= keep,
        events::INSTRUCTION => m.instruction_tools[i] &= keep,
        _ => m.tools[i] &= keep,
    }
    settle(code, m, i);
}
