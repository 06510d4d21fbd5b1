//! Writing what `__reduce__` answered, and objects that are found by their name.

use super::opcode::*;
use super::save::{Saver, note, type_of};
use crate::support::tuple_of;
use taipan_object::codecs;
use taipan_object::error::restore;
use taipan_object::types::dict::Dict;
use taipan_object::types::exceptions;
use taipan_object::types::int::Int;
use taipan_object::types::none::{
    _PyNone_Type, _PyNotImplemented_Type, PyEllipsis_Type, ellipsis, none, not_implemented,
};
use taipan_object::types::str::Str;
use taipan_object::types::str::intern::intern_str;
use taipan_object::types::tuple::Tuple;
use taipan_object::{Interp, Obj, Object, PyResult, Raised, Ref, Type, bail, intern};

fn is_type(o: &Object) -> bool {
    o.ty().has_flag(taipan_object::flags::TYPE_SUBCLASS)
}

/// The parts of a dotted name.
pub fn split_dots(name: &Str) -> Vec<Obj> {
    let mut parts = Vec::new();
    let mut start = 0;
    for i in 0..=name.len() {
        if i == name.len() || name.char_at(i) == u32::from(b'.') {
            parts.push(name.substring(start, i).into_obj());
            start = i + 1;
        }
    }
    parts
}

/// Follows attribute names from an object.
pub fn follow(o: &Object, path: &[Obj]) -> PyResult {
    let mut o = o.to_obj();
    for p in path {
        o = o.get_attr(p)?;
    }
    Ok(o)
}

/// The same, `None` if one is missing.
fn follow_opt(o: &Object, path: &[Obj]) -> PyResult<Option<Obj>> {
    let mut o = o.to_obj();
    for p in path {
        match o.get_attr_opt(p)? {
            Some(next) => o = next,
            None => return Ok(None),
        }
    }
    Ok(Some(o))
}

/// Raises another exception in place of one, which becomes its context.
pub fn chained(e: Raised, raise: impl FnOnce() -> Raised) -> Raised {
    let cause = e.take();
    let new = raise().take();
    exceptions::chain_context(&new, &cause);
    restore(new)
}

/// `sys.modules[name]` after importing it.
pub fn import_module(name: &Object) -> PyResult {
    let interp = Interp::current();
    if let Some(modules) = interp.modules.get_owned()
        && let Some(d) = modules.downcast::<Dict>()
        && let Some(m) = d.get_item(name)?
        && !m.is_none()
        && !is_initializing(&m)?
    {
        return Ok(m);
    }
    let Some(text) = name.downcast::<Str>() else {
        bail!(TypeError, "module name must be a string");
    };
    if text.is_empty() {
        bail!(ValueError, "Empty module name");
    }
    (taipan_object::hooks::get().import)(text.to_utf8()?)
}

fn is_initializing(m: &Object) -> PyResult<bool> {
    match m.get_attr_opt(intern!("__spec__"))? {
        Some(spec) if !spec.is_none() => match spec.get_attr_opt(intern!("_initializing"))? {
            Some(v) => v.is_true(),
            None => Ok(false),
        },
        _ => Ok(false),
    }
}

