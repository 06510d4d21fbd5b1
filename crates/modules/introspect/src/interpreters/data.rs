//! What goes from one interpreter to another: copies of plain values, and what `marshal` and `pickle` make of the others.

use super::{not_shareable, queues};
use taipan_object::types::bool_;
use taipan_object::types::bytes::Bytes;
use taipan_object::types::dict::Dict;
use taipan_object::types::exceptions;
use taipan_object::types::float::Float;
use taipan_object::types::int::Int;
use taipan_object::types::memoryview::MemoryView;
use taipan_object::types::module::Module;
use taipan_object::types::none;
use taipan_object::types::str::Str;
use taipan_object::types::tuple::Tuple;
use taipan_object::{Interp, Layout, Obj, Object, PyResult, bail, intern};
use taipan_vm::function::Function;
use taipan_vm::import;

/// A value on its way.
pub enum Data {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Str(Vec<u8>),
    Bytes(Vec<u8>),
    Tuple(Vec<Data>),
    Queue(i64),
    /// A view of memory, which the new one shares. The object stays its interpreter's; only its buffer is used elsewhere.
    View(Obj),
    /// A function without state, by its marshalled code.
    Function(Vec<u8>),
    /// A pickle, and the file of the program that made it: where classes and functions of its `__main__` are.
    Pickle(Vec<u8>, Option<String>),
}

// SAFETY: the objects in it are touched under the interpreter lock, which all interpreters share.
unsafe impl Send for Data {}

/// What to do with what cannot be copied.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fallback {
    /// Give up.
    None,
    /// Send it through `marshal` or `pickle`.
    Full,
}

impl Fallback {
    /// From the number by which the library calls it; -1 is the default.
    pub fn from_number(n: i64, default: Fallback) -> PyResult<Fallback> {
        match n {
            -1 => Ok(default),
            0 => Ok(Fallback::None),
            1 => Ok(Fallback::Full),
            _ => bail!(ValueError, "unsupported fallback {n}"),
        }
    }
    /// That number.
    pub fn number(self) -> i64 {
        (self == Fallback::Full) as i64
    }
}

/// Whether objects of its type can be copied.
pub fn is_shareable(o: &Object) -> bool {
    o.is_none()
        || o.is(bool_::true_())
        || o.is(bool_::false_())
        || o.downcast_exact::<Int>().is_some()
        || o.downcast_exact::<Float>().is_some()
        || o.downcast_exact::<Str>().is_some()
        || o.downcast_exact::<Bytes>().is_some()
        || o.downcast_exact::<Tuple>().is_some()
        || o.downcast_exact::<MemoryView>().is_some()
        || queues::id_of_queue(o).is_some()
}

/// Takes a value out of the current interpreter.
pub fn pack(o: &Object, fallback: Fallback) -> PyResult<Data> {
    pack_nested(o, fallback, 0)
}

fn pack_nested(o: &Object, fallback: Fallback, depth: u32) -> PyResult<Data> {
    if o.is_none() {
        return Ok(Data::None);
    }
    if o.is(bool_::true_()) || o.is(bool_::false_()) {
        return Ok(Data::Bool(o.is(bool_::true_())));
    }
    if let Some(n) = o.downcast_exact::<Int>() {
        return match n.to_i64() {
            Some(n) => Ok(Data::Int(n)),
            None if fallback == Fallback::Full => pickled(o),
            None => bail!(OverflowError, "try sending as bytes"),
        };
    }
    if let Some(f) = o.downcast_exact::<Float>() {
        return Ok(Data::Float(f.value()));
    }
    if let Some(s) = o.downcast_exact::<Str>() {
        return Ok(Data::Str(s.to_wtf8().into_owned()));
    }
    if let Some(b) = o.downcast_exact::<Bytes>() {
        return Ok(Data::Bytes(b.as_slice().to_vec()));
    }
    if let Some(t) = o.downcast_exact::<Tuple>() {
        if depth > 200 {
            bail!(RecursionError, "maximum recursion depth exceeded while sharing a tuple");
        }
        let items: PyResult<Vec<Data>> = t.items().iter().map(|x| pack_nested(x, fallback, depth + 1)).collect();
        return items.map(Data::Tuple);
    }
    if o.downcast_exact::<MemoryView>().is_some() {
        return Ok(Data::View(o.to_obj()));
    }
    if let Some(id) = queues::id_of_queue(o) {
        return id.map(Data::Queue);
    }
    if fallback == Fallback::Full {
        if let Some(f) = o.downcast_exact::<Function>()
            && stateless(f).is_ok()
        {
            let code = import::import("marshal")?
                .call_method(intern!("dumps"), &[&*f.as_object().get_attr(intern!("__code__"))?])?;
            return Ok(Data::Function(bytes_of(&code)));
        }
        return pickled(o);
    }
    Err(not_shareable(&format!("{} does not support cross-interpreter data", o.repr()?.display()), None))
}

fn bytes_of(o: &Object) -> Vec<u8> {
    o.downcast::<Bytes>().map(|b| b.as_slice().to_vec()).unwrap_or_default()
}

fn pickled(o: &Object) -> PyResult<Data> {
    let dumped = import::import("pickle")?.call_method(intern!("dumps"), &[o]);
    match dumped {
        Ok(b) => Ok(Data::Pickle(bytes_of(&b), main_file())),
        Err(e) => Err(not_shareable("object could not be pickled", Some(e))),
    }
}

