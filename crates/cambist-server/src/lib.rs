//! The program `cambist` as a library: what `cambist serve` and `cambist demo` are made of, for tests and
//! for whoever wants the whole server inside a program of their own.
//!
//! [`Server::start`] opens the store, brings its realms in force, binds the addresses and serves;
//! [`Server::stop`] finishes what is in flight.

mod admin_access;
mod app;
mod bootstrap;
mod certificate;
pub mod commands;
pub mod config;
mod features;
mod keys;
mod listener;
mod loading;
mod management;
mod metrics;
mod outbound;
mod registry;
mod server;
mod signing;
mod telemetry;
mod tls;

pub use self::{
    bootstrap::BootstrapError,
    features::UnknownFeature,
    loading::LoadError,
    registry::Registry,
    server::{Server, StartError},
    telemetry::init as init_telemetry,
    tls::TlsError,
};
