//! A grown tree: it predicts, and is kept as text.
//!
//! The text is the nodes, each before those below it: `3:0.5` asks whether the fourth feature is at most
//! 0.5, and what follows is the answer for yes and then for no; a number alone is a prediction. A tree
//! of thousands of nodes so stays one line of a kept model, and numbers come back as they were.

use std::fmt::Write;

use serde::{Deserialize, Serialize};

/// Nodes, each before those below it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub(super) struct Tree {
    pub(super) nodes: Vec<Node>,
}

/// A question or a prediction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Node {
    /// The node after this one is for values up to `cut`, the node `above` for the others.
    Question { feature: u32, above: u32, cut: f64 },
    /// What the tree says.
    Prediction(f64),
}

impl Tree {
    /// The prediction for a row.
    pub(super) fn predict(&self, row: &[f64]) -> f64 {
        let mut at = 0;
        loop {
            match self.nodes.get(at) {
                Some(Node::Question {
                    feature,
                    above,
                    cut,
                }) => {
                    at = match row[*feature as usize] <= *cut {
                        true => at + 1,
                        false => *above as usize,
                    };
                }
                Some(Node::Prediction(number)) => return *number,
                None => return 0.0,
            }
        }
    }

    /// The memory that it takes.
    pub(super) fn bytes(&self) -> usize {
        self.nodes.capacity() * size_of::<Node>()
    }
}

impl From<Tree> for String {
    fn from(tree: Tree) -> String {
        let mut text = String::new();
        for node in &tree.nodes {
            let space = if text.is_empty() { "" } else { " " };
            // Writing to a text cannot fail.
            let _ = match node {
                Node::Question { feature, cut, .. } => write!(text, "{space}{feature}:{cut:?}"),
                Node::Prediction(number) => write!(text, "{space}{number:?}"),
            };
        }
        text
    }
}

impl TryFrom<String> for Tree {
    type Error = String;

    fn try_from(text: String) -> Result<Tree, String> {
        let mut tree = Tree::default();
        // Questions that still want the node for their larger values.
        let mut open: Vec<usize> = vec![];
        let mut ended = false;
        for word in text.split(' ') {
            let fault = || format!("a tree holds '{word}'");
            if ended {
                return Err(fault());
            }
            match word.split_once(':') {
                Some((feature, cut)) => {
                    open.push(tree.nodes.len());
                    tree.nodes.push(Node::Question {
                        feature: feature.parse().map_err(|_| fault())?,
                        above: 0,
                        cut: cut.parse().map_err(|_| fault())?,
                    });
                }
                None => {
                    tree.nodes
                        .push(Node::Prediction(word.parse().map_err(|_| fault())?));
                    let next = u32::try_from(tree.nodes.len()).map_err(|_| fault())?;
                    match open.pop().and_then(|question| tree.nodes.get_mut(question)) {
                        Some(Node::Question { above, .. }) => *above = next,
                        _ => ended = true,
                    }
                }
            }
        }
        match ended {
            true => Ok(tree),
            false => Err("a tree ends early".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn text_comes_back_as_the_tree() {
        let text = "1:0.1 0:2.5 -1.0 0.30000000000000004 5e-324";
        let tree = Tree::try_from(text.to_owned()).unwrap();
        assert_eq!(tree.predict(&[2.5, 0.1]), -1.0);
        assert_eq!(tree.predict(&[2.6, 0.1]), 0.1 + 0.2);
        assert_eq!(tree.predict(&[2.6, 0.2]), 5e-324);
        assert_eq!(String::from(tree), text);
    }

    #[test]
    fn text_that_is_no_tree_is_refused() {
        for text in ["", "x", "1:2", "1:2 3", "1:y 1 2", "1 2"] {
            assert!(Tree::try_from(text.to_owned()).is_err(), "{text}");
        }
    }
}
