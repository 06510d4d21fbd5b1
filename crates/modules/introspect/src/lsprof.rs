//! The module `_lsprof`: the profiler behind `cProfile`. It is a tool of `sys.monitoring`, whose callbacks are methods of the profiler.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ffi::{c_int, c_void};
use std::time::Instant;
use taipan_object::alloc::{dealloc_of, new_instance};
use taipan_object::args::{Given, Param, Signature, bind_keywords, with_tuple_args};
use taipan_object::error::{self, status};
use taipan_object::typeobj::ready::ready;
use taipan_object::typeobj::slots::VisitProc;
use taipan_object::types::cfunction::CFunction;
use taipan_object::types::descr::MethodDescr;
use taipan_object::types::float::Float;
use taipan_object::types::int::Int;
use taipan_object::types::list::List;
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::types::none::none_obj;
use taipan_object::types::str::Str;
use taipan_object::types::structseq::{self, StructSeq};
use taipan_object::{
    Interp, Obj, ObjCell, Object, PyResult, Ref, Type, TypeDef, bail, flags, intern, layout, method, methods,
};

/// The module's description.
pub static MODULE: ModuleDef = ModuleDef { name: "_lsprof", doc: "The fast profiler.", methods: None, exec };

const ENTRY: &str = "_lsprof.profiler_entry";
const SUBENTRY: &str = "_lsprof.profiler_subentry";

fn exec(m: &Module) -> PyResult<()> {
    ready(&PROFILER)?;
    m.add("Profiler", PROFILER.as_object())?;
    let fields = [
        ("code", "code object, or the text of a native function"),
        ("callcount", "how many times it was called"),
        ("reccallcount", "how many of these calls were recursive"),
        ("totaltime", "time in it and in what it called"),
        ("inlinetime", "time in it alone"),
        ("calls", "what it called, or None"),
    ];
    for (name, n) in [(ENTRY, 6), (SUBENTRY, 5)] {
        let ty = StructSeq::new_type(name, "A row of the profile.", &fields[..n], n)?;
        Interp::current().module_state.borrow_mut().insert(name, ty.clone());
        m.add(name.rsplit('.').next().unwrap_or(name), &ty)?;
    }
    Ok(())
}

/// Time and calls of one function, or of one function as called from another.
#[derive(Default, Clone)]
struct Times {
    total: i64,
    inline: i64,
    calls: i64,
    recursive: i64,
    /// How many calls are going on.
    level: i64,
}

impl Times {
    fn finish(&mut self, total: i64, inline: i64) {
        self.level -= 1;
        if self.level == 0 {
            self.total += total;
        } else {
            self.recursive += 1;
        }
        self.inline += inline;
        self.calls += 1;
    }
}

struct Entry {
    user: Obj,
    times: Times,
    /// What it called, by the index of the entry.
    calls: Vec<(usize, Times)>,
}

impl Entry {
    fn callee(&mut self, i: usize) -> &mut Times {
        let at = match self.calls.iter().position(|c| c.0 == i) {
            Some(at) => at,
            None => {
                self.calls.push((i, Times::default()));
                self.calls.len() - 1
            }
        };
        &mut self.calls[at].1
    }
}

/// A call that is going on.
struct Running {
    start: i64,
    /// Time spent in what it called.
    below: i64,
    entry: usize,
}

#[derive(Default)]
struct Profile {
    entries: Vec<Entry>,
    /// Entries by what was called: the address of a code object or of a native function's description.
    index: HashMap<usize, usize>,
    stack: Vec<Running>,
}

#[repr(C)]
struct Profiler {
    ob_base: Object,
    timer: ObjCell,
    /// Seconds per unit of a timer that answers integers, or 0.
    unit: Cell<f64>,
    subcalls: Cell<bool>,
    builtins: Cell<bool>,
    enabled: Cell<bool>,
    in_timer: Cell<bool>,
    started: Instant,
    profile: RefCell<Profile>,
}

layout!(Profiler, PROFILER);

const TOOL: i64 = 2;
/// Callbacks, by event.
const CALLBACKS: [(&str, &str); 9] = [
    ("PY_START", "_pystart_callback"),
    ("PY_RESUME", "_pystart_callback"),
    ("PY_THROW", "_pythrow_callback"),
    ("PY_RETURN", "_pyreturn_callback"),
    ("PY_YIELD", "_pyreturn_callback"),
    ("PY_UNWIND", "_pyreturn_callback"),
    ("CALL", "_ccall_callback"),
    ("C_RETURN", "_creturn_callback"),
    ("C_RAISE", "_creturn_callback"),
];

