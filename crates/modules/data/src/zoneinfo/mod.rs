//! `_zoneinfo`: time zones of the system's database.
//!
//! `rules.rs` computes; here is the type, and the caches that make one object per zone.

mod rules;

use crate::datetime::calendar::{EPOCH, Parts};
use crate::datetime::delta::Delta;
use crate::datetime::moment::{DATETIME_TYPE, DateTime};
use crate::datetime::zone::TZINFO_TYPE;
use crate::signature;
use crate::support::{tuple_of, visit_fields};
use rules::{Change, Rule, within};
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::mem::offset_of;
use taipan_object::alloc::{dealloc_of, new_instance};
use taipan_object::method::{MemberDef, member};
use taipan_object::protocol::repr::text;
use taipan_object::typeobj::slots::VisitProc;
use taipan_object::types::bool_::from_bool;
use taipan_object::types::int::Int;
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::types::str::{Str, StrBuilder};
use taipan_object::types::tuple::Tuple;
use taipan_object::{
    Interp, Obj, ObjCell, Object, PyResult, Ref, Type, TypeDef, bail, classmethod, flags, intern, layout, members,
    method, methods,
};

/// A kind of time: offset, what of it is summer time, name.
struct Kind {
    seconds: i64,
    utcoff: Ref<Delta>,
    dstoff: Ref<Delta>,
    name: Obj,
}

impl Kind {
    fn new(seconds: i64, dst: i64, name: Obj) -> PyResult<Kind> {
        let delta = |s: i64| Delta::new(i128::from(s) * 1_000_000);
        Ok(Kind { seconds, utcoff: delta(seconds)?, dstoff: delta(dst)?, name })
    }
}

/// What holds after the last transition.
enum After {
    Kind(usize),
    Rule { std: usize, dst: usize, difference: i64, start: Change, end: Change },
}

/// A zone's transitions.
struct Data {
    kinds: Vec<Kind>,
    utc: Vec<i64>,
    local: [Vec<i64>; 2],
    /// The kind of time that each transition begins.
    index: Vec<usize>,
    before: Option<usize>,
    after: After,
    fixed: bool,
}

/// A zone.
#[repr(C)]
pub struct ZoneInfo {
    ob_base: Object,
    data: Box<Data>,
    weakreflist: ObjCell,
    key: ObjCell,
    file_repr: ObjCell,
    source: Cell<Source>,
    spare: [usize; 19],
}

#[derive(Clone, Copy, PartialEq)]
enum Source {
    NoCache,
    Cache,
    File,
}

const _: () = assert!(size_of::<ZoneInfo>() == 208);
layout!(ZoneInfo, ZONEINFO_TYPE);

/// The zones used last, kept alive.
const STRONG_CACHE: usize = 8;

fn item(t: &Tuple, i: usize) -> PyResult<Vec<Obj>> {
    match t.items().get(i) {
        Some(o) => Ok(o.to_list()?.snapshot()),
        None => bail!(ValueError, "load_data() must return six values"),
    }
}

fn numbers(t: &Tuple, i: usize) -> PyResult<Vec<i64>> {
    item(t, i)?.iter().map(|o| o.as_i64()).collect()
}

