//! Prints the trees of the files named on standard input, one line each, for comparison with another parser's.

use std::fmt::Write as _;
use std::io::{BufRead, Write};

use taipan_syntax::ast::dump;
use taipan_syntax::{Arena, Mode, ParseOptions, parse};

fn main() {
    let mut stdout = std::io::stdout().lock();
    let mode = match std::env::args().nth(1).as_deref() {
        Some("eval") => Mode::Eval,
        Some("single") => Mode::Single,
        Some("func_type") => Mode::FuncType,
        _ => Mode::Exec,
    };
    let type_comments = std::env::args().any(|arg| arg == "--type-comments");
    let options = ParseOptions { mode, type_comments, ..ParseOptions::default() };
    for path in std::io::stdin().lock().lines().map_while(Result::ok) {
        let mut out = String::new();
        let source = std::fs::read(&path).unwrap_or_default();
        let source = String::from_utf8_lossy(&source);
        let arena = Arena::new();
        match parse(&arena, &source, &options, &mut Vec::new()) {
            Ok(tree) => {
                out = dump(&tree);
            }
            Err(error) => {
                let _ = write!(out, "{}: {:?} {:?}", error.kind.name(), error.msg, error.location);
            }
        }
        let _ = writeln!(stdout, "{out}").and_then(|()| stdout.flush());
    }
}
