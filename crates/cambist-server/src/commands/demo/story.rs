//! The story, step by step.

use cambist::{
    crypto::CryptoProvider,
    jose::{JsonLimits, Jwk, JwsLimits, UnverifiedJws},
    secret::Secret,
};
use cambist_ring::RingProvider;
use http::Method;
use serde_json::{Map, Value, json};

use super::{
    ADMINISTRATOR, Failure,
    client::{Client, Reply},
    explain::explain,
    show,
};
use crate::Server;

pub(super) const REALM: &str = "token-exchange-demo";
pub(super) const USERNAME: &str = "testuser";
pub(super) const PASSWORD: &str = "password123";
pub(super) const SCOPE: &str = "openid profile email";
pub(super) const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
pub(super) const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
const POLICY: &str = "service-a-client-policy";

/// Who plays, and where.
pub(super) struct Story<'s> {
    server: &'s Server,
    admin_password: &'s Secret,
    client: Client,
}

/// What is known when the story has been told.
pub(super) struct Told {
    pub(super) base: String,
    pub(super) secret_a: String,
    pub(super) secret_c: String,
}

/// A token whose signature holds.
pub(super) struct Verified {
    pub(super) claims: Map<String, Value>,
    pub(super) algorithm: String,
    pub(super) key_id: String,
}

impl<'s> Story<'s> {
    pub(super) fn new(server: &'s Server, admin_password: &'s Secret) -> Self {
        let client = Client::new(server.service().bases().first().as_str());
        Self {
            server,
            admin_password,
            client,
        }
    }

    pub(super) async fn play(self) -> Result<Told, Failure> {
        let admin = self.administrator().await?;
        let [(_, secret_a), (target, _), (_, secret_c)] = self.realm_and_clients(&admin).await?;
        self.permission(&admin, &target).await?;
        self.user(&admin).await?;

        show::part("The exchange");
        let login = self.log_in(&secret_a).await?;
        let subject_token = login.text("/access_token")?;
        let fields = exchange("service-a", &secret_a, subject_token);
        let answer = self.client.form(&token_path(REALM), &fields).await?;
        show::step(
            "service-a exchanges the token for one of service-b",
            "POST token",
            answer.status,
        );
        let answer = answer.good("the exchange")?;
        let before = self.verified(subject_token).await?;
        let after = self.verified(answer.text("/access_token")?).await?;
        show::step(
            "both signatures hold under the keys that the realm publishes",
            "GET certs",
            200,
        );
        show::signature(&after);
        show::claims(&before.claims, &after.claims);

        show::part("Why it was permitted");
        show::trace(&explain(self.server, REALM, &fields).await?);

        show::part("The same request from service-c, which is not in the policy");
        let fields = exchange("service-c", &secret_c, subject_token);
        let refused = self.client.form(&token_path(REALM), &fields).await?;
        show::refusal(
            refused.status,
            refused.text("/error")?,
            refused.text("/error_description")?,
        );
        if refused.status != 403 {
            return Err(format!("service-c got HTTP {} instead of 403", refused.status).into());
        }
        show::trace(&explain(self.server, REALM, &fields).await?);
        let base = self.server.service().bases().first().to_string();
        Ok(Told {
            base,
            secret_a,
            secret_c,
        })
    }

    async fn administrator(&self) -> Result<String, Failure> {
        show::part("The administration");
        let fields = [
            ("grant_type", "password"),
            ("client_id", "admin-cli"),
            ("username", ADMINISTRATOR),
            ("password", self.admin_password.expose()),
        ];
        let reply = self.client.form(&token_path("master"), &fields).await?;
        show::step(
            "the administrator logs in at realm master",
            "POST token",
            reply.status,
        );
        Ok(reply
            .good("the administrator's login")?
            .text("/access_token")?
            .to_owned())
    }

