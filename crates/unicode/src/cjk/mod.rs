//! The codecs of Chinese, Japanese and Korean.
//!
//! - `table.rs`: tables of codes, read from `tables.bin` (written by `gen/cjk.py`); `plain.rs`: codecs without states;
//!   `iso2022.rs`, `hz.rs`: codecs that shift between character sets
//!
//! A codec works on what it is given until something stops it, and says what; error handlers are the caller's.

mod hz;
mod iso2022;
mod plain;
mod table;

/// What stopped a codec.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stop {
    /// The end.
    End,
    /// The end, in the middle of something.
    TooFew,
    /// So many bytes or characters are wrong.
    Wrong(usize),
}

/// What a codec remembers between pieces.
pub type State = [u8; 8];

#[derive(Clone, Copy)]
enum Kind {
    Plain(usize),
    Hz,
    Iso2022(&'static iso2022::Config),
}

/// A codec.
#[derive(Clone, Copy)]
pub struct Codec {
    /// Its name, which is that of its errors.
    pub name: &'static str,
    kind: Kind,
}

/// The codecs by the module that has them.
pub const MODULES: &[(&str, &[&str])] = &[
    ("_codecs_cn", &["gb2312", "gbk", "gb18030", "hz"]),
    ("_codecs_hk", &["big5hkscs"]),
    (
        "_codecs_iso2022",
        &[
            "iso2022_kr",
            "iso2022_jp",
            "iso2022_jp_1",
            "iso2022_jp_2",
            "iso2022_jp_2004",
            "iso2022_jp_3",
            "iso2022_jp_ext",
        ],
    ),
    (
        "_codecs_jp",
        &["shift_jis", "cp932", "euc_jp", "shift_jis_2004", "euc_jis_2004", "euc_jisx0213", "shift_jisx0213"],
    ),
    ("_codecs_kr", &["euc_kr", "cp949", "johab"]),
    ("_codecs_tw", &["big5", "cp950"]),
];

impl Codec {
    /// The codec of that name in that module.
    pub fn find(module: &str, name: &str) -> Option<Codec> {
        let names = MODULES.iter().find(|(m, _)| *m == module)?.1;
        let name = names.iter().copied().find(|n| *n == name)?;
        let kind = match name {
            "hz" => Kind::Hz,
            _ => match iso2022::CONFIGS.iter().find(|c| c.name == name) {
                Some(c) => Kind::Iso2022(c),
                None => Kind::Plain(table::index(name)?),
            },
        };
        Some(Codec { name, kind })
    }

    /// The state to begin encoding with.
    pub fn encode_initial(&self) -> State {
        match self.kind {
            Kind::Iso2022(_) => iso2022::ENCODE_INITIAL,
            _ => [0; 8],
        }
    }

    /// The state to begin decoding with.
    pub fn decode_initial(&self) -> State {
        match self.kind {
            Kind::Iso2022(_) => iso2022::DECODE_INITIAL,
            _ => [0; 8],
        }
    }

    /// Decodes from `pos` on.
    pub fn decode(&self, state: &mut State, input: &[u8], pos: &mut usize, out: &mut Vec<u32>) -> Stop {
        match self.kind {
            Kind::Plain(t) => plain::decode(table::get(t), input, pos, out),
            Kind::Hz => hz::decode(state, input, pos, out),
            Kind::Iso2022(c) => iso2022::decode(c, state, input, pos, out),
        }
    }

    /// Encodes from `pos` on. Without `flush` a character that might join the next one is left.
    pub fn encode(&self, state: &mut State, input: &[u32], pos: &mut usize, out: &mut Vec<u8>, flush: bool) -> Stop {
        match self.kind {
            Kind::Plain(t) => plain::encode(table::get(t), input, pos, out, flush),
            Kind::Hz => hz::encode(state, input, pos, out),
            Kind::Iso2022(c) => iso2022::encode(c, state, input, pos, out, flush),
        }
    }

    /// Shifts back to the beginning at the end of a text.
    pub fn encode_reset(&self, state: &mut State, out: &mut Vec<u8>) {
        match self.kind {
            Kind::Plain(_) => {}
            Kind::Hz => hz::encode_reset(state, out),
            Kind::Iso2022(_) => iso2022::encode_reset(state, out),
        }
    }

    /// Forgets what decoding a text has left.
    pub fn decode_reset(&self, state: &mut State) {
        match self.kind {
            Kind::Plain(_) => {}
            Kind::Hz => state[0] = 0,
            Kind::Iso2022(_) => iso2022::decode_reset(state),
        }
    }
}
