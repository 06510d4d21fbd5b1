//! A plain mutation fuzzer: deterministic, from a seed and a folder of sources. `cargo xtask fuzz` runs it.
//!
//! usage: `fuzz lexer|parser|compiler|marshal SEED SECONDS FOLDER CURRENT`; the input under test is always in the file CURRENT,
//! so that it is known when the process dies. An input that takes more than ten seconds is a failure too.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use taipan_bytecode::marshal;
use taipan_compiler::{Options, compile};
use taipan_syntax::tokenize::Tokenize;
use taipan_syntax::{Arena, Mode, ParseOptions, parse, parse_bytes};

/// A small generator of random numbers (xorshift*).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() >> 11) as usize % n.max(1)
    }
}

const WORDS: &[&str] = &[
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "((((((((",
    "))))))))",
    ":",
    ";",
    ",",
    ".",
    "...",
    "\\",
    "\\\n",
    "\n",
    "\r",
    "\t",
    " ",
    "\x0c",
    "'",
    "\"",
    "'''",
    "\"\"\"",
    "f'",
    "f\"{",
    "t'{",
    "rb'",
    "{x!r:>{w}}",
    "{{",
    "}}",
    "!r",
    "!=",
    "<>",
    ":=",
    "->",
    "**",
    "//=",
    "@",
    "if ",
    "elif ",
    "else:",
    "for x in ",
    "while ",
    "def f(",
    "class C(",
    "lambda ",
    "yield ",
    "await ",
    "async ",
    "match x:\n case ",
    "try:\n",
    "except* ",
    "finally:",
    "with ",
    "import ",
    "from . import *",
    "global x",
    "nonlocal x",
    "type X[T] = ",
    "return ",
    "del ",
    "raise ",
    "assert ",
    "pass\n",
    "break",
    "continue",
    "not ",
    "is ",
    "in ",
    "and ",
    "or ",
    "None",
    "__debug__",
    "super()",
    "0x",
    "1e",
    "1_",
    "0777",
    "9999999999999999999999",
    "1j",
    "1.5",
    "\\N{DIGIT ONE}",
    "\\u1234",
    "\\x",
    "\\777",
    "é",
    "λ",
    "\u{200b}",
    "\u{feff}",
    "\u{10ffff}",
    "# type: ignore\n",
    "# coding: latin-1\n",
    "-----",
    "~~~~",
    "****",
    "    ",
    "\n    ",
    "\n        ",
    "\0",
];

fn sources(dir: &Path, out: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(dir) else { return };
    let mut entries: Vec<_> = entries.filter_map(|e| Some(e.ok()?.path())).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            sources(&path, out);
        } else if path.extension().is_some_and(|e| e == "py") && path.metadata().is_ok_and(|m| m.len() < 200_000) {
            out.push(path);
        }
    }
}

/// A piece of a source: some lines, so that one input takes little time.
fn piece(corpus: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let Some(source) = corpus.get(random.below(corpus.len())) else { return Vec::new() };
    let start = random.below(source.len());
    let start = source[..start].iter().rposition(|&b| b == b'\n').map_or(0, |n| n + 1);
    let end = (start + 200 + random.below(3000)).min(source.len());
    source[start..end].to_vec()
}

fn mutate(input: &mut Vec<u8>, corpus: &[Vec<u8>], random: &mut Random) {
    for _ in 0..1 + random.below(6) {
        let at = random.below(input.len() + 1);
        let until = (at + 1 + random.below(16)).min(input.len());
        match random.below(8) {
            0 => drop(input.drain(at..until)),
            1 => {
                let copy = input[at..until].to_vec();
                input.splice(at..at, copy);
            }
            2 | 3 => {
                let word = WORDS[random.below(WORDS.len())];
                input.splice(at..at, word.bytes());
            }
            4 => {
                // Deep or long: the same again and again.
                let word = WORDS[random.below(WORDS.len())];
                let many = word.repeat(1 << random.below(11));
                input.splice(at..at, many.bytes());
            }
            5 => {
                if let Some(byte) = input.get_mut(at) {
                    *byte = random.next() as u8;
                }
            }
            6 => {
                let other = piece(corpus, random);
                let end = random.below(400).min(other.len());
                input.splice(at..until, other[..end].iter().copied());
            }
            _ => input.truncate(at),
        }
    }
}

