//! Making functions.

use super::prelude::*;
use crate::function::Function;
use taipan_bytecode::opcode::function_attribute;

general!(MAKE_FUNCTION(vm, _) {
    let code = vm.obj(1).cast_unchecked::<CodeObject>();
    let f = Function::new(code, vm.frame().globals().cast_unchecked::<Dict>())?;
    vm.finish(1, f.into_obj());
    Ok(())
});

general!(SET_FUNCTION_ATTRIBUTE(vm, n) {
    let f = vm.obj(1).cast_unchecked::<Function>();
    let value = Some(vm.peek(2).into_obj());
    vm.put(2, StackRef::NULL);
    match n as u32 {
        function_attribute::DEFAULTS => f.func_defaults.set(value),
        function_attribute::KWDEFAULTS => f.func_kwdefaults.set(value),
        function_attribute::ANNOTATIONS => f.func_annotations.set(value),
        function_attribute::CLOSURE => f.func_closure.set(value),
        function_attribute::ANNOTATE => {
            // The compiler does not know whose it will be.
            if let Some(annotate) = value.as_ref().and_then(|v| v.downcast_exact::<Function>())
                && let Some(owner) = f.func_qualname.get()
            {
                let name = format!("{}.__annotate__", owner.cast::<Str>().display());
                annotate.func_qualname.set(Some(Str::from_utf8(&name).into_obj()));
            }
            f.func_annotate.set(value);
        }
        _ => bail!(SystemError, "bad argument {n} of SET_FUNCTION_ATTRIBUTE"),
    }
    let f = vm.pop();
    vm.shrink(1);
    vm.push(f);
    Ok(())
});
