//! Code objects and symbol tables as text, in the form in which `reference.py` writes those of the reference.
#![allow(dead_code)]

use std::io::Write as _;

use taipan_bytecode::location_table::positions;
use taipan_bytecode::{Code, Const, Str, exception_table, instruction};
use taipan_compiler::symtable::{EntryId, SymbolTable};
use taipan_compiler::{Name, Names, repr};

/// The text of a constant, code objects left out.
pub fn const_text(value: &Const, out: &mut Vec<u8>) {
    match value {
        Const::Code(_) => out.extend_from_slice(b"<code>"),
        Const::Tuple(items) => {
            out.push(b'(');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                const_text(item, out);
            }
            out.push(b')');
        }
        Const::FrozenSet(items) => {
            let mut texts: Vec<Vec<u8>> = items
                .iter()
                .map(|item| {
                    let mut text = Vec::new();
                    const_text(item, &mut text);
                    text
                })
                .collect();
            texts.sort();
            out.extend_from_slice(b"fs{");
            out.extend_from_slice(&texts.join(&b','));
            out.push(b'}');
        }
        Const::Slice(parts) => {
            out.extend_from_slice(b"slice(");
            for (i, part) in parts.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                const_text(part, out);
            }
            out.push(b')');
        }
        other => {
            out.extend_from_slice(other.type_name().as_bytes());
            out.push(b':');
            out.extend_from_slice(&repr::constant(other));
        }
    }
}

fn str_repr(s: &Str) -> Vec<u8> {
    repr::constant(&Const::Str(s.clone()))
}

fn names_repr<'s>(names: impl Iterator<Item = &'s Str>) -> Vec<u8> {
    repr::constant(&Const::Tuple(names.map(|n| Const::Str(n.clone())).collect()))
}

/// The plain fields of a code object.
pub fn fields(code: &Code) -> Vec<(&'static str, Vec<u8>)> {
    let number = |n: i64| n.to_string().into_bytes();
    vec![
        ("name", str_repr(&code.name)),
        ("qualname", str_repr(&code.qualname)),
        ("names", names_repr(code.names.iter())),
        ("varnames", names_repr(code.varnames())),
        ("freevars", names_repr(code.freevars())),
        ("cellvars", names_repr(code.cellvars())),
        ("flags", number(code.flags.into())),
        ("argcount", number(code.argcount.into())),
        ("posonlyargcount", number(code.posonlyargcount.into())),
        ("kwonlyargcount", number(code.kwonlyargcount.into())),
        ("nlocals", number(code.nlocals() as i64)),
        ("stacksize", number(code.stacksize.into())),
        ("firstlineno", number(code.firstlineno.into())),
    ]
}

/// Writes all there is to see of a code object and those in it.
pub fn dump(code: &Code, out: &mut Vec<u8>) {
    let _ = writeln!(out, "==== {} line {}", code.qualname, code.firstlineno);
    for (name, value) in fields(code) {
        out.extend_from_slice(format!("  {name} ").as_bytes());
        out.extend_from_slice(&value);
        out.push(b'\n');
    }
    for (i, value) in code.consts.iter().enumerate() {
        out.extend_from_slice(format!("  const {i} ").as_bytes());
        const_text(value, out);
        out.push(b'\n');
    }
    let places: Vec<_> = positions(&code.linetable, code.firstlineno).collect();
    for i in instruction::decode(&code.code) {
        let place = places.get(i.offset).map_or(String::new(), |p| {
            let part = |n: i32| if n == -1 { "None".into() } else { n.to_string() };
            format!("{}-{}:{}-{}", part(p.line), part(p.end_line), part(p.column), part(p.end_column))
        });
        let _ = writeln!(out, "  {:5} {} {} {}", i.offset * 2, i.op.name(), i.oparg, place);
    }
    for e in exception_table::read(&code.exceptiontable) {
        let _ = writeln!(out, "  except {}-{} {} {} {}", e.start * 2, e.end * 2, e.target * 2, e.depth, e.lasti);
    }
    let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
    let _ = writeln!(out, "  linetable {}", hex(&code.linetable));
    for value in &code.consts {
        if let Const::Code(inner) = value {
            dump(inner, out);
        }
    }
}

/// Writes a block of a symbol table and those in it.
pub fn block(table: &SymbolTable, names: &Names<'_>, id: EntryId, depth: usize, out: &mut Vec<u8>) {
    let entry = table.entry(id);
    let _ = write!(out, "{:depth$}", "");
    let name = names.text(entry.name);
    let _ = write!(out, "{name} {} {} {}", entry.kind as u8, entry.location.line, u8::from(entry.nested));
    let mut symbols: Vec<_> =
        entry.symbols.iter().map(|(name, bits)| format!(" {}={bits}", names.text(Name(name)))).collect();
    symbols.sort();
    out.extend_from_slice(symbols.concat().as_bytes());
    let _ = write!(out, " |");
    for &name in &entry.varnames {
        let _ = write!(out, " {}", names.text(name));
    }
    out.push(b'\n');
    for &child in &entry.children {
        block(table, names, child, depth + 1, out);
    }
}
