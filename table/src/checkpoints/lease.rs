//! The lease of a stream: who polls it, until when, and the fence that orders its holders.
//!
//! ```text
//! acquire   nobody has it, it expired, or it is ours by name   fence + 1
//! renew     it is still ours by fence                          expires_at_ms = now + time to live
//! release   it is still ours by fence                          expires_at_ms = 0, the fence stays
//! ```
//!
//! **Invariant:** the fence never shrinks: the item is not deleted when the lease is released.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{
    AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure as OnFailure,
};

use super::{Checkpoints, Error, LEASE, is_refused, now, number, text};

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

    /// Who holds it.
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
    /// Takes the lease of a stream, or says who holds it.
    ///
    /// An owner takes over from itself at once: give a name that outlives the process only where no
    /// two processes can run under it, such as the only user of a database in a file.
    pub async fn acquire(
        &self,
        label: &str,
        owner: &str,
        time_to_live: Duration,
    ) -> Result<Lease, Error> {
        let now_ms = epoch_ms();
        let taken = self
            .update(label, LEASE)
            .update_expression(
                "SET #owner = :owner, #expires_at = :expires_at, #updated_at = :updated_at \
                 ADD #fence :one",
            )
            .condition_expression(
                "attribute_not_exists(#expires_at) OR #expires_at <= :now OR #owner = :owner",
            )
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_names("#expires_at", "expires_at_ms")
            .expression_attribute_names("#updated_at", "updated_at")
            .expression_attribute_names("#fence", "fence")
            .expression_attribute_values(":owner", AttributeValue::S(owner.to_owned()))
            .expression_attribute_values(":expires_at", number(later(now_ms, time_to_live)))
            .expression_attribute_values(":now", number(now_ms))
            .expression_attribute_values(":updated_at", now())
            .expression_attribute_values(":one", number(1))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(OnFailure::AllOld)
            .send()
            .await;
        let item = match taken {
            Ok(output) => output.attributes.unwrap_or_default(),
            Err(error) => {
                let Some(held) = error.as_service_error().and_then(|refused| match refused {
                    UpdateItemError::ConditionalCheckFailedException(refused) => refused.item(),
                    _ => None,
                }) else {
                    return Err(self.failure("taking the lease", error));
                };
                let expires_at = whole(held.get("expires_at_ms")).unwrap_or_default();
                return Err(Error::Held {
                    label: label.to_owned(),
                    owner: text(held, "owner").unwrap_or_default(),
                    remaining: Duration::from_millis(expires_at.saturating_sub(now_ms)),
                });
            }
        };
        let fence = whole(item.get("fence")).expect("ADD leaves a whole number");
        Ok(Lease { label: label.to_owned(), owner: owner.to_owned(), fence, time_to_live })
    }

    /// Keeps the lease for another time to live.
    pub async fn renew(&self, lease: &Lease) -> Result<(), Error> {
        let expires_at = later(epoch_ms(), lease.time_to_live);
        self.set_expiry(lease, expires_at, "renewing the lease").await
    }

    /// Gives the lease up, so that the next poller need not wait for it to expire.
    pub async fn release(&self, lease: &Lease) -> Result<(), Error> {
        self.set_expiry(lease, 0, "releasing the lease").await
    }

    async fn set_expiry(
        &self,
        lease: &Lease,
        expires_at: u64,
        action: &'static str,
    ) -> Result<(), Error> {
        let set = self
            .update(&lease.label, LEASE)
            .update_expression("SET #expires_at = :expires_at, #updated_at = :updated_at")
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

fn epoch_ms() -> u64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
    since_epoch.expect("the clock is past 1970").as_millis() as u64
}

fn later(now_ms: u64, time_to_live: Duration) -> u64 {
    now_ms.saturating_add(time_to_live.as_millis() as u64)
}

fn whole(value: Option<&AttributeValue>) -> Option<u64> {
    value?.as_n().ok()?.parse().ok()
}
