//! The order of the steps: a step comes after those that write what it reads.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use petgraph::Direction;
use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;

use super::Step;
use crate::session::{Session, Target};
use crate::sql::Name;
use crate::{Error, Result};

/// What a step reads and writes, in one spelling per table.
#[derive(Debug, Default, Clone)]
pub(super) struct Footprint {
    pub(super) reads: BTreeSet<String>,
    pub(super) writes: BTreeSet<String>,
}

impl Footprint {
    /// Found by looking at the parsed statements.
    pub(super) fn of(step: &Step, session: &Session) -> Result<Self> {
        let mut footprint = Footprint::default();
        for parsed in &step.statements {
            let reads = parsed
                .statement
                .reads()
                .map_err(|error| step.script.locate(parsed.locate(error)))?;
            footprint
                .reads
                .extend(reads.iter().map(|name| key(name, session)));
            footprint
                .writes
                .extend(parsed.statement.writes().map(|name| key(name, session)));
            let models = parsed.statement.models();
            footprint.reads.extend(models.read.iter().map(model_key));
            footprint.writes.extend(models.kept.iter().map(model_key));
        }
        Ok(footprint)
    }
}

/// A model is no table: its key is none that a table can have.
fn model_key(name: &String) -> String {
    format!("model {name}")
}

/// Indexes of the steps in an order in which they can run; where the SQL leaves a choice, by name.
///
/// # Errors
/// Steps that wait for each other.
pub(super) fn order(steps: &[Step], footprints: &[Footprint]) -> Result<Vec<usize>> {
    let graph = dependencies(footprints);
    if let Some(cycle) = kosaraju_scc(&graph)
        .into_iter()
        .find(|component| component.len() > 1)
    {
        let mut names: Vec<_> = cycle
            .iter()
            .map(|node| steps[graph[*node]].name.as_str())
            .collect();
        names.sort_unstable();
        return Err(Error::input(format!("the steps {} wait for each other", names.join(", ")))
            .hint("one of them reads what another writes, in a circle: split a file, or read from another table"));
    }
    // Kahn's algorithm with a heap, because a plain topological sort leaves ties to chance.
    let mut waiting: BTreeMap<NodeIndex, usize> = graph
        .node_indices()
        .map(|node| {
            (
                node,
                graph.edges_directed(node, Direction::Incoming).count(),
            )
        })
        .collect();
    let mut ready: BinaryHeap<_> = waiting
        .iter()
        .filter(|(_, count)| **count == 0)
        .map(|(node, _)| Reverse(*node))
        .collect();
    let mut order = Vec::with_capacity(steps.len());
    while let Some(Reverse(node)) = ready.pop() {
        order.push(graph[node]);
        for edge in graph.edges(node) {
            if let Some(count) = waiting.get_mut(&edge.target()) {
                *count -= 1;
                if *count == 0 {
                    ready.push(Reverse(edge.target()));
                }
            }
        }
    }
    Ok(order)
}

/// Writer before reader; of two writers of one table, the one with the earlier name first.
fn dependencies(footprints: &[Footprint]) -> DiGraph<usize, ()> {
    let mut graph = DiGraph::new();
    let nodes: Vec<_> = (0..footprints.len())
        .map(|index| graph.add_node(index))
        .collect();
    for (writer, from) in footprints.iter().enumerate() {
        for (reader, to) in footprints
            .iter()
            .enumerate()
            .filter(|(reader, _)| *reader != writer)
        {
            let feeds = from.writes.iter().any(|table| to.reads.contains(table));
            let precedes =
                writer < reader && from.writes.iter().any(|table| to.writes.contains(table));
            if feeds || precedes {
                graph.update_edge(nodes[writer], nodes[reader], ());
            }
        }
    }
    graph
}

/// `t`, `raw.t` and `warehouse.raw.t` are one table. A name that means nothing yet stands for itself.
fn key(name: &Name, session: &Session) -> String {
    match session.resolve(name) {
        Ok(Target::Warehouse(id)) => id.to_string(),
        Ok(Target::Database {
            connection,
            schema,
            table,
        }) => format!("{}.{schema}.{table}", connection.name()),
        Err(_) => name.to_string(),
    }
}
