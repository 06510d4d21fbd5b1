//! The numbers that the smaller modules define, as Linux on x86-64 has them.

/// Of `time`.
#[rustfmt::skip]
pub static TIME: &[(&str, i64)] = &[
    ("CLOCK_BOOTTIME", libc::CLOCK_BOOTTIME as i64), ("CLOCK_MONOTONIC", libc::CLOCK_MONOTONIC as i64),
    ("CLOCK_MONOTONIC_RAW", libc::CLOCK_MONOTONIC_RAW as i64), ("CLOCK_PROCESS_CPUTIME_ID", libc::CLOCK_PROCESS_CPUTIME_ID as i64),
    ("CLOCK_REALTIME", libc::CLOCK_REALTIME as i64), ("CLOCK_TAI", libc::CLOCK_TAI as i64),
    ("CLOCK_THREAD_CPUTIME_ID", libc::CLOCK_THREAD_CPUTIME_ID as i64),
];

/// Of `_signal`.
#[rustfmt::skip]
pub static SIGNAL: &[(&str, i64)] = &[
    ("ITIMER_PROF", 2), ("ITIMER_REAL", 0), ("ITIMER_VIRTUAL", 1), ("NSIG", 65), ("SIGABRT", libc::SIGABRT as i64), ("SIGALRM", libc::SIGALRM as i64),
    ("SIGBUS", libc::SIGBUS as i64), ("SIGCHLD", libc::SIGCHLD as i64), ("SIGCLD", 17), ("SIGCONT", libc::SIGCONT as i64),
    ("SIGFPE", libc::SIGFPE as i64), ("SIGHUP", libc::SIGHUP as i64), ("SIGILL", libc::SIGILL as i64), ("SIGINT", libc::SIGINT as i64),
    ("SIGIO", libc::SIGIO as i64), ("SIGIOT", libc::SIGIOT as i64), ("SIGKILL", libc::SIGKILL as i64), ("SIGPIPE", libc::SIGPIPE as i64),
    ("SIGPOLL", libc::SIGPOLL as i64), ("SIGPROF", libc::SIGPROF as i64), ("SIGPWR", libc::SIGPWR as i64), ("SIGQUIT", libc::SIGQUIT as i64),
    ("SIGRTMAX", 64), ("SIGRTMIN", 34), ("SIGSEGV", libc::SIGSEGV as i64), ("SIGSTKFLT", libc::SIGSTKFLT as i64), ("SIGSTOP", libc::SIGSTOP as i64),
    ("SIGSYS", libc::SIGSYS as i64), ("SIGTERM", libc::SIGTERM as i64), ("SIGTRAP", libc::SIGTRAP as i64), ("SIGTSTP", libc::SIGTSTP as i64),
    ("SIGTTIN", libc::SIGTTIN as i64), ("SIGTTOU", libc::SIGTTOU as i64), ("SIGURG", libc::SIGURG as i64), ("SIGUSR1", libc::SIGUSR1 as i64),
    ("SIGUSR2", libc::SIGUSR2 as i64), ("SIGVTALRM", libc::SIGVTALRM as i64), ("SIGWINCH", libc::SIGWINCH as i64), ("SIGXCPU", libc::SIGXCPU as i64),
    ("SIGXFSZ", libc::SIGXFSZ as i64), ("SIG_BLOCK", libc::SIG_BLOCK as i64), ("SIG_DFL", 0), ("SIG_IGN", 1), ("SIG_SETMASK", libc::SIG_SETMASK as i64),
    ("SIG_UNBLOCK", libc::SIG_UNBLOCK as i64),
];

