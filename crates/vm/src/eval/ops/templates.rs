//! f-strings and t-strings.

use super::prelude::*;
use crate::template::{Interpolation, Template};

/// What `CONVERT_VALUE` applies (`!s`, `!r`, `!a`).
fn convert(v: &Object, n: usize) -> PyResult {
    match n {
        1 => v.str().map(Ref::into_obj),
        2 => v.repr().map(Ref::into_obj),
        3 => v.ascii().map(Ref::into_obj),
        _ => bail!(SystemError, "bad conversion {n}"),
    }
}

general!(CONVERT_VALUE(vm, n) {
    let r = convert(vm.obj(1), n)?;
    vm.finish(1, r);
    Ok(())
});

general!(FORMAT_SIMPLE(vm, _) {
    let v = vm.obj(1);
    if v.downcast_exact::<Str>().is_some() {
        return Ok(());
    }
    let r = v.format(intern!(""))?;
    vm.finish(1, r);
    Ok(())
});

general!(FORMAT_WITH_SPEC(vm, _) {
    let r = vm.obj(2).format(vm.obj(1))?;
    vm.finish(2, r);
    Ok(())
});

general!(BUILD_INTERPOLATION(vm, n) {
    let with_spec = n & 1;
    let spec = if with_spec != 0 { vm.obj(1) } else { intern!("") };
    let conversion = match n >> 2 {
        0 => none(),
        1 => intern!("s"),
        2 => intern!("r"),
        3 => intern!("a"),
        c => bail!(SystemError, "Interpolation() argument 'conversion' must be one of 's', 'a' or 'r', got {c}"),
    };
    let i = Interpolation::new(vm.obj(2 + with_spec), vm.obj(1 + with_spec), conversion, spec);
    vm.finish(2 + with_spec, i.into_obj());
    Ok(())
});

general!(BUILD_TEMPLATE(vm, _) {
    let t = Template::new(vm.obj(2), vm.obj(1));
    vm.finish(2, t.into_obj());
    Ok(())
});
