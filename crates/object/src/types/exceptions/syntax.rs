//! `SyntaxError` and its kin.

use super::base::BaseException;
use super::base::{base_clear, base_init, base_traverse};
use super::fields::{row, with_fields};
use crate::bail;
use crate::error::{PyResult, status};
use crate::header::{ObjCell, Object};
use crate::method::MemberDef;
use crate::protocol::repr::text;
use crate::typeobj::slots::VisitProc;
use crate::types::int::Int;
use crate::types::str::Str;
use crate::types::tuple::Tuple;
use std::ffi::{c_int, c_void};
use std::mem::offset_of;

with_fields!(
    /// `PySyntaxErrorObject`.
    SyntaxError _PyExc_SyntaxError 144 { msg, filename, lineno, offset, end_lineno, end_offset, text, print_file_and_line, metadata }
    syntax_traverse syntax_clear
);

pub(super) static MEMBERS: &[MemberDef] = &[
    row(c"msg", offset_of!(SyntaxError, msg)),
    row(c"filename", offset_of!(SyntaxError, filename)),
    row(c"lineno", offset_of!(SyntaxError, lineno)),
    row(c"offset", offset_of!(SyntaxError, offset)),
    row(c"text", offset_of!(SyntaxError, text)),
    row(c"end_lineno", offset_of!(SyntaxError, end_lineno)),
    row(c"end_offset", offset_of!(SyntaxError, end_offset)),
    row(c"print_file_and_line", offset_of!(SyntaxError, print_file_and_line)),
    row(c"_metadata", offset_of!(SyntaxError, metadata)),
    MemberDef::END,
];

pub(super) extern "C" fn syntax_init(o: &Object, args: &Object, kwargs: Option<&Object>) -> c_int {
    if base_init(o, args, kwargs) < 0 {
        return -1;
    }
    status((|| {
        let e: &SyntaxError = o.cast();
        let args: &Tuple = args.cast();
        if let Some(m) = args.items().first() {
            e.msg.set(Some(m.clone()));
        }
        if args.len() != 2 {
            return Ok(());
        }
        let info = args.item(1).to_tuple()?;
        let n = info.len();
        if !(4..=7).contains(&n) {
            let (word, bound) = if n < 4 { ("at least", 4) } else { ("at most", 7) };
            bail!(TypeError, "function takes {word} {bound} arguments ({n} given)");
        }
        let cells = [&e.filename, &e.lineno, &e.offset, &e.text, &e.end_lineno, &e.end_offset, &e.metadata];
        // What an earlier initialisation left goes.
        for (i, c) in cells.iter().enumerate() {
            c.set(info.items().get(i).cloned());
        }
        if n == 5 {
            bail!(TypeError, "end_offset must be provided when end_lineno is provided");
        }
        Ok(())
    })())
}

pub(super) extern "C" fn syntax_str(o: &Object) -> PyResult {
    let e: &SyntaxError = o.cast();
    let msg = match e.msg.get_owned() {
        Some(m) => m.str()?,
        None => crate::types::none::none().str()?,
    };
    let filename = e.filename.get_owned().filter(|f| f.downcast::<Str>().is_some());
    let line = e
        .lineno
        .get_owned()
        .filter(|l| l.is_exact(&crate::types::int::PyLong_Type))
        .and_then(|l| l.cast::<Int>().to_i64());
    let file = filename.map(|f| {
        let f = f.cast::<Str>().to_utf8_lossy().into_owned();
        f.rsplit('/').next().unwrap_or("").to_owned()
    });
    Ok(match (file, line) {
        (None, None) => return Ok(msg.into_obj()),
        (Some(f), Some(l)) => text(&format!("{} ({f}, line {l})", msg.display())),
        (Some(f), None) => text(&format!("{} ({f})", msg.display())),
        (None, Some(l)) => text(&format!("{} (line {l})", msg.display())),
    })
}
