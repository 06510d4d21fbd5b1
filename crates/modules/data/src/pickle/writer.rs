//! The state of a pickler and its output: a buffer, cut into frames, and the file it goes to.

use super::memo::Memo;
use super::opcode::*;
use super::state::State;
use std::cell::{Cell, UnsafeCell};
use taipan_object::types::bytes::Bytes;
use taipan_object::{ObjCell, Object, PyResult, bail};

const FRAME_SIZE_MIN: usize = 4;
const FRAME_SIZE_TARGET: usize = 64 * 1024;
const FRAME_HEADER_SIZE: usize = 9;
const NO_FRAME: usize = usize::MAX;

/// What a pickler works with. The parts that grow are reached for one operation at a time, and no such operation runs
/// Python code, so that code called back may look at the memo meanwhile.
#[repr(C)]
pub struct Core {
    memo: UnsafeCell<Box<Memo>>,
    out: UnsafeCell<Vec<u8>>,
    frame_start: Cell<usize>,
    /// The `write` method of the file; empty when the pickle is wanted as bytes.
    pub write: ObjCell,
    pub dispatch_table: ObjCell,
    /// `persistent_id` as it was found when the dump began.
    pub persistent_id: ObjCell,
    /// `persistent_id` as an attribute of the instance.
    pub persistent_id_attr: ObjCell,
    /// `reducer_override` as it was found when the dump began.
    pub reducer_override: ObjCell,
    pub buffer_callback: ObjCell,
    pub fast_memo: ObjCell,
    pub bin: Cell<i32>,
    pub fast: Cell<i32>,
    pub fast_nesting: Cell<i32>,
    pub proto: Cell<i8>,
    pub fix_imports: Cell<bool>,
    framing: Cell<bool>,
    pub running: Cell<bool>,
}

impl Core {
    pub fn new() -> Core {
        Core {
            memo: UnsafeCell::new(Box::new(Memo::new())),
            out: UnsafeCell::new(Vec::new()),
            frame_start: Cell::new(NO_FRAME),
            write: ObjCell::empty(),
            dispatch_table: ObjCell::empty(),
            persistent_id: ObjCell::empty(),
            persistent_id_attr: ObjCell::empty(),
            reducer_override: ObjCell::empty(),
            buffer_callback: ObjCell::empty(),
            fast_memo: ObjCell::empty(),
            bin: Cell::new(0),
            fast: Cell::new(0),
            fast_nesting: Cell::new(0),
            proto: Cell::new(0),
            fix_imports: Cell::new(false),
            framing: Cell::new(false),
            running: Cell::new(false),
        }
    }

    /// Sets the protocol from the argument `protocol`.
    pub fn set_protocol(&self, protocol: Option<&Object>, fix_imports: bool) -> PyResult<()> {
        let mut proto = match protocol.filter(|p| !p.is_none()) {
            None => i64::from(DEFAULT_PROTOCOL),
            Some(p) => {
                let n = p.as_i64()?;
                if i32::try_from(n).is_err() {
                    bail!(OverflowError, "Python int too large to convert to C int");
                }
                n
            }
        };
        if proto < 0 {
            proto = i64::from(HIGHEST_PROTOCOL);
        } else if proto > i64::from(HIGHEST_PROTOCOL) {
            bail!(ValueError, "pickle protocol must be <= {HIGHEST_PROTOCOL}");
        }
        self.proto.set(proto as i8);
        self.bin.set(i32::from(proto > 0));
        self.fix_imports.set(fix_imports && proto < 3);
        Ok(())
    }

    /// Sets the function that may take buffers out of band.
    pub fn set_buffer_callback(&self, callback: Option<&Object>) -> PyResult<()> {
        let callback = callback.filter(|c| !c.is_none());
        if callback.is_some() && self.proto.get() < 5 {
            bail!(ValueError, "buffer_callback needs protocol >= 5");
        }
        self.buffer_callback.set(callback.map(Object::to_obj));
        Ok(())
    }

    #[allow(clippy::mut_from_ref)]
    #[inline(always)]
    fn out(&self) -> &mut Vec<u8> {
        // SAFETY: see the type: borrows are short and do not overlap.
        unsafe { &mut *self.out.get() }
    }

    /// Looks at the memo; `f` runs no Python code.
    #[inline(always)]
    pub fn memo<R>(&self, f: impl FnOnce(&Memo) -> R) -> R {
        // SAFETY: see the type.
        f(unsafe { &*self.memo.get() })
    }

    /// Enters an object into the memo.
    #[inline(always)]
    pub fn remember(&self, o: &Object) -> usize {
        // SAFETY: see the type.
        let m = unsafe { &mut **self.memo.get() };
        let n = m.len();
        m.set(o, n);
        n
    }

