//! The macros by which bodies of instructions are written; see `eval::ops`.

/// A body that runs inside the handler.
macro_rules! op {
    ($(#[$m:meta])* $name:ident($vm:ident, $arg:pat_param) $body:block) => {
        $(#[$m])*
        #[inline(always)]
        pub(crate) unsafe fn $name($vm: &mut $crate::eval::machine::Machine, $arg: usize) -> $crate::eval::machine::Flow {
            // SAFETY: the contract of bodies: the registers are those of an instruction of this opcode, whose operands are on the stack,
            // and whose argument the compiler made.
            #[allow(unused_unsafe, clippy::macro_metavars_in_unsafe)]
            unsafe {
                $body
            }
        }
    };
}

/// A body that runs as a function of its own.
macro_rules! general {
    ($(#[$m:meta])* $name:ident($vm:ident, $arg:pat_param) [$specialize:path] $body:block) => {
        $(#[$m])*
        #[inline(always)]
        pub(crate) unsafe fn $name(vm: &mut $crate::eval::machine::Machine, _: usize) -> $crate::eval::machine::Flow {
            general!(@fn $vm, $arg, $body);
            // SAFETY: the instruction's first cache unit is its counter.
            unsafe {
                let counter = *vm.ip;
                if $crate::specialize::counter::triggers(counter) {
                    return $crate::eval::machine::Flow::Slow($specialize);
                }
                *vm.ip = $crate::specialize::counter::advance(counter);
            }
            $crate::eval::machine::Flow::General(general)
        }
    };
    ($(#[$m:meta])* $name:ident($vm:ident, $arg:pat_param) $body:block) => {
        $(#[$m])*
        #[inline(always)]
        pub(crate) unsafe fn $name(_: &mut $crate::eval::machine::Machine, _: usize) -> $crate::eval::machine::Flow {
            general!(@fn $vm, $arg, $body);
            $crate::eval::machine::Flow::General(general)
        }
    };
    (@fn $vm:ident, $arg:pat_param, $body:block) => {
        #[inline(never)]
        unsafe extern "C" fn general(
            ts: *const taipan_object::Thread,
            frame: *mut $crate::frame::Frame,
            ip: *mut u16,
            sp: *mut $crate::stackref::StackRef,
            oparg: usize,
        ) -> usize {
            #[inline(always)]
            unsafe fn body($vm: &mut $crate::eval::machine::Machine, $arg: usize) -> impl $crate::eval::machine::IntoDone + use<> {
                // SAFETY: the contract of bodies, see `op!`.
                #[allow(unused_unsafe, clippy::macro_metavars_in_unsafe)]
                unsafe {
                    $body
                }
            }
            // SAFETY: as above.
            unsafe {
                let mut vm = $crate::eval::machine::Machine { ts, frame, ip, sp };
                let r = body(&mut vm, oparg);
                vm.encode(frame, r)
            }
        }
    };
}

/// A general form under a name of its own, for `Flow::Slow`.
macro_rules! slow {
    ($(#[$m:meta])* $name:ident($vm:ident, $arg:pat_param) $body:block) => {
        $(#[$m])*
        pub(crate) unsafe extern "C" fn $name(
            ts: *const taipan_object::Thread,
            frame: *mut $crate::frame::Frame,
            ip: *mut u16,
            sp: *mut $crate::stackref::StackRef,
            oparg: usize,
        ) -> usize {
            general!(@fn $vm, $arg, $body);
            // SAFETY: the same registers.
            unsafe { general(ts, frame, ip, sp, oparg) }
        }
    };
}
