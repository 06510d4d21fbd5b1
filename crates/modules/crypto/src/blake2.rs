//! `_blake2`: BLAKE2b and BLAKE2s with all their parameters.

use crate::hash::{self, Hash, Info, State, copy, data, digest, hexdigest, update};
use taipan_object::alloc::dealloc_of;
use taipan_object::args::{CallArgs, Param, Signature, bind_keywords, with_tuple_args};
use taipan_object::buffer::Buffer;
use taipan_object::header::Object;
use taipan_object::protocol::number;
use taipan_object::typeobj::ready::ready;
use taipan_object::types::dict::Dict;
use taipan_object::types::int::Int;
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::types::str::intern::intern_str;
use taipan_object::{PyResult, Type, TypeDef, bail, flags, getset, getsets, methods};

/// The types of this file.
pub static TYPES: &[&Type] = &[&Blake2b_Type, &Blake2s_Type];

/// What the two functions differ in.
struct Limits {
    name: &'static str,
    shown: &'static str,
    digest: usize,
    key: usize,
    salt: usize,
    node_offset: u64,
}

const B: Limits = Limits { name: "blake2b", shown: "Blake2b", digest: 64, key: 64, salt: 16, node_offset: u64::MAX };
const S: Limits =
    Limits { name: "blake2s", shown: "Blake2s", digest: 32, key: 32, salt: 8, node_offset: (1 << 48) - 1 };

#[derive(Default)]
struct Parameters {
    data: Option<Buffer>,
    digest: usize,
    key: Vec<u8>,
    salt: Vec<u8>,
    person: Vec<u8>,
    fanout: u8,
    depth: u8,
    leaf_size: u32,
    node_offset: u64,
    node_depth: u8,
    inner_size: usize,
    last_node: bool,
}

const NAMES: [&str; 14] = [
    "data",
    "digest_size",
    "key",
    "salt",
    "person",
    "fanout",
    "depth",
    "leaf_size",
    "node_offset",
    "node_depth",
    "inner_size",
    "last_node",
    "usedforsecurity",
    "string",
];

const PARAMS: [Param; 14] = {
    let mut p = [Param { name: "", required: false }; 14];
    let mut i = 0;
    while i < 14 {
        p[i] = Param { name: NAMES[i], required: false };
        i += 1;
    }
    p
};

fn unsigned(o: &Object, c_type: &str) -> PyResult<u64> {
    let i = number::index(o)?;
    match i.to_u64() {
        Some(n) => Ok(n),
        None if i.is_negative() => bail!(ValueError, "Cannot convert negative int"),
        None => bail!(OverflowError, "Python int too large for C {c_type}"),
    }
}

fn parse(l: &Limits, call: CallArgs<'_>) -> PyResult<Parameters> {
    let n = call.positional().len();
    if n > 1 {
        bail!(TypeError, "{}() takes at most 1 positional argument ({n} given)", l.name);
    }
    let sig = Signature { name: l.name, params: &PARAMS, posonly: 0, positional: 1, varargs: false, varkw: false };
    let mut out = [None; 14];
    bind_keywords(&sig, call, &mut out)?;
    let [
        given,
        digest,
        key,
        salt,
        person,
        fanout,
        depth,
        leaf_size,
        node_offset,
        node_depth,
        inner_size,
        last,
        security,
        string,
    ] = out;
    if let Some(s) = security {
        s.is_true()?;
    }
    let string = string.filter(|s| !s.is_none());
    if given.is_some() && string.is_some() {
        bail!(
            TypeError,
            "'data' and 'string' are mutually exclusive and support for 'string' keyword parameter is slated for removal in a future version."
        );
    }
    let int = |o: Option<&Object>, default: i64| o.map_or(Ok(default), Object::as_i64);
    let bytes = |o: Option<&Object>| o.map_or(Ok(Vec::new()), |o| Ok(Buffer::get(o)?.as_slice().to_vec()));
    let mut p = Parameters::default();
    let size = int(digest, l.digest as i64)?;
    (p.key, p.salt, p.person) = (bytes(key)?, bytes(salt)?, bytes(person)?);
    let (fanout, depth) = (int(fanout, 1)?, int(depth, 1)?);
    let (node_depth, inner) = (int(node_depth, 0)?, int(inner_size, 0)?);
    p.last_node = last.map_or(Ok(false), Object::is_true)?;
    p.digest = match usize::try_from(size) {
        Ok(n) if (1..=l.digest).contains(&n) => n,
        _ => {
            bail!(ValueError, "digest_size for {} must be between 1 and {} bytes, here it is {size}", l.shown, l.digest)
        }
    };
    for (what, name) in [(&p.salt, "salt"), (&p.person, "person")] {
        if what.len() > l.salt {
            bail!(ValueError, "maximum {name} length is {} bytes", l.salt);
        }
    }
    let byte = |v: i64, name: &str, least: u8| match u8::try_from(v) {
        Ok(b) if b >= least => Ok(b),
        _ => bail!(ValueError, "{name} must be between {least} and 255"),
    };
    p.fanout = byte(fanout, "fanout", 0)?;
    p.depth = byte(depth, "depth", 1)?;
    if let Some(o) = leaf_size {
        p.leaf_size = match u32::try_from(unsigned(o, "unsigned long")?) {
            Ok(n) => n,
            Err(_) => bail!(OverflowError, "leaf_size is too large"),
        };
    }
    if let Some(o) = node_offset {
        p.node_offset = unsigned(o, "unsigned long long")?;
        if p.node_offset > l.node_offset {
            bail!(OverflowError, "node_offset is too large");
        }
    }
    p.node_depth = byte(node_depth, "node_depth", 0)?;
    p.inner_size = match usize::try_from(inner) {
        Ok(n) if n <= l.digest => n,
        _ => bail!(ValueError, "inner_size must be between 0 and is {}", l.digest),
    };
    if p.key.len() > l.key {
        bail!(ValueError, "maximum key length is {} bytes", l.key);
    }
    p.data = given.or(string).map(data).transpose()?;
    Ok(p)
}

