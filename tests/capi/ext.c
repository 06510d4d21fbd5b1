/* A module by multi-phase initialisation that uses the C API as extensions do: inline functions of the headers, static and heap types. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stddef.h>

static PyObject *inc(PyObject *self, PyObject *arg) {
    (void)self;
    if (!PyLong_CheckExact(arg)) return PyErr_Format(PyExc_TypeError, "inc() wants an int, not %.50s (%R)", Py_TYPE(arg)->tp_name, arg);
    long v = PyUnstable_Long_IsCompact((PyLongObject *)arg) ? PyUnstable_Long_CompactValue((PyLongObject *)arg) : PyLong_AsLong(arg);
    if (v == -1 && PyErr_Occurred()) return NULL;
    return PyLong_FromLong(v + 1);
}

static PyObject *join(PyObject *self, PyObject *const *args, Py_ssize_t n) {
    (void)self;
    PyObject *t = PyTuple_New(n);
    if (!t) return NULL;
    for (Py_ssize_t i = 0; i < n; i++) PyTuple_SET_ITEM(t, i, Py_NewRef(args[i]));
    return t;
}

static PyObject *keywords(PyObject *self, PyObject *args, PyObject *kwargs) {
    (void)self;
    static char *names[] = {"a", "b", "c", NULL};
    int a;
    const char *b = "default";
    PyObject *c = Py_None;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "i|s$O:keywords", names, &a, &b, &c)) return NULL;
    return Py_BuildValue("(is{s:O,s:[dl]})", a, b, "c", c, "list", 1.5, 7L);
}

static PyObject *fields(PyObject *self, PyObject *args) {
    (void)self;
    PyObject *s, *t, *l, *f;
    if (!PyArg_ParseTuple(args, "UO!O!O!", &s, &PyTuple_Type, &t, &PyList_Type, &l, &PyFloat_Type, &f)) return NULL;
    /* All of these are inline functions that read the objects' memory. */
    return Py_BuildValue("nknndn", PyUnicode_GET_LENGTH(s), (unsigned long)PyUnicode_READ_CHAR(s, 0), PyTuple_GET_SIZE(t), PyList_GET_SIZE(l),
                         PyFloat_AS_DOUBLE(f), PyUnicode_KIND(s) * (Py_ssize_t)1);
}

static PyObject *raise(PyObject *self, PyObject *Py_UNUSED(ignored)) {
    (void)self;
    PyErr_SetString(PyExc_KeyError, "from C");
    return NULL;
}

static PyObject *catch(PyObject *self, PyObject *f) {
    (void)self;
    PyObject *r = PyObject_CallNoArgs(f);
    if (r) return r;
    if (!PyErr_ExceptionMatches(PyExc_LookupError)) return NULL;
    PyObject *exc = PyErr_GetRaisedException();
    PyObject *text = PyUnicode_FromFormat("caught %s: %S", Py_TYPE(exc)->tp_name, exc);
    Py_DECREF(exc);
    return text;
}

static PyObject *without_gil(PyObject *self, PyObject *Py_UNUSED(ignored)) {
    (void)self;
    int before = PyGILState_Check(), during, inner;
    Py_BEGIN_ALLOW_THREADS
    during = PyGILState_Check();
    PyGILState_STATE s = PyGILState_Ensure();
    inner = PyGILState_Check();
    PyGILState_Release(s);
    Py_END_ALLOW_THREADS
    return Py_BuildValue("iii", before, during, inner);
}

