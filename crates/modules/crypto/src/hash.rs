//! What all hash objects share: one layout, whatever the function.

use sha3::digest::{DynDigest, ExtendableOutput, Update, XofReader};
use std::cell::RefCell;
use taipan_object::alloc::new_instance;
use taipan_object::args::{CallArgs, KwArgs, Param, Signature, bind_keywords};
use taipan_object::buffer::{self, Buffer};
use taipan_object::types::bytes::Bytes;
use taipan_object::types::str::Str;
use taipan_object::{Layout, Obj, Object, PyResult, Ref, Type, bail, method};

/// A hash under way.
pub enum State {
    /// A digest of fixed length.
    Fixed(Box<dyn DynDigest>),
    /// SHAKE128
    Shake128(sha3::Shake128),
    /// SHAKE256
    Shake256(sha3::Shake256),
    /// BLAKE2b
    Blake2b(Box<blake2b_simd::State>),
    /// BLAKE2s
    Blake2s(Box<blake2s_simd::State>),
}

impl Clone for State {
    fn clone(&self) -> State {
        match self {
            State::Fixed(d) => State::Fixed(d.box_clone()),
            State::Shake128(s) => State::Shake128(s.clone()),
            State::Shake256(s) => State::Shake256(s.clone()),
            State::Blake2b(s) => State::Blake2b(s.clone()),
            State::Blake2s(s) => State::Blake2s(s.clone()),
        }
    }
}

impl State {
    /// Takes in more.
    pub fn update(&mut self, data: &[u8]) {
        match self {
            State::Fixed(d) => d.update(data),
            State::Shake128(s) => Update::update(s, data),
            State::Shake256(s) => Update::update(s, data),
            State::Blake2b(s) => {
                s.update(data);
            }
            State::Blake2s(s) => {
                s.update(data);
            }
        }
    }

    /// The digest so far; `n` is its length where one is asked for.
    pub fn digest(&self, n: usize) -> Vec<u8> {
        let mut out = vec![0; n];
        match self {
            State::Fixed(d) => return d.box_clone().finalize().into_vec(),
            State::Shake128(s) => s.clone().finalize_xof().read(&mut out),
            State::Shake256(s) => s.clone().finalize_xof().read(&mut out),
            State::Blake2b(s) => return s.finalize().as_bytes().to_vec(),
            State::Blake2s(s) => return s.finalize().as_bytes().to_vec(),
        }
        out
    }
}

/// What there is to say of a hash function.
pub struct Info {
    /// `name`
    pub name: &'static str,
    /// `block_size`
    pub block_size: usize,
    /// `digest_size`; 0 if the length is asked for, or differs.
    pub digest_size: usize,
}

/// A hash object.
#[repr(C)]
pub struct Hash {
    ob_base: Object,
    pub(crate) info: &'static Info,
    pub(crate) state: RefCell<State>,
}

// SAFETY: all types with this layout are made in this crate, and share the destructor that names it.
unsafe impl Layout for Hash {
    fn type_object() -> &'static Type {
        &crate::functions::md5::MD5_Type
    }
    fn is_instance(o: &Object) -> bool {
        crate::functions::TYPES.iter().chain(crate::blake2::TYPES).any(|t| o.is_exact(t))
    }
}

impl std::ops::Deref for Hash {
    type Target = Object;
    fn deref(&self) -> &Object {
        &self.ob_base
    }
}

/// A hash object of the given type.
pub fn new(cls: &Type, info: &'static Info, state: State) -> PyResult<Ref<Hash>> {
    new_instance(cls, Hash { ob_base: Object::placeholder(), info, state: RefCell::new(state) })
}

/// The data to hash.
pub fn data(o: &Object) -> PyResult<Buffer> {
    if o.downcast::<Str>().is_some() {
        bail!(TypeError, "Strings must be encoded before hashing");
    }
    if !buffer::supports(o) {
        bail!(TypeError, "object supporting the buffer API required");
    }
    Buffer::get(o)
}

