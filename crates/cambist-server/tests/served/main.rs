//! A served instance, asked over real sockets.

mod bad_input;
mod caller;
mod canary;
mod instance;
mod program;
mod restart;
