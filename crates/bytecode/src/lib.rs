//! The opcode table, instruction encoding, location and exception tables, code objects as plain data, marshal.
