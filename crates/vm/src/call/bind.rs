//! Putting the arguments of a call in their places.

use super::errors;
use crate::code::CodeObject;
use crate::frame::Frame;
use crate::function::Function;
use crate::stackref::StackRef;
use taipan_bytecode::code::flags;
use taipan_object::types::dict::Dict;
use taipan_object::types::str::Str;
use taipan_object::types::tuple::Tuple;
use taipan_object::{Object, PyResult, bail};

/// Moves arguments into the variables of `frame`, which are all null. Arguments taken over are replaced by null in `args`; on failure the rest
/// is the caller's.
///
/// # Safety
/// `args` are `argc` positional arguments, then a value for each name.
pub unsafe fn arguments(
    func: &Function,
    code: &CodeObject,
    frame: *mut Frame,
    args: *mut StackRef,
    argc: usize,
    kwnames: Option<&Tuple>,
) -> PyResult<()> {
    let positional = code.argcount();
    let total = positional + code.kwonlyargcount();
    let has_varargs = code.has_flag(flags::VARARGS);
    // SAFETY: variables `0..total + 2` (as far as the flags say) are the parameters' places.
    unsafe {
        let take = |i: usize| std::mem::replace(&mut *args.add(i), StackRef::NULL);
        let place = |i: usize| Frame::slot(frame, i);

        let kwdict = if code.has_flag(flags::VARKEYWORDS) {
            let d = Dict::new();
            *place(total + has_varargs as usize) = StackRef::steal(d.clone().into_obj());
            Some(d)
        } else {
            None
        };

        let n = argc.min(positional);
        for i in 0..n {
            *place(i) = take(i);
        }
        if has_varargs {
            let rest = args.add(n);
            for i in 0..argc - n {
                // An owned reference is the plain pointer.
                rest.add(i).cast::<*mut Object>().write((*rest.add(i)).into_obj().into_raw());
            }
            let t = Tuple::from_raw_items(rest.cast(), argc - n);
            Frame::null_values(rest, argc - n);
            *place(total) = StackRef::steal(t.into_obj());
        }

        if let Some(names) = kwnames {
            for i in 0..names.len() {
                let name = names.item(i);
                let Some(text) = name.downcast::<Str>() else {
                    bail!(TypeError, "{}() keywords must be strings", errors::qualname(func));
                };
                match find_parameter(code, text, code.posonlyargcount(), total) {
                    Some(j) => {
                        if !(*place(j)).is_null() {
                            bail!(
                                TypeError,
                                "{}() got multiple values for argument '{}'",
                                errors::qualname(func),
                                text.display()
                            );
                        }
                        *place(j) = take(argc + i);
                    }
                    None => match &kwdict {
                        Some(d) => {
                            let value = take(argc + i).into_obj();
                            d.set_item(name, &value)?;
                        }
                        None => return Err(errors::unexpected_keyword(func, code, names, text, total)),
                    },
                }
            }
        }

        if argc > positional && !has_varargs {
            return Err(errors::too_many_positional(func, code, frame, argc));
        }

        if argc < positional {
            let defaults = func.defaults();
            let ndefaults = defaults.map_or(0, Tuple::len);
            let first_default = positional.saturating_sub(ndefaults);
            let mut missing = 0;
            for i in argc..first_default {
                missing += (*place(i)).is_null() as usize;
            }
            if missing > 0 {
                return Err(errors::missing(func, code, frame, argc..first_default, "positional"));
            }
            if let Some(d) = defaults {
                // More defaults than parameters: the last ones count.
                let skip = ndefaults.saturating_sub(positional);
                for i in argc.max(first_default)..positional {
                    if (*place(i)).is_null() {
                        *place(i) = StackRef::new(d.item(i - first_default + skip));
                    }
                }
            }
        }

        if total > positional {
            let kwdefaults: Option<&Dict> = func.func_kwdefaults.get().and_then(|d| d.downcast());
            let mut missing = 0;
            for i in positional..total {
                if !(*place(i)).is_null() {
                    continue;
                }
                let default = match kwdefaults {
                    Some(d) => d.get_item(code.localsplus_name(i))?,
                    None => None,
                };
                match default {
                    Some(v) => *place(i) = StackRef::steal(v),
                    None => missing += 1,
                }
            }
            if missing > 0 {
                return Err(errors::missing(func, code, frame, positional..total, "keyword-only"));
            }
        }
    }
    Ok(())
}

/// The parameter called `name` among `from..to`: names are interned, so identity finds it nearly always.
#[inline]
fn find_parameter(code: &CodeObject, name: &Str, from: usize, to: usize) -> Option<usize> {
    let object: &Object = name;
    (from..to)
        .find(|&i| code.localsplus_name(i).is(object))
        .or_else(|| (from..to).find(|&i| code.localsplus_name(i).cast::<Str>().eq(name)))
}
