//! HZ: `~{` shifts to GB 2312, `~}` back.

use super::table::{Found, named};
use super::{State, Stop};

pub fn decode(state: &mut State, input: &[u8], pos: &mut usize, out: &mut Vec<u32>) -> Stop {
    while let Some(&a) = input.get(*pos) {
        let shifted = state[0] != 0;
        if a == b'~' {
            let Some(&b) = input.get(*pos + 1) else { return Stop::TooFew };
            match (b, shifted) {
                (b'~', false) => out.push(u32::from(b'~')),
                (b'{', false) => state[0] = 1,
                (b'\n', false) => {}
                (b'}', true) => state[0] = 0,
                _ => return Stop::Wrong(1),
            }
            *pos += 2;
        } else if a >= 0x80 {
            return Stop::Wrong(1);
        } else if !shifted {
            out.push(u32::from(a));
            *pos += 1;
        } else {
            let Some(&b) = input.get(*pos + 1) else { return Stop::TooFew };
            match if b < 0x80 { named("gb2312").two(a | 0x80, b | 0x80) } else { Found::Wrong(1) } {
                Found::Char(c) => out.push(c),
                _ => return Stop::Wrong(1),
            }
            *pos += 2;
        }
    }
    Stop::End
}

pub fn encode(state: &mut State, input: &[u32], pos: &mut usize, out: &mut Vec<u8>) -> Stop {
    while let Some(&c) = input.get(*pos) {
        if c < 0x80 {
            encode_reset(state, out);
            out.push(c as u8);
            if c == u32::from(b'~') {
                out.push(b'~');
            }
        } else {
            let code = named("gb2312").code(c);
            if code == 0 {
                return Stop::Wrong(1);
            }
            if state[0] == 0 {
                out.extend_from_slice(b"~{");
                state[0] = 1;
            }
            out.extend([(code >> 8) as u8 & 0x7F, code as u8 & 0x7F]);
        }
        *pos += 1;
    }
    Stop::End
}

pub fn encode_reset(state: &mut State, out: &mut Vec<u8>) {
    if state[0] != 0 {
        out.extend_from_slice(b"~}");
        state[0] = 0;
    }
}
