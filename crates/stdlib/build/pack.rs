//! Compresses code and files into two blobs, and writes the index that finds them.

use crate::collect::Files;
use crate::compile;
use std::fmt::Write;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Modules that every start-up imports: their code lies together.
const AT_START: &[&str] = &[
    "_collections_abc",
    "_sitebuiltins",
    "_taipan_library",
    "abc",
    "codecs",
    "encodings",
    "encodings.aliases",
    "encodings.utf_8",
    "genericpath",
    "importlib._bootstrap",
    "importlib._bootstrap_external",
    "io",
    "linecache",
    "os",
    "posixpath",
    "site",
    "stat",
    "zipimport",
];

/// Large modules that few programs import: their code is compressed.
const RARE: &[&str] = &["encodings", "idlelib", "lib2to3", "pydoc_data", "tkinter", "turtle", "turtledemo", "xml"];

/// Recursive descent through the library's deepest expressions fits easily; the default of a thread may not.
const STACK: usize = 256 << 20;

struct Module {
    name: String,
    package: bool,
    /// Index of its source among the files.
    file: usize,
    code: Packed,
}

struct Packed {
    bytes: Vec<u8>,
    size: usize,
}

/// The library, compiled and compressed.
pub struct Library {
    files: Vec<(String, Packed)>,
    modules: Vec<Module>,
}

/// Compiles and compresses everything, on all cores.
pub fn pack(files: &Files) -> Result<Library, String> {
    let list: Vec<(&String, &Vec<u8>)> = files.iter().collect();
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(list.len()));
    let threads = std::thread::available_parallelism().map_or(2, |n| n.get());
    std::thread::scope(|scope| {
        let mut running = Vec::new();
        for _ in 0..threads {
            let work = || {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some((path, bytes)) = list.get(at).copied() else {
                        break;
                    };
                    let one = one_file(at, path, bytes);
                    done.lock().unwrap_or_else(|e| e.into_inner()).push((at, path.clone(), one));
                }
            };
            let started = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work);
            running.push(started.map_err(|e| format!("a thread: {e}"))?);
        }
        for thread in running {
            thread.join().map_err(|_| "the compiler panicked".to_owned())?;
        }
        Ok::<(), String>(())
    })?;
    let mut done = done.into_inner().unwrap_or_else(|e| e.into_inner());
    done.sort_by_key(|(at, _, _)| *at);
    let mut library = Library { files: Vec::new(), modules: Vec::new() };
    let mut wrong = Vec::new();
    for (_, path, one) in done {
        match one {
            Ok((packed, module)) => {
                library.files.push((path, packed));
                library.modules.extend(module);
            }
            Err(text) => wrong.push(format!("{path}: {text}")),
        }
    }
    library.modules.sort_by(|a, b| a.name.cmp(&b.name));
    if wrong.is_empty() { Ok(library) } else { Err(wrong.join("\n")) }
}

fn one_file(at: usize, path: &str, bytes: &[u8]) -> Result<(Packed, Option<Module>), String> {
    let packed = compress(bytes);
    let Some((name, package)) = module_name(path) else {
        return Ok((packed, None));
    };
    let code = compile::compile(&name, bytes)?;
    let rare = RARE.contains(&name.split('.').next().unwrap_or_default()) && !AT_START.contains(&name.as_str());
    let code = if rare { compress(&code) } else { Packed { size: code.len(), bytes: code } };
    Ok((packed, Some(Module { name, package, file: at, code })))
}

/// `json/__init__.py` is the package `json`. A path with parts that are no identifiers is not importable.
fn module_name(path: &str) -> Option<(String, bool)> {
    let stem = path.strip_suffix(".py")?;
    let (stem, package) = match stem.strip_suffix("/__init__") {
        Some(folder) => (folder, true),
        None => (stem, false),
    };
    if stem.split('/').any(|part| part.is_empty() || part.contains('.')) {
        return None;
    }
    Some((stem.replace('/', "."), package))
}

/// Compressed, or as it is where that is not worth the unpacking.
fn compress(bytes: &[u8]) -> Packed {
    let packed = lz4_flex::block::compress(bytes);
    let kept = if packed.len() < bytes.len() * 9 / 10 { packed } else { bytes.to_vec() };
    Packed { bytes: kept, size: bytes.len() }
}

/// Bytes put one after the other.
#[derive(Default)]
struct Blob(Vec<u8>);

impl Blob {
    /// Appends; gives the expression that describes the place.
    fn add(&mut self, packed: &Packed) -> String {
        let start = self.0.len();
        self.0.extend_from_slice(&packed.bytes);
        format!("Piece {{ start: {start}, packed: {}, size: {} }}", packed.bytes.len(), packed.size)
    }
}

impl Library {
    /// Writes `code.bin`, `files.bin` and `index.rs`.
    pub fn write(&self, out: &Path) -> Result<(), String> {
        let (mut code, mut data) = (Blob::default(), Blob::default());
        let mut names = String::new();
        let mut index = String::new();
        let mut name = |text: &str| {
            let start = names.len();
            names.push_str(text);
            format!("Name {{ start: {start}, len: {} }}", text.len())
        };
        let _ = writeln!(index, "static FILES: [File; {}] = [", self.files.len());
        for (path, packed) in &self.files {
            let _ = writeln!(index, "File {{ path: {}, data: {} }},", name(path), data.add(packed));
        }
        let _ = writeln!(index, "];\nstatic MODULES: [Entry; {}] = [", self.modules.len());
        // What start-up reads lies together.
        let at_start = |m: &&Module| AT_START.contains(&m.name.as_str());
        let mut places = vec![String::new(); self.modules.len()];
        for early in [true, false] {
            for (module, place) in self.modules.iter().zip(&mut places).filter(|(m, _)| at_start(m) == early) {
                *place = code.add(&module.code);
            }
        }
        for (module, place) in self.modules.iter().zip(&places) {
            let _ = writeln!(
                index,
                "Entry {{ name: {}, file: {}, package: {}, code: {place} }},",
                name(&module.name),
                module.file,
                module.package,
            );
        }
        let _ = writeln!(index, "];");
        let write = |name: &str, bytes: &[u8]| {
            let path = out.join(name);
            std::fs::write(&path, bytes).map_err(|e| format!("{}: {e}", path.display()))
        };
        if code.0.len().max(data.0.len()) > u32::MAX as usize {
            return Err("the library is too large for 32-bit offsets".to_owned());
        }
        write("code.bin", &code.0)?;
        write("files.bin", &data.0)?;
        write("names.txt", names.as_bytes())?;
        write("index.rs", index.as_bytes())
    }
}
