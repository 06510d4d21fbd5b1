/* PyArg_ParseTuple and its kin. */
#include "shim.h"

typedef struct { va_list v; } Va;
typedef struct {
    const char *function; /* after ':' in the format, or NULL */
    const char *message;  /* after ';' */
    int arg;              /* number of the argument being converted, from 1 */
    Buffer *views[16];    /* filled so far, released when a later argument fails */
    int nviews;
} State;

static int fail(State *s, const char *expected, Object *o) {
    if (PyErr_Occurred()) return 0;
    if (s->message) { PyErr_SetString(PyExc_TypeError, s->message); return 0; }
    const char *got = o == None ? "None" : TYPE_NAME(o);
    if (s->arg) PyErr_Format(PyExc_TypeError, "%.150s%s argument %d must be %.50s, not %.50s", s->function ? s->function : "function", s->function ? "()" : "", s->arg, expected, got);
    else PyErr_Format(PyExc_TypeError, "%.150s%s argument must be %.50s, not %.50s", s->function ? s->function : "function", s->function ? "()" : "", expected, got);
    return 0;
}

static int buffer(State *s, Object *o, Buffer *b, int writable) {
    if (PyObject_GetBuffer(o, b, writable ? 1 : 0) < 0) return 0;
    return s != NULL;
}

/* Skips one unit of the format and its arguments' addresses, for arguments that are absent. */
static void skip(const char **f, Va *a) {
    char c = *(*f)++;
    if (c == '(') {
        while (**f && **f != ')') skip(f, a);
        if (**f) (*f)++;
        return;
    }
    if (c == 'e') { (*f)++; (void)va_arg(a->v, void *); }
    if (c == 'O' && **f == '&') { (void)va_arg(a->v, void *); (*f)++; }
    else if (c == 'O' && **f == '!') { (void)va_arg(a->v, void *); (*f)++; }
    (void)va_arg(a->v, void *);
    if (**f == '*') (*f)++;
    else if (**f == '#') { (void)va_arg(a->v, void *); (*f)++; }
}

static int integer(State *s, Object *o, long long lo, long long hi, long long *out, const char *low, const char *high) {
    if (!PyIndex_Check(o)) {
        PyErr_Format(PyExc_TypeError, "'%.100s' object cannot be interpreted as an integer", TYPE_NAME(o));
        return 0;
    }
    (void)s;
    long long v = PyLong_AsLongLong(o);
    if (v == -1 && PyErr_Occurred()) return 0;
    if (v < lo) { PyErr_SetString(PyExc_OverflowError, low); return 0; }
    if (v > hi) { PyErr_SetString(PyExc_OverflowError, high); return 0; }
    *out = v;
    return 1;
}

static int unsigned_bits(Object *o, unsigned long *out) {
    if (!PyIndex_Check(o)) {
        PyErr_Format(PyExc_TypeError, "'%.100s' object cannot be interpreted as an integer", TYPE_NAME(o));
        return 0;
    }
    unsigned long v = PyLong_AsUnsignedLongMask(o);
    if (v == (unsigned long)-1 && PyErr_Occurred()) return 0;
    *out = v;
    return 1;
}

static int convert(State *s, Object *o, const char **f, Va *a);

static int convert_tuple(State *s, Object *o, const char **f, Va *a) {
    int n = 0, depth = 0;
    for (const char *p = *f; *p && !(depth == 0 && *p == ')'); p++) {
        if (*p == '(') { if (depth++ == 0) n++; }
        else if (*p == ')') depth--;
        else if (depth == 0 && ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z'))) {
            n++;
            if (*p == 'e' && p[1]) p++;
        }
    }
    if (!PySequence_Check(o) || IS_A(o, PyUnicode_Type) || IS_A(o, PyBytes_Type) || IS_A(o, PyByteArray_Type)) {
        char text[60];
        snprintf(text, sizeof text, "%d-item sequence", n);
        return fail(s, text, o);
    }
    Size len = PySequence_Size(o);
    if (len != n) {
        if (!PyErr_Occurred()) PyErr_Format(PyExc_TypeError, "%.150s%s argument %d must be sequence of length %d, not %zd", s->function ? s->function : "function", s->function ? "()" : "", s->arg, n, len);
        return 0;
    }
    for (Size i = 0; i < len; i++) {
        Object *item = PySequence_GetItem(o, i);
        if (!item) return 0;
        int ok = convert(s, item, f, a);
        /* The sequence keeps the item, as callers of nested formats rely on. */
        Py_DecRef(item);
        if (!ok) return 0;
    }
    if (**f == ')') (*f)++;
    return 1;
}

