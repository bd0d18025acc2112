//! Settings: flag over environment over file over default.

use std::{
    env, fmt, fs,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    str::FromStr,
};

use cambist::{realm::Features, secret::Secret};
use cambist_http::{BaseUrl, BaseUrlError};
use serde::Deserialize;

use crate::features::{self, UnknownFeature};
pub use crate::{
    certificate::CertificateHeader,
    tls::{ClientCertificates, TlsFiles},
};

/// Everything a server is told. See `cambist serve --help`.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Address to serve on; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Address of health and metrics.
    pub management_listen: Option<SocketAddr>,
    /// Where state is kept.
    pub store: StoreChoice,
    /// Realm files, loaded when the realm is not there yet.
    pub realms: Vec<PathBuf>,
    /// Addresses under which callers reach the server; empty: the address served on.
    pub base_urls: Vec<BaseUrl>,
    /// The first administrator.
    pub bootstrap_admin: Option<BootstrapAdmin>,
    /// Features in force, unless a realm switches them.
    pub features: Features,
    /// Of how many subject tokens the engine remembers that their signature held.
    pub remember_signatures: usize,
    /// What may be fetched from although it is not public.
    pub outbound_allow: Vec<OutboundAllowance>,
    /// TLS on the address served.
    pub tls: Option<TlsFiles>,
    /// Where proxies hand client certificates over.
    pub client_cert_header: Option<CertificateHeader>,
    /// Which client certificates are taken.
    pub client_certificates: ClientCertificates,
    /// How logs look.
    pub log_format: LogFormat,
    /// What is logged.
    pub log: String,
}

/// The first administrator.
#[derive(Clone, Debug)]
pub struct BootstrapAdmin {
    /// Login name.
    pub username: String,
    /// Password.
    pub password: Secret,
}

/// Where state is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreChoice {
    /// Nowhere: gone when the server stops.
    Memory,
    /// In one SQLite file.
    Sqlite(PathBuf),
}

/// What may be fetched from although it is not public.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutboundAllowance {
    /// Loopback addresses, over plain HTTP.
    Loopback,
}

/// Address of health and metrics, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ManagementAddress {
    /// Not served.
    Off,
    /// Served here.
    On(SocketAddr),
}

/// How logs look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// Lines for people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// One place where settings are written down; what it does not name is left to the next one.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Layer {
    /// See [`Settings::listen`].
    pub listen: Option<SocketAddr>,
    /// See [`Settings::management_listen`].
    #[serde(deserialize_with = "from_text")]
    pub management_listen: Option<ManagementAddress>,
    /// See [`Settings::store`].
    #[serde(deserialize_with = "from_text")]
    pub store: Option<StoreChoice>,
    /// Directory of the default store.
    pub data_dir: Option<PathBuf>,
    /// See [`Settings::realms`].
    pub realm: Option<Vec<PathBuf>>,
    /// See [`Settings::base_urls`].
    pub base_url: Option<Vec<String>>,
    /// See [`Settings::bootstrap_admin`].
    pub bootstrap_admin_username: Option<String>,
    /// See [`Settings::bootstrap_admin`].
    pub bootstrap_admin_password: Option<Secret>,
    /// Features to switch on.
    pub features: Option<Vec<String>>,
    /// Features to switch off.
    pub features_disabled: Option<Vec<String>>,
    /// See [`Settings::remember_signatures`].
    pub remember_signatures: Option<usize>,
    /// See [`Settings::outbound_allow`].
    #[serde(deserialize_with = "list_from_text")]
    pub outbound_allow: Option<Vec<OutboundAllowance>>,
    /// See [`TlsFiles::certificates`].
    pub tls_cert: Option<PathBuf>,
    /// See [`TlsFiles::key`].
    pub tls_key: Option<PathBuf>,
    /// See [`TlsFiles::client_authorities`].
    pub tls_client_ca: Option<PathBuf>,
    /// See [`Settings::client_certificates`].
    #[serde(deserialize_with = "from_text")]
    pub client_certificates: Option<ClientCertificates>,
    /// See [`CertificateHeader::name`].
    pub client_cert_header: Option<String>,
    /// See [`CertificateHeader::proxies`].
    pub client_cert_proxy: Option<Vec<IpAddr>>,
    /// See [`Settings::log_format`].
    #[serde(deserialize_with = "from_text")]
    pub log_format: Option<LogFormat>,
    /// See [`Settings::log`].
    pub log: Option<String>,
}