impl Saver<'_> {
    fn noted<T>(&self, r: PyResult<T>, o: Option<&Object>, what: &str) -> PyResult<T> {
        r.map_err(|e| {
            note(e, || {
                Ok(match o {
                    Some(o) => format!("when serializing {} {what}", type_of(o)?),
                    None => format!("when serializing NULL {what}"),
                })
            })
        })
    }

    fn complain<T>(&self, text: String) -> PyResult<T> {
        Err(self.st.pickling(&text))
    }

    /// Writes an object as the tuple that `__reduce__` answered says.
    pub fn save_reduce(&self, rv: &Tuple, obj: Option<&Object>) -> PyResult<()> {
        let n = rv.len();
        if !(2..=6).contains(&n) {
            return self.complain("tuple returned by __reduce__ must contain 2 through 6 elements".to_owned());
        }
        let part = |i: usize| rv.items().get(i).filter(|o| !o.is_none()).cloned();
        let (callable, args) = (rv.item(0), rv.item(1));
        let (state, listitems, dictitems, setter) = (part(2), part(3), part(4), part(5));
        if !callable.is_callable() {
            let got = type_of(callable)?;
            return self
                .complain(format!("first item of the tuple returned by __reduce__ must be callable, not {got}"));
        }
        let Some(args) = args.downcast::<Tuple>() else {
            let got = type_of(args)?;
            return self
                .complain(format!("second item of the tuple returned by __reduce__ must be a tuple, not {got}"));
        };
        for (o, which) in [(&listitems, "fourth"), (&dictitems, "fifth")] {
            if let Some(o) = o
                && !o.is_iterator()
            {
                let got = type_of(o)?;
                return self.complain(format!(
                    "{which} item of the tuple returned by __reduce__ must be an iterator, not {got}"
                ));
            }
        }
        if let Some(o) = &setter
            && !o.is_callable()
        {
            let got = type_of(o)?;
            return self
                .complain(format!("sixth item of the tuple returned by __reduce__ must be callable, not {got}"));
        }
        let c = self.core;
        let proto = c.proto.get();
        let (mut newobj, mut newobj_ex) = (false, false);
        if proto >= 2
            && let Some(name) = callable.get_attr_opt(intern!("__name__"))?
            && let Some(name) = name.downcast::<Str>()
        {
            newobj_ex = name.eq_str("__newobj_ex__");
            newobj = name.eq_str("__newobj__");
        }
        if newobj_ex {
            self.save_newobj_ex(args, obj)?;
        } else if newobj {
            self.save_newobj(args, obj)?;
        } else {
            self.noted(self.save(callable, false), obj, "reconstructor")?;
            self.noted(self.save(args, false), obj, "reconstructor arguments")?;
            c.op(REDUCE);
        }
        if let Some(o) = obj
            && !self.fetch_if_known(o, &[POP])?
        {
            self.memoize(o)?;
        }
        let owner = obj.unwrap_or(none());
        if let Some(it) = &listitems {
            self.batch_appends(it, owner)?;
        }
        if let Some(it) = &dictitems {
            self.batch_setitems(it, owner)?;
        }
        let Some(state) = state else { return Ok(()) };
        let Some(setter) = setter else {
            self.noted(self.save(&state, false), obj, "state")?;
            c.op(BUILD);
            return Ok(());
        };
        self.noted(self.save(&setter, false), obj, "state setter")?;
        self.save(owner, false)?;
        self.noted(self.save(&state, false), obj, "state")?;
        c.put(&[TUPLE2, REDUCE, POP]);
        Ok(())
    }

    fn check_class(&self, which: &str, cls: &Object, obj: Option<&Object>) -> PyResult<()> {
        let Some(o) = obj else { return Ok(()) };
        let own = o.get_attr(intern!("__class__"))?;
        if !own.is(cls) {
            let (own, cls) = (own.repr()?, cls.repr()?);
            return self.complain(format!(
                "first argument to {which}() must be {}, not {}",
                own.to_utf8_lossy(),
                cls.to_utf8_lossy()
            ));
        }
        Ok(())
    }

    fn save_newobj(&self, args: &Tuple, obj: Option<&Object>) -> PyResult<()> {
        let Some(cls) = args.items().first() else {
            return self.complain("__newobj__ expected at least 1 argument, got 0".to_owned());
        };
        if !is_type(cls) {
            let got = type_of(cls)?;
            return self.complain(format!("first argument to __newobj__() must be a class, not {got}"));
        }
        self.check_class("__newobj__", cls, obj)?;
        self.noted(self.save(cls, false), obj, "class")?;
        let rest = args.slice(1, args.len());
        self.noted(self.save(&rest, false), obj, "__new__ arguments")?;
        self.core.op(NEWOBJ);
        Ok(())
    }

    fn save_newobj_ex(&self, args: &Tuple, obj: Option<&Object>) -> PyResult<()> {
        let [cls, args, kwargs] = args.items() else {
            return self.complain(format!("__newobj_ex__ expected 3 arguments, got {}", args.len()));
        };
        if !is_type(cls) {
            let got = type_of(cls)?;
            return self.complain(format!("first argument to __newobj_ex__() must be a class, not {got}"));
        }
        self.check_class("__newobj_ex__", cls, obj)?;
        let Some(args) = args.downcast::<Tuple>() else {
            let got = type_of(args)?;
            return self.complain(format!("second argument to __newobj_ex__() must be a tuple, not {got}"));
        };
        if kwargs.downcast::<Dict>().is_none() {
            let got = type_of(kwargs)?;
            return self.complain(format!("third argument to __newobj_ex__() must be a dict, not {got}"));
        }
        if self.core.proto.get() >= 4 {
            self.noted(self.save(cls, false), obj, "class")?;
            self.noted(self.save(args, false), obj, "__new__ arguments")?;
            self.noted(self.save(kwargs, false), obj, "__new__ arguments")?;
            self.core.op(NEWOBJ_EX);
            return Ok(());
        }
        let new = cls.get_attr(intern!("__new__"))?;
        let mut all = vec![new, cls.clone()];
        all.extend_from_slice(args.items());
        let partial = self.st.partial.call_tuple(&Tuple::from_vec(all), Some(kwargs))?;
        self.noted(self.save(&partial, false), obj, "reconstructor")?;
        self.noted(self.save(&Tuple::empty(), false), obj, "reconstructor arguments")?;
        self.core.op(REDUCE);
        Ok(())
    }

    /// Writes a class. Those of `None` and its like have no name that could be found.
    pub fn save_type(&self, o: &Object) -> PyResult<()> {
        let singletons: [(&Type, &Object); 3] =
            [(&_PyNone_Type, none()), (&PyEllipsis_Type, ellipsis()), (&_PyNotImplemented_Type, not_implemented())];
        for (ty, only) in singletons {
            if o.is(ty.as_object()) {
                let args = tuple_of([only.to_obj()]).into_obj();
                let rv = tuple_of([taipan_object::types::type_::PyType_Type.to_obj(), args]);
                return self.save_reduce(&rv, Some(o));
            }
        }
        self.save_global(o, None)
    }

    /// The name of the module where the object is found under its dotted name.
    fn whichmodule(&self, o: &Object, name: &Str, path: &[Obj]) -> PyResult {
        if path.iter().any(|p| p.cast::<Str>().eq_str("<locals>")) {
            let r = o.repr()?;
            return self.complain(format!("Can't pickle local object {}", r.to_utf8_lossy()));
        }
        let mut module_name = o.get_attr_opt(intern!("__module__"))?.filter(|m| !m.is_none());
        if module_name.is_none()
            && let Some(modules) = Interp::current().modules.get_owned()
        {
            let pairs = match modules.downcast::<Dict>() {
                Some(d) => d.pairs(),
                None => Vec::new(),
            };
            for (n, m) in pairs {
                let skipped = n.downcast::<Str>().is_some_and(|n| n.eq_str("__main__") || n.eq_str("__mp_main__"));
                if !skipped
                    && !m.is_none()
                    && let Some(found) = follow_opt(&m, path)?
                    && found.is(o)
                {
                    return Ok(n);
                }
            }
            module_name = Some(intern_str("__main__").into_obj());
        }
        let Some(module_name) = module_name else { bail!(RuntimeError, "unable to get sys.modules") };
        let module = match import_module(&module_name) {
            Ok(m) => m,
            Err(e) => {
                if !e.matches(exceptions::ImportError)
                    && !e.matches(exceptions::ValueError)
                    && !e.matches(exceptions::KeyError)
                {
                    return Err(e);
                }
                let cause = e.take();
                let text = format!("Can't pickle {}: {}", o.repr()?.to_utf8_lossy(), cause.str()?.to_utf8_lossy());
                return Err(chained(restore(cause), || self.st.pickling(&text)));
            }
        };
        let shown = |text: &str| -> PyResult<String> {
            Ok(format!(
                "Can't pickle {}: it's not {text} {}.{}",
                o.repr()?.to_utf8_lossy(),
                module_name.str()?.to_utf8_lossy(),
                name.to_utf8_lossy()
            ))
        };
        match follow(&module, path) {
            Ok(found) if found.is(o) => Ok(module_name),
            Ok(_) => self.complain(shown("the same object as")?),
            Err(e) if e.matches(exceptions::AttributeError) => {
                let cause = e.take();
                let text = shown("found as")?;
                Err(chained(restore(cause), || self.st.pickling(&text)))
            }
            Err(e) => Err(e),
        }
    }

    /// Writes an object by the name under which it is found.
    pub fn save_global(&self, o: &Object, name: Option<&Str>) -> PyResult<()> {
        let name = match name {
            Some(n) => n.to_obj(),
            None => match o.get_attr_opt(intern!("__qualname__"))? {
                Some(n) => n,
                None => o.get_attr(intern!("__name__"))?,
            },
        };
        let Some(name) = name.downcast::<Str>() else {
            bail!(TypeError, "__qualname__ must be a string, not {}", name.ty().name_str());
        };
        let path = split_dots(name);
        let module_name = self.whichmodule(o, name, &path)?;
        let c = self.core;
        let proto = c.proto.get();
        if proto >= 2 && !self.st.extension_registry.is_empty() {
            let key = tuple_of([module_name.clone(), name.to_obj()]);
            if let Some(code) = self.st.extension_registry.get_item(&key)? {
                return self.save_extension(&code);
            }
        }
        if proto >= 4 {
            self.save(&module_name, false)?;
            self.save(name, false)?;
            c.op(STACK_GLOBAL);
        } else if path.len() > 1 {
            // getattr(getattr(module.first, second), third)
            for _ in 1..path.len() {
                self.save(&self.st.getattr, false)?;
                if proto < 2 {
                    c.op(MARK);
                }
            }
            self.save_toplevel(&module_name, path[0].cast())?;
            for p in &path[1..] {
                self.save(p, false)?;
                c.op(if proto < 2 { TUPLE } else { TUPLE2 });
                c.op(REDUCE);
            }
        } else {
            self.save_toplevel(&module_name, name)?;
        }
        self.memoize(o)
    }

    fn save_extension(&self, code: &Object) -> PyResult<()> {
        let code = match code.downcast::<Int>().map(Int::to_i64) {
            Some(Some(n)) => n,
            Some(None) => bail!(OverflowError, "Python int too large to convert to C long"),
            None => bail!(TypeError, "an integer is required (got type {})", code.ty().name_str()),
        };
        if code <= 0 || code > 0x7fff_ffff {
            bail!(RuntimeError, "extension code {code} is out of range");
        }
        let b = (code as u32).to_le_bytes();
        match code {
            1..=0xff => self.core.put(&[EXT1, b[0]]),
            0x100..=0xffff => self.core.put(&[EXT2, b[0], b[1]]),
            _ => self.core.put(&[EXT4, b[0], b[1], b[2], b[3]]),
        }
        Ok(())
    }

    /// The names that Python 2 knew the object by.
    fn fix_imports(&self, module: &mut Obj, name: &mut Obj) -> PyResult<()> {
        let key = tuple_of([module.clone(), name.clone()]);
        if let Some(item) = self.st.name_mapping_3to2.get_item(&key)? {
            let Some([m, n]) = item.downcast::<Tuple>().map(Tuple::items) else {
                bail!(
                    RuntimeError,
                    "_compat_pickle.REVERSE_NAME_MAPPING values should be 2-tuples, not {}",
                    item.ty().name_str()
                );
            };
            if m.downcast::<Str>().is_none() || n.downcast::<Str>().is_none() {
                bail!(
                    RuntimeError,
                    "_compat_pickle.REVERSE_NAME_MAPPING values should be pairs of str, not ({}, {})",
                    m.ty().name_str(),
                    n.ty().name_str()
                );
            }
            (*module, *name) = (m.clone(), n.clone());
            return Ok(());
        }
        if let Some(m) = self.st.import_mapping_3to2.get_item(module)? {
            if m.downcast::<Str>().is_none() {
                bail!(
                    RuntimeError,
                    "_compat_pickle.REVERSE_IMPORT_MAPPING values should be strings, not {}",
                    m.ty().name_str()
                );
            }
            *module = m;
        }
        Ok(())
    }

    fn save_toplevel(&self, module: &Object, name: &Str) -> PyResult<()> {
        let (mut module, mut name) = (module.to_obj(), name.to_obj());
        let c = self.core;
        let proto = c.proto.get();
        if proto < 3 && c.fix_imports.get() {
            self.fix_imports(&mut module, &mut name)?;
        }
        c.op(GLOBAL);
        for (o, what) in [(&module, "module"), (&name, "global")] {
            let text: Ref<Str> = o.str()?;
            let encoded = if proto >= 3 {
                codecs::text::utf_8_encode(&text, "strict")
            } else {
                codecs::text::ascii_encode(&text, "strict")
            };
            match encoded {
                Ok(b) => c.put(b.as_slice()),
                Err(e) if e.matches(exceptions::UnicodeEncodeError) => {
                    let cause = e.take();
                    let shown = o.repr()?;
                    let shown = format!(
                        "can't pickle {what} identifier {} using pickle protocol {proto}",
                        shown.to_utf8_lossy()
                    );
                    return Err(chained(restore(cause), || self.st.pickling(&shown)));
                }
                Err(e) => return Err(e),
            }
            c.op(b'\n');
        }
        Ok(())
    }
}
