//! Reading a pickle: the machine that runs its opcodes.

use super::input::Input;
use super::opcode::*;
use super::reduce::{chained, follow, import_module, split_dots};
use super::state::{self, State};
use super::unpickler::UNPICKLER_TYPE;
use crate::support::tuple_of;
use std::cell::{Cell, RefCell, UnsafeCell};
use std::collections::HashMap;
use taipan_object::codecs;
use taipan_object::types::bool_::from_bool;
use taipan_object::types::bytearray::ByteArray;
use taipan_object::types::bytes::Bytes;
use taipan_object::types::dict::Dict;
use taipan_object::types::exceptions;
use taipan_object::types::float::Float;
use taipan_object::types::int::{self, Int};
use taipan_object::types::list::List;
use taipan_object::types::memoryview::MemoryView;
use taipan_object::types::none::none_obj;
use taipan_object::types::set::Set;
use taipan_object::types::str::Str;
use taipan_object::types::str::intern::intern;
use taipan_object::types::tuple::Tuple;
use taipan_object::{Obj, ObjCell, Object, PyResult, Raised, Ref, Type, bail, intern, raise};

/// A memo index this far beyond the table's end goes to the sparse part.
const SPARSE: usize = 1 << 20;

/// What an unpickler works with. The parts that grow are reached for one operation at a time, and no such operation runs
/// Python code.
pub struct Loader {
    pub input: Input,
    stack: UnsafeCell<Vec<Obj>>,
    marks: RefCell<Vec<usize>>,
    /// The stack below this belongs to the last mark.
    fence: Cell<usize>,
    memo: UnsafeCell<Vec<Option<Obj>>>,
    sparse: RefCell<HashMap<usize, Obj>>,
    memo_len: Cell<usize>,
    /// Marks that there was room for, for `__sizeof__`.
    pub marks_room: Cell<usize>,
    pub persistent_load: ObjCell,
    pub persistent_load_attr: ObjCell,
    pub buffers: ObjCell,
    pub encoding: RefCell<String>,
    pub errors: RefCell<String>,
    proto: Cell<i32>,
    pub fix_imports: Cell<bool>,
    pub running: Cell<bool>,
    pub ready: Cell<bool>,
}

impl Loader {
    pub fn new() -> Loader {
        Loader {
            input: Input::new(),
            stack: UnsafeCell::new(Vec::new()),
            marks: RefCell::new(Vec::new()),
            fence: Cell::new(0),
            memo: UnsafeCell::new(vec![None; 32]),
            sparse: RefCell::new(HashMap::new()),
            memo_len: Cell::new(0),
            marks_room: Cell::new(0),
            persistent_load: ObjCell::empty(),
            persistent_load_attr: ObjCell::empty(),
            buffers: ObjCell::empty(),
            encoding: RefCell::new(String::new()),
            errors: RefCell::new(String::new()),
            proto: Cell::new(0),
            fix_imports: Cell::new(false),
            running: Cell::new(false),
            ready: Cell::new(false),
        }
    }

    #[allow(clippy::mut_from_ref)]
    #[inline(always)]
    fn stack(&self) -> &mut Vec<Obj> {
        // SAFETY: see the type: borrows are short and do not overlap.
        unsafe { &mut *self.stack.get() }
    }

    #[allow(clippy::mut_from_ref)]
    #[inline(always)]
    fn memo(&self) -> &mut Vec<Option<Obj>> {
        // SAFETY: as above.
        unsafe { &mut *self.memo.get() }
    }

    /// Room in the memo, for `__sizeof__`.
    pub fn memo_room(&self) -> usize {
        self.memo().len()
    }

    /// Number and object of each entry of the memo.
    pub fn memo_entries(&self) -> Vec<(usize, Obj)> {
        let mut all: Vec<(usize, Obj)> =
            self.memo().iter().enumerate().filter_map(|(i, o)| Some((i, o.clone()?))).collect();
        all.extend(self.sparse.borrow().iter().map(|(i, o)| (*i, o.clone())));
        all
    }

    /// Replaces the memo.
    pub fn set_memo(&self, entries: Vec<(usize, Obj)>, room: usize) {
        let old = std::mem::replace(self.memo(), vec![None; room.clamp(32, SPARSE)]);
        let old_sparse = std::mem::take(&mut *self.sparse.borrow_mut());
        self.memo_len.set(0);
        for (i, o) in entries {
            self.remember(i, o);
        }
        drop((old, old_sparse));
    }

