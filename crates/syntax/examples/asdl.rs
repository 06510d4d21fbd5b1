//! Prints the classes of the tree, as the ASDL has them.

fn main() {
    for ty in taipan_syntax::ast::table::TYPES {
        for node in ty.nodes {
            println!("{} {}", ty.name, node.signature());
        }
    }
}