/// Of `fcntl`.
#[rustfmt::skip]
pub static FCNTL: &[(&str, i64)] = &[
    ("DN_ACCESS", 1), ("DN_ATTRIB", 32), ("DN_CREATE", 4), ("DN_DELETE", 8), ("DN_MODIFY", 2), ("DN_MULTISHOT", 2147483648), ("DN_RENAME", 16),
    ("FASYNC", 8192), ("FD_CLOEXEC", libc::FD_CLOEXEC as i64), ("FICLONE", libc::FICLONE as i64), ("FICLONERANGE", libc::FICLONERANGE as i64),
    ("F_ADD_SEALS", libc::F_ADD_SEALS as i64), ("F_DUPFD", libc::F_DUPFD as i64), ("F_DUPFD_CLOEXEC", libc::F_DUPFD_CLOEXEC as i64),
    ("F_DUPFD_QUERY", 1027), ("F_EXLCK", 4), ("F_GETFD", libc::F_GETFD as i64), ("F_GETFL", libc::F_GETFL as i64),
    ("F_GETLEASE", libc::F_GETLEASE as i64), ("F_GETLK", libc::F_GETLK as i64), ("F_GETLK64", 5), ("F_GETOWN", libc::F_GETOWN as i64),
    ("F_GETOWN_EX", 16), ("F_GETPIPE_SZ", libc::F_GETPIPE_SZ as i64), ("F_GETSIG", 11), ("F_GET_FILE_RW_HINT", 1037), ("F_GET_RW_HINT", 1035),
    ("F_GET_SEALS", libc::F_GET_SEALS as i64), ("F_NOTIFY", libc::F_NOTIFY as i64), ("F_OFD_GETLK", libc::F_OFD_GETLK as i64),
    ("F_OFD_SETLK", libc::F_OFD_SETLK as i64), ("F_OFD_SETLKW", libc::F_OFD_SETLKW as i64), ("F_OWNER_PGRP", 2), ("F_OWNER_PID", 1), ("F_OWNER_TID", 0),
    ("F_RDLCK", libc::F_RDLCK as i64), ("F_SEAL_FUTURE_WRITE", libc::F_SEAL_FUTURE_WRITE as i64), ("F_SEAL_GROW", libc::F_SEAL_GROW as i64),
    ("F_SEAL_SEAL", libc::F_SEAL_SEAL as i64), ("F_SEAL_SHRINK", libc::F_SEAL_SHRINK as i64), ("F_SEAL_WRITE", libc::F_SEAL_WRITE as i64),
    ("F_SETFD", libc::F_SETFD as i64), ("F_SETFL", libc::F_SETFL as i64), ("F_SETLEASE", libc::F_SETLEASE as i64), ("F_SETLK", libc::F_SETLK as i64),
    ("F_SETLK64", 6), ("F_SETLKW", libc::F_SETLKW as i64), ("F_SETLKW64", 7), ("F_SETOWN", libc::F_SETOWN as i64), ("F_SETOWN_EX", 15),
    ("F_SETPIPE_SZ", libc::F_SETPIPE_SZ as i64), ("F_SETSIG", 10), ("F_SET_FILE_RW_HINT", 1038), ("F_SET_RW_HINT", 1036), ("F_SHLCK", 8),
    ("F_UNLCK", libc::F_UNLCK as i64), ("F_WRLCK", libc::F_WRLCK as i64), ("LOCK_EX", libc::LOCK_EX as i64), ("LOCK_MAND", 32),
    ("LOCK_NB", libc::LOCK_NB as i64), ("LOCK_READ", 64), ("LOCK_RW", 192), ("LOCK_SH", libc::LOCK_SH as i64), ("LOCK_UN", libc::LOCK_UN as i64),
    ("LOCK_WRITE", 128), ("RWH_WRITE_LIFE_EXTREME", 5), ("RWH_WRITE_LIFE_LONG", 4), ("RWH_WRITE_LIFE_MEDIUM", 3), ("RWH_WRITE_LIFE_NONE", 1),
    ("RWH_WRITE_LIFE_NOT_SET", 0), ("RWH_WRITE_LIFE_SHORT", 2),
];

