//! Asks other servers for what a waiting exchange needs: the keys of an issuer, user info.
//!
//! [`Outbound::ask`] answers an [`OutsideNeeded`](cambist::outside::OutsideNeeded) of the engine. The
//! addresses stem from the realm's configuration; an administrator of one realm may still not make the
//! server speak to what only the server can reach, so every address is checked, whatever its spelling:
//!
//! * only `https`; plain `http` on loopback where [`OutboundOptions::allow_loopback`] says so;
//! * a host name is resolved once, the addresses found are checked, and the connection is made to one of
//!   *these*, so that a second answer of the name server changes nothing;
//! * no redirect is followed, no proxy of the environment is used, no cookie is kept;
//! * an answer has three seconds and 256 KiB.
//!
//! Keys are kept. However many unknown key ids arrive, an address is asked at most once in 30 seconds, by one
//! request at a time while the others wait for its answer; a failure is remembered as long. What was
//! fetched once serves until it is replaced, for a day at most, so that an issuer that is down for an hour
//! is no outage here. What a bearer token opened is never kept.

mod address;
mod clock;
mod fetch;
mod http_fetch;
mod key_cache;
mod outbound;
mod target;

pub use self::{
    address::is_public,
    clock::{Clock, SystemClock},
    fetch::{Fetch, FetchFuture, FetchRequest, Fetched},
    http_fetch::{HttpFetch, HttpFetchError},
    key_cache::KeyCacheOptions,
    outbound::{Outbound, OutboundOptions},
    target::{Target, TargetError},
};
