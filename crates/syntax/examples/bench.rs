//! Measures parsing: megabytes of source per second over the files named as arguments.

use std::time::Instant;

use taipan_syntax::{Arena, ParseOptions, parse};

fn main() {
    let sources: Vec<String> = std::env::args().skip(1).filter_map(|path| std::fs::read_to_string(path).ok()).collect();
    let bytes: usize = sources.iter().map(String::len).sum();
    let lines: usize = sources.iter().map(|source| source.lines().count()).sum();
    let options = ParseOptions::default();
    let mut best = f64::INFINITY;
    for _ in 0..5 {
        let start = Instant::now();
        let mut memory = 0;
        for source in &sources {
            let arena = Arena::with_capacity(source.len() * 4);
            let _ = parse(&arena, source, &options, &mut Vec::new());
            memory += arena.allocated_bytes();
        }
        let seconds = start.elapsed().as_secs_f64();
        best = best.min(seconds);
        println!(
            "{:.3}s, {:.1} MB/s, {:.0} lines/s, {memory} bytes of tree",
            seconds,
            bytes as f64 / seconds / 1e6,
            lines as f64 / seconds
        );
    }
}
