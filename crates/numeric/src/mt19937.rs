//! The Mersenne Twister behind `random.Random`.

const N: usize = 624;
const M: usize = 397;

/// A generator's state.
#[derive(Clone)]
pub struct Mt19937 {
    state: [u32; N],
    index: usize,
}

impl std::fmt::Debug for Mt19937 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mt19937").field("index", &self.index).finish_non_exhaustive()
    }
}

impl Default for Mt19937 {
    /// The state of a generator seeded with zero.
    fn default() -> Self {
        Mt19937::from_key(&[0])
    }
}

impl Mt19937 {
    /// Seeds from one word.
    pub fn from_word(seed: u32) -> Self {
        let mut state = [0; N];
        let mut x = seed;
        for (i, s) in state.iter_mut().enumerate() {
            if i > 0 {
                x = (x ^ (x >> 30)).wrapping_mul(1_812_433_253).wrapping_add(i as u32);
            }
            *s = x;
        }
        Mt19937 { state, index: N }
    }

    /// Seeds from the 32-bit words of a number, least significant first. An empty key counts as zero.
    pub fn from_key(key: &[u32]) -> Self {
        let key = if key.is_empty() { &[0][..] } else { key };
        let mut mt = Mt19937::from_word(19_650_218);
        let s = &mut mt.state;
        let mut i = 1;
        for k in 0..N.max(key.len()) {
            let j = k % key.len();
            s[i] = (s[i] ^ (s[i - 1] ^ (s[i - 1] >> 30)).wrapping_mul(1_664_525))
                .wrapping_add(key[j])
                .wrapping_add(j as u32);
            i += 1;
            if i == N {
                s[0] = s[N - 1];
                i = 1;
            }
        }
        for _ in 1..N {
            s[i] = (s[i] ^ (s[i - 1] ^ (s[i - 1] >> 30)).wrapping_mul(1_566_083_941)).wrapping_sub(i as u32);
            i += 1;
            if i == N {
                s[0] = s[N - 1];
                i = 1;
            }
        }
        s[0] = 0x8000_0000;
        mt
    }

    /// Seeds from the magnitude of an integer in 30-bit digits.
    pub fn from_digits(d: &[u32]) -> Self {
        let limbs = crate::digits::limbs::from_digits(d);
        let mut key: Vec<u32> = limbs.iter().flat_map(|&l| [l as u32, (l >> 32) as u32]).collect();
        while key.last() == Some(&0) {
            key.pop();
        }
        Mt19937::from_key(&key)
    }

    fn refill(&mut self) {
        let s = &mut self.state;
        for i in 0..N {
            let y = (s[i] & 0x8000_0000) | (s[(i + 1) % N] & 0x7fff_ffff);
            s[i] = s[(i + M) % N] ^ (y >> 1) ^ if y & 1 == 1 { 0x9908_b0df } else { 0 };
        }
        self.index = 0;
    }

    /// The next 32 random bits.
    #[inline]
    pub fn next_u32(&mut self) -> u32 {
        if self.index >= N {
            self.refill();
        }
        let mut y = self.state[self.index];
        self.index += 1;
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c_5680;
        y ^= (y << 15) & 0xefc6_0000;
        y ^ (y >> 18)
    }

    /// `random()`: 53 bits in [0, 1).
    #[inline]
    pub fn random(&mut self) -> f64 {
        let a = self.next_u32() >> 5;
        let b = self.next_u32() >> 6;
        (f64::from(a) * 67_108_864.0 + f64::from(b)) / 9_007_199_254_740_992.0
    }

    /// `getrandbits(k)` for `1 <= k <= 32`.
    pub fn bits_small(&mut self, k: u32) -> u32 {
        if k == 0 { 0 } else { self.next_u32() >> (32 - k.min(32)) }
    }

    /// `getrandbits(k)` as a magnitude of 30-bit digits.
    pub fn bits(&mut self, k: u64) -> Vec<u32> {
        let words = k.div_ceil(32);
        let mut limbs = vec![0u64; words.div_ceil(2) as usize];
        let mut left = k;
        for i in 0..words {
            let mut r = self.next_u32();
            if left < 32 {
                r >>= 32 - left;
            }
            left = left.saturating_sub(32);
            limbs[(i / 2) as usize] |= u64::from(r) << (i % 2 * 32);
        }
        crate::digits::limbs::to_digits(&limbs)
    }

    /// The state's words and the index of the next one.
    pub fn state(&self) -> (&[u32; N], usize) {
        (&self.state, self.index)
    }

    /// A generator with a given state. None if the index is out of range.
    pub fn from_state(state: [u32; N], index: usize) -> Option<Self> {
        (index <= N).then_some(Mt19937 { state, index })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_reference() {
        let mut r = Mt19937::from_digits(&[42]);
        assert_eq!(r.random(), 0.6394267984578837);
        assert_eq!(r.random(), 0.025010755222666936);
        assert_eq!(r.random(), 0.27502931836911926);
        assert_eq!(r.bits_small(7), 28);
        assert_eq!(r.bits(100), [599310825, 841319076, 600963707, 646]);
        let mut r = Mt19937::from_digits(&[12345, 0, 0, 1 << 10]);
        for _ in 0..700 {
            r.random();
        }
        assert_eq!(r.random(), 0.963886388868643);
        assert_eq!(Mt19937::from_digits(&[]).random(), 0.8444218515250481);
    }
}