/// Of `select`.
#[rustfmt::skip]
pub static SELECT: &[(&str, i64)] = &[
    ("EPOLLERR", libc::EPOLLERR as i64), ("EPOLLET", libc::EPOLLET as i64), ("EPOLLEXCLUSIVE", libc::EPOLLEXCLUSIVE as i64),
    ("EPOLLHUP", libc::EPOLLHUP as i64), ("EPOLLIN", libc::EPOLLIN as i64), ("EPOLLMSG", libc::EPOLLMSG as i64),
    ("EPOLLONESHOT", libc::EPOLLONESHOT as i64), ("EPOLLOUT", libc::EPOLLOUT as i64), ("EPOLLPRI", libc::EPOLLPRI as i64),
    ("EPOLLRDBAND", libc::EPOLLRDBAND as i64), ("EPOLLRDHUP", libc::EPOLLRDHUP as i64), ("EPOLLRDNORM", libc::EPOLLRDNORM as i64),
    ("EPOLLWAKEUP", libc::EPOLLWAKEUP as i64), ("EPOLLWRBAND", libc::EPOLLWRBAND as i64), ("EPOLLWRNORM", libc::EPOLLWRNORM as i64),
    ("EPOLL_CLOEXEC", libc::EPOLL_CLOEXEC as i64), ("PIPE_BUF", 4096), ("POLLERR", libc::POLLERR as i64), ("POLLHUP", libc::POLLHUP as i64),
    ("POLLIN", libc::POLLIN as i64), ("POLLMSG", 1024), ("POLLNVAL", libc::POLLNVAL as i64), ("POLLOUT", libc::POLLOUT as i64),
    ("POLLPRI", libc::POLLPRI as i64), ("POLLRDBAND", libc::POLLRDBAND as i64), ("POLLRDHUP", libc::POLLRDHUP as i64),
    ("POLLRDNORM", libc::POLLRDNORM as i64), ("POLLWRBAND", libc::POLLWRBAND as i64), ("POLLWRNORM", libc::POLLWRNORM as i64),
];

/// Of `resource`.
#[rustfmt::skip]
pub static RESOURCE: &[(&str, i64)] = &[
    ("RLIMIT_AS", libc::RLIMIT_AS as i64), ("RLIMIT_CORE", libc::RLIMIT_CORE as i64), ("RLIMIT_CPU", libc::RLIMIT_CPU as i64),
    ("RLIMIT_DATA", libc::RLIMIT_DATA as i64), ("RLIMIT_FSIZE", libc::RLIMIT_FSIZE as i64), ("RLIMIT_MEMLOCK", libc::RLIMIT_MEMLOCK as i64),
    ("RLIMIT_MSGQUEUE", libc::RLIMIT_MSGQUEUE as i64), ("RLIMIT_NICE", libc::RLIMIT_NICE as i64), ("RLIMIT_NOFILE", libc::RLIMIT_NOFILE as i64),
    ("RLIMIT_NPROC", libc::RLIMIT_NPROC as i64), ("RLIMIT_OFILE", 7), ("RLIMIT_RSS", libc::RLIMIT_RSS as i64),
    ("RLIMIT_RTPRIO", libc::RLIMIT_RTPRIO as i64), ("RLIMIT_RTTIME", libc::RLIMIT_RTTIME as i64), ("RLIMIT_SIGPENDING", libc::RLIMIT_SIGPENDING as i64),
    ("RLIMIT_STACK", libc::RLIMIT_STACK as i64), ("RLIM_INFINITY", libc::RLIM_INFINITY as i64), ("RUSAGE_CHILDREN", -1),
    ("RUSAGE_SELF", libc::RUSAGE_SELF as i64), ("RUSAGE_THREAD", 1),
];