    /// Makes the realm and its clients; returns internal id and secret of each.
    async fn realm_and_clients(&self, admin: &str) -> Result<[(String, String); 3], Failure> {
        let realm = json!({ "realm": REALM, "enabled": true });
        let reply = self
            .client
            .admin(Method::POST, "/admin/realms", admin, Some(&realm))
            .await?;
        show::step(&format!("realm {REALM}"), "POST realms", reply.status);
        reply.good("the realm")?;
        let a = json!({
            "clientId": "service-a", "publicClient": false, "standardFlowEnabled": true,
            "directAccessGrantsEnabled": true, "redirectUris": ["http://localhost:8080/*"],
            "webOrigins": ["http://localhost:8080"],
        });
        let b = json!({
            "clientId": "service-b", "publicClient": false, "standardFlowEnabled": false,
            "directAccessGrantsEnabled": false,
        });
        let c =
            json!({ "clientId": "service-c", "publicClient": false, "standardFlowEnabled": false });
        Ok([
            self.new_client(admin, &a, "service-a, which will ask")
                .await?,
            self.new_client(admin, &b, "service-b, which will be asked for")
                .await?,
            self.new_client(admin, &c, "service-c, which will be refused")
                .await?,
        ])
    }

    async fn new_client(
        &self,
        admin: &str,
        client: &Value,
        what: &str,
    ) -> Result<(String, String), Failure> {
        let reply = self
            .admin(Method::POST, "/clients", admin, Some(client))
            .await?;
        show::step(&format!("client {what}"), "POST clients", reply.status);
        let id = reply
            .good("the client")?
            .made
            .ok_or("the new client has no id")?;
        let secret = self
            .admin(
                Method::GET,
                &format!("/clients/{id}/client-secret"),
                admin,
                None,
            )
            .await?;
        let secret = secret
            .good("the client's secret")?
            .text("/value")?
            .to_owned();
        Ok((id, secret))
    }

    async fn permission(&self, admin: &str, target: &str) -> Result<(), Failure> {
        let path = format!("/clients/{target}/management/permissions");
        let reply = self
            .admin(Method::PUT, &path, admin, Some(&json!({ "enabled": true })))
            .await?;
        show::step(
            "permissions of service-b are switched on",
            "PUT management/permissions",
            reply.status,
        );
        let permission = reply
            .good("the permissions")?
            .text("/scopePermissions/token-exchange")?
            .to_owned();

        let found = self
            .admin(
                Method::GET,
                "/clients?clientId=realm-management",
                admin,
                None,
            )
            .await?;
        let store = found.good("realm-management")?.text("/0/id")?.to_owned();
        let found = self
            .admin(Method::GET, "/clients?clientId=service-a", admin, None)
            .await?;
        let requester = found.good("service-a")?.text("/0/id")?.to_owned();
        let store = format!("/clients/{store}/authz/resource-server");

        let policy = json!({
            "type": "client", "name": POLICY, "logic": "POSITIVE", "decisionStrategy": "UNANIMOUS",
            "clients": [requester],
        });
        let reply = self
            .admin(
                Method::POST,
                &format!("{store}/policy/client"),
                admin,
                Some(&policy),
            )
            .await?;
        show::step(
            &format!("policy {POLICY} names service-a"),
            "POST policy/client",
            reply.status,
        );
        let policy = reply.good("the policy")?.text("/id")?.to_owned();

        let permission_path = format!("{store}/permission/scope/{permission}");
        let there = self
            .admin(Method::GET, &permission_path, admin, None)
            .await?
            .good("the permission")?;
        let linked = format!("{store}/policy/{permission}");
        let scopes = self
            .admin(Method::GET, &format!("{linked}/scopes"), admin, None)
            .await?;
        let resources = self
            .admin(Method::GET, &format!("{linked}/resources"), admin, None)
            .await?;
        let whole = json!({
            "id": permission, "name": there.text("/name")?, "type": "scope", "logic": "POSITIVE",
            "decisionStrategy": "UNANIMOUS", "policies": [policy],
            "scopes": [scopes.good("the permission's scopes")?.text("/0/id")?],
            "resources": [resources.good("the permission's resources")?.text("/0/_id")?],
        });
        let reply = self
            .admin(Method::PUT, &permission_path, admin, Some(&whole))
            .await?;
        show::step(
            "the policy guards token-exchange of service-b, unanimous",
            "PUT permission/scope",
            reply.status,
        );
        reply.good("the permission")?;
        Ok(())
    }