impl Data {
    /// Reads a zone from an open file.
    fn load(file: &Object) -> PyResult<Data> {
        let common = (taipan_object::hooks::get().import)("zoneinfo._common")?;
        let loaded = common.call_method(intern!("load_data"), &[file])?.to_tuple()?;
        let t: &Tuple = &loaded;
        let index: Vec<usize> = numbers(t, 0)?.into_iter().map(|n| n as usize).collect();
        let utc = numbers(t, 1)?;
        let utcoff = numbers(t, 2)?;
        let isdst: Vec<bool> = item(t, 3)?.iter().map(|o| o.is_true()).collect::<PyResult<_>>()?;
        let names = item(t, 4)?;
        let n = utcoff.len();
        if isdst.len() != n || names.len() != n || index.len() != utc.len() || index.iter().any(|i| *i >= n) {
            bail!(ValueError, "Invalid transition index found while reading TZif");
        }
        let dst = rules::summer_offsets(&index, &utcoff, &isdst);
        let mut kinds = Vec::with_capacity(n + 2);
        for ((off, d), name) in utcoff.iter().zip(&dst).zip(names) {
            kinds.push(Kind::new(*off, *d, name)?);
        }
        let before = isdst.iter().position(|d| !d).or_else(|| index.first().copied());
        let tz = t.items().get(5).filter(|o| !o.is_none());
        let rule = match tz.and_then(|o| o.downcast::<taipan_object::types::bytes::Bytes>()).filter(|b| !b.is_empty()) {
            None => None,
            Some(b) => match rules::parse(b.as_slice()) {
                Some(r) => Some(r),
                None => bail!(ValueError, "Malformed TZ string: {}", b.repr()?.to_utf8_lossy()),
            },
        };
        let after = match rule {
            None => match index.last().copied().or_else(|| n.checked_sub(1)) {
                Some(k) => After::Kind(k),
                None => bail!(ValueError, "No time zone information found."),
            },
            Some(Rule { std, dst: None }) => {
                kinds.push(Kind::new(std.1, 0, text(&std.0))?);
                After::Kind(kinds.len() - 1)
            }
            Some(Rule { std, dst: Some((name, off, start, end)) }) => {
                kinds.push(Kind::new(std.1, 0, text(&std.0))?);
                kinds.push(Kind::new(off, off - std.1, text(&name))?);
                After::Rule { std: kinds.len() - 2, dst: kinds.len() - 1, difference: off - std.1, start, end }
            }
        };
        let fixed = match after {
            After::Kind(_) if n == 0 => true,
            After::Kind(k) if n == 1 => {
                let (a, b) = (&kinds[0], &kinds[k]);
                a.seconds == b.seconds && a.dstoff.us() == b.dstoff.us() && a.name.eq(&b.name)?
            }
            _ => false,
        };
        let local = rules::local_transitions(&index, &utc, &utcoff);
        Ok(Data { kinds, utc, local, index, before, after, fixed })
    }

    /// The kind of time that local clocks show.
    fn at_local(&self, t: i64, year: i32, fold: u8) -> Option<&Kind> {
        let list = &self.local[usize::from(fold != 0)];
        let k = match (list.first(), list.last()) {
            (Some(first), _) if t < *first => return self.before.map(|k| &self.kinds[k]),
            (Some(_), Some(last)) if t <= *last => self.index[list.partition_point(|x| *x <= t) - 1],
            _ => match &self.after {
                After::Kind(k) => *k,
                After::Rule { std, dst, difference, start, end } => {
                    let (mut start, mut end) = (start.in_year(year), end.in_year(year));
                    // With the first fold, the smaller offset begins at the end of a gap and ends at the end of a fold.
                    if (fold != 0) == (*difference >= 0) {
                        end -= difference;
                    } else {
                        start += difference;
                    }
                    if within(start, end, t) { *dst } else { *std }
                }
            },
        };
        Some(&self.kinds[k])
    }

    /// The kind of time at a moment, and whether it is the second one that clocks show so.
    fn at_utc(&self, t: i64, year: i32) -> (Option<&Kind>, bool) {
        let n = self.utc.len();
        if n > 0 && t < self.utc[0] {
            return (self.before.map(|k| &self.kinds[k]), false);
        }
        let past = n == 0 || t > self.utc[n - 1];
        if past && let After::Rule { std, dst, difference, start, end } = &self.after {
            let start = start.in_year(year) - self.kinds[*std].seconds;
            let end = end.in_year(year) - self.kinds[*dst].seconds;
            let summer = within(start, end, t);
            let (from, to) = if *difference > 0 { (end, end + difference) } else { (start, start - difference) };
            return (Some(&self.kinds[if summer { *dst } else { *std }]), from <= t && t < to);
        }
        let last = match self.after {
            After::Kind(k) => k,
            After::Rule { std, .. } => std,
        };
        if n == 0 {
            return (Some(&self.kinds[last]), false);
        }
        let i = self.utc.partition_point(|x| *x <= t);
        let (previous, now) = if i >= 2 {
            (Some(self.index[i - 2]), self.index[i - 1])
        } else if t > self.utc[n - 1] {
            (self.index.last().copied(), last)
        } else {
            (self.before, self.index[0])
        };
        let shift = previous.map_or(0, |p| self.kinds[p].seconds - self.kinds[now].seconds);
        (Some(&self.kinds[now]), shift > t - self.utc[i - 1])
    }
}

fn seconds(p: &Parts) -> i64 {
    (p.ordinal() - EPOCH) * 86_400 + p.second_of_day()
}

