//! Prints one line per source file: a digest of every code object in it, to compare with the reference's.
//!
//! usage: `codehash ROOT LISTFILE`; `codehash --dump FILE` to see the code objects of one file; `--marshal FILE` and
//! `--unmarshal FILE` to write and read marshal data; `--time ROOT LISTFILE` to measure;
//! `--generate FILE` to see instructions before optimisation, `--symtable FILE` to see the symbol table;
//! `--snippets FILE` for many small programs.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use md5::{Digest, Md5};
use taipan_bytecode::{Code, Const};
use taipan_compiler::symtable::SymbolTable;
use taipan_compiler::{ErrorKind, Options, compile, repr, stages, with_symbol_table};
use taipan_syntax::{Arena, Mode, ParseOptions, parse, parse_bytes};

#[path = "../tests/support/listing.rs"]
mod listing;

use listing::{const_text, dump, fields};

fn digest(code: &Code, out: &mut Vec<String>) {
    let mut hasher = Md5::new();
    for part in [&code.code, &code.linetable, &code.exceptiontable] {
        hasher.update(b"|");
        hasher.update(part);
    }
    for (_, value) in fields(code) {
        hasher.update(b"|");
        hasher.update(&value);
    }
    hasher.update(b"|");
    let mut consts = Vec::new();
    for (i, value) in code.consts.iter().enumerate() {
        if i > 0 {
            consts.push(b';');
        }
        const_text(value, &mut consts);
    }
    hasher.update(&consts);
    let mut text = String::new();
    for byte in &hasher.finalize()[..6] {
        let _ = write!(text, "{byte:02x}");
    }
    out.push(text);
    for value in &code.consts {
        if let Const::Code(inner) = value {
            digest(inner, out);
        }
    }
}

/// The text of a source file: UTF-8, or Latin-1 where that does not fit.
fn read(path: &Path) -> std::io::Result<String> {
    let bytes = std::fs::read(path)?;
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes);
    Ok(match std::str::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(_) => bytes.iter().map(|&b| b as char).collect(),
    })
}

/// An exception as `codehash.py` writes it.
fn error_line(class: &str, message: &str, [line, offset, end_line, end_offset]: [i64; 4]) -> String {
    let message = repr::constant(&Const::Str(message.into()));
    let message = String::from_utf8_lossy(&message);
    // A line 0 is one that the exception has no range for.
    let end = if line == 0 { "None, None".into() } else { format!("{end_line}, {end_offset}") };
    format!("SyntaxError\t('{class}', {message}, {line}, {offset}, {end})")
}

fn compile_file(path: &Path, name: &str, optimize: u8) -> Result<std::sync::Arc<Code>, String> {
    let source = std::fs::read(path).map_err(|e| format!("Error\t{e}"))?;
    let arena = Arena::new();
    let mut warnings = Vec::new();
    let tree = parse_bytes(&arena, &source, None, &ParseOptions::default(), &mut warnings).map_err(|e| {
        let place = e.location.map_or([0; 4], |l| [l.lineno.into(), l.offset, l.end_lineno.into(), l.end_offset]);
        error_line(e.kind.name(), &e.msg, place)
    })?;
    let options = Options { optimize, stack_bytes: 64 << 20, ..Options::new(name) };
    compile(&tree, &options, &mut |message, at| {
        if std::env::var_os("SHOW_WARNINGS").is_some() {
            println!("warning {} {message}", at.line);
        }
        Ok(())
    })
    .map_err(|e| {
        let at = e.location;
        error_line("SyntaxError", &e.message, [at.line, at.column + 1, at.end_line, at.end_column + 1].map(i64::from))
    })
}

/// The instructions of a unit and those inside, as the reference's test support shows them.
fn show_generated(unit: &stages::Generated, out: &mut impl std::io::Write) -> std::io::Result<()> {
    writeln!(out, "unit {}", unit.nested.len())?;
    for i in &unit.instructions {
        let arg = if i.op.has_arg() { i.oparg.to_string() } else { "None".into() };
        let at = i.location;
        writeln!(out, "({}, {arg}, {}, {}, {}, {})", i.op as u16, at.line, at.end_line, at.column, at.end_column)?;
    }
    unit.nested.iter().try_for_each(|nested| show_generated(nested, out))
}

/// Digests and warnings of one program, or its error.
fn snippet(source: &str, optimize: u8) -> String {
    let arena = Arena::new();
    let mode = match std::env::var("MODE").as_deref() {
        Ok("eval") => Mode::Eval,
        Ok("single") => Mode::Single,
        _ => Mode::Exec,
    };
    let tree = match parse(&arena, source, &ParseOptions { mode, ..ParseOptions::default() }, &mut Vec::new()) {
        Ok(tree) => tree,
        Err(e) => return format!("PARSE {}", e.msg),
    };
    let mut warnings = Vec::new();
    let flags = std::env::var("FLAGS").ok().and_then(|v| v.parse().ok()).unwrap_or(0);
    let options = Options { optimize, flags, ..Options::new("x") };
    let result = compile(&tree, &options, &mut |message, at| {
        warnings.push(format!("{}:{message}", at.line));
        Ok(())
    });
    match result {
        Ok(code) => {
            let mut digests = Vec::new();
            digest(&code, &mut digests);
            format!("OK {} {}", digests.join(" "), warnings.join("|"))
        }
        Err(e) => {
            let at = e.location;
            let place = (at.line, at.column + 1, at.end_line, at.end_column + 1);
            match e.kind {
                ErrorKind::Syntax => format!("ERR Syntax {} {place:?}", e.message),
                kind => format!("ERR {kind:?}Error {}", e.message),
            }
        }
    }
}