    /// What the collector may see.
    pub fn each(&self, f: &mut dyn FnMut(&Object) -> i32) -> i32 {
        let fields = [&self.input.read, &self.input.readline, &self.input.readinto, &self.input.peek, &self.buffers];
        let more = [&self.persistent_load, &self.persistent_load_attr];
        let cells = fields.into_iter().chain(more).filter_map(|c| c.get());
        let memo = self.memo().iter().flatten().map(|o| &**o);
        for o in cells.chain(memo).chain(self.stack().iter().map(|o| &**o)) {
            let r = f(o);
            if r != 0 {
                return r;
            }
        }
        0
    }

    /// Lets go of everything.
    pub fn clear(&self) {
        self.input.close();
        self.input.forget();
        for c in [&self.persistent_load, &self.persistent_load_attr, &self.buffers] {
            c.set(None);
        }
        self.clear_stack();
        self.set_memo(Vec::new(), 32);
    }

    fn clear_stack(&self) {
        let old = std::mem::take(self.stack());
        self.marks.borrow_mut().clear();
        self.fence.set(0);
        drop(old);
    }

    #[inline(always)]
    fn remember(&self, i: usize, o: Obj) {
        let memo = self.memo();
        if i >= memo.len() {
            if i >= SPARSE && i / 4 >= self.memo_len.get() + SPARSE / 4 {
                if self.sparse.borrow_mut().insert(i, o).is_none() {
                    self.memo_len.set(self.memo_len.get() + 1);
                }
                return;
            }
            memo.resize(i * 2, None);
        }
        let old = memo[i].replace(o);
        if old.is_none() {
            self.memo_len.set(self.memo_len.get() + 1);
        }
        drop(old);
    }

    /// Reads one object.
    pub fn load(&self, owner: Option<&Object>) -> PyResult {
        let st = state::get()?;
        self.clear_stack();
        self.proto.set(0);
        self.running.set(true);
        let machine = Machine { l: self, st, owner };
        let r = machine.run();
        self.running.set(false);
        let r = r.and_then(|v| {
            self.input.skip_consumed()?;
            Ok(v)
        });
        self.clear_stack();
        r
    }
}

#[derive(Clone, Copy)]
struct Machine<'a> {
    l: &'a Loader,
    st: &'a State,
    /// The unpickler, for what its class may override; `None` for `loads` and `load`.
    owner: Option<&'a Object>,
}

/// The text of a line without its end.
fn text_of(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\n").unwrap_or(line)
}

