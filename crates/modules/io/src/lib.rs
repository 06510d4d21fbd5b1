//! Native modules: files, streams, the operating system, time and signals.
