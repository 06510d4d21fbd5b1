//! The methods of `bytes`.

use crate::method::MethodDef;

crate::bytes_methods!(Bytes);

impl BytesLike for Bytes {
    #[inline]
    fn as_slice(&self) -> &[u8] {
        Bytes::as_slice(self)
    }
    #[inline]
    fn make(b: &[u8]) -> PyResult<Ref<Bytes>> {
        Bytes::try_new(b)
    }
    #[inline]
    fn unchanged(&self) -> PyResult<Ref<Bytes>> {
        Ok(self.to_exact())
    }
    #[inline]
    fn pin(&self) -> Pin<'_> {
        Pin::NONE
    }
}

/// These bytes as an exact instance.
#[method(signature = "()")]
pub fn __bytes__(this: &Bytes) -> Ref<Bytes> {
    this.to_exact()
}

/// The arguments that make these bytes again, for pickle.
#[method(signature = "()")]
pub fn __getnewargs__(this: &Bytes) -> PyResult<Ref<Tuple>> {
    Ok(Tuple::from_vec(vec![Bytes::try_new(this.as_slice())?.into_obj()]))
}

pub(super) const METHODS: Option<&'static [MethodDef]> = crate::methods![
    __getnewargs__,
    __bytes__,
    capitalize,
    center,
    count,
    decode,
    endswith,
    expandtabs,
    find,
    fromhex,
    hex,
    index,
    isalnum,
    isalpha,
    isascii,
    isdigit,
    islower,
    isspace,
    istitle,
    isupper,
    join,
    ljust,
    lower,
    lstrip,
    maketrans,
    partition,
    replace,
    removeprefix,
    removesuffix,
    rfind,
    rindex,
    rjust,
    rpartition,
    rsplit,
    rstrip,
    split,
    splitlines,
    startswith,
    strip,
    swapcase,
    title,
    translate,
    upper,
    zfill,
];
