//! The frame of a program: its logs from the beginning, its metrics and traces to the end.

use std::error::Error;
use std::process::ExitCode;

use weir_table::error::chain;
use weir_telemetry::log::Format;

/// Runs a program, and returns its exit code. An error is logged with its causes.
///
/// `service` names the program in metrics and traces. `elsewhere` is the format of its logs outside
/// Lambda; on Lambda they are JSON. Metrics and traces are sent before the program ends.
pub async fn run<E>(
    service: &'static str,
    elsewhere: Format,
    program: impl Future<Output = Result<(), E>>,
) -> ExitCode
where
    E: Into<Box<dyn Error + Send + Sync>>,
{
    weir_telemetry::start(service, elsewhere);
    let ended = program.await;
    weir_telemetry::flush().await;
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let error = error.into();
            tracing::error!(error = chain(error.as_ref()), "the {service} cannot run");
            ExitCode::FAILURE
        }
    }
}
