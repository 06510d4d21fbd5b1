//! The type `Context`, and `localcontext()`'s manager.

use super::signals;
use super::state;
use crate::signature;
use crate::support::{bind, visit_fields};
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::rc::Rc;
use taipan_numeric::decimal::status::*;
use taipan_numeric::decimal::{Ctx, MAX_EMAX, MAX_PREC, MIN_EMIN, Round};
use taipan_object::alloc::{dealloc_of, new_instance, new_object};
use taipan_object::error::status;
use taipan_object::protocol::attr::{generic_getattro, generic_setattro};
use taipan_object::protocol::repr::text;
use taipan_object::typeobj::slots::VisitProc;
use taipan_object::types::exceptions;
use taipan_object::types::list::List;
use taipan_object::types::str::Str;
use taipan_object::types::str::intern::intern_str;
use taipan_object::types::tuple::Tuple;
use taipan_object::{
    Obj, ObjCell, Object, PyResult, Ref, Type, TypeDef, bail, flags, getset, getsets, layout, method, methods,
};

/// The rounding modes and their names.
pub const ROUNDINGS: [(&str, Round); 8] = [
    ("ROUND_UP", Round::Up),
    ("ROUND_DOWN", Round::Down),
    ("ROUND_CEILING", Round::Ceiling),
    ("ROUND_FLOOR", Round::Floor),
    ("ROUND_HALF_UP", Round::HalfUp),
    ("ROUND_HALF_DOWN", Round::HalfDown),
    ("ROUND_HALF_EVEN", Round::HalfEven),
    ("ROUND_05UP", Round::ZeroFiveUp),
];

/// A context.
#[repr(C)]
pub struct Context {
    ob_base: Object,
    prec: Cell<i64>,
    emax: Cell<i64>,
    emin: Cell<i64>,
    round: Cell<Round>,
    clamp: Cell<bool>,
    capitals: Cell<bool>,
    traps: Rc<Cell<u32>>,
    status: Rc<Cell<u32>>,
    traps_dict: ObjCell,
    flags_dict: ObjCell,
    spare: [usize; 3],
}

const _: () = assert!(size_of::<Context>() == 104);
layout!(Context, CONTEXT_TYPE);

/// The mode of that name.
pub fn rounding(o: &Object) -> PyResult<Round> {
    if let Some(s) = o.downcast::<Str>()
        && let Some((_, r)) = ROUNDINGS.iter().find(|(n, _)| s.eq_str(n))
    {
        return Ok(*r);
    }
    bail!(
        TypeError,
        "valid values for rounding are:\n  [ROUND_CEILING, ROUND_FLOOR, ROUND_UP, ROUND_DOWN,\n   ROUND_HALF_UP, ROUND_HALF_DOWN, ROUND_HALF_EVEN,\n   ROUND_05UP]"
    )
}

impl Context {
    fn body(ctx: Ctx, traps: u32, capitals: bool) -> PyResult<Context> {
        let (traps, status) = (Rc::new(Cell::new(traps)), Rc::new(Cell::new(0)));
        Ok(Context {
            ob_base: Object::placeholder(),
            prec: Cell::new(ctx.prec),
            emax: Cell::new(ctx.emax),
            emin: Cell::new(ctx.emin),
            round: Cell::new(ctx.round),
            clamp: Cell::new(ctx.clamp),
            capitals: Cell::new(capitals),
            traps_dict: ObjCell::new(signals::make(&traps)?),
            flags_dict: ObjCell::new(signals::make(&status)?),
            traps,
            status,
            spare: [0; 3],
        })
    }

    /// A new context.
    pub fn make(ctx: Ctx, traps: u32) -> PyResult<Ref<Context>> {
        Ok(new_object(Context::body(ctx, traps, true)?))
    }

    /// What operations need.
    #[inline(always)]
    pub fn ctx(&self) -> Ctx {
        Ctx {
            prec: self.prec.get(),
            emax: self.emax.get(),
            emin: self.emin.get(),
            round: self.round.get(),
            clamp: self.clamp.get(),
        }
    }

