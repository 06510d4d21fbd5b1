//! From source text to code objects: what `compile()`, imports, `-c` and `exec` of strings share.

use crate::code::CodeObject;
use std::sync::Arc;
use taipan_bytecode::Code;
use taipan_bytecode::location_table::Location;
use taipan_compiler::{CompileError, ErrorKind as CompileKind, Options};
use taipan_object::header::{Obj, Object, Ref};
use taipan_object::types::bytes::Bytes;
use taipan_object::types::int::Int;
use taipan_object::types::str::Str;
use taipan_object::types::tuple::Tuple;
use taipan_object::types::{exceptions, none};
use taipan_object::{Interp, PyResult, Raised, bail, intern, raise};
use taipan_syntax::source::{self, Origin};
use taipan_syntax::{Arena, ErrorKind, ErrorLocation, Mode, ParseOptions, SyntaxError, Warning, parse};

/// `compile()` flags, as `ast` and `codeop` give them.
#[allow(missing_docs)]
pub mod flag {
    pub const SOURCE_IS_UTF8: i32 = 0x100;
    pub const DONT_IMPLY_DEDENT: i32 = 0x200;
    pub const ONLY_AST: i32 = 0x400;
    pub const IGNORE_COOKIE: i32 = 0x800;
    pub const TYPE_COMMENTS: i32 = 0x1000;
    pub const ALLOW_TOP_LEVEL_AWAIT: i32 = 0x2000;
    pub const ALLOW_INCOMPLETE_INPUT: i32 = 0x4000;
    pub const OPTIMIZED_AST: i32 = 0x8000 | ONLY_AST;
    /// The bits of `from __future__` features.
    pub const FUTURE: i32 = 0x1FE_0000 | 0x10;
    pub const BARRY_AS_BDFL: i32 = 0x40_0000;
}

/// What is to be compiled, and how.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// `co_filename`.
    pub filename: &'a str,
    /// The start rule.
    pub mode: Mode,
    /// Bits of [`flag`] and future features.
    pub flags: i32,
    /// 0, 1, 2, or -1 for the interpreter's own level.
    pub optimize: i32,
    /// Minor version for the parser, -1 for this one.
    pub feature_version: i32,
}

