/* Py_BuildValue. */
#include "shim.h"

typedef struct { va_list args; } Args;

static Object *one(const char **f, Args *a);

static void skip(const char **f) {
    while (**f == ' ' || **f == '\t' || **f == ',' || **f == ':') (*f)++;
}

/* Number of values up to `end` at this level; -1 when brackets do not match. */
static Size count(const char *f, char end) {
    Size n = 0;
    int depth = 0;
    for (;; f++) {
        char c = *f;
        if (depth == 0 && c == end) return n;
        if (c == 0) {
            PyErr_SetString(PyExc_SystemError, "unmatched paren in format");
            return -1;
        }
        if (c == '(' || c == '[' || c == '{') { if (depth++ == 0) n++; }
        else if (c == ')' || c == ']' || c == '}') depth--;
        else if (depth == 0 && !strchr("#&,: \t", c)) n++;
    }
}

/* `n` values in a tuple or list. Values are all taken from the arguments even after an error, so that 'N' does not leak. */
static Object *sequence(const char **f, Args *a, char end, Size n, int list) {
    if (n < 0) return NULL;
    Object *s = list ? PyList_New(n) : PyTuple_New(n);
    int bad = s == NULL;
    for (Size i = 0; i < n; i++) {
        skip(f);
        Object *v = one(f, a);
        if (!v) { bad = 1; continue; }
        if (bad) { Py_DecRef(v); continue; }
        if (list) PyList_SetItem(s, i, v); else PyTuple_SetItem(s, i, v);
    }
    skip(f);
    if (end && **f == end) (*f)++;
    if (bad && s) { Py_DecRef(s); s = NULL; }
    return s;
}

static Object *dict(const char **f, Args *a, Size n) {
    if (n < 0) return NULL;
    if (n % 2) {
        PyErr_SetString(PyExc_SystemError, "Bad dict format");
        return NULL;
    }
    Object *d = PyDict_New();
    int bad = d == NULL;
    for (Size i = 0; i < n; i += 2) {
        skip(f);
        Object *k = one(f, a);
        skip(f);
        Object *v = one(f, a);
        if (!k || !v || bad || PyDict_SetItem(d, k, v) < 0) bad = 1;
        if (k) Py_DecRef(k);
        if (v) Py_DecRef(v);
    }
    skip(f);
    if (**f == '}') (*f)++;
    if (bad && d) { Py_DecRef(d); d = NULL; }
    return d;
}

static Object *none(void) {
    Py_IncRef(None);
    return None;
}

static Object *one(const char **f, Args *a) {
    char c = *(*f)++;
    switch (c) {
    case '(': return sequence(f, a, ')', count(*f, ')'), 0);
    case '[': return sequence(f, a, ']', count(*f, ']'), 1);
    case '{': return dict(f, a, count(*f, '}'));
    case 'b': case 'h': case 'i': return PyLong_FromLongLong(va_arg(a->args, int));
    case 'B': case 'H': return PyLong_FromLongLong(va_arg(a->args, int));
    case 'I': return PyLong_FromUnsignedLongLong(va_arg(a->args, unsigned));
    case 'l': return PyLong_FromLongLong(va_arg(a->args, long));
    case 'k': return PyLong_FromUnsignedLongLong(va_arg(a->args, unsigned long));
    case 'L': return PyLong_FromLongLong(va_arg(a->args, long long));
    case 'K': return PyLong_FromUnsignedLongLong(va_arg(a->args, unsigned long long));
    case 'n': return PyLong_FromLongLong(va_arg(a->args, ssize_t));
    case 'p': return PyBool_FromLong(va_arg(a->args, int));
    case 'f': case 'd': return PyFloat_FromDouble(va_arg(a->args, double));
    case 'D': { Complex *z = va_arg(a->args, Complex *); return PyComplex_FromDoubles(z->real, z->imag); }
    case 'c': { char b = (char)va_arg(a->args, int); return PyBytes_FromStringAndSize(&b, 1); }
    case 'C': return PyUnicode_FromOrdinal(va_arg(a->args, int));
    case 'u': {
        const int *s = va_arg(a->args, const int *);
        Size n = -1;
        if (**f == '#') { (*f)++; n = va_arg(a->args, Size); }
        return s ? PyUnicode_FromWideChar(s, n) : none();
    }
    case 's': case 'z': case 'U': case 'y': {
        const char *s = va_arg(a->args, const char *);
        Size n = -1;
        if (**f == '#') { (*f)++; n = va_arg(a->args, Size); }
        if (!s) return none();
        if (n < 0) n = (Size)strlen(s);
        return c == 'y' ? PyBytes_FromStringAndSize(s, n) : PyUnicode_FromStringAndSize(s, n);
    }
    case 'O': case 'S': case 'N': {
        if (c == 'O' && **f == '&') {
            (*f)++;
            Object *(*make)(void *) = va_arg(a->args, Object *(*)(void *));
            return make(va_arg(a->args, void *));
        }
        Object *o = va_arg(a->args, Object *);
        if (!o) {
            if (!PyErr_Occurred()) PyErr_SetString(PyExc_SystemError, "NULL object passed to Py_BuildValue");
            return NULL;
        }
        if (c != 'N') Py_IncRef(o);
        return o;
    }
    default:
        PyErr_SetString(PyExc_SystemError, "bad format char passed to Py_BuildValue");
        return NULL;
    }
}

Object *Py_VaBuildValue(const char *f, va_list args) {
    Size n = count(f, 0);
    if (n < 0) return NULL;
    if (n == 0) return none();
    Args a;
    va_copy(a.args, args);
    skip(&f);
    Object *r = n == 1 ? one(&f, &a) : sequence(&f, &a, 0, n, 0);
    va_end(a.args);
    return r;
}

Object *Py_BuildValue(const char *f, ...) {
    va_list args;
    va_start(args, f);
    Object *r = Py_VaBuildValue(f, args);
    va_end(args);
    return r;
}

Object *_Py_BuildValue_SizeT(const char *f, ...) {
    va_list args;
    va_start(args, f);
    Object *r = Py_VaBuildValue(f, args);
    va_end(args);
    return r;
}