    pub fn capitals(&self) -> bool {
        self.capitals.get()
    }

    /// A copy with the same flags.
    fn duplicate(&self) -> PyResult<Ref<Context>> {
        let c = new_object(Context::body(self.ctx(), self.traps.get(), self.capitals.get())?);
        c.status.set(self.status.get());
        Ok(c)
    }

    /// A copy without flags.
    pub fn copied(&self) -> PyResult<Ref<Context>> {
        let c = self.duplicate()?;
        c.status.set(0);
        Ok(c)
    }

    /// Adds conditions to the flags, raising those that are trapped.
    #[inline(always)]
    pub fn signal(&self, conditions: u32) -> PyResult<()> {
        if conditions == 0 {
            return Ok(());
        }
        self.signal_slow(conditions)
    }

    fn signal_slow(&self, conditions: u32) -> PyResult<()> {
        self.status.set(self.status.get() | conditions);
        let trapped = conditions & (self.traps.get() | MALLOC_ERROR);
        if trapped != 0 { Err(state::get()?.raise(trapped)) } else { Ok(()) }
    }

    /// Adds conditions to the flags, raising nothing.
    pub fn note(&self, conditions: u32) {
        self.status.set(self.status.get() | conditions);
    }

    fn set_bits(&self, name: &str, o: &Object) -> PyResult<()> {
        let bits = signals::from_mapping(o)?;
        self.store_bits(name, bits);
        Ok(())
    }

    fn store_bits(&self, name: &str, bits: u32) {
        if name == "traps" { self.traps.set(bits) } else { self.status.set(bits) }
    }

    fn set_number(&self, name: &str, o: &Object) -> PyResult<()> {
        if !o.ty().has_flag(flags::LONG_SUBCLASS) {
            bail!(TypeError, "an integer is required");
        }
        let n = o.index_as_isize(Some(exceptions::OverflowError))? as i64;
        match name {
            "prec" if !(1..=MAX_PREC).contains(&n) => bail!(ValueError, "valid range for prec is [1, MAX_PREC]"),
            "Emin" if !(MIN_EMIN..=0).contains(&n) => bail!(ValueError, "valid range for Emin is [MIN_EMIN, 0]"),
            "Emax" if !(0..=MAX_EMAX).contains(&n) => bail!(ValueError, "valid range for Emax is [0, MAX_EMAX]"),
            "capitals" if n != 0 && n != 1 => bail!(ValueError, "valid values for capitals are [0, 1]"),
            "clamp" if n != 0 && n != 1 => bail!(ValueError, "valid values for clamp are [0, 1]"),
            "prec" => self.prec.set(n),
            "Emin" => self.emin.set(n),
            "Emax" => self.emax.set(n),
            "capitals" => self.capitals.set(n == 1),
            _ => self.clamp.set(n == 1),
        }
        Ok(())
    }

    /// Sets what is given and not `None`.
    fn configure(
        &self,
        [prec, round, emin, emax, capitals, clamp, flags, traps]: [Option<&Object>; 8],
    ) -> PyResult<()> {
        let given = |o: Option<&'_ Object>| o.is_some_and(|o| !o.is_none());
        for (name, o) in [("prec", prec), ("Emin", emin), ("Emax", emax), ("capitals", capitals), ("clamp", clamp)] {
            if given(o)
                && let Some(o) = o
            {
                self.set_number(name, o)?;
            }
        }
        if let Some(r) = round.filter(|o| !o.is_none()) {
            self.round.set(rounding(r)?);
        }
        for (name, o) in [("traps", traps), ("flags", flags)] {
            match o.filter(|o| !o.is_none()) {
                Some(o) if o.downcast::<List>().is_some() => self.store_bits(name, signals::from_list(o)?),
                Some(o) => self.set_bits(name, o)?,
                None => {}
            }
        }
        Ok(())
    }
}