/// Of `termios`.
#[rustfmt::skip]
pub static TERMIOS: &[(&str, i64)] = &[
    ("B0", libc::B0 as i64), ("B1000000", libc::B1000000 as i64), ("B110", libc::B110 as i64), ("B115200", libc::B115200 as i64),
    ("B1152000", libc::B1152000 as i64), ("B1200", libc::B1200 as i64), ("B134", libc::B134 as i64), ("B14400", 14400), ("B150", libc::B150 as i64),
    ("B1500000", libc::B1500000 as i64), ("B1800", libc::B1800 as i64), ("B19200", libc::B19200 as i64), ("B200", libc::B200 as i64),
    ("B2000000", libc::B2000000 as i64), ("B230400", libc::B230400 as i64), ("B2400", libc::B2400 as i64), ("B2500000", libc::B2500000 as i64),
    ("B28800", 28800), ("B300", libc::B300 as i64), ("B3000000", libc::B3000000 as i64), ("B3500000", libc::B3500000 as i64),
    ("B38400", libc::B38400 as i64), ("B4000000", libc::B4000000 as i64), ("B460800", libc::B460800 as i64), ("B4800", libc::B4800 as i64),
    ("B50", libc::B50 as i64), ("B500000", libc::B500000 as i64), ("B57600", libc::B57600 as i64), ("B576000", libc::B576000 as i64),
    ("B600", libc::B600 as i64), ("B7200", 7200), ("B75", libc::B75 as i64), ("B76800", 76800), ("B921600", libc::B921600 as i64),
    ("B9600", libc::B9600 as i64), ("BRKINT", libc::BRKINT as i64), ("BS0", libc::BS0 as i64), ("BS1", libc::BS1 as i64), ("BSDLY", libc::BSDLY as i64),
    ("CBAUD", libc::CBAUD as i64), ("CBAUDEX", libc::CBAUDEX as i64), ("CDSUSP", 25), ("CEOF", 4), ("CEOL", 0), ("CEOT", 4), ("CERASE", 127),
    ("CFLUSH", 15), ("CIBAUD", libc::CIBAUD as i64), ("CINTR", 3), ("CKILL", 21), ("CLNEXT", 22), ("CLOCAL", libc::CLOCAL as i64), ("CQUIT", 28),
    ("CR0", libc::CR0 as i64), ("CR1", libc::CR1 as i64), ("CR2", libc::CR2 as i64), ("CR3", libc::CR3 as i64), ("CRDLY", libc::CRDLY as i64),
    ("CREAD", libc::CREAD as i64), ("CRPRNT", 18), ("CRTSCTS", libc::CRTSCTS as i64), ("CS5", libc::CS5 as i64), ("CS6", libc::CS6 as i64),
    ("CS7", libc::CS7 as i64), ("CS8", libc::CS8 as i64), ("CSIZE", libc::CSIZE as i64), ("CSTART", 17), ("CSTOP", 19), ("CSTOPB", libc::CSTOPB as i64),
    ("CSUSP", 26), ("CWERASE", 23), ("ECHO", libc::ECHO as i64), ("ECHOCTL", libc::ECHOCTL as i64), ("ECHOE", libc::ECHOE as i64),
    ("ECHOK", libc::ECHOK as i64), ("ECHOKE", libc::ECHOKE as i64), ("ECHONL", libc::ECHONL as i64), ("ECHOPRT", libc::ECHOPRT as i64),
    ("EXTA", libc::EXTA as i64), ("EXTB", libc::EXTB as i64), ("EXTPROC", libc::EXTPROC as i64), ("FF0", libc::FF0 as i64), ("FF1", libc::FF1 as i64),
    ("FFDLY", libc::FFDLY as i64), ("FIOASYNC", libc::FIOASYNC as i64), ("FIOCLEX", libc::FIOCLEX as i64), ("FIONBIO", libc::FIONBIO as i64),
    ("FIONCLEX", libc::FIONCLEX as i64), ("FIONREAD", libc::FIONREAD as i64), ("FLUSHO", libc::FLUSHO as i64), ("HUPCL", libc::HUPCL as i64),
    ("IBSHIFT", libc::IBSHIFT as i64), ("ICANON", libc::ICANON as i64), ("ICRNL", libc::ICRNL as i64), ("IEXTEN", libc::IEXTEN as i64),
    ("IGNBRK", libc::IGNBRK as i64), ("IGNCR", libc::IGNCR as i64), ("IGNPAR", libc::IGNPAR as i64), ("IMAXBEL", libc::IMAXBEL as i64),
    ("INLCR", libc::INLCR as i64), ("INPCK", libc::INPCK as i64), ("IOCSIZE_MASK", 1073676288), ("IOCSIZE_SHIFT", 16), ("ISIG", libc::ISIG as i64),
    ("ISTRIP", libc::ISTRIP as i64), ("IUCLC", libc::IUCLC as i64), ("IUTF8", 16384), ("IXANY", libc::IXANY as i64), ("IXOFF", libc::IXOFF as i64),
    ("IXON", libc::IXON as i64), ("NCCS", libc::NCCS as i64), ("NL0", libc::NL0 as i64), ("NL1", libc::NL1 as i64), ("NLDLY", libc::NLDLY as i64),
    ("NOFLSH", libc::NOFLSH as i64), ("N_MOUSE", 2), ("N_PPP", 3), ("N_SLIP", 1), ("N_STRIP", 4), ("N_TTY", 0), ("OCRNL", libc::OCRNL as i64),
    ("OFDEL", libc::OFDEL as i64), ("OFILL", libc::OFILL as i64), ("OLCUC", libc::OLCUC as i64), ("ONLCR", libc::ONLCR as i64),
    ("ONLRET", libc::ONLRET as i64), ("ONOCR", libc::ONOCR as i64), ("OPOST", libc::OPOST as i64), ("PARENB", libc::PARENB as i64),
    ("PARMRK", libc::PARMRK as i64), ("PARODD", libc::PARODD as i64), ("PENDIN", libc::PENDIN as i64), ("TAB0", libc::TAB0 as i64),
    ("TAB1", libc::TAB1 as i64), ("TAB2", libc::TAB2 as i64), ("TAB3", libc::TAB3 as i64), ("TABDLY", libc::TABDLY as i64),
    ("TCFLSH", libc::TCFLSH as i64), ("TCGETS", libc::TCGETS as i64), ("TCIFLUSH", libc::TCIFLUSH as i64), ("TCIOFF", libc::TCIOFF as i64),
    ("TCIOFLUSH", libc::TCIOFLUSH as i64), ("TCION", libc::TCION as i64), ("TCOFLUSH", libc::TCOFLUSH as i64), ("TCOOFF", libc::TCOOFF as i64),
    ("TCOON", libc::TCOON as i64), ("TCSADRAIN", libc::TCSADRAIN as i64), ("TCSAFLUSH", libc::TCSAFLUSH as i64), ("TCSANOW", libc::TCSANOW as i64),
    ("TCSBRK", libc::TCSBRK as i64), ("TCSBRKP", libc::TCSBRKP as i64), ("TCSETS", libc::TCSETS as i64), ("TCSETSF", libc::TCSETSF as i64),
    ("TCSETSW", libc::TCSETSW as i64), ("TCXONC", libc::TCXONC as i64), ("TIOCCONS", libc::TIOCCONS as i64), ("TIOCEXCL", libc::TIOCEXCL as i64),
    ("TIOCGETD", libc::TIOCGETD as i64), ("TIOCGICOUNT", libc::TIOCGICOUNT as i64), ("TIOCGLCKTRMIOS", libc::TIOCGLCKTRMIOS as i64),
    ("TIOCGPGRP", libc::TIOCGPGRP as i64), ("TIOCGSERIAL", libc::TIOCGSERIAL as i64), ("TIOCGSOFTCAR", libc::TIOCGSOFTCAR as i64),
    ("TIOCGWINSZ", libc::TIOCGWINSZ as i64), ("TIOCINQ", libc::TIOCINQ as i64), ("TIOCLINUX", libc::TIOCLINUX as i64),
    ("TIOCMBIC", libc::TIOCMBIC as i64), ("TIOCMBIS", libc::TIOCMBIS as i64), ("TIOCMGET", libc::TIOCMGET as i64),
    ("TIOCMIWAIT", libc::TIOCMIWAIT as i64), ("TIOCMSET", libc::TIOCMSET as i64), ("TIOCM_CAR", libc::TIOCM_CAR as i64),
    ("TIOCM_CD", libc::TIOCM_CD as i64), ("TIOCM_CTS", libc::TIOCM_CTS as i64), ("TIOCM_DSR", libc::TIOCM_DSR as i64),
    ("TIOCM_DTR", libc::TIOCM_DTR as i64), ("TIOCM_LE", libc::TIOCM_LE as i64), ("TIOCM_RI", libc::TIOCM_RI as i64),
    ("TIOCM_RNG", libc::TIOCM_RNG as i64), ("TIOCM_RTS", libc::TIOCM_RTS as i64), ("TIOCM_SR", libc::TIOCM_SR as i64),
    ("TIOCM_ST", libc::TIOCM_ST as i64), ("TIOCNOTTY", libc::TIOCNOTTY as i64), ("TIOCNXCL", libc::TIOCNXCL as i64),
    ("TIOCOUTQ", libc::TIOCOUTQ as i64), ("TIOCPKT", libc::TIOCPKT as i64), ("TIOCPKT_DATA", 0), ("TIOCPKT_DOSTOP", 32), ("TIOCPKT_FLUSHREAD", 1),
    ("TIOCPKT_FLUSHWRITE", 2), ("TIOCPKT_NOSTOP", 16), ("TIOCPKT_START", 8), ("TIOCPKT_STOP", 4), ("TIOCSCTTY", libc::TIOCSCTTY as i64),
    ("TIOCSERCONFIG", libc::TIOCSERCONFIG as i64), ("TIOCSERGETLSR", libc::TIOCSERGETLSR as i64), ("TIOCSERGETMULTI", libc::TIOCSERGETMULTI as i64),
    ("TIOCSERGSTRUCT", libc::TIOCSERGSTRUCT as i64), ("TIOCSERGWILD", libc::TIOCSERGWILD as i64), ("TIOCSERSETMULTI", libc::TIOCSERSETMULTI as i64),
    ("TIOCSERSWILD", libc::TIOCSERSWILD as i64), ("TIOCSER_TEMT", 1), ("TIOCSETD", libc::TIOCSETD as i64),
    ("TIOCSLCKTRMIOS", libc::TIOCSLCKTRMIOS as i64), ("TIOCSPGRP", libc::TIOCSPGRP as i64), ("TIOCSSERIAL", libc::TIOCSSERIAL as i64),
    ("TIOCSSOFTCAR", libc::TIOCSSOFTCAR as i64), ("TIOCSTI", libc::TIOCSTI as i64), ("TIOCSWINSZ", libc::TIOCSWINSZ as i64),
    ("TOSTOP", libc::TOSTOP as i64), ("VDISCARD", libc::VDISCARD as i64), ("VEOF", libc::VEOF as i64), ("VEOL", libc::VEOL as i64),
    ("VEOL2", libc::VEOL2 as i64), ("VERASE", libc::VERASE as i64), ("VINTR", libc::VINTR as i64), ("VKILL", libc::VKILL as i64),
    ("VLNEXT", libc::VLNEXT as i64), ("VMIN", libc::VMIN as i64), ("VQUIT", libc::VQUIT as i64), ("VREPRINT", libc::VREPRINT as i64),
    ("VSTART", libc::VSTART as i64), ("VSTOP", libc::VSTOP as i64), ("VSUSP", libc::VSUSP as i64), ("VSWTC", libc::VSWTC as i64), ("VSWTCH", 7),
    ("VT0", libc::VT0 as i64), ("VT1", libc::VT1 as i64), ("VTDLY", libc::VTDLY as i64), ("VTIME", libc::VTIME as i64),
    ("VWERASE", libc::VWERASE as i64), ("XCASE", libc::XCASE as i64), ("XTABS", libc::XTABS as i64),
];

