//! MD5, SHA-1, SHA-2 and SHA-3.

use crate::hash::{self, Hash, Info, State};
use taipan_object::alloc::dealloc_of;
use taipan_object::args::KwArgs;
use taipan_object::header::{Object, Ref};
use taipan_object::typeobj::ready::ready;
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::{PyResult, Type, TypeDef, flags, function, getset, getsets, methods};

/// All types of this file.
pub static TYPES: &[&Type] = &[
    &md5::MD5_Type,
    &sha1::SHA1_Type,
    &sha2::SHA224_Type,
    &sha2::SHA256_Type,
    &sha2::SHA384_Type,
    &sha2::SHA512_Type,
    &sha3::SHA3_224_Type,
    &sha3::SHA3_256_Type,
    &sha3::SHA3_384_Type,
    &sha3::SHA3_512_Type,
    &sha3::SHAKE_128_Type,
    &sha3::SHAKE_256_Type,
];

/// How much data is worth letting other threads run; the modules tell it.
const GIL_MINSIZE: i64 = 2048;

/// Types of fixed digests that a function makes: `type static, Python type name, function, name, block size, digest size, state`.
macro_rules! fixed {
    ($($ty:ident, $type_name:literal, $function:ident, $name:literal, $block:literal, $digest:literal, $new:expr, $doc:literal;)*) => {$(
        /// A type of hash objects.
        pub static $ty: Type = Type::with_flags(TypeDef {
            name: $type_name,
            basicsize: size_of::<Hash>(),
            flags: flags::IMMUTABLETYPE | flags::DISALLOW_INSTANTIATION,
            dealloc: Some(dealloc_of::<Hash>),
            methods: methods![copy, digest, hexdigest, update],
            getset: getsets![
                getset!(c"block_size", hash::block_size),
                getset!(c"name", hash::name),
                getset!(c"digest_size", hash::digest_size),
            ],
            ..TypeDef::EMPTY
        }, 0);

        #[doc = $doc]
        #[function(signature = "(*args, **kwargs)", shown = "(data=b'', *, usedforsecurity=True, string=None)")]
        fn $function(args: &[&Object], kwargs: KwArgs<'_>) -> PyResult<Ref<Hash>> {
            static INFO: Info = Info { name: $name, block_size: $block, digest_size: $digest };
            let mut all = args.to_vec();
            all.extend_from_slice(kwargs.values());
            let data = hash::initial($name, hash::call(&all, args.len(), kwargs))?;
            let mut state = State::Fixed(Box::new($new));
            if let Some(d) = data {
                state.update(&d);
            }
            hash::new(&$ty, &INFO, state)
        }
    )*};
}

/// `_md5`
pub mod md5 {
    use super::*;
    use crate::hash::{copy, digest, hexdigest, update};

    fixed! {
        MD5_Type, c"_md5.md5", md5, "md5", 64, 16, <::md5::Md5 as Default>::default(), "A hash object of MD5.";
    }

    fn exec(m: &Module) -> PyResult<()> {
        ready(&MD5_Type)?;
        m.add("MD5Type", MD5_Type.as_object())?;
        m.add_int("_GIL_MINSIZE", GIL_MINSIZE)
    }

    /// The module.
    pub static MODULE: ModuleDef = ModuleDef { name: "_md5", doc: "MD5.", methods: methods![md5], exec };
}

/// `_sha1`
pub mod sha1 {
    use super::*;
    use crate::hash::{copy, digest, hexdigest, update};

    fixed! {
        SHA1_Type, c"_sha1.sha1", sha1, "sha1", 64, 20, <::sha1::Sha1 as Default>::default(), "A hash object of SHA1.";
    }

    fn exec(m: &Module) -> PyResult<()> {
        ready(&SHA1_Type)?;
        m.add("SHA1Type", SHA1_Type.as_object())?;
        m.add_int("_GIL_MINSIZE", GIL_MINSIZE)
    }

    /// The module.
    pub static MODULE: ModuleDef = ModuleDef { name: "_sha1", doc: "SHA-1.", methods: methods![sha1], exec };
}

/// `_sha2`
pub mod sha2 {
    use super::*;
    use crate::hash::{copy, digest, hexdigest, update};

    fixed! {
        SHA224_Type, c"_sha2.SHA224Type", sha224, "sha224", 64, 28, <::sha2::Sha224 as Default>::default(), "A hash object of SHA224.";
        SHA256_Type, c"_sha2.SHA256Type", sha256, "sha256", 64, 32, <::sha2::Sha256 as Default>::default(), "A hash object of SHA256.";
        SHA384_Type, c"_sha2.SHA384Type", sha384, "sha384", 128, 48, <::sha2::Sha384 as Default>::default(), "A hash object of SHA384.";
        SHA512_Type, c"_sha2.SHA512Type", sha512, "sha512", 128, 64, <::sha2::Sha512 as Default>::default(), "A hash object of SHA512.";
    }

    fn exec(m: &Module) -> PyResult<()> {
        ready(&SHA224_Type)?;
        m.add("SHA224Type", SHA224_Type.as_object())?;
        ready(&SHA256_Type)?;
        m.add("SHA256Type", SHA256_Type.as_object())?;
        ready(&SHA384_Type)?;
        m.add("SHA384Type", SHA384_Type.as_object())?;
        ready(&SHA512_Type)?;
        m.add("SHA512Type", SHA512_Type.as_object())?;
        m.add_int("_GIL_MINSIZE", GIL_MINSIZE)
    }