/// The context that `DefaultContext` starts as.
pub const DEFAULT: Ctx = Ctx { prec: 28, emax: 999_999, emin: -999_999, round: Round::HalfEven, clamp: false };

extern "C" fn new(cls: &Type, _: &Object, _: Option<&Object>) -> PyResult {
    let st = state::get()?;
    let template = st.templates.borrow().first().cloned();
    let body = match &template {
        Some(t) => Context::body(t.ctx(), t.traps.get(), t.capitals.get())?,
        None => Context::body(DEFAULT, IEEE_INVALID | DIVISION_BY_ZERO | OVERFLOW, true)?,
    };
    new_instance(cls, body).map(Ref::into_obj)
}

extern "C" fn init(o: &Object, args: &Object, kwargs: Option<&Object>) -> c_int {
    let sig = signature!("Context", posonly 0, positional 8,
        ["prec" false, "rounding" false, "Emin" false, "Emax" false, "capitals" false, "clamp" false, "flags" false, "traps" false]);
    status(bind::<8, _>(sig, args, kwargs, |all| o.cast::<Context>().configure(all)))
}

/// The names of the signals in a status, as contexts show them.
fn signal_names(bits: u32) -> String {
    let order = [
        ("Clamped", CLAMPED),
        ("InvalidOperation", IEEE_INVALID),
        ("DivisionByZero", DIVISION_BY_ZERO),
        ("Inexact", INEXACT),
        ("FloatOperation", FLOAT_OPERATION),
        ("Overflow", OVERFLOW),
        ("Rounded", ROUNDED),
        ("Subnormal", SUBNORMAL),
        ("Underflow", UNDERFLOW),
    ];
    let names: Vec<&str> = order.iter().filter(|(_, f)| bits & f != 0).map(|(n, _)| *n).collect();
    format!("[{}]", names.join(", "))
}

fn rounding_name(r: Round) -> &'static str {
    ROUNDINGS.iter().find(|(_, x)| *x == r).map_or("?", |(n, _)| n)
}

extern "C" fn repr(o: &Object) -> PyResult {
    let c: &Context = o.cast();
    Ok(text(&format!(
        "Context(prec={}, rounding={}, Emin={}, Emax={}, capitals={}, clamp={}, flags={}, traps={})",
        c.prec.get(),
        rounding_name(c.round.get()),
        c.emin.get(),
        c.emax.get(),
        u8::from(c.capitals.get()),
        u8::from(c.clamp.get()),
        signal_names(c.status.get()),
        signal_names(c.traps.get())
    )))
}

extern "C" fn getattro(o: &Object, name: &Object) -> PyResult {
    if let Some(s) = name.downcast::<Str>() {
        let c: &Context = o.cast();
        let d = if s.eq_str("traps") {
            c.traps_dict.get_owned()
        } else if s.eq_str("flags") {
            c.flags_dict.get_owned()
        } else {
            None
        };
        if let Some(d) = d {
            return Ok(d);
        }
    }
    generic_getattro(o, name)
}

extern "C" fn setattro(o: &Object, name: &Object, value: Option<&Object>) -> c_int {
    if let Some(s) = name.downcast::<Str>() {
        let which = ["traps", "flags"].into_iter().find(|n| s.eq_str(n));
        if let (Some(which), Some(v)) = (which, value) {
            return status(o.cast::<Context>().set_bits(which, v));
        }
        let fixed = ["prec", "Emin", "Emax", "rounding", "capitals", "clamp", "traps", "flags"];
        if value.is_none() && fixed.iter().any(|n| s.eq_str(n)) {
            return status((|| bail!(AttributeError, "context attributes cannot be deleted"))());
        }
    }
    generic_setattro(o, name, value)
}