impl ZoneInfo {
    fn make(cls: &Type, key: Option<Obj>, data: Data, source: Source, file_repr: Option<Obj>) -> PyResult {
        let body = ZoneInfo {
            ob_base: Object::placeholder(),
            data: Box::new(data),
            weakreflist: ObjCell::empty(),
            key: ObjCell::from_opt(key),
            file_repr: ObjCell::from_opt(file_repr),
            source: Cell::new(source),
            spare: [0; 19],
        };
        new_instance(cls, body).map(Ref::into_obj)
    }

    /// A zone read anew from the database.
    fn read(cls: &Type, key: &Object, source: Source) -> PyResult {
        let import = taipan_object::hooks::get().import;
        let path = import("zoneinfo._tzpath")?.call_method(intern!("find_tzfile"), &[key])?;
        let file = if path.is_none() {
            import("zoneinfo._common")?.call_method(intern!("load_tzdata"), &[key])?
        } else {
            import("io")?.call_method(intern!("open"), &[&path, &*text("rb")])?
        };
        let data = Data::load(&file);
        let data = match data {
            Ok(d) => {
                file.call_method(intern!("close"), &[])?;
                d
            }
            Err(e) => {
                let exc = e.take();
                if let Err(again) = file.call_method(intern!("close"), &[]) {
                    again.clear();
                }
                return Err(taipan_object::error::restore(exc));
            }
        };
        ZoneInfo::make(cls, Some(key.to_obj()), data, source, None)
    }

    fn kind(&self, dt: &Object) -> PyResult<Option<&Kind>> {
        if dt.is_none() {
            return Ok(match self.data.after {
                After::Kind(k) if self.data.fixed => Some(&self.data.kinds[k]),
                _ => None,
            });
        }
        let Some(d) = dt.downcast::<DateTime>() else {
            bail!(TypeError, "fromutc: argument must be a datetime instance, not {}", dt.ty().name_str());
        };
        let p = d.parts();
        Ok(self.data.at_local(seconds(&p), p.year, d.fold()))
    }
}

/// Objects of the interpreter: the weak cache and the strong one (a list of pairs, the one used last first).
fn kept(name: &'static str, make: impl FnOnce() -> PyResult) -> PyResult {
    let state = &Interp::current().module_state;
    if let Some(o) = state.borrow().get(name) {
        return Ok(o.clone());
    }
    let o = make()?;
    state.borrow_mut().insert(name, o.clone());
    Ok(o)
}

fn new_weak_cache() -> PyResult {
    (taipan_object::hooks::get().import)("weakref")?.call_method(intern!("WeakValueDictionary"), &[])
}

fn weak_cache(cls: &Type) -> PyResult {
    if std::ptr::eq(cls, &ZONEINFO_TYPE) {
        return kept("_zoneinfo.weak", new_weak_cache);
    }
    cls.as_object().get_attr(intern!("_weak_cache"))
}

fn strong_cache() -> PyResult<Ref<taipan_object::types::list::List>> {
    let o = kept("_zoneinfo.strong", || Ok(taipan_object::types::list::List::new().into_obj()))?;
    match o.downcast_into() {
        Ok(l) => Ok(l),
        Err(_) => bail!(SystemError, "the cache of zones is no list"),
    }
}

/// Takes a zone out of the strong cache.
fn take_strong(key: &Object) -> PyResult<Option<Obj>> {
    let cache = strong_cache()?;
    for (i, pair) in cache.snapshot().into_iter().enumerate() {
        if let Some([k, v]) = pair.downcast::<Tuple>().map(Tuple::items)
            && k.eq(key)?
        {
            let v = v.clone();
            if cache.get(i).is_some_and(|p| p.is(&pair)) {
                cache.splice(i, i + 1, Vec::new())?;
            }
            return Ok(Some(v));
        }
    }
    Ok(None)
}

fn put_strong(key: &Object, zone: &Object) -> PyResult<()> {
    let cache = strong_cache()?;
    cache.insert_at(0, tuple_of([key.to_obj(), zone.to_obj()]).into_obj())?;
    let n = cache.len();
    if n > STRONG_CACHE {
        cache.splice(STRONG_CACHE, n, Vec::new())?;
    }
    Ok(())
}