static PyMethodDef functions[] = {
    {"inc", inc, METH_O, "inc($module, n, /)\n--\n\nAdd one."},
    {"join", (PyCFunction)(void (*)(void))join, METH_FASTCALL, NULL},
    {"keywords", (PyCFunction)(void (*)(void))keywords, METH_VARARGS | METH_KEYWORDS, NULL},
    {"fields", fields, METH_VARARGS, NULL},
    {"raise_", raise, METH_NOARGS, NULL},
    {"catch", catch, METH_O, NULL},
    {"without_gil", without_gil, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

/* A static type with number slots. */
typedef struct { PyObject_HEAD double x, y; } Vector;
static PyTypeObject Vector_Type;
static int live_vectors;

static PyObject *vector(double x, double y) {
    Vector *v = PyObject_New(Vector, &Vector_Type);
    if (v) { v->x = x; v->y = y; live_vectors++; }
    return (PyObject *)v;
}
static PyObject *vector_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    (void)args; (void)kwargs;
    PyObject *v = type->tp_alloc(type, 0);
    if (v) live_vectors++;
    return v;
}
static int vector_init(PyObject *self, PyObject *args, PyObject *kwargs) {
    (void)kwargs;
    return PyArg_ParseTuple(args, "dd:Vector", &((Vector *)self)->x, &((Vector *)self)->y) ? 0 : -1;
}
static void vector_dealloc(PyObject *self) { live_vectors--; Py_TYPE(self)->tp_free(self); }
static PyObject *vector_add(PyObject *a, PyObject *b) {
    if (!PyObject_TypeCheck(a, &Vector_Type) || !PyObject_TypeCheck(b, &Vector_Type)) Py_RETURN_NOTIMPLEMENTED;
    return vector(((Vector *)a)->x + ((Vector *)b)->x, ((Vector *)a)->y + ((Vector *)b)->y);
}
static int vector_bool(PyObject *v) { return ((Vector *)v)->x != 0 || ((Vector *)v)->y != 0; }
static PyObject *vector_repr(PyObject *v) {
    PyObject *x = PyFloat_FromDouble(((Vector *)v)->x), *y = PyFloat_FromDouble(((Vector *)v)->y);
    PyObject *r = x && y ? PyUnicode_FromFormat("Vector(%R, %R)", x, y) : NULL;
    Py_XDECREF(x); Py_XDECREF(y);
    return r;
}
static PyNumberMethods vector_number = {.nb_add = vector_add, .nb_bool = vector_bool};
static PyMemberDef vector_members[] = {
    {"x", Py_T_DOUBLE, offsetof(Vector, x), 0, NULL},
    {"y", Py_T_DOUBLE, offsetof(Vector, y), Py_READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};
static PyTypeObject Vector_Type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "ext.Vector", .tp_basicsize = sizeof(Vector), .tp_dealloc = vector_dealloc, .tp_repr = vector_repr,
    .tp_as_number = &vector_number, .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, .tp_doc = "Two numbers.",
    .tp_members = vector_members, .tp_new = vector_new, .tp_init = vector_init,
};

static PyObject *vectors(PyObject *self, void *closure) { (void)self; (void)closure; return PyLong_FromLong(live_vectors); }

/* A heap type with members, a getset, methods, a dict and weak references, collectable. */
typedef struct { PyObject_HEAD PyObject *item; PyObject *dict; PyObject *weak; int count; } Box;

static int box_init(PyObject *self, PyObject *args, PyObject *kwargs) {
    (void)kwargs;
    PyObject *item;
    if (!PyArg_ParseTuple(args, "O", &item)) return -1;
    Py_XSETREF(((Box *)self)->item, Py_NewRef(item));
    return 0;
}
static int box_traverse(PyObject *self, visitproc visit, void *arg) {
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(((Box *)self)->item);
    Py_VISIT(((Box *)self)->dict);
    return 0;
}
static int box_clear(PyObject *self) {
    Py_CLEAR(((Box *)self)->item);
    Py_CLEAR(((Box *)self)->dict);
    return 0;
}
static void box_dealloc(PyObject *self) {
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    if (((Box *)self)->weak) PyObject_ClearWeakRefs(self);
    box_clear(self);
    type->tp_free(self);
    Py_DECREF(type);
}
static PyObject *box_bump(PyObject *self, PyTypeObject *cls, PyObject *const *args, Py_ssize_t n, PyObject *names) {
    (void)args; (void)names;
    ((Box *)self)->count += (int)n;
    PyObject *module = PyType_GetModule(cls);
    if (!module) return NULL;
    return PyObject_GetAttrString(module, "__name__");
}
static PyObject *box_call(PyObject *self, PyObject *args, PyObject *kwargs) { return Py_BuildValue("OOO", ((Box *)self)->item, args, kwargs ? kwargs : Py_None); }
static Py_ssize_t box_length(PyObject *self) { return ((Box *)self)->count; }
static PyObject *box_get(PyObject *self, void *closure) { return PyUnicode_FromFormat("%s %d", (const char *)closure, ((Box *)self)->count); }
static int box_set(PyObject *self, PyObject *v, void *closure) {
    (void)closure;
    if (!v) { PyErr_SetString(PyExc_AttributeError, "cannot delete"); return -1; }
    ((Box *)self)->count = PyLong_AsInt(v);
    return PyErr_Occurred() ? -1 : 0;
}
static PyObject *box_compare(PyObject *a, PyObject *b, int op) {
    if (Py_TYPE(a) != Py_TYPE(b)) Py_RETURN_NOTIMPLEMENTED;
    Py_RETURN_RICHCOMPARE(((Box *)a)->count, ((Box *)b)->count, op);
}
static PyMethodDef box_methods[] = {
    {"bump", (PyCFunction)(void (*)(void))box_bump, METH_METHOD | METH_FASTCALL | METH_KEYWORDS, NULL},
    {NULL, NULL, 0, NULL},
};
static PyMemberDef box_members[] = {
    {"item", Py_T_OBJECT_EX, offsetof(Box, item), 0, "what is in it"},
    {"count", Py_T_INT, offsetof(Box, count), Py_READONLY, NULL},
    {"__dictoffset__", Py_T_PYSSIZET, offsetof(Box, dict), Py_READONLY, NULL},
    {"__weaklistoffset__", Py_T_PYSSIZET, offsetof(Box, weak), Py_READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};
static PyGetSetDef box_getset[] = {
    {"text", box_get, box_set, NULL, "count is"},
    {"vectors", vectors, NULL, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};
static PyType_Slot box_slots[] = {
    {Py_tp_doc, "Box(item)\n--\n\nHolds one thing."}, {Py_tp_init, box_init}, {Py_tp_traverse, box_traverse}, {Py_tp_clear, box_clear},
    {Py_tp_dealloc, box_dealloc}, {Py_tp_methods, box_methods}, {Py_tp_members, box_members}, {Py_tp_getset, box_getset},
    {Py_tp_call, box_call}, {Py_sq_length, box_length}, {Py_tp_richcompare, box_compare}, {0, NULL},
};
static PyType_Spec box_spec = {"ext.Box", sizeof(Box), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC, box_slots};

typedef struct { PyObject *error; } State;

static int ext_exec(PyObject *m) {
    State *s = PyModule_GetState(m);
    s->error = PyErr_NewException("ext.Error", PyExc_ValueError, NULL);
    if (PyModule_AddObjectRef(m, "Error", s->error) < 0) return -1;
    if (PyType_Ready(&Vector_Type) < 0 || PyModule_AddObjectRef(m, "Vector", (PyObject *)&Vector_Type) < 0) return -1;
    PyObject *box = PyType_FromModuleAndSpec(m, &box_spec, NULL);
    if (PyModule_Add(m, "Box", box) < 0) return -1;
    return PyModule_AddIntConstant(m, "type_size", sizeof(PyHeapTypeObject));
}
static int ext_traverse(PyObject *m, visitproc visit, void *arg) { Py_VISIT(((State *)PyModule_GetState(m))->error); return 0; }
static int ext_clear(PyObject *m) { Py_CLEAR(((State *)PyModule_GetState(m))->error); return 0; }
static void ext_free(void *m) { ext_clear(m); }

static PyModuleDef_Slot ext_slots[] = {{Py_mod_exec, ext_exec}, {Py_mod_multiple_interpreters, Py_MOD_MULTIPLE_INTERPRETERS_NOT_SUPPORTED}, {0, NULL}};
static PyModuleDef ext_def = {PyModuleDef_HEAD_INIT, "ext", "An extension for tests.", sizeof(State), functions, ext_slots, ext_traverse, ext_clear, ext_free};
PyMODINIT_FUNC PyInit_ext(void) { return PyModuleDef_Init(&ext_def); }

/* The same file loaded under another name: single-phase initialisation. */
static PyModuleDef single_def = {PyModuleDef_HEAD_INIT, "single", NULL, -1, functions, NULL, NULL, NULL, NULL};
PyMODINIT_FUNC PyInit_single(void) {
    PyObject *m = PyModule_Create(&single_def);
    if (m && PyModule_AddStringConstant(m, "how", "single-phase") < 0) Py_CLEAR(m);
    return m;
}

PyMODINIT_FUNC PyInit_broken(void) { return NULL; }
