//! The command line and the environment, as `python3 --help` describes them.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

/// What is to be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Run {
    /// `-c command`
    Command(OsString),
    /// `-m module`
    Module(String),
    /// A file, directory or zip file.
    File(OsString),
    /// A program on standard input, or the interactive prompt when that is a terminal.
    Stdin,
    /// `--version`, `--help` and their like: a text for standard output.
    Print(String),
}

/// Everything that the command line and the environment decide.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub struct Config {
    pub run: Run,
    /// `sys.argv`.
    pub argv: Vec<OsString>,
    /// `sys.orig_argv`.
    pub orig_argv: Vec<OsString>,
    pub inspect: bool,
    pub interactive: bool,
    pub optimize: i32,
    pub dont_write_bytecode: bool,
    pub no_user_site: bool,
    pub no_site: bool,
    pub ignore_environment: bool,
    pub isolated: bool,
    pub safe_path: bool,
    pub verbose: i32,
    pub bytes_warning: i32,
    pub quiet: bool,
    pub unbuffered: bool,
    pub skip_first_line: bool,
    pub parser_debug: bool,
    pub dev_mode: bool,
    pub utf8_mode: Option<bool>,
    pub warn_default_encoding: bool,
    pub warnings: Vec<String>,
    pub no_debug_ranges: bool,
    pub xoptions: Vec<(String, Option<String>)>,
    pub hash_seed: HashSeed,
    /// `-R`, which PYTHONHASHSEED does not change.
    pub random_hashes: bool,
    /// `-X importtime`.
    pub import_time: u8,
    /// `-X cpu_count`.
    pub cpu_count: Option<i32>,
    pub pycache_prefix: Option<OsString>,
    pub check_hash_pycs: String,
    pub int_max_str_digits: Option<i32>,
}

/// `PYTHONHASHSEED` and `-R`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HashSeed {
    /// Another one for every process.
    Random,
    /// This one.
    Fixed(u32),
}

/// Why a command line cannot be used: the text for standard error, and the exit status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageError {
    /// What to say.
    pub message: String,
    /// The status to exit with.
    pub status: i32,
}

fn usage_error(program: &str, text: String) -> UsageError {
    let line = format!(
        "usage: {program} [option] ... [-c cmd | -m mod | file | -] [arg] ...\nTry `python -h' for more information.\n"
    );
    UsageError { message: format!("{text}\n{line}"), status: 2 }
}

impl Config {
    /// Reads the arguments of the process and its environment.
    pub fn from_args(args: Vec<OsString>) -> Result<Config, UsageError> {
        let mut c = Config {
            run: Run::Stdin,
            argv: vec![OsString::new()],
            orig_argv: args.clone(),
            inspect: false,
            interactive: false,
            optimize: 0,
            dont_write_bytecode: false,
            no_user_site: false,
            no_site: false,
            ignore_environment: false,
            isolated: false,
            safe_path: false,
            verbose: 0,
            bytes_warning: 0,
            quiet: false,
            unbuffered: false,
            skip_first_line: false,
            parser_debug: false,
            dev_mode: false,
            utf8_mode: None,
            warn_default_encoding: false,
            warnings: Vec::new(),
            no_debug_ranges: false,
            xoptions: Vec::new(),
            hash_seed: HashSeed::Random,
            random_hashes: false,
            import_time: 0,
            cpu_count: None,
            pycache_prefix: None,
            check_hash_pycs: "default".to_owned(),
            int_max_str_digits: None,
        };
        c.parse(&args)?;
        if !c.ignore_environment {
            c.read_environment()?;
        }
        c.apply_xoptions()?;
        Ok(c)
    }