static int text(State *s, Object *o, char c, const char **f, Va *a) {
    if (**f == '*') {
        (*f)++;
        Buffer *b = va_arg(a->v, Buffer *);
        memset(b, 0, sizeof *b);
        if (c == 'z' && o == None) return 1;
        if (c == 'w') {
            if (PyObject_GetBuffer(o, b, 1) < 0) return 0;
        } else if (c != 'y' && IS_A(o, PyUnicode_Type)) {
            Size n;
            const char *p = PyUnicode_AsUTF8AndSize(o, &n);
            if (!p) return 0;
            Py_IncRef(o);
            b->buf = (void *)p; b->obj = o; b->len = n; b->itemsize = 1; b->readonly = 1; b->ndim = 1; b->shape = &b->len; b->strides = &b->itemsize;
        } else if (!buffer(s, o, b, 0)) return 0;
        if (s->nviews < 16) s->views[s->nviews++] = b;
        return 1;
    }
    if (**f == '#') {
        (*f)++;
        const char **p = va_arg(a->v, const char **);
        Size *n = va_arg(a->v, Size *);
        if (c == 'z' && o == None) { *p = NULL; *n = 0; return 1; }
        if (c != 'y' && IS_A(o, PyUnicode_Type)) return (*p = PyUnicode_AsUTF8AndSize(o, n)) != NULL;
        if (IS_A(o, PyBytes_Type)) { *p = PyBytes_AsString(o); *n = PyBytes_Size(o); return 1; }
        Buffer b;
        if (PyObject_GetBuffer(o, &b, 0) < 0) return 0;
        *p = b.buf;
        *n = b.len;
        PyBuffer_Release(&b);
        return 1;
    }
    const char **p = va_arg(a->v, const char **);
    if (c == 'z' && o == None) { *p = NULL; return 1; }
    Size n;
    if (c == 'y') {
        if (!IS_A(o, PyBytes_Type)) return fail(s, "bytes", o);
        *p = PyBytes_AsString(o);
        n = PyBytes_Size(o);
        if ((Size)strlen(*p) != n) { PyErr_SetString(PyExc_ValueError, "embedded null byte"); return 0; }
        return 1;
    }
    if (!IS_A(o, PyUnicode_Type)) return fail(s, c == 'z' ? "str or None" : "str", o);
    *p = PyUnicode_AsUTF8AndSize(o, &n);
    if (!*p) return 0;
    if ((Size)strlen(*p) != n) { PyErr_SetString(PyExc_ValueError, "embedded null character"); return 0; }
    return 1;
}

/* "es" and "et", with "#": an encoded copy in memory that the caller frees. */
static int encoded(State *s, Object *o, const char **f, Va *a) {
    char kind = *(*f)++;
    const char *encoding = va_arg(a->v, const char *);
    char **place = va_arg(a->v, char **);
    Object *b;
    if (kind == 't' && (IS_A(o, PyBytes_Type) || IS_A(o, PyByteArray_Type))) { Py_IncRef(o); b = o; }
    else if (IS_A(o, PyUnicode_Type)) { if (!(b = PyUnicode_AsEncodedString(o, encoding, NULL))) return 0; }
    else return fail(s, kind == 's' ? "str" : "str, bytes or bytearray", o);
    const char *data = IS_A(b, PyBytes_Type) ? PyBytes_AsString(b) : PyByteArray_AsString(b);
    Size n = IS_A(b, PyBytes_Type) ? PyBytes_Size(b) : PyByteArray_Size(b);
    int ok = 0;
    if (**f == '#') {
        (*f)++;
        Size *size = va_arg(a->v, Size *);
        if (*place == NULL) *place = PyMem_Malloc((size_t)n + 1);
        else if (n + 1 > *size) { PyErr_Format(PyExc_ValueError, "encoded string too long (%zd, maximum length %zd)", n, *size - 1); goto done; }
        *size = n;
    } else if ((Size)strlen(data) != n) {
        PyErr_SetString(PyExc_ValueError, "embedded null byte");
        goto done;
    } else *place = PyMem_Malloc((size_t)n + 1);
    if (*place) { memcpy(*place, data, (size_t)n + 1); ok = 1; }
done:
    Py_DecRef(b);
    return ok;
}

