//! Child processes with limits on time and memory, in a session of their own so that nothing they start survives them.

use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

/// What a child may use.
#[derive(Clone, Copy)]
pub struct Limits {
    pub time: Duration,
    /// Address space in bytes.
    pub memory: Option<u64>,
}

/// How a child ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    Code(i32),
    Signal(i32),
    Timeout,
}

impl From<ExitStatus> for Exit {
    fn from(status: ExitStatus) -> Exit {
        match status.code() {
            Some(code) => Exit::Code(code),
            None => Exit::Signal(status.signal().unwrap_or(0)),
        }
    }
}

impl std::fmt::Display for Exit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Exit::Code(code) => write!(f, "{code}"),
            Exit::Signal(signal) => write!(f, "-{signal}"),
            Exit::Timeout => f.write_str("timeout"),
        }
    }
}

/// Runs the command to its end or its limit; whatever is left of its session is killed.
pub fn run(command: &mut Command, limits: Limits) -> io::Result<(Exit, Duration)> {
    let memory = limits.memory;
    // SAFETY: between fork and exec only async-signal-safe calls are made (setsid, signal, setrlimit), on values that
    // live on this closure's stack.
    unsafe {
        command.pre_exec(move || {
            if libc::setsid() < 0 {
                return Err(io::Error::last_os_error());
            }
            // A shell's background job ignores SIGINT, and tests that send it to themselves would not see it.
            libc::signal(libc::SIGINT, libc::SIG_DFL);
            set_limit(libc::RLIMIT_CORE, 0)?;
            match memory {
                Some(bytes) => set_limit(libc::RLIMIT_AS, bytes),
                None => Ok(()),
            }
        });
    }
    let start = Instant::now();
    let mut child = command.spawn()?;
    let mut pause = Duration::from_millis(1);
    let exit = loop {
        if let Some(status) = child.try_wait()? {
            break Exit::from(status);
        }
        let spent = start.elapsed();
        if spent >= limits.time {
            break Exit::Timeout;
        }
        std::thread::sleep(pause.min(limits.time - spent));
        pause = (pause * 2).min(Duration::from_millis(20));
    };
    let took = start.elapsed();
    if let Ok(id) = i32::try_from(child.id()) {
        // SAFETY: `kill` takes plain integers. The id is the group our child made by `setsid`; where it has emptied,
        // the call fails with ESRCH and does nothing.
        unsafe {
            libc::kill(-id, libc::SIGKILL);
        }
    }
    child.wait()?;
    Ok((exit, took))
}

fn set_limit(what: libc::__rlimit_resource_t, value: u64) -> io::Result<()> {
    let limit = libc::rlimit { rlim_cur: value, rlim_max: value };
    // SAFETY: the pointer is to a live, initialised struct of the type the call expects.
    if unsafe { libc::setrlimit(what, &limit) } == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
