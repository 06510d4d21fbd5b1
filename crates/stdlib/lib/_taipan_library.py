"""Serves the standard library that is packed into the executable.

The library appears in sys.path as a folder that need not exist. A path hook recognizes that folder and those of the packages
below it, so that programs can shadow library modules just as they can where the library lies on disk.
"""

import _imp
import sys
import _frozen_importlib as _bootstrap


class LibraryLoader:
    """Loads one module of the packed library."""

    def __init__(self, name, path):
        self.name = name
        self.path = path

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        code = self.get_code(module.__name__)
        _bootstrap._call_with_frames_removed(exec, code, module.__dict__)

    def get_code(self, fullname):
        code = _imp.get_frozen_object(fullname)
        _imp._fix_co_filename(code, self.path)
        return code

    def get_source(self, fullname):
        return _imp.get_frozen_source(fullname)

    def get_filename(self, fullname):
        return self.path

    def is_package(self, fullname):
        return _imp.find_library(fullname)

    def get_data(self, path):
        data = None
        if path.startswith(_root + '/'):
            data = _imp.get_frozen_data(path[len(_root) + 1:])
        if data is None:
            raise FileNotFoundError(2, 'No such file or directory', path)
        return data


class LibraryFinder:
    """Finds the modules of one folder of the packed library."""

    def __init__(self, path):
        if path == _root:
            self.package = ''
        elif path.startswith(_root + '/'):
            self.package = path[len(_root) + 1:].replace('/', '.') + '.'
            if not _imp.find_library(self.package[:-1]):
                raise ImportError('not a package of the library', path=path)
        else:
            raise ImportError('not a folder of the library', path=path)
        self.path = path

    def find_spec(self, fullname, target=None):
        tail = fullname.rpartition('.')[2]
        is_package = _imp.find_library(self.package + tail)
        if is_package is None:
            return None
        stem = self.path + '/' + tail
        origin = stem + ('/__init__.py' if is_package else '.py')
        spec = _bootstrap.ModuleSpec(fullname, LibraryLoader(fullname, origin), origin=origin)
        if is_package:
            spec.submodule_search_locations = [stem]
        spec._set_fileattr = True
        return spec

    def invalidate_caches(self):
        pass

    def iter_modules(self, prefix=''):
        depth = self.package.count('.')
        for name in _imp._frozen_module_names():
            if name.startswith(self.package) and name.count('.') == depth:
                yield prefix + name[len(self.package):], _imp.find_library(name)


def install(root):
    """Makes the folder `root` stand for the library."""
    global _root
    _root = root
    # Before the hook for folders, which may exist.
    sys.path_hooks.insert(-1, LibraryFinder)
    sys.path_importer_cache[root] = LibraryFinder(root)
