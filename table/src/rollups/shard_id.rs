//! The identity of the shard whose records are applied.

use weir_rollups::watermark;

/// The identity of a shard of a table's stream: the ids of shards are unique within their stream.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ShardId {
    /// The label of the stream: the last part of its ARN.
    pub stream_label: String,
    /// The id of the shard, `shardId-…`.
    pub id: String,
}

impl ShardId {
    /// Creates the identity of a shard from the label of its stream and its own id.
    pub fn new(stream_label: impl Into<String>, id: impl Into<String>) -> Self {
        Self { stream_label: stream_label.into(), id: id.into() }
    }

    /// Returns the name of the attribute in which rollup items and rows keep the watermark of the
    /// shard.
    pub(super) fn watermark_name(&self) -> String {
        watermark::name(&self.stream_label, &self.id)
    }
}
