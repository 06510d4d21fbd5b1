//! `make_encoder`: objects to JSON text.

use super::text::{encode_basestring, encode_basestring_ascii, push_quoted};
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::mem::offset_of;
use taipan_object::alloc::{dealloc_of, new_instance};
use taipan_object::args::{Signature, receiver};
use taipan_object::error::restore;
use taipan_object::method::{MemberDef, member};
use taipan_object::native::{bind, required, signature};
use taipan_object::thread::check_recursion;
use taipan_object::typeobj::slots::VisitProc;
use taipan_object::types::cfunction::CFunction;
use taipan_object::types::dict::Dict;
use taipan_object::types::float::Float;
use taipan_object::types::int::{self, Int};
use taipan_object::types::list::List;
use taipan_object::types::str::{Str, StrBuilder};
use taipan_object::types::tuple::Tuple;
use taipan_object::types::{bool_, exceptions};
use taipan_object::{
    Obj, ObjCell, Object, PyResult, Raised, Type, TypeDef, bail, flags, intern, layout, members, visit,
};

/// How strings are written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Quoting {
    /// By calling the encoder.
    Call,
    /// As `encode_basestring` does.
    Any,
    /// As `encode_basestring_ascii` does.
    Ascii,
}

/// The encoder object.
#[repr(C)]
pub struct Encoder {
    ob_base: Object,
    markers: ObjCell,
    default: ObjCell,
    encoder: ObjCell,
    indent: ObjCell,
    key_separator: ObjCell,
    item_separator: ObjCell,
    sort_keys: Cell<bool>,
    skipkeys: Cell<bool>,
    allow_nan: Cell<bool>,
    quoting: Cell<Quoting>,
}
const _: () = assert!(size_of::<Encoder>() <= 80);
layout!(Encoder, Encoder_Type);

fn quoting_of(encoder: &Object) -> Quoting {
    let Some(f) = encoder.downcast_exact::<CFunction>() else { return Quoting::Call };
    // SAFETY: only the address is looked at, and every member of the union is a pointer.
    let address = |d: &taipan_object::method::MethodDef| unsafe { d.meth.null as usize };
    let is =
        |d: taipan_object::method::MethodDef| address(f.def()) == address(&d) && f.def().name_str() == d.name_str();
    if is(encode_basestring_ascii::DEF) {
        Quoting::Ascii
    } else if is(encode_basestring::DEF) {
        Quoting::Any
    } else {
        Quoting::Call
    }
}

extern "C" fn encoder_new(cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    static SIG: Signature = signature(
        "make_encoder",
        &[
            required("markers"),
            required("default"),
            required("encoder"),
            required("indent"),
            required("key_separator"),
            required("item_separator"),
            required("sort_keys"),
            required("skipkeys"),
            required("allow_nan"),
        ],
        0,
        9,
    );
    bind(&SIG, args, kwargs, |a: [Option<&Object>; 9]| {
        let a = a.map(receiver);
        for (i, s) in [(5, a[4]), (6, a[5])] {
            if s.downcast::<Str>().is_none() {
                bail!(TypeError, "make_encoder() argument {i} must be str, not {}", s.ty().name_str());
            }
        }
        let truth = |i: usize| a[i].is_true();
        let (sort_keys, skipkeys, allow_nan) = (truth(6)?, truth(7)?, truth(8)?);
        if !a[0].is_none() && a[0].downcast::<Dict>().is_none() {
            bail!(TypeError, "make_encoder() argument 1 must be dict or None, not {}", a[0].ty().name_str());
        }
        let object = |i: usize| ObjCell::new(a[i].to_obj());
        let body = Encoder {
            ob_base: Object::placeholder(),
            markers: object(0),
            default: object(1),
            encoder: object(2),
            indent: object(3),
            key_separator: object(4),
            item_separator: object(5),
            sort_keys: Cell::new(sort_keys),
            skipkeys: Cell::new(skipkeys),
            allow_nan: Cell::new(allow_nan),
            quoting: Cell::new(quoting_of(a[2])),
        };
        Ok(new_instance(cls, body)?.into_obj())
    })
}

