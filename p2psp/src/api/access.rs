//! Who may do what: the role × operation table. Router, guard, metrics and test come from it; what
//! does not stand here is denied.

use crate::api::line::Line;
use crate::api::{events, expel, ixs, oms, pams, roles, servers, stop, ums};

/// Every operation there is, by the role that answers; last what roles ask each other.
pub const TABLE: [&[Line]; 9] = [
    oms::LINES,
    events::LINES,
    expel::LINES,
    servers::LINES,
    pams::LINES,
    ums::LINES,
    ixs::LINES,
    stop::LINES,
    roles::LINES,
];

/// The lines of [`TABLE`].
pub fn lines() -> impl Iterator<Item = &'static Line> {
    TABLE.into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use link::identity::Role;

    use super::*;
    use crate::api::line::Verb;

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

    /// An operation, and every role that may: all others are denied. Written by hand, beside the
    /// table, a line each.
    const EXPECTED: &[(&str, &str)] = &[
        ("join", "cs peer"),
        ("refresh", "cs peer"),
        ("leave", "cs peer"),
        ("report-failures", "cs peer"),
        ("rendezvous", "cs peer"),
        ("create-overlay", "peer operator"),
        ("describe-overlay", "cs rs peer operator"),
        ("list-overlays", "operator"),
        ("list-members", "operator"),
        ("change-overlay", "peer operator"),
        ("remove-overlay", "peer operator"),
        ("explain", "operator"),
        ("events", "cs rs peer"),
        ("register-server", "cs rs peer"),
        ("discharge-server", "cs rs peer"),
        ("list-servers", "operator"),
        ("report-usage", "cs rs peer"),
        ("report-fault", "cs rs peer"),
        ("usage", "cs rs peer operator"),
        ("reserve", "cs peer"),
        ("list-reservations", "cs peer"),
        ("renew-reservation", "cs peer"),
        ("release-reservation", "cs peer"),
        ("acknowledge-events", "cs rs peer"),
        ("report-status", "cs rs peer"),
        ("status", "peer operator"),
        ("resources", "cs rs peer operator"),
        ("history", "peer operator"),
        ("enter-care", "peer"),
        ("leave-care", "peer"),
        ("choose-care", "peer"),
        ("offer-care", "peer"),
        ("withdraw-care", "peer"),
        ("super-account", "peer operator"),
        ("pull-status", "operator"),
        ("profile", "peer operator"),
        ("account", "peer operator"),
        ("class", "cs rs peer operator"),
        ("result", "peer operator"),
        ("receipt", "cs rs peer"),
        ("success", "cs peer"),
        ("consent", "peer"),
        ("sign-up", "peer operator none"),
        ("lost-peer", "peer"),
        ("takedown", "operator authority"),
        ("takedowns", "operator authority"),
        ("lift-takedown", "operator authority"),
        ("expel", "operator"),
        ("readmit", "operator"),
        ("role-index-file", "oms"),
        ("role-has-contents", "oms"),
        ("stop-ack", "cs rs peer"),
        ("role-may-publish", "ixs"),
        ("role-there", "ixs"),
        ("role-stop", "ixs"),
        ("role-stop-result", "ixs"),
        ("role-lift", "ixs"),
        ("register", "peer"),
        ("update", "peer"),
        ("remove", "peer"),
        ("overlay-contents", "cs rs peer operator"),
        ("index-file", "cs rs peer operator"),
        ("denylist", "cs rs peer operator"),
        ("denylist-page", "cs rs peer operator"),
        ("deny", "operator"),
        ("search", "cs rs peer operator"),
        ("role-joined", "oms"),
        ("role-class", "oms"),
        ("role-consents", "pams"),
        ("role-measured", "pams"),
        ("role-news", "oms"),
        ("role-founded", "oms"),
        ("role-serving", "oms"),
        ("role-errors", "oms"),
        ("role-standings", "oms"),
        ("role-ask-status", "pams"),
    ];

    #[test]
    fn every_cell_of_the_table_is_as_documented() {
        let expected: HashMap<&str, &str> = EXPECTED.iter().copied().collect();
        assert_eq!(expected.len(), EXPECTED.len(), "an operation stands twice");
        for line in lines() {
            let allowed: Vec<&str> = ROLES
                .into_iter()
                .filter(|role| line.roles.contains(role))
                .map(Role::as_str)
                .collect();
            let expected = expected.get(line.name).copied();
            assert_eq!(Some(allowed.join(" ").as_str()), expected, "{}", line.name);
        }
        assert_eq!(lines().count(), EXPECTED.len(), "an operation has no line");
    }

    #[test]
    fn each_operation_has_one_place_and_one_name() {
        let places: HashSet<(Verb, &str)> = lines().map(|line| (line.method, line.path)).collect();
        let names: HashSet<&str> = lines().map(|line| line.name).collect();
        assert_eq!((places.len(), names.len()), (lines().count(), lines().count()));
    }
}
