/* Formatted text: PyUnicode_FromFormat and the functions that use it. */
#define _GNU_SOURCE
#include "shim.h"
#include <stdlib.h>

static int put(Writer *w, const char *s) {
    int r = 0;
    for (; *s && !r; s++) r = PyUnicodeWriter_WriteChar(w, (unsigned char)*s);
    return r;
}

/* Text with a width (padded on the left unless `left`) and a precision. */
static int put_object(Writer *w, Object *s, long width, long precision, int left) {
    Size n = PyUnicode_GetLength(s);
    if (n < 0) return -1;
    if (precision >= 0 && precision < n) n = precision;
    long pad = width > n ? width - n : 0;
    if (!left) for (long i = 0; i < pad; i++) if (PyUnicodeWriter_WriteChar(w, ' ')) return -1;
    if (PyUnicodeWriter_WriteSubstring(w, s, 0, n)) return -1;
    if (left) for (long i = 0; i < pad; i++) if (PyUnicodeWriter_WriteChar(w, ' ')) return -1;
    return 0;
}

static int put_new(Writer *w, Object *s, long width, long precision, int left) {
    if (!s) return -1;
    int r = put_object(w, s, width, precision, left);
    Py_DecRef(s);
    return r;
}

/* A C string of which at most `precision` bytes are read. */
static Object *text_of(const char *s, long precision) {
    size_t n = precision >= 0 ? strnlen(s, (size_t)precision) : strlen(s);
    return PyUnicode_DecodeUTF8(s, (Size)n, "replace");
}

static int number(Writer *w, unsigned long long magnitude, int negative, int base, int upper, long width, long precision, int zero, int left) {
    char digits[72];
    int n = 0;
    do {
        int d = (int)(magnitude % (unsigned)base);
        digits[n++] = (char)(d < 10 ? '0' + d : (upper ? 'A' : 'a') + d - 10);
        magnitude /= (unsigned)base;
    } while (magnitude);
    long zeros = precision > n ? precision - n : 0;
    if (zero && !left && width > n + negative + zeros) zeros = width - n - negative;
    long pad = width - n - negative - zeros;
    if (!left) for (; pad > 0; pad--) if (PyUnicodeWriter_WriteChar(w, ' ')) return -1;
    if (negative && PyUnicodeWriter_WriteChar(w, '-')) return -1;
    for (; zeros > 0; zeros--) if (PyUnicodeWriter_WriteChar(w, '0')) return -1;
    while (n) if (PyUnicodeWriter_WriteChar(w, (unsigned char)digits[--n])) return -1;
    for (; pad > 0; pad--) if (PyUnicodeWriter_WriteChar(w, ' ')) return -1;
    return 0;
}

static int write_format(Writer *w, const char *f, va_list args) {
    while (*f) {
        if (*f != '%') {
            const char *end = strchrnul(f, '%');
            Object *s = PyUnicode_DecodeUTF8(f, end - f, "strict");
            if (put_new(w, s, 0, -1, 0)) return -1;
            f = end;
            continue;
        }
        const char *start = f++;
        int left = 0, zero = 0, alternate = 0;
        for (;; f++) {
            if (*f == '-') left = 1;
            else if (*f == '0') zero = 1;
            else if (*f == '#') alternate = 1;
            else break;
        }
        long width = 0, precision = -1;
        if (*f == '*') {
            width = va_arg(args, int);
            if (width < 0) { left = 1; width = -width; }
            f++;
        } else {
            while (*f >= '0' && *f <= '9' && width < 100000000) width = width * 10 + (*f++ - '0');
        }
        if (*f == '.') {
            f++;
            precision = 0;
            if (*f == '*') { precision = va_arg(args, int); f++; }
            else while (*f >= '0' && *f <= '9' && precision < 100000000) precision = precision * 10 + (*f++ - '0');
        }
        char size = 0;
        if (*f == 'l') { size = 'l'; f++; if (*f == 'l') { size = 'q'; f++; } }
        else if (*f == 'z' || *f == 't' || *f == 'j') size = *f++;
        int r = 0;
        switch (*f) {
        case '%': r = PyUnicodeWriter_WriteChar(w, '%'); break;
        case 'c': {
            int c = va_arg(args, int);
            if (c < 0 || c > 0x10ffff) {
                PyErr_SetString(PyExc_OverflowError, "character argument not in range(0x110000)");
                return -1;
            }
            r = PyUnicodeWriter_WriteChar(w, (uint32_t)c);
            break;
        }
        case 'd': case 'i': {
            long long v = size == 'l' ? va_arg(args, long) : size == 'q' ? va_arg(args, long long) : size ? (long long)va_arg(args, ssize_t) : va_arg(args, int);
            r = number(w, v < 0 ? 0 - (unsigned long long)v : (unsigned long long)v, v < 0, 10, 0, width, precision, zero, left);
            break;
        }
        case 'u': case 'x': case 'X': case 'o': {
            unsigned long long v = size == 'l' ? va_arg(args, unsigned long) : size == 'q' ? va_arg(args, unsigned long long) : size ? va_arg(args, size_t) : va_arg(args, unsigned);
            int base = *f == 'u' ? 10 : *f == 'o' ? 8 : 16;
            r = number(w, v, 0, base, *f == 'X', width, precision, zero, left);
            break;
        }
        case 'p': {
            char buf[40];
            snprintf(buf, sizeof buf, "%p", va_arg(args, void *));
            if (buf[0] != '0') { memmove(buf + 2, buf, strlen(buf) + 1); buf[0] = '0'; buf[1] = 'x'; }
            r = put(w, buf);
            break;
        }
        case 's':
            if (size == 'l') r = put_new(w, PyUnicode_FromWideChar(va_arg(args, const int *), -1), width, precision, left);
            else r = put_new(w, text_of(va_arg(args, const char *), precision), width, precision, left);
            break;
        case 'U': r = put_object(w, va_arg(args, Object *), width, precision, left); break;
        case 'V': {
            Object *o = va_arg(args, Object *);
            const char *s = va_arg(args, const char *);
            r = o ? put_object(w, o, width, precision, left) : put_new(w, text_of(s, precision), width, precision, left);
            break;
        }
        case 'S': r = put_new(w, PyObject_Str(va_arg(args, Object *)), width, precision, left); break;
        case 'R': r = put_new(w, PyObject_Repr(va_arg(args, Object *)), width, precision, left); break;
        case 'A': r = put_new(w, PyObject_ASCII(va_arg(args, Object *)), width, precision, left); break;
        case 'T': case 'N': {
            Object *o = va_arg(args, Object *);
            Object *name = PyType_GetFullyQualifiedName(*f == 'T' ? o->type : (void *)o);
            (void)alternate;
            r = put_new(w, name, width, precision, left);
            break;
        }
        default: {
            char message[80];
            snprintf(message, sizeof message, "invalid format string: %.40s", start);
            PyErr_SetString(PyExc_SystemError, message);
            return -1;
        }
        }
        if (r) return -1;
        f++;
    }
    return 0;
}