impl<'a> Request<'a> {
    /// A module's source.
    pub fn module(filename: &'a str) -> Request<'a> {
        Request { filename, mode: Mode::Exec, flags: 0, optimize: -1, feature_version: -1 }
    }
}

/// The optimisation level that -1 stands for.
fn level(optimize: i32) -> u8 {
    let n = if optimize < 0 { Interp::current().config.optimize.get() } else { optimize };
    n.clamp(0, 2) as u8
}

/// The options of the parser for a request.
pub fn parse_options(r: &Request<'_>) -> ParseOptions {
    ParseOptions {
        mode: r.mode,
        type_comments: r.flags & flag::TYPE_COMMENTS != 0,
        feature_version: if r.feature_version < 0 { 14 } else { r.feature_version as u32 },
        allow_incomplete_input: r.flags & flag::ALLOW_INCOMPLETE_INPUT != 0,
        dont_imply_dedent: r.flags & flag::DONT_IMPLY_DEDENT != 0,
        barry_as_flufl: r.flags & flag::BARRY_AS_BDFL != 0,
        whole_lines: !r.filename.starts_with('<'),
        int_max_str_digits: Interp::current().int_max_str_digits.get().max(0) as usize,
    }
}

/// The options of the compiler for a request.
pub fn compile_options(r: &Request<'_>) -> Options {
    let mut o = Options::new(r.filename);
    o.optimize = level(r.optimize);
    o.stack_bytes = stack_left();
    o.flags = (r.flags & (flag::FUTURE | flag::ALLOW_TOP_LEVEL_AWAIT)) as u32;
    o
}

/// What a compilation may use of the native stack.
fn stack_left() -> usize {
    let limit = taipan_object::Thread::current().stack_soft_limit.get();
    taipan_object::thread::stack_pointer().saturating_sub(limit)
}

/// Compiles text.
pub fn compile_str(source: &str, r: &Request<'_>) -> PyResult<Ref<CodeObject>> {
    compile_text(source, r, Some(source))
}

fn compile_text(source: &str, r: &Request<'_>, shown: Option<&str>) -> PyResult<Ref<CodeObject>> {
    let code = {
        let arena = Arena::new();
        let mut warnings = Vec::new();
        let parsed = parse(&arena, source, &parse_options(r), &mut warnings);
        issue_parser_warnings(&warnings, source, r.filename)?;
        let module = parsed.map_err(|e| raise_parse_error(&e, r, shown))?;
        compile_plain(&module, r)?
    };
    CodeObject::from_bytecode(&code)
}

/// Compiles a tree. Errors show the line of the file, if there is one.
pub fn compile_tree(module: &taipan_syntax::ast::Mod<'_>, r: &Request<'_>) -> PyResult<Ref<CodeObject>> {
    CodeObject::from_bytecode(&*compile_plain(module, r)?)
}

fn compile_plain(module: &taipan_syntax::ast::Mod<'_>, r: &Request<'_>) -> PyResult<Arc<Code>> {
    let mut pending: Vec<(String, Location)> = Vec::new();
    let code = taipan_compiler::compile(module, &compile_options(r), &mut |message, at| {
        pending.push((message.to_owned(), at));
        Ok(())
    });
    for (message, at) in &pending {
        issue_compiler_warning(message, *at, r.filename)?;
    }
    code.map_err(|e| raise_compile_error(&e, r.filename))
}

/// Compiles the contents of a file that is run: finds their encoding (PEP 263), decodes them, and compiles the text.
pub fn compile_bytes(source: &[u8], r: &Request<'_>) -> PyResult<Ref<CodeObject>> {
    let text = decode(source, r.mode, r.filename, Origin::File(r.filename))?;
    compile_text(&text, r, None)
}

/// The text of source bytes.
pub fn decode_source(source: &[u8], flags: i32, mode: Mode, filename: &str) -> PyResult<String> {
    if flags & flag::IGNORE_COOKIE == 0 {
        return decode(source, mode, filename, Origin::Bytes);
    }
    let bytes = source.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(source);
    match std::str::from_utf8(bytes) {
        Ok(s) => Ok(s.to_owned()),
        Err(e) => Err(raise_syntax_error(&source::not_utf8(bytes, e.valid_up_to(), Origin::Bytes), filename)),
    }
}

fn decode(bytes: &[u8], mode: Mode, filename: &str, origin: Origin<'_>) -> PyResult<String> {
    let failure = std::cell::RefCell::new(None);
    let decoder = |encoding: &str, bytes: &[u8]| -> Result<String, String> {
        let decoded = taipan_object::codecs::decode_text(&Bytes::new(bytes), encoding, "strict");
        let text = decoded.and_then(|s| match s.downcast::<Str>() {
            Some(s) => Ok(s.to_utf8()?.to_owned()),
            None => bail!(TypeError, "decoder did not return a string object ({})", s.ty().name_str()),
        });
        match text {
            Ok(text) => Ok(text),
            Err(e) if e.matches(exceptions::Exception) && !e.matches(exceptions::MemoryError) => {
                let exc = e.take();
                exc.str()
                    .map(|s| s.to_utf8_lossy().into_owned())
                    .map_err(|e| {
                        e.clear();
                        "unknown decode error".to_owned()
                    })
                    .and_then(Err)
            }
            Err(e) => {
                *failure.borrow_mut() = Some(e);
                Err(String::new())
            }
        }
    };
    let decoded = source::decode(bytes, mode == Mode::Exec, origin, Some(&decoder));
    if let Some(e) = failure.into_inner() {
        return Err(e);
    }
    decoded.map(|text| text.into_owned()).map_err(|e| raise_syntax_error(&e, filename))
}

fn raise_with_details(ty: &taipan_object::Type, text: &str, details: impl Into<Vec<Obj>>) -> Raised {
    let details = Tuple::from_vec(details.into());
    match ty.as_object().call(&[&Str::from_utf8(text), &details]) {
        Ok(e) => taipan_object::error::raise_instance(e),
        Err(e) => e,
    }
}

/// Raises what the parser found in `source`; without one tracebacks will look into the file.
#[cold]
pub fn raise_parse_error(e: &SyntaxError, r: &Request<'_>, source: Option<&str>) -> Raised {
    let raised = raise_syntax_error(e, r.filename);
    let Some((line, column)) = e.last_statement.filter(|_| raised.matches(exceptions::SyntaxError)) else {
        return raised;
    };
    let exc = raised.take();
    let text = source.map_or_else(none::none_obj, |s| {
        let mut plain = s.replace("\r\n", "\n").replace('\r', "\n");
        if r.mode == Mode::Exec && !plain.ends_with('\n') {
            plain.push('\n');
        }
        Str::from_utf8(&plain).into_obj()
    });
    let number = |n: u32| Int::from_i64(n as i64).into_obj();
    match exc.set_attr(intern!("_metadata"), &Tuple::from_vec(vec![number(line), number(column), text])) {
        Ok(()) => taipan_object::error::raise_instance(exc),
        Err(e) => e,
    }
}

/// Raises what is wrong with a source.
#[cold]
pub fn raise_syntax_error(e: &SyntaxError, filename: &str) -> Raised {
    let ty = match e.kind {
        ErrorKind::SyntaxError => exceptions::SyntaxError,
        ErrorKind::IndentationError => exceptions::IndentationError,
        ErrorKind::TabError => exceptions::TabError,
        ErrorKind::IncompleteInput => exceptions::IncompleteInputError,
        ErrorKind::MemoryError => exceptions::MemoryError,
        ErrorKind::ValueError => exceptions::ValueError,
        ErrorKind::OverflowError => exceptions::OverflowError,
        ErrorKind::UnicodeDecodeError => exceptions::SyntaxError,
    };
    let Some(at) = &e.location else {
        return taipan_object::error::raise_fmt(ty, format_args!("{}", e.msg));
    };
    let int = |n: i64| Int::from_i64(n).into_obj();
    let text = match &at.text {
        Some(t) => Str::from_utf8(t).into_obj(),
        None => none::none_obj(),
    };
    let name = if at.filename { Str::from_utf8(filename).into_obj() } else { none::none_obj() };
    let mut details = vec![name, int(at.lineno as i64), int(at.offset), text];
    // What could not be decoded has no range.
    if at.end_offset == ErrorLocation::NO_END {
        details.extend([none::none_obj(), none::none_obj()]);
    } else if at.offset != -1 || at.lineno > 0 {
        details.extend([int(at.end_lineno as i64), int(at.end_offset)]);
    }
    raise_with_details(ty, &e.msg, details)
}

/// Raises what the compiler found.
#[cold]
pub fn raise_compile_error(e: &CompileError, filename: &str) -> Raised {
    match e.kind {
        CompileKind::Syntax => {}
        CompileKind::Recursion => return raise!(RecursionError, "{}", e.message),
        CompileKind::System => return raise!(SystemError, "{}", e.message),
        CompileKind::Overflow => return raise!(OverflowError, "{}", e.message),
        CompileKind::UnicodeEncode => return raise!(UnicodeError, "{}", e.message),
    }
    if !e.early {
        return raise_with_details(exceptions::SyntaxError, &e.message, place(e.location, filename));
    }
    let located = || -> PyResult {
        let exc = exceptions::SyntaxError.as_object().call(&[&Str::from_utf8(&e.message)])?;
        let [name, line, offset, text, end_line, end_offset] = place(e.location, filename);
        let attributes = [
            (intern!("filename"), name),
            (intern!("lineno"), line),
            (intern!("offset"), offset),
            (intern!("text"), text),
            (intern!("end_lineno"), end_line),
            (intern!("end_offset"), end_offset),
        ];
        for (name, value) in attributes {
            exc.set_attr(name, &value)?;
        }
        Ok(exc)
    };
    match located() {
        Ok(exc) => taipan_object::error::raise_instance(exc),
        Err(e) => e,
    }
}

/// The details of a `SyntaxError` that the compiler finds; its columns count bytes.
fn place(at: Location, filename: &str) -> [Obj; 6] {
    let int = |n: i32| Int::from_i64(n as i64).into_obj();
    let text = file_line(filename, at.line).map_or_else(none::none_obj, |l| Str::from_utf8(&l).into_obj());
    let name = Str::from_utf8(filename).into_obj();
    [name, int(at.line), int(at.column.saturating_add(1)), text, int(at.end_line), int(at.end_column.saturating_add(1))]
}

fn source_line(source: &str, n: i32) -> Option<String> {
    source.split_inclusive('\n').nth(usize::try_from(n).ok()?.checked_sub(1)?).map(|l| {
        let l = l.strip_suffix("\r\n").map(|l| format!("{l}\n")).unwrap_or_else(|| l.to_owned());
        if l.ends_with('\n') { l } else { l + "\n" }
    })
}

fn file_line(filename: &str, n: i32) -> Option<String> {
    let bytes = std::fs::read(filename).ok()?;
    match decode(&bytes, Mode::Exec, filename, Origin::Bytes) {
        Ok(text) => source_line(&text, n),
        Err(e) => {
            e.clear();
            source_line(&String::from_utf8_lossy(&bytes), n)
        }
    }
}

/// Issues the warnings of the parser.
pub fn issue_parser_warnings(warnings: &[Warning], source: &str, filename: &str) -> PyResult<()> {
    for w in warnings {
        issue_warning(&w.msg, w.lineno, filename, || {
            let int = |n: u32| Int::from_i64(n as i64).into_obj();
            let shown = source_line(source, w.lineno as i32);
            let shown = shown.map_or_else(none::none_obj, |l| Str::from_utf8(&l).into_obj());
            let name = Str::from_utf8(filename).into_obj();
            [name, int(w.lineno), int(w.col + 1), shown, int(w.lineno), int(w.col + 1)]
        })?;
    }
    Ok(())
}

fn issue_compiler_warning(text: &str, at: Location, filename: &str) -> PyResult<()> {
    issue_warning(text, at.line.max(0) as u32, filename, || place(at, filename))
}

/// A `SyntaxWarning` at a line; made an error by the filters, it becomes a `SyntaxError` with these details.
fn issue_warning(text: &str, line: u32, filename: &str, details: impl FnOnce() -> [Obj; 6]) -> PyResult<()> {
    let category = exceptions::SyntaxWarning;
    match crate::warnings::warn_explicit(category, text, filename, line as i64, None) {
        Err(e) if e.matches(category) => {
            e.clear();
            // What is an error now needs no word about the future.
            let text = text.replacen(" Such sequences will not work in the future.", "", 1);
            Err(raise_with_details(exceptions::SyntaxError, &text, details()))
        }
        other => other,
    }
}

/// The source of `compile`, `eval` or `exec` as text: `str`, or bytes with their encoding.
pub fn source_text(
    o: &Object,
    function: &str,
    what: &str,
    flags: &mut i32,
    mode: Mode,
    filename: &str,
) -> PyResult<String> {
    if let Some(s) = o.downcast::<Str>() {
        *flags |= flag::IGNORE_COOKIE;
        let text = s.to_utf8()?;
        if text.contains('\0') {
            bail!(SyntaxError, "source code string cannot contain null bytes");
        }
        return Ok(text.to_owned());
    }
    if !taipan_object::buffer::supports(o) {
        bail!(TypeError, "{function}() arg 1 must be a {what}");
    }
    let b = taipan_object::buffer::Buffer::get(o)?;
    if b.as_slice().contains(&0) {
        bail!(SyntaxError, "source code string cannot contain null bytes");
    }
    decode_source(b.as_slice(), *flags, mode, filename)
}

/// The name of the file for error texts: a `str`, or bytes as the file system encodes them.
pub fn filename_text(o: &Object) -> PyResult<String> {
    let p = if o.downcast::<Str>().is_some() { o.to_obj() } else { crate::import::fs_decode(o)? };
    Ok(p.cast::<Str>().to_utf8_lossy().into_owned())
}

/// `compile()` when the result is code.
pub fn compile_object(source: &Object, r: &Request<'_>) -> PyResult<Ref<CodeObject>> {
    let mut flags = r.flags;
    let text = source_text(source, "compile", "string, bytes or AST object", &mut flags, r.mode, r.filename)?;
    compile_str(&text, &Request { flags, ..*r })
}
