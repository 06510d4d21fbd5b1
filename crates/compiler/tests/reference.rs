//! Programs with what the reference compiles them to beside them, as written by `support/reference.py`.

#[path = "support/listing.rs"]
mod listing;

use taipan_compiler::symtable::SymbolTable;
use taipan_compiler::{ErrorKind, Options, compile, with_symbol_table};
use taipan_syntax::{Arena, Mode, ParseOptions, parse};

/// Compares line by line, so that a failure shows the place and not everything.
fn same(what: &str, ours: &[u8], reference: &[u8]) {
    let split = |text: &[u8]| text.split(|&c| c == b'\n').map(<[u8]>::to_vec).collect::<Vec<_>>();
    let (ours, reference) = (split(ours), split(reference));
    for i in 0..ours.len().max(reference.len()) {
        if ours.get(i) != reference.get(i) {
            let text = |lines: &[Vec<u8>]| {
                let from = i.saturating_sub(5).min(lines.len());
                let to = (i + 3).min(lines.len());
                String::from_utf8_lossy(&lines[from..to].join(&b'\n')).into_owned()
            };
            panic!("{what}, line {}\n-- ours --\n{}\n-- reference --\n{}", i + 1, text(&ours), text(&reference));
        }
    }
}

fn check(path: &str, source: &str, references: &[(u8, &[u8])], symbols: &[u8]) {
    let arena = Arena::new();
    let tree = parse(&arena, source, &ParseOptions::default(), &mut Vec::new()).expect("the case is a program");
    let options = |optimize| Options { optimize, stack_bytes: 16 << 20, ..Options::new(path) };
    for &(optimize, reference) in references {
        let code = compile(&tree, &options(optimize), &mut |_, _| Ok(())).expect("the case compiles");
        let mut text = Vec::new();
        listing::dump(&code, &mut text);
        same(&format!("{path} with optimize={optimize}"), &text, reference);
        let data = taipan_bytecode::marshal::dump_code(&code);
        let again = taipan_bytecode::marshal::load_code(&data).expect("marshal data can be read again");
        text.clear();
        listing::dump(&again, &mut text);
        same(&format!("{path} with optimize={optimize}, through marshal"), &text, reference);
    }
    let mut text = Vec::new();
    with_symbol_table(&tree, &options(0), |table, names| {
        listing::block(table, names, SymbolTable::TOP, 0, &mut text);
    })
    .expect("the case has a symbol table");
    same(&format!("symbols of {path}"), &text, symbols);
}

macro_rules! cases {
    ($($name:ident: $($optimize:literal)*;)*) => { $(
        #[test]
        fn $name() {
            let thread = std::thread::Builder::new().stack_size(64 << 20).spawn(|| check(
                concat!("cases/", stringify!($name), ".py"),
                include_str!(concat!("cases/", stringify!($name), ".py")),
                &[$(($optimize, include_bytes!(concat!("cases/", stringify!($name), ".O", $optimize, ".txt")))),*],
                include_bytes!(concat!("cases/", stringify!($name), ".symbols.txt")),
            ));
            thread.expect("a thread starts").join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        }
    )* };
}
cases! {
    deferred: 0;
    flow: 0;
    scopes: 0;
    values: 0 2;
}

/// What the compiler says of a program: warnings, then an error or `fine`.
fn answer(source: &str, mode: Mode) -> String {
    let arena = Arena::new();
    let options = ParseOptions { mode, ..ParseOptions::default() };
    let tree = match parse(&arena, source, &options, &mut Vec::new()) {
        Ok(tree) => tree,
        Err(e) => {
            let at = e.location.expect("errors of the parser have a place");
            return format!("{} @ {}:{}-{}:{}\n", e.msg, at.lineno, at.offset, at.end_lineno, at.end_offset);
        }
    };
    let mut out = String::new();
    let result = compile(&tree, &Options::new("x"), &mut |message, at| {
        out += &format!("warning {}: {message}\n", at.line);
        Ok(())
    });
    match result {
        Ok(_) => out + "fine\n",
        Err(e) => {
            assert_eq!(e.kind, ErrorKind::Syntax, "{source}");
            let at = e.location;
            let (start, end) = (at.column + 1, at.end_column + 1);
            out + &format!("{} @ {}:{start}-{}:{end}\n", e.message, at.line, at.end_line)
        }
    }
}

#[test]
fn programs() {
    let mut lines = include_str!("cases/programs.txt").lines().filter(|line| !line.starts_with('#')).peekable();
    let mut differences = String::new();
    while let Some(head) = lines.next() {
        let (mode, program) = head.split_once(" | ").expect("a mode and a program");
        let mode = match mode {
            "eval" => Mode::Eval,
            "single" => Mode::Single,
            _ => Mode::Exec,
        };
        let mut expected = String::new();
        while let Some(line) = lines.next_if(|line| line.starts_with("    ")) {
            expected += &line[4..];
            expected.push('\n');
        }
        let ours = answer(&program.replace("\\n", "\n"), mode);
        if ours != expected {
            differences += &format!("{program}\nours:      {ours}reference: {expected}");
        }
    }
    assert!(differences.is_empty(), "{differences}");
}

/// A tree too deep for the stack is an error, not a crash.
#[test]
fn deep() {
    let arena = Arena::new();
    let source = format!("{}x{}", "(1, ".repeat(80), ")".repeat(80));
    let tree = parse(&arena, &source, &ParseOptions::default(), &mut Vec::new()).expect("a program");
    let options = Options { stack_bytes: 8 << 10, ..Options::new("x") };
    let error = compile(&tree, &options, &mut |_, _| Ok(())).expect_err("too deep");
    assert_eq!(error.kind, ErrorKind::Recursion);
    assert!(compile(&tree, &Options::new("x"), &mut |_, _| Ok(())).is_ok());
}

/// A sink that refuses a warning makes it an error.
#[test]
fn refused_warning() {
    let arena = Arena::new();
    let tree = parse(&arena, "x is 1", &ParseOptions::default(), &mut Vec::new()).expect("a program");
    let error = compile(&tree, &Options::new("x"), &mut |_, _| Err(())).expect_err("a refusal");
    assert_eq!(error.message, "\"is\" with 'int' literal. Did you mean \"==\"?");
}
