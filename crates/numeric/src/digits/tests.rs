use super::big::BitOp;
use super::text::{from_base, to_base, to_decimal};
use super::*;

/// A reproducible source of numbers.
struct Rng(u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn digits(&mut self, n: usize) -> Vec<u32> {
        let mode = self.next() % 4;
        let mut v: Vec<u32> = (0..n)
            .map(|_| match (mode, self.next() % 3) {
                (0, 0) => 0,
                (0, 1) => MASK,
                (1, _) => MASK,
                _ => self.next() as u32 & MASK,
            })
            .collect();
        normalize(&mut v);
        v
    }
}

fn school(a: &[u32], b: &[u32]) -> Vec<u32> {
    let mut out = vec![0u64; a.len() + b.len() + 1];
    for (i, &x) in a.iter().enumerate() {
        let mut carry = 0;
        for (j, &y) in b.iter().enumerate() {
            carry += out[i + j] + u64::from(x) * u64::from(y);
            out[i + j] = carry & u64::from(MASK);
            carry >>= 30;
        }
        out[i + b.len()] += carry;
    }
    let mut out: Vec<u32> = out.into_iter().map(|x| x as u32).collect();
    normalize(&mut out);
    out
}

#[test]
fn multiplication_agrees_with_schoolbook_at_every_size() {
    let mut rng = Rng(7);
    for (n, m) in [(1, 1), (3, 9), (12, 12), (70, 75), (100, 40), (150, 150), (333, 512), (1000, 90), (2000, 1999)] {
        for _ in 0..8 {
            let (a, b) = (rng.digits(n), rng.digits(m));
            assert_eq!(mul(&a, &b), school(&a, &b), "{n} {m}");
            assert_eq!(square(&a), school(&a, &a));
        }
    }
    for (n, m) in [(6600, 6600), (6500, 14000)] {
        let (a, b) = (rng.digits(n), rng.digits(m));
        assert_eq!(mul(&a, &b), school(&a, &b), "{n} {m}");
    }
}

#[test]
fn division_inverts_multiplication() {
    let mut rng = Rng(99);
    for (n, m) in [(2, 1), (5, 3), (20, 19), (60, 30), (400, 200), (700, 180), (1200, 600), (3000, 400), (2500, 2400)] {
        for _ in 0..8 {
            let (a, b) = (rng.digits(n), rng.digits(m));
            if b.is_empty() {
                continue;
            }
            let (q, r) = divrem(&a, &b);
            assert!(cmp(&r, &b).is_lt());
            assert_eq!(add(&mul(&q, &b), &r), a, "{n} {m}");
            // Exact multiples and their neighbours, where quotient estimates go wrong.
            let p = mul(&a, &b);
            assert_eq!(divrem(&p, &b), (a.clone(), vec![]));
            if !p.is_empty() {
                let less = sub(&p, &[1]);
                let (q, r) = divrem(&less, &b);
                assert_eq!(add(&mul(&q, &b), &r), less);
                assert!(cmp(&r, &b).is_lt());
            }
        }
    }
}

#[test]
fn text_round_trips_in_all_bases() {
    let mut rng = Rng(5);
    for n in [0, 1, 2, 3, 7, 40, 64, 65, 66, 200, 900, 3000] {
        let a = rng.digits(n);
        for base in [2, 3, 7, 8, 10, 16, 32, 36] {
            let mut s = Vec::new();
            to_base(&mut s, &a, base);
            assert!(s[0] != b'0' || a.is_empty());
            assert_eq!(from_base(&s, base), Some(a.clone()), "{n} {base}");
        }
    }
    // A power of ten makes long runs of zeros, which the recursion must pad.
    for e in [18, 19, 20, 37, 38, 500, 1000, 2432, 5000] {
        let mut text = vec![b'1'];
        text.resize(e + 1, b'0');
        let mut s = Vec::new();
        to_decimal(&mut s, &from_base(&text, 10).unwrap());
        assert_eq!(s, text);
        let p = Big::from(10u64).as_ref().pow(e as u64);
        assert_eq!(p.digits, from_base(&text, 10).unwrap());
    }
    assert_eq!(from_base(b"", 10), None);
    assert_eq!(from_base(b"12a", 10), None);
}