static int convert(State *s, Object *o, const char **f, Va *a) {
    char c = *(*f)++;
    long long v;
    unsigned long u;
    switch (c) {
    case '(': return convert_tuple(s, o, f, a);
    case 'b':
        if (!integer(s, o, 0, 255, &v, "unsigned byte integer is less than minimum", "unsigned byte integer is greater than maximum")) return 0;
        *va_arg(a->v, unsigned char *) = (unsigned char)v;
        return 1;
    case 'B': if (!unsigned_bits(o, &u)) return 0; *va_arg(a->v, unsigned char *) = (unsigned char)u; return 1;
    case 'h':
        if (!integer(s, o, -32768, 32767, &v, "signed short integer is less than minimum", "signed short integer is greater than maximum")) return 0;
        *va_arg(a->v, short *) = (short)v;
        return 1;
    case 'H': if (!unsigned_bits(o, &u)) return 0; *va_arg(a->v, unsigned short *) = (unsigned short)u; return 1;
    case 'i':
        if (!integer(s, o, -2147483648LL, 2147483647LL, &v, "signed integer is less than minimum", "signed integer is greater than maximum")) return 0;
        *va_arg(a->v, int *) = (int)v;
        return 1;
    case 'I': if (!unsigned_bits(o, &u)) return 0; *va_arg(a->v, unsigned *) = (unsigned)u; return 1;
    case 'l': case 'L':
        if (!integer(s, o, INT64_MIN, INT64_MAX, &v, "", "")) return 0;
        *va_arg(a->v, long long *) = v;
        return 1;
    case 'k': case 'K': if (!unsigned_bits(o, &u)) return 0; *va_arg(a->v, unsigned long *) = u; return 1;
    case 'n': {
        Object *i = PyNumber_Index(o);
        if (!i) return 0;
        Size n = PyLong_AsSsize_t(i);
        Py_DecRef(i);
        if (n == -1 && PyErr_Occurred()) return 0;
        *va_arg(a->v, Size *) = n;
        return 1;
    }
    case 'f': case 'd': {
        double d = PyFloat_AsDouble(o);
        if (d == -1.0 && PyErr_Occurred()) return 0;
        if (c == 'f') *va_arg(a->v, float *) = (float)d; else *va_arg(a->v, double *) = d;
        return 1;
    }
    case 'D': {
        Complex z = PyComplex_AsCComplex(o);
        if (PyErr_Occurred()) return 0;
        *va_arg(a->v, Complex *) = z;
        return 1;
    }
    case 'c': {
        char *p = va_arg(a->v, char *);
        int bytes = IS_A(o, PyBytes_Type);
        if (!bytes && !IS_A(o, PyByteArray_Type)) return fail(s, "a byte string of length 1", o);
        if ((bytes ? PyBytes_Size(o) : PyByteArray_Size(o)) != 1) return fail(s, "a byte string of length 1", o);
        *p = (bytes ? PyBytes_AsString(o) : PyByteArray_AsString(o))[0];
        return 1;
    }
    case 'C': {
        int *p = va_arg(a->v, int *);
        if (!IS_A(o, PyUnicode_Type) || PyUnicode_GetLength(o) != 1) return fail(s, "a unicode character", o);
        *p = (int)PyUnicode_ReadChar(o, 0);
        return 1;
    }
    case 'p': {
        int t = PyObject_IsTrue(o);
        if (t < 0) return 0;
        *va_arg(a->v, int *) = t;
        return 1;
    }
    case 's': case 'z': case 'y': case 'w': return text(s, o, c, f, a);
    case 'e': return encoded(s, o, f, a);
    case 'S': {
        Object **p = va_arg(a->v, Object **);
        if (!IS_A(o, PyBytes_Type)) return fail(s, "bytes", o);
        *p = o;
        return 1;
    }
    case 'Y': {
        Object **p = va_arg(a->v, Object **);
        if (!IS_A(o, PyByteArray_Type)) return fail(s, "bytearray", o);
        *p = o;
        return 1;
    }
    case 'U': {
        Object **p = va_arg(a->v, Object **);
        if (!IS_A(o, PyUnicode_Type)) return fail(s, "str", o);
        *p = o;
        return 1;
    }
    case 'O':
        if (**f == '!') {
            (*f)++;
            void *type = va_arg(a->v, void *);
            Object **p = va_arg(a->v, Object **);
            if (!PyType_IsSubtype(o->type, type)) return fail(s, ((TypeHead *)type)->name, o);
            *p = o;
        } else if (**f == '&') {
            (*f)++;
            int (*into)(Object *, void *) = va_arg(a->v, int (*)(Object *, void *));
            void *p = va_arg(a->v, void *);
            if (!into(o, p)) return PyErr_Occurred() ? 0 : fail(s, "(unspecified)", o);
        } else *va_arg(a->v, Object **) = o;
        return 1;
    default:
        PyErr_SetString(PyExc_SystemError, "impossible<bad format char>");
        return 0;
    }
}

