//! Native modules: strings, patterns, encodings and formats.
