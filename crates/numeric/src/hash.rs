//! The hash functions of the built-in types.

/// The modulus of numeric hashes.
pub const MODULUS: u64 = (1 << 61) - 1;
/// The hash of positive infinity.
pub const HASH_INF: i64 = 314_159;
/// The multiplier of an imaginary part in the hash of a complex number.
pub const HASH_IMAG: i64 = 1_000_003;

/// -1 reports an error in slots, so it never is a hash.
#[inline]
pub fn not_minus_one(h: i64) -> i64 {
    if h == -1 { -2 } else { h }
}

/// The secret key of `str` and `bytes` hashes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HashKey {
    /// The first half.
    pub k0: u64,
    /// The second half.
    pub k1: u64,
}

impl HashKey {
    /// The key made of 16 bytes, as read from the system's random source.
    pub fn from_bytes(b: [u8; 16]) -> Self {
        let x = u128::from_le_bytes(b);
        HashKey { k0: x as u64, k1: (x >> 64) as u64 }
    }

    /// The key for a fixed PYTHONHASHSEED; 0 switches randomisation off.
    pub fn from_seed(seed: u32) -> Self {
        if seed == 0 {
            return HashKey::default();
        }
        let mut bytes = [0; 16];
        fill_lcg(seed, &mut bytes);
        HashKey::from_bytes(bytes)
    }
}

/// Fills a buffer from the linear congruential generator that expands PYTHONHASHSEED.
pub fn fill_lcg(seed: u32, out: &mut [u8]) {
    let mut x = seed;
    for b in out {
        x = x.wrapping_mul(214_013).wrapping_add(2_531_011);
        *b = (x >> 16) as u8;
    }
}

#[inline]
fn sip_round(v: &mut [u64; 4]) {
    v[0] = v[0].wrapping_add(v[1]);
    v[2] = v[2].wrapping_add(v[3]);
    v[1] = v[1].rotate_left(13) ^ v[0];
    v[3] = v[3].rotate_left(16) ^ v[2];
    v[0] = v[0].rotate_left(32);
    v[2] = v[2].wrapping_add(v[1]);
    v[0] = v[0].wrapping_add(v[3]);
    v[1] = v[1].rotate_left(17) ^ v[2];
    v[3] = v[3].rotate_left(21) ^ v[0];
    v[2] = v[2].rotate_left(32);
}

/// SipHash with one compression round and three final ones.
pub fn siphash13(key: HashKey, data: &[u8]) -> u64 {
    let mut v = [
        key.k0 ^ 0x736f_6d65_7073_6575,
        key.k1 ^ 0x646f_7261_6e64_6f6d,
        key.k0 ^ 0x6c79_6765_6e65_7261,
        key.k1 ^ 0x7465_6462_7974_6573,
    ];
    let (words, rest) = data.as_chunks::<8>();
    for w in words {
        let m = u64::from_le_bytes(*w);
        v[3] ^= m;
        sip_round(&mut v);
        v[0] ^= m;
    }
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    last[7] = data.len() as u8;
    let m = u64::from_le_bytes(last);
    v[3] ^= m;
    sip_round(&mut v);
    v[0] ^= m;
    v[2] ^= 0xff;
    sip_round(&mut v);
    sip_round(&mut v);
    sip_round(&mut v);
    (v[0] ^ v[1]) ^ (v[2] ^ v[3])
}

/// The hash of a buffer: of the bytes of a `bytes` or of the code units of a `str`. Empty ones hash to 0.
#[inline]
pub fn hash_buffer(key: HashKey, data: &[u8]) -> i64 {
    if data.is_empty() { 0 } else { not_minus_one(siphash13(key, data) as i64) }
}

/// The hash of an address.
#[inline]
pub fn hash_pointer(address: usize) -> i64 {
    not_minus_one(address.rotate_right(4) as i64)
}

/// Combines the hashes of a tuple's items, in the manner of xxHash.
#[derive(Clone, Copy, Debug)]
pub struct TupleHasher {
    acc: u64,
    len: u64,
}

const PRIME_1: u64 = 11_400_714_785_074_694_791;
const PRIME_2: u64 = 14_029_467_366_897_019_727;
const PRIME_5: u64 = 2_870_177_450_012_600_261;

impl Default for TupleHasher {
    fn default() -> Self {
        TupleHasher { acc: PRIME_5, len: 0 }
    }
}

impl TupleHasher {
    /// Takes in the next item's hash.
    #[inline]
    pub fn add(&mut self, item: i64) {
        self.acc = self.acc.wrapping_add((item as u64).wrapping_mul(PRIME_2));
        self.acc = self.acc.rotate_left(31).wrapping_mul(PRIME_1);
        self.len += 1;
    }

    /// The tuple's hash.
    #[inline]
    pub fn finish(self) -> i64 {
        let h = self.acc.wrapping_add(self.len ^ (PRIME_5 ^ 3_527_539)) as i64;
        if h == -1 { 1_546_275_796 } else { h }
    }
}