fn big(s: &str) -> Big {
    let (neg, s) = s.strip_prefix('-').map_or((false, s), |r| (true, r));
    Big::new(neg, from_base(s.as_bytes(), 10).unwrap())
}

fn show(b: &Big) -> String {
    let mut s = if b.neg { vec![b'-'] } else { vec![] };
    to_decimal(&mut s, &b.digits);
    String::from_utf8(s).unwrap()
}

#[test]
fn signed_arithmetic_agrees_with_machine_integers() {
    let mut rng = Rng(3);
    for _ in 0..3000 {
        let pick = |r: u64, s: u64| (r as i64 >> (s % 64)) as i128 * if s & 64 == 0 { 1 } else { 0x1_0000_0001 };
        let (a, b) = (pick(rng.next(), rng.next()), pick(rng.next(), rng.next()));
        let (x, y) = (Big::from(a), Big::from(b));
        let (x, y) = (x.as_ref(), y.as_ref());
        assert_eq!(x.add(y), Big::from(a + b));
        assert_eq!(x.sub(y), Big::from(a - b));
        assert_eq!(x.bitop(BitOp::And, y), Big::from(a & b), "{a} {b}");
        assert_eq!(x.bitop(BitOp::Or, y), Big::from(a | b));
        assert_eq!(x.bitop(BitOp::Xor, y), Big::from(a ^ b));
        assert_eq!(x.invert(), Big::from(!a));
        assert_eq!(x.shr(37), Big::from(a >> 37));
        assert_eq!(x.shl(20), Big::from(a << 20));
        assert_eq!(x.cmp(&y), a.cmp(&b));
        if b != 0 {
            let q = a.div_euclid(b);
            let (q, r) =
                if b < 0 && a.rem_euclid(b) != 0 { (q - 1, a.rem_euclid(b) + b) } else { (q, a.rem_euclid(b)) };
            assert_eq!(x.divmod_floor(y), Some((Big::from(q), Big::from(r))), "{a} {b}");
        }
        let bytes = &mut [0; 16];
        convert::to_bytes_into(bytes, x, true, true).unwrap();
        assert_eq!(*bytes, a.to_le_bytes());
        assert_eq!(convert::from_bytes(bytes, true, true), Big::from(a));
        bytes.reverse();
        assert_eq!(convert::from_bytes(bytes, false, true), Big::from(a));
        assert_eq!(convert::to_f64(x), Ok(a as f64));
    }
}

#[test]
fn powers_and_roots() {
    let m = big("1000000000000000000000000000057");
    let b = big("123456789012345678901234567890");
    let e = big("987654321098765432109876543210");
    // pow(b, e, m) of the reference.
    let r = b.as_ref().pow_mod(e.as_ref(), m.as_ref()).unwrap();
    assert_eq!(show(&r), "450389888914122588406716261093");
    let inv = b.as_ref().mod_inverse(m.as_ref()).unwrap();
    let one = inv.as_ref().mul(b.as_ref()).as_ref().divmod_floor(m.as_ref()).unwrap().1;
    assert_eq!(one, Big::from(1u64));
    // An even modulus takes the other road; Fermat's little theorem as the judge for the odd one.
    let even = big("1000000000000000000000000000058");
    let slow = (0..37)
        .fold(Big::from(1u64), |x, _| x.as_ref().mul(b.as_ref()).as_ref().divmod_floor(even.as_ref()).unwrap().1);
    assert_eq!(b.as_ref().pow_mod(Big::from(37u64).as_ref(), even.as_ref()).unwrap(), slow);
    assert_eq!(show(&Big::from(-3i64).as_ref().pow(41)), "-36472996377170786403");
    assert_eq!(show(&Big::from(12i64).as_ref().pow(30)), "237376313799769806328950291431424");
    let mut rng = Rng(11);
    for n in [1, 2, 3, 5, 8, 30, 100, 400] {
        let a = rng.digits(n);
        let r = isqrt(&a);
        assert!(cmp(&square(&r), &a).is_le());
        assert!(cmp(&square(&add(&r, &[1])), &a).is_gt());
        let sq = square(&a);
        assert_eq!(isqrt(&sq), a);
    }
}

