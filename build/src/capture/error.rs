//! Why a capture cannot be used, by what to do next.

use thiserror::Error;
use weir_processor::mapping::{self, ShardReadError};

use crate::spool::SpoolError;

/// A capture that cannot be used. If it [needs a new cut](Self::needs_new_cut), the builder gives
/// the revision up and chooses one; else the same command continues.
#[derive(Debug, Error)]
pub enum CaptureError {
    /// Choose a new cut.
    #[error(
        "in shard {shard_id}, record {sequence} of second {seconds} comes after one of the cut \
         {cut} or later: the clock of DynamoDB stepped back across the cut"
    )]
    ClockStepped {
        /// The shard.
        shard_id: String,
        /// The sequence number of the record.
        sequence: String,
        /// Its time, in seconds since 1970.
        seconds: u32,
        /// The cut, in seconds since 1970.
        cut: u32,
    },
    /// Choose a new cut, with a longer margin.
    #[error(
        "in shard {shard_id}, record {sequence} of second {seconds} was read before DynamoDB's \
         clock reached the cut {cut}: a record from before the cut was chosen may have such a \
         time, too; if this happens again, raise `--cut-margin`"
    )]
    ClockAhead {
        /// The shard.
        shard_id: String,
        /// The sequence number of the record.
        sequence: String,
        /// Its time, in seconds since 1970.
        seconds: u32,
        /// The cut, in seconds since 1970.
        cut: u32,
    },
    /// Choose a new cut.
    #[error(
        "in shard {shard_id}, record {sequence} has no time, so it cannot be compared with the cut"
    )]
    NoTime {
        /// The shard.
        shard_id: String,
        /// The sequence number of the record.
        sequence: String,
    },
    /// Choose a new cut.
    #[error("records of shard {shard_id} were trimmed before they were read")]
    Gap {
        /// The shard.
        shard_id: String,
    },
    /// Choose a new cut.
    #[error("the cut {cut} is older than the 24 hours for which the stream keeps records")]
    CutTooOld {
        /// The cut, in seconds since 1970.
        cut: u32,
    },
    /// Enable the stream, then choose a new cut.
    #[error("stream {arn} is disabled; enable a stream with NEW_AND_OLD_IMAGES")]
    Disabled {
        /// The stream.
        arn: String,
    },
    /// Change the stream, then choose a new cut.
    #[error("the stream has the view type {view_type}, expected NEW_AND_OLD_IMAGES")]
    ViewType {
        /// The view type of the stream.
        view_type: String,
    },
    /// Build again: with a new cut if the stream no longer exists, else with the same one.
    #[error(transparent)]
    Stream(#[from] mapping::Error),
    /// Do what the error of the record asks, then build again with the same cut.
    #[error("could not read shard {shard_id}: {source}")]
    Shard {
        /// The shard.
        shard_id: String,
        /// The error of DynamoDB or of a record.
        source: ShardReadError,
    },
    /// Do what the error of the spool asks.
    #[error(transparent)]
    Spool(#[from] SpoolError),
}

impl CaptureError {
    /// Returns whether a build with the same cut cannot succeed any more.
    pub fn needs_new_cut(&self) -> bool {
        match self {
            Self::ClockStepped { .. }
            | Self::ClockAhead { .. }
            | Self::NoTime { .. }
            | Self::Gap { .. }
            | Self::CutTooOld { .. }
            | Self::Disabled { .. }
            | Self::ViewType { .. }
            | Self::Stream(mapping::Error::Gone { .. })
            | Self::Shard { source: ShardReadError::Record(_), .. } => true,
            Self::Stream(_) | Self::Shard { .. } | Self::Spool(_) => false,
        }
    }

    /// Returns whether the numbers of a revision with the same cut may be wrong, whoever built it.
    pub fn disproves_revision(&self) -> bool {
        match self {
            Self::ClockStepped { .. } | Self::ClockAhead { .. } | Self::NoTime { .. } => true,
            Self::Gap { .. }
            | Self::CutTooOld { .. }
            | Self::Disabled { .. }
            | Self::ViewType { .. }
            | Self::Stream(_)
            | Self::Shard { .. }
            | Self::Spool(_) => false,
        }
    }
}
