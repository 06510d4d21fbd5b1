//! `from __future__ import`: which features a module asks for.

use taipan_bytecode::code::flags;
use taipan_bytecode::location_table::Location;
use taipan_syntax::ast::{ConstantValue, ExprKind, Mod, StmtKind};

use crate::error::{CompileError, Result};
use crate::location;

/// The features of a module.
#[derive(Clone, Copy, Debug)]
pub struct Future {
    /// Bits of `co_flags`, and the bits of `compile()` that act alike.
    pub features: u32,
    /// Where the last future statement stands.
    pub location: Location,
}

/// Reads the future statements at the start of a module.
pub fn future(module: &Mod<'_>) -> Result<Future> {
    let mut found = Future { features: 0, location: Location::NONE };
    let body = match module {
        Mod::Module(m) => m.body,
        Mod::Interactive(m) => m.body,
        _ => return Ok(found),
    };
    for (i, stmt) in body.iter().enumerate() {
        match stmt.kind {
            // A docstring may come first.
            StmtKind::Expr(e) if i == 0 && is_string(&e.value.kind) => {}
            StmtKind::ImportFrom(import) if import.level.unwrap_or(0) == 0 && import.module == Some("__future__") => {
                let at = location(stmt.range);
                for alias in import.names {
                    found.features |= match alias.name {
                        "nested_scopes" | "generators" | "division" | "absolute_import" | "with_statement"
                        | "print_function" | "unicode_literals" | "generator_stop" => 0,
                        "barry_as_FLUFL" => flags::FUTURE_BARRY_AS_BDFL,
                        "annotations" => flags::FUTURE_ANNOTATIONS,
                        "braces" => return Err(CompileError::syntax(location(alias.range), "not a chance")),
                        other => {
                            let message = format!("future feature {other:.100} is not defined");
                            return Err(CompileError::syntax(location(alias.range), message));
                        }
                    };
                }
                found.location = at;
            }
            _ => break,
        }
    }
    Ok(found)
}

fn is_string(kind: &ExprKind<'_>) -> bool {
    matches!(kind, ExprKind::Constant(c) if matches!(c.value, ConstantValue::Str(_)))
}
