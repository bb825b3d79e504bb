//! Changes of items counted in rollups without a stream: folded as if one shard had them.

use weir_model::Model;
use weir_rollups::{Change, Image, fold};
use weir_table::{Rollups, ShardId};

/// When every change happened: 2026-11-20T06:40:54Z.
const SECONDS: u32 = 1_795_153_254;

/// Returns the shard that all changes are in.
pub fn shard() -> ShardId {
    ShardId::new("2026-11-20T00:00:00.000", "shardId-1")
}

/// Returns a change of the shard.
///
/// # Panics
/// If the number is not a sequence number.
pub fn change(sequence: usize, image: Image) -> Change {
    let sequence = sequence.to_string().parse().expect("a sequence number");
    Change { sequence, seconds: SECONDS, image }
}

/// Counts changes, as one batch.
///
/// # Panics
/// If an update is not applied.
pub async fn count(model: &Model, rollups: &Rollups, changes: &[Change]) {
    let shard = shard();
    for update in fold(model, &shard.id, changes).updates {
        let applied = rollups.apply(&shard, &update).await;
        applied.expect("applied");
    }
}
