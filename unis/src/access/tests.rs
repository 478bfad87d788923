//! Who may do what, cell by cell.

use std::net::SocketAddr;
use std::sync::Arc;

use link::identity::Role;
use link::{Caller, Identity};

use http::{HeaderMap, Method, Uri};

use crate::access::{Access, Ask, Denied, Operation, allows};
use crate::settings::{Settings, View};

const ROLES: [Role; 12] = [
    Role::Unis,
    Role::Oms,
    Role::Pams,
    Role::Ixs,
    Role::Ums,
    Role::CacheServer,
    Role::RelayServer,
    Role::Peer,
    Role::Operator,
    Role::Authority,
    Role::Partner,
    Role::None,
];

fn caller(role: Role, partner: Option<&str>) -> Caller {
    let identity = Identity {
        partner: partner.map(str::to_owned),
        name: None,
        role,
        fingerprint: String::new(),
        serial: String::new(),
        issuer: String::new(),
        key: String::new(),
        user: None,
    };
    Caller { address: SocketAddr::from(([192, 0, 2, 1], 1)), identity: Some(Arc::new(identity)) }
}

/// Asks without showing anything but the certificate.
fn authorise(access: &Access, caller: &Caller, operation: Operation) -> Result<View, Denied> {
    let (target, headers) = (Uri::default(), HeaderMap::new());
    let ask = Ask { operation, method: &Method::GET, target: &target, headers: &headers };
    access.authorise(caller, &ask).map(|granted| granted.view)
}

fn access(settings: &Settings) -> Access {
    Access::new(settings, false).unwrap()
}

fn settings(text: &str) -> Settings {
    toml::from_str(text).unwrap()
}

#[test]
fn every_cell_of_the_table_is_as_documented() {
    let asks = [Role::Unis, Role::Oms, Role::Pams, Role::Operator, Role::Partner];
    let access = access(&Settings::default());
    for role in ROLES {
        for operation in Operation::ALL {
            let allowed = asks.contains(&role);
            assert_eq!(allows(role, operation), allowed, "{role:?} {operation:?}");
            let expected = if allowed { Ok(View::Full) } else { Err(Denied::Role) };
            assert_eq!(authorise(&access, &caller(role, None), operation), expected, "{role:?}");
        }
    }
}

#[test]
fn who_shows_no_certificate_gets_the_public_view_or_nothing() {
    let nobody = Caller { identity: None, ..caller(Role::None, None) };
    let ask = |text: &str, caller: &Caller| {
        authorise(&access(&settings(text)), caller, Operation::Directory)
    };
    assert_eq!(ask("", &nobody), Err(Denied::NoCertificate));
    assert_eq!(ask("public-view = \"ordinal\"", &nobody), Ok(View::Ordinal));
    assert_eq!(ask("public-view = true", &caller(Role::Peer, None)), Ok(View::Full));
    // A role that is denied is not served as public either.
    assert_eq!(ask("public-view = true", &caller(Role::Ums, None)), Err(Denied::Role));
}

#[test]
fn a_partner_has_its_view_and_its_quota() {
    let partner =
        "[[partner]]\nname = \"acme\"\nfingerprint = \"00\"\nview = \"ordinal\"\nquota = 1\n";
    let access = access(&settings(partner));
    let acme = caller(Role::Oms, Some("acme"));
    assert_eq!(authorise(&access, &acme, Operation::CostMap), Ok(View::Ordinal));
    assert!(matches!(authorise(&access, &acme, Operation::CostMap), Err(Denied::Quota { .. })));
    let (reloaded, _) = access.succeeded_by(&settings(partner));
    assert!(matches!(authorise(&reloaded, &acme, Operation::CostMap), Err(Denied::Quota { .. })));
    let stranger = caller(Role::Oms, Some("other"));
    assert_eq!(authorise(&access, &stranger, Operation::CostMap), Err(Denied::Role));
}

#[test]
fn an_address_is_bounded_and_a_partner_with_a_quota_is_not() {
    let text = "public-view = true\n[limits]\nrequests-per-second = 1\nrequest-burst = 1\n\
        [[partner]]\nname = \"acme\"\nfingerprint = \"00\"\nquota = 100\n\
        [[partner]]\nname = \"bolt\"\nfingerprint = \"01\"\n";
    let access = access(&settings(text));
    let nobody = Caller { identity: None, ..caller(Role::None, None) };
    assert_eq!(authorise(&access, &nobody, Operation::CostMap), Ok(View::Full));
    let bounded = [nobody, caller(Role::Operator, None), caller(Role::Oms, Some("bolt"))];
    for caller in bounded {
        let denied = authorise(&access, &caller, Operation::CostMap);
        assert!(matches!(denied, Err(Denied::Address { .. })), "{caller:?}");
    }
    for _ in 0..10 {
        let acme = caller(Role::Oms, Some("acme"));
        assert_eq!(authorise(&access, &acme, Operation::CostMap), Ok(View::Full));
    }
    let elsewhere =
        Caller { address: SocketAddr::from(([192, 0, 2, 2], 1)), ..caller(Role::Operator, None) };
    assert_eq!(authorise(&access, &elsewhere, Operation::CostMap), Ok(View::Full));
}
