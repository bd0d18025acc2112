//! The subcommands, a file each.

mod bench;
mod check;
mod demo;
mod diff;
mod explain;
mod reach;
mod serve;
mod stop;
mod studied;

use std::{error::Error, fmt, io::Write as _, process::ExitCode};

use clap::{Parser, Subcommand};

/// Cambist: who may exchange which token for which, decided and explained.
#[derive(Debug, Parser)]
#[command(name = "cambist", version, about)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve realms over HTTP.
    Serve(Box<serve::Arguments>),
    /// Measure what decisions and exchanges of a realm cost on this machine.
    Bench(bench::Arguments),
    /// Play a whole exchange against a server of its own, and explain it.
    Demo(demo::Arguments),
    /// Say what would be decided on an exchange, and why. Mints nothing.
    Explain(Box<explain::Arguments>),
    /// Read a realm file and tell what a person should know of it.
    Check(check::Arguments),
    /// Tell which client can come to a token for which other, by any number of exchanges.
    Reach(reach::Arguments),
    /// Tell what the second realm file allows that the first does not, and the other way round.
    Diff(diff::Arguments),
}

/// Runs a command to its end.
pub fn run(cli: Cli) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error),
    };
    let ended = match cli.command {
        Command::Serve(arguments) => runtime.block_on(serve::run(*arguments)),
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Demo(arguments) => runtime.block_on(demo::run(arguments)),
        Command::Explain(arguments) => runtime.block_on(explain::run(*arguments)),
        Command::Check(arguments) => check::run(&arguments),
        Command::Reach(arguments) => reach::run(&arguments),
        Command::Diff(arguments) => diff::run(&arguments),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&*error),
    }
}

/// Why a command failed, told to a person.
type Failure = Box<dyn Error + Send + Sync>;

fn failed(error: &(impl Error + ?Sized)) -> ExitCode {
    let mut text = format!("cambist: {error}");
    let mut cause = error.source();
    while let Some(inner) = cause {
        // An error that only wraps another one says the same words.
        let words = inner.to_string();
        if !text.ends_with(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        cause = inner.source();
    }
    // Nothing is left to do when not even standard error takes the text.
    let _ = writeln!(std::io::stderr(), "{text}");
    ExitCode::FAILURE
}

/// Writes one line to standard output. A reader that has gone away is no failure.
fn say(line: impl fmt::Display) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::Cli;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }
}