static void release(State *s) {
    for (int i = 0; i < s->nviews; i++) PyBuffer_Release(s->views[i]);
}

/* Reads the format as a whole: function name, message, required and possible numbers of arguments, of which positional only. */
static int survey(const char *f, State *s, int *min, int *max, int *positional) {
    int n = 0, depth = 0;
    *min = *positional = -1;
    for (; *f; f++) {
        if (*f == ':') { s->function = f + 1; break; }
        if (*f == ';') { s->message = f + 1; break; }
        if (*f == '|' && depth == 0) { if (*min < 0) *min = n; }
        else if (*f == '$' && depth == 0) *positional = n;
        else if (*f == '(') { if (depth++ == 0) n++; }
        else if (*f == ')') depth--;
        else if (depth == 0 && ((*f >= 'a' && *f <= 'z') || (*f >= 'A' && *f <= 'Z'))) {
            n++;
            if (*f == 'e' && f[1]) f++;
        }
    }
    *max = n;
    if (*min < 0) *min = n;
    if (*positional < 0) *positional = n;
    return n;
}

static int at_end(char c) { return c == 0 || c == ':' || c == ';'; }

int PyArg_VaParse(Object *args, const char *f, va_list list) {
    State s = {0};
    int min, max, positional;
    survey(f, &s, &min, &max, &positional);
    Size n = PyTuple_Size(args);
    if (n < 0) return 0;
    if (n < min || n > max) {
        if (s.message) PyErr_SetString(PyExc_TypeError, s.message);
        else if (max == 0) PyErr_Format(PyExc_TypeError, "%.150s%s takes no arguments", s.function ? s.function : "function", s.function ? "()" : "");
        else PyErr_Format(PyExc_TypeError, "%.150s%s takes %s %d argument%s (%zd given)", s.function ? s.function : "function", s.function ? "()" : "",
            min == max ? "exactly" : n < min ? "at least" : "at most", n < min ? min : max, (n < min ? min : max) == 1 ? "" : "s", n);
        return 0;
    }
    Va a;
    va_copy(a.v, list);
    int ok = 1;
    for (Size i = 0; ok && i < n; i++) {
        while (*f == '|' || *f == '$') f++;
        s.arg = (int)i + 1;
        ok = convert(&s, PyTuple_GetItem(args, i), &f, &a);
    }
    va_end(a.v);
    if (!ok) release(&s);
    return ok;
}

static int contains(Object *name, const char *const *keywords, int from) {
    Size n;
    const char *t = PyUnicode_AsUTF8AndSize(name, &n);
    if (!t) return -1;
    for (int i = from; keywords[i]; i++) if (!strcmp(keywords[i], t)) return 1;
    return 0;
}

