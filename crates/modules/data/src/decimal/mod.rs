//! `_decimal`: decimal floating point. The arithmetic is that of `taipan_numeric::decimal`.
//!
//! - `state.rs`: exception classes and the current context; `signals.rs`: flags and traps as mappings
//! - `context.rs`: contexts; `number.rs`: numbers; `operations.rs`: the methods of both; `format.rs`: `__format__`

mod context;
mod format;
mod number;
mod operations;
mod signals;
mod state;

use context::{Context, ROUNDINGS};
use taipan_numeric::decimal::status::*;
use taipan_numeric::decimal::{Ctx, MAX_EMAX, MAX_PREC, MIN_EMIN, MIN_ETINY, Round};
use taipan_object::types::bool_::true_;
use taipan_object::types::exceptions;
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::types::str::intern::intern_str;
use taipan_object::{Object, PyResult, Ref, bail, function, methods};

/// The widest interchange format.
const IEEE_CONTEXT_MAX_BITS: i64 = 512;

/// Return the context of the running code.
#[function]
fn getcontext() -> PyResult<Ref<Context>> {
    state::current()
}

/// Make a context that of the running code.
#[function(signature = "(context, /)")]
fn setcontext(context: &Object) -> PyResult<()> {
    match context.downcast::<Context>() {
        Some(c) => state::set_current(c),
        None => bail!(TypeError, "argument must be a context"),
    }
}

/// Return a context manager that makes a copy of the context, with some settings changed, the current one for a while.
#[function(
    signature = "(ctx=None, *, prec=None, rounding=None, Emin=None, Emax=None, capitals=None, clamp=None, flags=None, traps=None)",
    shown = "(ctx=None, **kwargs)"
)]
#[allow(non_snake_case, clippy::too_many_arguments)]
fn localcontext(
    ctx: Option<&Object>,
    prec: Option<&Object>,
    rounding: Option<&Object>,
    Emin: Option<&Object>,
    Emax: Option<&Object>,
    capitals: Option<&Object>,
    clamp: Option<&Object>,
    flags: Option<&Object>,
    traps: Option<&Object>,
) -> PyResult {
    context::local_context(ctx, [prec, rounding, Emin, Emax, capitals, clamp, flags, traps])
}

/// Return a context of an IEEE interchange format of so many bits.
#[function(signature = "(bits, /)", name = "IEEEContext")]
fn ieee_context(bits: &Object) -> PyResult<Ref<Context>> {
    let bits = bits.index_as_isize(Some(exceptions::OverflowError))? as i64;
    if bits <= 0 || bits > IEEE_CONTEXT_MAX_BITS || bits % 32 != 0 {
        bail!(ValueError, "argument must be a multiple of 32, with a maximum of {IEEE_CONTEXT_MAX_BITS}");
    }
    let emax = 3 * (1 << (bits / 16 + 3));
    Context::make(Ctx { prec: 9 * (bits / 32) - 2, emax, emin: 1 - emax, round: Round::HalfEven, clamp: true }, 0)
}

fn exec(m: &Module) -> PyResult<()> {
    for t in number::TYPES {
        taipan_object::typeobj::ready::ready(t)?;
    }
    taipan_object::typeobj::ready::ready(&context::MANAGER_TYPE)?;
    let st = state::init()?;
    m.add_type(&number::DECIMAL_TYPE)?;
    m.add_type(&context::CONTEXT_TYPE)?;
    m.add("DecimalTuple", &st.tuple_class)?;
    m.add("DecimalException", &st.base)?;
    for s in st.signals.iter().chain(&st.conditions[1..]) {
        m.add(s.name, &s.class)?;
    }
    if st.templates.borrow().is_empty() {
        let default = Context::make(context::DEFAULT, IEEE_INVALID | DIVISION_BY_ZERO | OVERFLOW)?;
        let nine = Ctx { prec: 9, ..context::DEFAULT };
        let basic = Context::make(
            Ctx { round: Round::HalfUp, ..nine },
            IEEE_INVALID | DIVISION_BY_ZERO | OVERFLOW | UNDERFLOW | CLAMPED,
        )?;
        let extended = Context::make(nine, 0)?;
        *st.templates.borrow_mut() = vec![default, basic, extended];
    }
    let templates = st.templates.borrow().clone();
    for (name, c) in ["DefaultContext", "BasicContext", "ExtendedContext"].into_iter().zip(&templates) {
        m.add(name, c)?;
    }
    for (name, _) in ROUNDINGS {
        m.add(name, &intern_str(name))?;
    }
    for (name, n) in [
        ("MAX_PREC", MAX_PREC),
        ("MAX_EMAX", MAX_EMAX),
        ("MIN_EMIN", MIN_EMIN),
        ("MIN_ETINY", MIN_ETINY),
        ("IEEE_CONTEXT_MAX_BITS", IEEE_CONTEXT_MAX_BITS),
    ] {
        m.add_int(name, n)?;
    }
    m.add("HAVE_THREADS", true_())?;
    m.add("HAVE_CONTEXTVAR", true_())?;
    m.add_str("__version__", "1.70")?;
    m.add_str("__libmpdec_version__", "2.5.1")
}

/// The module.
pub static MODULE: ModuleDef = ModuleDef {
    name: "_decimal",
    doc: "Decimal floating point.",
    methods: methods![getcontext, setcontext, localcontext, ieee_context],
    exec,
};
