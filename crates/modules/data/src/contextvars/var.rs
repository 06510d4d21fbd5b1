//! `ContextVar` and the `Token`s of its changes.

use super::context::Context;
use crate::support::{__class_getitem__, visit_fields};
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::mem::offset_of;
use taipan_object::alloc::{dealloc_of, new_object};
use taipan_object::args::{Given, receiver};
use taipan_object::error::raise_arg;
use taipan_object::method::{MemberDef, member};
use taipan_object::protocol::compare::hash_pointer;
use taipan_object::protocol::repr::text;
use taipan_object::typeobj::slots::VisitProc;
use taipan_object::types::exceptions;
use taipan_object::types::str::Str;
use taipan_object::{
    Obj, ObjCell, Object, PyResult, Ref, Thread, Type, TypeDef, bail, flags, getset, getsets, layout, members, method,
    methods,
};

/// A context variable.
#[repr(C)]
pub struct ContextVar {
    ob_base: Object,
    name: ObjCell,
    default: ObjCell,
    /// The value found last, held by the context of the thread and version below.
    cached: Cell<*const Object>,
    cached_thread: Cell<u64>,
    cached_version: Cell<u64>,
    hash: Cell<isize>,
}

const _: () = assert!(size_of::<ContextVar>() == 64);
layout!(ContextVar, PyContextVar_Type);

/// A change of a variable that can be undone.
#[repr(C)]
pub struct Token {
    ob_base: Object,
    context: ObjCell,
    var: ObjCell,
    /// Empty if the variable had no value.
    old_value: ObjCell,
    used: Cell<bool>,
}

const _: () = assert!(size_of::<Token>() == 48);
layout!(Token, PyContextToken_Type);

#[repr(C)]
struct Missing {
    ob_base: Object,
}
layout!(Missing, _PyContextTokenMissing_Type);

static MISSING: Missing = Missing { ob_base: Object::immortal(&_PyContextTokenMissing_Type) };

/// `Token.MISSING`.
pub fn missing() -> &'static Object {
    &MISSING.ob_base
}

impl ContextVar {
    /// The value in the current context, if it is set.
    pub fn lookup(&self, ts: &Thread) -> Option<Obj> {
        if self.cached_thread.get() == ts.id.get() && self.cached_version.get() == ts.context_ver.get() {
            // SAFETY: the thread's current context holds the value, unless it was replaced, which replaces the cache as well.
            return unsafe { self.cached.get().as_ref() }.map(Object::to_obj);
        }
        let context = ts.context.get()?.downcast::<Context>()?;
        let vars = context.vars();
        let value = vars.get(&self.ob_base)?;
        self.remember(ts, value);
        Some(value.to_obj())
    }

    fn remember(&self, ts: &Thread, value: &Object) {
        self.cached.set(value);
        self.cached_thread.set(ts.id.get());
        self.cached_version.set(ts.context_ver.get());
    }

    fn forget(&self) {
        self.cached.set(std::ptr::null());
        self.cached_thread.set(0);
    }

    /// Sets the value in the current context.
    pub fn store(&self, ts: &Thread, value: &Object) {
        self.forget();
        let context = Context::of_thread(ts);
        context.set_vars(context.vars().with(&self.ob_base, value));
        self.remember(ts, value);
    }
}

extern "C" fn var_new(_: &Type, args: &Object, kwargs: Option<&Object>) -> PyResult {
    let sig = crate::signature!("ContextVar", posonly 1, positional 1, ["" true, "default" false]);
    crate::support::bind(sig, args, kwargs, |[name, default]| {
        let name = receiver(name);
        if name.downcast::<Str>().is_none() {
            bail!(TypeError, "context variable name must be a str");
        }
        let var = new_object(ContextVar {
            ob_base: Object::placeholder(),
            name: ObjCell::new(name.to_obj()),
            default: ObjCell::from_opt(default.map(Object::to_obj)),
            cached: Cell::new(std::ptr::null()),
            cached_thread: Cell::new(0),
            cached_version: Cell::new(0),
            hash: Cell::new(0),
        })
        .into_obj();
        var.cast::<ContextVar>().hash.set(hash_pointer(&var));
        Ok(var)
    })
}

extern "C" fn var_hash(o: &Object) -> isize {
    o.cast::<ContextVar>().hash.get()
}

extern "C" fn var_repr(o: &Object) -> PyResult {
    let v: &ContextVar = o.cast();
    let name = v.name.get_owned().unwrap_or_else(crate::support::none).repr()?;
    let default = match v.default.get_owned() {
        None => String::new(),
        Some(d) => format!(" default={}", d.repr()?.to_utf8_lossy()),
    };
    Ok(text(&format!("<ContextVar name={}{default} at {o:p}>", name.to_utf8_lossy())))
}

extern "C" fn var_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let v: &ContextVar = o.cast();
    visit_fields(&[&v.name, &v.default], visit, arg)
}

extern "C" fn var_clear(o: &Object) -> c_int {
    let v: &ContextVar = o.cast();
    v.forget();
    v.name.set(None);
    v.default.set(None);
    0
}

/// Return the value of the variable in the current context.
///
/// Without one: the default given here, else that of the variable, else LookupError.
#[method(signature = "(default=<unrepresentable>, /)")]
fn get(ts: &Thread, this: &ContextVar, default: Given<&Object>) -> PyResult {
    if let Some(v) = this.lookup(ts) {
        return Ok(v);
    }
    match default.0.map(Object::to_obj).or_else(|| this.default.get_owned()) {
        Some(d) => Ok(d),
        None => Err(raise_arg(exceptions::LookupError, this.ob_base.to_obj())),
    }
}

