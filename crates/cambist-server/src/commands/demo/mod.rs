//! `cambist demo`: the whole story of an exchange, played against a server of its own over HTTP.
//!
//! Everything that a reader could do with curl is done by HTTP: administration, login, exchange, keys. Only
//! the trace of the decision is taken from the engine in this process, which decides the very same request
//! once more against the same store.

pub(super) mod client;
mod explain;
mod show;
mod story;

use std::net::SocketAddr;

use cambist::secret::Secret;
use clap::Args;

use self::story::Story;
use super::{Failure, say, stop::Stop};
use crate::{
    Server,
    config::{BootstrapAdmin, Layer, ManagementAddress, Settings, StoreChoice},
    keys,
};

/// What the demo can be told.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Stay up afterwards, and print the curl commands to play it again.
    #[arg(long)]
    keep: bool,

    /// Address to serve on; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDRESS")]
    listen: SocketAddr,
}

const ADMINISTRATOR: &str = "admin";

pub(super) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let mut stop = Stop::catch()?;
    // Gone with everything in it when the demo ends.
    let directory = tempfile::tempdir()?;
    let file = directory.path().join("cambist.db");
    let password = Secret::new(keys::random_id()?);
    let settings = Settings::from_layer(Layer {
        listen: Some(arguments.listen),
        management_listen: Some(ManagementAddress::Off),
        store: Some(StoreChoice::Sqlite(file.clone())),
        ..Layer::default()
    })?;
    let server = Server::start(Settings {
        bootstrap_admin: Some(BootstrapAdmin {
            username: ADMINISTRATOR.to_owned(),
            password: password.clone(),
        }),
        ..settings
    })
    .await?;
    say(format_args!(
        "A server of its own on {}, its state in {}\n",
        server.service().bases().first(),
        file.display()
    ));

    let told = Story::new(&server, &password).play().await;
    match &told {
        Ok(story) if arguments.keep => {
            show::commands(story);
            stop.asked().await;
        }
        _ => {}
    }
    server.stop().await;
    told.map(|_| ())
}