#[test]
fn gcd_by_lehmer_agrees_with_euclid() {
    let mut rng = Rng(23);
    for (n, m, k) in [(1, 2, 1), (4, 4, 3), (9, 8, 5), (40, 40, 20), (100, 30, 10), (5, 60, 2)] {
        for _ in 0..10 {
            let g = rng.digits(k);
            let (a, b) = (mul(&rng.digits(n), &g), mul(&rng.digits(m), &g));
            let (mut x, mut y) = (a.clone(), b.clone());
            while !y.is_empty() {
                let r = divrem(&x, &y).1;
                x = std::mem::replace(&mut y, r);
            }
            assert_eq!(gcd::gcd(&a, &b), x);
        }
    }
}

#[test]
fn doubles() {
    use convert::*;
    let f = |s: &str| to_f64(big(s).as_ref());
    assert_eq!(f("9007199254740993"), Ok(9007199254740992.0));
    assert_eq!(f("9007199254740995"), Ok(9007199254740996.0));
    assert_eq!(f("-18446744073709552639"), Ok(-18446744073709551616.0));
    let top = Big::from(1u64).as_ref().shl(1024);
    assert_eq!(to_f64(top.as_ref()), Err(Overflow));
    let almost = top.as_ref().sub(Big::from(3u64).as_ref().shl(969).as_ref());
    assert_eq!(to_f64(almost.as_ref()), Ok(f64::MAX));
    let half = top.as_ref().sub(Big::from(1u64).as_ref().shl(970).as_ref());
    assert_eq!(to_f64(half.as_ref()), Err(Overflow));
    for x in [0.0, 0.99, 1.5, -2.75, 1e15, 4503599627370497.5, 1e22, -1e300, f64::MAX] {
        assert_eq!(to_f64(from_f64(x).unwrap().as_ref()), Ok(x.trunc()));
    }
    let ten = |e| Big::from(10u64).as_ref().pow(e);
    assert_eq!(true_div(ten(400).as_ref(), ten(390).as_ref()), Ok(1e10));
    assert_eq!(true_div(Big::from(1u64).as_ref(), ten(323).as_ref()), Ok(1e-323));
    assert_eq!(true_div(Big::from(3u64).as_ref(), ten(324).as_ref()), Ok(5e-324));
    assert_eq!(true_div(Big::from(2u64).as_ref(), ten(324).as_ref()), Ok(0.0));
    assert_eq!(true_div(ten(308).as_ref(), Big::from(7u64).as_ref()), Ok(1e308 / 7.0));
    assert_eq!(true_div(ten(309).as_ref(), Big::from(1u64).as_ref()), Err(TrueDivError::Overflow));
    assert_eq!(frexp(top.as_ref()), (0.5, 1025));
    assert_eq!(cmp_f64(big("9007199254740993").as_ref(), 9007199254740992.0), std::cmp::Ordering::Greater);
}

#[test]
fn bytes_refuse_what_does_not_fit() {
    use convert::*;
    let mut two = [0; 2];
    let n = |x: i64| Big::from(x);
    assert_eq!(to_bytes_into(&mut two, n(65536).as_ref(), true, false), Err(BytesError::TooBig));
    assert_eq!(to_bytes_into(&mut two, n(65535).as_ref(), true, false), Ok(()));
    assert_eq!(to_bytes_into(&mut two, n(32768).as_ref(), true, true), Err(BytesError::TooBig));
    assert_eq!(to_bytes_into(&mut two, n(-32768).as_ref(), false, true), Ok(()));
    assert_eq!(two, [0x80, 0]);
    assert_eq!(to_bytes_into(&mut two, n(-32769).as_ref(), false, true), Err(BytesError::TooBig));
    assert_eq!(to_bytes_into(&mut two, n(-1).as_ref(), false, false), Err(BytesError::Negative));
    assert_eq!(to_bytes_into(&mut [], n(0).as_ref(), false, true), Ok(()));
    assert_eq!(to_bytes_into(&mut [], n(-1).as_ref(), false, true), Err(BytesError::TooBig));
}
