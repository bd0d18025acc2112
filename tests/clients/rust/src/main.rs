//! The guide's client, service-a, with the Rust library openidconnect: addresses by discovery, every call by the library but the
//! exchange, which it does not know.
//!
//!     CAMBIST_BASE=http://localhost:8080 CLIENT_SECRET=… AUDIENCE_SECRET=… cargo run

use std::{env, error::Error, process::ExitCode, time::Instant};

use openidconnect::{
    AccessToken, ClientId, ClientSecret, EndpointMaybeSet, EndpointNotSet, EndpointSet,
    HttpRequest, HttpResponse, IntrospectionUrl, IssuerUrl, Nonce, OAuth2TokenResponse,
    ResourceOwnerPassword, ResourceOwnerUsername, Scope, TokenIntrospectionResponse, TokenResponse,
    core::{CoreClient, CoreProviderMetadata, CoreTokenResponse, CoreUserInfoClaims},
    url,
};
use serde_json::{Value, json};

type Outcome<T> = Result<T, Box<dyn Error>>;
type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

fn setting(name: &str, otherwise: &str) -> String {
    env::var(name).unwrap_or_else(|_| otherwise.to_owned())
}

/// Runs a step and prints its line; what it gave, if it went well.
fn step<T>(failed: &mut bool, name: &str, action: impl FnOnce() -> Outcome<T>) -> Option<T> {
    let start = Instant::now();
    let outcome = action();
    let mut line = json!({
        "client": "rust-openidconnect", "step": name, "ok": outcome.is_ok(), "ms": start.elapsed().as_millis() as u64,
    });
    if let Err(error) = &outcome {
        line["problem"] = format!("{error} {:?}", error.source())
            .chars()
            .take(400)
            .collect::<String>()
            .into();
        *failed = true;
    }
    println!("{line}");
    outcome.ok()
}

fn expect(holds: bool, otherwise: impl Into<String>) -> Outcome<()> {
    if holds {
        Ok(())
    } else {
        Err(otherwise.into().into())
    }
}

fn send(request: HttpRequest) -> Result<HttpResponse, ureq::Error> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(std::time::Duration::from_secs(20)))
        .build()
        .into();
    let (head, mut body) = agent.run(request)?.into_parts();
    Ok(HttpResponse::from_parts(head, body.read_to_vec()?))
}

struct Realm {
    metadata: CoreProviderMetadata,
    issuer: String,
}

impl Realm {
    fn discover() -> Outcome<Self> {
        let base = setting("CAMBIST_BASE", "http://localhost:8080");
        let issuer = format!(
            "{}/realms/{}",
            base.trim_end_matches('/'),
            setting("REALM", "token-exchange-demo")
        );
        let metadata = CoreProviderMetadata::discover(&IssuerUrl::new(issuer.clone())?, &send)?;
        Ok(Self { metadata, issuer })
    }

    /// The library's own choice is Basic, form-encoded as RFC 6749 section 2.3.1 has it.
    fn client(&self, id: &str, secret: &str) -> Client {
        let (id, secret) = (
            ClientId::new(id.to_owned()),
            ClientSecret::new(secret.to_owned()),
        );
        CoreClient::from_provider_metadata(self.metadata.clone(), id, Some(secret))
    }

    /// An exchange, by hand: the library has none.
    fn exchange(&self, id: &str, secret: &str, subject: &AccessToken) -> Outcome<(u16, Value)> {
        let audience = setting("AUDIENCE", "service-b");
        let form = [
            (
                "grant_type",
                "urn:ietf:params:oauth:grant-type:token-exchange",
            ),
            ("client_id", id),
            ("client_secret", secret),
            ("subject_token", subject.secret()),
            ("subject_token_type", ACCESS_TOKEN),
            ("requested_token_type", ACCESS_TOKEN),
            ("audience", &audience),
        ];
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        let endpoint = self.metadata.token_endpoint().ok_or("no token endpoint")?;
        let request = openidconnect::http::Request::post(endpoint.as_str())
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body.into_bytes())?;
        let answer = send(request)?;
        Ok((
            answer.status().as_u16(),
            serde_json::from_slice(answer.body())?,
        ))
    }
}

fn login(client: &Client) -> Outcome<CoreTokenResponse> {
    let username = ResourceOwnerUsername::new(setting("LOGIN_USERNAME", "testuser"));
    let password = ResourceOwnerPassword::new(setting("LOGIN_PASSWORD", "password123"));
    let scopes = ["openid", "profile", "email"].map(|name| Scope::new(name.into()));
    let request = client
        .exchange_password(&username, &password)?
        .add_scopes(scopes);
    let answer = request.request(&send)?;
    let id_token = answer.id_token().ok_or("no ID token")?;
    id_token.claims(&client.id_token_verifier(), |_: Option<&Nonce>| Ok(()))?;
    Ok(answer)
}

fn run(failed: &mut bool) {
    let (id, secret) = (
        setting("CLIENT_ID", "service-a"),
        setting("CLIENT_SECRET", ""),
    );
    let Some(realm) = step(failed, "discover", Realm::discover) else {
        return;
    };
    let client = realm.client(&id, &secret);
    let Some(first) = step(failed, "login", || login(&client)) else {
        return;
    };
    let Some(second) = step(failed, "exchange", || {
        let (status, answer) = realm.exchange(&id, &secret, first.access_token())?;
        let token = answer["access_token"]
            .as_str()
            .ok_or(format!("{status} {answer}"))?;
        expect(
            answer["issued_token_type"] == ACCESS_TOKEN,
            format!("{answer}"),
        )?;
        Ok(AccessToken::new(token.to_owned()))
    }) else {
        return;
    };
    step(failed, "introspect", || {
        let url = format!("{}/protocol/openid-connect/token/introspect", realm.issuer);
        let target = realm.client(
            &setting("AUDIENCE", "service-b"),
            &setting("AUDIENCE_SECRET", ""),
        );
        let target = target.set_introspection_url(IntrospectionUrl::new(url)?);
        let told = target.introspect(&second).request(&send)?;
        expect(
            told.active() && told.client_id().map(|id| id.as_str()) == Some(&*id),
            format!("{told:?}"),
        )
    });
    step(failed, "userinfo", || {
        let told: CoreUserInfoClaims = client
            .user_info(first.access_token().clone(), None)?
            .request(&send)?;
        expect(told.email_verified() == Some(true), format!("{told:?}"))
    });
    step(failed, "refresh", || {
        let token = first.refresh_token().ok_or("no refresh token")?;
        let again = client.exchange_refresh_token(token)?.request(&send)?;
        expect(
            again.access_token().secret() != first.access_token().secret(),
            "the same token again",
        )
    });
    step(failed, "refuse-other-client", || {
        let (other, wrong) = (
            setting("OTHER_CLIENT_ID", "service-c"),
            setting("OTHER_CLIENT_SECRET", ""),
        );
        let (status, answer) = realm.exchange(&other, &wrong, first.access_token())?;
        expect(
            (status, &answer["error"]) == (403, &json!("access_denied")),
            format!("{status} {answer}"),
        )?;
        match login(&realm.client(&id, "wrong")) {
            Ok(_) => Err("a wrong secret is good".into()),
            Err(error) => expect(
                error.to_string().contains("Server returned error response"),
                error.to_string(),
            ),
        }
    });
}

fn main() -> ExitCode {
    let mut failed = false;
    run(&mut failed);
    ExitCode::from(u8::from(failed))
}
