//! `_locale`: the C library's locale.

use crate::constants::LOCALE;
use crate::termios::exception_class;
use std::ffi::{CStr, CString, c_char, c_int};
use taipan_object::args::NoNul;
use taipan_object::error::{PyResult, raise_instance};
use taipan_object::header::{Obj, Object};
use taipan_object::types::dict::Dict;
use taipan_object::types::int::Int;
use taipan_object::types::list::List;
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::types::str::Str;
use taipan_object::types::{exceptions, none};
use taipan_object::{Raised, bail, codecs, function, methods};

fn error_class() -> PyResult {
    exception_class("locale.Error", exceptions::Exception.as_object())
}

#[cold]
fn failed(text: &str) -> Raised {
    match error_class().and_then(|t| t.call_one(&Str::from_utf8(text))) {
        Ok(exc) => raise_instance(exc),
        Err(e) => e,
    }
}

/// # Safety
/// `p` is null or a C string.
unsafe fn text(p: *const c_char) -> Obj {
    if p.is_null() {
        return Str::empty().into_obj();
    }
    // SAFETY: the caller's promise.
    codecs::text::fs_decode(unsafe { CStr::from_ptr(p) }.to_bytes()).into_obj()
}

fn c_text(s: &str) -> CString {
    CString::new(s).unwrap_or_default()
}

/// Set the locale of a category, or ask for it. Return its name.
#[function(signature = "(category, locale=None, /)")]
fn setlocale(category: c_int, locale: Option<NoNul<'_>>) -> PyResult {
    let name = locale.map(|l| c_text(l.0));
    let p = name.as_ref().map_or(std::ptr::null(), |n| n.as_ptr());
    // SAFETY: a C string or null is passed; the interpreter lock keeps other threads of ours out of the C library's state.
    unsafe {
        let r = libc::setlocale(category, p);
        if r.is_null() {
            return Err(failed(if name.is_some() { "unsupported locale setting" } else { "locale query failed" }));
        }
        Ok(text(r))
    }
}

/// A grouping: numbers until 0 or CHAR_MAX.
///
/// # Safety
/// `p` is a C string.
unsafe fn grouping(p: *const c_char) -> Obj {
    let mut v = Vec::new();
    // SAFETY: the caller's promise.
    unsafe {
        let mut p = p;
        while !p.is_null() && *p != 0 && *p != c_char::MAX {
            v.push(Int::from_i64((*p).into()).into_obj());
            p = p.add(1);
        }
        if !v.is_empty() {
            v.push(Int::from_i64(if *p == 0 { 0 } else { c_char::MAX.into() }).into_obj());
        }
    }
    List::from_vec(v).into_obj()
}

/// Return how numbers and amounts of money are written.
#[function(signature = "()")]
fn localeconv() -> PyResult {
    let d = Dict::new();
    let put = |name: &str, v: Obj| d.set_str(name, &v);
    // SAFETY: the structure is the C library's; its strings stay until the locale changes.
    unsafe {
        let l = &*libc::localeconv();
        put("decimal_point", text(l.decimal_point))?;
        put("thousands_sep", text(l.thousands_sep))?;
        put("grouping", grouping(l.grouping))?;
        put("int_curr_symbol", text(l.int_curr_symbol))?;
        put("currency_symbol", text(l.currency_symbol))?;
        put("mon_decimal_point", text(l.mon_decimal_point))?;
        put("mon_thousands_sep", text(l.mon_thousands_sep))?;
        put("mon_grouping", grouping(l.mon_grouping))?;
        put("positive_sign", text(l.positive_sign))?;
        put("negative_sign", text(l.negative_sign))?;
        for (name, n) in [
            ("int_frac_digits", l.int_frac_digits),
            ("frac_digits", l.frac_digits),
            ("p_cs_precedes", l.p_cs_precedes),
            ("p_sep_by_space", l.p_sep_by_space),
            ("n_cs_precedes", l.n_cs_precedes),
            ("n_sep_by_space", l.n_sep_by_space),
            ("p_sign_posn", l.p_sign_posn),
            ("n_sign_posn", l.n_sign_posn),
        ] {
            put(name, Int::from_i64(n.into()).into_obj())?;
        }
    }
    Ok(d.into_obj())
}

unsafe extern "C" {
    fn strcoll(a: *const c_char, b: *const c_char) -> c_int;
    fn strxfrm(dst: *mut c_char, src: *const c_char, n: usize) -> usize;
    fn gettext(msg: *const c_char) -> *mut c_char;
    fn dgettext(domain: *const c_char, msg: *const c_char) -> *mut c_char;
    fn dcgettext(domain: *const c_char, msg: *const c_char, category: c_int) -> *mut c_char;
    fn textdomain(domain: *const c_char) -> *mut c_char;
    fn bindtextdomain(domain: *const c_char, dir: *const c_char) -> *mut c_char;
    fn bind_textdomain_codeset(domain: *const c_char, codeset: *const c_char) -> *mut c_char;
}

/// Text in the locale's encoding, which is UTF-8.
fn locale_bytes(s: &Str) -> PyResult<CString> {
    let b = codecs::text::utf_8_encode(s, "surrogateescape")?;
    match CString::new(b.as_slice()) {
        Ok(c) => Ok(c),
        Err(_) => bail!(ValueError, "embedded null character"),
    }
}

/// Compare two strings in the locale's order; return a negative number, 0 or a positive one.
#[function(signature = "(os1, os2, /)", name = "strcoll")]
fn collate(os1: &Str, os2: &Str) -> PyResult<c_int> {
    let (a, b) = (locale_bytes(os1)?, locale_bytes(os2)?);
    // SAFETY: C strings are passed.
    Ok(unsafe { strcoll(a.as_ptr(), b.as_ptr()) })
}

