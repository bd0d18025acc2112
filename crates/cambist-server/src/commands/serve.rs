//! `cambist serve`.

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

use cambist::secret::Secret;
use clap::Args;

use super::{Failure, say, stop::Stop};
use crate::{
    Server,
    config::{
        ClientCertificates, Layer, LogFormat, ManagementAddress, OutboundAllowance, Settings,
        StoreChoice, read_file,
    },
    telemetry,
};

/// Each option counts before its environment variable, that before the configuration file, that before the
/// default. Lists do not add up: the first place that has one decides.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Address to serve on; port 0 takes a free one. [default: 127.0.0.1:8080]
    #[arg(long, env = "CAMBIST_LISTEN", value_name = "ADDRESS")]
    listen: Option<SocketAddr>,

    /// Address of health and metrics, or `off`. [default: 127.0.0.1:9000]
    #[arg(long, env = "CAMBIST_MANAGEMENT_LISTEN", value_name = "ADDRESS")]
    management_listen: Option<ManagementAddress>,

    /// `memory` or `sqlite:PATH`. [default: sqlite, the file cambist.db in the data directory]
    #[arg(long, env = "CAMBIST_STORE", value_name = "STORE")]
    store: Option<StoreChoice>,

    /// Where state is kept. [default: $XDG_DATA_HOME/cambist, else ~/.local/share/cambist]
    #[arg(long, env = "CAMBIST_DATA_DIR", value_name = "DIRECTORY")]
    data_dir: Option<PathBuf>,

    /// Realm documents (TOML or JSON) and Keycloak realm exports, loaded when the realm is not there yet.
    #[arg(long, env = "CAMBIST_REALM", value_name = "FILE", num_args = 1.., value_delimiter = ',')]
    realm: Vec<PathBuf>,

    /// Address under which callers reach the server; may be given several times. A request's Host chooses
    /// among them, the first one stands for all others. [default: the address served on, and localhost]
    #[arg(
        long,
        env = "CAMBIST_BASE_URL",
        value_name = "URL",
        value_delimiter = ','
    )]
    base_url: Vec<String>,

    /// Name of the first administrator, made together with realm master.
    #[arg(long, env = "CAMBIST_BOOTSTRAP_ADMIN_USERNAME", value_name = "NAME")]
    bootstrap_admin_username: Option<String>,

    /// Password of the first administrator. The environment is a better place for it than a command line.
    #[arg(
        long,
        env = "CAMBIST_BOOTSTRAP_ADMIN_PASSWORD",
        value_name = "PASSWORD",
        hide_env_values = true,
        value_parser = secret
    )]
    bootstrap_admin_password: Option<Secret>,

    /// Features to switch on, by Keycloak's names.
    #[arg(
        long,
        env = "CAMBIST_FEATURES",
        value_name = "NAME",
        value_delimiter = ','
    )]
    features: Vec<String>,

    /// Features to switch off, by Keycloak's names.
    #[arg(
        long,
        env = "CAMBIST_FEATURES_DISABLED",
        value_name = "NAME",
        value_delimiter = ','
    )]
    features_disabled: Vec<String>,

    /// Of about how many subject tokens it is remembered that their signature held, at 40 bytes each and 1,048,576
    /// at most: one that is exchanged again costs one signature operation instead of two, and everything else is
    /// judged each time. [default: 0, none]
    #[arg(long, env = "CAMBIST_REMEMBER_SIGNATURES", value_name = "TOKENS")]
    remember_signatures: Option<usize>,

    /// What may be fetched from although it is not public: `loopback`, over plain HTTP as well.
    #[arg(
        long,
        env = "CAMBIST_OUTBOUND_ALLOW",
        value_name = "WHAT",
        value_delimiter = ','
    )]
    outbound_allow: Vec<OutboundAllowance>,

    /// The server's certificate and those up to its authority (PEM): the address then speaks TLS.
    #[arg(long, env = "CAMBIST_TLS_CERT", value_name = "FILE")]
    tls_cert: Option<PathBuf>,

    /// The private key of the certificate (PEM).
    #[arg(long, env = "CAMBIST_TLS_KEY", value_name = "FILE")]
    tls_key: Option<PathBuf>,

    /// Authorities of client certificates (PEM). A caller may do without one.
    #[arg(long, env = "CAMBIST_TLS_CLIENT_CA", value_name = "FILE")]
    tls_client_ca: Option<PathBuf>,

    /// `verified`: client certificates of a trusted authority. `any`: all, for clients that have registered
    /// their own. [default: verified]
    #[arg(long, env = "CAMBIST_CLIENT_CERTIFICATES", value_name = "WHICH")]
    client_certificates: Option<ClientCertificates>,

    /// Header in which a proxy hands a client certificate over: `Client-Cert` (RFC 9440), or any other, with
    /// PEM in percent-encoding as nginx has it.
    #[arg(long, env = "CAMBIST_CLIENT_CERT_HEADER", value_name = "NAME")]
    client_cert_header: Option<String>,

    /// Address of a proxy whose header counts; may be given several times.
    #[arg(
        long,
        env = "CAMBIST_CLIENT_CERT_PROXY",
        value_name = "ADDRESS",
        value_delimiter = ','
    )]
    client_cert_proxy: Vec<IpAddr>,

    /// How logs on standard error look. [default: text]
    #[arg(long, env = "CAMBIST_LOG_FORMAT", value_name = "FORMAT")]
    log_format: Option<LogFormat>,

    /// What is logged, such as `info` or `warn,cambist_server=debug`. [default: info]
    #[arg(long, env = "CAMBIST_LOG", value_name = "FILTER")]
    log: Option<String>,

    /// Configuration file (TOML); its keys are the names of these options.
    #[arg(long, env = "CAMBIST_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
}

#[expect(clippy::unnecessary_wraps, reason = "the signature that clap asks for")]
fn secret(text: &str) -> Result<Secret, std::convert::Infallible> {
    Ok(Secret::new(text))
}

pub(super) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let file = match &arguments.config {
        Some(path) => read_file(path)?,
        None => Layer::default(),
    };
    let settings = Settings::from_layer(layer(arguments).over(file))?;
    telemetry::init(settings.log_format, &settings.log)?;

    let mut stop = Stop::catch()?;
    let server = Server::start(settings).await?;
    say(server.ready_line());
    stop.asked().await;
    tracing::info!("stopping");
    server.stop().await;
    Ok(())
}

fn layer(arguments: Arguments) -> Layer {
    fn list<T>(list: Vec<T>) -> Option<Vec<T>> {
        (!list.is_empty()).then_some(list)
    }
    Layer {
        listen: arguments.listen,
        management_listen: arguments.management_listen,
        store: arguments.store,
        data_dir: arguments.data_dir,
        realm: list(arguments.realm),
        base_url: list(arguments.base_url),
        bootstrap_admin_username: arguments.bootstrap_admin_username,
        bootstrap_admin_password: arguments.bootstrap_admin_password,
        features: list(arguments.features),
        features_disabled: list(arguments.features_disabled),
        remember_signatures: arguments.remember_signatures,
        outbound_allow: list(arguments.outbound_allow),
        tls_cert: arguments.tls_cert,
        tls_key: arguments.tls_key,
        tls_client_ca: arguments.tls_client_ca,
        client_certificates: arguments.client_certificates,
        client_cert_header: arguments.client_cert_header,
        client_cert_proxy: list(arguments.client_cert_proxy),
        log_format: arguments.log_format,
        log: arguments.log,
    }
}