extern "C" fn new(cls: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    let sig = signature!("ZoneInfo", posonly 0, positional 1, ["key" true]);
    crate::support::bind::<1, _>(sig, args, kwargs, |[key]| {
        let key = taipan_object::args::receiver(key);
        let base = std::ptr::eq(cls, &ZONEINFO_TYPE);
        if base && let Some(z) = take_strong(key)? {
            put_strong(key, &z)?;
            return Ok(z);
        }
        let weak = weak_cache(cls)?;
        let mut zone = weak.call_method(intern!("get"), &[key, taipan_object::types::none::none()])?;
        if zone.is_none() {
            let fresh = ZoneInfo::read(cls, key, Source::Cache)?;
            zone = weak.call_method(intern!("setdefault"), &[key, &fresh])?;
        }
        if zone.downcast::<ZoneInfo>().is_none() {
            bail!(
                RuntimeError,
                "Unexpected instance of {} in {} weak cache for key {}",
                crate::support::full_name(zone.ty())?,
                cls.short_name(),
                key.repr()?.to_utf8_lossy()
            );
        }
        if base {
            put_strong(key, &zone)?;
        }
        Ok(zone)
    })
}

/// Get a new instance of ZoneInfo, bypassing the cache.
#[classmethod(signature = "(key)", shown = "(key)")]
fn no_cache(cls: &Type, key: &Object) -> PyResult {
    ZoneInfo::read(cls, key, Source::NoCache)
}

/// Create a ZoneInfo file from a file object.
#[classmethod(signature = "(file_obj, /, key=None)")]
fn from_file(cls: &Type, file_obj: &Object, key: Option<&Object>) -> PyResult {
    let data = Data::load(file_obj)?;
    let shown = file_obj.repr()?.into_obj();
    ZoneInfo::make(cls, key.map(Object::to_obj), data, Source::File, Some(shown))
}

/// Clear the ZoneInfo cache, of some keys or of all.
#[classmethod(signature = "(*, only_keys=None)")]
fn clear_cache(cls: &Type, only_keys: Option<&Object>) -> PyResult<()> {
    let weak = weak_cache(cls)?;
    let base = std::ptr::eq(cls, &ZONEINFO_TYPE);
    let Some(keys) = only_keys else {
        weak.call_method(intern!("clear"), &[])?;
        if base {
            drop(strong_cache()?.take_all());
        }
        return Ok(());
    };
    for key in keys.to_list()?.snapshot() {
        if base {
            take_strong(&key)?;
        }
        weak.call_method(intern!("pop"), &[&key, taipan_object::types::none::none()])?;
    }
    Ok(())
}

/// Retrieve a timedelta representing the UTC offset in a zone at the given datetime.
#[method(signature = "(dt, /)")]
fn utcoffset(this: &ZoneInfo, dt: &Object) -> PyResult<Option<Obj>> {
    Ok(this.kind(dt)?.map(|k| k.utcoff.clone().into_obj()))
}

/// Retrieve a timedelta representing the amount of DST applied in a zone at the given datetime.
#[method(signature = "(dt, /)")]
fn dst(this: &ZoneInfo, dt: &Object) -> PyResult<Option<Obj>> {
    Ok(this.kind(dt)?.map(|k| k.dstoff.clone().into_obj()))
}

/// Retrieve a string containing the abbreviation for the time zone that applies in a zone at a given datetime.
#[method(signature = "(dt, /)")]
fn tzname(this: &ZoneInfo, dt: &Object) -> PyResult<Option<Obj>> {
    Ok(this.kind(dt)?.map(|k| k.name.clone()))
}

/// Given a datetime with local time in UTC, retrieve an adjusted datetime in local time.
#[method(signature = "(object, /)")]
fn fromutc(this: &ZoneInfo, object: &Object) -> PyResult {
    let Some(dt) = object.downcast::<DateTime>() else {
        bail!(TypeError, "fromutc: argument must be a datetime instance, not {}", object.ty().name_str());
    };
    if !dt.tz().is_some_and(|tz| tz.is(this)) {
        bail!(ValueError, "fromutc: dt.tzinfo is not self");
    }
    let p = dt.parts();
    let (kind, fold) = this.data.at_utc(seconds(&p), p.year);
    let Some(kind) = kind else { bail!(ValueError, "No time zone information found.") };
    let moved = dt.plus(kind.utcoff.us())?;
    if !fold {
        return Ok(moved);
    }
    if let Some(d) = moved.downcast_exact::<DateTime>() {
        return DateTime::create(&DATETIME_TYPE, &d.parts(), d.tz(), 1);
    }
    let replace = moved.get_attr(intern!("replace"))?;
    let one = Int::from_i64(1);
    replace.call_kw(&[&one], 0, &Tuple::new(&[intern!("fold")]))
}

