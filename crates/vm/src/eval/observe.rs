//! Watching the loop itself: low-level tracing (`__lltrace__`, `TAIPAN_LLTRACE`) and counts of instructions and of pairs of them
//! (`-X opcode_stats`).
//!
//! Both replace the rows of the dispatch table by observers, which look at the instruction and then jump to its handler. So a
//! loop that nobody observes pays nothing, and the observed one runs the very same handlers.

use super::handlers::{HANDLERS, Handler, TABLE};
use crate::code::CodeObject;
use crate::frame::Frame;
use crate::stackref::StackRef;
use std::cell::Cell;
use std::io::Write;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use taipan_bytecode::opcode::Flags;
use taipan_bytecode::{Op, for_each_opcode};
use taipan_object::types::bool_::PyBool_Type;
use taipan_object::types::dict::Dict;
use taipan_object::types::float::PyFloat_Type;
use taipan_object::types::int::PyLong_Type;
use taipan_object::types::none::_PyNone_Type;
use taipan_object::types::str::{PyUnicode_Type, Str};
use taipan_object::types::tuple::Tuple;
use taipan_object::{Object, Thread, intern};

/// Instructions are counted.
static COUNTING: AtomicBool = AtomicBool::new(false);
/// Frames whose globals have `__lltrace__` are traced.
static TRACING: AtomicBool = AtomicBool::new(false);
/// All frames are traced.
static TRACING_ALL: AtomicBool = AtomicBool::new(false);

/// How often each instruction ran, and how often after each other one.
static COUNTS: [AtomicU64; 256] = [const { AtomicU64::new(0) }; 256];
static PAIRS: [[AtomicU64; 256]; 256] = [const { [const { AtomicU64::new(0) }; 256] }; 256];

/// What a thread remembers between two instructions.
#[derive(Clone, Copy)]
struct Last {
    /// The opcode, for pairs.
    op: Option<u8>,
    /// The frame, and whether it is traced.
    frame: *mut Frame,
    traced: bool,
}

thread_local! {
    static LAST: Cell<Last> = const { Cell::new(Last { op: None, frame: std::ptr::null_mut(), traced: false }) };
}

/// Looks at an instruction, then goes on with its handler.
unsafe extern "C" fn observer<const OP: u8>(
    ts: *const Thread,
    frame: *mut Frame,
    ip: *mut u16,
    sp: *mut StackRef,
    oparg: usize,
) -> usize {
    // SAFETY: the contract of handlers, passed on.
    unsafe {
        observe(OP, frame, ip, sp, oparg);
        HANDLERS[OP as usize](ts, frame, ip, sp, oparg)
    }
}

macro_rules! define_observers {
    ($($name:ident = $number:literal, $family:ident, $caches:literal, |$arg:pat_param| ($pops:expr, $pushes:expr), [$($flag:ident)*];)*) => {
        static OBSERVERS: [Handler; 256] = {
            let mut table = HANDLERS;
            $(if $number < 256 { table[$number & 255] = observer::<{ ($number & 255) as u8 }>; })*
            table
        };
    };
}
for_each_opcode!(define_observers);

fn install() {
    // SAFETY: both callers have the interpreter's lock, or run before any program: nobody reads a row meanwhile.
    unsafe { TABLE.replace(&OBSERVERS) }
    super::handlers::refill_dispatch();
}

/// Counts instructions from now on. To be called before programs run.
pub fn count_instructions() {
    COUNTING.store(true, Ordering::Relaxed);
    install();
}

/// Traces every frame from now on. To be called before programs run.
pub fn trace_everything() {
    TRACING_ALL.store(true, Ordering::Relaxed);
    install();
}

/// A code object came into being. The first that speaks of `__lltrace__` makes the loop look for it in the globals of frames:
/// before that, no globals can have it.
pub(crate) fn code_made(code: &CodeObject) {
    if TRACING.load(Ordering::Relaxed) {
        return;
    }
    let wanted = intern!("__lltrace__");
    let in_names = code.tuple(&code.co_names).items().iter().any(|n| n.is(wanted));
    let is_wanted = |o: &Object| o.is(wanted) || o.downcast_exact::<Str>().is_some_and(|s| s.eq_str("__lltrace__"));
    let in_consts =
        code.tuple(&code.co_consts).items().iter().any(|c| {
            is_wanted(c) || c.downcast_exact::<Tuple>().is_some_and(|t| t.items().iter().any(|i| is_wanted(i)))
        });
    if in_names || in_consts {
        TRACING.store(true, Ordering::Relaxed);
        install();
    }
}

