//! The module `_suggestions`: names near a misspelt one, for `traceback`.

use taipan_object::types::list::List;
use taipan_object::types::module::{Module, ModuleDef};
use taipan_object::types::str::Str;
use taipan_object::{Object, PyResult, bail, function, methods};

/// The module's description.
pub static MODULE: ModuleDef =
    ModuleDef { name: "_suggestions", doc: "", methods: methods![generate_suggestions], exec };

fn exec(_: &Module) -> PyResult<()> {
    Ok(())
}

/// Return the candidate closest to item, or None if none is close.
#[function(signature = "(candidates, item, /)", name = "_generate_suggestions")]
fn generate_suggestions(candidates: &Object, item: &Str) -> PyResult<Option<String>> {
    let Some(list) = candidates.downcast_exact::<List>() else { bail!(TypeError, "candidates must be a list") };
    let mut names = Vec::with_capacity(list.len());
    for c in list.snapshot() {
        let Some(s) = c.downcast::<Str>() else { bail!(TypeError, "all elements in 'candidates' must be strings") };
        names.push(s.to_utf8_lossy().into_owned());
    }
    Ok(taipan_vm::suggestions::closest(&names, &item.to_utf8_lossy()).map(str::to_owned))
}
