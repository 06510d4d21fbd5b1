//! Reading and writing members: attributes that are plain fields of an object's memory (`PyMember_GetOne`, `PyMember_SetOne`).

use crate::bail;
use crate::error::PyResult;
use crate::header::{ObjCell, Object};
use crate::method::{MemberDef, member};
use crate::types::float::Float;
use crate::types::int::Int;
use crate::types::str::Str;
use crate::types::{bool_, none};
use std::ffi::{CStr, c_char};

/// The value of a member.
pub fn get(o: &Object, m: &MemberDef, name: &Object) -> PyResult {
    if m.flags & member::AUDIT_READ != 0 && (crate::hooks::get().auditing)() {
        let args = crate::types::tuple::Tuple::new(&[o, name]);
        (crate::hooks::get().audit)("object.__getattr__", &args)?;
    }
    // SAFETY: a member describes a field of this kind at this offset of every instance.
    unsafe {
        let p = o.as_ptr().cast::<u8>().offset(m.offset);
        let int = |n: i64| Ok(Int::from_i64(n).into_obj());
        match m.kind {
            member::SHORT => int(p.cast::<i16>().read_unaligned() as i64),
            member::INT => int(p.cast::<i32>().read_unaligned() as i64),
            member::LONG | member::LONGLONG | member::PYSSIZET => int(p.cast::<i64>().read_unaligned()),
            member::BYTE => int(p.cast::<i8>().read() as i64),
            member::UBYTE => int(p.read() as i64),
            member::USHORT => int(p.cast::<u16>().read_unaligned() as i64),
            member::UINT => int(p.cast::<u32>().read_unaligned() as i64),
            member::ULONG | member::ULONGLONG => Ok(Int::from_u64(p.cast::<u64>().read_unaligned()).into_obj()),
            member::FLOAT => Ok(Float::new(p.cast::<f32>().read_unaligned() as f64).into_obj()),
            member::DOUBLE => Ok(Float::new(p.cast::<f64>().read_unaligned()).into_obj()),
            member::BOOL => Ok(bool_::from_bool(p.read() != 0)),
            member::CHAR => Ok(Str::from_latin1(&[p.read()]).into_obj()),
            member::STRING => {
                let s = p.cast::<*const c_char>().read();
                if s.is_null() {
                    Ok(none::none_obj())
                } else {
                    Ok(Str::from_utf8(&CStr::from_ptr(s).to_string_lossy()).into_obj())
                }
            }
            member::STRING_INPLACE => Ok(Str::from_utf8(&CStr::from_ptr(p.cast()).to_string_lossy()).into_obj()),
            member::OBJECT => Ok((*p.cast::<ObjCell>()).get_owned().unwrap_or_else(none::none_obj)),
            member::OBJECT_EX => match (*p.cast::<ObjCell>()).get_owned() {
                Some(v) => Ok(v),
                None => Err(super::descr::unset_member(o, name)),
            },
            member::NONE => Ok(none::none_obj()),
            kind => bail!(SystemError, "bad memberdescr type for {kind}"),
        }
    }
}

/// Stores or deletes a member.
pub fn set(o: &Object, m: &MemberDef, value: Option<&Object>, name: &Object) -> PyResult<()> {
    if m.flags & member::READONLY != 0 {
        bail!(AttributeError, "readonly attribute");
    }
    // SAFETY: as in `get`.
    unsafe {
        let p = o.as_ptr().cast::<u8>().offset(m.offset);
        let Some(v) = value else {
            return match m.kind {
                member::OBJECT_EX => {
                    let cell = &*p.cast::<ObjCell>();
                    if cell.is_empty() {
                        // The name alone, as the reference has it here.
                        return Err(crate::error::raise_arg(crate::types::exceptions::AttributeError, name.to_obj()));
                    }
                    cell.set(None);
                    Ok(())
                }
                member::OBJECT => {
                    (*p.cast::<ObjCell>()).set(None);
                    Ok(())
                }
                _ => bail!(TypeError, "can't delete numeric/char attribute"),
            };
        };
        match m.kind {
            member::BOOL => {
                if !v.is_exact(&crate::types::bool_::PyBool_Type) {
                    bail!(TypeError, "attribute value type must be bool");
                }
                p.write(v.is_true()? as u8);
            }
            member::BYTE | member::UBYTE => p.write(v.as_i64()? as u8),
            member::SHORT | member::USHORT => p.cast::<u16>().write_unaligned(v.as_i64()? as u16),
            member::INT => {
                let n = v.as_i64()?;
                if n as i32 as i64 != n {
                    bail!(OverflowError, "Python int too large to convert to C int");
                }
                p.cast::<i32>().write_unaligned(n as i32);
            }
            member::UINT => p.cast::<u32>().write_unaligned(v.as_i64()? as u32),
            member::LONG | member::LONGLONG | member::PYSSIZET => p.cast::<i64>().write_unaligned(v.as_i64()?),
            member::ULONG | member::ULONGLONG => p.cast::<u64>().write_unaligned(v.as_u64()?),
            member::FLOAT => p.cast::<f32>().write_unaligned(v.to_f64()? as f32),
            member::DOUBLE => p.cast::<f64>().write_unaligned(v.to_f64()?),
            member::OBJECT | member::OBJECT_EX => (*p.cast::<ObjCell>()).set(Some(v.to_obj())),
            member::CHAR => match v.downcast::<Str>() {
                Some(s) if s.len() == 1 && s.char_at(0) < 256 => p.write(s.char_at(0) as u8),
                _ => bail!(TypeError, "bad argument type for built-in operation"),
            },
            member::STRING | member::STRING_INPLACE => bail!(TypeError, "readonly attribute"),
            kind => bail!(SystemError, "bad memberdescr type for {kind}"),
        }
    }
    Ok(())
}
