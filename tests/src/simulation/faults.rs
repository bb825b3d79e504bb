//! The fate of one request between the SDK and DynamoDB.
//!
//! ```text
//! SDK ── arrives? ──► refused? ── takes effect ──► answered? ──► SDK
//!          │ no                                        │ no
//!          └─ connection broken, or silence            └─ connection broken, or silence
//! ```
//!
//! A request that takes effect does so whether or not its sender still waits: the SDK may have
//! given the attempt up and sent another, the invocation may have died, the service may have begun
//! the next. It takes effect at the latest [`LATEST_ARRIVAL_MS`] after it was sent.
//!
//! How much the SDK retries is its own affair: its quotas belong to the connection, and a world has
//! a connection of its own, so that its fate does not depend on the worlds before it.

use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use tokio::time::Instant;

use super::dice::Dice;
use super::tally::Count;
use super::weather::Weather;

/// How long a request, and its answer, usually takes.
const USUAL_MS: RangeInclusive<u64> = 1..=15;
/// How long a slow one takes, less than the 10 s after which the SDK gives an attempt up: a later
/// answer is a lost one.
const SLOW_MS: [RangeInclusive<u64>; 3] = [50..=500, 1_000..=5_000, 5_000..=9_500];
/// The latest arrival of a request whose connection has broken or fallen silent.
const LATEST_ARRIVAL_MS: u64 = 40_000;
/// How long a burst of faults lasts. The eight attempts of the SDK take some 6 s.
const BURST_MS: [RangeInclusive<u64>; 3] = [200..=1_000, 1_000..=5_000, 10_000..=20_000];
/// A burst is everywhere so often; otherwise it is one partition's.
const EVERYWHERE_PER_MILLE: u32 = 300;
/// A request within a burst fails so often.
const BURST_FAILS_PER_MILLE: u32 = 950;
/// A lost or unarrived request meets silence so often, otherwise a broken connection.
const SILENCE_PER_MILLE: u32 = 300;
/// A connection breaks so often in a way that the SDK does not retry.
const NOT_RETRIED_PER_MILLE: u32 = 200;
/// A refusal is a transaction's conflict, or a denial, so often when it might be.
const CONFLICT_PER_MILLE: u32 = 250;
const DENIAL_PER_MILLE: u32 = 80;

/// The exceptions that say: too much, try again.
const THROTTLES: [&str; 3] =
    ["ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded"];

/// The same of the streams: too many readers of a shard.
const STREAMS_THROTTLE: &str = "LimitExceededException";
/// The exception that says: not allowed. It fails an invocation as a whole.
const DENIAL: &str = "AccessDeniedException";
/// The exception that says: a transaction was at the item. The SDK does not retry it.
const CONFLICT: &str = "TransactionConflictException";

/// The fate of a request.
#[derive(Clone, Debug)]
pub(crate) struct Fate {
    /// When it takes effect, or is refused; `None` if it never arrives.
    pub(crate) arrival: Option<Duration>,
    /// Why it is refused.
    pub(crate) refusal: Option<Refusal>,
    /// The answer that its sender gets.
    pub(crate) ending: Ending,
}

/// An exception.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) exception: &'static str,
}

/// The answer that the sender of a request gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The answer, so long after it was given.
    Answered(Duration),
    /// The connection broke so long after the request was sent.
    Broken { after: Duration, is_retried: bool },
    /// Nothing, ever.
    Silence,
}

/// A request, as far as its fate depends on it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sent<'a> {
    pub(crate) partition: &'a str,
    pub(crate) is_write: bool,
    pub(crate) service: Service,
}

/// The services of the SDK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    DynamoDb,
    Streams,
}

/// The fates of all requests of a world.
#[derive(Debug)]
pub(crate) struct Faults {
    dice: Dice,
    weather: Weather,
    bursts: Vec<Burst>,
}

#[derive(Debug)]
struct Burst {
    until: Instant,
    /// Whose requests fail; everybody's if nothing.
    partition: Option<String>,
}

impl Faults {
    /// Returns the faults of a world.
    pub(crate) fn new(dice: Dice, weather: Weather) -> Self {
        Self { dice, weather, bursts: Vec::new() }
    }

