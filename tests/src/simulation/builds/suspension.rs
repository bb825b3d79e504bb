//! A process that is suspended, as a laptop that sleeps is: its requests are on their way, its
//! timers pass, and it continues later.
//!
//! **Invariant:** a suspended future is not polled.

use std::pin::pin;

use tokio::sync::watch;

/// Runs a future, but for the time in which it is suspended.
pub(super) async fn suspendable<F: Future>(
    future: F,
    mut suspended: watch::Receiver<bool>,
) -> F::Output {
    let mut future = pin!(future);
    loop {
        // Without its sender nobody suspends it, or lets it continue.
        if suspended.wait_for(|is_suspended| !is_suspended).await.is_err() {
            return future.await;
        }
        tokio::select! {
            biased;
            Ok(()) = suspended.changed() => {}
            output = &mut future => return output,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::{Instant, sleep};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_suspended_future_continues_when_it_is_allowed_to() {
        let (suspend, suspended) = watch::channel(false);
        let began = Instant::now();
        let task = tokio::spawn(suspendable(sleep(Duration::from_secs(2)), suspended));
        sleep(Duration::from_secs(1)).await;
        suspend.send_replace(true);
        sleep(Duration::from_secs(10)).await;
        assert!(!task.is_finished());
        suspend.send_replace(false);
        task.await.expect("no panic");
        assert_eq!(began.elapsed(), Duration::from_secs(11));
    }
}
