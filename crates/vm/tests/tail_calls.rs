//! In a release build every handler of the evaluation loop must end in a jump to the next: one that calls it instead uses up the
//! native stack as the program runs. This looks at the machine code of this very test program (`cargo test --release -p taipan-vm`).
#![cfg(not(debug_assertions))]

use std::process::Command;

/// They leave the loop, and so return.
const RETURNING: [&str; 4] = ["YIELD_VALUE", "RETURN_VALUE", "RETURN_GENERATOR", "INTERPRETER_EXIT"];

#[test]
fn every_handler_ends_in_a_jump() {
    // The table is what keeps the handlers in this program.
    std::hint::black_box(&taipan_vm::eval::handlers::TABLE);
    let program = std::env::current_exe().expect("a program has a path");
    let output = Command::new("objdump")
        .args(["-d", "--no-show-raw-insn", "-C"])
        .arg(program)
        .output()
        .expect("objdump is installed");
    let text = String::from_utf8_lossy(&output.stdout);
    let (mut seen, mut bad) = (0, Vec::new());
    for function in text.split("\n\n") {
        let Some(title) = function.lines().find(|l| l.ends_with(">:")) else { continue };
        let Some((_, name)) = title.trim_end_matches(">:").split_once("handlers::handler::") else { continue };
        if name.contains(':') {
            continue;
        }
        seen += 1;
        let returns = function.lines().any(|l| l.split_whitespace().any(|w| w == "ret"));
        let calls_table = function.lines().any(|l| l.contains("call") && l.contains(",8)"));
        if calls_table || returns && !RETURNING.iter().any(|r| name.ends_with(r)) {
            bad.push(name.to_owned());
        }
    }
    assert!(seen > 200, "only {seen} handlers found");
    assert!(bad.is_empty(), "handlers that do not end in a jump: {bad:?}");
}
