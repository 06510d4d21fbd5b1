//! The module `sys.monitoring`.

use super::events::{self, COUNT, LOCAL, NAMES, PUBLIC_TOOLS, UNGROUPED};
use super::rewrite::{self, CodeMonitoring};
use super::state::State;
use crate::code::CodeObject;
use taipan_object::method::MethodDef;
use taipan_object::types::dict::Dict;
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::types::namespace::Namespace;
use taipan_object::types::none::none;
use taipan_object::types::str::Str;
use taipan_object::{Obj, Object, PyResult, Ref, bail, function};

/// The module's description.
pub static MODULE: ModuleDef = ModuleDef { name: "sys.monitoring", doc: "", methods: Some(METHODS), exec };

static METHODS: &[MethodDef] = &[
    use_tool_id::DEF,
    clear_tool_id::DEF,
    free_tool_id::DEF,
    get_tool::DEF,
    register_callback::DEF,
    get_events::DEF,
    set_events::DEF,
    get_local_events::DEF,
    set_local_events::DEF,
    restart_events::DEF,
    _all_events::DEF,
    MethodDef::END,
];

const C_RETURN_BIT: i64 = 1 << events::C_RETURN;
const C_RAISE_BIT: i64 = 1 << events::C_RAISE;
const CALL_BIT: i64 = 1 << events::CALL;
const BRANCH_BIT: i64 = 1 << events::BRANCH;
const BRANCHES: i64 = 1 << events::BRANCH_LEFT | 1 << events::BRANCH_RIGHT;

fn tool(id: i64) -> PyResult<usize> {
    if !(0..PUBLIC_TOOLS).contains(&id) {
        bail!(ValueError, "invalid tool {id} (must be between 0 and {})", PUBLIC_TOOLS - 1);
    }
    Ok(id as usize)
}

fn tool_in_use(id: i64) -> PyResult<usize> {
    let t = tool(id)?;
    if State::current().names[t].is_empty() {
        bail!(ValueError, "tool {id} is not in use");
    }
    Ok(t)
}

/// Take a tool number under a name.
#[function(signature = "(tool_id, name, /)")]
fn use_tool_id(tool_id: i32, name: &Object) -> PyResult<()> {
    let t = tool(tool_id.into())?;
    if name.downcast::<Str>().is_none() {
        bail!(ValueError, "tool name must be a str");
    }
    let place = &State::current().names[t];
    if !place.is_empty() {
        bail!(ValueError, "tool {tool_id} is already in use");
    }
    place.set(Some(name.to_obj()));
    Ok(())
}

fn clear(t: usize) -> PyResult<()> {
    let state = State::current();
    for c in &state.callbacks[t] {
        c.set(None);
    }
    // What it watches in single code objects stays noted there: without callbacks nothing comes of it.
    state.set_events(t, 0)
}

/// Unregister all events and callbacks of a tool.
#[function(signature = "(tool_id, /)")]
fn clear_tool_id(tool_id: i32) -> PyResult<()> {
    let t = tool(tool_id.into())?;
    if State::current().names[t].is_empty() { Ok(()) } else { clear(t) }
}

/// Give a tool number back.
#[function(signature = "(tool_id, /)")]
fn free_tool_id(tool_id: i32) -> PyResult<()> {
    let t = tool(tool_id.into())?;
    let state = State::current();
    if !state.names[t].is_empty() {
        clear(t)?;
    }
    state.names[t].set(None);
    Ok(())
}

/// Return the name under which a tool number is in use, or None.
#[function(signature = "(tool_id, /)")]
fn get_tool(tool_id: i32) -> PyResult<Option<Obj>> {
    Ok(State::current().names[tool(tool_id.into())?].get_owned())
}

/// Set the function called for an event, and return the former one.
#[function(signature = "(tool_id, event, func, /)")]
fn register_callback(tool_id: i32, event: i32, func: &Object) -> PyResult {
    let t = tool(tool_id.into())?;
    if event <= 0 || event.count_ones() != 1 {
        bail!(ValueError, "The callback can only be set for one event at a time");
    }
    if crate::sys::hooks::auditing() {
        let args = taipan_object::types::tuple::Tuple::new(&[func]);
        crate::sys::hooks::raise_event("sys.monitoring.register_callback", &args)?;
    }
    let id = event.trailing_zeros() as usize;
    if id >= COUNT {
        bail!(ValueError, "invalid event {event}");
    }
    let new = || Some(func).filter(|f| !f.is_none()).map(|f| f.to_obj());
    let callbacks = &State::current().callbacks[t];
    let old = if id == events::BRANCH {
        callbacks[events::BRANCH_RIGHT].set(new());
        callbacks[events::BRANCH_LEFT].replace(new())
    } else {
        callbacks[id].replace(new())
    };
    Ok(old.unwrap_or_else(|| none().to_obj()))
}

