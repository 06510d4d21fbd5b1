//! Making code objects.

use super::CodeObject;
use crate::eval::handlers::{BASE, CACHES};
use crate::frame::FRAME_HEADER_WORDS;
use crate::specialize::counter;
use crate::support;
use rustc_hash::FxHashMap;
use std::cell::Cell;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};
use taipan_bytecode::code::{flags, kinds};
use taipan_bytecode::location_table::{self, Location};
use taipan_bytecode::{Code, Const, Op};
use taipan_object::types::bytes::Bytes;
use taipan_object::types::complex::Complex;
use taipan_object::types::float::Float;
use taipan_object::types::int::Int;
use taipan_object::types::str::Str;
use taipan_object::types::tuple::Tuple;
use taipan_object::{Obj, ObjCell, Object, PyResult, Ref, Thread, VarObject, alloc, bail};

/// The parts of a code object as Python objects.
#[allow(missing_docs)]
pub struct Parts<'a> {
    pub code: &'a [u8],
    pub consts: Obj,
    pub names: Obj,
    pub localsplusnames: Ref<Tuple>,
    pub localspluskinds: Ref<Bytes>,
    pub filename: Obj,
    pub name: Obj,
    pub qualname: Obj,
    pub linetable: Obj,
    pub exceptiontable: Obj,
    pub flags: u32,
    pub argcount: i32,
    pub posonlyargcount: i32,
    pub kwonlyargcount: i32,
    pub stacksize: i32,
    pub firstlineno: i32,
}

/// The object of a constant.
pub fn constant_object(k: &Const) -> PyResult {
    Constants::default().constant(k)
}

static DEBUG_RANGES: AtomicBool = AtomicBool::new(true);

/// Whether code objects keep columns and ends of lines (`-X no_debug_ranges`).
pub fn debug_ranges() -> bool {
    DEBUG_RANGES.load(Ordering::Relaxed)
}

/// Makes code objects keep columns, or not.
pub fn set_debug_ranges(on: bool) {
    DEBUG_RANGES.store(on, Ordering::Relaxed);
}

/// A line table without columns.
fn only_lines(table: &Object, first_line: i32) -> Obj {
    let Some(bytes) = table.downcast::<Bytes>() else { return table.to_obj() };
    let mut out = location_table::Writer::new(first_line);
    for run in location_table::read(bytes.as_slice(), first_line) {
        let line = run.location.line;
        let plain = if line == -1 { Location::NONE } else { Location::new(line, line, -1, -1) };
        out.add(plain, run.end - run.start);
    }
    Bytes::new(&out.finish()).into_obj()
}

impl CodeObject {
    /// From what the compiler or a `.pyc` file gave.
    pub fn from_bytecode(code: &Code) -> PyResult<Ref<CodeObject>> {
        Constants::default().code(code)
    }

