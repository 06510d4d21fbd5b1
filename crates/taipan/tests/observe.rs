//! Low-level tracing and counting of instructions, which the reference has only in special builds: what they print.

use std::process::Command;

/// Standard output and standard error of a program.
fn run(options: &[&str], environment: &[(&str, &str)], program: &str) -> (String, String) {
    let out = Command::new(env!("CARGO_BIN_EXE_taipan"))
        .args(options)
        .args(["-c", program])
        .envs(environment.iter().copied())
        .env_remove("PYTHONSTARTUP")
        .output()
        .expect("taipan starts");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    (String::from_utf8_lossy(&out.stdout).into_owned(), String::from_utf8_lossy(&out.stderr).into_owned())
}

#[test]
fn a_mark_in_the_globals_traces() {
    let program = "def f():\n    global a\n    return a - 5\nexec(f.__code__, {'__lltrace__': 'foo', 'a': 10})\n";
    let (out, _) = run(&[], &[], program);
    let lines: Vec<&str> = out.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
    assert_eq!(
        lines,
        [
            "Resuming frame for 'f' in module '?'",
            "stack=[]",
            "0: RESUME 0",
            "stack=[]",
            "2: LOAD_GLOBAL 0",
            "stack=[10]",
            "12: LOAD_SMALL_INT 5",
            "stack=[10, 5]",
            "14: BINARY_OP 10",
            "stack=[5]",
            "26: RETURN_VALUE",
        ]
    );
}

#[test]
fn the_mark_counts_from_frame_to_frame() {
    let program = "def quiet(): return -x\ndef loud(): return +x\nx = 1\nquiet()\n__lltrace__ = 1\nloud()\ndel __lltrace__\nquiet()\n";
    let (out, _) = run(&[], &[], program);
    assert!(out.contains("Resuming frame for 'loud' in module '__main__'"), "{out}");
    assert!(out.contains("CALL_INTRINSIC_1"), "{out}");
    assert!(!out.contains("UNARY_NEGATIVE"), "{out}");
}

#[test]
fn the_environment_traces_everything() {
    let (out, _) = run(&["-S"], &[("TAIPAN_LLTRACE", "1")], "x = 1");
    assert!(out.contains("STORE_NAME"), "{out}");
    let (out, _) = run(&["-S"], &[("TAIPAN_LLTRACE", "0")], "x = 1");
    assert_eq!(out, "");
}

#[test]
fn counts_are_reported_largest_first() {
    let (out, err) = run(&["-X", "opcode_stats"], &[], "for i in range(100000): i + 1\nprint('done')");
    assert_eq!(out, "done\n");
    let (single, pairs) = err.split_once("pairs executed: ").expect("two parts");
    let counts = |part: &str| -> Vec<u64> {
        let rows = part.lines().skip(1).filter_map(|l| l.split_whitespace().next()?.parse().ok());
        rows.collect()
    };
    let (single, pairs) = (counts(single), counts(pairs));
    for list in [&single, &pairs] {
        assert!(list.len() > 20 && list.is_sorted_by(|a, b| a >= b), "{list:?}");
        assert!(list[0] >= 100_000, "{list:?}");
    }
}
