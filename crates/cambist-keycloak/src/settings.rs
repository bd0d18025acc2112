//! The plain settings of `RealmRepresentation`.
//!
//! What Cambist acts on goes to its place in the document. The rest is kept in `attributes` under Keycloak's
//! name, so that the administration shows it and an export holds it; [`Loss::NoEffect`] says so.

use cambist::realm::{document::RealmDocument, settings::SslRequired};
use serde_json::Value;

use crate::{
    client_scope::merge_attributes,
    error::{ImportError, Loss, Report},
    members::Members,
    writer::Writer,
};

/// How a kept setting is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Flag,
    Number,
    Text,
    /// Lists and objects, kept as JSON.
    Json,
}

/// A setting that Cambist keeps and does not act on: name, kind, and what a realm shows that never set it.
struct Kept(&'static str, Kind, Option<&'static str>);

/// Of those kept as attributes, what the engine reads there.
const READ_BY_THE_ENGINE: &[&str] = &["adminPermissionsEnabled", "organizationsEnabled"];

const KEPT: &[Kept] = &[
    Kept("accessCodeLifespanLogin", Kind::Number, Some("1800")),
    Kept("accessCodeLifespanUserAction", Kind::Number, Some("300")),
    Kept(
        "accessTokenLifespanForImplicitFlow",
        Kind::Number,
        Some("900"),
    ),
    Kept("accountTheme", Kind::Text, None),
    Kept(
        "actionTokenGeneratedByAdminLifespan",
        Kind::Number,
        Some("43200"),
    ),
    Kept(
        "actionTokenGeneratedByUserLifespan",
        Kind::Number,
        Some("300"),
    ),
    Kept("adminEventsDetailsEnabled", Kind::Flag, Some("false")),
    Kept("adminEventsEnabled", Kind::Flag, Some("false")),
    Kept("adminPermissionsEnabled", Kind::Flag, Some("false")),
    Kept("adminTheme", Kind::Text, None),
    Kept("browserFlow", Kind::Text, Some("browser")),
    Kept("browserSecurityHeaders", Kind::Json, None),
    Kept("bruteForceStrategy", Kind::Text, Some("MULTIPLE")),
    Kept("clientAuthenticationFlow", Kind::Text, Some("clients")),
    Kept("defaultLocale", Kind::Text, None),
    Kept("directGrantFlow", Kind::Text, Some("direct grant")),
    Kept("displayNameHtml", Kind::Text, None),
    Kept("dockerAuthenticationFlow", Kind::Text, Some("docker auth")),
    Kept("editUsernameAllowed", Kind::Flag, Some("false")),
    Kept("emailTheme", Kind::Text, None),
    Kept("enabledEventTypes", Kind::Json, Some("[]")),
    Kept("eventsEnabled", Kind::Flag, Some("false")),
    Kept("eventsExpiration", Kind::Number, None),
    Kept("eventsListeners", Kind::Json, Some("[\"jboss-logging\"]")),
    Kept(
        "firstBrokerLoginFlow",
        Kind::Text,
        Some("first broker login"),
    ),
    Kept("internationalizationEnabled", Kind::Flag, Some("false")),
    Kept("loginTheme", Kind::Text, None),
    Kept("maxTemporaryLockouts", Kind::Number, Some("0")),
    Kept("oauth2DeviceCodeLifespan", Kind::Number, Some("600")),
    Kept("oauth2DevicePollingInterval", Kind::Number, Some("5")),
    Kept("organizationsEnabled", Kind::Flag, Some("false")),
    Kept("otpPolicyAlgorithm", Kind::Text, Some("HmacSHA1")),
    Kept("otpPolicyCodeReusable", Kind::Flag, Some("false")),
    Kept("otpPolicyDigits", Kind::Number, Some("6")),
    Kept("otpPolicyInitialCounter", Kind::Number, Some("0")),
    Kept("otpPolicyLookAheadWindow", Kind::Number, Some("1")),
    Kept("otpPolicyPeriod", Kind::Number, Some("30")),
    Kept("otpPolicyType", Kind::Text, Some("totp")),
    Kept("otpSupportedApplications", Kind::Json, None),
    Kept("passwordPolicy", Kind::Text, None),
    Kept("registrationAllowed", Kind::Flag, Some("false")),
    Kept("registrationFlow", Kind::Text, Some("registration")),
    Kept("rememberMe", Kind::Flag, Some("false")),
    Kept("requiredCredentials", Kind::Json, Some("[\"password\"]")),
    Kept(
        "resetCredentialsFlow",
        Kind::Text,
        Some("reset credentials"),
    ),
    Kept("resetPasswordAllowed", Kind::Flag, Some("false")),
    Kept("scimApiEnabled", Kind::Flag, None),
    Kept("ssoSessionIdleTimeoutRememberMe", Kind::Number, Some("0")),
    Kept("ssoSessionMaxLifespanRememberMe", Kind::Number, Some("0")),
    Kept("supportedLocales", Kind::Json, Some("[]")),
    Kept("userManagedAccessAllowed", Kind::Flag, Some("false")),
    Kept("verifiableCredentialsEnabled", Kind::Flag, Some("false")),
    Kept("verifyEmail", Kind::Flag, Some("false")),
    Kept("webAuthnPolicyAcceptableAaguids", Kind::Json, None),
    Kept(
        "webAuthnPolicyAttestationConveyancePreference",
        Kind::Text,
        None,
    ),
    Kept("webAuthnPolicyAuthenticatorAttachment", Kind::Text, None),
    Kept(
        "webAuthnPolicyAvoidSameAuthenticatorRegister",
        Kind::Flag,
        None,
    ),
    Kept("webAuthnPolicyCreateTimeout", Kind::Number, None),
    Kept("webAuthnPolicyExtraOrigins", Kind::Json, None),
    Kept("webAuthnPolicyPasskeysEnabled", Kind::Flag, None),
    Kept(
        "webAuthnPolicyPasswordlessAcceptableAaguids",
        Kind::Json,
        None,
    ),
    Kept(
        "webAuthnPolicyPasswordlessAttestationConveyancePreference",
        Kind::Text,
        None,
    ),
    Kept(
        "webAuthnPolicyPasswordlessAuthenticatorAttachment",
        Kind::Text,
        None,
    ),
    Kept(
        "webAuthnPolicyPasswordlessAvoidSameAuthenticatorRegister",
        Kind::Flag,
        None,
    ),
    Kept(
        "webAuthnPolicyPasswordlessCreateTimeout",
        Kind::Number,
        None,
    ),
    Kept("webAuthnPolicyPasswordlessExtraOrigins", Kind::Json, None),
    Kept(
        "webAuthnPolicyPasswordlessPasskeysEnabled",
        Kind::Flag,
        None,
    ),
    Kept(
        "webAuthnPolicyPasswordlessRequireResidentKey",
        Kind::Text,
        None,
    ),
    Kept("webAuthnPolicyPasswordlessRpEntityName", Kind::Text, None),
    Kept("webAuthnPolicyPasswordlessRpId", Kind::Text, None),
    Kept(
        "webAuthnPolicyPasswordlessSignatureAlgorithms",
        Kind::Json,
        None,
    ),
    Kept(
        "webAuthnPolicyPasswordlessUserVerificationRequirement",
        Kind::Text,
        None,
    ),
    Kept("webAuthnPolicyRequireResidentKey", Kind::Text, None),
    Kept("webAuthnPolicyRpEntityName", Kind::Text, None),
    Kept("webAuthnPolicyRpId", Kind::Text, None),
    Kept("webAuthnPolicySignatureAlgorithms", Kind::Json, None),
    Kept(
        "webAuthnPolicyUserVerificationRequirement",
        Kind::Text,
        None,
    ),
];

