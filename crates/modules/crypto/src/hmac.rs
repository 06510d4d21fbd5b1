//! `_hmac`: keyed hashes (RFC 2104) over the functions of this crate.

use crate::hash::{State, data};
use std::cell::RefCell;
use taipan_object::alloc::{dealloc_of, new_object};
use taipan_object::native::add_exception;
use taipan_object::protocol::repr::text;
use taipan_object::typeobj::ready::ready;
use taipan_object::types::bytes::Bytes;
use taipan_object::types::exceptions;
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::types::str::Str;
use taipan_object::{
    Object, PyResult, Ref, Type, TypeDef, bail, flags, function, getset, getsets, layout, method, methods,
};

/// A hash function that keys can be mixed into.
struct Algorithm {
    name: &'static str,
    block_size: usize,
    digest_size: usize,
    new: fn() -> State,
}

macro_rules! algorithms {
    ($($name:literal, $block:literal, $digest:literal, $new:expr;)*) => {
        static ALGORITHMS: &[Algorithm] =
            &[$(Algorithm { name: $name, block_size: $block, digest_size: $digest, new: || $new }),*];
    };
}

fn fixed<D: sha3::digest::DynDigest + Default + 'static>() -> State {
    State::Fixed(Box::new(D::default()))
}

algorithms! {
    "md5", 64, 16, fixed::<md5::Md5>();
    "sha1", 64, 20, fixed::<sha1::Sha1>();
    "sha224", 64, 28, fixed::<sha2::Sha224>();
    "sha256", 64, 32, fixed::<sha2::Sha256>();
    "sha384", 128, 48, fixed::<sha2::Sha384>();
    "sha512", 128, 64, fixed::<sha2::Sha512>();
    "sha3_224", 144, 28, fixed::<sha3::Sha3_224>();
    "sha3_256", 136, 32, fixed::<sha3::Sha3_256>();
    "sha3_384", 104, 48, fixed::<sha3::Sha3_384>();
    "sha3_512", 72, 64, fixed::<sha3::Sha3_512>();
    "blake2s_32", 64, 32, State::Blake2s(Box::default());
    "blake2b_32", 128, 64, State::Blake2b(Box::default());
}

/// A keyed hash under way.
struct Keyed {
    inner: State,
    outer: State,
}

impl Keyed {
    fn new(a: &Algorithm, key: &[u8]) -> Keyed {
        let mut block = vec![0u8; a.block_size];
        if key.len() > a.block_size {
            let mut h = (a.new)();
            h.update(key);
            let d = h.digest(0);
            block[..d.len()].copy_from_slice(&d);
        } else {
            block[..key.len()].copy_from_slice(key);
        }
        let padded = |x: u8| {
            let mut h = (a.new)();
            h.update(&block.iter().map(|b| b ^ x).collect::<Vec<u8>>());
            h
        };
        Keyed { inner: padded(0x36), outer: padded(0x5c) }
    }

    fn digest(&self) -> Vec<u8> {
        let mut outer = self.outer.clone();
        outer.update(&self.inner.digest(0));
        outer.digest(0)
    }
}

fn find(o: &Object) -> PyResult<&'static Algorithm> {
    if let Some(s) = o.downcast::<Str>()
        && let Some(a) = ALGORITHMS.iter().find(|a| s.eq_str(a.name) || s.eq_str(&a.name.to_uppercase()))
    {
        return Ok(a);
    }
    let message = format!("unsupported hash type: {}", o.repr()?.to_utf8_lossy());
    Err(taipan_object::native::raise_named("_hmac.UnknownHashError", &message))
}

/// An HMAC object.
#[repr(C)]
pub struct Hmac {
    ob_base: Object,
    algorithm: &'static Algorithm,
    state: RefCell<Keyed>,
}

layout!(Hmac, HMAC_TYPE);

fn make(algorithm: &'static Algorithm, state: Keyed) -> Ref<Hmac> {
    new_object(Hmac { ob_base: Object::placeholder(), algorithm, state: RefCell::new(state) })
}

/// Return a new HMAC object.
#[function(signature = "(key, msg=None, digestmod=None)")]
fn new(key: &Object, msg: Option<&Object>, digestmod: Option<&Object>) -> PyResult<Ref<Hmac>> {
    let Some(digestmod) = digestmod else { bail!(TypeError, "new() missing 1 required argument 'digestmod'") };
    let algorithm = find(digestmod)?;
    let key = data(key)?;
    let mut state = Keyed::new(algorithm, &key);
    if let Some(m) = msg {
        state.inner.update(&data(m)?);
    }
    Ok(make(algorithm, state))
}

