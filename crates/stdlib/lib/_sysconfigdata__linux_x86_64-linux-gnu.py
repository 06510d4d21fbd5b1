"""What sysconfig tells about the build. Taipan has no makefile: these are the variables that programs ask for."""

import sys

_version = "%d.%d" % sys.version_info[:2]
_prefix = sys.base_prefix
_exec_prefix = sys.base_exec_prefix
_multiarch = "x86_64-linux-gnu"
_soabi = "cpython-314-" + _multiarch
_lib = _prefix + "/lib"
_stdlib = "%s/python%s" % (_lib, _version)
_include = "%s/include/python%s" % (_prefix, _version)
_cflags = "-fno-strict-overflow -Wsign-compare -DNDEBUG -O3 -Wall"

# Sizes and alignments of C's types on x86-64 Linux.
_sizes = {
    "DOUBLE": 8, "FLOAT": 4, "FPOS_T": 16, "INT": 4, "LONG": 8, "LONG_DOUBLE": 16, "LONG_LONG": 8, "OFF_T": 8,
    "PID_T": 4, "PTHREAD_KEY_T": 4, "PTHREAD_T": 8, "SHORT": 2, "SIZE_T": 8, "TIME_T": 8, "UINTPTR_T": 8,
    "VOID_P": 8, "WCHAR_T": 4, "_BOOL": 1,
}

build_time_vars = {
    # names
    "ABIFLAGS": "",
    "BUILD_GNU_TYPE": "x86_64-pc-linux-gnu",
    "EXE": "",
    "EXT_SUFFIX": "." + _soabi + ".so",
    "HOST_GNU_TYPE": "x86_64-pc-linux-gnu",
    "LDVERSION": _version,
    "MACHDEP": "linux",
    "MULTIARCH": _multiarch,
    "PLATLIBDIR": "lib",
    "SHLIB_SUFFIX": ".so",
    "SOABI": _soabi,
    "VERSION": _version,
    # folders
    "BINDIR": _exec_prefix + "/bin",
    "BINLIBDEST": _stdlib,
    "CONFINCLUDEDIR": _prefix + "/include",
    "CONFINCLUDEPY": _include,
    "DESTDIRS": " ".join([_exec_prefix, _lib, _stdlib, _stdlib + "/lib-dynload"]),
    "DESTSHARED": _stdlib + "/lib-dynload",
    "INCLUDEDIR": _prefix + "/include",
    "INCLUDEPY": _include,
    "LIBDEST": _stdlib,
    "LIBDIR": _lib,
    "LIBPL": "%s/config-%s-%s" % (_stdlib, _version, _multiarch),
    "SCRIPTDIR": _lib,
    "TZPATH": "/usr/share/zoneinfo:/usr/lib/zoneinfo:/usr/share/lib/zoneinfo:/etc/zoneinfo",
    "exec_prefix": _exec_prefix,
    "prefix": _prefix,
    "srcdir": ".",
    # the C compiler that extension modules are built with
    "AR": "ar",
    "ARFLAGS": "rcs",
    "BLDSHARED": "cc -shared",
    "CC": "cc",
    "CCSHARED": "-fPIC",
    "CFLAGS": _cflags,
    "CPPFLAGS": "",
    "CXX": "c++",
    "LDCXXSHARED": "c++ -shared",
    "LDFLAGS": "",
    "LDSHARED": "cc -shared",
    "LIBS": "-ldl -lpthread -lm",
    "LINKCC": "cc",
    "LINKFORSHARED": "-Xlinker -export-dynamic",
    "OPT": "-DNDEBUG -O3 -Wall",
    "PY_CFLAGS": _cflags,
    "PY_CFLAGS_NODIST": "",
    "PY_CORE_CFLAGS": _cflags,
    "PY_LDFLAGS": "",
    "PY_LDFLAGS_NODIST": "",
    "SYSLIBS": "-lm",
    # there is no library to link with: the executable exports the symbols
    "INSTSONAME": "",
    "LDLIBRARY": "",
    "LDLIBRARYDIR": "",
    "LIBRARY": "",
    "PY_ENABLE_SHARED": 0,
    "Py_ENABLE_SHARED": 0,
    # how it was configured
    "AIX_BUILDDATE": 0,
    "ANDROID_API_LEVEL": 0,
    "CONFIG_ARGS": "",
    "HOSTRUNNER": "",
    "MACOSX_DEPLOYMENT_TARGET": "",
    "PGO_PROF_USE_FLAG": "",
    "PYTHONFRAMEWORK": "",
    "PYTHONFRAMEWORKDIR": "no-framework",
    "PYTHONFRAMEWORKPREFIX": "",
    "PY_BUILTIN_HASHLIB_HASHES": '"md5,sha1,sha2,sha3,blake2"',
    "PY_COERCE_C_LOCALE": 1,
    "PY_SUPPORT_TIER": 1,
    "Py_DEBUG": 0,
    "Py_GIL_DISABLED": 0,
    "Py_HASH_ALGORITHM": 0,
    "Py_STATS": 0,
    "Py_TRACE_REFS": 0,
    "TEST_MODULES": "yes",
    "WITH_DECIMAL_CONTEXTVAR": 1,
    "WITH_DOC_STRINGS": 1,
    "WITH_DTRACE": 0,
    "WITH_PYMALLOC": 0,
    "WITH_VALGRIND": 0,
    # what the system offers
    "HAVE_DYNAMIC_LOADING": 1,
    "HAVE_FORK": 1,
    "HAVE_GETENTROPY": 1,
    "HAVE_GETRANDOM": 1,
    "HAVE_GETRANDOM_SYSCALL": 1,
    "HAVE_PTHREAD_H": 1,
    "HAVE_SIGACTION": 1,
    "HAVE_VFORK": 1,
    "ALIGNOF_LONG": 8,
    "ALIGNOF_MAX_ALIGN_T": 16,
    "ALIGNOF_SIZE_T": 8,
    **{"SIZEOF_" + name: size for name, size in _sizes.items()},
}