/// Why settings were not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("configuration file {path}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is not what it should be.
    #[error("configuration file {path}, line {line}: {message}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// What is wrong; holds no value of the file.
        message: String,
    },
    /// A feature that nobody knows.
    #[error(transparent)]
    Feature(#[from] UnknownFeature),
    /// An address that is none.
    #[error("base-url: {0}")]
    BaseUrl(#[from] BaseUrlError),
    /// A user name without password, or the other way round.
    #[error("bootstrap-admin-username and bootstrap-admin-password are needed together")]
    HalfAnAdministrator,
    /// A TLS certificate without key, or the other way round.
    #[error("tls-cert and tls-key are needed together, and both for tls-client-ca")]
    HalfTls,
    /// A header for client certificates that nobody may send, or the other way round.
    #[error("client-cert-header and client-cert-proxy are needed together")]
    HalfACertificateHeader,
    /// No name of a header.
    #[error("client-cert-header is no name of a header")]
    HeaderName,
}

/// The header counts from listed proxies only, so neither is of use without the other.
fn certificate_header(
    name: Option<String>,
    proxies: Option<Vec<IpAddr>>,
) -> Result<Option<CertificateHeader>, ConfigError> {
    let proxies: Vec<IpAddr> = proxies.unwrap_or_default();
    match name {
        None if proxies.is_empty() => Ok(None),
        Some(name) if !proxies.is_empty() => Ok(Some(CertificateHeader {
            name: name.parse().map_err(|_| ConfigError::HeaderName)?,
            proxies: proxies.iter().map(IpAddr::to_canonical).collect(),
        })),
        _ => Err(ConfigError::HalfACertificateHeader),
    }
}

impl Layer {
    /// This layer, with what it does not name taken from the one below.
    #[must_use]
    pub fn over(self, below: Self) -> Self {
        Self {
            listen: self.listen.or(below.listen),
            management_listen: self.management_listen.or(below.management_listen),
            store: self.store.or(below.store),
            data_dir: self.data_dir.or(below.data_dir),
            realm: self.realm.or(below.realm),
            base_url: self.base_url.or(below.base_url),
            bootstrap_admin_username: self
                .bootstrap_admin_username
                .or(below.bootstrap_admin_username),
            bootstrap_admin_password: self
                .bootstrap_admin_password
                .or(below.bootstrap_admin_password),
            features: self.features.or(below.features),
            features_disabled: self.features_disabled.or(below.features_disabled),
            remember_signatures: self.remember_signatures.or(below.remember_signatures),
            outbound_allow: self.outbound_allow.or(below.outbound_allow),
            tls_cert: self.tls_cert.or(below.tls_cert),
            tls_key: self.tls_key.or(below.tls_key),
            tls_client_ca: self.tls_client_ca.or(below.tls_client_ca),
            client_certificates: self.client_certificates.or(below.client_certificates),
            client_cert_header: self.client_cert_header.or(below.client_cert_header),
            client_cert_proxy: self.client_cert_proxy.or(below.client_cert_proxy),
            log_format: self.log_format.or(below.log_format),
            log: self.log.or(below.log),
        }
    }
}

impl Settings {
    /// Fills in the defaults.
    ///
    /// # Errors
    ///
    /// [`ConfigError`].
    pub fn from_layer(layer: Layer) -> Result<Self, ConfigError> {
        let bootstrap_admin = match (
            layer.bootstrap_admin_username,
            layer.bootstrap_admin_password,
        ) {
            (Some(username), Some(password)) => Some(BootstrapAdmin { username, password }),
            (None, None) => None,
            _ => return Err(ConfigError::HalfAnAdministrator),
        };
        let base_urls = layer.base_url.unwrap_or_default();
        let base_urls = base_urls
            .iter()
            .map(|text| BaseUrl::parse(text))
            .collect::<Result<_, _>>()?;
        let loopback = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let management = layer
            .management_listen
            .unwrap_or(ManagementAddress::On(loopback(9_000)));
        let tls = match (layer.tls_cert, layer.tls_key) {
            (Some(certificates), Some(key)) => Some(TlsFiles {
                certificates,
                key,
                client_authorities: layer.tls_client_ca,
            }),
            (None, None) if layer.tls_client_ca.is_none() => None,
            _ => return Err(ConfigError::HalfTls),
        };
        let client_cert_header =
            certificate_header(layer.client_cert_header, layer.client_cert_proxy)?;
        let data_dir = layer.data_dir.unwrap_or_else(default_data_dir);
        Ok(Self {
            listen: layer.listen.unwrap_or_else(|| loopback(8_080)),
            management_listen: match management {
                ManagementAddress::On(address) => Some(address),
                ManagementAddress::Off => None,
            },
            store: layer
                .store
                .unwrap_or_else(|| StoreChoice::Sqlite(data_dir.join("cambist.db"))),
            realms: layer.realm.unwrap_or_default(),
            base_urls,
            bootstrap_admin,
            features: features::switched(
                &layer.features.unwrap_or_default(),
                &layer.features_disabled.unwrap_or_default(),
            )?,
            remember_signatures: layer.remember_signatures.unwrap_or_default(),
            outbound_allow: layer.outbound_allow.unwrap_or_default(),
            tls,
            client_cert_header,
            client_certificates: layer.client_certificates.unwrap_or_default(),
            log_format: layer.log_format.unwrap_or_default(),
            log: layer.log.unwrap_or_else(|| "info".to_owned()),
        })
    }
}

/// Reads a configuration file.
///
/// # Errors
///
/// [`ConfigError`], naming the file and the line.
pub fn read_file(path: &Path) -> Result<Layer, ConfigError> {
    let text = fs::read_to_string(path).map_err(|source| ConfigError::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    toml::from_str(&text).map_err(|error| {
        let before = error
            .span()
            .and_then(|span| text.get(..span.start))
            .unwrap_or_default();
        ConfigError::Malformed {
            path: path.to_owned(),
            line: before.matches('\n').count().saturating_add(1),
            message: error.message().to_owned(),
        }
    })
}

/// `$XDG_DATA_HOME/cambist`, else `~/.local/share/cambist`; where there is no home, `cambist-data` here.
fn default_data_dir() -> PathBuf {
    let path = |name| {
        env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    path("XDG_DATA_HOME")
        .filter(|path| path.is_absolute())
        .or_else(|| path("HOME").map(|home| home.join(".local").join("share")))
        .map_or_else(
            || PathBuf::from("cambist-data"),
            |path| path.join("cambist"),
        )
}

/// A word that is none of those expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}")]
pub struct UnexpectedWord {
    /// What would do.
    pub expected: &'static str,
}

impl FromStr for StoreChoice {
    type Err = UnexpectedWord;

    fn from_str(text: &str) -> Result<Self, UnexpectedWord> {
        match text.split_once(':') {
            None if text == "memory" => Ok(Self::Memory),
            Some(("sqlite", path)) if !path.is_empty() => Ok(Self::Sqlite(path.into())),
            _ => Err(UnexpectedWord {
                expected: "memory or sqlite:PATH",
            }),
        }
    }
}

impl fmt::Display for StoreChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str("memory"),
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
        }
    }
}