/// Return the events that a tool watches everywhere.
#[function(signature = "(tool_id, /)")]
fn get_events(tool_id: i32) -> PyResult<i64> {
    let t = tool(tool_id.into())?;
    Ok(State::current().events_of(t).into())
}

/// Checks an event set and joins the events that come as one.
fn checked(set: i64, limit: usize) -> PyResult<u32> {
    let shown = set as u32;
    if !(0..1 << COUNT).contains(&set) {
        bail!(ValueError, "invalid event set 0x{shown:x}");
    }
    let mut set = set;
    if set & (C_RETURN_BIT | C_RAISE_BIT) != 0 {
        if set & (C_RETURN_BIT | C_RAISE_BIT | CALL_BIT) != C_RETURN_BIT | C_RAISE_BIT | CALL_BIT {
            bail!(ValueError, "cannot set C_RETURN or C_RAISE events independently");
        }
        set &= !(C_RETURN_BIT | C_RAISE_BIT);
    }
    if set & BRANCH_BIT != 0 {
        set = set & !BRANCH_BIT | BRANCHES;
    }
    if set >= 1 << limit {
        bail!(ValueError, "invalid local event set 0x{set:x}");
    }
    Ok(set as u32)
}

/// Set the events that a tool watches everywhere.
#[function(signature = "(tool_id, event_set, /)")]
fn set_events(tool_id: i32, event_set: i32) -> PyResult<()> {
    tool(tool_id.into())?;
    let set = checked(event_set.into(), UNGROUPED)?;
    let t = tool_in_use(tool_id.into())?;
    State::current().set_events(t, set)
}

fn code_of(o: &Object) -> PyResult<&CodeObject> {
    match o.downcast_exact::<CodeObject>() {
        Some(c) => Ok(c),
        None => bail!(TypeError, "code must be a code object"),
    }
}

/// Return the events that a tool watches in one code object.
#[function(signature = "(tool_id, code, /)")]
fn get_local_events(tool_id: i32, code: &Object) -> PyResult<i64> {
    let code = code_of(code)?;
    let t = tool(tool_id.into())?;
    // SAFETY: the data belongs to the code.
    let Some(m) = (unsafe { code.co_monitoring.get().as_ref() }) else { return Ok(0) };
    Ok(m.local.iter().enumerate().filter(|(_, tools)| *tools >> t & 1 != 0).fold(0, |s, (e, _)| s | 1 << e))
}

/// Set the events that a tool watches in one code object.
#[function(signature = "(tool_id, code, event_set, /)")]
fn set_local_events(tool_id: i32, code: &Object, event_set: i32) -> PyResult<()> {
    let code = code_of(code)?;
    tool(tool_id.into())?;
    let set = checked(event_set.into(), LOCAL)?;
    let t = tool_in_use(tool_id.into())?;
    let m = CodeMonitoring::of(code);
    for (e, tools) in m.local.iter_mut().enumerate() {
        let bit = 1u8 << t;
        *tools = if set >> e & 1 != 0 { *tools | bit } else { *tools & !bit };
    }
    rewrite::instrument(code, State::current());
    Ok(())
}

/// Enable all events again that were disabled in single places.
#[function(signature = "()")]
fn restart_events() -> PyResult<()> {
    let state = State::current();
    state.restarted.set(state.version.get() + 1);
    state.changed()
}

/// Return the events that are watched, with the tools that do so.
#[function(signature = "()")]
fn _all_events() -> PyResult<Ref<Dict>> {
    let d = Dict::new();
    for (e, tools) in State::current().tools.iter().enumerate() {
        if tools.get() != 0 {
            d.set_str(NAMES[e], &crate::support::new_int(tools.get().into()))?;
        }
    }
    Ok(d)
}

fn exec(m: &Module) -> PyResult<()> {
    let state = State::current();
    m.add("DISABLE", &state.disable())?;
    m.add("MISSING", &state.missing())?;
    let names = Dict::new();
    for (e, name) in NAMES.iter().enumerate() {
        names.set_str(name, &crate::support::new_int(1 << e))?;
    }
    names.set_str("NO_EVENTS", &crate::support::new_int(0))?;
    m.add("events", &Namespace::new(names))?;
    for (name, id) in [("DEBUGGER_ID", 0), ("COVERAGE_ID", 1), ("PROFILER_ID", 2), ("OPTIMIZER_ID", 5)] {
        m.add_int(name, id)?;
    }
    Ok(())
}
