//! Native modules: itertools, functools, collections, operator and other tools over Python objects.
