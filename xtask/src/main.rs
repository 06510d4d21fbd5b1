//! Developer commands, run as `cargo xtask COMMAND`. `cargo xtask help` lists them.

mod args;
mod bench;
mod bench_compile;
mod bytecode_diff;
mod conformance;
mod fuzz;
mod manifest;
mod mutations;
mod oracle;
mod process;
mod results;
mod run_tests;
mod test;
mod tidy;
mod unittest_lines;
mod workspace;

use std::process::ExitCode;

/// What a command gives back: an error is a text for the person at the terminal.
pub type Outcome<T = ()> = Result<T, String>;

const HELP: &str = "\
cargo xtask COMMAND

  test                         everything a change must pass; the command of the README
  run-tests [FILTER..]         tests/run/**/*.py against the outputs beside them   (--bless, -j N)
  conformance [MODULE..]       CPython's own test-suite, per test method
                               (--check, --update, --reference, --all, --budget S, --timeout S, -j N)
  bytecode-diff [--root DIR]   every field of every code object against the reference
                               (--list, --optimize 0|1|2, --mode exec|eval|single, --tree)
  mutations                    programs with one token wrong: errors and warnings against the reference's
                               (--count N, --seed N, --kind token|tokens|character|cut, --root DIR)
  fuzz [TARGET..]              damaged input for lexer, parser, compiler, marshal, loads
                               (--seconds N, --seed N, --root DIR)
  bench [NAME..]               speed, start-up and memory against the reference, as ratios
                               (--micro, --startup, --compile, --rounds N, --out FILE)
  tidy                         arrows between crates, file sizes, generated files, dependencies
  oracle                       finds (or installs) the reference interpreter and prints its path

Environment: TAIPAN_REFERENCE is a CPython 3.14 to compare with; TAIPAN is the executable under test
(default: target/release/taipan).
";

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let command = words.next().unwrap_or_else(|| "help".to_owned());
    let rest: Vec<String> = words.collect();
    let done = match command.as_str() {
        "test" => test::main(rest),
        "run-tests" => run_tests::main(rest),
        "conformance" => conformance::main(rest),
        "bytecode-diff" => bytecode_diff::main(rest),
        "mutations" => mutations::main(rest),
        "fuzz" => fuzz::main(rest),
        "bench" => bench::main(rest),
        "tidy" => tidy::main(rest),
        "oracle" => oracle::main(rest),
        "help" | "--help" | "-h" => {
            print!("{HELP}");
            Ok(())
        }
        other => Err(format!("no command {other:?}\n\n{HELP}")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(text) => {
            eprintln!("xtask {command}: {text}");
            ExitCode::FAILURE
        }
    }
}
