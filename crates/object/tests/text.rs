//! Methods of `str`, `bytes` and `bytearray` against what the reference answers (`text/cases.tsv`, written by `text/cases.py`).

use taipan_object::hooks::{self, Hooks};
use taipan_object::types::bytearray::slots::bytearray_from_object;
use taipan_object::types::bytes::Bytes;
use taipan_object::types::dict::Dict;
use taipan_object::types::float::Float;
use taipan_object::types::int::Int;
use taipan_object::types::list::List;
use taipan_object::types::str::{Str, StrBuilder};
use taipan_object::types::tuple::Tuple;
use taipan_object::types::{self, bool_, memoryview, none};
use taipan_object::{Interp, Obj, Object, PyResult, Ref, Thread, intern};

fn attach() {
    let interp = Interp::new(0);
    interp.gc.init();
    let here = taipan_object::thread::stack_pointer();
    Thread::set_current(Some(Thread::new(interp, (here - (1 << 20), here + 4096))));
    hooks::install(Hooks {
        unraisable: |e, _, _| panic!("unraisable {e:?}"),
        import: |name| Err(taipan_object::raise!(ValueError, "no module {name}")),
        warn: |_, _, _| Ok(()),
        current_globals: || None,
        current_builtins: || Dict::new().into_obj(),
        handle_pending: || Ok(()),
        audit: |_, _| Ok(()),
        auditing: || false,
        super_of_frame: || Err(taipan_object::raise!(RuntimeError, "no frame")),
    });
    types::ready_all().expect("types");
}

/// Reads the literals that the cases use.
struct Reader<'a> {
    text: &'a [u8],
    pos: usize,
}

impl Reader<'_> {
    fn peek(&self) -> u8 {
        self.text.get(self.pos).copied().unwrap_or(0)
    }
    fn eat(&mut self, s: &str) -> bool {
        let hit = self.text[self.pos..].starts_with(s.as_bytes());
        self.pos += if hit { s.len() } else { 0 };
        hit
    }
    fn items(&mut self, end: u8) -> Vec<Obj> {
        let mut out = Vec::new();
        while self.peek() != end {
            out.push(self.value());
            while matches!(self.peek(), b',' | b' ') {
                self.pos += 1;
            }
        }
        self.pos += 1;
        out
    }
    fn quoted(&mut self) -> Vec<u32> {
        let quote = self.peek();
        self.pos += 1;
        let mut out = Vec::new();
        loop {
            let c = self.peek();
            self.pos += 1;
            if c == quote {
                return out;
            }
            if c != b'\\' {
                out.push(c.into());
                continue;
            }
            let e = self.peek();
            self.pos += 1;
            let digits = match e {
                b'x' => 2,
                b'u' => 4,
                b'U' => 8,
                _ => 0,
            };
            if digits > 0 {
                let text = std::str::from_utf8(&self.text[self.pos..self.pos + digits]).expect("hex");
                out.push(u32::from_str_radix(text, 16).expect("hex"));
                self.pos += digits;
            } else {
                out.push(match e {
                    b'n' => 10,
                    b't' => 9,
                    b'r' => 13,
                    e => e.into(),
                });
            }
        }
    }
    fn value(&mut self) -> Obj {
        if self.eat("None") {
            return none::none().to_obj();
        }
        if self.eat("True") {
            return bool_::from_bool(true);
        }
        if self.eat("False") {
            return bool_::from_bool(false);
        }
        if self.eat("bytearray(") {
            let b = self.value();
            self.pos += 1;
            return bytearray_from_object(&b).expect("bytearray");
        }
        match self.peek() {
            b'(' => {
                self.pos += 1;
                Tuple::from_vec(self.items(b')')).into_obj()
            }
            b'[' => {
                self.pos += 1;
                List::from_vec(self.items(b']')).into_obj()
            }
            b'{' => {
                self.pos += 1;
                let d = Dict::new();
                while self.peek() != b'}' {
                    let k = self.value();
                    self.pos += 2;
                    let v = self.value();
                    d.set_item(&k, &v).expect("set");
                    self.eat(", ");
                }
                self.pos += 1;
                d.into_obj()
            }
            b'b' => {
                self.pos += 1;
                let b: Vec<u8> = self.quoted().into_iter().map(|c| c as u8).collect();
                Bytes::new(&b).into_obj()
            }
            b'\'' | b'"' => Str::from_ucs4(&self.quoted()).into_obj(),
            _ => {
                let start = self.pos;
                while matches!(self.peek(), b'-' | b'.' | b'0'..=b'9') {
                    self.pos += 1;
                }
                let t = std::str::from_utf8(&self.text[start..self.pos]).expect("number");
                if t.contains('.') {
                    return Float::new(t.parse().expect("float")).into_obj();
                }
                Int::from_i128(t.parse().expect("int")).into_obj()
            }
        }
    }
}