    fn parse(&mut self, args: &[OsString]) -> Result<(), UsageError> {
        let program = args.first().map_or_else(|| "taipan".to_owned(), |a| a.to_string_lossy().into_owned());
        let mut i = 1;
        while let Some(arg) = args.get(i) {
            let bytes = arg.as_bytes();
            if bytes == b"-" || !bytes.starts_with(b"-") {
                break;
            }
            i += 1;
            if bytes == b"--" {
                break;
            }
            if bytes.starts_with(b"--") {
                self.long_option(&arg.to_string_lossy(), args, &mut i, &program)?;
                if matches!(self.run, Run::Print(_)) {
                    return Ok(());
                }
                continue;
            }
            let mut at = 1;
            while at < bytes.len() {
                let option = bytes[at];
                at += 1;
                // Options with a value take the rest of the word, or the next one.
                if matches!(option, b'c' | b'm' | b'W' | b'X') {
                    let value: OsString = if at < bytes.len() {
                        OsStr::from_bytes(&bytes[at..]).to_owned()
                    } else if let Some(v) = args.get(i) {
                        i += 1;
                        v.clone()
                    } else {
                        return Err(usage_error(
                            &program,
                            format!("Argument expected for the -{} option", option as char),
                        ));
                    };
                    let text = value.to_string_lossy().into_owned();
                    match option {
                        b'c' => {
                            self.run = Run::Command(value);
                            self.argv =
                                std::iter::once(OsString::from("-c")).chain(args[i..].iter().cloned()).collect();
                            return Ok(());
                        }
                        b'm' => {
                            self.run = Run::Module(text);
                            self.argv =
                                std::iter::once(OsString::from("-m")).chain(args[i..].iter().cloned()).collect();
                            return Ok(());
                        }
                        b'W' => self.warnings.push(text),
                        _ => match text.split_once('=') {
                            Some((k, v)) => self.xoptions.push((k.to_owned(), Some(v.to_owned()))),
                            None => self.xoptions.push((text, None)),
                        },
                    }
                    break;
                }
                self.flag(option, bytes.get(at).copied(), &program)?;
                if matches!(self.run, Run::Print(_)) {
                    return Ok(());
                }
            }
        }
        if let Some(file) = args.get(i) {
            self.argv = args[i..].to_vec();
            if file.as_bytes() != b"-" {
                self.run = Run::File(file.clone());
            }
        }
        Ok(())
    }

    fn flag(&mut self, option: u8, next: Option<u8>, program: &str) -> Result<(), UsageError> {
        match option {
            b'b' => self.bytes_warning += 1,
            b'B' => self.dont_write_bytecode = true,
            b'd' => self.parser_debug = true,
            b'E' => self.ignore_environment = true,
            b'h' | b'?' => self.run = Run::Print(help(program)),
            b'i' => {
                self.inspect = true;
                self.interactive = true;
            }
            b'I' => {
                self.isolated = true;
                self.ignore_environment = true;
                self.no_user_site = true;
                self.safe_path = true;
            }
            b'O' => self.optimize += 1,
            b'P' => self.safe_path = true,
            b'q' => self.quiet = true,
            b'R' => self.random_hashes = true,
            b's' => self.no_user_site = true,
            b'S' => self.no_site = true,
            b't' => {}
            b'u' => self.unbuffered = true,
            b'v' => self.verbose += 1,
            b'V' => self.run = Run::Print(version(next == Some(b'V'))),
            b'x' => self.skip_first_line = true,
            other => return Err(usage_error(program, format!("Unknown option: -{}", other as char))),
        }
        Ok(())
    }

    fn long_option(&mut self, option: &str, args: &[OsString], i: &mut usize, program: &str) -> Result<(), UsageError> {
        match option {
            "--help" => self.run = Run::Print(help(program)),
            "--help-env" => self.run = Run::Print(HELP_ENV.to_owned()),
            "--help-xoptions" => self.run = Run::Print(HELP_XOPTIONS.to_owned()),
            "--help-all" => self.run = Run::Print(format!("{}\n{HELP_ENV}\n{HELP_XOPTIONS}", help(program))),
            "--version" => self.run = Run::Print(version(false)),
            "--license" => self.run = Run::Print(license()),
            "--check-hash-based-pycs" => {
                let Some(v) = args.get(*i) else {
                    return Err(usage_error(
                        program,
                        "Argument expected for the --check-hash-based-pycs options".to_owned(),
                    ));
                };
                *i += 1;
                let v = v.to_string_lossy().into_owned();
                if !matches!(v.as_str(), "always" | "never" | "default") {
                    return Err(usage_error(
                        program,
                        "--check-hash-based-pycs must be one of 'default', 'always', or 'never'".to_owned(),
                    ));
                }
                self.check_hash_pycs = v;
            }
            other => return Err(usage_error(program, format!("Unknown option: {other}"))),
        }
        Ok(())
    }

