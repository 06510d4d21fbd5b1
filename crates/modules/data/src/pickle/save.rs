//! Writing objects: the built-in types. What goes through `__reduce__`, and globals, is in `reduce.rs`.

use super::buffer::PickleBuffer;
use super::opcode::*;
use super::state::State;
use super::writer::Core;
use crate::support::{full_name, tuple_of};
use taipan_object::buffer::{FullBuffer, request};
use taipan_object::error::restore;
use taipan_object::thread::check_recursion;
use taipan_object::types::bool_::{PyBool_Type, true_};
use taipan_object::types::bytearray::{ByteArray, PyByteArray_Type};
use taipan_object::types::bytes::{Bytes, PyBytes_Type};
use taipan_object::types::dict::{Dict, PyDict_Type};
use taipan_object::types::exceptions;
use taipan_object::types::float::{Float, PyFloat_Type};
use taipan_object::types::int::{Int, PyLong_Type};
use taipan_object::types::list::{List, PyList_Type};
use taipan_object::types::set::{PyFrozenSet_Type, PySet_Type, any_set};
use taipan_object::types::str::{PyUnicode_Type, Str};
use taipan_object::types::tuple::{PyTuple_Type, Tuple};
use taipan_object::types::type_::PyType_Type;
use taipan_object::{Obj, Object, PyResult, Raised, Type, bail, intern};

const BATCH: usize = 1000;
const FAST_NESTING_LIMIT: i32 = 50;

/// A dump in progress.
#[derive(Clone, Copy)]
pub struct Saver<'a> {
    pub core: &'a Core,
    pub st: &'a State,
}

/// Adds a note to the exception in flight.
#[cold]
pub fn note(e: Raised, text: impl FnOnce() -> PyResult<String>) -> Raised {
    let exc = e.take();
    let added = text().and_then(|t| exceptions::add_note(&exc, &t));
    if let Err(again) = added {
        again.clear();
    }
    restore(exc)
}

/// The name of an object's type, for notes.
pub fn type_of(o: &Object) -> PyResult<String> {
    full_name(o.ty())
}