fn read(text: &str) -> Obj {
    Reader { text: text.as_bytes(), pos: 0 }.value()
}

fn ascii(o: &Object) -> String {
    o.ascii().expect("ascii").display().to_string()
}

fn outcome(r: PyResult) -> String {
    match r {
        Ok(o) => ascii(&o),
        Err(e) => {
            let e = e.take();
            format!("{}: {}", e.ty().short_name(), ascii(&e.str().expect("str")))
        }
    }
}

#[test]
fn methods_answer_as_the_reference_does() {
    attach();
    let (mut wrong, mut all) = (0, 0);
    for line in include_str!("text/cases.tsv").lines() {
        let f: Vec<&str> = line.split('\t').collect();
        let [receiver, name, args, expected] = f[..] else { panic!("bad line {line}") };
        let (target, args) = (read(receiver), read(args));
        let args = args.cast::<Tuple>();
        let mut got = outcome(target.call_method_str(name, args.borrowed_items()));
        if receiver.starts_with("bytearray") && expected.contains(" -> ") {
            got = format!("{got} -> {}", ascii(&target));
        }
        all += 1;
        if got != expected {
            wrong += 1;
            if wrong <= 200 {
                eprintln!("{receiver}.{name}{}\n  expected {expected}\n  got      {got}", ascii(args));
            }
        }
    }
    strings();
    views();
    codecs();
    assert!(wrong == 0, "{wrong} of {all} cases differ");
}

/// What does not show in methods: identity, interning, growth in place.
fn strings() {
    let a = Str::from_utf8("interned text");
    let b = taipan_object::types::str::intern::intern(a.clone());
    assert!(b.is(&taipan_object::types::str::intern::intern(Str::from_utf8("interned text"))));
    assert!(intern!("another").is(&taipan_object::types::str::intern::intern_str("another")));
    assert!(Str::from_char(0xE9).is(&Str::from_ucs4(&[0xE9])) && Str::from_utf8("").is(&Str::empty()));
    let mut s = Str::from_utf8("start of it").into_obj();
    for _ in 0..1000 {
        s = Str::append(s, &Str::from_utf8("xy")).expect("append");
    }
    assert!(s.cast::<Str>().len() == 2011 && s.cast::<Str>().eq_str(&format!("start of it{}", "xy".repeat(1000))));
    let wide = Str::append(s, &Str::from_utf8("\u{1F600}")).expect("append");
    assert!(wide.cast::<Str>().kind() == 4 && wide.cast::<Str>().char_at(2011) == 0x1F600);
    let mut out = StrBuilder::new();
    out.push_str("a\u{e9}");
    out.push('\u{1234}');
    out.push_str("\u{1F600}");
    out.truncate(2);
    let narrow: Ref<Str> = out.finish();
    assert!(narrow.kind() == 1 && narrow.eq_str("a\u{e9}"));
    assert_eq!(Str::from_wtf8(&Str::from_ucs4(&[0xD800, 0x41]).to_wtf8()).char_at(0), 0xD800);
}

/// Views over bytes: casts, slices, exports.
fn views() {
    let array = read("bytearray(b'abcdefghijklmnop')");
    let v = memoryview::MemoryView::new(&array).expect("view");
    let call = |o: &Object, name: &str, args: &str| {
        outcome(o.call_method_str(name, read(args).cast::<Tuple>().borrowed_items()))
    };
    assert_eq!(call(&array, "append", "(1,)"), "BufferError: 'Existing exports of data: object cannot be re-sized'");
    let square = v.call_method_str("cast", read("('B', [4, 4])").cast::<Tuple>().borrowed_items()).expect("cast");
    assert_eq!(
        call(&square, "tolist", "()"),
        "[[97, 98, 99, 100], [101, 102, 103, 104], [105, 106, 107, 108], [109, 110, 111, 112]]"
    );
    assert_eq!(call(&square, "__getitem__", "((1, -1),)"), "104");
    assert_eq!(call(&square, "tobytes", "('F',)"), "b'aeimbfjncgkodhlp'");
    assert_eq!(
        call(&square, "__getitem__", "(1,)"),
        "NotImplementedError: 'multi-dimensional sub-views are not implemented'"
    );
    let words = v.call_method_str("cast", read("('H',)").cast::<Tuple>().borrowed_items()).expect("cast");
    assert_eq!(call(&words, "__getitem__", "(0,)"), (0x6261).to_string());
    assert_eq!(call(&words, "__setitem__", "(0, 70000)"), "ValueError: \"memoryview: invalid value for format 'H'\"");
    assert_eq!(call(&words, "__setitem__", "(0, 16705)"), "None");
    let half = v.call_method_str("cast", read("('e',)").cast::<Tuple>().borrowed_items()).expect("cast");
    for (x, bits) in [("1.0", 0x3C00), ("65504.0", 0x7BFF), ("-2.0", 0xC000), ("0.0", 0)] {
        half.set_item(&Int::from_i64(0), &read(x)).expect("store");
        assert_eq!(words.get_item(&Int::from_i64(0)).expect("item").cast::<Int>().to_i64(), Some(bits));
        assert_eq!(ascii(&half.get_item(&Int::from_i64(0)).expect("item")), x);
    }
    let every = taipan_object::types::slice::Slice::new(none::none(), none::none(), &Int::from_i64(-3));
    let back = v.get_item(&every).expect("slice");
    assert_eq!(call(&back, "tobytes", "()"), "b'pmjgd\\x00'");
    assert_eq!(call(&back, "hex", "(':',)"), "'70:6d:6a:67:64:00'");
    assert_eq!(call(&back, "__eq__", "(b'pmjgd\\x00',)"), "True");
    assert_eq!(call(&v, "release", "()"), "None");
    assert_eq!(call(&v, "tobytes", "()"), "ValueError: 'operation forbidden on released memoryview object'");
    for view in [&square, &words, &half, &back] {
        view.call_method_str("release", &[]).expect("release");
    }
    assert_eq!(call(&array, "append", "(1,)"), "None");
}

