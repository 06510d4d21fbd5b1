//! Expressions over the built-in numbers, slices, ranges and iterators, against what the reference answers (`numbers/cases.txt`, made
//! by `numbers/generate.py` from `numbers/expressions.txt`). There is no evaluation loop here: a few lines below evaluate the
//! expressions through the same protocols.

use taipan_object::protocol::compare::CompareOp;
use taipan_object::protocol::number;
use taipan_object::types::complex::{Complex, PyComplex_Type};
use taipan_object::types::float::{Float, PyFloat_Type};
use taipan_object::types::int::{self, Int, PyLong_Type};
use taipan_object::types::list::List;
use taipan_object::types::slice::Slice;
use taipan_object::types::str::Str;
use taipan_object::types::tuple::Tuple;
use taipan_object::types::{bool_, enumerate, map_filter, none, range, reversed, slice, str, zip};
use taipan_object::{Interp, Obj, Object, PyResult, Thread, hooks};

fn attach() {
    hooks::install(hooks::Hooks {
        unraisable: |_, _, _| {},
        import: |_| unreachable!("nothing is imported"),
        warn: |_, _, _| Ok(()),
        current_globals: || None,
        current_builtins: || taipan_object::types::dict::Dict::new().into_obj(),
        handle_pending: || Ok(()),
        audit: |_, _| Ok(()),
        auditing: || false,
        super_of_frame: || unreachable!("no frames"),
    });
    let interp = Interp::new(0);
    interp.gc.init();
    let here = taipan_object::thread::stack_pointer();
    Thread::set_current(Some(Thread::new(interp, (here - (1 << 20), here + 4096))));
    assert!(taipan_object::types::ready_all().is_ok(), "types are ready");
}

struct Parser<'a> {
    s: &'a [u8],
    at: usize,
}

type Names = fn(&str) -> Option<Obj>;

fn name(n: &str) -> Option<Obj> {
    let t = match n {
        "int" => &PyLong_Type,
        "float" => &PyFloat_Type,
        "complex" => &PyComplex_Type,
        "bool" => &bool_::PyBool_Type,
        "str" => &str::PyUnicode_Type,
        "slice" => &slice::PySlice_Type,
        "range" => &range::PyRange_Type,
        "enumerate" => &enumerate::PyEnum_Type,
        "zip" => &zip::PyZip_Type,
        "map" => &map_filter::PyMap_Type,
        "filter" => &map_filter::PyFilter_Type,
        "reversed" => &reversed::PyReversed_Type,
        "list" => &taipan_object::types::list::PyList_Type,
        "tuple" => &taipan_object::types::tuple::PyTuple_Type,
        "None" => return Some(none::none().to_obj()),
        "True" => return Some(bool_::from_bool(true)),
        "False" => return Some(bool_::from_bool(false)),
        _ => return None,
    };
    Some(t.to_obj())
}

/// Functions that are not objects here.
fn builtin(f: &str, args: &[&Object]) -> Option<PyResult> {
    Some(match (f, args) {
        ("hash", [o]) => o.hash().map(|h| Int::from_isize(h).into_obj()),
        ("repr", [o]) => o.repr().map(|s| s.into_obj()),
        ("len", [o]) => o.len().map(|n| Int::from_usize(n).into_obj()),
        ("abs", [o]) => number::absolute(o),
        ("divmod", [a, b]) => number::divmod(a, b),
        ("pow", [a, b]) => number::power(a, b, none::none()),
        ("pow", [a, b, c]) => number::power(a, b, c),
        ("iter", [o]) => o.iter(),
        ("next", [o]) => o.next().map(|n| n.unwrap_or_else(|| Str::from_utf8("exhausted").into_obj())),
        ("format", [a, b]) => a.format(b),
        ("round", [a, rest @ ..]) => a.call_method_str("__round__", rest),
        ("sorted", [a]) => a.to_list().and_then(|l| l.sort().map(|()| l.into_obj())),
        ("hint", [o]) => o.length_hint(77).map(|n| Int::from_usize(n).into_obj()),
        ("type", [o]) => Ok(o.ty().to_obj()),
        ("same", [a, b]) => Ok(bool_::from_bool(a.is(b))),
        ("hex", [a]) => Ok(a.downcast::<Int>()?.to_radix(16, true).into_obj()),
        _ => return None,
    })
}