/// Combines the hashes of a frozenset's members; their order does not matter.
#[derive(Clone, Copy, Debug, Default)]
pub struct SetHasher {
    acc: u64,
    len: u64,
}

impl SetHasher {
    /// Takes in a member's hash.
    #[inline]
    pub fn add(&mut self, item: i64) {
        let h = item as u64;
        self.acc ^= ((h ^ 89_869_747) ^ (h << 16)).wrapping_mul(3_644_798_167);
        self.len += 1;
    }

    /// The set's hash.
    pub fn finish(self) -> i64 {
        let mut h = self.acc ^ (self.len.wrapping_add(1)).wrapping_mul(1_927_868_237);
        h ^= (h >> 11) ^ (h >> 25);
        h = h.wrapping_mul(69_069).wrapping_add(907_133_923);
        if h as i64 == -1 { 590_923_713 } else { h as i64 }
    }
}

/// The hash of a finite or infinite double, equal to that of the integer or fraction of the same value.
/// None for NaN, whose hash is its object's address.
pub fn hash_double(x: f64) -> Option<i64> {
    if !x.is_finite() {
        return if x.is_nan() { None } else { Some(if x > 0.0 { HASH_INF } else { -HASH_INF }) };
    }
    if x == 0.0 {
        return Some(0);
    }
    // Value = mantissa * 2^exp, and 2^61 is 1 in this modulus: multiplying by powers of two is a rotation of 61 bits.
    let bits = x.to_bits();
    let biased = (bits >> 52 & 0x7ff) as i32;
    let fraction = bits & ((1 << 52) - 1);
    let (mantissa, exp) = if biased == 0 { (fraction, -1074) } else { (fraction | 1 << 52, biased - 1075) };
    let shift = exp.rem_euclid(61) as u32;
    let h = (u128::from(mantissa) << shift) % u128::from(MODULUS);
    let h = h as i64;
    Some(not_minus_one(if x < 0.0 { -h } else { h }))
}

/// The hash of a complex number from the hashes of its parts.
pub fn hash_complex(real: i64, imag: i64) -> i64 {
    not_minus_one(real.wrapping_add(imag.wrapping_mul(HASH_IMAG)))
}

#[cfg(test)]
mod tests {
    use super::*;

    // The expected values are those of the reference under PYTHONHASHSEED=0 and 42.
    #[test]
    fn strings() {
        let zero = HashKey::from_seed(0);
        assert_eq!(hash_buffer(zero, b"abc"), HASH_ABC_0);
        assert_eq!(hash_buffer(zero, b"hello, wide world"), HASH_HELLO_0);
        assert_eq!(hash_buffer(zero, b""), 0);
        let seeded = HashKey::from_seed(42);
        assert_eq!(hash_buffer(seeded, b"abc"), HASH_ABC_42);
    }

    #[test]
    fn containers() {
        let mut t = TupleHasher::default();
        assert_eq!(t.finish(), TUPLE_EMPTY);
        [1, 2, 3].into_iter().for_each(|x| t.add(x));
        assert_eq!(t.finish(), TUPLE_123);
        let mut s = SetHasher::default();
        assert_eq!(s.finish(), SET_EMPTY);
        [1, 2, 3].into_iter().for_each(|x| s.add(x));
        assert_eq!(s.finish(), SET_123);
    }

    #[test]
    fn numbers() {
        assert_eq!(hash_double(f64::INFINITY), Some(314_159));
        assert_eq!(hash_double(f64::NAN), None);
        assert_eq!(hash_double(-1.0), Some(-2));
        assert_eq!(hash_double(1e300), Some(HASH_1E300));
        assert_eq!(hash_double(0.1), Some(HASH_TENTH));
        assert_eq!(hash_double(5e-324), Some(HASH_TINY));
        assert_eq!(hash_double(-2.5), Some(HASH_M25));
        let c = hash_complex(hash_double(1.5).unwrap(), hash_double(-2.5).unwrap());
        assert_eq!(c, HASH_COMPLEX);
    }
    const HASH_ABC_0: i64 = -4594863902769663758;
    const HASH_HELLO_0: i64 = 1448755375922296164;
    const TUPLE_EMPTY: i64 = 5740354900026072187;
    const TUPLE_123: i64 = 529344067295497451;
    const SET_EMPTY: i64 = 133146708735736;
    const SET_123: i64 = -272375401224217160;
    const HASH_1E300: i64 = 1224995262755759164;
    const HASH_TENTH: i64 = 230584300921369408;
    const HASH_TINY: i64 = 16777216;
    const HASH_M25: i64 = -1152921504606846978;
    const HASH_COMPLEX: i64 = -2305843009215693957;
    const HASH_ABC_42: i64 = 3869580338025362921;
}
