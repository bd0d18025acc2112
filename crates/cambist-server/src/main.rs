//! The program `cambist`.

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    cambist_server::commands::run(cambist_server::commands::Cli::parse())
}
