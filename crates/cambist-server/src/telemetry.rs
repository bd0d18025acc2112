//! Logs, on standard error.

use tracing_subscriber::{EnvFilter, filter::ParseError, util::TryInitError};

use crate::config::LogFormat;

/// Why logs were not set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TelemetryError {
    /// The filter cannot be read.
    #[error("log filter {filter:?}: {source}")]
    Filter {
        /// The filter.
        filter: String,
        /// What is wrong with it.
        source: ParseError,
    },
    /// Logs are set up already.
    #[error(transparent)]
    Taken(#[from] TryInitError),
}

/// Sends logs to standard error. May be done once in a process.
///
/// # Errors
///
/// `TelemetryError`.
pub fn init(format: LogFormat, filter: &str) -> Result<(), TelemetryError> {
    use tracing_subscriber::util::SubscriberInitExt as _;

    let parsed = EnvFilter::try_new(filter).map_err(|source| TelemetryError::Filter {
        filter: filter.to_owned(),
        source,
    })?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(parsed)
        .with_writer(std::io::stderr);
    match format {
        LogFormat::Text => lines.finish().try_init()?,
        LogFormat::Json => lines.json().flatten_event(true).finish().try_init()?,
    }
    Ok(())
}