impl Parser<'_> {
    fn space(&mut self) {
        while self.s.get(self.at) == Some(&b' ') {
            self.at += 1;
        }
    }
    fn eat(&mut self, t: &str) -> bool {
        let save = self.at;
        self.space();
        let yes = self.s[self.at..].starts_with(t.as_bytes());
        self.at = if yes { self.at + t.len() } else { save };
        yes
    }
    fn expect(&mut self, t: &str) {
        assert!(self.eat(t), "expected {t} at {} of {}", self.at, String::from_utf8_lossy(self.s));
    }
    fn word(&mut self) -> String {
        self.space();
        let start = self.at;
        while self.s.get(self.at).is_some_and(|c| c.is_ascii_alphanumeric() || *c == b'_') {
            self.at += 1;
        }
        String::from_utf8_lossy(&self.s[start..self.at]).into_owned()
    }

    /// Binary operators by precedence, loosest first.
    fn expr(&mut self, level: usize) -> PyResult {
        const LEVELS: &[&[&str]] = &[
            &[" in ", "==", "!=", "<=", ">=", "<", ">"],
            &["|"],
            &["^"],
            &["&"],
            &["<<", ">>"],
            &["+", "-"],
            &["//", "*", "/", "%"],
        ];
        let Some(ops) = LEVELS.get(level) else { return self.unary() };
        let mut a = self.expr(level + 1)?;
        'next: loop {
            for op in *ops {
                let save = self.at;
                if !op.starts_with(' ') {
                    self.space();
                }
                let rest = &self.s[self.at..];
                let longer = match *op {
                    "<" => rest.starts_with(b"<<"),
                    ">" => rest.starts_with(b">>"),
                    "*" => rest.starts_with(b"**"),
                    _ => false,
                };
                if !longer && rest.starts_with(op.as_bytes()) {
                    self.at += op.len();
                    let b = self.expr(level + 1)?;
                    a = binary(op.trim(), &a, &b)?;
                    continue 'next;
                }
                self.at = save;
            }
            return Ok(a);
        }
    }

    fn unary(&mut self) -> PyResult {
        if self.eat("-") {
            return number::negative(&*self.unary()?);
        }
        if self.eat("+") {
            return number::positive(&*self.unary()?);
        }
        if self.eat("~") {
            return number::invert(&*self.unary()?);
        }
        let a = self.postfix()?;
        if self.eat("**") {
            let b = self.unary()?;
            return number::power(&a, &b, none::none());
        }
        Ok(a)
    }

    /// Items up to `end`; keywords are for calls.
    #[allow(clippy::type_complexity)]
    fn items(&mut self, end: &str) -> PyResult<(Vec<Obj>, Vec<(Obj, Obj)>, bool)> {
        let (mut items, mut keywords, mut comma) = (Vec::new(), Vec::new(), false);
        while !self.eat(end) {
            let save = self.at;
            let w = self.word();
            if !w.is_empty() && self.eat("=") && !self.s[self.at..].starts_with(b"=") {
                keywords.push((Str::from_utf8(&w).into_obj(), self.expr(0)?));
            } else {
                self.at = save;
                items.push(self.expr(0)?);
            }
            comma = self.eat(",");
        }
        Ok((items, keywords, comma))
    }

    fn call(&mut self, f: &Object) -> PyResult {
        let (args, kw, _) = self.items(")")?;
        let mut all: Vec<&Object> = args.iter().map(|o| &**o).collect();
        if kw.is_empty() {
            return f.call(&all);
        }
        all.extend(kw.iter().map(|(_, v)| &**v));
        let names = Tuple::from_vec(kw.iter().map(|(k, _)| k.clone()).collect());
        f.call_kw(&all, args.len(), &names)
    }

    fn postfix(&mut self) -> PyResult {
        let mut o = self.atom()?;
        loop {
            if self.eat(".") {
                let w = self.word();
                o = o.get_attr_str(&w)?;
            } else if self.eat("(") {
                o = self.call(&o)?;
            } else if self.eat("[") {
                let mut parts: Vec<Option<Obj>> = vec![None];
                while !self.eat("]") {
                    if self.eat(":") {
                        parts.push(None);
                    } else {
                        let v = self.expr(0)?;
                        if let Some(p) = parts.last_mut() {
                            *p = Some(v);
                        }
                    }
                }
                let part = |i: usize| parts.get(i).cloned().flatten().unwrap_or_else(|| none::none().to_obj());
                let key =
                    if parts.len() == 1 { part(0) } else { Slice::from_owned(part(0), part(1), part(2)).into_obj() };
                o = o.get_item(&key)?;
            } else {
                return Ok(o);
            }
        }
    }

    fn text(&mut self) -> Vec<u32> {
        let quote = self.s[self.at];
        self.at += 1;
        let mut out = Vec::new();
        while self.s[self.at] != quote {
            let c = self.s[self.at];
            self.at += 1;
            if c != b'\\' {
                out.push(u32::from(c));
                continue;
            }
            let c = self.s[self.at];
            self.at += 1;
            let digits = match c {
                b'x' => 2,
                b'u' => 4,
                b'n' => {
                    out.push(10);
                    continue;
                }
                b'0' => {
                    out.push(0);
                    continue;
                }
                _ => {
                    out.push(u32::from(c));
                    continue;
                }
            };
            let h = std::str::from_utf8(&self.s[self.at..self.at + digits]).unwrap_or("");
            out.push(u32::from_str_radix(h, 16).unwrap_or(0));
            self.at += digits;
        }
        self.at += 1;
        out
    }

    fn atom(&mut self) -> PyResult {
        self.space();
        let c = self.s.get(self.at).copied().unwrap_or(0);
        if c == b'\'' {
            let t = self.text();
            return Ok(Str::from_ucs4(&t).into_obj());
        }
        if c == b'b' && self.s.get(self.at + 1) == Some(&b'\'') {
            self.at += 1;
            let t: Vec<u8> = self.text().into_iter().map(|c| c as u8).collect();
            return Ok(taipan_object::types::bytes::Bytes::new(&t).into_obj());
        }
        if c == b'[' {
            self.at += 1;
            return Ok(List::from_vec(self.items("]")?.0).into_obj());
        }
        if c == b'(' {
            self.at += 1;
            let (items, _, comma) = self.items(")")?;
            if let ([one], false) = (&items[..], comma) {
                return Ok(one.clone());
            }
            return Ok(Tuple::from_vec(items).into_obj());
        }
        if c.is_ascii_digit() {
            return Ok(self.number());
        }
        let w = self.word();
        if let Some(o) = name(&w) {
            return Ok(o);
        }
        self.expect("(");
        let (args, _, _) = self.items(")")?;
        let args: Vec<&Object> = args.iter().map(|o| &**o).collect();
        builtin(&w, &args).unwrap_or_else(|| panic!("unknown name {w}"))
    }

    fn number(&mut self) -> Obj {
        let start = self.at;
        let mut float = false;
        while let Some(&c) = self.s.get(self.at) {
            let exponent_sign = (c == b'-' || c == b'+') && matches!(self.s[self.at - 1], b'e') && float;
            match c {
                b'0'..=b'9' | b'_' | b'x' | b'a'..=b'f' if c != b'e' || self.s[start..].starts_with(b"0x") => {}
                b'.' if self.s.get(self.at + 1).is_some_and(u8::is_ascii_digit) => float = true,
                b'e' => float = true,
                _ if exponent_sign => {}
                _ => break,
            }
            self.at += 1;
        }
        let t = std::str::from_utf8(&self.s[start..self.at]).unwrap_or("");
        if self.s.get(self.at) == Some(&b'j') {
            self.at += 1;
            return Complex::new(0.0, t.parse().unwrap_or(f64::NAN)).into_obj();
        }
        if float {
            return Float::new(t.parse().unwrap_or(f64::NAN)).into_obj();
        }
        match int::parse_ascii(t.as_bytes(), 0) {
            Ok(i) => i.into_obj(),
            Err(e) => panic!("{t}: {e:?}"),
        }
    }
}