    /// From its parts, which have been checked.
    pub fn from_parts(p: Parts<'_>) -> PyResult<Ref<CodeObject>> {
        let units = p.code.len() / 2;
        let variables = p.localspluskinds.as_slice();
        let nlocalsplus = variables.len() as i32;
        let (mut nlocals, mut ncells, mut nfree) = (0, 0, 0);
        for k in variables {
            nlocals += (k & kinds::LOCAL != 0) as i32;
            ncells += (k & kinds::CELL != 0) as i32;
            nfree += (k & kinds::FREE != 0) as i32;
        }
        if !p.code.len().is_multiple_of(2) {
            bail!(ValueError, "code: co_code is malformed");
        }
        let counts = [p.argcount, p.posonlyargcount, p.kwonlyargcount, p.stacksize];
        if counts.iter().any(|n| *n < 0)
            || p.argcount < p.posonlyargcount
            || p.localsplusnames.len() != variables.len()
            || (p.flags as i32) < 0
        {
            bail!(SystemError, "bad argument to internal function");
        }
        let packs = [flags::VARARGS, flags::VARKEYWORDS].iter().filter(|f| p.flags & **f != 0).count();
        if p.argcount as usize + p.kwonlyargcount as usize + packs > nlocals as usize {
            bail!(ValueError, "code: co_varnames is too small");
        }
        let Some(framesize) =
            nlocalsplus.checked_add(p.stacksize).and_then(|n| n.checked_add(FRAME_HEADER_WORDS as i32))
        else {
            bail!(OverflowError, "code: co_stacksize is too large");
        };
        let firsttraceable =
            p.code.chunks_exact(2).position(|u| BASE[u[0] as usize] == Op::RESUME as u8).unwrap_or(units) as i32;
        let linetable = if debug_ranges() { p.linetable } else { only_lines(&p.linetable, p.firstlineno) };
        let ty = &super::attrs::PyCode_Type;
        // SAFETY: the whole object is written here before anybody sees it.
        unsafe {
            let Some((o, _)) = alloc::alloc_exact(ty, size_of::<CodeObject>() + (units + 1) * 2) else {
                return Err(taipan_object::error::no_memory());
            };
            let c = o.cast::<CodeObject>().as_ptr();
            c.write(CodeObject {
                ob_base: VarObject::new(ty, units as isize),
                co_consts: ObjCell::new(p.consts),
                co_names: ObjCell::new(p.names),
                co_exceptiontable: ObjCell::new(p.exceptiontable),
                co_flags: Cell::new(p.flags as i32),
                co_argcount: p.argcount,
                co_posonlyargcount: p.posonlyargcount,
                co_kwonlyargcount: p.kwonlyargcount,
                co_stacksize: p.stacksize,
                co_firstlineno: p.firstlineno,
                co_nlocalsplus: nlocalsplus,
                co_framesize: framesize,
                co_nlocals: nlocals,
                co_ncellvars: ncells,
                co_nfreevars: nfree,
                co_version: Cell::new(next_version()),
                co_localsplusnames: ObjCell::new(p.localsplusnames.into_obj()),
                co_localspluskinds: ObjCell::new(p.localspluskinds.into_obj()),
                co_filename: ObjCell::new(p.filename),
                co_name: ObjCell::new(p.name),
                co_qualname: ObjCell::new(p.qualname),
                co_linetable: ObjCell::new(linetable),
                co_weakreflist: Cell::new(std::ptr::null_mut()),
                co_executors: Cell::new(std::ptr::null_mut()),
                co_cached: Cell::new(std::ptr::null_mut()),
                instrumentation_version: Cell::new(0),
                co_monitoring: Cell::new(std::ptr::null_mut()),
                co_unique_id: Cell::new(-1),
                co_firsttraceable: firsttraceable,
                co_extra: Cell::new(std::ptr::null_mut()),
            });
            let dest = (*c).units();
            std::ptr::copy_nonoverlapping(p.code.as_ptr(), dest.cast::<u8>(), units * 2);
            // Behind the last instruction stands one that reports an error, should made-up code run off its end.
            *dest.add(units) = Op::CACHE as u16;
            quicken(dest, units);
            crate::eval::observe::code_made(&*c);
            Ok(Obj::from_raw(o.as_ptr()).cast_into_unchecked())
        }
    }
}

/// Sets the counters of all instructions that can be specialised.
///
/// # Safety
/// `code` points to `n` units.
unsafe fn quicken(code: *mut u16, n: usize) {
    let start = &*START;
    let mut i = 0;
    while i < n {
        // SAFETY: inside the code.
        let op = unsafe { *code.add(i) } as u8 as usize;
        let caches = CACHES[op] as usize;
        if caches > 0 && i + 1 < n {
            // SAFETY: inside the code.
            unsafe { *code.add(i + 1) = start[op] };
        }
        i += 1 + caches;
    }
}

/// What the first cache of an instruction starts with.
static START: LazyLock<[u16; 256]> = LazyLock::new(|| {
    std::array::from_fn(|op| {
        if op == Op::JUMP_BACKWARD as usize {
            counter::JUMP_BACKWARD
        } else if matches!(Op::from_number(op as u16), Some(o) if o.is_conditional_jump()) {
            counter::BRANCH_HISTORY
        } else {
            counter::WARMUP
        }
    })
});

fn next_version() -> u32 {
    let interp = Thread::current().interp;
    let v = interp.next_func_version.get();
    if v != 0 {
        // Versions run out; what comes later is not specialised.
        interp.next_func_version.set(v.wrapping_add(1));
    }
    v
}

