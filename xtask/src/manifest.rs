//! Reads what `tidy` needs from `Cargo.toml` files: the package name and the names of its dependencies.

use crate::{Outcome, workspace};
use std::path::{Path, PathBuf};

/// One package of the workspace.
pub struct Package {
    pub name: String,
    /// The folder of its manifest.
    pub dir: PathBuf,
    /// Dependencies of the library or executable and of the build script.
    pub dependencies: Vec<String>,
    /// Dependencies of its tests and examples.
    pub dev_dependencies: Vec<String>,
    /// Whether it takes the workspace's lints.
    pub shares_lints: bool,
}

/// All packages of the workspace: every manifest below `crates/`, and xtask.
pub fn packages() -> Outcome<Vec<Package>> {
    let root = workspace::root();
    let is_manifest = |p: &Path| p.file_name().is_some_and(|n| n == "Cargo.toml");
    let mut manifests = workspace::walk(&root.join("crates"), &["target", "src"], &is_manifest)?;
    manifests.push(root.join("xtask/Cargo.toml"));
    manifests.iter().map(|path| read(path)).collect()
}

fn read(path: &Path) -> Outcome<Package> {
    let text = workspace::read(path)?;
    let mut package = Package {
        name: String::new(),
        dir: path.parent().unwrap_or(Path::new(".")).to_path_buf(),
        dependencies: Vec::new(),
        dev_dependencies: Vec::new(),
        shares_lints: false,
    };
    for (section, key, value) in entries(&text) {
        match section_kind(&section) {
            Section::Dependencies(None) => package.dependencies.push(real_name(&key, &value)),
            Section::Dependencies(Some(name)) => package.dependencies.push(name),
            Section::Dev(None) => package.dev_dependencies.push(real_name(&key, &value)),
            Section::Dev(Some(name)) => package.dev_dependencies.push(name),
            Section::Other if section == "package" && key == "name" => package.name = unquote(&value),
            Section::Other if section == "lints" && key == "workspace" => package.shares_lints = value == "true",
            Section::Other => {}
        }
    }
    for list in [&mut package.dependencies, &mut package.dev_dependencies] {
        list.sort();
        list.dedup();
    }
    if package.name.is_empty() {
        return Err(format!("{}: no package name", path.display()));
    }
    Ok(package)
}

enum Section {
    /// Holds the name when the section describes one dependency.
    Dependencies(Option<String>),
    Dev(Option<String>),
    Other,
}

fn section_kind(section: &str) -> Section {
    // `target.'cfg(..)'.dependencies` counts like the plain section.
    for kind in ["dev-dependencies", "build-dependencies", "dependencies"] {
        let (Some(name), true) = (after_kind(section, kind), !section.starts_with("workspace")) else {
            continue;
        };
        return if kind == "dev-dependencies" { Section::Dev(name) } else { Section::Dependencies(name) };
    }
    Section::Other
}

/// `Some(None)` for the section itself, `Some(Some(name))` for the section of one dependency.
fn after_kind(section: &str, kind: &str) -> Option<Option<String>> {
    if section == kind || section.ends_with(&format!(".{kind}")) {
        return Some(None);
    }
    let (head, name) = section.rsplit_once('.')?;
    if head == kind || head.ends_with(&format!(".{kind}")) { Some(Some(unquote(name))) } else { None }
}

/// The package that a dependency line stands for: its `package = ".."` where it is renamed.
fn real_name(key: &str, value: &str) -> String {
    let named = value.split_once("package").and_then(|(_, rest)| rest.split('"').nth(1));
    named.unwrap_or(key.split('.').next().unwrap_or(key)).to_owned()
}

fn unquote(text: &str) -> String {
    text.trim().trim_matches(['"', '\'']).to_owned()
}

/// `(section, key, value)` of every `key = value` line.
fn entries(text: &str) -> Vec<(String, String, String)> {
    let mut section = String::new();
    let mut found = Vec::new();
    for line in text.lines() {
        let line = line.trim();
        if let Some(name) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            section = name.trim_matches(['[', ']']).to_owned();
        } else if let Some((key, value)) = line.split_once('=')
            && !line.starts_with('#')
        {
            found.push((section.clone(), unquote(key), value.trim().to_owned()));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_sections() {
        assert!(matches!(section_kind("dependencies"), Section::Dependencies(None)));
        assert!(matches!(section_kind("target.'cfg(unix)'.dependencies"), Section::Dependencies(None)));
        assert!(matches!(section_kind("dependencies.libc"), Section::Dependencies(Some(n)) if n == "libc"));
        assert!(matches!(section_kind("dev-dependencies"), Section::Dev(None)));
        assert!(matches!(section_kind("workspace.dependencies"), Section::Other));
        assert!(matches!(section_kind("package"), Section::Other));
    }

    #[test]
    fn names_of_dependencies() {
        assert_eq!(real_name("taipan-syntax.workspace", "true"), "taipan-syntax");
        assert_eq!(real_name("lz4", "{ package = \"lz4_flex\", version = \"0.11\" }"), "lz4_flex");
        assert_eq!(real_name("libc", "\"0.2\""), "libc");
    }
}