/// Of `syslog`.
#[rustfmt::skip]
pub static SYSLOG: &[(&str, i64)] = &[
    ("LOG_ALERT", libc::LOG_ALERT as i64), ("LOG_AUTH", libc::LOG_AUTH as i64), ("LOG_AUTHPRIV", libc::LOG_AUTHPRIV as i64),
    ("LOG_CONS", libc::LOG_CONS as i64), ("LOG_CRIT", libc::LOG_CRIT as i64), ("LOG_CRON", libc::LOG_CRON as i64),
    ("LOG_DAEMON", libc::LOG_DAEMON as i64), ("LOG_DEBUG", libc::LOG_DEBUG as i64), ("LOG_EMERG", libc::LOG_EMERG as i64),
    ("LOG_ERR", libc::LOG_ERR as i64), ("LOG_FTP", libc::LOG_FTP as i64), ("LOG_INFO", libc::LOG_INFO as i64), ("LOG_KERN", libc::LOG_KERN as i64),
    ("LOG_LOCAL0", libc::LOG_LOCAL0 as i64), ("LOG_LOCAL1", libc::LOG_LOCAL1 as i64), ("LOG_LOCAL2", libc::LOG_LOCAL2 as i64),
    ("LOG_LOCAL3", libc::LOG_LOCAL3 as i64), ("LOG_LOCAL4", libc::LOG_LOCAL4 as i64), ("LOG_LOCAL5", libc::LOG_LOCAL5 as i64),
    ("LOG_LOCAL6", libc::LOG_LOCAL6 as i64), ("LOG_LOCAL7", libc::LOG_LOCAL7 as i64), ("LOG_LPR", libc::LOG_LPR as i64),
    ("LOG_MAIL", libc::LOG_MAIL as i64), ("LOG_NDELAY", libc::LOG_NDELAY as i64), ("LOG_NEWS", libc::LOG_NEWS as i64),
    ("LOG_NOTICE", libc::LOG_NOTICE as i64), ("LOG_NOWAIT", libc::LOG_NOWAIT as i64), ("LOG_ODELAY", libc::LOG_ODELAY as i64),
    ("LOG_PERROR", libc::LOG_PERROR as i64), ("LOG_PID", libc::LOG_PID as i64), ("LOG_SYSLOG", libc::LOG_SYSLOG as i64),
    ("LOG_USER", libc::LOG_USER as i64), ("LOG_UUCP", libc::LOG_UUCP as i64), ("LOG_WARNING", libc::LOG_WARNING as i64),
];