fn mutate_binary(input: &mut Vec<u8>, random: &mut Random) {
    for _ in 0..1 + random.below(4) {
        let at = random.below(input.len().max(1)).min(input.len());
        match random.below(6) {
            0 | 1 => {
                if let Some(byte) = input.get_mut(at) {
                    *byte = random.next() as u8;
                }
            }
            2 => {
                if let Some(byte) = input.get_mut(at) {
                    *byte = b"0NFTSE.iIfgxylstr([{cu<>:aA)zZ"[random.below(30)] | (random.below(2) as u8) << 7;
                }
            }
            3 => input.truncate(at),
            4 => {
                let until = (at + random.below(8)).min(input.len());
                input.drain(at..until);
            }
            _ => {
                let number = [0u32, 1, 0xFF, 0x7FFF_FFFF, 0x8000_0000, u32::MAX][random.below(6)];
                let until = (at + 4).min(input.len());
                input.splice(at..until, number.to_le_bytes());
            }
        }
    }
}

fn compile_text(text: &str, mode: Mode, optimize: u8) -> Option<Arc<taipan_bytecode::Code>> {
    let arena = Arena::new();
    let options = ParseOptions { mode, ..ParseOptions::default() };
    let tree = parse(&arena, text, &options, &mut Vec::new()).ok()?;
    compile(&tree, &Options { optimize, ..Options::new("fuzz") }, &mut |_, _| Ok(())).ok()
}

fn run(target: &str, input: &[u8], random: &mut Random) {
    let mode = [Mode::Exec, Mode::Exec, Mode::Eval, Mode::Single, Mode::FuncType][random.below(5)];
    match target {
        "lexer" => {
            let text = String::from_utf8_lossy(input);
            let count = Tokenize::new(&text, random.below(2) == 0).take_while(Result::is_ok).count();
            assert!(count <= 3 * text.len() + 10, "more tokens than text");
        }
        "parser" => {
            let arena = Arena::new();
            let mut options = ParseOptions { mode, ..ParseOptions::default() };
            options.type_comments = random.below(4) == 0;
            options.allow_incomplete_input = random.below(4) == 0;
            options.dont_imply_dedent = random.below(4) == 0;
            let _ = parse_bytes(&arena, input, None, &options, &mut Vec::new());
        }
        "compiler" => {
            let text = String::from_utf8_lossy(input);
            if let Some(code) = compile_text(&text, mode, random.below(3) as u8) {
                // What is compiled can be written and read back.
                let data = marshal::dump_code(&code);
                assert!(marshal::load_code(&data).is_ok(), "cannot be read back");
            }
        }
        _ => {
            let _ = marshal::load_code(input);
        }
    }
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [target, seed, seconds, dir, current] = &args[..] else {
        eprintln!("usage: fuzz lexer|parser|compiler|marshal SEED SECONDS FOLDER CURRENT");
        std::process::exit(2);
    };
    let (seed, seconds) = (seed.parse().unwrap_or(1), seconds.parse().unwrap_or(10));
    let mut random = Random(0x9E37_79B9_7F4A_7C15 ^ u64::max(seed, 1));
    let mut files = Vec::new();
    sources(Path::new(dir), &mut files);
    let corpus: Vec<Vec<u8>> = (0..400)
        .filter_map(|_| std::fs::read(files.get(random.below(files.len()))?).ok())
        .filter(|source| !source.is_empty())
        .collect();
    let binary: Vec<Vec<u8>> = match target.as_str() {
        "marshal" => {
            let texts = corpus.iter().take(60).filter_map(|s| std::str::from_utf8(s).ok());
            texts.filter_map(|s| Some(marshal::dump_code(&*compile_text(s, Mode::Exec, 0)?))).collect()
        }
        _ => Vec::new(),
    };
    let started = Arc::new(Mutex::new(Instant::now()));
    let count = Arc::new(AtomicU64::new(0));
    let (watched, counted) = (Arc::clone(&started), Arc::clone(&count));
    std::thread::spawn(move || {
        loop {
            std::thread::sleep(Duration::from_millis(200));
            if watched.lock().is_ok_and(|at| at.elapsed() > Duration::from_secs(10)) {
                eprintln!("hangs after {} inputs", counted.load(Ordering::Relaxed));
                std::process::exit(3);
            }
        }
    });
    let end = Instant::now() + Duration::from_secs(seconds);
    while Instant::now() < end {
        let mut input;
        if binary.is_empty() {
            input = piece(&corpus, &mut random);
            mutate(&mut input, &corpus, &mut random);
        } else {
            input = binary[random.below(binary.len())].clone();
            mutate_binary(&mut input, &mut random);
        }
        if let Err(e) = std::fs::write(current, &input) {
            eprintln!("{current}: {e}");
            std::process::exit(2);
        }
        if let Ok(mut at) = started.lock() {
            *at = Instant::now();
        }
        run(target, &input, &mut random);
        count.fetch_add(1, Ordering::Relaxed);
    }
    println!("{target}: {} inputs, seed {seed}", count.load(Ordering::Relaxed));
}
