//! Calling Python functions: frames for calls, from the loop and from native code.
//!
//! `bind.rs` puts arguments in their places; `errors.rs` says what is wrong with them.

pub mod bind;
pub mod errors;
pub mod kwargs;

pub use kwargs::merge_kwargs;

use crate::code::CodeObject;
use crate::eval::run::{check_depth, eval_frame};
use crate::frame::{Frame, datastack};
use crate::function::Function;
use crate::stackref::StackRef;
use taipan_bytecode::code::flags;
use taipan_object::protocol::call::nargs;
use taipan_object::types::dict::Dict;
use taipan_object::types::str::Str;
use taipan_object::types::tuple::Tuple;
use taipan_object::{Object, PyResult, Thread, bail, intern};

/// A frame for a call of a Python function, not yet on the chain of running frames. On success the frame owns `funcobj` and the arguments;
/// on failure `funcobj` is still the caller's, and so are the arguments not yet replaced by null.
///
/// # Safety
/// `funcobj` is a function; `args` are `argc` positional arguments and a value for each name.
#[inline]
pub unsafe fn push_frame(
    ts: &Thread,
    funcobj: StackRef,
    args: *mut StackRef,
    argc: usize,
    kwnames: Option<&Tuple>,
) -> PyResult<*mut Frame> {
    // SAFETY: the caller's promise.
    unsafe {
        if ts.py_recursion_remaining.get() <= 0 {
            check_depth(ts)?;
        }
        let func: &Function = funcobj.as_ref().cast_unchecked();
        let code = func.code();
        let f = datastack::push_for(ts, code);
        let locals: *const Object =
            if code.has_flag(flags::OPTIMIZED) { std::ptr::null() } else { func.globals().to_obj().into_raw() };
        Frame::init(f, funcobj, &**func.globals(), func.builtins(), locals, code, std::ptr::null_mut());
        (*f).special |= datastack::is_first(ts, f) as u8;
        if kwnames.is_none() && code.is_simple_call(argc) {
            let n = code.nlocalsplus();
            for i in 0..argc {
                *Frame::slot(f, i) = *args.add(i);
                *args.add(i) = StackRef::NULL;
            }
            Frame::null_locals(f, argc, n);
            return Ok(f);
        }
        if kwnames.is_none()
            && code.is_positional()
            && let Some(defaults) = func.defaults()
        {
            // Only the last parameters are missing, and have defaults.
            let (positional, n) = (code.argcount(), defaults.len());
            if argc < positional && n <= positional && positional - n <= argc {
                for i in 0..argc {
                    *Frame::slot(f, i) = *args.add(i);
                    *args.add(i) = StackRef::NULL;
                }
                for i in argc..positional {
                    *Frame::slot(f, i) = StackRef::new(defaults.item(i + n - positional));
                }
                Frame::null_locals(f, positional, code.nlocalsplus());
                return Ok(f);
            }
        }
        Frame::null_locals(f, 0, code.nlocalsplus());
        match bind::arguments(func, code, f, args, argc, kwnames) {
            Ok(()) => Ok(f),
            Err(e) => {
                // The function stays the caller's.
                (*f).funcobj = StackRef::NULL;
                discard(ts, f);
                Err(e)
            }
        }
    }
}

/// Releases a frame that never ran.
unsafe fn discard(ts: &Thread, f: *mut Frame) {
    // SAFETY: the frame is the newest on the data stack.
    unsafe {
        crate::frame::clear(f);
        let executable = (*f).executable;
        datastack::pop(ts, f);
        executable.close();
    }
}

/// The same with the arguments in a tuple and a dict; the caller keeps both.
///
/// # Safety
/// `funcobj` is a function.
pub unsafe fn push_frame_ex(
    ts: &Thread,
    funcobj: StackRef,
    args: &Tuple,
    kwargs: Option<&Dict>,
) -> PyResult<*mut Frame> {
    let kwargs = kwargs.filter(|k| !k.is_empty());
    let mut all: Vec<StackRef> = args.items().iter().map(|o| StackRef::new(o)).collect();
    let names = match kwargs {
        None => None,
        Some(k) => {
            let mut names = Vec::with_capacity(k.len());
            for (name, value) in k.pairs() {
                if name.downcast::<Str>().is_none() {
                    // SAFETY: these are owned here.
                    all.into_iter().for_each(|v| unsafe { v.close() });
                    bail!(TypeError, "keywords must be strings");
                }
                names.push(name);
                all.push(StackRef::steal(value));
            }
            Some(Tuple::from_vec(names))
        }
    };
    // SAFETY: the caller's promise; what was not taken over is closed.
    unsafe {
        let r = push_frame(ts, funcobj, all.as_mut_ptr(), args.len(), names.as_deref());
        if r.is_err() {
            for v in all {
                v.close();
            }
        }
        r
    }
}

