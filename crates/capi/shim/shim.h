/* What the variadic functions of the C API need of the others. No Python headers: the interpreter builds without them. */
#ifndef TAIPAN_SHIM_H
#define TAIPAN_SHIM_H
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>

typedef struct Object Object;
typedef ssize_t Size;
typedef struct Writer Writer;
typedef struct { void *buf; Object *obj; Size len; Size itemsize; int readonly; int ndim; char *format; Size *shape, *strides, *suboffsets; void *internal; } Buffer;
typedef struct { double real, imag; } Complex;

extern Object *PyExc_TypeError, *PyExc_ValueError, *PyExc_OverflowError, *PyExc_SystemError, *PyExc_RuntimeWarning;
extern Object _Py_NoneStruct;
#define None (&_Py_NoneStruct)
extern char PyUnicode_Type, PyBytes_Type, PyByteArray_Type;

/* The type of an object, at its fixed place in the head. */
struct Object { uint64_t count; void *type; };
typedef struct { uint64_t head[3]; const char *name; } TypeHead;
#define TYPE_NAME(o) (((TypeHead *)(o)->type)->name)

int PyType_IsSubtype(void *, void *);
#define IS_A(o, t) ((o)->type == (void *)&(t) || PyType_IsSubtype((o)->type, &(t)))

void Py_IncRef(Object *);
void Py_DecRef(Object *);
void PyErr_SetString(Object *, const char *);
void PyErr_SetObject(Object *, Object *);
Object *PyErr_Occurred(void);
void PyErr_BadInternalCall(void);
void PyErr_WriteUnraisable(Object *);
int taipan_capi_warn_object(Object *, Size, Object *);
void taipan_capi_raise_from(Object *, Object *);

Writer *PyUnicodeWriter_Create(Size);
void PyUnicodeWriter_Discard(Writer *);
Object *PyUnicodeWriter_Finish(Writer *);
int PyUnicodeWriter_WriteChar(Writer *, uint32_t);
int PyUnicodeWriter_WriteStr(Writer *, Object *);
int PyUnicodeWriter_WriteRepr(Writer *, Object *);
int PyUnicodeWriter_WriteSubstring(Writer *, Object *, Size, Size);

Object *PyUnicode_FromString(const char *);
Object *PyUnicode_FromStringAndSize(const char *, Size);
Object *PyUnicode_DecodeUTF8(const char *, Size, const char *);
Object *PyUnicode_FromOrdinal(int);
Object *PyUnicode_FromWideChar(const int *, Size);
Object *PyUnicode_AsEncodedString(Object *, const char *, const char *);
const char *PyUnicode_AsUTF8AndSize(Object *, Size *);
Size PyUnicode_GetLength(Object *);
uint32_t PyUnicode_ReadChar(Object *, Size);
Object *PyObject_ASCII(Object *);
Object *PyObject_Str(Object *);
Object *PyObject_Repr(Object *);
Object *PyType_GetFullyQualifiedName(void *);

Object *PyBytes_FromStringAndSize(const char *, Size);
char *PyBytes_AsString(Object *);
Size PyBytes_Size(Object *);
char *PyByteArray_AsString(Object *);
Size PyByteArray_Size(Object *);

Object *PyLong_FromLongLong(long long);
Object *PyLong_FromUnsignedLongLong(unsigned long long);
long long PyLong_AsLongLong(Object *);
unsigned long PyLong_AsUnsignedLongMask(Object *);
Size PyLong_AsSsize_t(Object *);
Object *PyNumber_Index(Object *);
int PyIndex_Check(Object *);
Object *PyBool_FromLong(long);
Object *PyFloat_FromDouble(double);
double PyFloat_AsDouble(Object *);
Object *PyComplex_FromDoubles(double, double);
Complex PyComplex_AsCComplex(Object *);

Object *PyTuple_New(Size);
Size PyTuple_Size(Object *);
Object *PyTuple_GetItem(Object *, Size);
int PyTuple_SetItem(Object *, Size, Object *);
Object *PyList_New(Size);
int PyList_SetItem(Object *, Size, Object *);
Object *PyDict_New(void);
Size PyDict_Size(Object *);
int PyDict_SetItem(Object *, Object *, Object *);
int PyDict_Next(Object *, Size *, Object **, Object **);
Object *PyDict_GetItemWithError(Object *, Object *);
Object *PyDict_GetItemString(Object *, const char *);
int PyObject_GetBuffer(Object *, Buffer *, int);
void PyBuffer_Release(Buffer *);
int PyObject_IsTrue(Object *);
int PyCallable_Check(Object *);
int PySequence_Check(Object *);
Size PySequence_Size(Object *);
Object *PySequence_Fast(Object *, const char *);
Object *PySequence_GetItem(Object *, Size);
extern char PyTuple_Type, PyDict_Type;

Object *PyObject_CallObject(Object *, Object *);
Object *PyObject_Vectorcall(Object *, Object *const *, size_t, Object *);
Object *PyObject_GetAttr(Object *, Object *);
Object *PyObject_GetAttrString(Object *, const char *);
void *PyMem_Malloc(size_t);
void PyMem_Free(void *);

Object *PyUnicode_FromFormatV(const char *, va_list);
Object *PyErr_Format(Object *, const char *, ...);
Object *Py_VaBuildValue(const char *, va_list);
#endif