/// Of `_locale`.
#[rustfmt::skip]
pub static LOCALE: &[(&str, i64)] = &[
    ("ABDAY_1", 131072), ("ABDAY_2", 131073), ("ABDAY_3", 131074), ("ABDAY_4", 131075), ("ABDAY_5", 131076), ("ABDAY_6", 131077), ("ABDAY_7", 131078),
    ("ABMON_1", 131086), ("ABMON_10", 131095), ("ABMON_11", 131096), ("ABMON_12", 131097), ("ABMON_2", 131087), ("ABMON_3", 131088),
    ("ABMON_4", 131089), ("ABMON_5", 131090), ("ABMON_6", 131091), ("ABMON_7", 131092), ("ABMON_8", 131093), ("ABMON_9", 131094),
    ("ALT_DIGITS", 131119), ("AM_STR", 131110), ("CHAR_MAX", 127), ("CODESET", 14), ("CRNCYSTR", 262159), ("DAY_1", 131079), ("DAY_2", 131080),
    ("DAY_3", 131081), ("DAY_4", 131082), ("DAY_5", 131083), ("DAY_6", 131084), ("DAY_7", 131085), ("D_FMT", 131113), ("D_T_FMT", 131112),
    ("ERA", 131116), ("ERA_D_FMT", 131118), ("ERA_D_T_FMT", 131120), ("ERA_T_FMT", 131121), ("LC_ALL", libc::LC_ALL as i64),
    ("LC_COLLATE", libc::LC_COLLATE as i64), ("LC_CTYPE", libc::LC_CTYPE as i64), ("LC_MESSAGES", libc::LC_MESSAGES as i64),
    ("LC_MONETARY", libc::LC_MONETARY as i64), ("LC_NUMERIC", libc::LC_NUMERIC as i64), ("LC_TIME", libc::LC_TIME as i64), ("MON_1", 131098),
    ("MON_10", 131107), ("MON_11", 131108), ("MON_12", 131109), ("MON_2", 131099), ("MON_3", 131100), ("MON_4", 131101), ("MON_5", 131102),
    ("MON_6", 131103), ("MON_7", 131104), ("MON_8", 131105), ("MON_9", 131106), ("NOEXPR", 327681), ("PM_STR", 131111), ("RADIXCHAR", 65536),
    ("THOUSEP", 65537), ("T_FMT", 131114), ("T_FMT_AMPM", 131115), ("YESEXPR", 327680),
];