/// The vectorcall function of Python functions.
///
/// # Safety
/// The contract of vectorcall.
pub unsafe extern "C" fn function_vectorcall(
    callable: &Object,
    args: *const *const Object,
    nargsf: usize,
    kwnames: Option<&Object>,
) -> PyResult {
    // SAFETY: the contract of vectorcall; the frame takes new references.
    unsafe {
        let ts = Thread::current();
        let func: &Function = callable.cast_unchecked();
        let argc = nargs(nargsf);
        let kwnames: Option<&Tuple> = kwnames.map(|k| k.cast_unchecked()).filter(|k: &&Tuple| !k.is_empty());
        let funcobj = StackRef::new(func);
        let code = func.code();
        if kwnames.is_none()
            && code.has_flag(flags::OPTIMIZED)
            && code.is_simple_call(argc)
            && ts.py_recursion_remaining.get() > 0
        {
            let f = datastack::push_for(ts, code);
            Frame::init(f, funcobj, &**func.globals(), func.builtins(), std::ptr::null(), code, std::ptr::null_mut());
            (*f).special = datastack::is_first(ts, f) as u8;
            let mut i = 0;
            while i < argc {
                *Frame::slot(f, i) = StackRef::new(&**args.add(i));
                crate::frame::keep_loop();
                i += 1;
            }
            Frame::null_locals(f, argc, code.nlocalsplus());
            return eval_frame(ts, f, false);
        }
        let total = argc + kwnames.map_or(0, Tuple::len);
        let mut scratch = [StackRef::NULL; 10];
        let mut large;
        let values: *mut StackRef = if total <= scratch.len() {
            scratch.as_mut_ptr()
        } else {
            large = vec![StackRef::NULL; total];
            large.as_mut_ptr()
        };
        for i in 0..total {
            *values.add(i) = StackRef::new(&**args.add(i));
        }
        match push_frame(ts, funcobj, values, argc, kwnames) {
            Ok(f) => eval_frame(ts, f, false),
            Err(e) => {
                for i in 0..total {
                    (*values.add(i)).close();
                }
                funcobj.close();
                Err(e)
            }
        }
    }
}

/// Runs code in namespaces, as `exec` and imports do. `closure` is a tuple of cells, as many as the code has free variables.
pub fn eval_code(code: &CodeObject, globals: &Dict, locals: &Object, closure: Option<&Tuple>) -> PyResult {
    let ts = Thread::current();
    let builtins = builtins_for(globals)?;
    let wanted = code.nfreevars();
    if closure.map_or(0, Tuple::len) != wanted {
        bail!(TypeError, "code object requires a closure of exactly length {wanted}");
    }
    let func = Function::with_builtins(code, globals, &builtins)?;
    func.func_closure.set(closure.map(|c| c.to_obj()));
    // SAFETY: a complete frame for the code, without arguments; it owns the function and a reference to the namespace.
    unsafe {
        if ts.py_recursion_remaining.get() <= 0 {
            check_depth(ts)?;
        }
        let f = datastack::push_for(ts, code);
        let namespace: *const Object =
            if code.has_flag(flags::OPTIMIZED) { std::ptr::null() } else { locals.to_obj().into_raw() };
        Frame::init(
            f,
            StackRef::steal(func.clone().into_obj()),
            &**func.globals(),
            func.builtins(),
            namespace,
            code,
            std::ptr::null_mut(),
        );
        (*f).special |= datastack::is_first(ts, f) as u8;
        Frame::null_locals(f, 0, code.nlocalsplus());
        if let Err(e) = bind::arguments(&func, code, f, std::ptr::null_mut(), 0, None) {
            discard(ts, f);
            return Err(e);
        }
        eval_frame(ts, f, false)
    }
}

/// A frame object for code that does not run: what tracebacks of compiled extensions show (`PyFrame_New`).
pub fn frame_object_of(code: &CodeObject, globals: &Dict, locals: Option<&Object>) -> PyResult {
    let ts = Thread::current();
    let builtins = builtins_for(globals)?;
    let func = Function::with_builtins(code, globals, &builtins)?;
    // SAFETY: a complete frame that never runs; it is given up at once, and its object, which is asked for before, takes the contents over.
    unsafe {
        let f = datastack::push_for(ts, code);
        let namespace = locals.map_or(std::ptr::null(), |l| l.to_obj().into_raw().cast_const());
        Frame::init(
            f,
            StackRef::steal(func.clone().into_obj()),
            &**func.globals(),
            func.builtins(),
            namespace,
            code,
            std::ptr::null_mut(),
        );
        Frame::null_locals(f, 0, code.nlocalsplus());
        let object = crate::frame::frame_object(f);
        discard(ts, f);
        Ok(object.into_obj())
    }
}

/// The builtins that code with these globals uses: `globals['__builtins__']` (a module or a dict), else the running frame's.
pub fn builtins_for(globals: &Dict) -> PyResult {
    match globals.get_item(intern!("__builtins__"))? {
        Some(b) => match b.downcast::<taipan_object::types::module::Module>() {
            Some(m) => Ok(m.dict_obj()),
            None => Ok(b),
        },
        None => Ok(crate::frame::current_builtins()),
    }
}