/// Set the variable in the current context; return a token for reset().
#[method(signature = "(value, /)")]
fn set(ts: &Thread, this: &ContextVar, value: &Object) -> Ref<Token> {
    let context = Context::of_thread(ts);
    let old = context.vars().get(&this.ob_base).map(Object::to_obj);
    let token = new_object(Token {
        ob_base: Object::placeholder(),
        context: ObjCell::new(context.into_obj()),
        var: ObjCell::new(this.ob_base.to_obj()),
        old_value: ObjCell::from_opt(old),
        used: Cell::new(false),
    });
    this.store(ts, value);
    token
}

fn reset_by(ts: &Thread, this: &ContextVar, token: &Token) -> PyResult<()> {
    let shown = || token.ob_base.repr();
    if token.used.get() {
        bail!(RuntimeError, "{} has already been used once", shown()?.display());
    }
    if !token.var.get().is_some_and(|v| v.is(&this.ob_base)) {
        bail!(ValueError, "{} was created by a different ContextVar", shown()?.display());
    }
    let context = Context::of_thread(ts);
    if !token.context.get().is_some_and(|c| c.is(&context)) {
        bail!(ValueError, "{} was created in a different Context", shown()?.display());
    }
    token.used.set(true);
    match token.old_value.get_owned() {
        Some(old) => this.store(ts, &old),
        None => {
            this.forget();
            match context.vars().without(&this.ob_base) {
                Some(vars) => context.set_vars(vars),
                None => return Err(raise_arg(exceptions::LookupError, this.ob_base.to_obj())),
            }
        }
    }
    Ok(())
}

/// Set the variable back to what it was before the set() that made the token.
#[method(signature = "(token, /)")]
fn reset(ts: &Thread, this: &ContextVar, token: &Object) -> PyResult<()> {
    match token.downcast::<Token>() {
        Some(t) => reset_by(ts, this, t),
        None => bail!(TypeError, "expected an instance of Token, got {}", token.repr()?.display()),
    }
}

/// `ContextVar`.
#[unsafe(no_mangle)]
pub static PyContextVar_Type: Type = Type::new_static(TypeDef {
    name: c"_contextvars.ContextVar",
    basicsize: size_of::<ContextVar>(),
    flags: flags::HAVE_GC,
    dealloc: Some(dealloc_of::<ContextVar>),
    repr: Some(var_repr),
    hash: Some(var_hash),
    traverse: Some(var_traverse),
    clear: Some(var_clear),
    methods: methods![get, set, reset, __class_getitem__],
    members: members![MemberDef::new(c"name", member::OBJECT, offset_of!(ContextVar, name), member::READONLY)],
    new: Some(var_new),
    ..TypeDef::EMPTY
});

// ---- Token

extern "C" fn token_new(_: &Type, _: &Object, _: Option<&Object>) -> PyResult {
    bail!(RuntimeError, "Tokens can only be created by ContextVars")
}

extern "C" fn token_repr(o: &Object) -> PyResult {
    let t: &Token = o.cast();
    let var = t.var.get_owned().unwrap_or_else(crate::support::none).repr()?;
    let used = if t.used.get() { " used" } else { "" };
    Ok(text(&format!("<Token{used} var={} at {o:p}>", var.to_utf8_lossy())))
}

extern "C" fn token_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let t: &Token = o.cast();
    visit_fields(&[&t.context, &t.var, &t.old_value], visit, arg)
}

extern "C" fn token_clear(o: &Object) -> c_int {
    let t: &Token = o.cast();
    for f in [&t.context, &t.var, &t.old_value] {
        f.set(None);
    }
    0
}

/// Enter a with block, at the end of which the variable is reset.
#[method]
fn __enter__(this: &Token) -> Obj {
    this.ob_base.to_obj()
}

/// Reset the variable.
#[method(signature = "(type, val, tb, /)")]
fn __exit__(ts: &Thread, this: &Token, r#type: &Object, val: &Object, tb: &Object) -> PyResult<()> {
    let _ = (r#type, val, tb);
    match this.var.get_owned() {
        Some(v) => reset_by(ts, v.cast(), this),
        None => Ok(()),
    }
}

fn get_var(t: &Token) -> Option<Obj> {
    t.var.get_owned()
}

fn get_old_value(t: &Token) -> Obj {
    t.old_value.get_owned().unwrap_or_else(|| missing().to_obj())
}

/// `Token`.
#[unsafe(no_mangle)]
pub static PyContextToken_Type: Type = Type::new_static(TypeDef {
    name: c"_contextvars.Token",
    basicsize: size_of::<Token>(),
    flags: flags::HAVE_GC,
    dealloc: Some(dealloc_of::<Token>),
    repr: Some(token_repr),
    hash: Some(taipan_object::protocol::compare::hash_not_implemented),
    traverse: Some(token_traverse),
    clear: Some(token_clear),
    methods: methods![__class_getitem__, __enter__, __exit__],
    getset: getsets![getset!(c"var", get_var), getset!(c"old_value", get_old_value)],
    new: Some(token_new),
    ..TypeDef::EMPTY
});

extern "C" fn missing_repr(_: &Object) -> PyResult {
    Ok(text("<Token.MISSING>"))
}

/// The type of `Token.MISSING`.
#[unsafe(no_mangle)]
pub static _PyContextTokenMissing_Type: Type = Type::new_static(TypeDef {
    name: c"Token.MISSING",
    basicsize: size_of::<Missing>(),
    flags: flags::DISALLOW_INSTANTIATION,
    repr: Some(missing_repr),
    ..TypeDef::EMPTY
});

/// For readying.
pub static TYPES: &[&Type] = &[&PyContextVar_Type, &PyContextToken_Type, &_PyContextTokenMissing_Type];
