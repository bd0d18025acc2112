//! Users of a document.

use cambist::realm::{
    Features, Profile,
    build::{ids::assign_ids, users_of},
    document::{ClientDocument, ClientGrant, RealmDocument, UserDocument},
};
use cambist_ring::RingProvider;

use crate::{build, group, realm_with, role};

fn shop() -> RealmDocument {
    realm_with(|realm| {
        realm.roles.push(role("buyer"));
        let mut client = ClientDocument::named("shop");
        client.roles.push(role("read"));
        realm.clients.push(client);
        let mut staff = group("staff");
        staff.groups.push(group("finance"));
        realm.groups.push(staff);
    })
}

fn user(name: &str) -> UserDocument {
    UserDocument {
        username: name.to_owned(),
        ..UserDocument::default()
    }
}

fn refusal(user: UserDocument) -> String {
    let mut document = shop();
    document.users = vec![crate::users::user("first"), user];
    document.complete(Features::default());
    let realm = build(&document).unwrap();
    users_of(&document, &realm).unwrap_err().to_string()
}

#[test]
fn names_become_ids() {
    let mut document = shop();
    let mut ann = user("Ann");
    ann.email = Some("Ann@Example.com".to_owned());
    ann.roles.realm.push("buyer".to_owned());
    ann.roles
        .clients
        .insert("shop".to_owned(), vec!["read".to_owned()]);
    ann.groups.push("/staff/finance".to_owned());
    ann.consents
        .insert("shop".to_owned(), vec!["profile".to_owned()]);
    document.users.push(ann);
    document.complete(Features::default());
    assign_ids(&mut document, &RingProvider);
    let realm = build(&document).unwrap();
    let users = users_of(&document, &realm).unwrap();
    let [ann] = &users[..] else {
        panic!("{users:?}")
    };
    let ann = &ann.user;
    assert_eq!(
        (ann.username.as_str(), ann.email.as_deref()),
        ("ann", Some("ann@example.com"))
    );
    assert_eq!(ann.id.len(), 36);
    let shop = realm.client_by_id("shop").unwrap();
    assert_eq!(
        ann.roles,
        [
            realm.realm_role("buyer").unwrap().id(),
            realm.client_role(shop.number(), "read").unwrap().id()
        ]
    );
    let finance = realm
        .groups()
        .iter()
        .find(|group| group.path() == "/staff/finance")
        .unwrap();
    assert_eq!(ann.groups, [finance.id()]);
    assert_eq!(ann.consents[0].client, shop.uuid());
    assert_eq!(
        ann.consents[0].scopes,
        [realm.scope_by_name("profile").unwrap().id()]
    );
}

#[test]
fn names_that_lead_nowhere_are_refused_with_their_place() {
    let mut ann = user("ann");
    ann.roles.realm = vec!["buyer".to_owned(), "seller".to_owned()];
    assert_eq!(
        refusal(ann),
        "users[1].roles.realm[1]: no realm role is named \"seller\""
    );

    let mut ann = user("ann");
    ann.roles
        .clients
        .insert("shop".to_owned(), vec!["write".to_owned()]);
    assert_eq!(
        refusal(ann),
        "users[1].roles.clients.shop[0]: no client role is named \"write\""
    );

    let mut ann = user("ann");
    ann.groups.push("/finance".to_owned());
    assert_eq!(
        refusal(ann),
        "users[1].groups[0]: no group is named \"/finance\""
    );

    let mut ann = user("ann");
    ann.service_account_of = Some("nobody".to_owned());
    assert_eq!(
        refusal(ann),
        "users[1].service_account_of: no client is named \"nobody\""
    );

    let mut ann = user("ann");
    ann.consents
        .insert("shop".to_owned(), vec!["telepathy".to_owned()]);
    assert_eq!(
        refusal(ann),
        "users[1].consents.shop[0]: no client scope is named \"telepathy\""
    );

    assert_eq!(
        refusal(user("FIRST")),
        "users[1].username: user \"first\" is there twice; first at users[0].username"
    );
    assert_eq!(refusal(user("")), "users[1].username: must not be empty");
}

/// Keycloak makes roles that a user of an import names.
#[test]
fn in_profile_keycloak_a_role_that_a_user_names_is_made() {
    let mut document = shop();
    document.profile = Profile::Keycloak;
    let mut ann = user("ann");
    ann.roles.realm.push("seller".to_owned());
    document.users.push(ann);
    document.complete(Features::default());
    let realm = build(&document).unwrap();
    let users = users_of(&document, &realm).unwrap();
    assert_eq!(
        users[0].user.roles,
        [realm.realm_role("seller").unwrap().id()]
    );
}

#[test]
fn clients_with_a_service_account_get_its_user() {
    let mut document = shop();
    for id in ["Robot", "known"] {
        let mut client = ClientDocument::named(id);
        client.grants.push(ClientGrant::ClientCredentials);
        document.clients.push(client);
    }
    let mut known = user("service-account-known");
    known.service_account_of = Some("known".to_owned());
    document.users.push(known);
    document.complete(Features::default());
    let realm = build(&document).unwrap();
    let users = users_of(&document, &realm).unwrap();
    let [known, robot] = &users[..] else {
        panic!("{users:?}")
    };
    assert!(known.user.roles.is_empty());
    assert_eq!(robot.user.username, "service-account-robot");
    assert_eq!(
        robot.user.roles,
        [realm.realm_role("default-roles-r").unwrap().id()]
    );
    let client = realm.client_by_id("Robot").unwrap();
    assert_eq!(
        robot.user.service_account_client.as_deref(),
        Some(client.uuid())
    );

    let second = document.users[0].clone();
    document.users.push(UserDocument {
        username: "second".to_owned(),
        ..second
    });
    assert_eq!(
        users_of(&document, &realm).unwrap_err().to_string(),
        "users[1].service_account_of: service account of client \"known\" belongs to \"another user\""
    );
}

#[test]
fn two_users_share_an_address_only_where_the_realm_allows_it() {
    let with = |shared: bool| {
        let mut document = shop();
        document.login.duplicate_emails = shared;
        for name in ["ann", "bob"] {
            document.users.push(UserDocument {
                email: Some("Team@example.com".to_owned()),
                ..user(name)
            });
        }
        let realm = build(&document).unwrap();
        users_of(&document, &realm)
            .map(|users| users.len())
            .map_err(|error| error.to_string())
    };
    assert_eq!(with(true), Ok(2));
    assert_eq!(
        with(false),
        Err(
            "users[1].email: user with the e-mail address \"team@example.com\" is there twice; \
             first at users[0].email"
                .to_owned()
        )
    );
}
