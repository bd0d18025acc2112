//! Bounds on what is read. Whatever is bounded refuses at the bound; nothing is cut to fit.

/// Bounds of a token request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestLimits {
    /// Bytes of the body. Default 128 KiB, the bound at which Keycloak answers 413.
    pub body: usize,
    /// Parameters. Default 1000, beyond which Keycloak fails.
    pub parameters: usize,
    /// Characters of a parameter that is no token. Default 4000, as Keycloak's.
    pub value: usize,
    /// Characters of a token parameter. Default 20000, as Keycloak's.
    pub token: usize,
    /// Values of `audience` and of `resource`. Default 64.
    pub targets: usize,
}

impl Default for RequestLimits {
    fn default() -> Self {
        Self {
            body: 128 * 1024,
            parameters: 1_000,
            value: 4_000,
            token: 20_000,
            targets: 64,
        }
    }
}