fn monitoring() -> PyResult {
    match taipan_vm::sys::get("monitoring")? {
        Some(m) => Ok(m),
        None => bail!(RuntimeError, "lost sys.monitoring"),
    }
}

fn call(target: &Object, name: &str, args: &[&Object]) -> PyResult {
    target.call_method_str(name, args)
}

impl Profiler {
    fn now(&self) -> i64 {
        let Some(timer) = self.timer.get_owned() else { return self.started.elapsed().as_nanos() as i64 };
        self.in_timer.set(true);
        let answer = timer
            .call_noargs()
            .and_then(|t| if self.unit.get() != 0.0 { t.as_i64() } else { t.to_f64().map(|x| (x * 1e9) as i64) });
        self.in_timer.set(false);
        answer.unwrap_or_else(|e| {
            error::unraisable_while(e, "calling _lsprof timer", &timer);
            0
        })
    }

    fn enter(&self, key: usize, user: impl FnOnce() -> PyResult) {
        let known = self.profile.borrow().index.get(&key).copied();
        let entry = match known {
            Some(i) => i,
            None => {
                let user = match user() {
                    Ok(u) => u,
                    Err(e) => return e.clear(),
                };
                let mut p = self.profile.borrow_mut();
                p.entries.push(Entry { user, times: Times::default(), calls: Vec::new() });
                let i = p.entries.len() - 1;
                p.index.insert(key, i);
                i
            }
        };
        {
            let mut p = self.profile.borrow_mut();
            p.entries[entry].times.level += 1;
            if self.subcalls.get()
                && let Some(caller) = p.stack.last().map(|r| r.entry)
            {
                p.entries[caller].callee(entry).level += 1;
            }
            p.stack.push(Running { start: 0, below: 0, entry });
        }
        let depth = self.profile.borrow().stack.len();
        let start = self.now();
        // The timer is a program's: it may have cleared everything.
        if let Some(r) = self.profile.borrow_mut().stack.get_mut(depth - 1) {
            r.start = start;
        }
    }

    /// A call has ended. Without a key: whatever it was.
    fn leave(&self, key: Option<usize>) {
        if self.profile.borrow().stack.is_empty() {
            return;
        }
        let now = self.now();
        let mut p = self.profile.borrow_mut();
        let p = &mut *p;
        let Some(running) = p.stack.pop() else { return };
        let entry = match key {
            Some(key) => p.index.get(&key).copied(),
            None => Some(running.entry),
        };
        let Some(entry) = entry else { return };
        let total = now - running.start;
        let inline = total - running.below;
        if let Some(r) = p.stack.last_mut() {
            r.below += total;
        }
        p.entries[entry].times.finish(total, inline);
        if self.subcalls.get()
            && let Some(caller) = p.stack.last().map(|r| r.entry)
        {
            p.entries[caller].callee(entry).finish(total, inline);
        }
    }

    fn refuse_in_timer(&self, what: &str) -> PyResult<()> {
        if self.in_timer.get() {
            bail!(RuntimeError, "cannot {what} profiler in external timer");
        }
        Ok(())
    }

    fn stop(&self) -> PyResult<()> {
        let m = monitoring()?;
        let tool = Int::from_i64(TOOL);
        let events = m.get_attr_str("events")?;
        for (event, _) in CALLBACKS {
            let e = events.get_attr_str(event)?;
            call(&m, "register_callback", &[&tool, &e, taipan_object::types::none::none()])?;
        }
        call(&m, "set_events", &[&tool, &Int::zero()])?;
        call(&m, "free_tool_id", &[&tool])?;
        Ok(())
    }
}

fn key_of(o: &Object) -> usize {
    o.as_ptr() as usize
}

/// The native function that a call event tells of.
fn native_function(callable: &Object, receiver: &Object) -> Option<Obj> {
    if callable.downcast::<CFunction>().is_some() {
        return Some(callable.to_obj());
    }
    callable.downcast_exact::<MethodDescr>()?;
    let missing = taipan_vm::instrument::state::State::current().missing();
    if receiver.is(&missing) {
        return None;
    }
    let get = callable.ty().descr_get.get()?;
    match get(callable, Some(receiver), Some(receiver.ty().as_object())) {
        Ok(bound) => bound.downcast::<CFunction>().is_some().then_some(bound),
        Err(e) => {
            e.clear();
            None
        }
    }
}

