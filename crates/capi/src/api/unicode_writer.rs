//! `PyUnicodeWriter`: text built piece by piece.

use crate::prelude::*;
use taipan_object::types::str::StrBuilder;

exports! {
    fn PyUnicodeWriter_Create(n: isize) -> *mut StrBuilder {
        if n < 0 {
            let _ = raise!(ValueError, "length must be positive");
            return std::ptr::null_mut();
        }
        Box::into_raw(Box::new(StrBuilder::with_capacity((n as usize).min(1 << 16))))
    }
    fn PyUnicodeWriter_Discard(w: *mut StrBuilder) {
        if !w.is_null() {
            // SAFETY: the box that `PyUnicodeWriter_Create` made, given up once.
            drop(unsafe { Box::from_raw(w) });
        }
    }
    fn PyUnicodeWriter_Finish(w: *mut StrBuilder) -> PyResult {
        // SAFETY: the box that `PyUnicodeWriter_Create` made, finished once.
        Ok(unsafe { Box::from_raw(w) }.finish().into_obj())
    }
    fn PyUnicodeWriter_WriteChar(w: &mut StrBuilder, c: u32) -> c_int {
        if c > 0x10_ffff {
            let _ = raise!(ValueError, "character must be in range(0x110000)");
            return -1;
        }
        w.push_char(c);
        0
    }
    fn PyUnicodeWriter_WriteStr(w: &mut StrBuilder, o: &Object) -> c_int { status(o.str().map(|s| w.push_pystr(&s))) }
    fn PyUnicodeWriter_WriteRepr(w: &mut StrBuilder, o: Null<'_>) -> c_int {
        match o {
            Some(o) => status(o.repr().map(|s| w.push_pystr(&s))),
            None => {
                w.push_str("<NULL>");
                0
            }
        }
    }
    fn PyUnicodeWriter_WriteUTF8(w: &mut StrBuilder, p: *const u8, n: isize) -> c_int {
        let bytes = if n < 0 { Text(p.cast()).bytes() } else { slice(p, n) };
        status(decode_utf8(bytes).map(|s| w.push_pystr(s.cast())))
    }
    fn PyUnicodeWriter_WriteASCII(w: &mut StrBuilder, p: *const u8, n: isize) -> c_int {
        w.push_latin1(if n < 0 { Text(p.cast()).bytes() } else { slice(p, n) });
        0
    }
    fn PyUnicodeWriter_WriteSubstring(w: &mut StrBuilder, s: &Object, a: isize, b: isize) -> c_int {
        status(typed::<Str>(s).and_then(|s| {
            if a < 0 || b > s.len() as isize || a > b {
                bail!(ValueError, "substring out of range");
            }
            w.push_substring(s, a as usize, b as usize);
            Ok(())
        }))
    }
}