fn get_prec(c: &Context) -> i64 {
    c.prec.get()
}
fn get_emin(c: &Context) -> i64 {
    c.emin.get()
}
fn get_emax(c: &Context) -> i64 {
    c.emax.get()
}
fn get_capitals(c: &Context) -> i64 {
    i64::from(c.capitals.get())
}
fn get_clamp(c: &Context) -> i64 {
    i64::from(c.clamp.get())
}
fn get_rounding(c: &Context) -> Obj {
    intern_str(rounding_name(c.round.get())).into_obj()
}

macro_rules! number_setter {
    ($name:ident, $attr:literal) => {
        fn $name(c: &Context, v: Option<&Object>) -> PyResult<()> {
            match v {
                Some(v) => c.set_number($attr, v),
                None => bail!(AttributeError, "context attributes cannot be deleted"),
            }
        }
    };
}
number_setter!(set_prec, "prec");
number_setter!(set_emin, "Emin");
number_setter!(set_emax, "Emax");
number_setter!(set_capitals, "capitals");
number_setter!(set_clamp, "clamp");

fn set_rounding(c: &Context, v: Option<&Object>) -> PyResult<()> {
    match v {
        Some(v) => {
            c.round.set(rounding(v)?);
            Ok(())
        }
        None => bail!(AttributeError, "context attributes cannot be deleted"),
    }
}

/// Return a value equal to Emin - prec + 1, the minimum exponent of subnormal results.
#[method(name = "Etiny")]
fn etiny(this: &Context) -> i64 {
    this.ctx().etiny()
}

/// Return a value equal to Emax - prec + 1, the maximum exponent when clamp is 1.
#[method(name = "Etop")]
fn etop(this: &Context) -> i64 {
    this.ctx().etop()
}

/// Return Decimal(10).
#[method]
fn radix(_this: &Context) -> PyResult {
    super::number::Decimal::from_dec(taipan_numeric::decimal::Dec::from_i64(10))
}

/// Return a duplicate of the context with all flags cleared.
#[method]
fn copy(this: &Context) -> PyResult<Ref<Context>> {
    this.duplicate()
}

/// The same as copy().
#[method]
fn __copy__(this: &Context) -> PyResult<Ref<Context>> {
    this.duplicate()
}

/// Reset all flags to False.
#[method]
fn clear_flags(this: &Context) {
    this.status.set(0);
}

/// Set all traps to False.
#[method]
fn clear_traps(this: &Context) {
    this.traps.set(0);
}

/// What pickling makes the context from.
#[method(name = "__reduce__")]
fn reduce(this: &Context) -> PyResult<Ref<Tuple>> {
    let st = state::get()?;
    let list = |bits: u32| {
        let all = st.signals.iter().filter(|s| bits & s.flag != 0).map(|s| s.class.clone());
        List::from_vec(all.collect()).into_obj()
    };
    let n = |n: i64| taipan_object::types::int::Int::from_i64(n).into_obj();
    let args = Tuple::from_vec(vec![
        n(this.prec.get()),
        get_rounding(this),
        n(this.emin.get()),
        n(this.emax.get()),
        n(get_capitals(this)),
        n(get_clamp(this)),
        list(this.status.get()),
        list(this.traps.get()),
    ]);
    Ok(Tuple::from_vec(vec![this.ty().to_obj(), args.into_obj()]))
}

extern "C" fn traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let c: &Context = o.cast();
    visit_fields(&[&c.traps_dict, &c.flags_dict], visit, arg)
}

extern "C" fn clear(o: &Object) -> c_int {
    let c: &Context = o.cast();
    c.traps_dict.set(None);
    c.flags_dict.set(None);
    0
}