#[inline(never)]
unsafe fn observe(op: u8, frame: *mut Frame, ip: *mut u16, sp: *mut StackRef, oparg: usize) {
    let mut last = LAST.get();
    if COUNTING.load(Ordering::Relaxed) {
        COUNTS[op as usize].fetch_add(1, Ordering::Relaxed);
        if let Some(before) = last.op {
            PAIRS[before as usize][op as usize].fetch_add(1, Ordering::Relaxed);
        }
        last.op = Some(op);
        LAST.set(last);
    }
    let all = TRACING_ALL.load(Ordering::Relaxed);
    if !all && !TRACING.load(Ordering::Relaxed) {
        return;
    }
    let enters =
        Op::from_number(op as u16).is_some_and(|o| o.deopt() == Op::RESUME) || op == Op::RETURN_GENERATOR as u8;
    if last.frame != frame || enters {
        // As the reference does, a frame is asked once, when it is entered or gone on with.
        // SAFETY: the running frame.
        last.traced = all || unsafe { has_mark((*frame).globals()) };
        last.frame = frame;
        LAST.set(last);
        if last.traced {
            // SAFETY: the running frame.
            resumed(unsafe { &*frame });
        }
    }
    if last.traced {
        // SAFETY: the registers of an instruction.
        unsafe { print_instruction(op, frame, ip, sp, oparg) }
    }
}

fn has_mark(globals: &Object) -> bool {
    let Some(d) = globals.downcast::<Dict>() else { return false };
    match d.get_item(intern!("__lltrace__")) {
        Ok(found) => found.is_some(),
        Err(e) => {
            e.clear();
            false
        }
    }
}

fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    // A trace that cannot be written is lost.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

fn resumed(frame: &Frame) {
    let name = frame.code().co_qualname.get().map_or_else(String::new, text_of);
    let module = frame.globals().downcast::<Dict>().and_then(|d| d.get_item(intern!("__name__")).ok().flatten());
    let module = module.as_deref().map_or_else(|| "?".to_owned(), text_of);
    print(&format!("\nResuming frame for '{name}' in module '{module}'\n"));
}

fn text_of(o: &Object) -> String {
    o.downcast::<Str>().map_or_else(|| "?".to_owned(), |s| s.to_utf8_lossy().into_owned())
}

/// An object on the stack. Only what is shown without running a program's code is shown by its value.
fn shown(o: &Object) -> String {
    let plain = [&PyLong_Type, &PyFloat_Type, &PyBool_Type, &PyUnicode_Type, &_PyNone_Type];
    if plain.iter().any(|t| o.is_exact(t)) {
        match o.repr() {
            Ok(s) if s.len() <= 60 => return s.to_utf8_lossy().into_owned(),
            Ok(_) => {}
            Err(e) => e.clear(),
        }
    }
    format!("<{} at {:p}>", o.ty().name_str(), o.as_ptr())
}

unsafe fn print_instruction(op: u8, frame: *mut Frame, ip: *mut u16, sp: *mut StackRef, oparg: usize) {
    let mut text = String::from("    stack=[");
    // SAFETY: the frame runs, `sp` is the end of its stack, and everything below holds objects or nulls.
    let offset = unsafe {
        let mut at = Frame::stack_base(frame);
        while at < sp {
            match (*at).get() {
                Some(o) => text.push_str(&shown(o)),
                None => text.push_str("<NULL>"),
            }
            at = at.add(1);
            if at < sp {
                text.push_str(", ");
            }
        }
        (ip.offset_from((*frame).code().units()) - 1) * 2
    };
    let name = Op::from_number(op as u16).map_or("?", |o| o.name());
    text.push_str(&format!("]\n{offset}: {name}"));
    if Op::from_number(op as u16).is_some_and(|o| o.deopt().flags().has(Flags::ARG)) {
        text.push_str(&format!(" {oparg}"));
    }
    text.push('\n');
    print(&text);
}

fn name_of(op: usize) -> &'static str {
    Op::from_number(op as u16).map_or("?", |o| o.name())
}

/// The counts, largest first, if instructions are counted.
pub fn report() -> Option<String> {
    if !COUNTING.load(Ordering::Relaxed) {
        return None;
    }
    let share = |n: u64, total: u64| n as f64 * 100.0 / total.max(1) as f64;
    let mut single: Vec<(u64, usize)> =
        COUNTS.iter().enumerate().map(|(op, n)| (n.load(Ordering::Relaxed), op)).filter(|c| c.0 > 0).collect();
    let mut pairs: Vec<(u64, usize, usize)> = Vec::new();
    for (a, row) in PAIRS.iter().enumerate() {
        pairs.extend(row.iter().enumerate().map(|(b, n)| (n.load(Ordering::Relaxed), a, b)).filter(|p| p.0 > 0));
    }
    single.sort_by_key(|&(n, op)| (u64::MAX - n, name_of(op)));
    pairs.sort_by_key(|&(n, a, b)| (u64::MAX - n, name_of(a), name_of(b)));
    let total: u64 = single.iter().map(|s| s.0).sum();
    let mut out = format!("instructions executed: {total}\n");
    for (n, op) in single {
        out.push_str(&format!("{n:>14} {:>6.2} %  {}\n", share(n, total), name_of(op)));
    }
    let total: u64 = pairs.iter().map(|p| p.0).sum();
    out.push_str(&format!("pairs executed: {total}\n"));
    for (n, a, b) in pairs {
        out.push_str(&format!("{n:>14} {:>6.2} %  {} {}\n", share(n, total), name_of(a), name_of(b)));
    }
    Some(out)
}
