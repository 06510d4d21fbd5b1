//! The pure-Python standard library, inside the executable.
//!
//! The build script takes CPython's library, compiles each module and packs code and sources apart from each other. Each
//! piece is compressed for itself, so that a program unpacks only what it imports; sources are touched only when someone
//! asks (tracebacks, `inspect`, `importlib.resources`). Nothing here is initialised at start-up: the index is constant data.

use std::borrow::Cow;

/// The licence of the Python library.
pub static LICENSE: &str = include_str!("../../../LICENSE-PSF");

static NAMES: &str = include_str!(concat!(env!("OUT_DIR"), "/names.txt"));
static CODE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/code.bin"));
static DATA: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/files.bin"));

include!(concat!(env!("OUT_DIR"), "/index.rs"));

// The tables hold offsets and no references, so that they need no relocation when the executable is loaded.

struct Name {
    start: u32,
    len: u32,
}

impl Name {
    fn text(&self) -> &'static str {
        let start = self.start as usize;
        NAMES.get(start..start + self.len as usize).unwrap_or_default()
    }
}

struct Piece {
    start: u32,
    packed: u32,
    size: u32,
}

impl Piece {
    fn unpack(&self, blob: &'static [u8]) -> Option<Cow<'static, [u8]>> {
        let start = self.start as usize;
        let bytes = blob.get(start..start + self.packed as usize)?;
        if self.packed == self.size {
            return Some(Cow::Borrowed(bytes));
        }
        lz4_flex::block::decompress(bytes, self.size as usize).ok().map(Cow::Owned)
    }
}

struct File {
    path: Name,
    data: Piece,
}

struct Entry {
    name: Name,
    /// Index of the source in `FILES`.
    file: u32,
    package: bool,
    code: Piece,
}

/// The code of a module.
pub struct Frozen {
    /// A marshalled code object.
    pub code: Cow<'static, [u8]>,
    /// Whether the module is a package.
    pub is_package: bool,
}

/// What the index says of a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Module {
    /// Its full dotted name.
    pub name: &'static str,
    /// The path of its source in the library, with `/`.
    pub path: &'static str,
    /// Whether it is a package.
    pub is_package: bool,
}

fn entry(name: &str) -> Option<&'static Entry> {
    let at = MODULES.binary_search_by(|e| e.name.text().cmp(name)).ok()?;
    MODULES.get(at)
}

fn file(path: &str) -> Option<&'static File> {
    let at = FILES.binary_search_by(|f| f.path.text().cmp(path)).ok()?;
    FILES.get(at)
}

impl Entry {
    fn describe(&'static self) -> Module {
        let path = FILES.get(self.file as usize).map_or("", |f| f.path.text());
        Module { name: self.name.text(), path, is_package: self.package }
    }
}

/// The code of the module with that dotted name.
pub fn find(name: &str) -> Option<Frozen> {
    let entry = entry(name)?;
    let code = entry.code.unpack(CODE)?;
    Some(Frozen { code, is_package: entry.package })
}

/// What the index says of the module with that dotted name, without unpacking anything.
pub fn module(name: &str) -> Option<Module> {
    entry(name).map(Entry::describe)
}

/// The source of the module with that dotted name.
pub fn source(name: &str) -> Option<Cow<'static, [u8]>> {
    FILES.get(entry(name)?.file as usize)?.data.unpack(DATA)
}

/// The contents of a file of the library, source or data, by its path in it (`pydoc_data/_pydoc.css`).
pub fn data(path: &str) -> Option<Cow<'static, [u8]>> {
    file(path)?.data.unpack(DATA)
}

/// All modules, sorted by name.
pub fn modules() -> impl Iterator<Item = Module> {
    MODULES.iter().map(Entry::describe)
}

/// The paths of all files of the library, sorted, with their sizes.
pub fn files() -> impl Iterator<Item = (&'static str, usize)> {
    FILES.iter().map(|f| (f.path.text(), f.data.size as usize))
}

#[cfg(test)]
mod tests {
    use super::*;
    use taipan_bytecode::marshal;

    #[test]
    fn the_index_is_sorted_and_whole() {
        let names: Vec<&str> = modules().map(|m| m.name).collect();
        assert!(names.is_sorted() && names.len() > 500, "{} modules", names.len());
        let paths: Vec<&str> = files().map(|(path, _)| path).collect();
        assert!(paths.is_sorted() && paths.len() > names.len());
        for m in modules() {
            assert_eq!(module(m.name), Some(m));
            assert_eq!(m.is_package, m.path.ends_with("/__init__.py"), "{}", m.name);
        }
        assert!(module("json.nothing").is_none());
    }

    #[test]
    fn every_file_unpacks_to_its_size() {
        for (path, size) in files() {
            assert_eq!(data(path).map(|d| d.len()), Some(size), "{path}");
        }
    }

    #[test]
    fn code_of_every_module() {
        for m in modules() {
            let frozen = find(m.name).expect("every module has code");
            assert_eq!(frozen.is_package, m.is_package);
            let Ok(code) = marshal::load_code(&frozen.code) else { panic!("{}: no code", m.name) };
            assert_eq!(code.filename.as_str(), Some(format!("<frozen {}>", m.name).as_str()));
        }
        assert!(find("nothing").is_none());
    }

    #[test]
    fn what_start_up_imports_is_not_compressed() {
        for name in ["importlib._bootstrap", "os", "site", "encodings.utf_8"] {
            assert!(matches!(find(name), Some(Frozen { code: Cow::Borrowed(_), .. })), "{name}");
        }
    }

    #[test]
    fn sources_by_name_and_path() {
        let source = source("json").expect("json is in the library");
        assert_eq!(Some(&source), data("json/__init__.py").as_ref());
        assert!(String::from_utf8_lossy(&source).contains("def dumps("));
        assert!(data("pydoc_data/_pydoc.css").is_some());
    }

    #[test]
    fn no_edit_of_another_implementation_is_left() {
        for (path, _) in files().filter(|(path, _)| path.ends_with(".py")) {
            let source = data(path).unwrap_or_default();
            assert!(!String::from_utf8_lossy(&source).to_lowercase().contains("rustpython"), "{path}");
        }
    }

    #[test]
    fn modules_that_the_source_lacks_are_provided() {
        for name in ["cProfile", "curses", "curses.ascii", "_sysconfigdata__linux_x86_64-linux-gnu"] {
            assert!(module(name).is_some(), "{name}");
        }
    }
}
