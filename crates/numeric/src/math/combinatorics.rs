//! Factorials, permutations and combinations as big numbers.

use crate::digits::{self, Big};

/// The product of the integers `lo..=hi` in steps of `step`, by a balanced tree.
fn product(lo: u64, hi: u64, step: u64) -> Vec<u32> {
    if lo > hi {
        return vec![1];
    }
    let count = (hi - lo) / step + 1;
    let bits = u64::from(64 - hi.leading_zeros());
    if count.saturating_mul(bits) <= 64 {
        let p: u64 = (0..count).map(|i| lo + i * step).product();
        return Big::from(p).digits;
    }
    if count == 1 {
        return Big::from(lo).digits;
    }
    let mid = lo + (count / 2) * step;
    digits::mul(&product(lo, mid - step, step), &product(mid, hi, step))
}

/// `n!`
pub fn factorial(n: u64) -> Big {
    if n <= 20 {
        return Big::from((1..=n).product::<u64>());
    }
    // n! = 2^s * (product over i of the odd part of the integers in n >> (i+1) .. n >> i, each power once more).
    let mut odd = vec![1];
    let mut outer = vec![1];
    let mut lower = 3;
    for i in (0..n.ilog2()).rev() {
        let upper = n >> i;
        let top = if upper.is_multiple_of(2) { upper - 1 } else { upper };
        if top >= lower {
            odd = digits::mul(&odd, &product(lower, top, 2));
            lower = top + 2;
        }
        outer = digits::mul(&outer, &odd);
    }
    let twos = n - u64::from(n.count_ones());
    Big { neg: false, digits: digits::shl(&outer, twos) }
}

/// `n * (n-1) * ... * (n-k+1)`
pub fn perm(n: u64, k: u64) -> Big {
    if k > n {
        return Big::default();
    }
    if k == 0 {
        return Big::from(1u64);
    }
    Big { neg: false, digits: product(n - k + 1, n, 1) }
}

/// The number of ways to choose `k` of `n`.
pub fn comb(n: u64, k: u64) -> Big {
    if k > n {
        return Big::default();
    }
    let k = k.min(n - k);
    if k <= 1 {
        return Big::from(if k == 0 { 1 } else { n });
    }
    // Small results stay in a machine word.
    let mut acc = 1u128;
    for i in 0..k {
        let next = acc.checked_mul(u128::from(n - i));
        match next {
            Some(x) => acc = x / u128::from(i + 1),
            None => {
                let (q, _) = digits::divrem(&perm(n, k).digits, &factorial(k).digits);
                return Big { neg: false, digits: q };
            }
        }
    }
    Big::from(acc)
}

/// Falling product for a base beyond machine words: `n (n-1) ... (n-k+1)`.
pub fn perm_big(n: &[u32], k: u64) -> Big {
    fn tree(n: &[u32], from: u64, count: u64) -> Vec<u32> {
        if count == 0 {
            return vec![1];
        }
        if count == 1 {
            let d = Big::from(from).digits;
            return if digits::cmp(n, &d).is_ge() { digits::sub(n, &d) } else { Vec::new() };
        }
        let half = count / 2;
        digits::mul(&tree(n, from, half), &tree(n, from + half, count - half))
    }
    Big { neg: false, digits: tree(n, 0, k) }
}

/// `comb` for a base beyond machine words.
pub fn comb_big(n: &[u32], k: u64) -> Big {
    let (q, _) = digits::divrem(&perm_big(n, k).digits, &factorial(k).digits);
    Big { neg: false, digits: q }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factorials_agree_with_plain_products() {
        let mut f = Big::from(1u64);
        for n in 1..200u64 {
            f = f.as_ref().mul(Big::from(n).as_ref());
            assert_eq!(factorial(n), f, "{n}");
            assert_eq!(perm(n, n), f);
        }
    }

    #[test]
    fn combinations_obey_pascal() {
        for n in [1u64, 7, 61, 130, 300] {
            for k in [1, 2, n / 3 + 1, n] {
                let sum = comb(n, k - 1).as_ref().add(comb(n, k).as_ref());
                assert_eq!(comb(n + 1, k), sum, "{n} {k}");
            }
        }
        let big = Big::from(1u128 << 70);
        let two = comb_big(&big.digits, 2);
        let expected = big.as_ref().mul(big.as_ref().sub(Big::from(1u64).as_ref()).as_ref()).as_ref().shr(1);
        assert_eq!(two, expected);
    }
}