Object *PyUnicode_FromFormatV(const char *f, va_list args) {
    Writer *w = PyUnicodeWriter_Create((Size)strlen(f) + 100);
    if (!w) return NULL;
    va_list copy;
    va_copy(copy, args);
    int r = write_format(w, f, copy);
    va_end(copy);
    if (r) {
        PyUnicodeWriter_Discard(w);
        return NULL;
    }
    return PyUnicodeWriter_Finish(w);
}

#define FORMATTED(result, f) va_list args; va_start(args, f); Object *result = PyUnicode_FromFormatV(f, args); va_end(args)

Object *PyUnicode_FromFormat(const char *f, ...) {
    FORMATTED(s, f);
    return s;
}

int PyUnicodeWriter_Format(Writer *w, const char *f, ...) {
    va_list args;
    va_start(args, f);
    int r = write_format(w, f, args);
    va_end(args);
    return r;
}

Object *PyErr_FormatV(Object *type, const char *f, va_list args) {
    Object *s = PyUnicode_FromFormatV(f, args);
    if (s) {
        PyErr_SetObject(type, s);
        Py_DecRef(s);
    }
    return NULL;
}

Object *PyErr_Format(Object *type, const char *f, ...) {
    va_list args;
    va_start(args, f);
    PyErr_FormatV(type, f, args);
    va_end(args);
    return NULL;
}

Object *_PyErr_FormatFromCause(Object *type, const char *f, ...) {
    FORMATTED(s, f);
    if (s) {
        taipan_capi_raise_from(type, s);
        Py_DecRef(s);
    }
    return NULL;
}

int PyErr_WarnFormat(Object *category, Size level, const char *f, ...) {
    FORMATTED(s, f);
    if (!s) return -1;
    int r = taipan_capi_warn_object(category, level, s);
    Py_DecRef(s);
    return r;
}

void PyErr_FormatUnraisable(const char *f, ...) {
    (void)f;
    PyErr_WriteUnraisable(NULL);
}

Object *PyBytes_FromFormat(const char *f, ...) {
    FORMATTED(s, f);
    if (!s) return NULL;
    Object *b = PyUnicode_AsEncodedString(s, "latin-1", "strict");
    Py_DecRef(s);
    return b;
}

int PyOS_vsnprintf(char *buf, size_t n, const char *f, va_list args) {
    int r = vsnprintf(buf, n, f, args);
    if (n) buf[n - 1] = 0;
    return r;
}

int PyOS_snprintf(char *buf, size_t n, const char *f, ...) {
    va_list args;
    va_start(args, f);
    int r = PyOS_vsnprintf(buf, n, f, args);
    va_end(args);
    return r;
}

void PySys_WriteStdout(const char *f, ...) {
    va_list args;
    va_start(args, f);
    vfprintf(stdout, f, args);
    fflush(stdout);
    va_end(args);
}

void PySys_WriteStderr(const char *f, ...) {
    va_list args;
    va_start(args, f);
    vfprintf(stderr, f, args);
    va_end(args);
}