/// Small tables of names and constants are looked for among those that there are.
const SHARED_TABLE: usize = 4;

/// The constants of one compilation: equal ones are one object.
#[derive(Default)]
struct Constants {
    /// By where the compiler keeps them: most strings occur many times, in one allocation.
    strings: FxHashMap<usize, Obj>,
    ints: FxHashMap<i64, Obj>,
    /// By content.
    seen: FxHashMap<Vec<u8>, Obj>,
}

impl Constants {
    fn code(&mut self, c: &Code) -> PyResult<Ref<CodeObject>> {
        // Names first: the parser knows them before there are constants.
        let names: Vec<Obj> = c.names.iter().map(|n| self.name(n)).collect();
        let mut consts = Vec::with_capacity(c.consts.len());
        for k in &c.consts {
            consts.push(self.constant(k)?);
        }
        let consts = match c.consts.iter().any(|k| matches!(k, Const::Code(_))) {
            true => Tuple::from_vec(consts).into_obj(),
            false => self.table(consts),
        };
        let localsplusnames = c.localsplusnames.iter().map(|n| self.name(n)).collect();
        CodeObject::from_parts(Parts {
            code: &c.code,
            consts,
            names: self.table(names),
            localsplusnames: Tuple::from_vec(localsplusnames),
            localspluskinds: Bytes::new(&c.localspluskinds),
            filename: self.string(&c.filename),
            name: self.name(&c.name),
            qualname: self.name(&c.qualname),
            linetable: Bytes::new(&c.linetable).into_obj(),
            exceptiontable: Bytes::new(&c.exceptiontable).into_obj(),
            flags: c.flags,
            argcount: c.argcount as i32,
            posonlyargcount: c.posonlyargcount as i32,
            kwonlyargcount: c.kwonlyargcount as i32,
            stacksize: c.stacksize as i32,
            firstlineno: c.firstlineno,
        })
    }

    /// A tuple of objects that are shared already.
    fn table(&mut self, items: Vec<Obj>) -> Obj {
        if items.len() > SHARED_TABLE {
            return Tuple::from_vec(items).into_obj();
        }
        let mut key = Vec::with_capacity(1 + 8 * SHARED_TABLE);
        key.push(b't');
        items.iter().for_each(|o| key.extend_from_slice(&(o.as_ptr() as usize).to_le_bytes()));
        self.shared(key, || Tuple::from_vec(items).into_obj())
    }

    fn shared(&mut self, key: Vec<u8>, make: impl FnOnce() -> Obj) -> Obj {
        self.seen.entry(key).or_insert_with(make).clone()
    }

    fn name(&mut self, s: &taipan_bytecode::Str) -> Obj {
        // The code object that is read keeps the allocation alive, so no other can get its address meanwhile.
        let made = self.strings.entry(s.as_bytes().as_ptr() as usize);
        made.or_insert_with(|| interned(s.as_bytes())).clone()
    }

    fn string(&mut self, s: &taipan_bytecode::Str) -> Obj {
        let at = s.as_bytes().as_ptr() as usize;
        if let Some(o) = self.strings.get(&at) {
            return o.clone();
        }
        let bytes = s.as_bytes();
        let o = if is_name(bytes) {
            interned(bytes)
        } else {
            let mut key = vec![b's'];
            key.extend_from_slice(bytes);
            self.shared(key, || Str::from_wtf8(bytes).into_obj())
        };
        self.strings.insert(at, o.clone());
        o
    }

    fn bytes(&mut self, b: &[u8]) -> Obj {
        let mut key = vec![b'b'];
        key.extend_from_slice(b);
        self.shared(key, || Bytes::new(b).into_obj())
    }

