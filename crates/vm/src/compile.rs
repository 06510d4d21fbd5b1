//! From source text to code objects: what `compile()`, imports, `-c` and `exec` of strings share.

use crate::code::CodeObject;
use taipan_bytecode::location_table::Location;
use taipan_compiler::{CompileError, ErrorKind as CompileKind, Options};
use taipan_object::header::{Obj, Object, Ref};
use taipan_object::types::int::Int;
use taipan_object::types::str::Str;
use taipan_object::types::tuple::Tuple;
use taipan_object::types::{exceptions, none};
use taipan_object::{Interp, PyResult, Raised, bail, raise};
use taipan_syntax::{Arena, ErrorKind, Mode, ParseOptions, SyntaxError, Warning, parse};

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
    pub const FUTURE: i32 = 0x1FE_0000 & !0x80_0000 | 0x10 | 0x100_0000;
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
    o.flags = (r.flags & (flag::FUTURE | flag::ALLOW_TOP_LEVEL_AWAIT)) as u32;
    o
}

/// Compiles text.
pub fn compile_str(source: &str, r: &Request<'_>) -> PyResult<Ref<CodeObject>> {
    let arena = Arena::new();
    let mut warnings = Vec::new();
    let parsed = parse(&arena, source, &parse_options(r), &mut warnings);
    issue_parser_warnings(&warnings, source, r.filename)?;
    let module = parsed.map_err(|e| with_metadata(raise_syntax_error(&e, r.filename), &e, source))?;
    compile_tree(&module, Some(source), r)
}

/// Compiles a tree. `source` is shown in errors.
pub fn compile_tree(
    module: &taipan_syntax::ast::Mod<'_>,
    source: Option<&str>,
    r: &Request<'_>,
) -> PyResult<Ref<CodeObject>> {
    let mut pending: Vec<(String, Location)> = Vec::new();
    let code = taipan_compiler::compile(module, &compile_options(r), &mut |message, at| {
        pending.push((message.to_owned(), at));
        Ok(())
    });
    for (message, at) in &pending {
        issue_warning(message, at.line.max(0) as u32, source, r.filename, at.column.max(0) as u32)?;
    }
    match code {
        Ok(code) => CodeObject::from_bytecode(&code),
        Err(e) => Err(raise_compile_error(&e, source, r.filename)),
    }
}

/// Compiles source bytes: finds their encoding (PEP 263), decodes them, and compiles the text.
pub fn compile_bytes(source: &[u8], r: &Request<'_>) -> PyResult<Ref<CodeObject>> {
    let text = decode_source(source, r.flags, r.filename)?;
    compile_str(&text, r)
}

/// The text of source bytes.
pub fn decode_source(source: &[u8], flags: i32, filename: &str) -> PyResult<String> {
    let (bytes, bom) = match source.strip_prefix(b"\xEF\xBB\xBF") {
        Some(rest) => (rest, true),
        None => (source, false),
    };
    let cookie = if flags & flag::IGNORE_COOKIE != 0 { None } else { find_cookie(bytes) };
    let encoding = match &cookie {
        None => "utf-8",
        Some(c) => {
            let n = normalise(c);
            if bom && n != "utf-8" {
                let text = format!("encoding problem: {c} with BOM");
                return Err(plain_syntax_error(&text, filename));
            }
            if n == "utf-8" { "utf-8" } else { c.as_str() }
        }
    };
    if encoding == "utf-8" {
        return match std::str::from_utf8(bytes) {
            Ok(s) => Ok(s.to_owned()),
            Err(e) => Err(not_utf8(bytes, e.valid_up_to(), filename, cookie.is_some() || bom)),
        };
    }
    let b = taipan_object::types::bytes::Bytes::new(bytes);
    let decoded = taipan_object::codecs::decode_text(&b, encoding, "strict");
    match decoded {
        Ok(s) => match s.downcast::<Str>() {
            Some(s) => Ok(s.to_utf8()?.to_owned()),
            None => Err(plain_syntax_error(&format!("encoding problem: {encoding}"), filename)),
        },
        Err(e) if e.matches(exceptions::LookupError) => {
            e.clear();
            Err(plain_syntax_error(&format!("unknown encoding: {encoding}"), filename))
        }
        Err(e) if e.matches(exceptions::UnicodeError) => {
            let exc = e.take();
            let text = exc.str()?.to_utf8_lossy().into_owned();
            Err(plain_syntax_error(&format!("(unicode error) {text}"), filename))
        }
        Err(e) => Err(e),
    }
}

