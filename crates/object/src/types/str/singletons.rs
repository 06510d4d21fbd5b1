//! The strings in static storage: the empty one and those of one character below 256.

use super::{CompactStr, PyUnicode_Type, Str, state};
use crate::header::Object;
use std::cell::Cell;

#[repr(C)]
struct AsciiSingle {
    head: Str,
    data: [u8; 2],
}

#[repr(C)]
struct Latin1Single {
    head: CompactStr,
    data: [u8; 2],
}

const fn head(length: isize, bits: u32) -> Str {
    Str {
        ob_base: Object::immortal(&PyUnicode_Type),
        length: Cell::new(length),
        hash: Cell::new(-1),
        state: Cell::new(bits | state::INTERNED_STATIC | state::COMPACT | state::STATIC | 1 << state::KIND_SHIFT),
        _pad: 0,
    }
}

static EMPTY: AsciiSingle = AsciiSingle { head: head(0, state::ASCII), data: [0, 0] };

static ASCII: [AsciiSingle; 128] = {
    let mut a = [const { AsciiSingle { head: head(1, state::ASCII), data: [0, 0] } }; 128];
    let mut i = 0;
    while i < 128 {
        a[i].data[0] = i as u8;
        i += 1;
    }
    a
};

static LATIN1_UTF8: [[u8; 3]; 128] = {
    let mut a = [[0; 3]; 128];
    let mut i = 0;
    while i < 128 {
        a[i] = [0xC2 + (i >> 6) as u8, 0x80 | (i & 0x3F) as u8, 0];
        i += 1;
    }
    a
};

static LATIN1: [Latin1Single; 128] = {
    let mut a = [const {
        Latin1Single {
            head: CompactStr { base: head(1, 0), utf8_length: Cell::new(2), utf8: Cell::new(std::ptr::null_mut()) },
            data: [0, 0],
        }
    }; 128];
    let mut i = 0;
    while i < 128 {
        a[i].data[0] = 128 + i as u8;
        a[i].head.utf8 = Cell::new(LATIN1_UTF8[i].as_ptr() as *mut u8);
        i += 1;
    }
    a
};

/// `''`.
#[inline(always)]
pub fn empty() -> &'static Str {
    &EMPTY.head
}

/// The string of one character below 256.
#[inline(always)]
pub fn latin1_char(c: u8) -> &'static Str {
    if c < 128 { &ASCII[c as usize].head } else { &LATIN1[c as usize - 128].head.base }
}