fn one_shot(a: &Algorithm, key: &Object, msg: &Object) -> PyResult<Ref<Bytes>> {
    let (key, msg) = (data(key)?, data(msg)?);
    let mut k = Keyed::new(a, &key);
    k.inner.update(&msg);
    Bytes::try_new(&k.digest())
}

/// Return the keyed hash of a message.
#[function(signature = "(key, msg, digest)")]
fn compute_digest(key: &Object, msg: &Object, digest: &Object) -> PyResult<Ref<Bytes>> {
    one_shot(find(digest)?, key, msg)
}

macro_rules! one_shots {
    ($($function:ident, $index:literal;)*) => {$(
        /// Return the keyed hash of a message.
        #[function(signature = "(key, msg, /)")]
        fn $function(key: &Object, msg: &Object) -> PyResult<Ref<Bytes>> {
            one_shot(&ALGORITHMS[$index], key, msg)
        }
    )*};
}

one_shots! {
    compute_md5, 0;
    compute_sha1, 1;
    compute_sha224, 2;
    compute_sha256, 3;
    compute_sha384, 4;
    compute_sha512, 5;
    compute_sha3_224, 6;
    compute_sha3_256, 7;
    compute_sha3_384, 8;
    compute_sha3_512, 9;
    compute_blake2s_32, 10;
    compute_blake2b_32, 11;
}

/// Return a copy of the HMAC object.
#[method]
fn copy(this: &Hmac) -> Ref<Hmac> {
    let s = this.state.borrow();
    make(this.algorithm, Keyed { inner: s.inner.clone(), outer: s.outer.clone() })
}

/// Take in more of the message.
#[method(signature = "(msg)")]
fn update(this: &Hmac, msg: &Object) -> PyResult<()> {
    let d = data(msg)?;
    this.state.borrow_mut().inner.update(&d);
    Ok(())
}

/// Return the keyed hash of what was taken in.
#[method]
fn digest(this: &Hmac) -> PyResult<Ref<Bytes>> {
    Bytes::try_new(&this.state.borrow().digest())
}

/// Return the keyed hash in hexadecimal digits.
#[method]
fn hexdigest(this: &Hmac) -> String {
    this.state.borrow().digest().iter().map(|b| format!("{b:02x}")).collect()
}

fn get_name(this: &Hmac) -> String {
    format!("hmac-{}", this.algorithm.name)
}

fn get_block_size(this: &Hmac) -> usize {
    this.algorithm.block_size
}

fn get_digest_size(this: &Hmac) -> usize {
    this.algorithm.digest_size
}

extern "C" fn repr(o: &Object) -> PyResult {
    Ok(text(&format!("<{} HMAC object @ {o:p}>", o.cast::<Hmac>().algorithm.name)))
}

/// `HMAC`.
pub static HMAC_TYPE: Type = Type::with_flags(
    TypeDef {
        name: c"_hmac.HMAC",
        basicsize: size_of::<Hmac>(),
        flags: flags::DISALLOW_INSTANTIATION,
        dealloc: Some(dealloc_of::<Hmac>),
        repr: Some(repr),
        methods: methods![copy, update, digest, hexdigest],
        getset: getsets![
            getset!(c"name", get_name),
            getset!(c"block_size", get_block_size),
            getset!(c"digest_size", get_digest_size)
        ],
        ..TypeDef::EMPTY
    },
    flags::IMMUTABLETYPE,
);

fn exec(m: &Module) -> PyResult<()> {
    ready(&HMAC_TYPE)?;
    m.add("HMAC", HMAC_TYPE.as_object())?;
    add_exception(m, "_hmac.UnknownHashError", exceptions::ValueError)?;
    m.add_int("_GIL_MINSIZE", 2048)
}

/// The module.
pub static MODULE: ModuleDef = ModuleDef {
    name: "_hmac",
    doc: "Keyed hashes.",
    methods: methods![
        new,
        compute_digest,
        compute_md5,
        compute_sha1,
        compute_sha224,
        compute_sha256,
        compute_sha384,
        compute_sha512,
        compute_sha3_224,
        compute_sha3_256,
        compute_sha3_384,
        compute_sha3_512,
        compute_blake2s_32,
        compute_blake2b_32,
    ],
    exec,
};