/// Of `mmap`.
#[rustfmt::skip]
pub static MMAP: &[(&str, i64)] = &[
    ("ACCESS_COPY", 3), ("ACCESS_DEFAULT", 0), ("ACCESS_READ", 1), ("ACCESS_WRITE", 2), ("ALLOCATIONGRANULARITY", 4096),
    ("MADV_DODUMP", libc::MADV_DODUMP as i64), ("MADV_DOFORK", libc::MADV_DOFORK as i64), ("MADV_DONTDUMP", libc::MADV_DONTDUMP as i64),
    ("MADV_DONTFORK", libc::MADV_DONTFORK as i64), ("MADV_DONTNEED", libc::MADV_DONTNEED as i64), ("MADV_FREE", libc::MADV_FREE as i64),
    ("MADV_HUGEPAGE", libc::MADV_HUGEPAGE as i64), ("MADV_HWPOISON", libc::MADV_HWPOISON as i64), ("MADV_MERGEABLE", libc::MADV_MERGEABLE as i64),
    ("MADV_NOHUGEPAGE", libc::MADV_NOHUGEPAGE as i64), ("MADV_NORMAL", libc::MADV_NORMAL as i64), ("MADV_RANDOM", libc::MADV_RANDOM as i64),
    ("MADV_REMOVE", libc::MADV_REMOVE as i64), ("MADV_SEQUENTIAL", libc::MADV_SEQUENTIAL as i64), ("MADV_UNMERGEABLE", libc::MADV_UNMERGEABLE as i64),
    ("MADV_WILLNEED", libc::MADV_WILLNEED as i64), ("MAP_32BIT", libc::MAP_32BIT as i64), ("MAP_ANON", libc::MAP_ANON as i64),
    ("MAP_ANONYMOUS", libc::MAP_ANONYMOUS as i64), ("MAP_DENYWRITE", libc::MAP_DENYWRITE as i64), ("MAP_EXECUTABLE", libc::MAP_EXECUTABLE as i64),
    ("MAP_NORESERVE", libc::MAP_NORESERVE as i64), ("MAP_POPULATE", libc::MAP_POPULATE as i64), ("MAP_PRIVATE", libc::MAP_PRIVATE as i64),
    ("MAP_SHARED", libc::MAP_SHARED as i64), ("MAP_STACK", libc::MAP_STACK as i64), ("PAGESIZE", 4096), ("PROT_EXEC", libc::PROT_EXEC as i64),
    ("PROT_READ", libc::PROT_READ as i64), ("PROT_WRITE", libc::PROT_WRITE as i64),
];