impl Machine<'_> {
    #[inline(always)]
    fn push(&self, o: Obj) {
        self.l.stack().push(o);
    }

    #[cold]
    fn underflow(&self) -> Raised {
        let text =
            if self.l.marks.borrow().is_empty() { "unpickling stack underflow" } else { "unexpected MARK found" };
        self.st.unpickling(text)
    }

    #[inline(always)]
    fn pop(&self) -> PyResult {
        let s = self.l.stack();
        if s.len() <= self.l.fence.get() {
            return Err(self.underflow());
        }
        match s.pop() {
            Some(o) => Ok(o),
            None => Err(self.underflow()),
        }
    }

    #[inline(always)]
    fn top(&self) -> PyResult {
        let s = self.l.stack();
        match s.last() {
            Some(o) if s.len() > self.l.fence.get() => Ok(o.clone()),
            _ => Err(self.underflow()),
        }
    }

    /// Where the last mark lies; the mark is gone then.
    #[inline(always)]
    fn mark(&self) -> PyResult<usize> {
        let mut marks = self.l.marks.borrow_mut();
        match marks.pop() {
            Some(m) => {
                self.l.fence.set(marks.last().copied().unwrap_or(0));
                Ok(m)
            }
            None => {
                drop(marks);
                Err(self.st.unpickling("could not find MARK"))
            }
        }
    }

    /// The items from `start` on, taken off the stack.
    #[inline(always)]
    fn pop_from(&self, start: usize) -> PyResult<Vec<Obj>> {
        let s = self.l.stack();
        if start < self.l.fence.get() || start > s.len() {
            return Err(self.underflow());
        }
        Ok(s.split_off(start))
    }

    fn pop_tuple(&self, n: usize) -> PyResult<()> {
        let s = self.l.stack();
        let Some(start) = s.len().checked_sub(n).filter(|i| *i >= self.l.fence.get()) else {
            return Err(self.underflow());
        };
        // SAFETY: the items move into the tuple, and the stack forgets them.
        let t = unsafe {
            let t = Tuple::from_raw_items(s.as_ptr().add(start), n);
            s.set_len(start);
            t
        };
        s.push(t.into_obj());
        Ok(())
    }

    #[inline(always)]
    fn byte(&self) -> PyResult<u8> {
        self.l.input.byte(self.st)
    }

    #[inline(always)]
    fn take(&self, n: usize) -> PyResult<&[u8]> {
        self.l.input.take(self.st, n)
    }

    #[inline(always)]
    fn u32(&self) -> PyResult<u32> {
        let b = self.take(4)?;
        Ok(u32::from_le_bytes([b[0], b[1], b[2], b[3]]))
    }

    fn size8(&self, what: &str) -> PyResult<usize> {
        let b = self.take(8)?;
        let n = u64::from_le_bytes([b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]]);
        if n > isize::MAX as u64 {
            bail!(OverflowError, "{what} exceeds system's maximum size of {} bytes", isize::MAX);
        }
        Ok(n as usize)
    }

    fn line(&self, min: usize) -> PyResult<&[u8]> {
        let l = self.l.input.line(self.st)?;
        if l.len() < min {
            return Err(self.st.unpickling("pickle data was truncated"));
        }
        Ok(l)
    }

    fn run(&self) -> PyResult {
        let l = self.l;
        loop {
            let op = match self.byte() {
                Ok(b) => b,
                Err(e) => {
                    if e.matches(self.st.unpickling_error.cast::<Type>()) {
                        e.clear();
                        bail!(EOFError, "Ran out of input");
                    }
                    return Err(e);
                }
            };
            match op {
                NONE => self.push(none_obj()),
                BININT1 => {
                    let b = self.byte()?;
                    self.push(Int::from_i64(i64::from(b)).into_obj());
                }
                BININT2 => {
                    let b = self.take(2)?;
                    let n = i64::from(u16::from_le_bytes([b[0], b[1]]));
                    self.push(Int::from_i64(n).into_obj());
                }
                BININT => {
                    let n = self.u32()? as i32;
                    self.push(Int::from_i64(i64::from(n)).into_obj());
                }
                INT => self.load_int()?,
                LONG => self.load_long()?,
                LONG1 => {
                    let n = self.byte()? as usize;
                    self.load_counted_long(n)?;
                }
                LONG4 => {
                    let n = self.u32()? as i32;
                    let Ok(n) = usize::try_from(n) else {
                        return Err(self.st.unpickling("LONG pickle has negative byte count"));
                    };
                    self.load_counted_long(n)?;
                }
                FLOAT => self.load_float()?,
                BINFLOAT => {
                    let b = self.take(8)?;
                    let x = f64::from_be_bytes([b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]]);
                    self.push(Float::new(x).into_obj());
                }
                SHORT_BINUNICODE => {
                    let n = self.byte()? as usize;
                    self.load_text(n)?;
                }
                BINUNICODE => {
                    let n = self.u32()? as usize;
                    self.load_text(n)?;
                }
                BINUNICODE8 => {
                    let n = self.size8("BINUNICODE8")?;
                    self.load_text(n)?;
                }
                SHORT_BINBYTES => {
                    let n = self.byte()? as usize;
                    self.load_bytes(n)?;
                }
                BINBYTES => {
                    let n = self.u32()? as usize;
                    self.load_bytes(n)?;
                }
                BINBYTES8 => {
                    let n = self.size8("BINBYTES8")?;
                    self.load_bytes(n)?;
                }
                BYTEARRAY8 => {
                    let n = self.size8("BYTEARRAY8")?;
                    let v = l.input.take_vec(self.st, n)?;
                    self.push(ByteArray::new(&v)?.into_obj());
                }
                NEXT_BUFFER => self.load_next_buffer()?,
                READONLY_BUFFER => self.load_readonly_buffer()?,
                STRING => self.load_string()?,
                SHORT_BINSTRING => {
                    let n = self.byte()? as usize;
                    let b = self.take(n)?.to_vec();
                    self.push_decoded(&b)?;
                }
                BINSTRING => {
                    let n = self.u32()? as i32;
                    let Ok(n) = usize::try_from(n) else {
                        return Err(self.st.unpickling("BINSTRING pickle has negative byte count"));
                    };
                    let b = l.input.take_vec(self.st, n)?;
                    self.push_decoded(&b)?;
                }
                UNICODE => {
                    let line = text_of(self.line(1)?).to_vec();
                    let (s, _) = codecs::text::raw_unicode_escape_decode(&line, "strict", true)?;
                    self.push(s.into_obj());
                }
                NEWTRUE => self.push(from_bool(true)),
                NEWFALSE => self.push(from_bool(false)),
                EMPTY_TUPLE => self.push(Tuple::empty().into_obj()),
                TUPLE1 => self.pop_tuple(1)?,
                TUPLE2 => self.pop_tuple(2)?,
                TUPLE3 => self.pop_tuple(3)?,
                TUPLE => {
                    let m = self.mark()?;
                    let n = l.stack().len() - m;
                    self.pop_tuple(n)?;
                }
                EMPTY_LIST => self.push(List::new().into_obj()),
                LIST => {
                    let m = self.mark()?;
                    let items = self.pop_from(m)?;
                    self.push(List::from_vec(items).into_obj());
                }
                EMPTY_DICT => self.push(Dict::new().into_obj()),
                DICT => {
                    let m = self.mark()?;
                    let items = self.pop_from(m)?;
                    if !items.len().is_multiple_of(2) {
                        return Err(self.st.unpickling("odd number of items for DICT"));
                    }
                    let d = Dict::new();
                    for p in items.chunks_exact(2) {
                        d.set_item(&p[0], &p[1])?;
                    }
                    self.push(d.into_obj());
                }
                EMPTY_SET => self.push(Set::new().into_obj()),
                FROZENSET => {
                    let m = self.mark()?;
                    let items = self.pop_from(m)?;
                    let f = taipan_object::types::set::FrozenSet::from_items(&items)?;
                    self.push(f.into_obj());
                }
                ADDITEMS => self.load_additems()?,
                APPEND => {
                    let n = l.stack().len();
                    if n == 0 || n - 1 <= l.fence.get() {
                        return Err(self.underflow());
                    }
                    self.append(n - 1)?;
                }
                APPENDS => {
                    let m = self.mark()?;
                    self.append(m)?;
                }
                SETITEM => {
                    let n = l.stack().len();
                    let Some(m) = n.checked_sub(2) else { return Err(self.underflow()) };
                    self.set_items(m)?;
                }
                SETITEMS => {
                    let m = self.mark()?;
                    self.set_items(m)?;
                }
                MARK => {
                    let n = l.stack().len();
                    let mut marks = l.marks.borrow_mut();
                    marks.push(n);
                    if marks.len() > l.marks_room.get() {
                        l.marks_room.set((marks.len() - 1) * 2 + 20);
                    }
                    l.fence.set(n);
                }
                POP => {
                    let n = l.stack().len();
                    if l.marks.borrow().last() == Some(&n) {
                        self.mark()?;
                    } else {
                        drop(self.pop()?);
                    }
                }
                POP_MARK => {
                    let m = self.mark()?;
                    let s = l.stack();
                    let gone = if m <= s.len() { s.split_off(m) } else { Vec::new() };
                    drop(gone);
                }
                DUP => {
                    let o = self.top()?;
                    self.push(o);
                }
                MEMOIZE => {
                    let o = self.top()?;
                    l.remember(l.memo_len.get(), o);
                }
                BINPUT => {
                    let i = self.byte()? as usize;
                    let o = self.top()?;
                    l.remember(i, o);
                }
                LONG_BINPUT => {
                    let i = self.u32()? as usize;
                    let o = self.top()?;
                    l.remember(i, o);
                }
                PUT => {
                    let i = self.line_index()?;
                    let o = self.top()?;
                    let Ok(i) = usize::try_from(i) else { bail!(ValueError, "negative PUT argument") };
                    l.remember(i, o);
                }
                BINGET => {
                    let i = self.byte()? as usize;
                    self.load_get(i)?;
                }
                LONG_BINGET => {
                    let i = self.u32()? as usize;
                    self.load_get(i)?;
                }
                GET => {
                    let i = self.line_index()?;
                    match usize::try_from(i) {
                        Ok(i) => self.load_get(i)?,
                        Err(_) => return Err(self.st.unpickling(&format!("Memo value not found at index {i}"))),
                    }
                }
                GLOBAL => {
                    let module = self.name_line("utf-8")?;
                    let name = self.name_line("utf-8")?;
                    let o = self.find_class(&module, &name)?;
                    self.push(o);
                }
                STACK_GLOBAL => {
                    let name = self.pop()?;
                    let module = self.pop()?;
                    let (Some(n), Some(m)) = (name.downcast_exact::<Str>(), module.downcast_exact::<Str>()) else {
                        return Err(self.st.unpickling("STACK_GLOBAL requires str"));
                    };
                    let o = self.find_class(m, n)?;
                    self.push(o);
                }
                REDUCE => {
                    let args = self.pop()?;
                    let f = self.pop()?;
                    if args.downcast::<Tuple>().is_none() {
                        bail!(TypeError, "argument list must be a tuple");
                    }
                    let o = f.call(args.cast::<Tuple>().borrowed_items())?;
                    self.push(o);
                }
                NEWOBJ => self.load_newobj(false)?,
                NEWOBJ_EX => self.load_newobj(true)?,
                BUILD => self.load_build()?,
                INST => {
                    let m = self.mark()?;
                    let module = self.name_line("ascii")?;
                    let name = self.name_line("ascii")?;
                    let cls = self.find_class(&module, &name)?;
                    let args = self.pop_from(m)?;
                    let o = self.instantiate(&cls, args)?;
                    self.push(o);
                }
                OBJ => {
                    let m = self.mark()?;
                    if l.stack().len() <= m {
                        return Err(self.underflow());
                    }
                    let mut items = self.pop_from(m)?;
                    let cls = items.remove(0);
                    let o = self.instantiate(&cls, items)?;
                    self.push(o);
                }
                PERSID => self.load_persid()?,
                BINPERSID => {
                    let pid = self.pop()?;
                    let o = self.persistent(&pid)?;
                    self.push(o);
                }
                EXT1 => {
                    let c = i64::from(self.byte()?);
                    self.load_extension(c)?;
                }
                EXT2 => {
                    let b = self.take(2)?;
                    let c = i64::from(u16::from_le_bytes([b[0], b[1]]));
                    self.load_extension(c)?;
                }
                EXT4 => {
                    let c = i64::from(self.u32()? as i32);
                    self.load_extension(c)?;
                }
                PROTO => {
                    let p = i32::from(self.byte()?);
                    if p > HIGHEST_PROTOCOL {
                        bail!(ValueError, "unsupported pickle protocol: {p}");
                    }
                    l.proto.set(p);
                }
                FRAME => {
                    let b = self.take(8)?;
                    let n = u64::from_le_bytes([b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]]);
                    if n > isize::MAX as u64 {
                        bail!(OverflowError, "FRAME length exceeds system's maximum of {} bytes", isize::MAX);
                    }
                    l.input.frame(self.st, n as usize)?;
                }
                STOP => return self.pop(),
                _ => {
                    let shown = if (0x20..0x7f).contains(&op) && op != b'\'' && op != b'\\' {
                        format!("invalid load key, '{}'.", op as char)
                    } else {
                        format!("invalid load key, '\\x{op:02x}'.")
                    };
                    return Err(self.st.unpickling(&shown));
                }
            }
        }
    }

    fn load_int(&self) -> PyResult<()> {
        let line = self.line(2)?.to_vec();
        let text = text_of(&line);
        if text == b"00" || text == b"01" {
            self.push(from_bool(text == b"01"));
            return Ok(());
        }
        let parsed = int::parse_ascii(text, 10);
        match parsed {
            Ok(i) => self.push(i.into_obj()),
            Err(_) => bail!(ValueError, "could not convert string to int"),
        }
        Ok(())
    }

    fn load_long(&self) -> PyResult<()> {
        let line = self.line(2)?.to_vec();
        let text = text_of(&line);
        let text = text.strip_suffix(b"L").unwrap_or(text);
        match int::parse_ascii(text, 10) {
            Ok(i) => self.push(i.into_obj()),
            Err(e) => {
                let shown = Bytes::new(text);
                return Err(e.raise(&shown, 10));
            }
        }
        Ok(())
    }

    fn load_counted_long(&self, n: usize) -> PyResult<()> {
        if n <= 8 {
            let b = self.take(n)?;
            let mut v = if n > 0 && b[n - 1] >= 128 { -1i64 } else { 0 };
            for x in b.iter().rev() {
                v = v << 8 | i64::from(*x);
            }
            self.push(Int::from_i64(v).into_obj());
            return Ok(());
        }
        let v = self.l.input.take_vec(self.st, n)?;
        let big = taipan_numeric::digits::convert::from_bytes(&v, true, true);
        self.push(Int::from_big(&big).into_obj());
        Ok(())
    }

    fn load_float(&self) -> PyResult<()> {
        let line = self.line(2)?;
        match taipan_numeric::float::text::parse_exact(text_of(line)) {
            Some(x) => self.push(Float::new(x).into_obj()),
            None => bail!(ValueError, "could not convert string to float"),
        }
        Ok(())
    }

    #[inline]
    fn load_text(&self, n: usize) -> PyResult<()> {
        let input = &self.l.input;
        if n >= 128 * 1024 {
            let v = input.take_vec(self.st, n)?;
            return self.push_text(&v);
        }
        self.push_text(self.take(n)?)
    }

    #[inline]
    fn push_text(&self, b: &[u8]) -> PyResult<()> {
        let s = if b.is_ascii() {
            // SAFETY: just tested.
            unsafe { Str::from_ascii_unchecked(b) }
        } else {
            match Str::try_from_utf8(b)? {
                Some(s) => s,
                None => codecs::text::utf_8_decode(b, "surrogatepass", true)?.0,
            }
        };
        self.push(s.into_obj());
        Ok(())
    }

    fn load_bytes(&self, n: usize) -> PyResult<()> {
        let b = if n < 128 * 1024 {
            Bytes::try_new(self.take(n)?)?
        } else {
            Bytes::try_new(&self.l.input.take_vec(self.st, n)?)?
        };
        self.push(b.into_obj());
        Ok(())
    }

    /// A string of Python 2, as text or as bytes.
    fn push_decoded(&self, b: &[u8]) -> PyResult<()> {
        let (encoding, errors) = (self.l.encoding.borrow().clone(), self.l.errors.borrow().clone());
        let o = if encoding == "bytes" {
            Bytes::try_new(b)?.into_obj()
        } else {
            codecs::decode_bytes(b, &encoding, &errors)?.into_obj()
        };
        self.push(o);
        Ok(())
    }

    fn load_string(&self) -> PyResult<()> {
        let line = self.line(0)?.to_vec();
        let text = text_of(&line);
        match text {
            [a, body @ .., b] if a == b && (*a == b'"' || *a == b'\'') => {
                let (bytes, _) = codecs::escape::escape_decode(body, "strict")?;
                self.push_decoded(bytes.as_slice())
            }
            _ => Err(self.st.unpickling("the STRING opcode argument must be quoted")),
        }
    }

    fn load_next_buffer(&self) -> PyResult<()> {
        let Some(it) = self.l.buffers.get_owned() else {
            return Err(self
                .st
                .unpickling("pickle stream refers to out-of-band data but no *buffers* argument was given"));
        };
        match it.next()? {
            Some(b) => self.push(b),
            None => return Err(self.st.unpickling("not enough out-of-band buffers")),
        }
        Ok(())
    }

    fn load_readonly_buffer(&self) -> PyResult<()> {
        let o = self.top()?;
        let view = MemoryView::new(&o)?;
        if view.raw().readonly == 0 {
            let readonly = view.call_method(intern!("toreadonly"), &[])?;
            drop(self.pop()?);
            self.push(readonly);
        }
        Ok(())
    }

    fn line_index(&self) -> PyResult<i64> {
        let line = self.line(2)?.to_vec();
        match int::parse_ascii(text_of(&line), 10) {
            Ok(i) => match i.to_i64() {
                Some(n) => Ok(n),
                None => bail!(OverflowError, "Python int too large to convert to C ssize_t"),
            },
            Err(e) => Err(e.raise(&Bytes::new(text_of(&line)), 10)),
        }
    }

    #[inline(always)]
    fn load_get(&self, i: usize) -> PyResult<()> {
        if let Some(Some(o)) = self.l.memo().get(i) {
            let o = o.clone();
            self.push(o);
            return Ok(());
        }
        let found = self.l.sparse.borrow().get(&i).cloned();
        match found {
            Some(o) => self.push(o),
            None => return Err(self.st.unpickling(&format!("Memo value not found at index {i}"))),
        }
        Ok(())
    }

    fn name_line(&self, encoding: &str) -> PyResult<Ref<Str>> {
        let line = self.line(2)?.to_vec();
        let s = codecs::decode_bytes(text_of(&line), encoding, "strict")?;
        Ok(s)
    }

    fn find_class(&self, module: &Str, name: &Str) -> PyResult {
        match self.owner {
            Some(o) if !o.is_exact(&UNPICKLER_TYPE) => o.call_method(intern!("find_class"), &[module, name]),
            _ => self.l.find_class(module, name),
        }
    }

    fn persistent(&self, pid: &Object) -> PyResult {
        match self.l.persistent_load.get_owned() {
            Some(f) => f.call_one(pid),
            None => Err(no_persistent_load(self.st)),
        }
    }

    fn load_persid(&self) -> PyResult<()> {
        let line = self.line(1)?.to_vec();
        let text = text_of(&line);
        if !text.is_ascii() {
            return Err(self.st.unpickling("persistent IDs in protocol 0 must be ASCII strings"));
        }
        let pid = Str::from_latin1(text);
        let o = self.persistent(&pid)?;
        self.push(o);
        Ok(())
    }

    fn load_extension(&self, code: i64) -> PyResult<()> {
        let key = Int::from_i64(code);
        if let Some(o) = self.st.extension_cache.get_item(&key)? {
            self.push(o);
            return Ok(());
        }
        let Some(pair) = self.st.inverted_registry.get_item(&key)? else {
            if code <= 0 {
                return Err(self.st.unpickling("EXT specifies code <= 0"));
            }
            bail!(ValueError, "unregistered extension code {code}");
        };
        let names = pair.downcast::<Tuple>().map(Tuple::items);
        let Some([m, n]) = names else {
            bail!(ValueError, "_inverted_registry[{code}] isn't a 2-tuple of strings");
        };
        let (Some(m), Some(n)) = (m.downcast::<Str>(), n.downcast::<Str>()) else {
            bail!(ValueError, "_inverted_registry[{code}] isn't a 2-tuple of strings");
        };
        let o = self.find_class(m, n)?;
        self.st.extension_cache.set_item(&key, &o)?;
        self.push(o);
        Ok(())
    }

    /// Appends the items from `start` on to the list before them.
    fn append(&self, start: usize) -> PyResult<()> {
        let s = self.l.stack();
        if start > s.len() || start <= self.l.fence.get() {
            return Err(self.underflow());
        }
        if start == s.len() {
            return Ok(());
        }
        let list = s[start - 1].clone();
        if let Some(l) = list.downcast_exact::<List>() {
            if s.len() == start + 1 {
                if let Some(o) = s.pop() {
                    l.push(o)?;
                }
                return Ok(());
            }
            if l.is_empty() {
                let items = s.split_off(start);
                return l.put_back(items);
            }
            let items = s.split_off(start);
            let n = l.len();
            return l.splice(n, n, items);
        }
        let items = s.split_off(start);
        if let Some(extend) = list.get_attr_opt(intern!("extend"))? {
            extend.call_one(&List::from_vec(items))?;
            return Ok(());
        }
        let append = list.get_attr(intern!("append"))?;
        for o in items {
            append.call_one(&o)?;
        }
        Ok(())
    }

    fn set_items(&self, start: usize) -> PyResult<()> {
        let s = self.l.stack();
        if start > s.len() || start <= self.l.fence.get() {
            return Err(self.underflow());
        }
        if start == s.len() {
            return Ok(());
        }
        if !(s.len() - start).is_multiple_of(2) {
            return Err(self.st.unpickling("odd number of items for SETITEMS"));
        }
        let target = s[start - 1].clone();
        let exact = target.downcast_exact::<Dict>();
        if s.len() == start + 2 {
            let (Some(v), Some(k)) = (s.pop(), s.pop()) else { return Err(self.underflow()) };
            return match exact {
                Some(d) => d.set_item_take2(k, v),
                None => target.set_item(&k, &v),
            };
        }
        let Some(d) = exact else {
            let mut items = s.split_off(start).into_iter();
            while let (Some(k), Some(v)) = (items.next(), items.next()) {
                target.set_item(&k, &v)?;
            }
            return Ok(());
        };
        // The items stay on the stack until they are all in the dict: hashing and comparing keys may run code, which
        // cannot reach the stack.
        let n = s.len();
        for i in (start..n).step_by(2) {
            let s = self.l.stack();
            let (k, v) = (s[i].clone(), s[i + 1].clone());
            d.set_item_take2(k, v)?;
        }
        self.l.stack().truncate(start);
        Ok(())
    }

    fn load_additems(&self) -> PyResult<()> {
        let m = self.mark()?;
        let s = self.l.stack();
        if m > s.len() || m <= self.l.fence.get() {
            return Err(self.underflow());
        }
        if m == s.len() {
            return Ok(());
        }
        let items = s.split_off(m);
        let target = s[m - 1].clone();
        if let Some(set) = target.downcast::<Set>() {
            for o in &items {
                set.add(o)?;
            }
            return Ok(());
        }
        let add = target.get_attr(intern!("add"))?;
        for o in &items {
            add.call_one(o)?;
        }
        Ok(())
    }

    fn instantiate(&self, cls: &Object, args: Vec<Obj>) -> PyResult {
        if args.is_empty()
            && cls.ty().has_flag(taipan_object::flags::TYPE_SUBCLASS)
            && cls.get_attr_opt(intern!("__getinitargs__"))?.is_none()
        {
            return cls.call_method(intern!("__new__"), &[cls]);
        }
        cls.call(Tuple::from_vec(args).borrowed_items())
    }

    fn load_newobj(&self, with_kwargs: bool) -> PyResult<()> {
        let what = if with_kwargs { "NEWOBJ_EX" } else { "NEWOBJ" };
        let kwargs = if with_kwargs { Some(self.pop()?) } else { None };
        let args = self.pop()?;
        let cls = self.pop()?;
        if !cls.ty().has_flag(taipan_object::flags::TYPE_SUBCLASS) {
            let got = cls.ty().name_str();
            return Err(self.st.unpickling(&format!("{what} class argument must be a type, not {got}")));
        }
        let ty: &Type = cls.cast();
        let Some(new) = ty.new.get() else {
            let got = ty.name_str();
            return Err(self.st.unpickling(&format!("{what} class argument '{got}' doesn't have __new__")));
        };
        if args.downcast::<Tuple>().is_none() {
            let got = args.ty().name_str();
            return Err(self.st.unpickling(&format!("{what} args argument must be a tuple, not {got}")));
        }
        if let Some(k) = &kwargs
            && k.downcast::<Dict>().is_none()
        {
            let got = k.ty().name_str();
            return Err(self.st.unpickling(&format!("{what} kwargs argument must be a dict, not {got}")));
        }
        let o = new(ty, &args, kwargs.as_deref())?;
        self.push(o);
        Ok(())
    }

    fn load_build(&self) -> PyResult<()> {
        let s = self.l.stack();
        if s.len() < self.l.fence.get() + 2 {
            return Err(self.underflow());
        }
        let mut state = self.pop()?;
        let inst = self.top()?;
        if let Some(f) = inst.get_attr_opt(intern!("__setstate__"))? {
            f.call_one(&state)?;
            return Ok(());
        }
        let mut slots = None;
        if let Some([a, b]) = state.downcast::<Tuple>().map(Tuple::items) {
            let (a, b) = (a.clone(), b.clone());
            slots = Some(b);
            state = a;
        }
        if !state.is_none() {
            let Some(d) = state.downcast::<Dict>() else {
                return Err(self.st.unpickling("state is not a dictionary"));
            };
            let target = inst.get_attr(intern!("__dict__"))?;
            let exact = target.downcast_exact::<Dict>();
            for (k, v) in d.pairs() {
                let k = match k.downcast_into::<Str>() {
                    Ok(s) if s.is_exact(&taipan_object::types::str::PyUnicode_Type) => intern(s).into_obj(),
                    Ok(s) => s.into_obj(),
                    Err(o) => o,
                };
                match exact {
                    Some(t) => t.set_item_take2(k, v)?,
                    None => target.set_item(&k, &v)?,
                }
            }
        }
        if let Some(slots) = slots.filter(|s| !s.is_none()) {
            let Some(d) = slots.downcast::<Dict>() else {
                return Err(self.st.unpickling("slot state is not a dictionary"));
            };
            for (k, v) in d.pairs() {
                inst.set_attr(&k, &v)?;
            }
        }
        Ok(())
    }
}

