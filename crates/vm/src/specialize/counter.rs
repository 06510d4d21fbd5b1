//! The counters in inline caches: a countdown in the upper twelve bits, the exponent of the next one in the lower four.

const BACKOFF_BITS: u32 = 4;
const MAX_BACKOFF: u16 = 12;
const UNREACHABLE: u16 = 15;

const fn make(value: u16, backoff: u16) -> u16 {
    value << BACKOFF_BITS | backoff
}

/// What instructions start with.
pub const WARMUP: u16 = make(1, 1);
/// After an instruction was specialised: it survives this many misses.
pub const COOLDOWN: u16 = make(52, 0);
/// What loops start with.
pub const JUMP_BACKWARD: u16 = make(4095, 12);
/// What an instruction holds while it must not be specialised.
pub const PAUSED: u16 = make(3, 1);
/// What conditional jumps hold instead of a counter.
pub const BRANCH_HISTORY: u16 = 0x5555;

/// Whether the countdown has ended.
#[inline(always)]
pub fn triggers(counter: u16) -> bool {
    counter < UNREACHABLE
}

/// How many more runs an instruction with this counter makes before it triggers.
pub const fn runs_before_trigger(counter: u16) -> u16 {
    counter >> BACKOFF_BITS
}

/// One less.
#[inline(always)]
pub fn advance(counter: u16) -> u16 {
    counter.wrapping_sub(1 << BACKOFF_BITS)
}

/// A longer countdown, after an attempt that failed.
pub fn back_off(counter: u16) -> u16 {
    let backoff = counter & ((1 << BACKOFF_BITS) - 1);
    let next = if backoff < MAX_BACKOFF { backoff + 1 } else { MAX_BACKOFF };
    make((1 << next) - 1, next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backs_off() {
        assert!(!triggers(WARMUP));
        assert!(triggers(advance(WARMUP)));
        let c = back_off(advance(WARMUP));
        assert_eq!(c, make(3, 2));
        assert_eq!(back_off(make(0, 12)), make(4095, 12));
    }
}
