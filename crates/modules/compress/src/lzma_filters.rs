//! Filter chains of liblzma: dicts to the library's structs and back.

use crate::lzma::{check, error};
use liblzma_sys as lz;
use taipan_object::header::{Object, Ref};
use taipan_object::protocol::number;
use taipan_object::types::dict::Dict;
use taipan_object::types::exceptions::KeyError;
use taipan_object::types::int::Int;
use taipan_object::types::str::Str;
use taipan_object::types::str::intern::intern_str;
use taipan_object::{Obj, PyResult, bail};

/// `liblzma` takes this many filters in a chain.
const LONGEST: usize = 4;

/// The options of a filter.
pub enum Options {
    /// LZMA1 and LZMA2.
    Lzma(Box<lz::lzma_options_lzma>),
    /// The distance of the delta filter.
    Delta(Box<DeltaOptions>),
    /// The branch filters.
    Bcj(Box<lz::lzma_options_bcj>),
}

/// `lzma_options_delta`
#[repr(C)]
pub struct DeltaOptions {
    kind: std::ffi::c_uint,
    dist: u32,
    reserved_ints: [u32; 4],
    reserved_pointers: [*mut std::ffi::c_void; 2],
}

/// One filter.
pub struct Filter {
    id: u64,
    options: Options,
}

/// A chain as the library wants it.
pub struct Chain {
    filters: Vec<Filter>,
}

impl Chain {
    /// The chain that a sequence of dicts describes.
    pub fn parse(spec: &Object) -> PyResult<Chain> {
        if !spec.is_sequence() && spec.is_mapping() {
            bail!(TypeError, "{} is not a sequence", spec.ty().name_str());
        }
        let n = spec.len()?;
        if n > LONGEST {
            bail!(ValueError, "Too many filters - liblzma supports a maximum of {LONGEST}");
        }
        let filters = (0..n).map(|i| Filter::parse(&*spec.sequence_item(i as isize)?)).collect::<PyResult<_>>()?;
        Ok(Chain { filters })
    }

    /// The array that the library reads, which refers to this chain.
    pub fn raw(&self) -> Vec<lz::lzma_filter> {
        let mut v: Vec<_> = self.filters.iter().map(Filter::raw).collect();
        v.push(lz::lzma_filter { id: lz::LZMA_VLI_UNKNOWN, options: std::ptr::null_mut() });
        v
    }

    /// The options, if the chain is a single LZMA1 filter.
    pub fn single_lzma1(&self) -> Option<&lz::lzma_options_lzma> {
        match &self.filters[..] {
            [Filter { id: lz::LZMA_FILTER_LZMA1, options: Options::Lzma(o) }] => Some(o),
            _ => None,
        }
    }
}

fn entry(spec: &Object, name: &str) -> PyResult<Option<Obj>> {
    match spec.get_item(&intern_str(name)) {
        Ok(v) => Ok(Some(v)),
        Err(e) => e.recover(KeyError, None),
    }
}

fn unsigned(o: &Object, c_type: &str) -> PyResult<u64> {
    let i = number::index(o)?;
    match i.to_u64() {
        Some(n) => Ok(n),
        None if i.is_negative() => bail!(ValueError, "Cannot convert negative int"),
        None => bail!(OverflowError, "Python int too large for C {c_type}"),
    }
}

/// An unsigned integer of 32 bits.
pub fn uint32(o: &Object) -> PyResult<u32> {
    match u32::try_from(unsigned(o, "uint32_t")?) {
        Ok(n) => Ok(n),
        Err(_) => bail!(OverflowError, "Python int too large for C uint32_t"),
    }
}

/// An unsigned integer of 64 bits.
pub fn uint64(o: &Object) -> PyResult<u64> {
    unsigned(o, "uint64_t")
}

/// The keys of the dict are all among `names`.
fn only(spec: &Object, names: &[&str]) -> PyResult<bool> {
    let keys = spec.iter()?;
    while let Some(k) = keys.next()? {
        if !k.downcast::<Str>().is_some_and(|k| names.iter().any(|n| k.eq_str(n))) {
            return Ok(false);
        }
    }
    Ok(true)
}

impl Filter {
    /// The filter that a dict describes.
    pub fn parse(spec: &Object) -> PyResult<Filter> {
        if !spec.is_mapping() {
            bail!(TypeError, "Filter specifier must be a dict or dict-like object");
        }
        let Some(id) = entry(spec, "id")? else { bail!(ValueError, "Filter specifier must have an \"id\" entry") };
        let id = uint64(&id)?;
        let options = match id {
            lz::LZMA_FILTER_LZMA1 | lz::LZMA_FILTER_LZMA2 => lzma_options(spec)?,
            lz::LZMA_FILTER_DELTA => {
                let bad = || taipan_object::raise!(ValueError, "Invalid filter specifier for delta filter");
                if !only(spec, &["id", "dist"])? {
                    return Err(bad());
                }
                let dist = entry(spec, "dist")?.map_or(Ok(1), |d| uint32(&d)).map_err(|e| {
                    e.clear();
                    bad()
                })?;
                Options::Delta(Box::new(DeltaOptions {
                    kind: 0,
                    dist,
                    reserved_ints: [0; 4],
                    reserved_pointers: [std::ptr::null_mut(); 2],
                }))
            }
            4..=9 => {
                let bad = || taipan_object::raise!(ValueError, "Invalid filter specifier for BCJ filter");
                if !only(spec, &["id", "start_offset"])? {
                    return Err(bad());
                }
                let start_offset = entry(spec, "start_offset")?.map_or(Ok(0), |d| uint32(&d)).map_err(|e| {
                    e.clear();
                    bad()
                })?;
                Options::Bcj(Box::new(lz::lzma_options_bcj { start_offset }))
            }
            _ => bail!(ValueError, "Invalid filter ID: {id}"),
        };
        Ok(Filter { id, options })
    }