/// Lays the plain settings over a realm; what is left out stays.
///
/// # Errors
///
/// [`ImportError`] for a wrong type, or a word that is none of a closed list.
pub fn apply(
    realm: &mut RealmDocument,
    members: &mut Members,
    report: &mut Report,
) -> Result<(), ImportError> {
    if let Some(name) = members.text("displayName")? {
        realm.display_name = Some(name);
    }
    if let Some(flag) = members.flag("enabled")? {
        realm.enabled = flag;
    }
    if let Some(word) = members.text("sslRequired")? {
        realm.ssl_required = ssl_required(&word).ok_or_else(|| ImportError::UnknownWord {
            path: members.at("sslRequired"),
            allowed: "all, external, none",
        })?;
    }
    if let Some(algorithm) = members
        .text("defaultSignatureAlgorithm")?
        .filter(|text| !text.is_empty())
    {
        realm.tokens.signature_algorithm = algorithm;
    }
    merge_attributes(&mut realm.attributes, members)?;
    // Keycloak keeps these four as attributes, and old exports have them only there.
    for name in CLIENT_SESSION_LIFETIMES {
        if let Some(text) = realm.attributes.remove(*name)
            && !members.has(name)
            && let Ok(seconds) = text.parse()
        {
            set_client_session_lifetime(realm, name, seconds);
        }
    }
    apply_numbers(realm, members)?;
    apply_flags(realm, members)?;
    for Kept(name, kind, default) in KEPT {
        let text = match kind {
            Kind::Flag => members.flag(name)?.map(|flag| flag.to_string()),
            Kind::Number => members.integer(name)?.map(|number| number.to_string()),
            Kind::Text => members.text(name)?,
            Kind::Json => members.value(name).map(|value| value.to_string()),
        };
        let Some(text) = text else { continue };
        if Some(text.as_str()) != *default && !READ_BY_THE_ENGINE.contains(name) {
            report.note(members.at(name), Loss::NoEffect);
        }
        realm.attributes.insert((*name).to_owned(), text);
    }
    Ok(())
}

