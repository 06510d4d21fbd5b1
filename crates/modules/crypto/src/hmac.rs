//! `_hmac`: message authentication codes over the hash functions of this crate (RFC 2104).

use crate::hash::{State, data, hex};
use std::cell::RefCell;
use std::ffi::{c_int, c_void};
use taipan_object::alloc::{dealloc_of, new_object};
use taipan_object::args::Given;
use taipan_object::native;
use taipan_object::protocol::repr::text;
use taipan_object::typeobj::slots::VisitProc;
use taipan_object::types::bytes::Bytes;
use taipan_object::types::exceptions::ValueError;
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::types::str::Str;
use taipan_object::{
    Obj, Object, PyResult, Raised, Ref, Type, TypeDef, bail, flags, function, getset, getsets, layout, method, methods,
};

/// A hash function to build on.
struct Function {
    name: &'static str,
    block_size: usize,
    digest_size: usize,
    make: fn() -> State,
}

fn fixed<D: sha3::digest::DynDigest + Default + 'static>() -> State {
    State::Fixed(Box::new(D::default()))
}

const fn known(name: &'static str, block_size: usize, digest_size: usize, make: fn() -> State) -> Function {
    Function { name, block_size, digest_size, make }
}

static FUNCTIONS: [Function; 12] = [
    known("md5", 64, 16, fixed::<md5::Md5>),
    known("sha1", 64, 20, fixed::<sha1::Sha1>),
    known("sha224", 64, 28, fixed::<sha2::Sha224>),
    known("sha256", 64, 32, fixed::<sha2::Sha256>),
    known("sha384", 128, 48, fixed::<sha2::Sha384>),
    known("sha512", 128, 64, fixed::<sha2::Sha512>),
    known("sha3_224", 144, 28, fixed::<sha3::Sha3_224>),
    known("sha3_256", 136, 32, fixed::<sha3::Sha3_256>),
    known("sha3_384", 104, 48, fixed::<sha3::Sha3_384>),
    known("sha3_512", 72, 64, fixed::<sha3::Sha3_512>),
    known("blake2s_32", 64, 32, || State::Blake2s(Box::new(blake2s_simd::State::new()))),
    known("blake2b_32", 128, 64, || State::Blake2b(Box::new(blake2b_simd::State::new()))),
];

/// A code under way: the hashes that have taken in the two pads.
#[derive(Clone)]
struct Keyed {
    inner: State,
    outer: State,
}

impl Keyed {
    fn new(f: &Function, key: &[u8]) -> Keyed {
        let mut block = vec![0u8; f.block_size];
        let hashed;
        let key = if key.len() > f.block_size {
            let mut h = (f.make)();
            h.update(key);
            hashed = h.digest(0);
            &hashed
        } else {
            key
        };
        block[..key.len()].copy_from_slice(key);
        let padded = |pad: u8| {
            let mut h = (f.make)();
            h.update(&block.iter().map(|b| b ^ pad).collect::<Vec<u8>>());
            h
        };
        Keyed { inner: padded(0x36), outer: padded(0x5C) }
    }

    fn digest(&self) -> Vec<u8> {
        let mut outer = self.outer.clone();
        outer.update(&self.inner.digest(0));
        outer.digest(0)
    }
}

/// An HMAC object.
#[repr(C)]
pub struct Hmac {
    ob_base: Object,
    function: &'static Function,
    state: RefCell<Keyed>,
}
layout!(Hmac, HMAC_Type);

const UNKNOWN: &str = "_hmac.UnknownHashError";

fn unknown(digestmod: &Object) -> Raised {
    match digestmod.repr() {
        Ok(r) => native::raise_named(UNKNOWN, &format!("unsupported hash type: {}", r.display())),
        Err(e) => e,
    }
}

fn find(digestmod: &Object) -> PyResult<&'static Function> {
    let Some(name) = digestmod.downcast::<Str>() else { return Err(unknown(digestmod)) };
    let name = name.to_utf8_lossy();
    if name == "blake2s" || name == "blake2b" {
        // Their digests differ in length: the name alone does not say which is meant.
        bail!(ValueError, "invalid HACL* algorithm");
    }
    let lower = name.to_ascii_lowercase();
    let right = *name == lower || *name == name.to_ascii_uppercase();
    FUNCTIONS.iter().find(|f| right && f.name == lower).ok_or_else(|| unknown(digestmod))
}

fn make(function: &'static Function, state: Keyed) -> Ref<Hmac> {
    new_object(Hmac { ob_base: Object::placeholder(), function, state: RefCell::new(state) })
}

