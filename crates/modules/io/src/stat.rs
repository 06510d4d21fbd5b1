//! `_stat`: the bits of file modes.

use taipan_object::args::{ArgContext, FromArg};
use taipan_object::error::PyResult;
use taipan_object::header::Object;
use taipan_object::protocol::number;
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::{bail, function, methods};

/// A mode: an integer without sign.
struct Mode(u32);

impl<'a> FromArg<'a> for Mode {
    fn from_arg(arg: &'a Object, _: &ArgContext) -> PyResult<Self> {
        let i = number::index(arg)?;
        match i.to_u64() {
            Some(n) if n <= u32::MAX.into() => Ok(Mode(n as u32)),
            Some(_) => bail!(OverflowError, "mode out of range"),
            None if i.is_negative() => bail!(OverflowError, "can't convert negative int to unsigned"),
            None => bail!(OverflowError, "Python int too large to convert to C unsigned long"),
        }
    }
}

/// Return the part of a mode that chmod sets.
#[function(signature = "(object, /)", name = "S_IMODE")]
fn imode(mode: Mode) -> u32 {
    mode.0 & 0o7777
}

/// Return the part of a mode that tells the kind of file.
#[function(signature = "(object, /)", name = "S_IFMT")]
fn ifmt(mode: Mode) -> u32 {
    mode.0 & libc::S_IFMT
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $f:ident $name:literal = $kind:expr;)*) => { $(
        $(#[$doc])*
        #[function(signature = "(object, /)", name = $name)]
        fn $f(mode: Mode) -> bool {
            mode.0 & libc::S_IFMT == $kind
        }
    )* };
}

kinds! {
    /// Return whether a mode is that of a directory.
    isdir "S_ISDIR" = libc::S_IFDIR;
    /// Return whether a mode is that of a character device.
    ischr "S_ISCHR" = libc::S_IFCHR;
    /// Return whether a mode is that of a block device.
    isblk "S_ISBLK" = libc::S_IFBLK;
    /// Return whether a mode is that of a regular file.
    isreg "S_ISREG" = libc::S_IFREG;
    /// Return whether a mode is that of a named pipe.
    isfifo "S_ISFIFO" = libc::S_IFIFO;
    /// Return whether a mode is that of a symbolic link.
    islnk "S_ISLNK" = libc::S_IFLNK;
    /// Return whether a mode is that of a socket.
    issock "S_ISSOCK" = libc::S_IFSOCK;
}

/// Return False: Linux has no doors.
#[function(signature = "(object, /)", name = "S_ISDOOR")]
fn isdoor(_mode: Mode) -> bool {
    false
}

/// Return False: Linux has no event ports.
#[function(signature = "(object, /)", name = "S_ISPORT")]
fn isport(_mode: Mode) -> bool {
    false
}

/// Return False: Linux has no whiteouts.
#[function(signature = "(object, /)", name = "S_ISWHT")]
fn iswht(_mode: Mode) -> bool {
    false
}

/// Return a mode as ls shows it, such as '-rwxrwxrwx'.
#[function(signature = "(object, /)")]
fn filemode(mode: Mode) -> String {
    let m = mode.0;
    let kind = match m & libc::S_IFMT {
        libc::S_IFREG => '-',
        libc::S_IFDIR => 'd',
        libc::S_IFLNK => 'l',
        libc::S_IFBLK => 'b',
        libc::S_IFCHR => 'c',
        libc::S_IFIFO => 'p',
        libc::S_IFSOCK => 's',
        _ => '?',
    };
    let mut out = String::with_capacity(10);
    out.push(kind);
    for (shift, special, set, unset) in
        [(6, libc::S_ISUID, 's', 'S'), (3, libc::S_ISGID, 's', 'S'), (0, libc::S_ISVTX, 't', 'T')]
    {
        let bits = m >> shift;
        out.push(if bits & 4 != 0 { 'r' } else { '-' });
        out.push(if bits & 2 != 0 { 'w' } else { '-' });
        out.push(match (m & special != 0, bits & 1 != 0) {
            (true, true) => set,
            (true, false) => unset,
            (false, true) => 'x',
            (false, false) => '-',
        });
    }
    out
}

#[rustfmt::skip]
static NUMBERS: &[(&str, i64)] = &[
    ("S_IFDIR", 0o40000), ("S_IFCHR", 0o20000), ("S_IFBLK", 0o60000), ("S_IFREG", 0o100000), ("S_IFIFO", 0o10000), ("S_IFLNK", 0o120000),
    ("S_IFSOCK", 0o140000), ("S_IFDOOR", 0), ("S_IFPORT", 0), ("S_IFWHT", 0), ("S_ISUID", 0o4000), ("S_ISGID", 0o2000), ("S_ISVTX", 0o1000),
    ("S_ENFMT", 0o2000), ("S_IREAD", 0o400), ("S_IWRITE", 0o200), ("S_IEXEC", 0o100), ("S_IRWXU", 0o700), ("S_IRUSR", 0o400),
    ("S_IWUSR", 0o200), ("S_IXUSR", 0o100), ("S_IRWXG", 0o70), ("S_IRGRP", 0o40), ("S_IWGRP", 0o20), ("S_IXGRP", 0o10), ("S_IRWXO", 7),
    ("S_IROTH", 4), ("S_IWOTH", 2), ("S_IXOTH", 1), ("UF_SETTABLE", 0xFFFF), ("UF_NODUMP", 1), ("UF_IMMUTABLE", 2), ("UF_APPEND", 4),
    ("UF_OPAQUE", 8), ("UF_NOUNLINK", 16), ("UF_COMPRESSED", 32), ("UF_TRACKED", 64), ("UF_DATAVAULT", 128), ("UF_HIDDEN", 0x8000),
    ("SF_SETTABLE", 0xFFFF_0000), ("SF_ARCHIVED", 0x1_0000), ("SF_IMMUTABLE", 0x2_0000), ("SF_APPEND", 0x4_0000), ("SF_NOUNLINK", 0x10_0000),
    ("SF_SNAPSHOT", 0x20_0000), ("SF_FIRMLINK", 0x80_0000), ("SF_DATALESS", 0x4000_0000), ("ST_MODE", 0), ("ST_INO", 1), ("ST_DEV", 2),
    ("ST_NLINK", 3), ("ST_UID", 4), ("ST_GID", 5), ("ST_SIZE", 6), ("ST_ATIME", 7), ("ST_MTIME", 8), ("ST_CTIME", 9),
];

fn exec(m: &Module) -> PyResult<()> {
    for &(name, n) in NUMBERS {
        m.add_int(name, n)?;
    }
    Ok(())
}

/// The module.
pub static MODULE: ModuleDef = ModuleDef {
    name: "_stat",
    doc: "The bits of file modes, and what they mean.",
    methods: methods![isdir, ischr, isblk, isreg, isfifo, islnk, issock, isdoor, isport, iswht, imode, ifmt, filemode],
    exec,
};
