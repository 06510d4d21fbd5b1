//! Programs with the reference's trees and errors beside them.

use std::fmt::Write as _;

use taipan_syntax::ast::dump;
use taipan_syntax::{Arena, Mode, ParseOptions, parse};

/// Undoes `\n`, `\\`, `\u{..}` and the like.
fn unescape(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('u') => {
                let digits: String = chars.by_ref().skip(1).take_while(|&c| c != '}').collect();
                let code = u32::from_str_radix(&digits, 16).expect("hexadecimal digits");
                out.push(char::from_u32(code).expect("a character"));
            }
            other => out.extend(other),
        }
    }
    out
}

fn escape(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            ' '..='~' => out.push(c),
            _ => write!(out, "\\u{{{:x}}}", c as u32).expect("strings can be written to"),
        }
    }
    out
}

/// Cases: options, program, expectation.
fn cases(text: &str) -> Vec<(ParseOptions, String, &str)> {
    let mut lines = text.lines().filter(|line| !line.starts_with('#'));
    let mut cases = Vec::new();
    while let Some(head) = lines.next() {
        let (words, program) = head.split_once(" | ").unwrap_or((head, ""));
        let mut options = ParseOptions::default();
        for word in words.split_whitespace() {
            match word {
                "exec" | "|" => options.mode = Mode::Exec,
                "eval" => options.mode = Mode::Eval,
                "single" => options.mode = Mode::Single,
                "func_type" => options.mode = Mode::FuncType,
                "types" => options.type_comments = true,
                "incomplete" => {
                    options.allow_incomplete_input = true;
                    options.dont_imply_dedent = true;
                }
                version => {
                    options.feature_version = version.trim_start_matches("3.").parse().expect("a version");
                }
            }
        }
        let expected = lines.next().expect("an expectation");
        cases.push((options, unescape(program), expected.trim_start()));
    }
    cases
}

/// The deepest cases need more stack than test threads have, as the main thread does.
fn with_stack(job: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(8 << 20).spawn(job).expect("a thread");
    thread.join().expect("no panic");
}

#[test]
fn errors() {
    with_stack(|| {
        let mut wrong = String::new();
        let cases = cases(include_str!("errors.txt"));
        assert!(cases.len() > 800);
        for (options, program, expected) in cases {
            let arena = Arena::new();
            let mut warnings = Vec::new();
            let mut found = match parse(&arena, &program, &options, &mut warnings) {
                Ok(_) => "OK".to_owned(),
                Err(error) => {
                    let mut found = error.kind.name().to_owned();
                    if let Some(at) = &error.location {
                        let _ = write!(found, " {}:{}-{}:{}", at.lineno, at.offset, at.end_lineno, at.end_offset);
                    }
                    found = format!("{found} | {}", escape(&error.msg));
                    if let Some(at) = error.location {
                        found = format!("{found} | {}", at.text.as_deref().map_or("None".into(), escape));
                    }
                    found
                }
            };
            for warning in warnings {
                let _ = write!(found, " | warning {}: {}", warning.lineno, escape(&warning.msg));
            }
            if found.trim_end() != expected.trim_end() {
                let _ = writeln!(wrong, "{}\n    found    {found}\n    expected {expected}", escape(&program));
            }
        }
        assert!(wrong.is_empty(), "{wrong}");
    });
}

#[test]
fn trees() {
    let mut wrong = String::new();
    let cases = cases(include_str!("trees.txt"));
    assert!(cases.len() > 80);
    for (options, program, expected) in cases {
        let arena = Arena::new();
        let found = match parse(&arena, &program, &options, &mut Vec::new()) {
            Ok(tree) => dump(&tree),
            Err(error) => error.msg,
        };
        if found != expected {
            let _ = writeln!(wrong, "{}\n    found    {found}\n    expected {expected}", escape(&program));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// Nesting of every kind ends in an error, not in a crash.
#[test]
fn deep_nesting() {
    with_stack(|| {
        let overflow = "Parser stack overflowed - Python source too complex to parse";
        for (unit, tail, expected) in [
            ("(", "", "too many nested parentheses"),
            ("[", "", "too many nested parentheses"),
            ("f'{", "", "too many nested parentheses"),
            ("-", "1", overflow),
            ("not ", "1", overflow),
            ("lambda: ", "1", overflow),
            ("lambda a=lambda: 0: ", "1", overflow),
            ("1 if 1 else ", "1", overflow),
            ("1 ** ", "1", overflow),
            ("await ", "1", "invalid syntax"),
        ] {
            let program = unit.repeat(20_000) + tail;
            let arena = Arena::new();
            let error = parse(&arena, &program, &ParseOptions::default(), &mut Vec::new());
            let msg = error.err().map(|error| error.msg);
            let found = msg.as_deref().unwrap_or("none");
            let nested_strings = unit == "f'{" && found.starts_with("too many nested");
            assert!(found == expected || nested_strings, "{unit}: {found}");
        }
        // What does not nest may be long.
        for program in ["1".to_owned() + &"+1".repeat(20_000), "a".to_owned() + &".b()".repeat(20_000)] {
            assert!(parse(&Arena::new(), &program, &ParseOptions::default(), &mut Vec::new()).is_ok());
        }
        let elifs = "if 1:\n x\n".to_owned() + &"elif 1:\n x\n".repeat(5000);
        assert!(parse(&Arena::new(), &elifs, &ParseOptions::default(), &mut Vec::new()).is_ok());
    });
}