/// Writes the plain settings; with `defaults` also those that were never set.
#[must_use]
pub fn write(realm: &RealmDocument, writer: Writer, defaults: bool) -> Writer {
    let (tokens, sessions, login, lock) = (
        &realm.tokens,
        &realm.sessions,
        &realm.login,
        &realm.brute_force,
    );
    let mut writer = writer
        .with_some("displayName", realm.display_name.clone())
        .with("notBefore", tokens.not_before)
        .with(
            "defaultSignatureAlgorithm",
            tokens.signature_algorithm.clone(),
        )
        .with("revokeRefreshToken", tokens.revoke_refresh_token)
        .with("refreshTokenMaxReuse", tokens.refresh_token_max_reuse)
        .with("accessTokenLifespan", tokens.access_token_lifespan)
        .with("accessCodeLifespan", tokens.access_code_lifespan)
        .with("ssoSessionIdleTimeout", sessions.idle)
        .with("ssoSessionMaxLifespan", sessions.max)
        .with("clientSessionIdleTimeout", sessions.client_idle)
        .with("clientSessionMaxLifespan", sessions.client_max)
        .with("offlineSessionIdleTimeout", sessions.offline_idle)
        .with(
            "offlineSessionMaxLifespanEnabled",
            sessions.offline_max_enabled,
        )
        .with("offlineSessionMaxLifespan", sessions.offline_max)
        .with(
            "clientOfflineSessionIdleTimeout",
            sessions.client_offline_idle,
        )
        .with(
            "clientOfflineSessionMaxLifespan",
            sessions.client_offline_max,
        )
        .with("enabled", realm.enabled)
        .with("sslRequired", ssl_word(realm.ssl_required))
        .with("registrationEmailAsUsername", login.email_as_username)
        .with("loginWithEmailAllowed", login.with_email)
        .with("duplicateEmailsAllowed", login.duplicate_emails)
        .with("bruteForceProtected", lock.enabled)
        .with("permanentLockout", lock.permanent)
        .with("failureFactor", lock.failure_factor)
        .with("waitIncrementSeconds", lock.wait_increment)
        .with("maxFailureWaitSeconds", lock.max_wait)
        .with("quickLoginCheckMilliSeconds", lock.quick_login_check_millis)
        .with(
            "minimumQuickLoginWaitSeconds",
            lock.minimum_quick_login_wait,
        )
        .with("maxDeltaTimeSeconds", lock.max_delta);
    for Kept(name, kind, default) in KEPT {
        let set = realm.attributes.get(*name).map(String::as_str);
        let text = if defaults { set.or(*default) } else { set };
        let Some(text) = text else { continue };
        writer = writer.with(name, kept_value(*kind, text));
    }
    let attributes = realm
        .attributes
        .iter()
        .filter(|(name, _)| !KEPT.iter().any(|kept| kept.0 == name.as_str()))
        .map(|(name, text)| (name.clone(), text.clone()))
        .collect();
    writer.with_texts("attributes", &attributes)
}