/// The arguments of most constructors: `(data=b'', *, usedforsecurity=True, string=None)`.
pub fn initial(name: &'static str, call: CallArgs<'_>) -> PyResult<Option<Buffer>> {
    const PARAMS: &[Param] = &[
        Param { name: "data", required: false },
        Param { name: "usedforsecurity", required: false },
        Param { name: "string", required: false },
    ];
    let n = call.positional().len();
    if n > 1 {
        bail!(TypeError, "{name}() takes at most 1 positional argument ({n} given)");
    }
    let sig = Signature { name, params: PARAMS, posonly: 0, positional: 1, varargs: false, varkw: false };
    let mut out = [None; 3];
    bind_keywords(&sig, call, &mut out)?;
    if let Some(u) = out[1] {
        u.is_true()?;
    }
    match (out[0], out[2].filter(|s| !s.is_none())) {
        (Some(_), Some(_)) => bail!(
            TypeError,
            "'data' and 'string' are mutually exclusive and support for 'string' keyword parameter is slated for removal in a future version."
        ),
        (d, s) => d.or(s).map(data).transpose(),
    }
}

/// Keyword arguments as a call's.
pub fn call<'a>(args: &'a [&'a Object], npos: usize, kw: KwArgs<'a>) -> CallArgs<'a> {
    CallArgs::new(args, npos, kw.names())
}

/// A copy of the hash object.
#[method(signature = "()")]
pub fn copy(this: &Hash) -> PyResult<Ref<Hash>> {
    let state = this.state.borrow().clone();
    new(this.ty(), this.info, state)
}

/// Take in more data.
#[method(signature = "(obj, /)")]
pub fn update(this: &Hash, obj: &Object) -> PyResult<()> {
    let d = data(obj)?;
    this.state.borrow_mut().update(&d);
    Ok(())
}

/// The digest of all data so far.
#[method(signature = "()")]
pub fn digest(this: &Hash) -> PyResult<Ref<Bytes>> {
    Bytes::try_new(&this.state.borrow().digest(0))
}

/// In hexadecimal digits.
pub fn hex(b: &[u8]) -> Obj {
    let digits: Vec<u8> =
        b.iter().flat_map(|&c| [c >> 4, c & 15]).map(|d| b"0123456789abcdef"[usize::from(d)]).collect();
    Str::from_latin1(&digits).into_obj()
}

/// The digest of all data so far in hexadecimal digits.
#[method(signature = "()")]
pub fn hexdigest(this: &Hash) -> Obj {
    hex(&this.state.borrow().digest(0))
}

fn length_of(length: &Object) -> PyResult<usize> {
    let n = taipan_object::protocol::number::index(length)?;
    match n.to_u64() {
        Some(n) if n < 1 << 29 => Ok(n as usize),
        Some(_) => bail!(ValueError, "length is too large"),
        None if n.is_negative() => bail!(ValueError, "Cannot convert negative int"),
        None => bail!(OverflowError, "Python int too large for C unsigned long"),
    }
}

/// SHAKE objects: the caller says how long the digest is.
pub mod shake {
    use super::*;

    /// A digest of the given length.
    #[method(signature = "(length)")]
    pub fn digest(this: &Hash, length: &Object) -> PyResult<Ref<Bytes>> {
        Bytes::try_new(&this.state.borrow().digest(length_of(length)?))
    }

    /// A digest of the given length in hexadecimal digits.
    #[method(signature = "(length)")]
    pub fn hexdigest(this: &Hash, length: &Object) -> PyResult<Obj> {
        Ok(hex(&this.state.borrow().digest(length_of(length)?)))
    }
}

/// `name`
pub fn name(this: &Hash) -> &'static str {
    this.info.name
}

/// `block_size`
pub fn block_size(this: &Hash) -> usize {
    this.info.block_size
}

/// `digest_size`
pub fn digest_size(this: &Hash) -> usize {
    match &*this.state.borrow() {
        State::Blake2b(s) => s.finalize().as_bytes().len(),
        State::Blake2s(s) => s.finalize().as_bytes().len(),
        _ => this.info.digest_size,
    }
}