fn normalise(name: &str) -> String {
    let n: String = name.chars().take(12).map(|c| if c == '_' { '-' } else { c.to_ascii_lowercase() }).collect();
    if n == "utf-8" || n.starts_with("utf-8-") { "utf-8".to_owned() } else { name.to_owned() }
}

/// The encoding that one of the first two lines names in a comment; the first must be blank or a comment for the second to count.
fn find_cookie(source: &[u8]) -> Option<String> {
    for line in source.splitn(3, |b| *b == b'\n').take(2) {
        let start = line.iter().position(|b| !matches!(b, b' ' | b'\t' | 0x0c | b'\r'));
        match start {
            None => continue,
            Some(i) if line[i] == b'#' => {
                if let Some(c) = cookie_in(&line[i..]) {
                    return Some(c);
                }
            }
            Some(_) => return None,
        }
    }
    None
}

fn cookie_in(comment: &[u8]) -> Option<String> {
    let mut rest = comment;
    while let Some(i) = rest.windows(6).position(|w| w == b"coding") {
        rest = &rest[i + 6..];
        let Some((b':' | b'=', after)) = rest.split_first().map(|(b, r)| (*b, r)) else { continue };
        let after = &after[after.iter().position(|b| !matches!(b, b' ' | b'\t')).unwrap_or(after.len())..];
        let end = after
            .iter()
            .position(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.')))
            .unwrap_or(after.len());
        if end > 0 {
            return Some(String::from_utf8_lossy(&after[..end]).into_owned());
        }
    }
    None
}

#[cold]
fn not_utf8(source: &[u8], at: usize, filename: &str, declared: bool) -> Raised {
    let line = source[..at].iter().filter(|b| **b == b'\n').count() + 1;
    let byte = source[at];
    if declared || filename.is_empty() {
        return plain_syntax_error(
            &format!(
                "(unicode error) 'utf-8' codec can't decode byte 0x{byte:02x} in position {at}: invalid start byte"
            ),
            filename,
        );
    }
    let text = format!(
        "Non-UTF-8 code starting with '\\x{byte:02x}' on line {line}, but no encoding declared; see https://peps.python.org/pep-0263/ for details"
    );
    let args = [
        Str::from_utf8(filename).into_obj(),
        Int::from_i64(line as i64).into_obj(),
        Int::from_i64(0).into_obj(),
        none::none_obj(),
    ];
    raise_with_details(exceptions::SyntaxError, &text, args.to_vec())
}

fn plain_syntax_error(text: &str, filename: &str) -> Raised {
    let args = vec![
        Str::from_utf8(filename).into_obj(),
        Int::from_i64(0).into_obj(),
        Int::from_i64(0).into_obj(),
        none::none_obj(),
    ];
    raise_with_details(exceptions::SyntaxError, text, args)
}

fn raise_with_details(ty: &taipan_object::Type, text: &str, details: Vec<Obj>) -> Raised {
    let details = Tuple::from_vec(details);
    match ty.as_object().call(&[&Str::from_utf8(text), &details]) {
        Ok(e) => taipan_object::error::raise_instance(e),
        Err(e) => e,
    }
}

/// Raises what the parser found.
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
    let details = vec![
        Str::from_utf8(filename).into_obj(),
        int(at.lineno as i64),
        int(at.offset),
        text,
        int(at.end_lineno as i64),
        int(at.end_offset),
    ];
    raise_with_details(ty, &e.msg, details)
}

/// Gives a syntax error what `traceback` finds misspelt keywords with: where the last whole statement began, and the text.
#[cold]
fn with_metadata(raised: Raised, e: &SyntaxError, source: &str) -> Raised {
    if !matches!(e.kind, ErrorKind::SyntaxError) {
        return raised;
    }
    let exc = raised.take();
    let (line, column) = e.last_statement;
    let fields = [
        Int::from_i64(i64::from(line)).into_obj(),
        Int::from_i64(i64::from(column)).into_obj(),
        Str::from_utf8(source).into_obj(),
    ];
    if let Err(e) = exc.set_attr(taipan_object::intern!("_metadata"), &Tuple::from_vec(fields.into())) {
        e.clear();
    }
    taipan_object::error::restore(exc)
}