/// The complaint about persistent ids that nobody knows.
pub fn no_persistent_load(st: &State) -> Raised {
    st.unpickling("A load persistent id instruction was encountered, but no persistent_load function was specified.")
}

impl Loader {
    /// The object that a module has under a name.
    pub fn find_class(&self, module: &Str, name: &Str) -> PyResult {
        let st = state::get()?;
        let hooks = taipan_object::hooks::get();
        if (hooks.auditing)() {
            (hooks.audit)("pickle.find_class", &tuple_of([module.to_obj(), name.to_obj()]))?;
        }
        let (mut module, mut name) = (module.to_obj(), name.to_obj());
        if self.proto.get() < 3 && self.fix_imports.get() {
            let key = tuple_of([module.clone(), name.clone()]);
            if let Some(item) = st.name_mapping_2to3.get_item(&key)? {
                let Some([m, n]) = item.downcast::<Tuple>().map(Tuple::items) else {
                    bail!(
                        RuntimeError,
                        "_compat_pickle.NAME_MAPPING values should be 2-tuples, not {}",
                        item.ty().name_str()
                    );
                };
                if m.downcast::<Str>().is_none() || n.downcast::<Str>().is_none() {
                    bail!(
                        RuntimeError,
                        "_compat_pickle.NAME_MAPPING values should be pairs of str, not ({}, {})",
                        m.ty().name_str(),
                        n.ty().name_str()
                    );
                }
                (module, name) = (m.clone(), n.clone());
            } else if let Some(m) = st.import_mapping_2to3.get_item(&module)? {
                if m.downcast::<Str>().is_none() {
                    bail!(
                        RuntimeError,
                        "_compat_pickle.IMPORT_MAPPING values should be strings, not {}",
                        m.ty().name_str()
                    );
                }
                module = m;
            }
        }
        let m = import_module(&module)?;
        let name_str: &Str = name.cast();
        if self.proto.get() >= 4 && name_str.data_bytes().contains(&b'.') {
            let path = split_dots(name_str);
            return follow(&m, &path).or_else(|e| {
                if !e.matches(exceptions::AttributeError) {
                    return Err(e);
                }
                let (name, module) = (name.repr()?, module.repr()?);
                let text = format!("Can't resolve path {} on module {}", name.to_utf8_lossy(), module.to_utf8_lossy());
                Err(chained(e, || raise!(AttributeError, "{text}")))
            });
        }
        m.get_attr(&name)
    }
}

impl Drop for Loader {
    fn drop(&mut self) {
        self.clear();
    }
}
