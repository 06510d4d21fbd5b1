//! The hash of text and bytes, and the process's secret key for it.

use super::Str;
use std::sync::OnceLock;
use taipan_numeric::hash::{HashKey, hash_buffer};

static KEY: OnceLock<HashKey> = OnceLock::new();

/// The key of this process. Unless [`set_hash_seed`] came first, PYTHONHASHSEED decides it.
#[inline]
pub fn hash_key() -> HashKey {
    *KEY.get_or_init(|| {
        let seed = std::env::var("PYTHONHASHSEED").ok().and_then(|s| s.parse::<u32>().ok());
        make_key(seed)
    })
}

/// Settles the key at start-up: a fixed seed (0: no randomisation), or `None` for a random one. Has no effect once a string has been hashed.
pub fn set_hash_seed(seed: Option<u32>) {
    let _ = KEY.set(make_key(seed));
}

fn make_key(seed: Option<u32>) -> HashKey {
    match seed {
        Some(s) => HashKey::from_seed(s),
        None => {
            let mut b = [0u8; 16];
            // SAFETY: the buffer is 16 bytes long.
            let n = unsafe { libc::getrandom(b.as_mut_ptr().cast(), b.len(), 0) };
            if n != 16 {
                // No random source: the address of a local and the clock are the best there is.
                let here = (&raw const b) as u64;
                let now = std::time::SystemTime::now()
                    .duration_since(std::time::UNIX_EPOCH)
                    .map_or(0, |d| d.as_nanos() as u64);
                b[..8].copy_from_slice(&here.to_le_bytes());
                b[8..].copy_from_slice(&now.to_le_bytes());
            }
            HashKey::from_bytes(b)
        }
    }
}

/// The hash of raw bytes (`Py_HashBuffer`).
#[inline]
pub fn hash_bytes(b: &[u8]) -> isize {
    hash_buffer(hash_key(), b) as isize
}

impl Str {
    /// The hash, made once and kept.
    #[inline(always)]
    pub fn str_hash(&self) -> isize {
        let h = self.hash.get();
        if h != -1 { h } else { self.make_hash() }
    }

    #[inline(never)]
    fn make_hash(&self) -> isize {
        let h = hash_bytes(self.data_bytes());
        self.hash.set(h);
        h
    }
}
