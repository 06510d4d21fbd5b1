//! Says what is wrong with the programs on standard input, for comparison with another parser.
//!
//! Each line has a mode and a program in hexadecimal; the answer is `OK` or the error's parts, texts in hexadecimal,
//! and the warnings.

use std::fmt::Write as _;
use std::io::{BufRead, Write};

use taipan_syntax::{Arena, Mode, ParseOptions, parse, parse_bytes};

fn hex(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

fn main() {
    let mut stdout = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        let mut words = line.split(' ');
        let mode = match words.next() {
            Some("eval") => Mode::Eval,
            Some("single") => Mode::Single,
            Some("func_type") => Mode::FuncType,
            _ => Mode::Exec,
        };
        let digits = words.next().unwrap_or_default();
        let mut as_bytes = false;
        let mut options = ParseOptions { mode, ..ParseOptions::default() };
        for word in words {
            match word.parse() {
                Ok(minor) => options.feature_version = minor,
                Err(_) if word == "types" => options.type_comments = true,
                Err(_) if word == "bytes" => as_bytes = true,
                Err(_) => {
                    options.allow_incomplete_input = true;
                    options.dont_imply_dedent = true;
                }
            }
        }
        let bytes = (0..digits.len() / 2).map(|i| u8::from_str_radix(&digits[2 * i..2 * i + 2], 16).unwrap_or(0));
        let bytes = bytes.collect::<Vec<_>>();
        let source = String::from_utf8_lossy(&bytes).into_owned();
        let arena = Arena::new();
        let mut warnings = Vec::new();
        let result = if as_bytes {
            parse_bytes(&arena, &bytes, None, &options, &mut warnings)
        } else {
            parse(&arena, &source, &options, &mut warnings)
        };
        let mut out = match result {
            Ok(_) => "OK".to_owned(),
            Err(error) => match error.location {
                None => format!("{}|{}", error.kind.name(), hex(&error.msg)),
                Some(at) => format!(
                    "{}|{}|{}|{}|{}|{}|{}",
                    error.kind.name(),
                    hex(&error.msg),
                    at.lineno,
                    at.offset,
                    at.end_lineno,
                    at.end_offset,
                    at.text.as_deref().map_or("None".into(), hex)
                ),
            },
        };
        for warning in warnings {
            let _ = write!(out, " {}:{}", warning.lineno, hex(&warning.msg));
        }
        let _ = writeln!(stdout, "{out}").and_then(|()| stdout.flush());
    }
}
