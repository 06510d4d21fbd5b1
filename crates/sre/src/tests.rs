use crate::engine::UNSET;
use crate::op::*;
use crate::{Matcher, Options, Program, Stop, Unit};

fn show(found: bool, m: &Matcher, groups: usize) -> String {
    if !found {
        return "-".to_owned();
    }
    let spans: Vec<String> =
        (0..=groups).map(|i| m.group(i).map_or("-1:-1".to_owned(), |(a, b)| format!("{a}:{b}"))).collect();
    format!("{} {}", m.lastindex, spans.join(" "))
}

fn outcomes<U: Unit>(p: &Program, s: &[U], start: usize) -> [String; 3] {
    let mut m = Matcher::default();
    let o = Options::default();
    let n = p.groups();
    let never = &mut || false;
    let a = m.matches(p, s, start, false, o, never).unwrap();
    let a = show(a, &m, n);
    let b = m.matches(p, s, start, true, o, never).unwrap();
    let b = show(b, &m, n);
    let c = m.search(p, s, start, o, never).unwrap();
    [a, b, show(c, &m, n)]
}

fn numbers(s: &str) -> Vec<u32> {
    s.split(',').filter(|x| !x.is_empty()).map(|x| u32::from_str_radix(x, 16).unwrap()).collect()
}

fn replay(cases: &str) {
    let mut wrong = 0;
    for line in cases.lines() {
        let [code, groups, text, start, rest @ ..] = &line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("{line}");
        };
        let text = numbers(text);
        let Ok(p) = Program::new(&numbers(code), groups.parse().unwrap()) else {
            println!("invalid: {line}");
            wrong += 1;
            continue;
        };
        let start = start.parse().unwrap();
        let mut results = vec![outcomes(&p, &text, start)];
        if let Some(s) = text.iter().map(|&c| u16::try_from(c).ok()).collect::<Option<Vec<_>>>() {
            results.push(outcomes(&p, &s, start));
        }
        if let Some(s) = text.iter().map(|&c| u8::try_from(c).ok()).collect::<Option<Vec<_>>>() {
            results.push(outcomes(&p, &s, start));
        }
        for r in results {
            if r != *rest {
                println!("{code}\n    {text:?} {start}: {r:?}\n    instead of {rest:?}");
                wrong += 1;
            }
        }
    }
    assert_eq!(wrong, 0);
}

#[test]
fn agrees_with_the_reference() {
    replay(include_str!("cases.tsv"));
}

/// For longer runs: `TAIPAN_SRE_CASES` names a file that `gen/cases.py` wrote.
#[test]
#[ignore = "needs a file of cases"]
fn agrees_with_the_reference_on_a_file() {
    let path = std::env::var("TAIPAN_SRE_CASES").unwrap();
    replay(&std::fs::read_to_string(path).unwrap());
}

#[test]
fn refuses_what_no_compiler_makes() {
    let bad: &[&[u32]] = &[
        &[],
        &[LITERAL, 97],
        &[LITERAL, SUCCESS],
        &[MARK, 0, SUCCESS],
        &[JUMP, 1, SUCCESS],
        &[MAX_UNTIL, SUCCESS],
        &[BRANCH, 3, JUMP, 1, SUCCESS],
        &[REPEAT_ONE, 5, 2, 1, ANY, SUCCESS, SUCCESS],
        &[IN, 90, FAILURE, SUCCESS],
        &[IN, 4, BIGCHARSET, 9, FAILURE, SUCCESS],
        &[GROUPREF_EXISTS, 0, 2, SUCCESS],
        &[INFO, 7, INFO_PREFIX, 1, 1, 3, 0, 97, SUCCESS],
        &[99, SUCCESS],
    ];
    for code in bad {
        assert!(Program::new(code, 0).is_err(), "{code:?}");
    }
}

/// Codes with words exchanged at random are refused, or run without a panic.
#[test]
fn hostile_code_does_no_harm() {
    let mut x = 12345u64;
    let mut next = |n: usize| {
        x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (x >> 33) as usize % n
    };
    let (mut accepted, mut runs) = (0, 0);
    for line in include_str!("cases.tsv").lines().step_by(3) {
        let mut parts = line.split('\t');
        let code = numbers(parts.next().unwrap());
        let groups: usize = parts.next().unwrap().parse().unwrap();
        let text = numbers(parts.next().unwrap());
        for _ in 0..20 {
            let mut code = code.clone();
            for _ in 0..1 + next(2) {
                let at = next(code.len());
                code[at] = match next(4) {
                    0 => next(43) as u32,
                    1 => u32::MAX,
                    2 => code[at].wrapping_add(1),
                    _ => code[next(code.len())],
                };
            }
            let Ok(p) = Program::new(&code, groups) else {
                continue;
            };
            accepted += 1;
            let mut m = Matcher::default();
            let mut left = 3;
            let mut stop = || {
                left -= 1;
                left == 0
            };
            runs += usize::from(m.search(&p, &text, 0, Options::default(), &mut stop).is_ok());
        }
    }
    assert!(accepted > 100 && runs > 100);
}

#[test]
fn can_be_interrupted() {
    // (a*)*b against many a's takes exponential time in this engine as in the reference's.
    let body = [MARK, 0, REPEAT_ONE, 6, 1, MAXREPEAT, LITERAL, 97, SUCCESS, MARK, 1];
    let mut code = vec![REPEAT, body.len() as u32 + 3, 0, MAXREPEAT];
    code.extend(body);
    code.extend([MAX_UNTIL, LITERAL, 98, SUCCESS]);
    let p = Program::new(&code, 1).unwrap();
    let mut m = Matcher::default();
    let mut asked = 0;
    let r = m.matches(&p, &[97u8; 40], 0, false, Options::default(), &mut || {
        asked += 1;
        asked == 5
    });
    assert_eq!(r, Err(Stop::Interrupted));
    assert_eq!(m.matches(&p, b"aab", 0, false, Options::default(), &mut || false), Ok(true));
    assert_eq!(m.marks, [0, 2]);
    assert_eq!(m.group(2), None);
    assert_ne!(m.marks[0], UNSET);
}

#[test]
fn goes_on_after_an_empty_match() {
    // a*
    let code = [REPEAT_ONE, 6, 0, MAXREPEAT, LITERAL, 97, SUCCESS, SUCCESS];
    let p = Program::new(&code, 0).unwrap();
    let text = b"baac";
    let mut m = Matcher::default();
    let (mut at, mut must_advance) = (0, false);
    let mut spans = Vec::new();
    while m.search(&p, text, at, Options { must_advance, ..Options::default() }, &mut || false).unwrap() {
        spans.push((m.start, m.end));
        must_advance = m.start == m.end;
        at = m.end;
    }
    assert_eq!(spans, [(0, 0), (1, 3), (3, 3), (4, 4)]);
}