    /// The library's view of it.
    pub fn raw(&self) -> lz::lzma_filter {
        let options = match &self.options {
            Options::Lzma(o) => (&raw const **o).cast_mut().cast(),
            Options::Delta(o) => (&raw const **o).cast_mut().cast(),
            Options::Bcj(o) => (&raw const **o).cast_mut().cast(),
        };
        lz::lzma_filter { id: self.id, options }
    }
}

fn lzma_options(spec: &Object) -> PyResult<Options> {
    const NAMES: [&str; 10] = ["id", "preset", "dict_size", "lc", "lp", "pb", "mode", "nice_len", "mf", "depth"];
    let preset = entry(spec, "preset")?.map_or(Ok(lz::LZMA_PRESET_DEFAULT), |p| uint32(&p))?;
    // SAFETY: all zero is a value of the struct, and the library fills it in.
    let mut o: Box<lz::lzma_options_lzma> = Box::new(unsafe { std::mem::zeroed() });
    // SAFETY: a struct to fill in.
    if unsafe { lz::lzma_lzma_preset(&mut *o, preset) } != 0 {
        return Err(error(&format!("Invalid compression preset: {preset}")));
    }
    if !only(spec, &NAMES)? {
        bail!(ValueError, "Invalid filter specifier for LZMA filter");
    }
    let mut values = [None; 8];
    for (v, name) in values.iter_mut().zip(&NAMES[2..]) {
        if let Some(given) = entry(spec, name)? {
            match uint32(&given) {
                Ok(n) => *v = Some(n),
                Err(e) => {
                    e.clear();
                    bail!(ValueError, "Invalid filter specifier for LZMA filter");
                }
            }
        }
    }
    let [dict_size, lc, lp, pb, mode, nice_len, mf, depth] = values;
    o.dict_size = dict_size.unwrap_or(o.dict_size);
    o.lc = lc.unwrap_or(o.lc);
    o.lp = lp.unwrap_or(o.lp);
    o.pb = pb.unwrap_or(o.pb);
    o.mode = mode.unwrap_or(o.mode);
    o.nice_len = nice_len.unwrap_or(o.nice_len);
    o.mf = mf.unwrap_or(o.mf);
    o.depth = depth.unwrap_or(o.depth);
    Ok(Options::Lzma(o))
}

/// The options of a filter as they stand in a file.
pub fn encode_properties(f: &Filter) -> PyResult<Vec<u8>> {
    let raw = f.raw();
    let mut size = 0;
    // SAFETY: the filter lives as long as its raw view.
    check(unsafe { lz::lzma_properties_size(&mut size, &raw) })?;
    let mut out = vec![0; size as usize];
    // SAFETY: the library writes `size` bytes.
    check(unsafe { lz::lzma_properties_encode(&raw, out.as_mut_ptr()) })?;
    Ok(out)
}

/// The dict of a filter whose options were read from a file.
pub fn decode_properties(id: u64, props: &[u8]) -> PyResult<Ref<Dict>> {
    let mut raw = lz::lzma_filter { id, options: std::ptr::null_mut() };
    // SAFETY: the library reads `props` and allocates options that are freed below.
    check(unsafe { lz::lzma_properties_decode(&mut raw, std::ptr::null(), props.as_ptr(), props.len()) })?;
    let dict = Dict::new();
    let set = |name: &str, n: u64| dict.set_item(&intern_str(name), &Int::from_u64(n));
    let fill = || {
        set("id", id)?;
        if raw.options.is_null() {
            return Ok(());
        }
        // SAFETY: the options are of the type that the filter's id tells.
        unsafe {
            match id {
                lz::LZMA_FILTER_LZMA1 => {
                    let o = &*raw.options.cast::<lz::lzma_options_lzma>();
                    set("dict_size", o.dict_size.into())?;
                    set("lc", o.lc.into())?;
                    set("lp", o.lp.into())?;
                    set("pb", o.pb.into())
                }
                lz::LZMA_FILTER_LZMA2 => {
                    set("dict_size", (*raw.options.cast::<lz::lzma_options_lzma>()).dict_size.into())
                }
                lz::LZMA_FILTER_DELTA => set("dist", (*raw.options.cast::<DeltaOptions>()).dist.into()),
                4..=9 => set("start_offset", (*raw.options.cast::<lz::lzma_options_bcj>()).start_offset.into()),
                _ => bail!(ValueError, "Invalid filter ID: {id}"),
            }
        }
    };
    let done = fill();
    let mut all = [raw, lz::lzma_filter { id: lz::LZMA_VLI_UNKNOWN, options: std::ptr::null_mut() }];
    // SAFETY: a terminated chain whose options the library allocated.
    unsafe { lz::lzma_filters_free(all.as_mut_ptr(), std::ptr::null()) };
    done?;
    Ok(dict)
}