/// Return a string whose plain order is the original's order in the locale.
#[function(signature = "(string, /)", name = "strxfrm")]
fn transform(string: &Str) -> PyResult {
    let s = locale_bytes(string)?;
    let mut buf = vec![0u8; s.as_bytes().len() * 4 + 16];
    loop {
        // SAFETY: a C string and a buffer with its size are passed.
        let n = unsafe { strxfrm(buf.as_mut_ptr().cast(), s.as_ptr(), buf.len()) };
        if n < buf.len() {
            // The bytes' order is what counts: each becomes one character.
            let same = buf[..n] == *s.as_bytes();
            return Ok(if same { string.to_exact().into_obj() } else { Str::from_latin1(&buf[..n]).into_obj() });
        }
        buf = vec![0; n + 1];
    }
}

/// Return one of the locale's texts.
#[function(signature = "(key, /)")]
fn nl_langinfo(key: c_int) -> PyResult {
    // The categories and CHAR_MAX are numbers of other kinds.
    let known = LOCALE.iter().any(|&(name, n)| n == i64::from(key) && !name.starts_with("LC_") && name != "CHAR_MAX");
    if !known {
        bail!(ValueError, "unsupported langinfo constant");
    }
    // SAFETY: the answer is a C string that stays until the locale changes.
    Ok(unsafe { text(libc::nl_langinfo(key)) })
}

/// Return the encoding of the user's locale.
#[function(signature = "()")]
fn getencoding() -> String {
    crate::io::textio::locale_encoding()
}

/// Return the translation of a message.
#[function(signature = "(msg, /)", name = "gettext")]
fn gettext_function(msg: NoNul<'_>) -> Obj {
    let m = c_text(msg.0);
    // SAFETY: a C string is passed, one is answered.
    unsafe { text(gettext(m.as_ptr())) }
}

/// Return the translation of a message in a domain.
#[function(signature = "(domain, msg, /)", name = "dgettext")]
fn dgettext_function(domain: Option<NoNul<'_>>, msg: NoNul<'_>) -> Obj {
    let (d, m) = (domain.map(|d| c_text(d.0)), c_text(msg.0));
    // SAFETY: C strings are passed, one is answered.
    unsafe { text(dgettext(d.as_ref().map_or(std::ptr::null(), |d| d.as_ptr()), m.as_ptr())) }
}

/// Return the translation of a message in a domain and category.
#[function(signature = "(domain, msg, category, /)", name = "dcgettext")]
fn dcgettext_function(domain: Option<NoNul<'_>>, msg: NoNul<'_>, category: c_int) -> Obj {
    let (d, m) = (domain.map(|d| c_text(d.0)), c_text(msg.0));
    // SAFETY: C strings are passed, one is answered.
    unsafe { text(dcgettext(d.as_ref().map_or(std::ptr::null(), |d| d.as_ptr()), m.as_ptr(), category)) }
}

/// Set the domain of messages, or ask for it.
#[function(signature = "(domain, /)", name = "textdomain")]
fn textdomain_function(domain: Option<NoNul<'_>>) -> PyResult {
    let d = domain.map(|d| c_text(d.0));
    // SAFETY: a C string or null is passed, one is answered.
    unsafe {
        let p = textdomain(d.as_ref().map_or(std::ptr::null(), |d| d.as_ptr()));
        if p.is_null() {
            return Err(exceptions::from_errno(crate::support::errno()));
        }
        Ok(text(p))
    }
}

/// Set the folder of a domain's translations, or ask for it.
#[function(signature = "(domain, dir, /)", name = "bindtextdomain")]
fn bindtextdomain_function(domain: NoNul<'_>, dir: &Object) -> PyResult {
    if domain.0.is_empty() {
        return Err(failed("domain must be a non-empty string"));
    }
    let d = c_text(domain.0);
    let dir = if dir.is_none() { None } else { Some(crate::support::fs_bytes(&*crate::support::fspath(dir)?)?) };
    // SAFETY: C strings or null are passed, one is answered.
    unsafe {
        let p = bindtextdomain(d.as_ptr(), dir.as_ref().map_or(std::ptr::null(), |d| d.as_ptr()));
        if p.is_null() {
            return Err(exceptions::from_errno(crate::support::errno()));
        }
        Ok(text(p))
    }
}

/// Set the encoding of a domain's translations, or ask for it.
#[function(signature = "(domain, codeset, /)", name = "bind_textdomain_codeset")]
fn bind_codeset(domain: NoNul<'_>, codeset: Option<NoNul<'_>>) -> Obj {
    let (d, c) = (c_text(domain.0), codeset.map(|c| c_text(c.0)));
    // SAFETY: C strings or null are passed, one or null is answered.
    unsafe {
        let p = bind_textdomain_codeset(d.as_ptr(), c.as_ref().map_or(std::ptr::null(), |c| c.as_ptr()));
        if p.is_null() { none::none_obj() } else { text(p) }
    }
}

fn exec(m: &Module) -> PyResult<()> {
    for &(name, n) in LOCALE {
        m.add_int(name, n)?;
    }
    m.add_int("_DATE_FMT", 131180)?;
    m.add("Error", &*error_class()?)
}

/// The module.
pub static MODULE: ModuleDef = ModuleDef {
    name: "_locale",
    doc: "The C library's locale.",
    methods: methods![
        setlocale,
        localeconv,
        collate,
        transform,
        nl_langinfo,
        gettext_function,
        dgettext_function,
        dcgettext_function,
        textdomain_function,
        bindtextdomain_function,
        bind_codeset,
        getencoding,
    ],
    exec,
};