    async fn user(&self, admin: &str) -> Result<(), Failure> {
        let user = json!({
            "username": USERNAME, "enabled": true, "email": "testuser@example.com",
            "emailVerified": true, "firstName": "Test", "lastName": "User",
        });
        let reply = self
            .admin(Method::POST, "/users", admin, Some(&user))
            .await?;
        show::step(&format!("user {USERNAME}"), "POST users", reply.status);
        let id = reply
            .good("the user")?
            .made
            .ok_or("the new user has no id")?;
        let password = json!({ "type": "password", "value": PASSWORD, "temporary": false });
        let path = format!("/users/{id}/reset-password");
        let reply = self
            .admin(Method::PUT, &path, admin, Some(&password))
            .await?;
        show::step("with a password", "PUT reset-password", reply.status);
        reply.good("the password")?;
        Ok(())
    }

    async fn log_in(&self, secret: &str) -> Result<Reply, Failure> {
        let fields = [
            ("grant_type", "password"),
            ("client_id", "service-a"),
            ("client_secret", secret),
            ("username", USERNAME),
            ("password", PASSWORD),
            ("scope", SCOPE),
        ];
        let reply = self.client.form(&token_path(REALM), &fields).await?;
        show::step(
            &format!("{USERNAME} logs in at service-a"),
            "POST token",
            reply.status,
        );
        reply.good("the login")
    }

    /// Checks a token as a resource server would: with the keys that the realm publishes.
    async fn verified(&self, token: &str) -> Result<Verified, Failure> {
        let certs = format!("/realms/{REALM}/protocol/openid-connect/certs");
        let certs = self.client.get(&certs).await?.good("the keys")?;
        let jws = UnverifiedJws::parse(token, &JwsLimits::DEFAULT)?;
        let key_id = jws.key_id().ok_or("the token names no key")?.to_owned();
        let keys = certs
            .body
            .get("keys")
            .and_then(Value::as_array)
            .ok_or("there are no keys")?;
        let key = keys
            .iter()
            .find(|key| key.get("kid").and_then(Value::as_str) == Some(key_id.as_str()))
            .ok_or("the token's key is not published")?;
        let key = Jwk::parse(&key.to_string(), &JsonLimits::DEFAULT)?;
        let algorithm = key.algorithm.ok_or("the key names no algorithm")?;
        let provider: &dyn CryptoProvider = &RingProvider;
        let verified = jws.verify(&key.verification_key(algorithm, provider)?)?;
        let claims = serde_json::from_str(verified.payload())?;
        Ok(Verified {
            claims,
            algorithm: algorithm.name().to_owned(),
            key_id,
        })
    }

    async fn admin(
        &self,
        method: Method,
        path: &str,
        token: &str,
        body: Option<&Value>,
    ) -> Result<Reply, Failure> {
        self.client
            .admin(method, &format!("/admin/realms/{REALM}{path}"), token, body)
            .await
    }
}

pub(super) fn token_path(realm: &str) -> String {
    format!("/realms/{realm}/protocol/openid-connect/token")
}

fn exchange<'f>(
    client: &'f str,
    secret: &'f str,
    subject_token: &'f str,
) -> [(&'f str, &'f str); 6] {
    [
        ("grant_type", EXCHANGE),
        ("client_id", client),
        ("client_secret", secret),
        ("subject_token", subject_token),
        ("requested_token_type", ACCESS_TOKEN),
        ("audience", "service-b"),
    ]
}
