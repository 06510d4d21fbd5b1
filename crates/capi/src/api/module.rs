//! Modules.

use crate::moduledef::{self, Def};
use crate::prelude::*;
use taipan_object::method::MethodDef;
use taipan_object::types::module::Module;

fn module(o: &Object) -> PyResult<&Module> {
    match o.downcast() {
        Some(m) => Ok(m),
        None => bail!(TypeError, "bad argument type for built-in operation"),
    }
}

fn add(m: &Object, name: Text, value: &Object) -> PyResult<()> {
    let Some(m) = m.downcast::<Module>() else {
        bail!(TypeError, "PyModule_AddObjectRef() first argument must be a module");
    };
    m.dict().set_item(&*name.name()?, value)
}

fn named(o: &Object) -> PyResult<Ref<Str>> {
    match module(o)?.dict().get_item(intern!("__name__"))?.map(Obj::downcast_into::<Str>) {
        Some(Ok(s)) => Ok(s),
        _ => bail!(SystemError, "nameless module"),
    }
}

exports! {
    fn PyModuleDef_Init(def: &'static Def) -> &'static Object { moduledef::init(def) }
    fn PyModule_Create2(def: &'static Def, _api: c_int) -> PyResult { moduledef::create_single(def) }
    fn PyModule_FromDefAndSpec2(def: &'static Def, spec: &Object, _api: c_int) -> PyResult { moduledef::from_def_and_spec(def, spec) }
    fn PyModule_ExecDef(m: &Object, def: &Def) -> c_int { status(module(m).and_then(|m| moduledef::exec_def(m, def))) }
    fn PyModule_NewObject(name: &Object) -> PyResult { moduledef::new_module(name) }
    fn PyModule_New(name: Text) -> PyResult { moduledef::new_module(&*name.obj()?) }
    fn PyModule_GetDict<'a>(m: &'a Object) -> Null<'a> {
        match m.downcast::<Module>() {
            Some(m) => Some(m.dict()),
            None => {
                let _ = bad_call();
                None
            }
        }
    }
    fn PyModule_GetNameObject(m: &Object) -> PyResult { obj(named(m)) }
    fn PyModule_GetName(m: &Object) -> *const c_char {
        // The dict keeps the name, and the name its UTF-8 form.
        named(m).and_then(|s| Ok(s.to_utf8()?.as_ptr().cast())).unwrap_or(std::ptr::null())
    }
    fn PyModule_GetFilenameObject(m: &Object) -> PyResult {
        match module(m)?.dict().get_item(intern!("__file__"))? {
            Some(f) if f.downcast::<Str>().is_some() => Ok(f),
            _ => bail!(SystemError, "module filename missing"),
        }
    }
    fn PyModule_GetDef(m: &Object) -> *const Def { module(m).map_or(std::ptr::null(), |m| moduledef::def_of(m).map_or(std::ptr::null(), |d| d)) }
    fn PyModule_GetState(m: &Object) -> *mut c_void { module(m).map_or(std::ptr::null_mut(), |m| m.md_state.get()) }
    fn PyModule_AddObjectRef(m: &Object, name: Text, value: Null<'_>) -> c_int {
        status(match value {
            Some(v) => add(m, name, v),
            None => Err(occurred().unwrap_or_else(|| raise!(SystemError, "PyModule_AddObjectRef() must be called with an exception raised if value is NULL"))),
        })
    }
    fn PyModule_Add(m: &Object, name: Text, value: Option<Obj>) -> c_int { PyModule_AddObjectRef(m, name, value.as_deref()) }
    fn PyModule_AddObject(m: &Object, name: Text, value: *const Object) -> c_int {
        // SAFETY: null or an object of the caller's.
        let r = PyModule_AddObjectRef(m, name, unsafe { value.as_ref() });
        if r == 0 {
            // SAFETY: on success the caller's reference is ours.
            unsafe { Object::decref(value) };
        }
        r
    }
    fn PyModule_AddIntConstant(m: &Object, name: Text, n: c_long) -> c_int { status(add(m, name, &Int::from_i64(n))) }
    fn PyModule_AddStringConstant(m: &Object, name: Text, value: Text) -> c_int { status(value.obj().and_then(|v| add(m, name, &v))) }
    fn PyModule_AddType(m: &Object, ty: &Type) -> c_int {
        status((|| {
            taipan_object::typeobj::ready::ready(ty)?;
            let name = ty.name_str();
            module(m)?.add(name.rsplit_once('.').map_or(name, |(_, n)| n), ty.as_object())
        })())
    }
    fn PyModule_AddFunctions(m: &Object, functions: *const MethodDef) -> c_int { status(module(m).and_then(|m| moduledef::add_functions(m, functions))) }
    fn PyModule_SetDocString(m: &Object, doc: Text) -> c_int { status(doc.obj().and_then(|d| m.set_attr(intern!("__doc__"), &d))) }
    fn PyState_FindModule(def: &Def) -> Null<'static> { moduledef::find_single(def) }
    fn PyState_AddModule(m: &Object, def: &'static Def) -> c_int {
        moduledef::remember_single(def, m);
        0
    }
    fn PyState_RemoveModule(def: &'static Def) -> c_int {
        moduledef::forget_single(def);
        0
    }
    fn PyUnstable_Module_SetGIL(_m: &Object, _gil: *mut c_void) -> c_int { 0 }
}
