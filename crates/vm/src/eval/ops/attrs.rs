//! Attributes and `super()`.

use super::prelude::*;
use taipan_object::protocol::call::{Method, vectorcall};

general!(LOAD_ATTR(vm, n) [specialize::load_attr] {
    let owner = vm.obj(1);
    let name = vm.name(n >> 1);
    if n & 1 == 0 {
        let v = owner.get_attr(name)?;
        vm.finish(1, v);
        return Ok(());
    }
    match owner.get_method(name)? {
        Method::Unbound(f) => {
            let receiver = vm.tos();
            vm.put(1, StackRef::steal(f));
            vm.push(receiver);
        }
        Method::Bound(f) => {
            vm.finish(1, f);
            vm.push(StackRef::NULL);
        }
    }
    Ok(())
});

general!(STORE_ATTR(vm, n) [specialize::store_attr] {
    vm.obj(1).set_attr(vm.name(n), vm.obj(2))?;
    vm.close_n(2);
    Ok(())
});

general!(DELETE_ATTR(vm, n) {
    vm.obj(1).del_attr(vm.name(n))?;
    vm.close_n(1);
    Ok(())
});

general!(LOAD_SUPER_ATTR(vm, n) [specialize::load_super_attr] {
    load_super_attr(vm, n)
});

/// `super(class, self).name`, or `super().name` where the compiler saw no arguments.
pub unsafe fn load_super_attr(vm: &mut Machine, n: usize) -> PyResult<()> {
    // SAFETY: `super`, class and receiver are on the stack.
    unsafe {
        let args: [&Object; 2] = [vm.obj(2), vm.obj(1)];
        let proxy = vectorcall(vm.obj(3), args.as_ptr().cast(), n & 2, None)?;
        let v = proxy.get_attr(vm.name(n >> 2))?;
        drop(proxy);
        vm.finish(3, v);
        if n & 1 != 0 {
            vm.push(StackRef::NULL);
        }
        Ok(())
    }
}