    fn read_environment(&mut self) -> Result<(), UsageError> {
        let var = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty());
        let number = |name: &str| var(name).map(|v| v.to_string_lossy().parse::<i32>().unwrap_or(1).max(1));
        if let Some(n) = number("PYTHONOPTIMIZE") {
            self.optimize = self.optimize.max(n);
        }
        if let Some(n) = number("PYTHONVERBOSE") {
            self.verbose = self.verbose.max(n);
        }
        self.parser_debug |= var("PYTHONDEBUG").is_some();
        self.dont_write_bytecode |= var("PYTHONDONTWRITEBYTECODE").is_some();
        self.inspect |= var("PYTHONINSPECT").is_some();
        self.unbuffered |= var("PYTHONUNBUFFERED").is_some();
        self.no_user_site |= var("PYTHONNOUSERSITE").is_some();
        self.safe_path |= var("PYTHONSAFEPATH").is_some();
        self.dev_mode |= var("PYTHONDEVMODE").is_some();
        self.no_debug_ranges |= var("PYTHONNODEBUGRANGES").is_some();
        self.warn_default_encoding |= var("PYTHONWARNDEFAULTENCODING").is_some();
        self.pycache_prefix = var("PYTHONPYCACHEPREFIX");
        match var("PYTHONUTF8").as_deref().map(OsStrExt::as_bytes) {
            Some(b"1") => self.utf8_mode = Some(true),
            Some(b"0") => self.utf8_mode = Some(false),
            Some(_) => return Err(fatal("invalid PYTHONUTF8 environment variable value")),
            None => {}
        }
        if let Some(w) = var("PYTHONWARNINGS") {
            // Those of the command line come after, and so take precedence.
            let mut w: Vec<String> = w.to_string_lossy().split(',').map(str::to_owned).collect();
            w.append(&mut self.warnings);
            self.warnings = w;
        }
        if var("PYTHONPROFILEIMPORTTIME").is_some() {
            self.import_time = 1;
        }
        if let Some(n) = var("PYTHON_CPU_COUNT") {
            self.cpu_count = cpu_count(&n.to_string_lossy())?;
        }
        match var("PYTHONHASHSEED").filter(|_| !self.random_hashes) {
            Some(s) if s == "random" => {}
            Some(s) => match s.to_string_lossy().parse::<u32>() {
                Ok(n) => self.hash_seed = HashSeed::Fixed(n),
                Err(_) => {
                    return Err(fatal("PYTHONHASHSEED must be \"random\" or an integer in range [0; 4294967295]"));
                }
            },
            None => {}
        }
        if let Some(n) = var("PYTHONINTMAXSTRDIGITS") {
            self.int_max_str_digits = match n.to_string_lossy().parse::<i32>() {
                Ok(n) if n == 0 || n >= 640 => Some(n),
                _ => return Err(fatal("PYTHONINTMAXSTRDIGITS: invalid limit; must be >= 640 or 0 for unlimited.")),
            };
        }
        Ok(())
    }

    fn apply_xoptions(&mut self) -> Result<(), UsageError> {
        for (k, v) in self.xoptions.clone() {
            match (k.as_str(), v.as_deref()) {
                ("dev", _) => self.dev_mode = true,
                ("importtime", None | Some("1" | "true")) => self.import_time = 1,
                ("importtime", Some("2")) => self.import_time = 2,
                ("importtime", _) => {
                    return Err(fatal_in(
                        "config_init_import_time",
                        "-X importtime: values other than 1 and 2 are reserved for future use.",
                    ));
                }
                ("cpu_count", v) => self.cpu_count = cpu_count(v.unwrap_or_default())?,
                ("no_debug_ranges", _) => self.no_debug_ranges = true,
                ("utf8", None | Some("1")) => self.utf8_mode = Some(true),
                ("utf8", Some("0")) => self.utf8_mode = Some(false),
                ("utf8", _) => return Err(fatal("invalid -X utf8 option value")),
                ("warn_default_encoding", _) => self.warn_default_encoding = true,
                ("pycache_prefix", v) => self.pycache_prefix = v.filter(|v| !v.is_empty()).map(OsString::from),
                ("int_max_str_digits", v) => {
                    self.int_max_str_digits = match v.and_then(|v| v.parse::<i32>().ok()) {
                        Some(n) if n == 0 || n >= 640 => Some(n),
                        _ => {
                            return Err(fatal(
                                "-X int_max_str_digits: invalid limit; must be >= 640 or 0 for unlimited.",
                            ));
                        }
                    }
                }
                _ => {}
            }
        }
        if self.dev_mode {
            self.warnings.insert(0, "default".to_owned());
        }
        match self.bytes_warning {
            0 => {}
            1 => self.warnings.push("default::BytesWarning".to_owned()),
            _ => self.warnings.push("error::BytesWarning".to_owned()),
        }
        Ok(())
    }
}

/// A number of processors; `default` asks the system.
fn cpu_count(text: &str) -> Result<Option<i32>, UsageError> {
    match text.parse::<i32>() {
        _ if text == "default" => Ok(None),
        Ok(n) if n > 0 => Ok(Some(n)),
        _ => Err(fatal_in(
            "config_init_cpu_count",
            "-X cpu_count=n option: n is missing or an invalid number, n must be greater than 0",
        )),
    }
}

fn fatal(text: &str) -> UsageError {
    fatal_in("config_init", text)
}

