/* Calls and tuples with their arguments in the argument list. */
#include "shim.h"

Object *PyTuple_Pack(Size n, ...) {
    va_list args;
    va_start(args, n);
    Object *t = PyTuple_New(n);
    for (Size i = 0; t && i < n; i++) {
        Object *o = va_arg(args, Object *);
        Py_IncRef(o);
        PyTuple_SetItem(t, i, o);
    }
    va_end(args);
    return t;
}

static Object *call_objects(Object *f, va_list args) {
    Object *few[8], **all = few;
    va_list copy;
    size_t n = 0;
    va_copy(copy, args);
    while (va_arg(copy, Object *)) n++;
    va_end(copy);
    if (n > 8 && !(all = PyMem_Malloc(n * sizeof *all))) return NULL;
    for (size_t i = 0; i < n; i++) all[i] = va_arg(args, Object *);
    Object *r = PyObject_Vectorcall(f, all, n, NULL);
    if (all != few) PyMem_Free(all);
    return r;
}

Object *PyObject_CallFunctionObjArgs(Object *f, ...) {
    va_list args;
    va_start(args, f);
    Object *r = call_objects(f, args);
    va_end(args);
    return r;
}

Object *PyObject_CallMethodObjArgs(Object *o, Object *name, ...) {
    Object *f = PyObject_GetAttr(o, name);
    if (!f) return NULL;
    va_list args;
    va_start(args, name);
    Object *r = call_objects(f, args);
    va_end(args);
    Py_DecRef(f);
    return r;
}

static Object *call_built(Object *f, const char *format, va_list args) {
    if (!format || !*format) return PyObject_CallObject(f, NULL);
    Object *v = Py_VaBuildValue(format, args);
    if (!v) return NULL;
    Object *r = IS_A(v, PyTuple_Type) ? PyObject_CallObject(f, v) : PyObject_Vectorcall(f, &v, 1, NULL);
    Py_DecRef(v);
    return r;
}

#define CALL_FUNCTION(name) \
    Object *name(Object *f, const char *format, ...) { \
        va_list args; \
        va_start(args, format); \
        Object *r = call_built(f, format, args); \
        va_end(args); \
        return r; \
    }
CALL_FUNCTION(PyObject_CallFunction)
CALL_FUNCTION(_PyObject_CallFunction_SizeT)

#define CALL_METHOD(fname) \
    Object *fname(Object *o, const char *name, const char *format, ...) { \
        Object *f = PyObject_GetAttrString(o, name); \
        if (!f) return NULL; \
        va_list args; \
        va_start(args, format); \
        Object *r = call_built(f, format, args); \
        va_end(args); \
        Py_DecRef(f); \
        return r; \
    }
CALL_METHOD(PyObject_CallMethod)
CALL_METHOD(_PyObject_CallMethod_SizeT)