int PyArg_VaParseTupleAndKeywords(Object *args, Object *kwargs, const char *f, const char *const *keywords, va_list list) {
    State s = {0};
    int min, max, positional, unnamed = 0, len = 0;
    survey(f, &s, &min, &max, &positional);
    while (keywords[len]) { if (!*keywords[len]) unnamed = len + 1; len++; }
    const char *name = s.function ? s.function : "function", *paren = s.function ? "()" : "";
    if (len != max) {
        PyErr_Format(PyExc_SystemError, len > max ? "more keyword list entries (%d) than format specifiers (%d)" : "more argument specifiers than keyword list entries (remaining format:'%s')", len, max);
        return 0;
    }
    Size n = PyTuple_Size(args), nk = kwargs ? PyDict_Size(kwargs) : 0;
    if (n + nk > len) {
        PyErr_Format(PyExc_TypeError, "%.200s%s takes %s %d %sargument%s (%zd given)", name, paren, min == len ? "exactly" : "at most", len,
            n == 0 ? "keyword " : "", len == 1 ? "" : "s", n + nk);
        return 0;
    }
    if (n > positional) {
        if (positional == 0) PyErr_Format(PyExc_TypeError, "%.200s%s takes no positional arguments", name, paren);
        else PyErr_Format(PyExc_TypeError, "%.200s%s takes %s %d positional argument%s (%zd given)", name, paren, min < positional ? "at most" : "exactly", positional, positional == 1 ? "" : "s", n);
        return 0;
    }
    Va a;
    va_copy(a.v, list);
    int ok = 1;
    Size used = 0;
    for (int i = 0; ok && i < len; i++) {
        while (*f == '|' || *f == '$') f++;
        if (at_end(*f)) break;
        Object *v = NULL;
        if (i < n) {
            v = PyTuple_GetItem(args, i);
            if (nk && i >= unnamed && PyDict_GetItemString(kwargs, keywords[i])) {
                PyErr_Format(PyExc_TypeError, "argument for %.200s%s given by name ('%s') and position (%d)", name, paren, keywords[i], i + 1);
                ok = 0;
                break;
            }
        } else if (nk && i >= unnamed) {
            v = PyDict_GetItemString(kwargs, keywords[i]);
            if (v) used++;
            else if (PyErr_Occurred()) { ok = 0; break; }
        }
        if (v) {
            s.arg = i + 1;
            ok = convert(&s, v, &f, &a);
            continue;
        }
        if (i < min) {
            if (s.message) PyErr_SetString(PyExc_TypeError, s.message);
            else if (i < unnamed) PyErr_Format(PyExc_TypeError, "%.200s%s takes %s %d positional argument%s (%zd given)", name, paren, unnamed < max || min < max ? "at least" : "exactly", unnamed < min ? unnamed : min, (unnamed < min ? unnamed : min) == 1 ? "" : "s", n);
            else PyErr_Format(PyExc_TypeError, "%.200s%s missing required argument '%s' (pos %d)", name, paren, keywords[i], i + 1);
            ok = 0;
            break;
        }
        skip(&f, &a);
    }
    va_end(a.v);
    if (ok && used < nk) {
        Size pos = 0;
        Object *k, *v;
        while (ok && PyDict_Next(kwargs, &pos, &k, &v)) {
            if (!IS_A(k, PyUnicode_Type)) { PyErr_SetString(PyExc_TypeError, "keywords must be strings"); ok = 0; break; }
            int known = contains(k, keywords, unnamed);
            if (known > 0) continue;
            if (known == 0) PyErr_Format(PyExc_TypeError, "%.200s%s got an unexpected keyword argument '%S'", s.function ? s.function : "this function", paren, k);
            ok = 0;
        }
    }
    if (!ok) release(&s);
    return ok;
}

#define PARSE_TUPLE(name) \
    int name(Object *args, const char *f, ...) { \
        va_list list; \
        va_start(list, f); \
        int r = PyArg_VaParse(args, f, list); \
        va_end(list); \
        return r; \
    }
PARSE_TUPLE(PyArg_ParseTuple)
PARSE_TUPLE(_PyArg_ParseTuple_SizeT)

#define PARSE_KEYWORDS(name) \
    int name(Object *args, Object *kwargs, const char *f, const char *const *keywords, ...) { \
        va_list list; \
        va_start(list, keywords); \
        int r = PyArg_VaParseTupleAndKeywords(args, kwargs, f, keywords, list); \
        va_end(list); \
        return r; \
    }
PARSE_KEYWORDS(PyArg_ParseTupleAndKeywords)
PARSE_KEYWORDS(_PyArg_ParseTupleAndKeywords_SizeT)

#define PARSE_ONE(name) \
    int name(Object *o, const char *f, ...) { \
        State s = {0}; \
        int min, max, positional; \
        Va a; \
        survey(f, &s, &min, &max, &positional); \
        va_start(a.v, f); \
        int r = convert(&s, o, &f, &a); \
        va_end(a.v); \
        if (!r) release(&s); \
        return r; \
    }
PARSE_ONE(PyArg_Parse)
PARSE_ONE(_PyArg_Parse_SizeT)

int PyArg_UnpackTuple(Object *args, const char *name, Size min, Size max, ...) {
    Size n = PyTuple_Size(args);
    if (n < 0) return 0;
    if (n < min || n > max) {
        Size bound = n < min ? min : max;
        PyErr_Format(PyExc_TypeError, "%s expected %s%zd argument%s, got %zd", name ? name : "unpacked tuple should have", min == max ? "" : n < min ? "at least " : "at most ", bound, bound == 1 ? "" : "s", n);
        return 0;
    }
    va_list list;
    va_start(list, max);
    for (Size i = 0; i < n; i++) *va_arg(list, Object **) = PyTuple_GetItem(args, i);
    va_end(list);
    return 1;
}

int PyArg_ValidateKeywordArguments(Object *kwargs) {
    if (!IS_A(kwargs, PyDict_Type)) {
        PyErr_BadInternalCall();
        return 0;
    }
    Size pos = 0;
    Object *k, *v;
    while (PyDict_Next(kwargs, &pos, &k, &v))
        if (!IS_A(k, PyUnicode_Type)) {
            PyErr_SetString(PyExc_TypeError, "keywords must be strings");
            return 0;
        }
    return 1;
}