/// The word of `sslRequired`, in any letter case.
#[must_use]
pub fn ssl_required(word: &str) -> Option<SslRequired> {
    match word.to_ascii_lowercase().as_str() {
        "all" => Some(SslRequired::All),
        "external" => Some(SslRequired::External),
        "none" => Some(SslRequired::None),
        _ => None,
    }
}

const fn ssl_word(ssl: SslRequired) -> &'static str {
    match ssl {
        SslRequired::All => "all",
        SslRequired::External => "external",
        SslRequired::None => "none",
    }
}

const CLIENT_SESSION_LIFETIMES: &[&str] = &[
    "clientSessionIdleTimeout",
    "clientSessionMaxLifespan",
    "clientOfflineSessionIdleTimeout",
    "clientOfflineSessionMaxLifespan",
];

fn set_client_session_lifetime(realm: &mut RealmDocument, name: &str, seconds: i64) {
    match name {
        "clientSessionIdleTimeout" => realm.sessions.client_idle = seconds,
        "clientSessionMaxLifespan" => realm.sessions.client_max = seconds,
        "clientOfflineSessionIdleTimeout" => realm.sessions.client_offline_idle = seconds,
        "clientOfflineSessionMaxLifespan" => realm.sessions.client_offline_max = seconds,
        _ => {}
    }
}

fn apply_numbers(realm: &mut RealmDocument, members: &mut Members) -> Result<(), ImportError> {
    let (tokens, sessions, lock) = (
        &mut realm.tokens,
        &mut realm.sessions,
        &mut realm.brute_force,
    );
    for (name, target) in [
        ("notBefore", &mut tokens.not_before),
        ("refreshTokenMaxReuse", &mut tokens.refresh_token_max_reuse),
        ("accessTokenLifespan", &mut tokens.access_token_lifespan),
        ("accessCodeLifespan", &mut tokens.access_code_lifespan),
        ("ssoSessionIdleTimeout", &mut sessions.idle),
        ("ssoSessionMaxLifespan", &mut sessions.max),
        ("clientSessionIdleTimeout", &mut sessions.client_idle),
        ("clientSessionMaxLifespan", &mut sessions.client_max),
        ("offlineSessionIdleTimeout", &mut sessions.offline_idle),
        ("offlineSessionMaxLifespan", &mut sessions.offline_max),
        (
            "clientOfflineSessionIdleTimeout",
            &mut sessions.client_offline_idle,
        ),
        (
            "clientOfflineSessionMaxLifespan",
            &mut sessions.client_offline_max,
        ),
        ("failureFactor", &mut lock.failure_factor),
        ("waitIncrementSeconds", &mut lock.wait_increment),
        ("maxFailureWaitSeconds", &mut lock.max_wait),
        (
            "quickLoginCheckMilliSeconds",
            &mut lock.quick_login_check_millis,
        ),
        (
            "minimumQuickLoginWaitSeconds",
            &mut lock.minimum_quick_login_wait,
        ),
        ("maxDeltaTimeSeconds", &mut lock.max_delta),
    ] {
        if let Some(number) = members.integer(name)? {
            *target = number;
        }
    }
    Ok(())
}