/// Raises what the compiler found.
#[cold]
pub fn raise_compile_error(e: &CompileError, source: Option<&str>, filename: &str) -> Raised {
    match e.kind {
        CompileKind::Syntax => {}
        CompileKind::Recursion => return raise!(RecursionError, "{}", e.message),
        CompileKind::System => return raise!(SystemError, "{}", e.message),
        CompileKind::Overflow => return raise!(OverflowError, "{}", e.message),
        CompileKind::UnicodeEncode => return raise!(UnicodeError, "{}", e.message),
    }
    let at = e.location;
    let line = source.and_then(|s| source_line(s, at.line)).or_else(|| file_line(filename, at.line));
    let char_column = |byte: i32, n: i32| -> i64 {
        let l = if n == at.line { line.clone() } else { source.and_then(|s| source_line(s, n)) };
        match l {
            Some(l) => l
                .as_bytes()
                .get(..(byte.max(0) as usize).min(l.len()))
                .map_or(byte as i64, |b| String::from_utf8_lossy(b).chars().count() as i64),
            None => byte as i64,
        }
    };
    let int = |n: i64| Int::from_i64(n).into_obj();
    let details = vec![
        Str::from_utf8(filename).into_obj(),
        int(at.line as i64),
        int(char_column(at.column, at.line) + 1),
        line.as_ref().map_or_else(none::none_obj, |l| Str::from_utf8(l).into_obj()),
        int(at.end_line as i64),
        int(char_column(at.end_column, at.end_line) + 1),
    ];
    raise_with_details(exceptions::SyntaxError, &e.message, details)
}

fn source_line(source: &str, n: i32) -> Option<String> {
    source.split_inclusive('\n').nth(usize::try_from(n).ok()?.checked_sub(1)?).map(|l| {
        let l = l.strip_suffix("\r\n").map(|l| format!("{l}\n")).unwrap_or_else(|| l.to_owned());
        if l.ends_with('\n') { l } else { l + "\n" }
    })
}

fn file_line(filename: &str, n: i32) -> Option<String> {
    let text = std::fs::read(filename).ok()?;
    source_line(&String::from_utf8_lossy(&text), n)
}

/// Gives the warnings that a tree gets even if it is not compiled.
pub fn check_tree(module: &taipan_syntax::ast::Mod<'_>, source: Option<&str>, r: &Request<'_>) -> PyResult<()> {
    let mut pending: Vec<(String, Location)> = Vec::new();
    let checked = taipan_compiler::check_tree(module, &compile_options(r), &mut |message, at| {
        pending.push((message.to_owned(), at));
        Ok(())
    });
    for (message, at) in &pending {
        issue_warning(message, at.line.max(0) as u32, source, r.filename, at.column.max(0) as u32)?;
    }
    checked.map_err(|e| raise_compile_error(&e, source, r.filename))
}

/// Issues the warnings of the parser.
pub fn issue_parser_warnings(warnings: &[Warning], source: &str, filename: &str) -> PyResult<()> {
    for w in warnings {
        issue_warning(&w.msg, w.lineno, Some(source), filename, w.col)?;
    }
    Ok(())
}

/// A `SyntaxWarning` at a line; made an error by the filters, it becomes a `SyntaxError` there.
fn issue_warning(text: &str, line: u32, source: Option<&str>, filename: &str, column: u32) -> PyResult<()> {
    let category = exceptions::SyntaxWarning;
    match crate::warnings::warn_explicit(category, text, filename, line as i64, None) {
        Ok(()) => Ok(()),
        Err(e) if e.matches(category) => {
            e.clear();
            let int = |n: i64| Int::from_i64(n).into_obj();
            let shown = source
                .and_then(|s| source_line(s, line as i32))
                .map_or_else(none::none_obj, |l| Str::from_utf8(&l).into_obj());
            let details = vec![
                Str::from_utf8(filename).into_obj(),
                int(line as i64),
                int(column as i64 + 1),
                shown,
                int(line as i64),
                int(column as i64 + 1),
            ];
            Err(raise_with_details(exceptions::SyntaxError, text, details))
        }
        Err(e) => Err(e),
    }
}

/// The source of `compile`, `eval` or `exec` as text: `str`, or bytes with their encoding.
pub fn source_text(o: &Object, function: &str, what: &str, flags: &mut i32, filename: &str) -> PyResult<String> {
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
    decode_source(b.as_slice(), *flags, filename)
}

/// The name of the file for error texts: a `str`, or bytes as the file system encodes them.
pub fn filename_text(o: &Object) -> PyResult<String> {
    let p = if o.downcast::<Str>().is_some() { o.to_obj() } else { crate::import::fs_decode(o)? };
    Ok(p.cast::<Str>().to_utf8_lossy().into_owned())
}

/// `compile()` when the result is code.
pub fn compile_object(source: &Object, r: &Request<'_>) -> PyResult<Ref<CodeObject>> {
    let mut flags = r.flags;
    let text = source_text(source, "compile", "string, bytes or AST object", &mut flags, r.filename)?;
    compile_str(&text, &Request { flags, ..*r })
}