    /// Decides what becomes of a request.
    pub(crate) fn decide(&mut self, sent: Sent<'_>, is_calm: bool) -> Fate {
        let now = Instant::now();
        self.bursts.retain(|burst| burst.until > now);
        if is_calm {
            return self.served(USUAL_MS);
        }
        if self.dice.happens(self.weather.burst) {
            let everywhere = self.dice.happens(EVERYWHERE_PER_MILLE);
            let lasts = self.dice.pick(&BURST_MS);
            let until = now + self.dice.millis(lasts);
            let partition = (!everywhere).then(|| sent.partition.to_owned());
            self.bursts.push(Burst { until, partition });
        }
        let hits = |burst: &Burst| burst.partition.as_ref().is_none_or(|hit| hit == sent.partition);
        if self.bursts.iter().any(hits) && self.dice.happens(BURST_FAILS_PER_MILLE) {
            return self.refused(sent);
        }
        if self.dice.happens(self.weather.refused) {
            return self.refused(sent);
        }
        if self.dice.happens(self.weather.unreached) {
            let ending = self.unanswered();
            return Fate { arrival: None, refusal: None, ending };
        }
        if self.dice.happens(self.weather.lost) {
            let latest = self.dice.pick(&[20, 500, LATEST_ARRIVAL_MS]);
            let arrival = Some(self.dice.millis(1..=latest));
            return Fate { arrival, refusal: None, ending: self.unanswered() };
        }
        if self.dice.happens(self.weather.slow) {
            let slow = self.dice.pick(&SLOW_MS);
            return self.served(slow);
        }
        self.served(USUAL_MS)
    }

    fn served(&mut self, millis: RangeInclusive<u64>) -> Fate {
        let arrival = Some(self.dice.millis(millis));
        Fate { arrival, refusal: None, ending: Ending::Answered(self.dice.millis(USUAL_MS)) }
    }

    fn refused(&mut self, sent: Sent<'_>) -> Fate {
        let denial = Refusal { status: 400, exception: DENIAL };
        let conflict = Refusal { status: 400, exception: CONFLICT };
        let refusal = if self.dice.happens(DENIAL_PER_MILLE) {
            denial
        } else if sent.is_write && self.dice.happens(CONFLICT_PER_MILLE) {
            conflict
        } else {
            self.passing(sent.service)
        };
        Fate { refusal: Some(refusal), ..self.served(USUAL_MS) }
    }

    /// Returns a refusal that the SDK retries.
    fn passing(&mut self, service: Service) -> Refusal {
        let throttle = match service {
            Service::DynamoDb => self.dice.pick(&THROTTLES),
            Service::Streams => STREAMS_THROTTLE,
        };
        match self.dice.within(0..=4) {
            0 => Refusal { status: 500, exception: "InternalServerError" },
            1 => Refusal { status: 503, exception: "ServiceUnavailable" },
            _ => Refusal { status: 400, exception: throttle },
        }
    }

    fn unanswered(&mut self) -> Ending {
        if self.dice.happens(SILENCE_PER_MILLE) {
            return Ending::Silence;
        }
        let is_retried = !self.dice.happens(NOT_RETRIED_PER_MILLE);
        Ending::Broken { after: self.dice.millis(USUAL_MS), is_retried }
    }
}

impl fmt::Display for Fate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.arrival {
            Some(after) => write!(formatter, "arrives after {after:?}")?,
            None => formatter.write_str("never arrives")?,
        }
        if let Some(refusal) = self.refusal {
            write!(formatter, ", {}", refusal.exception)?;
        }
        match self.ending {
            Ending::Answered(_) => Ok(()),
            Ending::Broken { after, is_retried } => {
                write!(formatter, ", connection breaks after {after:?}, retried={is_retried}")
            }
            Ending::Silence => formatter.write_str(", silence"),
        }
    }
}

impl Refusal {
    /// Returns the count that it belongs to.
    pub(crate) fn count(self) -> Count {
        match self.exception {
            DENIAL => Count::Denials,
            CONFLICT => Count::Conflicts,
            STREAMS_THROTTLE => Count::Throttles,
            throttle if THROTTLES.contains(&throttle) => Count::Throttles,
            _ => Count::ServerErrors,
        }
    }
}
