//! Why a capture cannot be used, by what to do next.

use thiserror::Error;
use weir_processor::mapping::{self, ShardReadError};

use crate::spool::SpoolError;

/// A capture that cannot be used. Each error but the last ones ends the build of the cut: the rows
/// of the revision are removed, and a new cut is chosen.
#[derive(Debug, Error)]
pub enum CaptureError {
    /// Build again with a new cut.
    #[error(
        "in shard {shard_id}, record {sequence} of second {seconds} comes after one of the cut \
         {cut} or later: the clock of DynamoDB stepped back across the cut; build again with a new \
         cut"
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
    /// Build again with a new cut.
    #[error(
        "in shard {shard_id}, record {sequence} of second {seconds} was read before DynamoDB's \
         clock reached the cut {cut}: a record from before the cut was chosen may have such a \
         time, too; build again with a new cut, and a longer margin of the cut"
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
    /// Build again with a new cut.
    #[error(
        "in shard {shard_id}, record {sequence} has no time, so it cannot be compared with the \
         cut; build again with a new cut"
    )]
    NoTime {
        /// The shard.
        shard_id: String,
        /// The sequence number of the record.
        sequence: String,
    },
    /// Build again with a new cut.
    #[error(
        "records of shard {shard_id} were trimmed before they were read; build again with a new cut"
    )]
    Gap {
        /// The shard.
        shard_id: String,
    },
    /// Build again with a new cut.
    #[error(
        "the cut {cut} is older than the 24 hours for which the stream keeps records; build again \
         with a new cut"
    )]
    CutTooOld {
        /// The cut, in seconds since 1970.
        cut: u32,
    },
    /// Enable the stream, then build again with a new cut.
    #[error(
        "stream {arn} is disabled; enable a stream with NEW_AND_OLD_IMAGES, then build again with \
         a new cut"
    )]
    Disabled {
        /// The stream.
        arn: String,
    },
    /// Change the stream, then build again with a new cut.
    #[error(
        "the stream has the view type {view_type}, expected NEW_AND_OLD_IMAGES; change the stream, \
         then build again with a new cut"
    )]
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