fn fatal_in(place: &str, text: &str) -> UsageError {
    UsageError {
        message: format!("Fatal Python error: {place}: {text}\nPython runtime state: preinitialized\n"),
        status: 1,
    }
}

/// `--version`.
pub fn version(long: bool) -> String {
    let t = taipan_vm::sys::info::TAIPAN_VERSION;
    if long { format!("Python 3.14.8 (Taipan {t}) [Rust]\n") } else { format!("Python 3.14.8 (Taipan {t})\n") }
}

/// `--license`: our own licence, and the library's.
pub fn license() -> String {
    format!(
        "Taipan is licensed under the MIT licence or the Apache licence 2.0, at your option.\n\nThe Python standard library inside it carries the licence of the Python Software Foundation:\n\n{}",
        include_str!("../../../LICENSE-PSF")
    )
}

fn help(program: &str) -> String {
    format!("usage: {program} [option] ... [-c cmd | -m mod | file | -] [arg] ...\n{HELP}")
}

const HELP: &str = "\
-b     : warn when bytes are turned into str or compared with it; twice: an error
-B     : don't write .pyc files; also PYTHONDONTWRITEBYTECODE=x
-c cmd : run a program given as text; what follows are its arguments
-d     : parser debugging; also PYTHONDEBUG=x
-E     : ignore the PYTHON* environment variables
-h     : this help; also -? or --help
-i     : go on interactively after the program; also PYTHONINSPECT=x
-I     : isolate from the user's environment (implies -E -P -s)
-m mod : run a library module as a program; what follows are its arguments
-O     : leave out assert statements; also PYTHONOPTIMIZE=x
-OO    : leave out docstrings too
-P     : don't put a possibly unsafe folder first in sys.path; also PYTHONSAFEPATH
-q     : no version and copyright at the interactive start
-s     : don't add the user's site folder to sys.path; also PYTHONNOUSERSITE=x
-S     : don't import site
-u     : unbuffered stdout and stderr; also PYTHONUNBUFFERED=x
-v     : trace imports; also PYTHONVERBOSE=x
-V     : print the version; also --version; twice: more of it
-W arg : control warnings: action:message:category:module:lineno; also PYTHONWARNINGS=arg
-x     : skip the first line of the source
-X opt : set an implementation-specific option
--check-hash-based-pycs always|default|never : how hash-based .pyc files are checked
--help-env      : the environment variables
--help-xoptions : the -X options
--help-all      : all help
--license       : the licences of the program and of the library in it

file   : run a file, a folder or a zip file
-      : run a program from standard input (default; interactive on a terminal)
arg ...: arguments of the program, in sys.argv[1:]
";

const HELP_ENV: &str = "\
Environment variables:
PYTHONBREAKPOINT : what breakpoint() calls; 0 for nothing
PYTHON_CPU_COUNT : what os.cpu_count() answers
PYTHONDEVMODE    : development mode
PYTHONHASHSEED   : seed of string hashes, or 'random'
PYTHONHOME       : where the library is looked for
PYTHONINTMAXSTRDIGITS : limit on digits of integers in text
PYTHONIOENCODING : encoding[:errors] of stdin, stdout and stderr
PYTHONNODEBUGRANGES : no columns in code objects
PYTHONPATH       : folders put before the default sys.path, separated by ':'
PYTHONPROFILEIMPORTTIME : show how long each import takes
PYTHONPYCACHEPREFIX : folder for .pyc files
PYTHONSTARTUP    : file run at the interactive start
PYTHONUTF8       : 1 turns UTF-8 mode on
TAIPAN_LLTRACE   : 1 prints every instruction with the stack before it, as __lltrace__ in a module's globals does for that module
These variables have equivalent options: PYTHONDEBUG, PYTHONDONTWRITEBYTECODE, PYTHONINSPECT, PYTHONNOUSERSITE, PYTHONOPTIMIZE,
PYTHONSAFEPATH, PYTHONUNBUFFERED, PYTHONVERBOSE, PYTHONWARNINGS
";

const HELP_XOPTIONS: &str = "\
Options of the implementation:
-X cpu_count=N          : what os.cpu_count() answers; also PYTHON_CPU_COUNT
-X dev                  : development mode
-X importtime[=2]       : show how long each import takes, with 2 those found in sys.modules too
-X int_max_str_digits=N : limit on digits of integers in text; 0 is none
-X no_debug_ranges      : leave columns and ends of lines out of code objects
-X opcode_stats         : count instructions and pairs of them; the report comes on stderr at the end
-X pycache_prefix=PATH  : folder for .pyc files
-X utf8[=0|1]           : UTF-8 mode
-X warn_default_encoding: warn where the locale decides an encoding
";
