//! `str`.

use crate::prelude::*;
use taipan_object::codecs;
use taipan_object::types::bytes::Bytes;
use taipan_object::types::str::{chars, intern as interning};

fn str_of(o: &Object) -> PyResult<&Str> {
    match o.downcast() {
        Some(s) => Ok(s),
        None => bail!(TypeError, "bad argument type for built-in operation"),
    }
}

fn must_be_str(o: &Object) -> PyResult<&Str> {
    match o.downcast() {
        Some(s) => Ok(s),
        None => bail!(TypeError, "must be str, not {}", o.ty().name_str()),
    }
}

fn name_or(t: Text, default: &str) -> String {
    t.opt().map_or_else(|| default.to_owned(), |s| s.into_owned())
}

fn decode(p: *const u8, n: isize, encoding: Text, errors: Text) -> PyResult {
    obj(codecs::decode_bytes(slice(p, n), &name_or(encoding, "utf-8"), &name_or(errors, "strict")))
}

fn encode(o: &Object, encoding: &str, errors: &str) -> PyResult {
    codecs::encode_text(str_of(o)?, encoding, errors)
}

fn ordering(o: std::cmp::Ordering) -> c_int {
    o as c_int
}

/// `n` units of `T`'s width as a string.
fn from_kind(kind: c_int, p: *const c_void, n: isize) -> PyResult {
    if n < 0 {
        bail!(ValueError, "size must be positive");
    }
    Ok(match kind {
        1 => Str::from_latin1(slice(p.cast(), n)),
        2 => Str::from_ucs2(slice(p.cast(), n)),
        4 => Str::from_ucs4(slice(p.cast(), n)),
        _ => bail!(SystemError, "invalid kind"),
    }
    .into_obj())
}

fn write_unit(s: &Str, i: usize, c: u32) {
    // SAFETY: in range, of a string that the caller is still filling.
    unsafe {
        match s.kind() {
            1 => s.data_ptr().add(i).write(c as u8),
            2 => s.data_ptr().cast::<u16>().add(i).write(c as u16),
            _ => s.data_ptr().cast::<u32>().add(i).write(c),
        }
    }
}

fn first(f: fn(u32, &mut dyn FnMut(u32)), c: u32) -> u32 {
    let mut out = None;
    f(c, &mut |x| {
        out.get_or_insert(x);
    });
    out.unwrap_or(c)
}