impl Saver<'_> {
    fn bin(&self) -> bool {
        self.core.bin.get() != 0
    }

    fn proto(&self) -> i8 {
        self.core.proto.get()
    }

    /// Enters an object into the memo and says so in the pickle.
    #[inline]
    pub fn memoize(&self, o: &Object) -> PyResult<()> {
        let c = self.core;
        if c.fast.get() != 0 {
            return Ok(());
        }
        let n = c.remember(o);
        if self.proto() >= 4 {
            c.op(MEMOIZE);
        } else if !self.bin() {
            c.put(format!("p{n}\n").as_bytes());
        } else if n < 256 {
            c.put(&[BINPUT, n as u8]);
        } else if let Ok(n) = u32::try_from(n) {
            c.put2(&[LONG_BINPUT], &n.to_le_bytes());
        } else {
            return Err(self.st.pickling("memo id too large for LONG_BINPUT"));
        }
        Ok(())
    }

    #[inline]
    fn get(&self, n: usize) -> PyResult<()> {
        let c = self.core;
        if !self.bin() {
            c.put(format!("g{n}\n").as_bytes());
        } else if n < 256 {
            c.put(&[BINGET, n as u8]);
        } else if let Ok(n) = u32::try_from(n) {
            c.put2(&[LONG_BINGET], &n.to_le_bytes());
        } else {
            return Err(self.st.pickling("memo id too large for LONG_BINGET"));
        }
        Ok(())
    }

    /// The number of an object that is in the memo already.
    #[inline(always)]
    fn known(&self, o: &Object) -> Option<usize> {
        self.core.memo(|m| m.get(o))
    }

    /// If the object got into the memo meanwhile, because it contains itself: throws away what was written of it with
    /// `undo`, and fetches it instead.
    pub fn fetch_if_known(&self, o: &Object, undo: &[u8]) -> PyResult<bool> {
        match self.known(o) {
            None => Ok(false),
            Some(n) => {
                self.core.put(undo);
                self.get(n)?;
                Ok(true)
            }
        }
    }

    /// Writes an object; `persistent` says that it is a persistent id itself.
    pub fn save(&self, o: &Object, persistent: bool) -> PyResult<()> {
        let c = self.core;
        c.boundary()?;
        if !persistent
            && let Some(f) = c.persistent_id.get_owned()
            && self.save_persistent(&f, o)?
        {
            return Ok(());
        }
        let ty = o.ty_ptr();
        let is = |t: &Type| std::ptr::eq(ty, t);
        if is(&PyLong_Type) {
            return self.save_int(o.cast());
        }
        if o.is_none() {
            c.op(NONE);
            return Ok(());
        }
        if is(&PyBool_Type) {
            let yes = o.is(true_());
            if self.proto() >= 2 {
                c.op(if yes { NEWTRUE } else { NEWFALSE });
            } else {
                c.put(if yes { b"I01\n" } else { b"I00\n" });
            }
            return Ok(());
        }
        if is(&PyFloat_Type) {
            self.save_float(o.cast::<Float>().value());
            return Ok(());
        }
        if let Some(n) = self.known(o) {
            return self.get(n);
        }
        if is(&PyUnicode_Type) {
            return self.save_str(o.cast());
        }
        if is(&PyBytes_Type) {
            return self.save_bytes(o.cast());
        }
        check_recursion(" while pickling an object")?;
        let mut reduced = None;
        if let Some(f) = c.reducer_override.get_owned() {
            let rv = f.call_one(o)?;
            if !taipan_object::protocol::compare::is_not_implemented(&rv) {
                reduced = Some(rv);
            }
        }
        let rv = match reduced {
            Some(rv) => rv,
            None => {
                if is(&PyDict_Type) {
                    return self.save_dict(o.cast());
                }
                if is(&PySet_Type) {
                    return self.save_set(o);
                }
                if is(&PyFrozenSet_Type) {
                    return self.save_frozenset(o);
                }
                if is(&PyList_Type) {
                    return self.save_list(o.cast());
                }
                if is(&PyTuple_Type) {
                    return self.save_tuple(o.cast());
                }
                if is(&PyByteArray_Type) {
                    return self.save_bytearray(o.cast());
                }
                if let Some(b) = o.downcast_exact::<PickleBuffer>() {
                    return self.save_picklebuffer(b);
                }
                if is(&PyType_Type) {
                    return self.save_type(o);
                }
                if is(&taipan_vm::function::PyFunction_Type) {
                    return self.save_global(o, None);
                }
                match self.reduce(o)? {
                    Some(rv) => rv,
                    None => return self.save_global(o, None),
                }
            }
        };
        if let Some(name) = rv.downcast::<Str>() {
            return self.save_global(o, Some(name));
        }
        let r = match rv.downcast::<Tuple>() {
            None => Err(self.st.pickling(&format!("__reduce__ must return a string or tuple, not {}", type_of(&rv)?))),
            Some(t) => self.save_reduce(t, Some(o)),
        };
        r.map_err(|e| note(e, || Ok(format!("when serializing {} object", type_of(o)?))))
    }

    /// What `__reduce_ex__` or a registered function makes of the object; `None` for classes, which are globals.
    fn reduce(&self, o: &Object) -> PyResult<Option<Obj>> {
        let ty = o.ty().as_object();
        let registered = match self.core.dispatch_table.get_owned() {
            None => self.st.dispatch_table.get_item(ty)?,
            Some(t) => match t.downcast_exact::<Dict>() {
                Some(d) => d.get_item(ty)?,
                None => match t.get_item(ty) {
                    Ok(f) => Some(f),
                    Err(e) => e.recover(exceptions::KeyError, None)?,
                },
            },
        };
        if let Some(f) = registered {
            return f.call_one(o).map(Some);
        }
        if o.ty().has_flag(taipan_object::flags::TYPE_SUBCLASS) {
            return Ok(None);
        }
        use taipan_object::protocol::call::Method;
        let proto = Int::from_i64(i64::from(self.proto()));
        match o.get_method(intern!("__reduce_ex__")) {
            Ok(Method::Unbound(f)) => return f.call(&[o, &proto]).map(Some),
            Ok(Method::Bound(f)) => return f.call_one(&proto).map(Some),
            Err(e) => e.recover(exceptions::AttributeError, ())?,
        }
        match o.get_attr_opt(intern!("__reduce__"))? {
            Some(f) => f.call_noargs().map(Some),
            None => Err(self.st.pickling(&format!("Can't pickle {} object", type_of(o)?))),
        }
    }

    /// Writes a persistent id instead of the object, if it has one.
    fn save_persistent(&self, f: &Object, o: &Object) -> PyResult<bool> {
        let pid = f.call_one(o)?;
        if pid.is_none() {
            return Ok(false);
        }
        if self.bin() {
            self.save(&pid, true)?;
            self.core.op(BINPERSID);
            return Ok(true);
        }
        let text = pid.str()?;
        if !text.is_ascii() {
            return Err(self.st.pickling("persistent IDs in protocol 0 must be ASCII strings"));
        }
        self.core.put2(&[PERSID], text.data_bytes());
        self.core.op(b'\n');
        Ok(true)
    }

    #[inline]
    fn save_int(&self, i: &Int) -> PyResult<()> {
        let c = self.core;
        if let Some(v) = i.compact()
            && let Ok(v) = i32::try_from(v)
            && v != i32::MIN
        {
            if !self.bin() {
                c.put(format!("I{v}\n").as_bytes());
            } else if (0..256).contains(&v) {
                c.put(&[BININT1, v as u8]);
            } else if (0..65536).contains(&v) {
                c.put(&[BININT2, v as u8, (v >> 8) as u8]);
            } else {
                let b = v.to_le_bytes();
                c.put(&[BININT, b[0], b[1], b[2], b[3]]);
            }
            return Ok(());
        }
        if self.proto() < 2 {
            // Small numbers are written as such in the reference, the least 32-bit one among them.
            if i.to_i64() == Some(i64::from(i32::MIN)) {
                if self.bin() {
                    c.put(&[BININT, 0, 0, 0, 0x80]);
                } else {
                    c.put(b"I-2147483648\n");
                }
                return Ok(());
            }
            let mut text = vec![LONG];
            taipan_object::types::int::decimal_text(i, &mut text)?;
            text.extend_from_slice(b"L\n");
            c.put(&text);
            return Ok(());
        }
        if i.to_i64() == Some(i64::from(i32::MIN)) {
            c.put(&[BININT, 0, 0, 0, 0x80]);
            return Ok(());
        }
        if let Some(v) = i.to_i64() {
            let b = v.to_le_bytes();
            let mut n = 8;
            // The shortest form whose last bit is the sign.
            while n > 1 && (b[n - 1] == 0 && b[n - 2] < 128 || b[n - 1] == 255 && b[n - 2] >= 128) {
                n -= 1;
            }
            c.put2(&[LONG1, n as u8], &b[..n]);
            return Ok(());
        }
        let n = i.bit_length() / 8 + 1;
        if n > 0x7fff_ffff {
            bail!(OverflowError, "int too large to pickle");
        }
        let mut b = vec![0u8; n as usize];
        let _ = taipan_numeric::digits::convert::to_bytes_into(&mut b, i.as_big(), true, true);
        if i.is_negative() && b.len() > 1 && b[b.len() - 1] == 255 && b[b.len() - 2] >= 128 {
            b.pop();
        }
        if b.len() < 256 {
            c.put2(&[LONG1, b.len() as u8], &b);
        } else {
            let l = (b.len() as u32).to_le_bytes();
            c.put2(&[LONG4, l[0], l[1], l[2], l[3]], &b);
        }
        Ok(())
    }

    fn save_float(&self, x: f64) {
        if self.bin() {
            self.core.put2(&[BINFLOAT], &x.to_be_bytes());
        } else {
            self.core.put2(&[FLOAT], taipan_numeric::float::text::repr(x).as_bytes());
            self.core.op(b'\n');
        }
    }

    fn save_bytes(&self, b: &Bytes) -> PyResult<()> {
        if self.proto() < 3 {
            let rv = if b.is_empty() {
                tuple_of([PyBytes_Type.to_obj(), Tuple::empty().into_obj()])
            } else {
                let text = Str::from_latin1(b.as_slice()).into_obj();
                let args = tuple_of([text, intern!("latin1").to_obj()]).into_obj();
                tuple_of([self.st.codecs_encode.clone(), args])
            };
            return self.save_reduce(&rv, Some(b));
        }
        self.write_bytes(b.as_slice(), Some(b))?;
        self.memoize(b)
    }

    fn write_bytes(&self, b: &[u8], payload: Option<&Object>) -> PyResult<()> {
        let n = b.len();
        let mut header = [0u8; 9];
        let header = if n < 256 {
            header[0] = SHORT_BINBYTES;
            header[1] = n as u8;
            &header[..2]
        } else if let Ok(n) = u32::try_from(n) {
            header[0] = BINBYTES;
            header[1..5].copy_from_slice(&n.to_le_bytes());
            &header[..5]
        } else if self.proto() >= 4 {
            header[0] = BINBYTES8;
            header[1..9].copy_from_slice(&(n as u64).to_le_bytes());
            &header[..9]
        } else {
            bail!(OverflowError, "serializing a bytes object larger than 4 GiB requires pickle protocol 4 or higher");
        };
        self.write_counted(header, b, payload)
    }

    fn write_counted(&self, header: &[u8], b: &[u8], payload: Option<&Object>) -> PyResult<()> {
        if self.core.is_large(b.len()) {
            return self.core.put_large(header, b, payload);
        }
        self.core.put2(header, b);
        Ok(())
    }

    fn write_bytearray(&self, b: &[u8], payload: Option<&Object>) -> PyResult<()> {
        let mut header = [0u8; 9];
        header[0] = BYTEARRAY8;
        header[1..9].copy_from_slice(&(b.len() as u64).to_le_bytes());
        self.write_counted(&header, b, payload)
    }

    fn save_bytearray(&self, b: &ByteArray) -> PyResult<()> {
        if self.proto() < 5 {
            let args = if b.is_empty() { Tuple::empty() } else { tuple_of([Bytes::try_new(b.as_slice())?.into_obj()]) };
            let rv = tuple_of([PyByteArray_Type.to_obj(), args.into_obj()]);
            return self.save_reduce(&rv, Some(b));
        }
        if self.core.is_large(b.len()) {
            // The file may run code that changes the array: a view keeps the memory in place.
            let view = taipan_object::buffer::Buffer::get(b)?;
            self.write_bytearray(view.as_slice(), Some(b))?;
        } else {
            self.write_bytearray(b.as_slice(), None)?;
        }
        self.memoize(b)
    }

    fn save_picklebuffer(&self, b: &PickleBuffer) -> PyResult<()> {
        if self.proto() < 5 {
            return Err(self.st.pickling("PickleBuffer can only be pickled with protocol >= 5"));
        }
        let Some(owner) = b.view()?.obj.clone() else { return Err(self.st.pickling("released PickleBuffer")) };
        // A view of its own: the callback may release the buffer.
        let held = FullBuffer::get(&owner, request::FULL_RO)?;
        let view = held.raw();
        let readonly = view.readonly != 0;
        if !view.suboffsets.is_null() || !view.is_contiguous('A') {
            return Err(self.st.pickling("PickleBuffer can not be pickled when pointing to a non-contiguous buffer"));
        }
        if let Some(f) = self.core.buffer_callback.get_owned()
            && !f.call_one(b)?.is_true()?
        {
            self.core.op(NEXT_BUFFER);
            if readonly {
                self.core.op(READONLY_BUFFER);
            }
            return Ok(());
        }
        let data: &[u8] = if view.len <= 0 {
            &[]
        } else {
            // SAFETY: a contiguous view is `len` bytes, held until the end of this function.
            unsafe { std::slice::from_raw_parts(view.buf.cast::<u8>(), view.len as usize) }
        };
        if readonly {
            self.write_bytes(data, None)?
        } else {
            self.write_bytearray(data, None)?
        }
        self.memoize(b)
    }

    fn save_str(&self, s: &Str) -> PyResult<()> {
        let c = self.core;
        if !self.bin() {
            let mut out = vec![UNICODE];
            raw_unicode_escape(s, &mut out);
            out.push(b'\n');
            c.put(&out);
            return self.memoize(s);
        }
        if s.is_ascii() {
            self.write_text(s.data_bytes())?;
        } else {
            match s.cached_utf8() {
                Some(b) => self.write_text(b)?,
                None => self.write_text(&s.to_wtf8())?,
            }
        }
        self.memoize(s)
    }

    #[inline]
    fn write_text(&self, b: &[u8]) -> PyResult<()> {
        let n = b.len();
        let mut header = [0u8; 9];
        let header = if n < 256 && self.proto() >= 4 {
            header[0] = SHORT_BINUNICODE;
            header[1] = n as u8;
            &header[..2]
        } else if let Ok(n) = u32::try_from(n) {
            header[0] = BINUNICODE;
            header[1..5].copy_from_slice(&n.to_le_bytes());
            &header[..5]
        } else if self.proto() >= 4 {
            header[0] = BINUNICODE8;
            header[1..9].copy_from_slice(&(n as u64).to_le_bytes());
            &header[..9]
        } else {
            bail!(OverflowError, "serializing a string larger than 4 GiB requires pickle protocol 4 or higher");
        };
        self.write_counted(header, b, None)
    }

    fn save_tuple(&self, t: &Tuple) -> PyResult<()> {
        let c = self.core;
        let n = t.len();
        if n == 0 {
            c.put(if self.bin() { &[EMPTY_TUPLE] } else { &[MARK, TUPLE] });
            return Ok(());
        }
        let short = n <= 3 && self.proto() >= 2;
        if !short {
            c.op(MARK);
        }
        for (i, x) in t.items().iter().enumerate() {
            self.save(x, false).map_err(|e| note(e, || Ok(format!("when serializing {} item {i}", type_of(t)?))))?;
        }
        let pops = [POP; 3];
        if short {
            if self.fetch_if_known(t, &pops[..n])? {
                return Ok(());
            }
            c.op([TUPLE1, TUPLE2, TUPLE3][n - 1]);
        } else {
            let known = if self.bin() {
                self.fetch_if_known(t, &[POP_MARK])?
            } else {
                self.fetch_if_known(t, &vec![POP; n + 1])?
            };
            if known {
                return Ok(());
            }
            c.op(TUPLE);
        }
        self.memoize(t)
    }

    fn save_list(&self, l: &List) -> PyResult<()> {
        self.guard_cycles(l, || {
            self.core.put(if self.bin() { &[EMPTY_LIST] } else { &[MARK, LIST] });
            self.memoize(l)?;
            if l.is_empty() {
                return Ok(());
            }
            if self.proto() > 0 { self.batch_list(l) } else { self.batch_appends(&*l.iter()?, l) }
        })
    }

    fn batch_list(&self, l: &List) -> PyResult<()> {
        let c = self.core;
        let save = |i: usize, x: &Obj| {
            self.save(x, false).map_err(|e| note(e, || Ok(format!("when serializing {} item {i}", type_of(l)?))))
        };
        if l.len() == 1 {
            if let Some(x) = l.get(0) {
                save(0, &x)?;
            }
            c.op(APPEND);
            return Ok(());
        }
        let mut i = 0;
        loop {
            c.op(MARK);
            let end = i + BATCH;
            while i < end
                && let Some(x) = l.get(i)
            {
                save(i, &x)?;
                i += 1;
            }
            c.op(APPENDS);
            if i >= l.len() {
                return Ok(());
            }
        }
    }

    /// Appends what an iterator yields to the list on the stack.
    pub fn batch_appends(&self, it: &Object, owner: &Object) -> PyResult<()> {
        let c = self.core;
        let mut total = 0;
        let save = |i: usize, x: &Obj| {
            self.save(x, false).map_err(|e| note(e, || Ok(format!("when serializing {} item {i}", type_of(owner)?))))
        };
        if self.proto() == 0 {
            while let Some(x) = it.next()? {
                save(total, &x)?;
                total += 1;
                c.op(APPEND);
            }
            return Ok(());
        }
        loop {
            let Some(first) = it.next()? else { return Ok(()) };
            let Some(mut next) = it.next()? else {
                save(total, &first)?;
                c.op(APPEND);
                return Ok(());
            };
            c.op(MARK);
            save(total, &first)?;
            total += 1;
            let mut n = 1;
            loop {
                save(total, &next)?;
                total += 1;
                n += 1;
                if n == BATCH {
                    break;
                }
                match it.next()? {
                    Some(x) => next = x,
                    None => break,
                }
            }
            c.op(APPENDS);
            if n < BATCH {
                return Ok(());
            }
        }
    }

    fn save_dict(&self, d: &Dict) -> PyResult<()> {
        self.guard_cycles(d, || {
            self.core.put(if self.bin() { &[EMPTY_DICT] } else { &[MARK, DICT] });
            self.memoize(d)?;
            if d.is_empty() {
                return Ok(());
            }
            if self.proto() > 0 {
                return self.batch_dict(d);
            }
            let items = d.call_method(intern!("items"), &[])?;
            self.batch_setitems(&*items.iter()?, d)
        })
    }

    fn save_value(&self, key: &Object, value: &Object, owner: &Object) -> PyResult<()> {
        self.save(value, false).map_err(|e| {
            note(e, || Ok(format!("when serializing {} item {}", type_of(owner)?, key.repr()?.to_utf8_lossy())))
        })
    }

    fn batch_dict(&self, d: &Dict) -> PyResult<()> {
        let c = self.core;
        let size = d.len();
        let mut pos = 0;
        if size == 1 {
            if let Some((k, v)) = d.next(&mut pos) {
                let (k, v) = (k.to_obj(), v.to_obj());
                self.save(&k, false)?;
                self.save_value(&k, &v, d)?;
            }
            c.op(SETITEM);
            return Ok(());
        }
        loop {
            c.op(MARK);
            let mut n = 0;
            while let Some((k, v)) = d.next(&mut pos) {
                let (k, v) = (k.to_obj(), v.to_obj());
                self.save(&k, false)?;
                self.save_value(&k, &v, d)?;
                n += 1;
                if n == BATCH {
                    break;
                }
            }
            c.op(SETITEMS);
            if d.len() != size {
                bail!(RuntimeError, "dictionary changed size during iteration");
            }
            if n < BATCH {
                return Ok(());
            }
        }
    }

    /// Sets the pairs that an iterator yields as items of the dict on the stack.
    pub fn batch_setitems(&self, it: &Object, owner: &Object) -> PyResult<()> {
        let c = self.core;
        let save = |pair: &Obj| match pair.downcast::<Tuple>().map(Tuple::items) {
            Some([k, v]) => {
                self.save(k, false)?;
                self.save_value(k, v, owner)
            }
            _ => bail!(TypeError, "dict items iterator must return 2-tuples"),
        };
        if self.proto() == 0 {
            while let Some(pair) = it.next()? {
                save(&pair)?;
                c.op(SETITEM);
            }
            return Ok(());
        }
        loop {
            let Some(first) = it.next()? else { return Ok(()) };
            let Some(mut next) = it.next()? else {
                save(&first)?;
                c.op(SETITEM);
                return Ok(());
            };
            c.op(MARK);
            save(&first)?;
            let mut n = 1;
            loop {
                save(&next)?;
                n += 1;
                if n == BATCH {
                    break;
                }
                match it.next()? {
                    Some(x) => next = x,
                    None => break,
                }
            }
            c.op(SETITEMS);
            if n < BATCH {
                return Ok(());
            }
        }
    }

    fn save_as_list(&self, ty: &Type, o: &Object) -> PyResult<()> {
        let items = o.to_list()?.into_obj();
        let rv = tuple_of([ty.to_obj(), tuple_of([items]).into_obj()]);
        self.save_reduce(&rv, Some(o))
    }

    fn save_set(&self, o: &Object) -> PyResult<()> {
        if self.proto() < 4 {
            return self.save_as_list(&PySet_Type, o);
        }
        let c = self.core;
        c.op(EMPTY_SET);
        self.memoize(o)?;
        let Some(set) = any_set(o) else { return Ok(()) };
        let size = set.len();
        if size == 0 {
            return Ok(());
        }
        let mut pos = 0;
        loop {
            let mut n = 0;
            c.op(MARK);
            while let Some(x) = set.next(&mut pos) {
                let x = x.to_obj();
                self.save(&x, false)
                    .map_err(|e| note(e, || Ok(format!("when serializing {} element", type_of(o)?))))?;
                n += 1;
                if n == BATCH {
                    break;
                }
            }
            c.op(ADDITEMS);
            if set.len() != size {
                bail!(RuntimeError, "set changed size during iteration");
            }
            if n < BATCH {
                return Ok(());
            }
        }
    }

    fn save_frozenset(&self, o: &Object) -> PyResult<()> {
        self.guard_cycles(o, || {
            if self.proto() < 4 {
                return self.save_as_list(&PyFrozenSet_Type, o);
            }
            let c = self.core;
            c.op(MARK);
            let items = any_set(o).map(|s| s.items()).unwrap_or_default();
            for x in &items {
                self.save(x, false).map_err(|e| note(e, || Ok(format!("when serializing {} element", type_of(o)?))))?;
            }
            if self.fetch_if_known(o, &[POP_MARK])? {
                return Ok(());
            }
            c.op(FROZENSET);
            self.memoize(o)
        })
    }

    /// In fast mode nothing is remembered, so deep nesting is watched for containers inside themselves.
    pub fn guard_cycles(&self, o: &Object, f: impl FnOnce() -> PyResult<()>) -> PyResult<()> {
        let c = self.core;
        if c.fast.get() == 0 {
            return f();
        }
        let depth = c.fast_nesting.get() + 1;
        c.fast_nesting.set(depth);
        let key = Int::from_usize(o.as_ptr() as usize);
        let watched = depth >= FAST_NESTING_LIMIT;
        if watched {
            let memo = match c.fast_memo.get_owned() {
                Some(m) => m,
                None => {
                    let m = Dict::new().into_obj();
                    c.fast_memo.set(Some(m.clone()));
                    m
                }
            };
            let memo: &Dict = memo.cast();
            if memo.contains(&key)? {
                c.fast_nesting.set(-1);
                bail!(
                    ValueError,
                    "fast mode: can't pickle cyclic objects including object type {} at {:p}",
                    o.ty().name_str(),
                    o.as_ptr()
                );
            }
            memo.set_item(&key, taipan_object::types::none::none())?;
        }
        let r = f();
        if watched && let Some(m) = c.fast_memo.get_owned() {
            m.cast::<Dict>().discard(&key)?;
        }
        if c.fast_nesting.get() > 0 {
            c.fast_nesting.set(c.fast_nesting.get() - 1);
        }
        r
    }
}

/// The text of protocol 0: Latin-1 as it is, the rest and what would confuse the reader as escapes.
fn raw_unicode_escape(s: &Str, out: &mut Vec<u8>) {
    use std::io::Write;
    for i in 0..s.len() {
        let ch = s.char_at(i);
        let r = match ch {
            0x10000.. => write!(out, "\\U{ch:08x}"),
            256.. | 0 | 0x5c | 0x0a | 0x0d | 0x1a => write!(out, "\\u{ch:04x}"),
            _ => {
                out.push(ch as u8);
                Ok(())
            }
        };
        debug_assert!(r.is_ok(), "writing to a Vec");
    }
}