fn run() -> Result<(), Box<dyn std::error::Error>> {
    let optimize = std::env::var("OPTIMIZE").ok().and_then(|v| v.parse().ok()).unwrap_or(0);
    let args: Vec<String> = std::env::args().skip(1).collect();
    let mut out = std::io::BufWriter::new(std::io::stdout());
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--dump", file] => match compile_file(Path::new(file), file, optimize) {
            Ok(code) => {
                let mut text = Vec::new();
                dump(&code, &mut text);
                out.write_all(&text)?;
            }
            Err(e) => writeln!(out, "{e}")?,
        },
        ["--symtable", file] => {
            let source = read(Path::new(file))?;
            let arena = Arena::new();
            let tree = parse(&arena, &source, &ParseOptions::default(), &mut Vec::new()).map_err(|e| e.msg)?;
            let options = Options { stack_bytes: 64 << 20, ..Options::new(file) };
            let mut text = Vec::new();
            with_symbol_table(&tree, &options, |table, names| {
                listing::block(table, names, SymbolTable::TOP, 0, &mut text);
            })?;
            out.write_all(&text)?;
        }
        ["--generate", file] => {
            let source = read(Path::new(file))?;
            let arena = Arena::new();
            let tree = parse(&arena, &source, &ParseOptions::default(), &mut Vec::new()).map_err(|e| e.msg)?;
            let options = Options { stack_bytes: 64 << 20, ..Options::new(file) };
            show_generated(&stages::generate(&tree, &options, &mut |_, _| Ok(()))?, &mut out)?;
        }
        ["--snippets", file] => {
            let data = std::fs::read(file)?;
            let mut rest = &data[..];
            while let Some((size, tail)) = rest.split_at_checked(4) {
                let size = u32::from_le_bytes([size[0], size[1], size[2], size[3]]) as usize;
                let (source, tail) = tail.split_at_checked(size).ok_or("cut off")?;
                rest = tail;
                writeln!(out, "{}", snippet(std::str::from_utf8(source)?, optimize))?;
            }
        }
        ["--marshal", file] => match compile_file(Path::new(file), file, optimize) {
            Ok(code) => out.write_all(&taipan_bytecode::marshal::dump_code(&code))?,
            Err(e) => return Err(e.into()),
        },
        ["--unmarshal", file] => {
            let code = taipan_bytecode::marshal::load_code(&std::fs::read(file)?);
            let mut text = Vec::new();
            dump(&*code.map_err(|e| format!("{e:?}"))?, &mut text);
            out.write_all(&text)?;
        }
        ["--time", root, list] => {
            let list = std::fs::read_to_string(list)?;
            let paths: Vec<_> = list.lines().filter(|l| !l.is_empty()).map(|l| Path::new(root).join(l)).collect();
            let sources: Vec<String> = paths.iter().filter_map(|p| read(p).ok()).collect();
            let (mut parsing, mut compiling, mut lines) = (0.0, 0.0, 0);
            for source in &sources {
                let arena = Arena::new();
                let start = std::time::Instant::now();
                let tree = parse(&arena, source, &ParseOptions::default(), &mut Vec::new());
                let middle = std::time::Instant::now();
                if let Ok(tree) = tree {
                    let result = compile(&tree, &Options::new("x"), &mut |_, _| Ok(()));
                    compiling += middle.elapsed().as_secs_f64();
                    lines += source.lines().count();
                    drop(result);
                }
                parsing += (middle - start).as_secs_f64();
            }
            writeln!(out, "parse {parsing:.3} s, compile {compiling:.3} s, {lines} lines")?;
        }
        [root, list] => {
            for file in std::fs::read_to_string(list)?.lines().filter(|l| !l.is_empty()) {
                match compile_file(&Path::new(root).join(file), file, optimize) {
                    Ok(code) => {
                        let mut digests = Vec::new();
                        digest(&code, &mut digests);
                        writeln!(out, "{file}\t{}\t{}", digests.len(), digests.join(" "))?;
                    }
                    Err(e) => writeln!(out, "{file}\t{e}")?,
                }
            }
        }
        _ => return Err("usage: codehash ROOT LISTFILE | codehash --dump FILE".into()),
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Debug builds need more stack for the deepest trees of the library.
    let thread = std::thread::Builder::new().stack_size(256 << 20).spawn(|| run().map_err(|e| e.to_string()))?;
    match thread.join() {
        Ok(result) => result.map_err(Into::into),
        Err(_) => Err("the compiler panicked".into()),
    }
}