/// Return a new HMAC object.
#[function(signature = "(key, msg=None, digestmod=None)")]
fn new(key: &Object, msg: Option<&Object>, digestmod: Given<&Object>) -> PyResult<Ref<Hmac>> {
    let Some(digestmod) = digestmod.0 else { bail!(TypeError, "new() missing 1 required argument 'digestmod'") };
    let function = find(digestmod)?;
    let mut state = Keyed::new(function, &data(key)?);
    if let Some(m) = msg {
        state.inner.update(&data(m)?);
    }
    Ok(make(function, state))
}

fn compute(function: &'static Function, key: &Object, msg: &Object) -> PyResult<Ref<Bytes>> {
    let key = data(key)?;
    let msg = data(msg)?;
    let mut state = Keyed::new(function, &key);
    state.inner.update(&msg);
    Bytes::try_new(&state.digest())
}

/// The code of a message, with the named hash function.
#[function(signature = "(key, msg, digest)")]
fn compute_digest(key: &Object, msg: &Object, digest: &Object) -> PyResult<Ref<Bytes>> {
    compute(find(digest)?, key, msg)
}

macro_rules! computes {
    ($($rust:ident $index:literal;)*) => {$(
        /// The code of a message.
        #[function(signature = "(key, msg, /)")]
        fn $rust(key: &Object, msg: &Object) -> PyResult<Ref<Bytes>> {
            compute(&FUNCTIONS[$index], key, msg)
        }
    )*};
}

computes! {
    compute_md5 0;
    compute_sha1 1;
    compute_sha224 2;
    compute_sha256 3;
    compute_sha384 4;
    compute_sha512 5;
    compute_sha3_224 6;
    compute_sha3_256 7;
    compute_sha3_384 8;
    compute_sha3_512 9;
    compute_blake2s_32 10;
    compute_blake2b_32 11;
}

/// A copy of the object.
#[method(signature = "()")]
fn copy(this: &Hmac) -> Ref<Hmac> {
    make(this.function, this.state.borrow().clone())
}

/// Take in more of the message.
#[method(signature = "(msg)")]
fn update(this: &Hmac, msg: &Object) -> PyResult<()> {
    let d = data(msg)?;
    this.state.borrow_mut().inner.update(&d);
    Ok(())
}

/// The code of what was taken in so far.
#[method(signature = "()")]
fn digest(this: &Hmac) -> PyResult<Ref<Bytes>> {
    Bytes::try_new(&this.state.borrow().digest())
}

/// The code of what was taken in so far in hexadecimal digits.
#[method(signature = "()")]
fn hexdigest(this: &Hmac) -> Obj {
    hex(&this.state.borrow().digest())
}

fn get_name(this: &Hmac) -> String {
    format!("hmac-{}", this.function.name)
}

fn get_block_size(this: &Hmac) -> usize {
    this.function.block_size
}

fn get_digest_size(this: &Hmac) -> usize {
    this.function.digest_size
}

extern "C" fn hmac_repr(o: &Object) -> PyResult {
    Ok(text(&format!("<{} HMAC object @ {o:p}>", o.cast::<Hmac>().function.name)))
}

extern "C" fn hmac_traverse(_: &Object, _: VisitProc, _: *mut c_void) -> c_int {
    0
}

/// `_hmac.HMAC`
pub static HMAC_Type: Type = Type::with_flags(
    TypeDef {
        name: c"_hmac.HMAC",
        basicsize: size_of::<Hmac>(),
        flags: flags::HAVE_GC | flags::IMMUTABLETYPE | flags::DISALLOW_INSTANTIATION,
        dealloc: Some(dealloc_of::<Hmac>),
        traverse: Some(hmac_traverse),
        repr: Some(hmac_repr),
        methods: methods![copy, update, digest, hexdigest],
        getset: getsets![
            getset!(c"name", get_name),
            getset!(c"block_size", get_block_size),
            getset!(c"digest_size", get_digest_size),
        ],
        ..TypeDef::EMPTY
    },
    0,
);

fn exec(m: &Module) -> PyResult<()> {
    m.add_type(&HMAC_Type)?;
    match native::exception_class(UNKNOWN) {
        Some(c) => m.add("UnknownHashError", &c)?,
        None => drop(native::add_exception(m, UNKNOWN, ValueError)?),
    }
    m.add_int("_GIL_MINSIZE", 2048)
}

/// The module.
pub static MODULE: ModuleDef = ModuleDef {
    name: "_hmac",
    doc: "Message authentication codes.",
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
