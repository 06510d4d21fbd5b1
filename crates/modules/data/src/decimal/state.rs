//! The exception classes, the other objects that the module makes of Python classes, and the current context.

use super::context::Context;
use super::signals::SIGNAL_DICT_MIXIN;
use crate::contextvars::var::ContextVar;
use crate::support::tuple_of;
use std::cell::RefCell;
use std::sync::Mutex;
use taipan_numeric::decimal::status::*;
use taipan_object::types::dict::Dict;
use taipan_object::types::exceptions;
use taipan_object::types::list::List;
use taipan_object::types::str::Str;
use taipan_object::types::tuple::Tuple;
use taipan_object::types::type_::PyType_Type;
use taipan_object::{Interp, Obj, Object, PyResult, Raised, Ref, Thread, Type, bail, intern};

/// A signal or condition: its class, and its bit (or bits).
pub struct Signal {
    pub class: Obj,
    pub name: &'static str,
    pub flag: u32,
}

/// The objects.
pub struct State {
    pub base: Obj,
    /// The signals, in the order of signal dicts.
    pub signals: Vec<Signal>,
    /// The conditions that are kinds of `InvalidOperation`.
    pub conditions: Vec<Signal>,
    pub signal_tuple: Ref<Tuple>,
    pub tuple_class: Obj,
    pub signal_dict: Obj,
    pub rational: Obj,
    var: Obj,
    /// `DefaultContext`, `BasicContext`, `ExtendedContext`.
    pub templates: RefCell<Vec<Ref<Context>>>,
}

// SAFETY: used under the lock of the interpreter it belongs to.
unsafe impl Send for State {}
// SAFETY: as above.
unsafe impl Sync for State {}

static STATES: Mutex<Vec<(i64, &'static State)>> = Mutex::new(Vec::new());

std::thread_local! {
    static LAST: std::cell::Cell<Option<(i64, &'static State)>> = const { std::cell::Cell::new(None) };
}

fn class(name: &str, bases: Vec<Obj>) -> PyResult {
    let dict = Dict::new();
    dict.set_item(intern!("__module__"), &Str::from_utf8("decimal"))?;
    PyType_Type.as_object().call(&[&*Str::from_utf8(name), &*Tuple::from_vec(bases), &*dict])
}

/// Makes the objects for the running interpreter, unless they are made.
pub fn init() -> PyResult<&'static State> {
    let id = Interp::current().id;
    if let Some((_, s)) = STATES.lock().unwrap_or_else(|e| e.into_inner()).iter().find(|(i, _)| *i == id) {
        return Ok(s);
    }
    let import = taipan_object::hooks::get().import;
    let base = class("DecimalException", vec![exceptions::ArithmeticError.to_obj()])?;
    let mut made: Vec<(&'static str, Obj, u32)> = Vec::new();
    let zero = || exceptions::ZeroDivisionError.to_obj();
    let find = |made: &Vec<(&'static str, Obj, u32)>, n: &str| {
        made.iter().find(|(m, _, _)| *m == n).map_or_else(|| base.clone(), |(_, o, _)| o.clone())
    };
    for (name, flag) in [
        ("InvalidOperation", IEEE_INVALID),
        ("FloatOperation", FLOAT_OPERATION),
        ("DivisionByZero", DIVISION_BY_ZERO),
        ("Inexact", INEXACT),
        ("Rounded", ROUNDED),
        ("Subnormal", SUBNORMAL),
        ("Clamped", CLAMPED),
        ("Overflow", OVERFLOW),
        ("Underflow", UNDERFLOW),
    ] {
        let bases = match name {
            "FloatOperation" => vec![base.clone(), exceptions::TypeError.to_obj()],
            "DivisionByZero" => vec![base.clone(), zero()],
            "Overflow" => vec![find(&made, "Inexact"), find(&made, "Rounded")],
            "Underflow" => vec![find(&made, "Inexact"), find(&made, "Rounded"), find(&made, "Subnormal")],
            _ => vec![base.clone()],
        };
        made.push((name, class(name, bases)?, flag));
    }
    let order = [
        "InvalidOperation",
        "FloatOperation",
        "DivisionByZero",
        "Overflow",
        "Underflow",
        "Subnormal",
        "Inexact",
        "Rounded",
        "Clamped",
    ];
    let signals: Vec<Signal> = order
        .iter()
        .filter_map(|n| made.iter().find(|(m, _, _)| m == n))
        .map(|(n, o, f)| Signal { class: o.clone(), name: n, flag: *f })
        .collect();
    let invalid = find(&made, "InvalidOperation");
    let mut conditions = vec![Signal { class: invalid.clone(), name: "InvalidOperation", flag: INVALID_OPERATION }];
    for (name, flag) in [
        ("ConversionSyntax", CONVERSION_SYNTAX),
        ("DivisionImpossible", DIVISION_IMPOSSIBLE),
        ("DivisionUndefined", DIVISION_UNDEFINED),
        ("InvalidContext", INVALID_CONTEXT),
    ] {
        let mut bases = vec![invalid.clone()];
        if name == "DivisionUndefined" {
            bases.push(zero());
        }
        conditions.push(Signal { class: class(name, bases)?, name, flag });
    }
    let signal_tuple = Tuple::from_vec(signals.iter().map(|s| s.class.clone()).collect());
    let namedtuple = import("collections")?.get_attr_str("namedtuple")?;
    let tuple_class = namedtuple.call(&[&*Str::from_utf8("DecimalTuple"), &*Str::from_utf8("sign digits exponent")])?;
    tuple_class.set_attr(intern!("__module__"), &Str::from_utf8("decimal"))?;
    taipan_object::typeobj::ready::ready(&SIGNAL_DICT_MIXIN)?;
    let mapping = import("collections.abc")?.get_attr_str("MutableMapping")?;
    let bases = tuple_of([SIGNAL_DICT_MIXIN.to_obj(), mapping.clone()]);
    let signal_dict = mapping.ty().as_object().call(&[&*Str::from_utf8("SignalDict"), &*bases, &*Dict::new()])?;
    let numbers = import("numbers")?;
    numbers.get_attr_str("Number")?.call_method_str("register", &[super::number::DECIMAL_TYPE.as_object()])?;
    let var = import("_contextvars")?.get_attr_str("ContextVar")?.call_one(&Str::from_utf8("decimal_context"))?;
    let state: &'static State = Box::leak(Box::new(State {
        base,
        signals,
        conditions,
        signal_tuple,
        tuple_class,
        signal_dict,
        rational: numbers.get_attr_str("Rational")?,
        var,
        templates: RefCell::new(Vec::new()),
    }));
    STATES.lock().unwrap_or_else(|e| e.into_inner()).push((id, state));
    Ok(state)
}

