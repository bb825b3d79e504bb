//! The lease of a stream: who polls it, for how long, and the fence that orders its holders.
//!
//! ```text
//! acquire     nobody has it, it was given up, or it is ours by name   fence + 1
//! take over   it is still as it was seen                              fence + 1
//! renew       it is still ours by fence                               renewals + 1
//! release     it is still ours by fence                               expires_at_ms = 0
//! break       it is still as it was seen                              expires_at_ms = 0, fence + 1
//! ```
//!
//! No clock is compared with another one. A poller that waits takes the lease over once the item
//! has not changed for its time to live, measured on the waiting poller's own monotonic clock: see
//! [`LeaseWatch`]. `expires_at_ms`, by the clock of the holder, is for people who read the item;
//! only its value 0 decides anything.
//!
//! **Invariant:** the fence never shrinks: the item is not deleted when the lease is released.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{
    AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure as OnFailure,
};

use super::held::HeldLease;
use super::{Checkpoints, Error, LEASE, is_refused, now, number, whole};

/// The expiry of a lease that was given up.
const GIVEN_UP: u64 = 0;
/// Holds only while the item is as it was seen; an attribute that it did not have is still absent.
const UNCHANGED: &str = "#fence = :seen_fence AND #expires_at = :seen_expires_at";

/// The right to poll a stream until it expires.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Lease {
    label: String,
    owner: String,
    fence: u64,
    time_to_live: Duration,
}

impl Lease {
    /// The stream.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// Its holder.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// Greater for every holder than for all before.
    pub fn fence(&self) -> u64 {
        self.fence
    }

    /// How long it lasts after it was taken or renewed.
    pub fn time_to_live(&self) -> Duration {
        self.time_to_live
    }
}

impl Checkpoints {
    /// Takes the lease of a stream if nobody has it or it was given up.
    ///
    /// An owner takes over from itself at once: give a name that outlives the process only where no
    /// two processes can run under it, such as the only user of a database in a file.
    ///
    /// # Errors
    /// [`Error::Held`] with the lease as it is, for a [`LeaseWatch`](super::LeaseWatch) to judge.
    pub async fn acquire(
        &self,
        label: &str,
        owner: &str,
        time_to_live: Duration,
    ) -> Result<Lease, Error> {
        let request = self.taking(label, owner, time_to_live);
        let request = request
            .condition_expression(
                "attribute_not_exists(#expires_at) OR #expires_at = :given_up OR #owner = :owner",
            )
            .expression_attribute_values(":given_up", number(GIVEN_UP));
        self.take(label, owner, time_to_live, request).await
    }

    /// Takes a lease that another poller holds and does not renew any more.
    ///
    /// # Errors
    /// [`Error::Held`] if it was renewed, or taken by another poller, since it was seen.
    pub async fn take_over(
        &self,
        held: &HeldLease,
        owner: &str,
        time_to_live: Duration,
    ) -> Result<Lease, Error> {
        let label = held.label.as_str();
        let request = if_unchanged(self.taking(label, owner, time_to_live), held);
        self.take(label, owner, time_to_live, request).await
    }

    /// Keeps the lease for another time to live.
    pub async fn renew(&self, lease: &Lease) -> Result<(), Error> {
        let request = self
            .update(&lease.label, LEASE)
            .update_expression(
                "SET #expires_at = :expires_at, #time_to_live = :time_to_live, \
                 #updated_at = :updated_at ADD #renewals :one",
            )
            .expression_attribute_names("#renewals", "renewals")
            .expression_attribute_names("#time_to_live", "time_to_live_ms")
            .expression_attribute_values(":time_to_live", millis(lease.time_to_live))
            .expression_attribute_values(":one", number(1));
        self.set_expiry(lease, later(lease.time_to_live), request, "renewing the lease").await
    }

    /// Gives the lease up, so that the next poller need not wait for it to expire.
    pub async fn release(&self, lease: &Lease) -> Result<(), Error> {
        let request = self
            .update(&lease.label, LEASE)
            .update_expression("SET #expires_at = :expires_at, #updated_at = :updated_at");
        self.set_expiry(lease, GIVEN_UP, request, "releasing the lease").await
    }

