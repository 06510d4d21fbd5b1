//! Generators, coroutines, `await`, `yield from`, `async for`.

use super::prelude::*;
use crate::frame::{self, datastack, owner};
use crate::generator::{self, AsyncGen, Coroutine, Generator, state};
use taipan_bytecode::code::flags;
use taipan_object::error;
use taipan_object::types::exceptions;

op!(RETURN_GENERATOR(vm, _) {
    let f = vm.frame;
    (*f).instr_ptr = vm.ip;
    (*f).stackpointer = vm.sp;
    let ts = vm.thread();
    // The frame moves into the generator; its memory on the data stack goes back.
    let gen_object = generator::make(f);
    let entry = (*f).entry;
    let previous = (*f).previous;
    ts.py_recursion_remaining.set(ts.py_recursion_remaining.get() + 1);
    ts.current_frame.set(previous.cast());
    datastack::pop(ts, f);
    if entry {
        return Flow::Exit(gen_object as usize);
    }
    vm.frame = previous;
    vm.ip = (*previous).instr_ptr.add((*previous).return_offset as usize);
    vm.sp = (*previous).stackpointer;
    vm.push(StackRef::from_raw_owned(gen_object));
    Flow::Go
});

op!(YIELD_VALUE(vm, _) {
    let v = vm.pop().heap_safe();
    let f = vm.frame;
    let ts = vm.thread();
    (*f).instr_ptr = vm.ip;
    (*f).stackpointer = vm.sp;
    let g = generator::of_frame(f);
    generator::suspend(ts, g, vm.ip);
    let entry = (*f).entry;
    let previous = (*f).previous;
    (*f).previous = std::ptr::null_mut();
    ts.current_frame.set(previous.cast());
    ts.py_recursion_remaining.set(ts.py_recursion_remaining.get() + 1);
    if entry {
        return Flow::Exit(v.ptr() as usize);
    }
    vm.frame = previous;
    // Only SEND and FOR_ITER resume a generator in the loop; both have one cache unit.
    vm.ip = (*previous).instr_ptr.add(2);
    vm.sp = (*previous).stackpointer;
    vm.push(v);
    Flow::Go
});

general!(SEND(vm, d) [specialize::send] {
    let receiver = vm.obj(2);
    if let Some(g) = generator::any_generator(receiver)
        && g.is_resumable()
    {
        let v = vm.pop().heap_safe();
        return generator::enter_inline(vm, g, v, 2 + d as u16).map(|()| Done::Switch);
    }
    let v = vm.obj(1);
    let (result, returned) = if v.is_none() && receiver.ty().iternext.get().is_some() {
        match receiver.ty().iternext.get().and_then(|f| f(receiver)) {
            Some(r) => (r, false),
            None => {
                if error::occurred().is_some_and(|e| e.matches(exceptions::StopIteration)) {
                    (*vm.frame).stackpointer = vm.sp;
                    crate::instrument::raised(vm.thread(), vm.frame, crate::instrument::Raise::Ended);
                }
                (generator::fetch_stop_iteration_value()?, true)
            }
        }
    } else {
        match generator::send_to(receiver, v)? {
            generator::Sent::Yielded(r) => (r, false),
            generator::Sent::Returned(r) => (r, true),
        }
    };
    vm.finish(1, result);
    Ok(if returned { Done::Jump } else { Done::Next })
});

general!(GET_YIELD_FROM_ITER(vm, _) {
    let o = vm.obj(1);
    if o.downcast_exact::<Coroutine>().is_some() {
        if vm.code().co_flags.get() & (flags::COROUTINE | flags::ITERABLE_COROUTINE) as i32 == 0 {
            bail!(TypeError, "cannot 'yield from' a coroutine object in a non-coroutine generator");
        }
        return Ok(());
    }
    if o.downcast_exact::<Generator>().is_some() {
        return Ok(());
    }
    let it = o.iter()?;
    vm.finish(1, it);
    Ok(())
});

general!(GET_AWAITABLE(vm, n) {
    let o = vm.obj(1);
    let awaitable = match generator::awaitable_iter(o) {
        Ok(a) => a,
        Err(e) => {
            if (n == 1 || n == 2)
                && o.ty().async_().is_none_or(|a| a.await_.get().is_none())
                && e.matches(exceptions::TypeError)
            {
                e.clear();
                let what = if n == 1 { "__aenter__" } else { "__aexit__" };
                bail!(TypeError, "'async with' received an object from {what} that does not implement __await__: {}", o.ty().name_str());
            }
            return Err(e);
        }
    };
    if let Some(c) = awaitable.downcast_exact::<Coroutine>()
        && generator::yield_from(c.cast_unchecked()).is_some()
    {
        bail!(RuntimeError, "coroutine is being awaited already");
    }
    vm.finish(1, awaitable);
    Ok(())
});

general!(GET_AITER(vm, _) {
    let o = vm.obj(1);
    let Some(f) = o.ty().async_().and_then(|a| a.aiter.get()) else {
        bail!(TypeError, "'async for' requires an object with __aiter__ method, got {}", o.ty().name_str());
    };
    let it = f(o)?;
    if it.ty().async_().and_then(|a| a.anext.get()).is_none() {
        bail!(TypeError, "'async for' received an object from __aiter__ that does not implement __anext__: {}", it.ty().name_str());
    }
    vm.finish(1, it);
    Ok(())
});

general!(GET_ANEXT(vm, _) {
    let o = vm.obj(1);
    let Some(f) = o.ty().async_().and_then(|a| a.anext.get()) else {
        bail!(TypeError, "'async for' requires an iterator with __anext__ method, got {}", o.ty().name_str());
    };
    let next = f(o)?;
    let awaitable = if o.downcast_exact::<AsyncGen>().is_some() {
        next
    } else {
        match generator::awaitable_iter(&next) {
            Ok(a) => a,
            Err(e) => {
                return Err(raise_from(
                    e,
                    raise_text(format!("'async for' received an invalid object from __anext__: {}", next.ty().name_str())),
                ));
            }
        }
    };
    vm.push_obj(awaitable);
    Ok(())
});

general!(END_ASYNC_FOR(vm, _) {
    let exc = vm.obj(1);
    if exc.ty().is_subtype(exceptions::StopAsyncIteration) {
        vm.close_n(2);
        return Ok(Done::Next);
    }
    let exc = vm.pop_obj();
    let _ = error::restore(exc);
    Ok::<Done, Raised>(Done::Reraise)
});

general!(CLEANUP_THROW(vm, _) {
    let exc = vm.obj(1);
    if exc.ty().is_subtype(exceptions::StopIteration) {
        let value = stop_iteration_value(exc);
        vm.close_n(3);
        vm.push(StackRef::borrow(none()));
        vm.push_obj(value);
        return Ok(Done::Next);
    }
    let _ = error::restore(exc.to_obj());
    Ok::<Done, Raised>(Done::Reraise)
});

const _: () = {
    assert!(state::EXECUTING == 0 && owner::GENERATOR == 1);
    let _ = frame::FRAME_HEADER_WORDS;
};
