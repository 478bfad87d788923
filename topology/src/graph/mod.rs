//! The operator's graph: nodes by key and the links between them.

// What it is.
mod link;
mod model;
mod node;
// How it comes about.
mod assemble;
mod key;
mod neighbours;
// Whether it hangs together.
mod shape;

pub(crate) use crate::graph::assemble::assemble;
pub(crate) use crate::graph::key::name_nodes;
pub(crate) use crate::graph::link::Link;
pub(crate) use crate::graph::model::Graph;
pub(crate) use crate::graph::node::{Node, NodeIndex, Position, Role};
pub(crate) use crate::graph::shape::check_shape;