/// `Context`.
pub static CONTEXT_TYPE: Type = Type::with_flags(
    TypeDef {
        name: c"decimal.Context",
        basicsize: size_of::<Context>(),
        flags: flags::HAVE_GC | flags::BASETYPE,
        doc: Some(
            c"Context(prec=None, rounding=None, Emin=None, Emax=None, capitals=None, clamp=None, flags=None, traps=None)\n--\n\nThe context of decimal arithmetic: precision, rounding, exponents, and which conditions are errors.",
        ),
        dealloc: Some(dealloc_of::<Context>),
        repr: Some(repr),
        getattro: Some(getattro),
        setattro: Some(setattro),
        traverse: Some(traverse),
        clear: Some(clear),
        methods: Some(super::operations::CONTEXT_METHODS),
        getset: getsets![
            getset!(c"prec", get_prec, set_prec),
            getset!(c"Emin", get_emin, set_emin),
            getset!(c"Emax", get_emax, set_emax),
            getset!(c"capitals", get_capitals, set_capitals),
            getset!(c"clamp", get_clamp, set_clamp),
            getset!(c"rounding", get_rounding, set_rounding)
        ],
        init: Some(init),
        new: Some(new),
        ..TypeDef::EMPTY
    },
    flags::IMMUTABLETYPE,
);

/// The methods of contexts that are no operations on numbers.
pub const OWN_METHODS: [taipan_object::method::MethodDef; 9] = [
    etiny::DEF,
    etop::DEF,
    radix::DEF,
    copy::DEF,
    __copy__::DEF,
    clear_flags::DEF,
    clear_traps::DEF,
    reduce::DEF,
    taipan_object::method::MethodDef::END,
];

// ---- localcontext()

/// The manager of a `with` statement.
#[repr(C)]
pub struct Manager {
    ob_base: Object,
    local: ObjCell,
    global: ObjCell,
}

layout!(Manager, MANAGER_TYPE);

/// `localcontext(ctx, **kwargs)`.
pub fn local_context(ctx: Option<&Object>, settings: [Option<&Object>; 8]) -> PyResult {
    let global = state::current()?;
    let source = match ctx.filter(|c| !c.is_none()) {
        None => global.clone(),
        Some(c) => match c.downcast::<Context>() {
            Some(c) => Ref::from_borrowed(c),
            None => bail!(TypeError, "optional argument must be a context"),
        },
    };
    let local = source.duplicate()?;
    local.configure(settings)?;
    Ok(new_object(Manager {
        ob_base: Object::placeholder(),
        local: ObjCell::new(local.into_obj()),
        global: ObjCell::new(global.into_obj()),
    })
    .into_obj())
}

/// Make the context the current one.
#[method]
fn __enter__(this: &Manager) -> PyResult {
    let Some(c) = this.local.get_owned() else { bail!(SystemError, "the context is gone") };
    state::set_current(c.cast())?;
    Ok(c)
}

/// Make the former context the current one.
#[method(signature = "(*args)")]
fn __exit__(this: &Manager, args: &[&Object]) -> PyResult<bool> {
    let _ = args;
    if let Some(c) = this.global.get_owned() {
        state::set_current(c.cast())?;
    }
    Ok(false)
}

extern "C" fn manager_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let m: &Manager = o.cast();
    visit_fields(&[&m.local, &m.global], visit, arg)
}

extern "C" fn manager_clear(o: &Object) -> c_int {
    let m: &Manager = o.cast();
    m.local.set(None);
    m.global.set(None);
    0
}

/// The manager's type.
pub static MANAGER_TYPE: Type = Type::with_flags(
    TypeDef {
        name: c"decimal.ContextManager",
        basicsize: size_of::<Manager>(),
        flags: flags::HAVE_GC | flags::DISALLOW_INSTANTIATION,
        dealloc: Some(dealloc_of::<Manager>),
        traverse: Some(manager_traverse),
        clear: Some(manager_clear),
        methods: methods![__enter__, __exit__],
        ..TypeDef::EMPTY
    },
    flags::IMMUTABLETYPE,
);

/// The context that an optional argument names, or the current one.
pub fn context_or_current(o: Option<&Object>) -> PyResult<Ref<Context>> {
    match o.filter(|c| !c.is_none()) {
        None => state::current(),
        Some(c) => match c.downcast::<Context>() {
            Some(c) => Ok(Ref::from_borrowed(c)),
            None => bail!(TypeError, "optional argument must be a context"),
        },
    }
}
