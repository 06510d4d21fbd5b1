//! The closest of several names to a misspelt one, by weighted edit distance.

const MOVE_COST: usize = 2;
const CASE_COST: usize = 1;
const MAX_CANDIDATES: usize = 750;
const MAX_LENGTH: usize = 40;

/// The candidate that `name` was probably meant to be.
pub fn closest<'a>(candidates: &'a [String], name: &str) -> Option<&'a str> {
    if candidates.len() > MAX_CANDIDATES {
        return None;
    }
    let mut best: Option<(&str, usize)> = None;
    for c in candidates {
        if c == name {
            continue;
        }
        let mut max = (name.len() + c.len() + 3) * MOVE_COST / 6;
        if let Some((_, d)) = best {
            max = max.min(d.saturating_sub(MOVE_COST));
        }
        if let Some(d) = distance(name.as_bytes(), c.as_bytes(), max)
            && best.is_none_or(|(_, b)| d < b)
        {
            best = Some((c, d));
        }
    }
    best.map(|(c, _)| c)
}

fn substitution(a: u8, b: u8) -> usize {
    if a == b {
        0
    } else if a.eq_ignore_ascii_case(&b) {
        CASE_COST
    } else {
        MOVE_COST
    }
}

/// The edit distance, if it is at most `max`.
pub fn distance<'a>(mut a: &'a [u8], mut b: &'a [u8], max: usize) -> Option<usize> {
    while let ([x, ra @ ..], [y, rb @ ..]) = (a, b)
        && x == y
    {
        (a, b) = (ra, rb);
    }
    while let ([ra @ .., x], [rb @ .., y]) = (a, b)
        && x == y
    {
        (a, b) = (ra, rb);
    }
    if a.is_empty() || b.is_empty() {
        let d = (a.len() + b.len()) * MOVE_COST;
        return (d <= max).then_some(d);
    }
    if a.len() > MAX_LENGTH || b.len() > MAX_LENGTH {
        return None;
    }
    if b.len() < a.len() {
        std::mem::swap(&mut a, &mut b);
    }
    if (b.len() - a.len()) * MOVE_COST > max {
        return None;
    }
    let mut row: Vec<usize> = (1..=a.len()).map(|i| i * MOVE_COST).collect();
    let mut result = 0;
    for (j, &y) in b.iter().enumerate() {
        let mut diagonal = j * MOVE_COST;
        result = diagonal;
        let mut minimum = usize::MAX;
        for (cell, &x) in row.iter_mut().zip(a) {
            let replace = diagonal + substitution(x, y);
            diagonal = *cell;
            let insert = result.min(diagonal) + MOVE_COST;
            result = replace.min(insert);
            *cell = result;
            minimum = minimum.min(result);
        }
        if minimum > max {
            return None;
        }
    }
    (result <= max).then_some(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_near_miss() {
        let names: Vec<String> = ["first", "second", "third"].map(String::from).to_vec();
        assert_eq!(closest(&names, "frist"), Some("first"));
        assert_eq!(closest(&names, "zzzzzzz"), None);
        assert_eq!(closest(&names, "Second"), Some("second"));
    }
}