extern "C" fn encoder_call(o: &Object, args: &Object, kwargs: Option<&Object>) -> PyResult {
    static SIG: Signature = signature("_iterencode", &[required("obj"), required("_current_indent_level")], 0, 2);
    bind(&SIG, args, kwargs, |[obj, level]: [_; 2]| {
        let level = receiver(level).index_as_isize(Some(exceptions::OverflowError))?;
        let this: &Encoder = o.cast();
        let owned = |c: &ObjCell| c.get_owned().unwrap_or_else(|| intern!("").to_obj());
        let indent = this.indent.get_owned().filter(|i| !i.is_none());
        if let Some(i) = &indent
            && i.downcast::<Str>().is_none()
        {
            bail!(TypeError, "can only concatenate str (not \"{}\") to str", i.ty().name_str());
        }
        let mut run = Run {
            this,
            out: StrBuilder::new(),
            digits: Vec::new(),
            under_way: this.markers.get().filter(|m| !m.is_none()).map(|_| Vec::new()),
            indent,
            key_separator: owned(&this.key_separator),
            item_separator: owned(&this.item_separator),
        };
        run.value(receiver(obj), usize::try_from(level).unwrap_or(0))?;
        Ok(Tuple::from_vec(vec![run.out.finish().into_obj()]).into_obj())
    })
}

/// Adds a note to the exception that says what was being written.
#[cold]
fn noted(e: Raised, note: &str) -> Raised {
    let exc = e.take();
    if let Err(e) = exc.call_method(intern!("add_note"), &[&*Str::from_utf8(note)]) {
        e.clear();
    }
    restore(exc)
}

/// The notes name classes with their module, unless it is `builtins` or `__main__`.
fn type_name(o: &Object) -> String {
    o.ty().name_str().to_owned()
}

struct Run<'a> {
    this: &'a Encoder,
    out: StrBuilder,
    digits: Vec<u8>,
    /// The containers being written, unless nobody asks for circles.
    under_way: Option<Vec<*const Object>>,
    indent: Option<Obj>,
    key_separator: Obj,
    item_separator: Obj,
}

