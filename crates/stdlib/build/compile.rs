//! Source of a module to its marshalled code.

use taipan_bytecode::marshal;
use taipan_compiler::Options;
use taipan_syntax::{Arena, ParseOptions};

/// Compiles one module. The code object's file is named as CPython names those of the modules that it carries inside.
pub fn compile(module: &str, source: &[u8]) -> Result<Vec<u8>, String> {
    // No module of the library is in another encoding: whatever a coding line says, its text is ASCII or UTF-8.
    let text = std::str::from_utf8(source).map_err(|e| e.to_string())?;
    let arena = Arena::new();
    // What the library's authors were warned of is no business of its users.
    let tree =
        taipan_syntax::parse(&arena, text, &ParseOptions::default(), &mut Vec::new()).map_err(|e| format!("{e:?}"))?;
    let options = Options::new(format!("<frozen {module}>"));
    let code = taipan_compiler::compile(&tree, &options, &mut |_, _| Ok(())).map_err(|e| e.to_string())?;
    match marshal::dump_code(&code) {
        bytes if bytes.is_empty() => Err("it is nested too deep to be marshalled".to_owned()),
        bytes => Ok(bytes),
    }
}