    /// The lease of a stream if a poller holds it, strongly consistent.
    pub async fn held_lease(&self, label: &str) -> Result<Option<HeldLease>, Error> {
        let read = self
            .client
            .get_item()
            .table_name(&self.table_name)
            .set_key(Some(self.key(label, LEASE)))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| self.failure("reading the lease", error))?;
        let held = read.item.map(|item| HeldLease::from_item(label, &item));
        Ok(held.filter(|held| held.expires_at_ms != GIVEN_UP))
    }

    /// Gives up a lease on behalf of its holder, which stops at its next renewal.
    ///
    /// # Errors
    /// [`Error::Held`] if it was renewed, or taken by another poller, since it was seen.
    pub async fn break_lease(&self, held: &HeldLease) -> Result<(), Error> {
        let request = self
            .update(&held.label, LEASE)
            .update_expression(
                "SET #expires_at = :expires_at, #updated_at = :updated_at ADD #fence :one",
            )
            .expression_attribute_names("#updated_at", "updated_at")
            .expression_attribute_values(":expires_at", number(GIVEN_UP))
            .expression_attribute_values(":updated_at", now())
            .expression_attribute_values(":one", number(1))
            .return_values_on_condition_check_failure(OnFailure::AllOld);
        match if_unchanged(request, held).send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(match held_by(&held.label, error.as_service_error()) {
                Some(held) => Error::Held(Box::new(held)),
                None => self.failure("breaking the lease", error),
            }),
        }
    }

    /// The update that takes the lease, still without its condition.
    fn taking(&self, label: &str, owner: &str, time_to_live: Duration) -> UpdateItemFluentBuilder {
        self.update(label, LEASE)
            .update_expression(
                "SET #owner = :owner, #expires_at = :expires_at, #time_to_live = :time_to_live, \
                 #updated_at = :updated_at ADD #fence :one",
            )
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_names("#expires_at", "expires_at_ms")
            .expression_attribute_names("#time_to_live", "time_to_live_ms")
            .expression_attribute_names("#updated_at", "updated_at")
            .expression_attribute_names("#fence", "fence")
            .expression_attribute_values(":owner", AttributeValue::S(owner.to_owned()))
            .expression_attribute_values(":expires_at", number(later(time_to_live)))
            .expression_attribute_values(":time_to_live", millis(time_to_live))
            .expression_attribute_values(":updated_at", now())
            .expression_attribute_values(":one", number(1))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(OnFailure::AllOld)
    }

    async fn take(
        &self,
        label: &str,
        owner: &str,
        time_to_live: Duration,
        request: UpdateItemFluentBuilder,
    ) -> Result<Lease, Error> {
        let item = match request.send().await {
            Ok(output) => output.attributes.unwrap_or_default(),
            Err(error) => {
                return Err(match held_by(label, error.as_service_error()) {
                    Some(held) => Error::Held(Box::new(held)),
                    None => self.failure("taking the lease", error),
                });
            }
        };
        let fence = whole(item.get("fence")).expect("ADD leaves a whole number");
        Ok(Lease { label: label.to_owned(), owner: owner.to_owned(), fence, time_to_live })
    }

    async fn set_expiry(
        &self,
        lease: &Lease,
        expires_at: u64,
        request: UpdateItemFluentBuilder,
        action: &'static str,
    ) -> Result<(), Error> {
        let set = request
            .condition_expression("#fence = :fence")
            .expression_attribute_names("#expires_at", "expires_at_ms")
            .expression_attribute_names("#updated_at", "updated_at")
            .expression_attribute_names("#fence", "fence")
            .expression_attribute_values(":expires_at", number(expires_at))
            .expression_attribute_values(":updated_at", now())
            .expression_attribute_values(":fence", number(lease.fence))
            .send()
            .await;
        match set {
            Ok(_) => Ok(()),
            Err(error) if is_refused(&error) => Err(Error::Lost { label: lease.label.clone() }),
            Err(error) => Err(self.failure(action, error)),
        }
    }
}

/// Adds the condition that the lease is as it was seen.
fn if_unchanged(request: UpdateItemFluentBuilder, held: &HeldLease) -> UpdateItemFluentBuilder {
    let request = request
        .expression_attribute_names("#expires_at", "expires_at_ms")
        .expression_attribute_names("#fence", "fence")
        .expression_attribute_names("#renewals", "renewals")
        .expression_attribute_values(":seen_fence", number(held.fence))
        .expression_attribute_values(":seen_expires_at", number(held.expires_at_ms));
    match held.renewals {
        Some(renewals) => request
            .condition_expression(format!("{UNCHANGED} AND #renewals = :seen_renewals"))
            .expression_attribute_values(":seen_renewals", number(renewals)),
        None => {
            request.condition_expression(format!("{UNCHANGED} AND attribute_not_exists(#renewals)"))
        }
    }
}

/// The lease whose condition made a write fail.
fn held_by(label: &str, error: Option<&UpdateItemError>) -> Option<HeldLease> {
    match error? {
        UpdateItemError::ConditionalCheckFailedException(failed) => {
            failed.item().map(|item| HeldLease::from_item(label, item))
        }
        _ => None,
    }
}

/// The expiry of a lease that begins now, by the clock of this machine.
fn later(time_to_live: Duration) -> u64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let expires_at = since_epoch.saturating_add(time_to_live).as_millis();
    u64::try_from(expires_at).unwrap_or(u64::MAX).max(GIVEN_UP + 1)
}

fn millis(duration: Duration) -> AttributeValue {
    number(duration.as_millis())
}
