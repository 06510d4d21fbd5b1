//! Who watches what: the tools of an interpreter.

use super::events::{COUNT, TOOLS, UNGROUPED};
use super::rewrite;
use crate::eval::breaker::EVENTS;
use std::cell::Cell;
use std::sync::Mutex;
use std::sync::atomic::Ordering;
use taipan_object::thread::breaker;
use taipan_object::types::object::PyBaseObject_Type;
use taipan_object::{Interp, Obj, ObjCell, PyResult};

/// The tools of an interpreter.
pub struct State {
    interp: *const Interp,
    /// By event, the tools that watch it everywhere.
    pub tools: [Cell<u8>; UNGROUPED],
    /// By tool and event, what is called.
    pub callbacks: [[ObjCell; COUNT]; TOOLS],
    /// By tool, its name while it is in use.
    pub names: [ObjCell; TOOLS],
    /// Counted up by every change.
    pub version: Cell<usize>,
    /// The version at which places that were disabled were last enabled again.
    pub restarted: Cell<usize>,
    disable: ObjCell,
    missing: ObjCell,
}

// SAFETY: a state is only touched under its interpreter's lock.
unsafe impl Sync for State {}

thread_local! {
    static CURRENT: Cell<Option<&'static State>> = const { Cell::new(None) };
}

static ALL: Mutex<Vec<&'static State>> = Mutex::new(Vec::new());

impl State {
    fn new(interp: &Interp) -> &'static State {
        Box::leak(Box::new(State {
            interp,
            tools: Default::default(),
            callbacks: std::array::from_fn(|_| std::array::from_fn(|_| ObjCell::empty())),
            names: std::array::from_fn(|_| ObjCell::empty()),
            version: Cell::new(0),
            restarted: Cell::new(0),
            disable: ObjCell::empty(),
            missing: ObjCell::empty(),
        }))
    }

    /// The tools of the running interpreter.
    #[inline]
    pub fn current() -> &'static State {
        let interp = Interp::current();
        match CURRENT.get() {
            Some(s) if std::ptr::eq(s.interp, interp) => s,
            _ => State::find(interp),
        }
    }

    #[cold]
    fn find(interp: &'static Interp) -> &'static State {
        let mut all = ALL.lock().unwrap_or_else(|e| e.into_inner());
        let state = match all.iter().find(|s| std::ptr::eq(s.interp, interp)) {
            Some(s) => *s,
            None => {
                let s = State::new(interp);
                all.push(s);
                s
            }
        };
        CURRENT.set(Some(state));
        state
    }

    /// `sys.monitoring.DISABLE`.
    pub fn disable(&self) -> Obj {
        marker(&self.disable)
    }

    /// `sys.monitoring.MISSING`.
    pub fn missing(&self) -> Obj {
        marker(&self.missing)
    }

    /// The word that the eval breakers of threads carry above their events.
    pub fn word(&self) -> usize {
        self.version.get() << breaker::VERSION_SHIFT
    }

    /// The events that a tool watches everywhere.
    pub fn events_of(&self, tool: usize) -> u32 {
        (0..UNGROUPED).filter(|&e| self.tools[e].get() >> tool & 1 != 0).fold(0, |m, e| m | 1 << e)
    }

    /// Changes the events that a tool watches everywhere; code that is running is rewritten at once, other code when it next runs.
    pub fn set_events(&self, tool: usize, set: u32) -> PyResult<()> {
        if self.events_of(tool) == set {
            return Ok(());
        }
        for (e, tools) in self.tools.iter().enumerate() {
            let bit = 1u8 << tool;
            tools.set(if set >> e & 1 != 0 { tools.get() | bit } else { tools.get() & !bit });
        }
        self.changed()
    }

    /// A new version: all threads will look at the code that they run anew.
    pub fn changed(&self) -> PyResult<()> {
        self.version.set(self.version.get() + 1);
        // SAFETY: interpreters live as long as the process.
        let interp = unsafe { &*self.interp };
        let mut t = interp.threads.get();
        // SAFETY: linked thread states are alive; the interpreter lock keeps them from running.
        while let Some(ts) = unsafe { t.as_ref() } {
            self.tell(ts);
            let mut f: *mut crate::Frame = ts.current_frame.get().cast();
            // SAFETY: frames on the chain are alive.
            while let Some(frame) = unsafe { f.as_ref() } {
                if !frame.executable.is_null() {
                    rewrite::instrument(frame.code(), self);
                }
                f = frame.previous;
            }
            t = ts.next.get();
        }
        Ok(())
    }

    /// Brings a thread's eval breaker up to date.
    pub fn tell(&self, ts: &taipan_object::Thread) {
        let _ = ts.eval_breaker.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |w| Some(w & EVENTS | self.word()));
    }
}

fn marker(field: &ObjCell) -> Obj {
    if let Some(o) = field.get_owned() {
        return o;
    }
    let o = match PyBaseObject_Type.as_object().call_noargs() {
        Ok(o) => o,
        Err(e) => {
            e.clear();
            taipan_object::types::none::none().to_obj()
        }
    };
    field.set(Some(o.clone()));
    o
}