impl Run<'_> {
    fn enter(&mut self, o: &Object) -> PyResult<()> {
        if let Some(v) = &mut self.under_way {
            if v.iter().rev().any(|&p| std::ptr::eq(p, o)) {
                bail!(ValueError, "Circular reference detected");
            }
            v.push(o);
        }
        Ok(())
    }

    fn leave(&mut self) {
        if let Some(v) = &mut self.under_way {
            v.pop();
        }
    }

    fn string(&mut self, s: &Str) -> PyResult<()> {
        match self.this.quoting.get() {
            Quoting::Ascii => push_quoted(&mut self.out, s, true),
            Quoting::Any => push_quoted(&mut self.out, s, false),
            Quoting::Call => {
                let Some(f) = self.this.encoder.get_owned() else { return Ok(()) };
                let r = f.call_one(s)?;
                match r.downcast::<Str>() {
                    Some(s) => self.out.push_pystr(s),
                    None => bail!(TypeError, "encoder() must return a string, not {}", r.ty().name_str()),
                }
            }
        }
        Ok(())
    }

    fn int(&mut self, i: &Int) -> PyResult<()> {
        self.digits.clear();
        int::decimal_text(i, &mut self.digits)?;
        self.out.push_latin1(&self.digits);
        Ok(())
    }

    fn float(&mut self, f: &Float) -> PyResult<()> {
        let x = f.value();
        if x.is_finite() {
            self.out.push_latin1(taipan_numeric::float::repr(x).as_bytes());
            return Ok(());
        }
        if !self.this.allow_nan.get() {
            bail!(ValueError, "Out of range float values are not JSON compliant: {}", f.repr()?.display());
        }
        self.out.push_str(match x {
            x if x.is_nan() => "NaN",
            x if x > 0.0 => "Infinity",
            _ => "-Infinity",
        });
        Ok(())
    }

    fn constant(&mut self, o: &Object) -> bool {
        let text: &[u8] = if o.is_none() {
            b"null"
        } else if o.is(bool_::true_()) {
            b"true"
        } else if o.is(bool_::false_()) {
            b"false"
        } else {
            return false;
        };
        self.out.push_latin1(text);
        true
    }

    #[inline]
    fn value(&mut self, o: &Object, level: usize) -> PyResult<()> {
        if let Some(s) = o.downcast::<Str>() {
            return self.string(s);
        }
        if self.constant(o) {
            return Ok(());
        }
        if let Some(i) = o.downcast::<Int>() {
            return self.int(i);
        }
        if let Some(f) = o.downcast::<Float>() {
            return self.float(f);
        }
        check_recursion(" while encoding a JSON object")?;
        if let Some(l) = o.downcast::<List>() {
            return self.items(o, l.len(), |i| l.get(i), level);
        }
        if let Some(t) = o.downcast::<Tuple>() {
            return self.items(o, t.len(), |i| t.items().get(i).cloned(), level);
        }
        if let Some(d) = o.downcast::<Dict>() {
            return self.dict(o, d, level);
        }
        self.other(o, level)
    }

    fn other(&mut self, o: &Object, level: usize) -> PyResult<()> {
        self.enter(o)?;
        let Some(f) = self.this.default.get_owned() else { return Ok(()) };
        let made = f.call_one(o)?;
        self.value(&made, level).map_err(|e| noted(e, &format!("when serializing {} object", type_name(o))))?;
        self.leave();
        Ok(())
    }

    fn new_line(&mut self, level: usize) {
        if let Some(i) = &self.indent {
            self.out.push_latin1(b"\n");
            let i: &Str = i.cast();
            for _ in 0..level {
                self.out.push_pystr(i);
            }
        }
    }

    fn separator(&mut self, level: usize) {
        self.out.push_pystr(self.item_separator.cast());
        self.new_line(level);
    }

    fn items(&mut self, o: &Object, len: usize, get: impl Fn(usize) -> Option<Obj>, level: usize) -> PyResult<()> {
        if len == 0 {
            self.out.push_latin1(b"[]");
            return Ok(());
        }
        self.enter(o)?;
        self.out.push_latin1(b"[");
        self.new_line(level + 1);
        let mut i = 0;
        while let Some(item) = get(i) {
            if i > 0 {
                self.separator(level + 1);
            }
            self.value(&item, level + 1)
                .map_err(|e| noted(e, &format!("when serializing {} item {i}", type_name(o))))?;
            i += 1;
        }
        self.leave();
        self.new_line(level);
        self.out.push_latin1(b"]");
        Ok(())
    }

    fn dict(&mut self, o: &Object, d: &Dict, level: usize) -> PyResult<()> {
        if d.is_empty() {
            self.out.push_latin1(b"{}");
            return Ok(());
        }
        self.enter(o)?;
        self.out.push_latin1(b"{");
        let mut first = true;
        let exact = o.downcast_exact::<Dict>().is_some();
        if self.this.sort_keys.get() || !exact {
            let items = if exact { pairs_list(d) } else { items_list(o)? };
            if self.this.sort_keys.get() {
                items.sort()?;
            }
            let mut i = 0;
            while let Some(item) = items.get(i) {
                i += 1;
                match item.downcast::<Tuple>().map(Tuple::items) {
                    Some([k, v]) => self.pair(o, k, v, &mut first, level + 1)?,
                    _ => bail!(ValueError, "items must return 2-tuples"),
                }
            }
        } else {
            let mut pos = 0;
            while let Some((k, v)) = d.next(&mut pos) {
                let (k, v) = (k.to_obj(), v.to_obj());
                self.pair(o, &k, &v, &mut first, level + 1)?;
            }
        }
        self.leave();
        if !first {
            self.new_line(level);
        }
        self.out.push_latin1(b"}");
        Ok(())
    }

    fn pair(&mut self, dict: &Object, k: &Object, v: &Object, first: &mut bool, level: usize) -> PyResult<()> {
        let text = k.downcast::<Str>();
        let known = text.is_some() || k.is_none() || k.downcast::<Int>().is_some() || k.downcast::<Float>().is_some();
        if !known {
            if self.this.skipkeys.get() {
                return Ok(());
            }
            bail!(TypeError, "keys must be str, int, float, bool or None, not {}", k.ty().name_str());
        }
        if *first {
            *first = false;
            self.new_line(level);
        } else {
            self.separator(level);
        }
        match text {
            Some(s) => self.string(s)?,
            None => self.key(k)?,
        }
        self.out.push_pystr(self.key_separator.cast());
        self.value(v, level).map_err(|e| note_key(e, dict, k))
    }

    /// A key that is no string becomes one.
    fn key(&mut self, k: &Object) -> PyResult<()> {
        let whole = std::mem::take(&mut self.out);
        let done = if self.constant(k) {
            Ok(())
        } else if let Some(i) = k.downcast::<Int>() {
            self.int(i)
        } else if let Some(f) = k.downcast::<Float>() {
            self.float(f)
        } else {
            Ok(())
        };
        let text = std::mem::replace(&mut self.out, whole).finish();
        done?;
        self.string(&text)
    }
}