impl FromStr for OutboundAllowance {
    type Err = UnexpectedWord;

    fn from_str(text: &str) -> Result<Self, UnexpectedWord> {
        match text {
            "loopback" => Ok(Self::Loopback),
            _ => Err(UnexpectedWord {
                expected: "loopback",
            }),
        }
    }
}

impl FromStr for ManagementAddress {
    type Err = UnexpectedWord;

    fn from_str(text: &str) -> Result<Self, UnexpectedWord> {
        match text {
            "off" => Ok(Self::Off),
            address => address.parse().map(Self::On).map_err(|_| UnexpectedWord {
                expected: "an address and port, or off",
            }),
        }
    }
}

impl FromStr for ClientCertificates {
    type Err = UnexpectedWord;

    fn from_str(text: &str) -> Result<Self, UnexpectedWord> {
        match text {
            "verified" => Ok(Self::Verified),
            "any" => Ok(Self::Any),
            _ => Err(UnexpectedWord {
                expected: "verified or any",
            }),
        }
    }
}

impl FromStr for LogFormat {
    type Err = UnexpectedWord;

    fn from_str(text: &str) -> Result<Self, UnexpectedWord> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(UnexpectedWord {
                expected: "text or json",
            }),
        }
    }
}

fn from_text<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: FromStr<Err = UnexpectedWord>,
{
    let text = String::deserialize(deserializer)?;
    text.parse().map(Some).map_err(serde::de::Error::custom)
}

