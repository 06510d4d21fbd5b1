//! Native modules of the network: `_socket`.
//!
//! - `socket.rs`: the type of sockets; `message.rs`: its `sendmsg` and `recvmsg`
//! - `address.rs`: addresses as Python shows them and as the system takes them
//! - `resolve.rs`: names of hosts, services, protocols and interfaces
//! - `convert.rs`: addresses and numbers in other notations, and the module's other small functions
//! - `arguments.rs`: arguments of functions whose texts of errors differ from the usual

#![allow(non_upper_case_globals)]

pub mod address;
pub mod arguments;
pub mod constants;
pub mod convert;
pub mod message;
pub mod module;
pub mod resolve;
pub mod socket;

use taipan_object::types::module::ModuleDef;

/// The modules of this crate.
pub static MODULES: &[&ModuleDef] = &[&module::MODULE];