#[cold]
fn note_key(e: Raised, dict: &Object, k: &Object) -> Raised {
    let exc = e.take();
    match k.repr() {
        Ok(r) => {
            let note = format!("when serializing {} item {}", type_name(dict), r.display());
            noted(restore(exc), &note)
        }
        Err(e) => {
            e.clear();
            restore(exc)
        }
    }
}

fn pairs_list(d: &Dict) -> taipan_object::Ref<List> {
    List::from_vec(d.pairs().into_iter().map(|(k, v)| Tuple::from_vec(vec![k, v]).into_obj()).collect())
}

/// `list(o.items())`, as `PyMapping_Items` makes it.
fn items_list(o: &Object) -> PyResult<taipan_object::Ref<List>> {
    let items = o.call_method(intern!("items"), &[])?;
    match items.iter() {
        Ok(it) => it.to_list(),
        Err(e) if e.matches(exceptions::TypeError) => {
            e.clear();
            bail!(TypeError, "{}.items() returned a non-iterable (type {})", o.ty().name_str(), items.ty().name_str())
        }
        Err(e) => Err(e),
    }
}

extern "C" fn encoder_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let e: &Encoder = o.cast();
    visit!(e.markers, visit, arg);
    visit!(e.default, visit, arg);
    visit!(e.encoder, visit, arg);
    visit!(e.indent, visit, arg);
    visit!(e.key_separator, visit, arg);
    visit!(e.item_separator, visit, arg);
    0
}

extern "C" fn encoder_clear(o: &Object) -> c_int {
    let e: &Encoder = o.cast();
    for c in [&e.markers, &e.default, &e.encoder, &e.indent, &e.key_separator, &e.item_separator] {
        c.set(None);
    }
    0
}

const fn object(name: &'static std::ffi::CStr, offset: usize) -> MemberDef {
    MemberDef::new(name, member::OBJECT, offset, member::READONLY)
}

/// `_json.Encoder`
pub static Encoder_Type: Type = Type::with_flags(
    TypeDef {
        name: c"_json.Encoder",
        doc: Some(c"Encoder(markers, default, encoder, indent, key_separator, item_separator, sort_keys, skipkeys, allow_nan): writes JSON."),
        basicsize: 80,
        flags: flags::HAVE_GC,
        dealloc: Some(dealloc_of::<Encoder>),
        traverse: Some(encoder_traverse),
        clear: Some(encoder_clear),
        call: Some(encoder_call),
        new: Some(encoder_new),
        members: members![
            object(c"markers", offset_of!(Encoder, markers)),
            object(c"default", offset_of!(Encoder, default)),
            object(c"encoder", offset_of!(Encoder, encoder)),
            object(c"indent", offset_of!(Encoder, indent)),
            object(c"key_separator", offset_of!(Encoder, key_separator)),
            object(c"item_separator", offset_of!(Encoder, item_separator)),
            MemberDef::new(c"sort_keys", member::BOOL, offset_of!(Encoder, sort_keys), member::READONLY),
            MemberDef::new(c"skipkeys", member::BOOL, offset_of!(Encoder, skipkeys), member::READONLY),
        ],
        ..TypeDef::EMPTY
    },
    0,
);