/// Whether a function needs nothing but its code; the reason if not.
pub fn stateless(f: &Function) -> Result<(), &'static str> {
    let code = f.code();
    if code.nfreevars() != 0 || f.func_closure.get().is_some_and(|c| !c.is_none()) {
        return Err("closures not supported");
    }
    let attr = |name: &Object| f.as_object().get_attr(name).ok().filter(|v| !v.is_none());
    if attr(intern!("__defaults__")).is_some() {
        return Err("defaults not supported");
    }
    if attr(intern!("__kwdefaults__")).is_some() {
        return Err("keyword defaults not supported");
    }
    // Names of globals that are not builtins belong to a module.
    let Ok(names) = f.as_object().get_attr(intern!("__code__")).and_then(|c| global_names(&c)) else {
        return Err("globals not supported");
    };
    let builtins = taipan_object::Interp::current().builtins.get_owned();
    for n in names {
        let known = builtins.as_ref().is_some_and(|b| {
            b.downcast::<taipan_object::types::dict::Dict>().is_some_and(|d| d.contains(&n).unwrap_or(false))
        });
        if !known {
            return Err("globals not supported");
        }
    }
    Ok(())
}

/// The names that a code object loads as globals.
fn global_names(code: &Object) -> PyResult<Vec<Obj>> {
    let dis = import::import("dis")?;
    let mut out = Vec::new();
    for i in taipan_object::protocol::iter::collect(&*dis.call_method(intern!("get_instructions"), &[code])?)? {
        let op = i.get_attr(intern!("opname"))?.str()?;
        if op.eq_str("LOAD_GLOBAL") || op.eq_str("STORE_GLOBAL") || op.eq_str("DELETE_GLOBAL") || op.eq_str("LOAD_NAME")
        {
            out.push(i.get_attr(intern!("argval"))?);
        }
    }
    Ok(out)
}

/// Makes the value in the current interpreter.
pub fn unpack(d: &Data) -> PyResult {
    Ok(match d {
        Data::None => none::none_obj(),
        Data::Bool(b) => bool_::from_bool(*b).to_obj(),
        Data::Int(n) => Int::from_i64(*n).into_obj(),
        Data::Float(f) => Float::new(*f).into_obj(),
        Data::Str(s) => Str::from_wtf8(s).into_obj(),
        Data::Bytes(b) => Bytes::new(b).into_obj(),
        Data::Tuple(items) => {
            let items: PyResult<Vec<Obj>> = items.iter().map(unpack).collect();
            Tuple::from_vec(items?).into_obj()
        }
        Data::Queue(id) => queues::make_queue(*id)?,
        Data::View(o) => MemoryView::new(o)?.into_obj(),
        Data::Function(code) => {
            let code = import::import("marshal")?.call_method(intern!("loads"), &[&*Bytes::new(code)])?;
            let globals = super::registry::main_dict()?;
            import::import("types")?.get_attr(intern!("FunctionType"))?.call(&[&code, &globals])?
        }
        Data::Pickle(b, file) => match unpickled(b, file.as_deref()) {
            Ok(o) => o,
            Err(e) => return Err(not_shareable("object could not be unpickled", Some(e))),
        },
    })
}

/// The file of the running program.
fn main_file() -> Option<String> {
    let file = super::registry::main_dict().and_then(|d| d.cast::<Dict>().get_item(intern!("__file__")));
    match file {
        Ok(f) => f.and_then(|f| f.downcast::<Str>().map(|s| s.to_utf8_lossy().into_owned())),
        Err(e) => {
            e.clear();
            None
        }
    }
}

fn unpickled(b: &[u8], file: Option<&str>) -> PyResult {
    let bytes = Bytes::new(b);
    let pickle = import::import("pickle")?;
    let load = || pickle.call_method(intern!("loads"), &[&*bytes]);
    match load() {
        Err(e) if e.matches(exceptions::AttributeError) => {
            let Some(file) = file else { return Err(e) };
            e.clear();
            // It is about something of the sender's program: that is run, not as `__main__`, to have it here too.
            let main = hidden_main(file)?;
            let modules = import::modules()?;
            let before = modules.get_item(intern!("__main__"))?;
            modules.set_item(intern!("__main__"), &main)?;
            let r = load();
            modules.set_item(intern!("__main__"), &before)?;
            r
        }
        r => r,
    }
}

/// The sender's program as a module that nobody sees; run once.
fn hidden_main(file: &str) -> PyResult {
    const KEY: &str = "_interpreters.hidden_main";
    let state = &Interp::current().module_state;
    if let Some(m) = state.borrow().get(KEY) {
        return Ok(m.clone());
    }
    let source = std::fs::read(file).map_err(|e| exceptions::from_io(&e))?;
    let code = taipan_vm::compile::compile_bytes(&source, &taipan_vm::compile::Request::module(file))?;
    let m = Module::new("<fake __main__>")?;
    m.add("__file__", &Str::from_utf8(file))?;
    let builtins = import::import("builtins")?;
    m.add("__builtins__", &builtins)?;
    taipan_vm::call::eval_code(&code, m.dict(), m.dict(), None)?;
    let m = m.into_obj();
    state.borrow_mut().insert(KEY, m.clone());
    Ok(m)
}