fn list_from_text<'de, D, T>(deserializer: D) -> Result<Option<Vec<T>>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: FromStr<Err = UnexpectedWord>,
{
    let texts = Vec::<String>::deserialize(deserializer)?;
    let parsed: Result<Vec<T>, _> = texts.iter().map(|text| text.parse()).collect();
    parsed.map(Some).map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use cambist::realm::Feature;

    use super::*;

    fn file(text: &str) -> Result<Layer, ConfigError> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        read_file(file.path())
    }

    #[test]
    fn the_upper_layer_counts_and_the_lower_one_fills_in() {
        let below = file(
            "listen = '127.0.0.1:1'\nstore = 'memory'\nmanagement-listen = 'off'\nfeatures = ['authzen']\n\
             log-format = 'json'\noutbound-allow = ['loopback']",
        )
        .unwrap();
        let above = Layer {
            listen: Some("127.0.0.1:2".parse().unwrap()),
            ..Layer::default()
        };
        let settings = Settings::from_layer(above.over(below)).unwrap();
        assert_eq!(settings.listen.port(), 2);
        assert_eq!(settings.store, StoreChoice::Memory);
        assert_eq!(settings.management_listen, None);
        assert_eq!(settings.log_format, LogFormat::Json);
        assert_eq!(settings.outbound_allow, [OutboundAllowance::Loopback]);
        assert!(settings.features.has(Feature::Authzen));
        assert!(settings.features.has(Feature::TokenExchange));
    }

    #[test]
    fn what_is_wrong_in_the_file_is_told_with_its_line() {
        let error = file("listen = '127.0.0.1:1'\nlisten-on = 'x'")
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("line 2") && error.contains("listen-on"),
            "{error}"
        );
        let error = file("\n\nstore = 'paper'").unwrap_err().to_string();
        assert!(
            error.contains("line 3") && error.contains("memory or sqlite:PATH"),
            "{error}"
        );
        assert!(matches!(
            read_file(Path::new("/nonexistent")),
            Err(ConfigError::Unreadable { .. })
        ));
    }

    #[test]
    fn an_administrator_has_name_and_password_or_is_none() {
        let half = Layer {
            bootstrap_admin_username: Some("admin".into()),
            ..Layer::default()
        };
        assert!(matches!(
            Settings::from_layer(half),
            Err(ConfigError::HalfAnAdministrator)
        ));
        let whole =
            file("bootstrap-admin-username = 'a'\nbootstrap-admin-password = 'canary'").unwrap();
        let settings = Settings::from_layer(whole).unwrap();
        assert!(!format!("{settings:?}").contains("canary"));
        assert_eq!(
            settings.bootstrap_admin.unwrap().password.expose(),
            "canary"
        );
    }

    #[test]
    fn a_store_is_named_in_one_word() {
        assert_eq!("memory".parse(), Ok(StoreChoice::Memory));
        assert_eq!(
            "sqlite:/a/b.db".parse(),
            Ok(StoreChoice::Sqlite("/a/b.db".into()))
        );
        for wrong in ["", "sqlite", "sqlite:", "memory:x", "postgres://a"] {
            assert!(wrong.parse::<StoreChoice>().is_err(), "{wrong}");
        }
    }
}