exports! {
    fn PyUnicode_New(n: isize, maxchar: u32) -> PyResult {
        if n < 0 {
            bail!(SystemError, "Negative size passed to PyUnicode_New");
        }
        if maxchar > 0x10_ffff {
            bail!(SystemError, "invalid maximum character passed to PyUnicode_New");
        }
        // SAFETY: the data is zeroed here, so that the string is whole before the caller fills it.
        obj(unsafe {
            let s = Str::new_uninit(n as usize, maxchar)?;
            if n > 0 {
                std::ptr::write_bytes(s.data_ptr(), 0, n as usize * s.kind() as usize);
            }
            Ok(s)
        })
    }
    fn PyUnicode_FromString(text: Text) -> PyResult { text.obj() }
    fn PyUnicode_FromStringAndSize(p: *const u8, n: isize) -> PyResult {
        if n < 0 {
            bail!(SystemError, "Negative size passed to PyUnicode_FromStringAndSize");
        }
        if p.is_null() && n > 0 {
            bail!(SystemError, "NULL string with positive size with NULL passed to PyUnicode_FromStringAndSize");
        }
        decode_utf8(slice(p, n))
    }
    fn PyUnicode_FromKindAndData(kind: c_int, p: *const c_void, n: isize) -> PyResult { from_kind(kind, p, n) }
    fn PyUnicode_FromOrdinal(c: c_int) -> PyResult {
        if !(0..=0x10_ffff).contains(&c) {
            bail!(ValueError, "chr() arg not in range(0x110000)");
        }
        Ok(Str::from_char(c as u32).into_obj())
    }
    fn PyUnicode_FromObject(o: &Object) -> PyResult {
        match o.downcast::<Str>() {
            Some(s) => Ok(s.to_exact().into_obj()),
            None => bail!(TypeError, "Can't convert '{}' object to str implicitly", o.ty().name_str()),
        }
    }
    fn PyUnicode_FromEncodedObject(o: &Object, encoding: Text, errors: Text) -> PyResult {
        if o.downcast::<Str>().is_some() {
            bail!(TypeError, "decoding str is not supported");
        }
        if !taipan_object::buffer::supports(o) {
            bail!(TypeError, "decoding to str: need a bytes-like object, {} found", o.ty().name_str());
        }
        let b = taipan_object::buffer::Buffer::get(o)?;
        obj(codecs::decode_bytes(b.as_slice(), &name_or(encoding, "utf-8"), &name_or(errors, "strict")))
    }
    fn PyUnicode_FromWideChar(p: *const i32, n: isize) -> PyResult {
        let n = if n < 0 {
            let mut k = 0;
            // SAFETY: a wide C string.
            while unsafe { *p.add(k) } != 0 {
                k += 1;
            }
            k as isize
        } else { n };
        from_kind(4, p.cast(), n)
    }
    fn PyUnicode_InternFromString(text: Text) -> PyResult { text.name() }
    fn PyUnicode_InternInPlace(place: Out<Option<Obj>>) {
        let Some(o) = place.read() else { return };
        place.put(Some(match o.downcast_into::<Str>() {
            Ok(s) if s.is_exact(Str::type_object()) => interning::intern(s).into_obj(),
            Ok(s) => s.into_obj(),
            Err(o) => o,
        }));
    }
    fn PyUnicode_AsUTF8AndSize(o: &Object, n: Out<isize>) -> *const u8 {
        match str_of(o).and_then(|s| s.to_utf8()) {
            Ok(t) => {
                n.put(t.len() as isize);
                t.as_ptr()
            }
            Err(_) => {
                n.put(-1);
                std::ptr::null()
            }
        }
    }
    fn PyUnicode_AsUTF8(o: &Object) -> *const u8 { str_of(o).and_then(|s| s.to_utf8()).map_or(std::ptr::null(), str::as_ptr) }
    fn PyUnicode_GetLength(o: &Object) -> isize { str_of(o).map_or(-1, |s| s.len() as isize) }
    fn PyUnicode_ReadChar(o: &Object, i: isize) -> u32 {
        let r = str_of(o).and_then(|s| match usize::try_from(i).ok().filter(|i| *i < s.len()) {
            Some(i) => Ok(s.char_at(i)),
            None => bail!(IndexError, "string index out of range"),
        });
        r.unwrap_or(u32::MAX)
    }
    fn PyUnicode_WriteChar(o: &Object, i: isize, c: u32) -> c_int {
        status(str_of(o).and_then(|s| match usize::try_from(i).ok().filter(|i| *i < s.len()) {
            Some(i) => { write_unit(s, i, c); Ok(()) }
            None => bail!(IndexError, "string index out of range"),
        }))
    }
    fn PyUnicode_CopyCharacters(to: &Object, at: isize, from: &Object, start: isize, n: isize) -> isize {
        status_len((|| {
            let (to, from) = (str_of(to)?, str_of(from)?);
            let start = start.max(0) as usize;
            let n = (n.max(0) as usize).min(from.len().saturating_sub(start));
            let at = at.max(0) as usize;
            if at + n > to.len() {
                bail!(SystemError, "Cannot write {n} characters at {at} in a string of {} characters", to.len());
            }
            for i in 0..n {
                write_unit(to, at + i, from.char_at(start + i));
            }
            Ok(n as isize)
        })())
    }
    fn PyUnicode_Resize(place: Out<Option<Obj>>, n: isize) -> c_int {
        let old = place.read();
        let r = match old.as_ref().and_then(|o| o.downcast::<Str>()) {
            Some(s) if n >= 0 && (n as usize) <= s.len() => Ok(s.substring(0, n as usize).into_obj()),
            Some(s) if n >= 0 => {
                let max = match s.kind() { 1 if s.is_ascii() => 0x7f, 1 => 0xff, 2 => 0xffff, _ => 0x10_ffff };
                PyUnicode_New(n, max).inspect(|new| {
                    for i in 0..s.len() {
                        write_unit(new.cast(), i, s.char_at(i));
                    }
                })
            }
            _ => Err(bad_call()),
        };
        let ok = r.is_ok();
        place.put(r.ok().or(old));
        if ok { 0 } else { -1 }
    }
    fn PyUnicode_Substring(o: &Object, a: isize, b: isize) -> PyResult {
        let s = str_of(o)?;
        if a < 0 || b < 0 {
            bail!(IndexError, "string index out of range");
        }
        let b = (b as usize).min(s.len());
        Ok(s.substring((a as usize).min(b), b).into_obj())
    }
    fn PyUnicode_AsUCS4(o: &Object, p: *mut u32, n: isize, copy_null: c_int) -> *mut u32 {
        let Ok(s) = str_of(o) else { return std::ptr::null_mut() };
        if (n.max(0) as usize) < s.len() + (copy_null != 0) as usize {
            let _ = raise!(SystemError, "string is longer than the buffer");
            return std::ptr::null_mut();
        }
        // SAFETY: the caller's buffer of `n` characters.
        unsafe {
            for i in 0..s.len() {
                p.add(i).write(s.char_at(i));
            }
            if copy_null != 0 {
                p.add(s.len()).write(0);
            }
        }
        p
    }
    fn PyUnicode_AsUCS4Copy(o: &Object) -> *mut u32 {
        let Ok(s) = str_of(o) else { return std::ptr::null_mut() };
        let p: *mut u32 = taipan_object::alloc::malloc((s.len() + 1) * 4).cast();
        if p.is_null() {
            let _ = error::no_memory();
            return p;
        }
        PyUnicode_AsUCS4(o, p, s.len() as isize + 1, 1)
    }
    fn PyUnicode_Concat(a: &Object, b: &Object) -> PyResult { obj(Str::concat(must_be_str(a)?, must_be_str(b)?)) }
    fn PyUnicode_Append(place: Out<Option<Obj>>, b: Null<'_>) {
        let Some(a) = place.read() else { return };
        place.put(b.and_then(|b| PyUnicode_Concat(&a, b).ok()));
    }
    fn PyUnicode_AppendAndDel(place: Out<Option<Obj>>, b: Option<Obj>) { PyUnicode_Append(place, b.as_deref()) }
    fn PyUnicode_Join(sep: &Object, items: &Object) -> PyResult { sep.call_method(intern!("join"), &[items]) }
    fn PyUnicode_Format(format: &Object, args: &Object) -> PyResult { obj(taipan_object::types::str::percent::format(must_be_str(format)?, args)) }
    fn PyUnicode_Contains(o: &Object, sub: &Object) -> c_int {
        status_bool((|| match sub.downcast::<Str>() {
            Some(sub) => Ok(str_of(o)?.contains_str(sub)),
            None => bail!(TypeError, "'in <string>' requires string as left operand, not {}", sub.ty().name_str()),
        })())
    }
    fn PyUnicode_Find(o: &Object, sub: &Object, a: isize, b: isize, direction: c_int) -> isize {
        let r: PyResult<isize> = (|| {
            let (s, sub) = (must_be_str(o)?, must_be_str(sub)?);
            Ok(if direction > 0 { s.find(sub, Some(a), Some(b)) } else { s.rfind(sub, Some(a), Some(b)) }.map_or(-1, |i| i as isize))
        })();
        r.unwrap_or(-2)
    }
    fn PyUnicode_FindChar(o: &Object, c: u32, a: isize, b: isize, direction: c_int) -> isize {
        let Ok(s) = str_of(o) else { return -2 };
        let clip = |i: isize| (if i < 0 { (i + s.len() as isize).max(0) } else { i } as usize).min(s.len());
        let (a, b) = (clip(a), clip(b));
        let mut range = a..b.max(a);
        let found = if direction > 0 { range.find(|i| s.char_at(*i) == c) } else { range.rfind(|i| s.char_at(*i) == c) };
        found.map_or(-1, |i| i as isize)
    }
    fn PyUnicode_Count(o: &Object, sub: &Object, a: isize, b: isize) -> isize {
        status_len(o.call_method(intern!("count"), &[sub, &Int::from_isize(a), &Int::from_isize(b)]).and_then(|n| n.index_as_isize(None)))
    }
    fn PyUnicode_Tailmatch(o: &Object, sub: &Object, a: isize, b: isize, direction: c_int) -> isize {
        let name = if direction > 0 { intern!("endswith") } else { intern!("startswith") };
        status_len(o.call_method(name, &[sub, &Int::from_isize(a), &Int::from_isize(b)]).and_then(|r| r.is_true()).map(|b| b as isize))
    }
    fn PyUnicode_Replace(o: &Object, old: &Object, new: &Object, max: isize) -> PyResult {
        obj(must_be_str(o)?.replace(must_be_str(old)?, must_be_str(new)?, if max < 0 { usize::MAX } else { max as usize }))
    }
    fn PyUnicode_Split(o: &Object, sep: Null<'_>, max: isize) -> PyResult {
        o.call_method(intern!("split"), &[sep.unwrap_or(none::none()), &Int::from_isize(max)])
    }
    fn PyUnicode_RSplit(o: &Object, sep: Null<'_>, max: isize) -> PyResult {
        o.call_method(intern!("rsplit"), &[sep.unwrap_or(none::none()), &Int::from_isize(max)])
    }
    fn PyUnicode_Splitlines(o: &Object, keep: c_int) -> PyResult { Ok(str_of(o)?.split_lines(keep != 0).into_obj()) }
    fn PyUnicode_IsIdentifier(o: &Object) -> c_int { o.downcast::<Str>().is_some_and(|s| s.is_identifier()) as c_int }
    fn PyUnicode_Compare(a: &Object, b: &Object) -> c_int {
        match (a.downcast::<Str>(), b.downcast::<Str>()) {
            (Some(a), Some(b)) => ordering(a.cmp(b)),
            _ => {
                let _ = raise!(TypeError, "Can't compare {} and {}", a.ty().name_str(), b.ty().name_str());
                -1
            }
        }
    }
    fn PyUnicode_CompareWithASCIIString(a: &Object, b: Text) -> c_int { ordering(a.cast::<Str>().cmp(&Str::from_latin1(b.bytes()))) }
    fn PyUnicode_Equal(a: &Object, b: &Object) -> c_int {
        match (a.downcast::<Str>(), b.downcast::<Str>()) {
            (Some(a), Some(b)) => a.eq(b) as c_int,
            (x, _) => {
                let _ = raise!(TypeError, "{} argument must be str, not {}", if x.is_none() { "first" } else { "second" }, if x.is_none() { a } else { b }.ty().name_str());
                -1
            }
        }
    }
    fn _PyUnicode_EqualToASCIIString(a: &Object, b: Text) -> c_int { a.cast::<Str>().eq_str(&b.text()) as c_int }
    fn PyUnicode_EqualToUTF8(a: &Object, b: Text) -> c_int { std::str::from_utf8(b.bytes()).is_ok_and(|b| a.cast::<Str>().eq_str(b)) as c_int }
    fn PyUnicode_EqualToUTF8AndSize(a: &Object, p: *const u8, n: isize) -> c_int {
        std::str::from_utf8(slice(p, n)).is_ok_and(|b| a.cast::<Str>().eq_str(b)) as c_int
    }
    fn PyUnicode_RichCompare(a: &Object, b: &Object, op: c_int) -> PyResult {
        a.rich_compare(b, taipan_object::protocol::compare::CompareOp::from_c(op))
    }
    fn PyUnicode_Decode(p: *const u8, n: isize, encoding: Text, errors: Text) -> PyResult { decode(p, n, encoding, errors) }
    fn PyUnicode_DecodeUTF8(p: *const u8, n: isize, errors: Text) -> PyResult { decode(p, n, Text(c"utf-8".as_ptr()), errors) }
    fn PyUnicode_DecodeUTF8Stateful(p: *const u8, n: isize, errors: Text, used: Out<isize>) -> PyResult {
        let (s, k) = codecs::text::utf_8_decode(slice(p, n), &name_or(errors, "strict"), used.0.is_null())?;
        used.put(k as isize);
        Ok(s.into_obj())
    }
    fn PyUnicode_DecodeASCII(p: *const u8, n: isize, errors: Text) -> PyResult { decode(p, n, Text(c"ascii".as_ptr()), errors) }
    fn PyUnicode_DecodeLatin1(p: *const u8, n: isize, _errors: Text) -> PyResult { Ok(Str::from_latin1(slice(p, n)).into_obj()) }
    fn PyUnicode_DecodeFSDefault(text: Text) -> PyResult { Ok(codecs::text::fs_decode(text.bytes()).into_obj()) }
    fn PyUnicode_DecodeFSDefaultAndSize(p: *const u8, n: isize) -> PyResult { Ok(codecs::text::fs_decode(slice(p, n)).into_obj()) }
    fn PyUnicode_DecodeLocale(text: Text, _errors: Text) -> PyResult { Ok(codecs::text::fs_decode(text.bytes()).into_obj()) }
    fn PyUnicode_AsEncodedString(o: &Object, encoding: Text, errors: Text) -> PyResult { encode(o, &name_or(encoding, "utf-8"), &name_or(errors, "strict")) }
    fn PyUnicode_AsUTF8String(o: &Object) -> PyResult { encode(o, "utf-8", "strict") }
    fn PyUnicode_AsASCIIString(o: &Object) -> PyResult { encode(o, "ascii", "strict") }
    fn PyUnicode_AsLatin1String(o: &Object) -> PyResult { encode(o, "latin-1", "strict") }
    fn PyUnicode_EncodeFSDefault(o: &Object) -> PyResult { Ok(Bytes::new(&codecs::text::fs_encode(str_of(o)?)?).into_obj()) }
    fn PyUnicode_EncodeLocale(o: &Object, _errors: Text) -> PyResult { PyUnicode_EncodeFSDefault(o) }
    fn _PyUnicode_IsWhitespace(c: u32) -> c_int { chars::is_space(c) as c_int }
    fn _PyUnicode_IsDecimalDigit(c: u32) -> c_int { chars::is_decimal(c) as c_int }
    fn _PyUnicode_IsLowercase(c: u32) -> c_int { one(c).call_method(intern!("islower"), &[]).is_ok_and(|b| b.is(taipan_object::types::bool_::true_())) as c_int }
    fn _PyUnicode_IsUppercase(c: u32) -> c_int { one(c).call_method(intern!("isupper"), &[]).is_ok_and(|b| b.is(taipan_object::types::bool_::true_())) as c_int }
    fn _PyUnicode_IsAlpha(c: u32) -> c_int { one(c).call_method(intern!("isalpha"), &[]).is_ok_and(|b| b.is(taipan_object::types::bool_::true_())) as c_int }
    fn _PyUnicode_IsDigit(c: u32) -> c_int { one(c).call_method(intern!("isdigit"), &[]).is_ok_and(|b| b.is(taipan_object::types::bool_::true_())) as c_int }
    fn _PyUnicode_IsNumeric(c: u32) -> c_int { one(c).call_method(intern!("isnumeric"), &[]).is_ok_and(|b| b.is(taipan_object::types::bool_::true_())) as c_int }
    fn _PyUnicode_ToLowercase(c: u32) -> u32 { first(|c, f| chars::to_lower(c, f), c) }
    fn _PyUnicode_ToUppercase(c: u32) -> u32 { first(|c, f| chars::to_upper(c, f), c) }
    fn taipan_capi_join(parts: &Object) -> PyResult { Str::empty().call_method(intern!("join"), &[parts]) }
}

fn one(c: u32) -> Ref<Str> {
    Str::from_char(c)
}