fn apply_flags(realm: &mut RealmDocument, members: &mut Members) -> Result<(), ImportError> {
    for (name, target) in [
        ("revokeRefreshToken", &mut realm.tokens.revoke_refresh_token),
        (
            "offlineSessionMaxLifespanEnabled",
            &mut realm.sessions.offline_max_enabled,
        ),
        (
            "registrationEmailAsUsername",
            &mut realm.login.email_as_username,
        ),
        ("loginWithEmailAllowed", &mut realm.login.with_email),
        ("duplicateEmailsAllowed", &mut realm.login.duplicate_emails),
        ("bruteForceProtected", &mut realm.brute_force.enabled),
        ("permanentLockout", &mut realm.brute_force.permanent),
    ] {
        if let Some(flag) = members.flag(name)? {
            *target = flag;
        }
    }
    Ok(())
}

fn kept_value(kind: Kind, text: &str) -> Value {
    match kind {
        Kind::Flag => Value::Bool(text == "true"),
        Kind::Number => text
            .parse::<i64>()
            .map_or_else(|_| Value::from(text), Value::from),
        Kind::Text => Value::from(text),
        Kind::Json => serde_json::from_str(text).unwrap_or_else(|_| Value::from(text)),
    }
}

#[cfg(test)]
mod tests {
    use cambist::realm::{document::RealmDocument, settings::SslRequired};
    use serde_json::{Value, json};

    use super::{apply, write};
    use crate::{
        error::Report,
        members::Members,
        writer::{Json, Writer},
    };

    fn realm(value: Value) -> (RealmDocument, Report) {
        let (mut realm, mut report) = (RealmDocument::named("r"), Report::default());
        apply(
            &mut realm,
            &mut Members::new("", value).unwrap(),
            &mut report,
        )
        .unwrap();
        (realm, report)
    }

    #[test]
    fn settings_reach_their_places() {
        let (realm, report) = realm(json!({
            "sslRequired": "NONE", "accessTokenLifespan": "77", "duplicateEmailsAllowed": true,
            "bruteForceProtected": true, "failureFactor": 2, "offlineSessionMaxLifespan": 5000
        }));
        assert_eq!(report.entries(), []);
        assert_eq!(realm.ssl_required, SslRequired::None);
        assert_eq!(realm.tokens.access_token_lifespan, 77);
        assert!(realm.login.duplicate_emails && realm.brute_force.enabled);
        assert_eq!(
            (realm.brute_force.failure_factor, realm.sessions.offline_max),
            (2, 5000)
        );
    }

    #[test]
    fn what_has_no_effect_is_kept_and_said() {
        let (realm, report) = realm(
            json!({"verifyEmail": true, "eventsEnabled": false, "enabledEventTypes": ["LOGIN"]}),
        );
        let noted: Vec<String> = report.entries().iter().map(ToString::to_string).collect();
        assert_eq!(
            noted,
            [
                "enabledEventTypes: kept without effect",
                "verifyEmail: kept without effect"
            ]
        );
        let written = Json::from(write(&realm, Writer::new(), false));
        assert_eq!(written.get("verifyEmail"), Some(&Json::from(json!(true))));
        assert_eq!(
            written.get("enabledEventTypes"),
            Some(&Json::from(json!(["LOGIN"])))
        );
        assert_eq!(written.get("otpPolicyDigits"), None);
        let shown = Json::from(write(&realm, Writer::new(), true));
        assert_eq!(shown.get("otpPolicyDigits"), Some(&Json::from(json!(6))));
    }

    #[test]
    fn an_unknown_word_is_refused() {
        let mut members = Members::new("", json!({"sslRequired": "maybe"})).unwrap();
        assert!(
            apply(
                &mut RealmDocument::named("r"),
                &mut members,
                &mut Report::default()
            )
            .is_err()
        );
    }
}