    /// The module.
    pub static MODULE: ModuleDef =
        ModuleDef { name: "_sha2", doc: "SHA-2.", methods: methods![sha224, sha256, sha384, sha512], exec };
}

/// Types of `_sha3`, which are called themselves.
macro_rules! sha3_types {
    ($($ty:ident, $type_name:literal, $new:ident, $name:literal, $rate:literal, $digest:literal, $state:expr, [$($m:ident),*], $doc:literal;)*) => {$(
        extern "C" fn $new(cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
            static INFO: Info = Info { name: $name, block_size: $rate / 8, digest_size: $digest };
            with_tuple_args($name, args, kwargs, |call| {
                let data = hash::initial($name, call)?;
                let mut state = $state;
                if let Some(d) = data {
                    state.update(&d);
                }
                Ok(hash::new(cls, &INFO, state)?.into_obj())
            })
        }

        /// A type of hash objects.
        pub static $ty: Type = Type::with_flags(TypeDef {
            name: $type_name,
            doc: Some($doc),
            basicsize: size_of::<Hash>(),
            flags: flags::IMMUTABLETYPE,
            dealloc: Some(dealloc_of::<Hash>),
            new: Some($new),
            methods: methods![$($m),*],
            getset: getsets![
                getset!(c"block_size", hash::block_size),
                getset!(c"name", hash::name),
                getset!(c"digest_size", hash::digest_size),
                getset!(c"_capacity_bits", capacity),
                getset!(c"_rate_bits", rate),
                getset!(c"_suffix", suffix),
            ],
            ..TypeDef::EMPTY
        }, 0);
    )*};
}

/// `_sha3`
pub mod sha3 {
    use super::*;
    use taipan_object::args::with_tuple_args;
    use taipan_object::types::bytes::Bytes;

    fn rate(h: &Hash) -> usize {
        h.info.block_size * 8
    }

    fn capacity(h: &Hash) -> usize {
        1600 - rate(h)
    }

    fn suffix(h: &Hash) -> Ref<Bytes> {
        Bytes::new(if h.info.digest_size == 0 { &[0x1f] } else { &[6] })
    }

    mod fixed {
        use super::*;
        use crate::hash::{copy, digest, hexdigest, update};
        sha3_types! {
            SHA3_224_Type, c"_sha3.sha3_224", sha3_224_new, "sha3_224", 1152, 28, State::Fixed(Box::new(<::sha3::Sha3_224 as Default>::default())), [copy, digest, hexdigest, update], c"sha3_224([data], *, usedforsecurity=True) -> SHA3 object";
            SHA3_256_Type, c"_sha3.sha3_256", sha3_256_new, "sha3_256", 1088, 32, State::Fixed(Box::new(<::sha3::Sha3_256 as Default>::default())), [copy, digest, hexdigest, update], c"sha3_256([data], *, usedforsecurity=True) -> SHA3 object";
            SHA3_384_Type, c"_sha3.sha3_384", sha3_384_new, "sha3_384", 832, 48, State::Fixed(Box::new(<::sha3::Sha3_384 as Default>::default())), [copy, digest, hexdigest, update], c"sha3_384([data], *, usedforsecurity=True) -> SHA3 object";
            SHA3_512_Type, c"_sha3.sha3_512", sha3_512_new, "sha3_512", 576, 64, State::Fixed(Box::new(<::sha3::Sha3_512 as Default>::default())), [copy, digest, hexdigest, update], c"sha3_512([data], *, usedforsecurity=True) -> SHA3 object";
        }
    }

    mod extendable {
        use super::*;
        use crate::hash::shake::{digest, hexdigest};
        use crate::hash::{copy, update};
        sha3_types! {
            SHAKE_128_Type, c"_sha3.shake_128", shake_128_new, "shake_128", 1344, 0, State::Shake128(Default::default()), [copy, digest, hexdigest, update], c"shake_128([data], *, usedforsecurity=True) -> SHAKE object";
            SHAKE_256_Type, c"_sha3.shake_256", shake_256_new, "shake_256", 1088, 0, State::Shake256(Default::default()), [copy, digest, hexdigest, update], c"shake_256([data], *, usedforsecurity=True) -> SHAKE object";
        }
    }

    pub use extendable::{SHAKE_128_Type, SHAKE_256_Type};
    pub use fixed::{SHA3_224_Type, SHA3_256_Type, SHA3_384_Type, SHA3_512_Type};

    fn exec(m: &Module) -> PyResult<()> {
        for t in [&SHA3_224_Type, &SHA3_256_Type, &SHA3_384_Type, &SHA3_512_Type, &SHAKE_128_Type, &SHAKE_256_Type] {
            m.add_type(t)?;
        }
        m.add_str("implementation", "RustCrypto")?;
        m.add_int("_GIL_MINSIZE", GIL_MINSIZE)
    }

    /// The module.
    pub static MODULE: ModuleDef = ModuleDef { name: "_sha3", doc: "SHA-3.", methods: None, exec };
}
