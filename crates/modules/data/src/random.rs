//! `_random`: the Mersenne Twister.

use std::cell::RefCell;
use std::ffi::c_int;
use taipan_numeric::mt19937::Mt19937;
use taipan_object::alloc::{dealloc_of, new_instance};
use taipan_object::error::status;
use taipan_object::types::int::{self, Int, PyLong_Type};
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::types::tuple::Tuple;
use taipan_object::{Obj, Object, PyResult, Ref, Type, TypeDef, bail, flags, layout, method, methods};

/// Words of state.
const N: usize = 624;

/// A generator.
#[repr(C)]
pub struct Random {
    ob_base: Object,
    state: RefCell<Mt19937>,
}

layout!(Random, RANDOM_TYPE);

/// A generator seeded by the system.
fn from_system() -> PyResult<Mt19937> {
    let mut key = [0u32; N];
    // SAFETY: the buffer has as many bytes as are asked for.
    let n = unsafe { libc::getrandom(key.as_mut_ptr().cast(), size_of_val(&key), libc::GRND_NONBLOCK) };
    if n as usize != size_of_val(&key) {
        // No entropy yet: time and process must do.
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        let clock = std::time::Instant::now();
        let words = [now.subsec_nanos(), now.as_secs() as u32, std::process::id(), (&raw const clock) as usize as u32];
        return Ok(Mt19937::from_key(&words));
    }
    Ok(Mt19937::from_key(&key))
}

fn seeded(arg: Option<&Object>) -> PyResult<Mt19937> {
    let Some(arg) = arg.filter(|a| !a.is_none()) else { return from_system() };
    // Integers by their absolute value, other objects by their hash.
    let n = match arg.downcast::<Int>() {
        Some(i) if i.is_exact(&PyLong_Type) => int::abs(i),
        Some(i) => int::abs(&Int::exact(i)),
        None => Int::from_u64(arg.hash()? as u64),
    };
    Ok(Mt19937::from_digits(n.digits()))
}

fn sole_seed(args: &Object) -> PyResult<Option<&Object>> {
    let args: &Tuple = args.cast();
    taipan_object::args::check_positional("Random", args.len(), 0, 1)?;
    Ok(args.items().first().map(|o| &**o))
}

extern "C" fn random_new(cls: &Type, _: &Object, _: Option<&Object>) -> PyResult {
    let body = Random { ob_base: Object::placeholder(), state: RefCell::new(Mt19937::from_word(0)) };
    new_instance(cls, body).map(Ref::into_obj)
}

extern "C" fn random_init(o: &Object, args: &Object, kwargs: Option<&Object>) -> c_int {
    status((|| {
        taipan_object::args::no_keywords("Random", o.ty(), &RANDOM_TYPE, kwargs)?;
        let state = seeded(sole_seed(args)?)?;
        o.cast::<Random>().state.replace(state);
        Ok(())
    })())
}

/// Return a random float between 0 and 1, without 1.
#[method]
fn random(this: &Random) -> f64 {
    this.state.borrow_mut().random()
}

/// Set the state from a number or the hash of an object; from the system without one.
#[method(signature = "(n=None, /)")]
fn seed(this: &Random, n: Option<&Object>) -> PyResult<()> {
    let state = seeded(n)?;
    this.state.replace(state);
    Ok(())
}

/// Return the state, as a tuple of numbers.
#[method]
fn getstate(this: &Random) -> Ref<Tuple> {
    let state = this.state.borrow();
    let (words, index) = state.state();
    let mut all: Vec<Obj> = words.iter().map(|w| Int::from_u64(u64::from(*w)).into_obj()).collect();
    all.push(Int::from_usize(index).into_obj());
    Tuple::from_vec(all)
}

/// Restore a state that getstate() returned.
#[method(signature = "(state, /)")]
fn setstate(this: &Random, state: &Object) -> PyResult<()> {
    let Some(t) = state.downcast::<Tuple>() else { bail!(TypeError, "state vector must be a tuple") };
    if t.len() != N + 1 {
        bail!(ValueError, "state vector is the wrong size");
    }
    let mut words = [0u32; N];
    for (w, o) in words.iter_mut().zip(t.items()) {
        *w = o.as_u64()? as u32;
    }
    let index = t.item(N).as_i64()?;
    match usize::try_from(index).ok().and_then(|i| Mt19937::from_state(words, i)) {
        Some(new) => {
            this.state.replace(new);
            Ok(())
        }
        None => bail!(ValueError, "invalid state"),
    }
}

/// Return an integer of k random bits.
#[method(signature = "(k, /)")]
fn getrandbits(this: &Random, k: &Object) -> PyResult<Ref<Int>> {
    let k = taipan_object::protocol::number::index(k)?;
    if k.is_negative() {
        bail!(ValueError, "Cannot convert negative int");
    }
    let Some(k) = k.to_u64() else { bail!(OverflowError, "Python int too large to convert to C uint64_t") };
    if k == 0 {
        return Ok(Int::zero());
    }
    let mut state = this.state.borrow_mut();
    if k <= 32 {
        return Ok(Int::from_u64(u64::from(state.bits_small(k as u32))));
    }
    if k > (isize::MAX as u64) / 2 {
        return Err(taipan_object::error::no_memory());
    }
    Ok(Int::from_digits(false, &state.bits(k)))
}

/// `Random`.
pub static RANDOM_TYPE: Type = Type::with_flags(
    TypeDef {
        name: c"_random.Random",
        basicsize: size_of::<Random>(),
        flags: flags::BASETYPE,
        doc: Some(c"Random() -> a generator of random numbers with a state of its own"),
        dealloc: Some(dealloc_of::<Random>),
        methods: methods![random, seed, getstate, setstate, getrandbits],
        init: Some(random_init),
        new: Some(random_new),
        ..TypeDef::EMPTY
    },
    0,
);

fn exec(m: &Module) -> PyResult<()> {
    m.add_type(&RANDOM_TYPE)
}

/// The module.
pub static MODULE: ModuleDef = ModuleDef { name: "_random", doc: "The Mersenne Twister.", methods: None, exec };
