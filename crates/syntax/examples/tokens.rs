//! Prints the tokens of the files named on standard input, for comparison with another tokenizer's.

use std::io::{BufRead, Write};

use taipan_syntax::tokenize::Tokenize;

fn main() {
    let mut stdout = std::io::BufWriter::new(std::io::stdout().lock());
    for path in std::io::stdin().lock().lines().map_while(Result::ok) {
        let source = std::fs::read(&path).unwrap_or_default();
        let source = String::from_utf8_lossy(&source);
        let text = source.strip_prefix('\u{FEFF}').unwrap_or(&source);
        for token in Tokenize::new(text, true) {
            let _ = match token {
                Ok(token) => {
                    let hex = |text: &str| text.bytes().map(|c| format!("{c:02x}")).collect::<String>();
                    let (a, b) = (token.start, token.end);
                    let kind = token.number(true);
                    writeln!(stdout, "{kind} {}:{}-{}:{} {} {}", a.0, a.1, b.0, b.1, hex(token.string), hex(token.line))
                }
                Err(error) => writeln!(stdout, "{} {:?} {:?}", error.kind.name(), error.msg, error.location),
            };
        }
        let _ = writeln!(stdout, "end").and_then(|()| stdout.flush());
    }
}