/// What pickling makes the zone from: its key.
#[method(name = "__reduce__")]
fn reduce(this: &ZoneInfo) -> PyResult<Ref<Tuple>> {
    if this.source.get() == Source::File {
        let class = (taipan_object::hooks::get().import)("pickle")?.get_attr_str("PicklingError")?;
        return Err(crate::support::raise_class(Ok(class), "Cannot pickle a ZoneInfo file from a file stream."));
    }
    let f = this.ty().as_object().get_attr(intern!("_unpickle"))?;
    let key = this.key.get_owned().unwrap_or_else(crate::support::none);
    let args = tuple_of([key, from_bool(this.source.get() == Source::Cache)]);
    Ok(tuple_of([f, args.into_obj()]))
}

/// Private method used in unpickling.
#[classmethod(name = "_unpickle", signature = "(key, from_cache, /)")]
fn unpickle(cls: &Type, key: &Object, from_cache: bool) -> PyResult {
    if from_cache { cls.as_object().call_one(key) } else { ZoneInfo::read(cls, key, Source::NoCache) }
}

/// Function to initialize subclasses: each has a cache of its own.
#[classmethod(signature = "(*args, **kwargs)", text = false)]
fn __init_subclass__(cls: &Type, args: &[&Object], kwargs: taipan_object::args::KwArgs<'_>) -> PyResult<()> {
    let _ = (args, kwargs);
    cls.as_object().set_attr(intern!("_weak_cache"), &*new_weak_cache()?)
}

extern "C" fn repr(o: &Object) -> PyResult {
    let z: &ZoneInfo = o.cast();
    let mut b = StrBuilder::new();
    b.push_str(o.ty().short_name());
    match (z.key.get_owned().filter(|k| !k.is_none()), z.file_repr.get_owned()) {
        (Some(k), _) => {
            b.push_str("(key=");
            b.push_pystr(&*k.repr()?);
        }
        (None, f) => {
            b.push_str(".from_file(");
            if let Some(s) = f.as_ref().and_then(|f| f.downcast::<Str>()) {
                b.push_pystr(s);
            }
        }
    }
    b.push_str(")");
    Ok(b.finish().into_obj())
}

extern "C" fn str(o: &Object) -> PyResult {
    match o.cast::<ZoneInfo>().key.get_owned().filter(|k| !k.is_none()) {
        Some(k) => k.str().map(Ref::into_obj),
        None => repr(o),
    }
}

extern "C" fn traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let z: &ZoneInfo = o.cast();
    visit_fields(&[&z.key, &z.file_repr], visit, arg)
}

extern "C" fn clear(o: &Object) -> c_int {
    let z: &ZoneInfo = o.cast();
    z.key.set(None);
    z.file_repr.set(None);
    0
}

/// `ZoneInfo`.
pub static ZONEINFO_TYPE: Type = Type::with_flags(
    TypeDef {
        name: c"zoneinfo.ZoneInfo",
        basicsize: size_of::<ZoneInfo>(),
        flags: flags::HAVE_GC | flags::BASETYPE,
        base: Some(&TZINFO_TYPE),
        dealloc: Some(dealloc_of::<ZoneInfo>),
        repr: Some(repr),
        str: Some(str),
        traverse: Some(traverse),
        clear: Some(clear),
        weaklistoffset: offset_of!(ZoneInfo, weakreflist) as isize,
        methods: methods![
            clear_cache,
            no_cache,
            from_file,
            utcoffset,
            dst,
            tzname,
            fromutc,
            reduce,
            unpickle,
            __init_subclass__
        ],
        members: members![MemberDef::new(c"key", member::OBJECT, offset_of!(ZoneInfo, key), member::READONLY)],
        new: Some(new),
        ..TypeDef::EMPTY
    },
    flags::IMMUTABLETYPE,
);

fn exec(m: &Module) -> PyResult<()> {
    (taipan_object::hooks::get().import)("_datetime")?;
    m.add_type(&ZONEINFO_TYPE)
}

/// The module.
pub static MODULE: ModuleDef =
    ModuleDef { name: "_zoneinfo", doc: "Time zones of the system's database.", methods: None, exec };
