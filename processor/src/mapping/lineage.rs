//! Which shards may be read now.
//!
//! A shard ends after some hours, or splits, and its keys continue in its children. Changes of one
//! item are in order only if the parent is read to its end before a child is begun:
//!
//! ```text
//! parent …            the child
//! was read to its end may start
//! is being read       waits
//! is listed           waits: the parent comes first
//! is not listed       may start: the parent was trimmed, nothing of it is left
//! ```

use std::collections::HashSet;

use weir_table::checkpoints::Saved;

/// A shard as DynamoDB lists it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Shard {
    pub(super) id: String,
    pub(super) parent: Option<String>,
}

/// The shards to start, given all that are listed, those finished, and those being read.
pub(super) fn startable<'a>(
    shards: &'a [Shard],
    finished: &HashSet<String>,
    running: &HashSet<String>,
) -> Vec<&'a Shard> {
    let listed: HashSet<&str> = shards.iter().map(|shard| shard.id.as_str()).collect();
    let ready = |parent: &String| {
        finished.contains(parent) || !(running.contains(parent) || listed.contains(parent.as_str()))
    };
    shards
        .iter()
        .filter(|shard| !finished.contains(&shard.id) && !running.contains(&shard.id))
        .filter(|shard| shard.parent.as_ref().is_none_or(ready))
        .collect()
}

/// The checkpoints of shards that are gone though they were not read to their end: their last
/// records are lost.
pub(super) fn lost<'a>(shards: &[Shard], saved: &'a [Saved]) -> Vec<&'a Saved> {
    let is_listed = |id: &String| shards.iter().any(|shard| shard.id == *id);
    saved
        .iter()
        .filter(|saved| !saved.checkpoint.done && !is_listed(&saved.checkpoint.shard_id))
        .collect()
}

#[cfg(test)]
mod tests {
    use weir_table::checkpoints::Checkpoint;

    use super::*;

    /// Shards as `id` or `id<parent`.
    fn shards(text: &str) -> Vec<Shard> {
        let shard = |word: &str| match word.split_once('<') {
            Some((id, parent)) => Shard { id: id.into(), parent: Some(parent.into()) },
            None => Shard { id: word.into(), parent: None },
        };
        text.split_whitespace().map(shard).collect()
    }

    fn check(listed: &str, finished: &str, running: &str, expected: &str) {
        let set = |text: &str| text.split_whitespace().map(str::to_owned).collect();
        let listed = shards(listed);
        let started = startable(&listed, &set(finished), &set(running));
        let started: Vec<_> = started.into_iter().map(|shard| shard.id.as_str()).collect();
        assert_eq!(started.join(" "), expected);
    }

    #[test]
    fn roots_start_and_their_children_wait() {
        check("a b c<a d<a", "", "", "a b");
        check("a b c<a d<a", "", "a b", "");
    }

    #[test]
    fn both_halves_of_a_split_start_when_the_parent_is_done() {
        check("a b c<a d<a e<c", "a", "b", "c d");
    }

    #[test]
    fn a_finished_shard_is_not_started_again() {
        check("a b<a", "a b", "", "");
    }

    #[test]
    fn a_child_of_a_trimmed_parent_starts() {
        check("c<a d<c", "", "", "c");
    }

    #[test]
    fn a_parent_still_being_read_holds_its_child_though_no_longer_listed() {
        check("c<a", "", "a", "");
    }

    #[test]
    fn the_order_of_the_list_does_not_matter() {
        check("d<c c<a a", "", "", "a");
    }

    #[test]
    fn an_unread_shard_that_is_gone_is_lost() {
        let checkpoint = |id: &str, done| Saved {
            checkpoint: Checkpoint {
                shard_id: id.to_owned(),
                sequence_number: Some("1".to_owned()),
                done,
                ..Checkpoint::default()
            },
            saved_at: 0,
            updated_at: String::new(),
        };
        let checkpoints = [checkpoint("a", true), checkpoint("b", false), checkpoint("c", false)];
        let lost: Vec<_> = lost(&shards("c<b"), &checkpoints)
            .into_iter()
            .map(|saved| saved.checkpoint.shard_id.as_str())
            .collect();
        assert_eq!(lost, ["b"]);
    }
}