    fn constant(&mut self, k: &Const) -> PyResult {
        Ok(match k {
            Const::None => taipan_object::types::none::none().to_obj(),
            Const::True => support::true_().to_obj(),
            Const::False => support::false_().to_obj(),
            Const::Ellipsis => taipan_object::types::none::ellipsis().to_obj(),
            Const::Str(s) => self.string(s),
            Const::Bytes(b) => self.bytes(b),
            Const::Code(c) => self.code(c)?.into_obj(),
            Const::Int(n) => self.ints.entry(*n).or_insert_with(|| Int::from_i64(*n).into_obj()).clone(),
            Const::BigInt { negative, digits } => {
                let mut key = vec![b'l', *negative as u8];
                digits.iter().for_each(|d| key.extend_from_slice(&d.to_le_bytes()));
                self.shared(key, || Int::from_digits(*negative, digits).into_obj())
            }
            Const::Float(f) => {
                let mut key = vec![b'f'];
                key.extend_from_slice(&f.to_bits().to_le_bytes());
                self.shared(key, || Float::new(*f).into_obj())
            }
            Const::Complex { real, imag } => {
                let mut key = vec![b'c'];
                key.extend_from_slice(&real.to_bits().to_le_bytes());
                key.extend_from_slice(&imag.to_bits().to_le_bytes());
                self.shared(key, || Complex::new(*real, *imag).into_obj())
            }
            Const::Tuple(items) => {
                let (key, items) = self.group(b't', items)?;
                self.shared(key, || Tuple::from_vec(items).into_obj())
            }
            Const::FrozenSet(items) => {
                let again =
                    items.iter().any(|k| matches!(k, Const::Str(s) if is_name(s.as_bytes()) && is_known(s.as_bytes())));
                let (key, items) = self.group(b'z', items)?;
                match self.seen.get(&key) {
                    Some(o) => o.clone(),
                    None => {
                        let mut o = support::new_frozenset(items)?;
                        if again {
                            // A set with a string that must give way to the interned one is made anew, from the order it has.
                            o = support::new_frozenset(o.to_list()?.snapshot())?;
                        }
                        self.seen.insert(key, o.clone());
                        o
                    }
                }
            }
            Const::Slice(parts) => {
                let (key, items) = self.group(b'S', &parts[..])?;
                self.shared(key, || support::new_slice(&items[0], &items[1], &items[2]))
            }
        })
    }

    /// The objects of a compound constant, and its key: equal parts are identical by now.
    fn group(&mut self, tag: u8, items: &[Const]) -> PyResult<(Vec<u8>, Vec<Obj>)> {
        let mut key = vec![tag];
        let mut out = Vec::with_capacity(items.len());
        for i in items {
            let o = self.constant(i)?;
            key.extend_from_slice(&(o.as_ptr() as usize).to_le_bytes());
            out.push(o);
        }
        Ok((key, out))
    }
}

/// Whether a string constant looks like an identifier: such are interned.
fn is_name(s: &[u8]) -> bool {
    s.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_')
}

/// Whether such a string was interned before. (If not, it is now.)
fn is_known(s: &[u8]) -> bool {
    let new = Str::from_wtf8(s);
    !std::ptr::eq(&*taipan_object::types::str::intern::intern(new.clone()), &*new)
}

fn interned(s: &[u8]) -> Obj {
    taipan_object::types::str::intern::intern(Str::from_wtf8(s)).into_obj()
}

/// Interns the identifier-like strings among constants made by hand (`types.CodeType`, `replace`).
pub fn intern_constants(consts: &Tuple) -> Ref<Tuple> {
    let items = consts
        .items()
        .iter()
        .map(|o| match o.downcast_exact::<Str>() {
            Some(s) if s.to_utf8_lossy().bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') => {
                taipan_object::types::str::intern::intern(Ref::from_borrowed(s)).into_obj()
            }
            _ => match o.downcast_exact::<Tuple>() {
                Some(t) => intern_constants(t).into_obj(),
                None => o.clone(),
            },
        })
        .collect();
    Tuple::from_vec(items)
}

/// A tuple of names, each interned; anything else than strings is an error.
pub fn intern_names(names: &Tuple) -> PyResult<Ref<Tuple>> {
    let mut out = Vec::with_capacity(names.len());
    for o in names.items() {
        let Some(s) = o.downcast::<Str>() else {
            bail!(TypeError, "name tuples must contain only strings, not '{}'", o.ty().name_str());
        };
        out.push(taipan_object::types::str::intern::intern(Ref::from_borrowed(s)).into_obj());
    }
    Ok(Tuple::from_vec(out))
}