/// How a native function is shown.
fn native_text(f: &CFunction) -> PyResult {
    let name = f.def().name_str();
    let text = match f.self_obj() {
        None => format!("<{name}>"),
        Some(m) if m.downcast::<Module>().is_some() => {
            let module = m.get_attr(intern!("__name__"))?;
            format!("<built-in method {}.{name}>", module.str()?.display())
        }
        Some(receiver) => match receiver.ty().lookup_borrowed(&Str::from_utf8(name)) {
            Some(m) => return Ok(m.repr()?.into_obj()),
            None => format!("<built-in method {name}>"),
        },
    };
    Ok(Str::from_utf8(&text).into_obj())
}

/// Start profiling.
#[method(signature = "(subcalls=True, builtins=True)")]
fn enable(this: &Profiler, subcalls: Given<bool>, builtins: Given<bool>) -> PyResult<()> {
    let m = monitoring()?;
    let tool = Int::from_i64(TOOL);
    call(&m, "use_tool_id", &[&tool, &Str::from_utf8("cProfile")])?;
    this.subcalls.set(subcalls.0.unwrap_or(true));
    this.builtins.set(builtins.0.unwrap_or(true));
    this.enabled.set(true);
    let events = m.get_attr_str("events")?;
    let mut set = 0;
    for (event, method) in CALLBACKS {
        let e = events.get_attr_str(event)?;
        // Returns and exceptions of native calls come with the calls.
        if !event.starts_with("C_") {
            set |= e.as_i64()?;
        }
        call(&m, "register_callback", &[&tool, &e, &*this.get_attr_str(method)?])?;
    }
    call(&m, "set_events", &[&tool, &Int::from_i64(set)]).map(drop)
}

/// Stop profiling.
#[method(signature = "()")]
fn disable(this: &Profiler) -> PyResult<()> {
    this.refuse_in_timer("disable")?;
    if this.enabled.replace(false) {
        this.stop()?;
    }
    while !this.profile.borrow().stack.is_empty() {
        this.leave(None);
    }
    Ok(())
}

/// Forget what was collected.
#[method(signature = "()")]
fn clear(this: &Profiler) -> PyResult<()> {
    this.refuse_in_timer("clear")?;
    drop(this.profile.take());
    Ok(())
}

fn row(kind: &'static str, user: &Obj, t: &Times, unit: f64, calls: Option<Obj>) -> PyResult {
    let ty = Interp::current().module_state.borrow().get(kind).cloned();
    let Some(ty) = ty else { bail!(RuntimeError, "lost {kind}") };
    let mut values = vec![
        user.clone(),
        Int::from_i64(t.calls).into_obj(),
        Int::from_i64(t.recursive).into_obj(),
        Float::new(t.total as f64 * unit).into_obj(),
        Float::new(t.inline as f64 * unit).into_obj(),
    ];
    values.extend(calls);
    structseq::new_instance(&ty, values)
}

/// Return what was collected, a row for each function.
#[method(signature = "()")]
fn getstats(this: &Profiler) -> PyResult<Ref<List>> {
    this.refuse_in_timer("get stats of")?;
    let unit = match this.unit.get() {
        u if u != 0.0 && !this.timer.is_empty() => u,
        _ => 1e-9,
    };
    type Copy = (Obj, Times, Vec<(Obj, Times)>);
    let copy: Vec<Copy> = {
        let p = this.profile.borrow();
        let calls = |e: &Entry| {
            let done = e.calls.iter().filter(|c| c.1.calls != 0);
            done.map(|(i, t)| (p.entries[*i].user.clone(), t.clone())).collect()
        };
        p.entries.iter().filter(|e| e.times.calls != 0).map(|e| (e.user.clone(), e.times.clone(), calls(e))).collect()
    };
    let list = List::new();
    for (user, times, calls) in &copy {
        let below = if calls.is_empty() {
            none_obj()
        } else {
            let l = List::new();
            for (u, t) in calls {
                l.push(row(SUBENTRY, u, t, unit, None)?)?;
            }
            l.into_obj()
        };
        list.push(row(ENTRY, user, times, unit, Some(below))?)?;
    }
    Ok(list)
}

/// A function starts or goes on.
#[method(signature = "(code, instruction_offset, /)", name = "_pystart_callback")]
fn pystart(this: &Profiler, code: &Object, _instruction_offset: &Object) {
    this.enter(key_of(code), || Ok(code.to_obj()));
}

/// An exception is thrown into a generator.
#[method(signature = "(code, instruction_offset, exception, /)", name = "_pythrow_callback")]
fn pythrow(this: &Profiler, code: &Object, _instruction_offset: &Object, _exception: &Object) {
    this.enter(key_of(code), || Ok(code.to_obj()));
}