fn binary(op: &str, a: &Object, b: &Object) -> PyResult {
    match op {
        "+" => number::add(a, b),
        "-" => number::subtract(a, b),
        "*" => number::multiply(a, b),
        "/" => number::true_divide(a, b),
        "//" => number::floor_divide(a, b),
        "%" => number::remainder(a, b),
        "<<" => number::lshift(a, b),
        ">>" => number::rshift(a, b),
        "&" => number::and(a, b),
        "|" => number::or(a, b),
        "^" => number::xor(a, b),
        "==" => a.rich_compare(b, CompareOp::Eq),
        "!=" => a.rich_compare(b, CompareOp::Ne),
        "<" => a.rich_compare(b, CompareOp::Lt),
        "<=" => a.rich_compare(b, CompareOp::Le),
        ">" => a.rich_compare(b, CompareOp::Gt),
        ">=" => a.rich_compare(b, CompareOp::Ge),
        "in" => b.contains(a).map(bool_::from_bool),
        _ => panic!("unknown operator {op}"),
    }
}

fn answer(expr: &str) -> String {
    let mut p = Parser { s: expr.as_bytes(), at: 0 };
    let r = p.expr(0).and_then(|o| o.repr());
    match r {
        Ok(s) => {
            p.space();
            assert_eq!(p.at, p.s.len(), "{expr} is not read to its end");
            s.display().to_string()
        }
        Err(e) => {
            let e = e.take();
            let text = e.str().map(|s| s.display().to_string()).unwrap_or_else(|_| "?".to_owned());
            format!("!! {}: {text}", e.ty().name_str())
        }
    }
}

#[test]
fn same_answers_as_the_reference() {
    let _: Names = name;
    attach();
    let mut wrong = 0;
    let mut count = 0;
    let mut lines = include_str!("numbers/cases.txt").lines();
    while let (Some(expr), Some(expected)) = (lines.next(), lines.next()) {
        count += 1;
        let got = answer(expr);
        if got != expected {
            wrong += 1;
            println!("{expr}\n   expected {expected}\n   got      {got}");
        }
    }
    assert!(count > 300, "only {count} cases");
    assert_eq!(wrong, 0, "{wrong} of {count} differ");
}