    /// Puts another memo in place.
    pub fn replace_memo(&self, m: Memo) {
        // SAFETY: see the type; the old memo is dropped, which may run code, after the new one is in place.
        let old = unsafe { std::mem::replace(&mut *self.memo.get(), Box::new(m)) };
        drop(old);
    }

    #[inline(always)]
    fn open_frame(&self, out: &mut Vec<u8>) {
        if self.framing.get() && self.frame_start.get() == NO_FRAME {
            self.frame_start.set(out.len());
            out.extend_from_slice(&[0; FRAME_HEADER_SIZE]);
        }
    }

    /// Writes bytes.
    #[inline(always)]
    pub fn put(&self, b: &[u8]) {
        let out = self.out();
        self.open_frame(out);
        out.extend_from_slice(b);
    }

    /// Writes an opcode.
    #[inline(always)]
    pub fn op(&self, op: u8) {
        let out = self.out();
        self.open_frame(out);
        out.push(op);
    }

    /// Writes an opcode and what belongs to it.
    #[inline(always)]
    pub fn put2(&self, header: &[u8], payload: &[u8]) {
        let out = self.out();
        self.open_frame(out);
        out.reserve(header.len() + payload.len());
        out.extend_from_slice(header);
        out.extend_from_slice(payload);
    }

    /// Whether so many bytes go around the buffer.
    pub fn is_large(&self, n: usize) -> bool {
        n >= FRAME_SIZE_TARGET
    }

    /// Writes a large run of bytes outside frames, straight to the file if there is one. `payload` is the object handed to
    /// it, if the bytes are an object's.
    #[cold]
    pub fn put_large(&self, header: &[u8], data: &[u8], payload: Option<&Object>) -> PyResult<()> {
        self.close_frame();
        let framing = self.framing.replace(false);
        self.put(header);
        if let Some(write) = self.write.get_owned() {
            self.flush()?;
            match payload {
                Some(p) => write.call_one(p)?,
                None => write.call_one(&*Bytes::try_new(data)?)?,
            };
        } else {
            self.put(data);
        }
        self.framing.set(framing);
        Ok(())
    }

    fn close_frame(&self) {
        let start = self.frame_start.replace(NO_FRAME);
        if start == NO_FRAME || !self.framing.get() {
            return;
        }
        let out = self.out();
        let len = out.len() - start - FRAME_HEADER_SIZE;
        if len >= FRAME_SIZE_MIN {
            out[start] = FRAME;
            out[start + 1..start + 9].copy_from_slice(&(len as u64).to_le_bytes());
        } else {
            out.drain(start..start + FRAME_HEADER_SIZE);
        }
    }

    /// Between two objects: ends the frame if it is long enough.
    #[inline(always)]
    pub fn boundary(&self) -> PyResult<()> {
        let start = self.frame_start.get();
        if start != NO_FRAME && self.out().len() - start >= FRAME_SIZE_TARGET + FRAME_HEADER_SIZE {
            return self.end_frame();
        }
        Ok(())
    }

    #[cold]
    fn end_frame(&self) -> PyResult<()> {
        self.close_frame();
        if self.write.is_empty() { Ok(()) } else { self.flush() }
    }

    /// Hands what was written so far to the file.
    pub fn flush(&self) -> PyResult<()> {
        let Some(write) = self.write.get_owned() else { return Ok(()) };
        let out = std::mem::take(self.out());
        if !out.is_empty() {
            write.call_one(&*Bytes::try_new(&out)?)?;
        }
        Ok(())
    }

    /// The whole pickle of one object into the buffer.
    pub fn dump(&self, st: &State, obj: &Object) -> PyResult<()> {
        let proto = self.proto.get();
        self.out().clear();
        self.out().reserve(4096);
        self.frame_start.set(NO_FRAME);
        self.framing.set(false);
        if proto >= 2 {
            self.put(&[PROTO, proto as u8]);
            self.framing.set(proto >= 4);
        }
        let r = super::save::Saver { core: self, st }.save(obj, false);
        if r.is_ok() {
            self.op(STOP);
            self.close_frame();
        }
        self.framing.set(false);
        self.frame_start.set(NO_FRAME);
        if r.is_err() {
            *self.out() = Vec::new();
        }
        r
    }

    /// The pickle, as bytes.
    pub fn take_bytes(&self) -> PyResult {
        let out = std::mem::take(self.out());
        Ok(Bytes::try_new(&out)?.into_obj())
    }

    /// Bytes that the memo and the buffer take.
    pub fn memory(&self, fresh: bool) -> usize {
        let buffer = if fresh { size_of::<Bytes>() + 4096 } else { 0 };
        32 + self.memo(Memo::places) * 16 + buffer
    }
}