/// A function returns, yields or is left by an exception.
#[method(signature = "(code, instruction_offset, retval, /)", name = "_pyreturn_callback")]
fn pyreturn(this: &Profiler, code: &Object, _instruction_offset: &Object, _retval: &Object) {
    this.leave(Some(key_of(code)));
}

/// Something is called.
#[method(signature = "(code, instruction_offset, callable, self_arg, /)", name = "_ccall_callback")]
fn ccall(this: &Profiler, _code: &Object, _instruction_offset: &Object, callable: &Object, self_arg: &Object) {
    if this.builtins.get()
        && let Some(f) = native_function(callable, self_arg)
    {
        let f: &CFunction = f.cast();
        this.enter(std::ptr::from_ref(f.def()) as usize, || native_text(f));
    }
}

/// A native function returns or raises.
#[method(signature = "(code, instruction_offset, callable, self_arg, /)", name = "_creturn_callback")]
fn creturn(this: &Profiler, _code: &Object, _instruction_offset: &Object, callable: &Object, self_arg: &Object) {
    if this.builtins.get()
        && let Some(f) = native_function(callable, self_arg)
    {
        let f: &CFunction = f.cast();
        this.leave(Some(std::ptr::from_ref(f.def()) as usize));
    }
}

extern "C" fn profiler_new(cls: &Type, _: &Object, _: Option<&Object>) -> PyResult {
    let body = Profiler {
        ob_base: Object::placeholder(),
        timer: ObjCell::empty(),
        unit: Cell::new(0.0),
        subcalls: Cell::new(true),
        builtins: Cell::new(true),
        enabled: Cell::new(false),
        in_timer: Cell::new(false),
        started: Instant::now(),
        profile: RefCell::default(),
    };
    new_instance(cls, body).map(Ref::into_obj)
}

extern "C" fn profiler_init(o: &Object, args: &Object, kwargs: Option<&Object>) -> c_int {
    static SIG: Signature = Signature {
        name: "Profiler",
        params: &[
            Param { name: "timer", required: false },
            Param { name: "timeunit", required: false },
            Param { name: "subcalls", required: false },
            Param { name: "builtins", required: false },
        ],
        posonly: 0,
        positional: 4,
        varargs: false,
        varkw: false,
    };
    let this: &Profiler = o.cast();
    status(with_tuple_args("Profiler", args, kwargs, |call| {
        let mut out = [None; 4];
        bind_keywords(&SIG, call, &mut out)?;
        let unit = out[1].map_or(Ok(0.0), |u| u.to_f64())?;
        let subcalls = out[2].map_or(Ok(true), |v| v.is_true())?;
        let builtins = out[3].map_or(Ok(true), |v| v.is_true())?;
        this.timer.set(out[0].filter(|t| !t.is_none()).map(Object::to_obj));
        this.unit.set(unit);
        this.subcalls.set(subcalls);
        this.builtins.set(builtins);
        Ok(())
    }))
}

extern "C" fn profiler_finalize(o: &Object) {
    let this: &Profiler = o.cast();
    if this.enabled.replace(false)
        && let Err(e) = this.stop()
    {
        error::unraisable_while(e, "destroying _lsprof profiler", o);
    }
}

extern "C" fn profiler_traverse(o: &Object, visit: VisitProc, arg: *mut c_void) -> c_int {
    let this: &Profiler = o.cast();
    if let Some(t) = this.timer.get() {
        let r = visit(t, arg);
        if r != 0 {
            return r;
        }
    }
    let Ok(p) = this.profile.try_borrow() else { return 0 };
    for e in &p.entries {
        let r = visit(&e.user, arg);
        if r != 0 {
            return r;
        }
    }
    0
}

extern "C" fn profiler_clear(o: &Object) -> c_int {
    let this: &Profiler = o.cast();
    this.timer.set(None);
    if this.profile.try_borrow_mut().is_ok() {
        drop(this.profile.take());
    }
    0
}

static PROFILER: Type = Type::new_static(TypeDef {
    name: c"_lsprof.Profiler",
    basicsize: size_of::<Profiler>(),
    flags: flags::HAVE_GC | flags::BASETYPE,
    doc: Some(
        c"A profiler. A timer of the program's own may answer seconds, or integers of which timeunit seconds are one.",
    ),
    dealloc: Some(dealloc_of::<Profiler>),
    traverse: Some(profiler_traverse),
    clear: Some(profiler_clear),
    finalize: Some(profiler_finalize),
    methods: methods![enable, disable, clear, getstats, pystart, pythrow, pyreturn, ccall, creturn],
    init: Some(profiler_init),
    new: Some(profiler_new),
    ..TypeDef::EMPTY
});