/// The functions behind `_codecs`, and the built-in error handlers as objects.
fn codecs() {
    use taipan_object::codecs::{charmap, errors, escape, registry, text};
    let ok = |r: PyResult<Ref<Bytes>>| outcome(r.map(Ref::into_obj));
    assert_eq!(ok(escape::escape_decode(b"a\\x41\\101\\\n\\q", "strict").map(|r| r.0)), "b'aAA\\\\q'");
    assert_eq!(
        ok(escape::escape_decode(b"\\x1", "strict").map(|r| r.0)),
        "ValueError: 'invalid \\\\x escape at position 0'"
    );
    assert_eq!(ok(escape::escape_encode(b"a'\n\xff\"")), "b'a\\\\\\'\\\\n\\\\xff\"'");
    let table = read("{97: 256}");
    let s = |t: &str| Str::from_utf8(t);
    assert_eq!(
        ok(charmap::charmap_encode(&s("a"), "strict", Some(&table))),
        "TypeError: 'character mapping must be in range(256)'"
    );
    let table = read("{97: b'xy', 63: 33}");
    assert_eq!(ok(charmap::charmap_encode(&s("ab"), "replace", Some(&table))), "b'xy!'");
    let (t, used) = charmap::charmap_decode(&[0, 1, 9], "backslashreplace", Some(&s("ab"))).expect("decode");
    assert!(t.eq_str("ab\\x09") && used == 3);
    let (t, used, order) = text::utf_16_ex_decode(&[0xFF, 0xFE, 0x61, 0, 0x62], "strict", 0, false).expect("decode");
    assert!(t.eq_str("a") && used == 4 && order == -1);
    let (t, used) = text::utf_8_decode(&[0x61, 0xE2, 0x82], "strict", false).expect("decode");
    assert!(t.eq_str("a") && used == 1);
    assert_eq!(ok(charmap::charmap_build(&s("abc")).map(|_| Bytes::empty())), "b''");
    let raw = text::fs_decode(b"a\xff\xc3\xa9");
    assert_eq!(text::fs_encode(&raw).expect("encode"), b"a\xff\xc3\xa9");
    for (handler, answer) in [
        ("ignore", "('', 2)"),
        ("replace", "('??', 2)"),
        ("xmlcharrefreplace", "('&#233;&#56320;', 2)"),
        ("backslashreplace", "('\\\\xe9\\\\udc00', 2)"),
        ("namereplace", "('\\\\N{LATIN SMALL LETTER E WITH ACUTE}\\\\udc00', 2)"),
    ] {
        let r = taipan_object::types::exceptions::UnicodeEncodeError.as_object().call(&[
            &s("x"),
            &Str::from_ucs4(&[0xE9, 0xDC00]),
            &Int::from_i64(0),
            &Int::from_i64(2),
            &s("why"),
        ]);
        let exc = r.expect("exception");
        assert_eq!(outcome(errors::lookup_error(handler).expect("handler").call_one(&exc)), answer);
    }
    assert_eq!(registry::normalize("UTF 8--x"), "utf_8_x");
    assert_eq!(
        outcome(registry::lookup("nope")),
        "LookupError: \"no codec search functions registered: can't find encoding\""
    );
}