/// The objects of the running interpreter.
#[inline]
pub fn get() -> PyResult<&'static State> {
    let id = Interp::current().id;
    match LAST.get() {
        Some((i, s)) if i == id => Ok(s),
        _ => {
            let s = init()?;
            LAST.set(Some((id, s)));
            Ok(s)
        }
    }
}

/// The context of the running code.
#[inline]
pub fn current() -> PyResult<Ref<Context>> {
    let st = get()?;
    let ts = Thread::current();
    match st.var.cast::<ContextVar>().lookup(ts) {
        // SAFETY: only contexts are stored in the variable.
        Some(c) => Ok(unsafe { c.cast_into_unchecked() }),
        None => {
            let c = match st.templates.borrow().first() {
                Some(t) => t.copied()?,
                None => bail!(SystemError, "the default context is missing"),
            };
            set_current(&c)?;
            Ok(c)
        }
    }
}

/// Makes a context the current one.
pub fn set_current(c: &Context) -> PyResult<()> {
    let st = get()?;
    let copy = st.templates.borrow().iter().any(|t| std::ptr::eq(&**t, c));
    let ts = Thread::current();
    if copy {
        st.var.cast::<ContextVar>().store(ts, &*c.copied()?);
    } else {
        st.var.cast::<ContextVar>().store(ts, c);
    }
    Ok(())
}

impl State {
    /// The list of exception classes for a status: conditions, then signals.
    fn classes(&self, status: u32) -> Ref<List> {
        let conditions = self.conditions.iter().filter(|s| status & s.flag != 0);
        let signals = self.signals.iter().filter(|s| s.flag != IEEE_INVALID && status & s.flag != 0);
        List::from_vec(conditions.chain(signals).map(|s| s.class.clone()).collect())
    }

    /// The bits of a signal or condition class, if it is one.
    pub fn flag_of(&self, class: &Object, conditions: bool) -> Option<u32> {
        let all = self.signals.iter().chain(if conditions { &self.conditions[1..] } else { &[] });
        all.into_iter().find(|s| s.class.is(class)).map(|s| s.flag)
    }

    /// Raises what is trapped of a status.
    #[cold]
    pub fn raise(&self, trapped: u32) -> Raised {
        if trapped & MALLOC_ERROR != 0 {
            return taipan_object::error::no_memory();
        }
        let class = self.signals.iter().find(|s| s.flag & trapped != 0);
        let Some(class) = class else { return taipan_object::raise!(SystemError, "unknown decimal condition") };
        taipan_object::error::raise_arg(class.class.cast::<Type>(), self.classes(trapped).into_obj())
    }
}
