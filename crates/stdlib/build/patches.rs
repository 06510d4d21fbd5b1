//! Replaces lines of library files by what `patches/` says; `patches/README.md` describes the form.

use crate::collect::Files;
use std::path::{Path, PathBuf};

/// Applies every patch of the folder; one that does not fit is an error.
pub fn apply(files: &mut Files, folder: &Path) -> Result<(), String> {
    let mut open = vec![folder.to_path_buf()];
    while let Some(dir) = open.pop() {
        let fail = |e: std::io::Error| format!("{}: {e}", dir.display());
        for entry in std::fs::read_dir(&dir).map_err(fail)? {
            let path = entry.map_err(fail)?.path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|e| e == "patch") {
                one(files, folder, path)?;
            }
        }
    }
    Ok(())
}

fn one(files: &mut Files, folder: &Path, path: PathBuf) -> Result<(), String> {
    let here = |text: String| format!("{}: {text}", path.display());
    let relative = path.strip_prefix(folder).map_err(|e| here(e.to_string()))?.with_extension("");
    let target = relative.to_string_lossy().into_owned();
    let source = files.get_mut(&target).ok_or_else(|| here("the library has no such file".to_owned()))?;
    let mut text = String::from_utf8(std::mem::take(source)).map_err(|e| here(e.to_string()))?;
    let patch = std::fs::read_to_string(&path).map_err(|e| here(e.to_string()))?;
    for block in patch.split("@@\n").skip(1) {
        let (mut old, mut new) = (String::new(), String::new());
        for line in block.lines() {
            let (mark, rest) = line.split_at_checked(1).ok_or_else(|| here("a line without a mark".to_owned()))?;
            let to = |side: &mut String| {
                side.push_str(rest);
                side.push('\n');
            };
            match mark {
                "-" => to(&mut old),
                "+" => to(&mut new),
                " " => {
                    to(&mut old);
                    to(&mut new);
                }
                _ => return Err(here(format!("odd line {line:?}"))),
            }
        }
        // Whole lines only: the text before must end one.
        let fits: Vec<usize> = text
            .match_indices(old.as_str())
            .map(|(at, _)| at)
            .filter(|at| *at == 0 || text.as_bytes().get(at - 1) == Some(&b'\n'))
            .collect();
        let [at] = fits[..] else {
            return Err(here(format!("a block occurs {} times in {target}, not once:\n{block}", fits.len())));
        };
        text.replace_range(at..at + old.len(), &new);
    }
    *source = text.into_bytes();
    Ok(())
}