macro_rules! blake2 {
    ($ty:ident, $type_name:literal, $new:ident, $limits:expr, $block:literal, $params:path, $variant:ident, $doc:literal) => {
        extern "C" fn $new(cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
            static INFO: Info = Info { name: $limits.name, block_size: $block, digest_size: $limits.digest };
            with_tuple_args($limits.name, args, kwargs, |call| {
                let p = parse(&$limits, call)?;
                let mut params = <$params>::new();
                params
                    .hash_length(p.digest)
                    .key(&p.key)
                    .salt(&p.salt)
                    .personal(&p.person)
                    .fanout(p.fanout)
                    .max_depth(p.depth)
                    .max_leaf_length(p.leaf_size)
                    .node_offset(p.node_offset)
                    .node_depth(p.node_depth)
                    .inner_hash_length(p.inner_size)
                    .last_node(p.last_node);
                let mut state = params.to_state();
                if let Some(d) = p.data {
                    state.update(&d);
                }
                Ok(hash::new(cls, &INFO, State::$variant(Box::new(state)))?.into_obj())
            })
        }

        /// A type of hash objects.
        pub static $ty: Type = Type::with_flags(
            TypeDef {
                name: $type_name,
                doc: Some($doc),
                basicsize: size_of::<Hash>(),
                flags: flags::IMMUTABLETYPE,
                dealloc: Some(dealloc_of::<Hash>),
                new: Some($new),
                methods: methods![copy, digest, hexdigest, update],
                getset: getsets![
                    getset!(c"name", hash::name),
                    getset!(c"block_size", hash::block_size),
                    getset!(c"digest_size", hash::digest_size),
                ],
                ..TypeDef::EMPTY
            },
            0,
        );
    };
}

blake2!(
    Blake2b_Type,
    c"_blake2.blake2b",
    blake2b_new,
    B,
    128,
    blake2b_simd::Params,
    Blake2b,
    c"A BLAKE2b hash object."
);
blake2!(Blake2s_Type, c"_blake2.blake2s", blake2s_new, S, 64, blake2s_simd::Params, Blake2s, c"A BLAKE2s hash object.");

fn exec(m: &Module) -> PyResult<()> {
    for (t, l, prefix) in [(&Blake2b_Type, &B, "BLAKE2B"), (&Blake2s_Type, &S, "BLAKE2S")] {
        ready(t)?;
        m.add(t.short_name(), t.as_object())?;
        let sizes =
            [("SALT_SIZE", l.salt), ("PERSON_SIZE", l.salt), ("MAX_KEY_SIZE", l.key), ("MAX_DIGEST_SIZE", l.digest)];
        for (name, n) in sizes {
            m.add_int(&format!("{prefix}_{name}"), n as i64)?;
            if let Some(d) = t.dict.get().and_then(|d| d.downcast::<Dict>()) {
                d.set_item(&intern_str(name), &Int::from_usize(n))?;
            }
        }
    }
    m.add_int("_GIL_MINSIZE", 2048)
}

/// The module.
pub static MODULE: ModuleDef = ModuleDef { name: "_blake2", doc: "BLAKE2b and BLAKE2s.", methods: None, exec };
