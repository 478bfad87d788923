//! Who may do what: the role × operation table. Router, guard, metrics and test come from it; what
//! does not stand here is denied.

use axum::routing::MethodFilter;
use link::identity::Role;

use crate::settings::Part;

/// What can be asked.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Operation {
    /// Take part in an overlay (TR 20002 §8.3.1).
    Join,
    /// Go on taking part, and get a fresh list.
    Refresh,
    /// Take part no more.
    Leave,
    /// Make an overlay (§8.3.6).
    CreateOverlay,
    /// See an overlay before joining (Req-Net-040).
    DescribeOverlay,
    /// See why a list reads as it does.
    Explain,
    /// Report status (§8.3.10).
    ReportStatus,
    /// See a user's profile.
    Profile,
    /// Register a content (§8.3.6 step 4).
    Register,
    /// Search contents (§8.3.5).
    Search,
}

/// How it is asked: a method of HTTP.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Verb {
    /// Reads.
    Get,
    /// Makes.
    Post,
    /// Renews.
    Put,
    /// Ends.
    Delete,
}

impl Verb {
    /// As the router takes it.
    pub(crate) const fn filter(self) -> MethodFilter {
        match self {
            Self::Get => MethodFilter::GET,
            Self::Post => MethodFilter::POST,
            Self::Put => MethodFilter::PUT,
            Self::Delete => MethodFilter::DELETE,
        }
    }
}

/// One line of the table.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    /// What.
    pub operation: Operation,
    /// Its name in metrics and logs.
    pub name: &'static str,
    /// The reference point of the framework (X.609).
    pub point: &'static str,
    /// Which of our roles answers.
    pub part: Part,
    /// How it is asked.
    pub method: Verb,
    /// Where.
    pub path: &'static str,
    /// Who may.
    pub roles: &'static [Role],
}

const MEMBERS: &[Role] = &[Role::Peer, Role::CacheServer];
const ANYONE: &[Role] = &[Role::Peer, Role::CacheServer, Role::RelayServer, Role::Operator];
const OPERATORS: &[Role] = &[Role::Operator];
const USERS: &[Role] = &[Role::Peer, Role::Operator];
const PEERS: &[Role] = &[Role::Peer];

/// A line, in the order of its columns.
const fn line(
    (operation, name): (Operation, &'static str),
    (point, part): (&'static str, Part),
    (method, path): (Verb, &'static str),
    roles: &'static [Role],
) -> Line {
    Line { operation, name, point, part, method, path, roles }
}

/// Every operation there is.
pub const TABLE: [Line; 10] = [
    line((Operation::Join, "join"), ("r5", Part::Oms), (Verb::Post, "/oms/peer"), MEMBERS),
    line((Operation::Refresh, "refresh"), ("r5", Part::Oms), (Verb::Put, "/oms/peer"), MEMBERS),
    line((Operation::Leave, "leave"), ("r5", Part::Oms), (Verb::Delete, "/oms/peer"), MEMBERS),
    line(
        (Operation::CreateOverlay, "create-overlay"),
        ("r5", Part::Oms),
        (Verb::Post, "/oms/overlay"),
        USERS,
    ),
    line(
        (Operation::DescribeOverlay, "describe-overlay"),
        ("r5", Part::Oms),
        (Verb::Get, "/oms/overlay"),
        ANYONE,
    ),
    line(
        (Operation::Explain, "explain"),
        ("operator", Part::Oms),
        (Verb::Get, "/oms/explain"),
        OPERATORS,
    ),
    line(
        (Operation::ReportStatus, "report-status"),
        ("r2", Part::Pams),
        (Verb::Post, "/pams/status"),
        MEMBERS,
    ),
    line((Operation::Profile, "profile"), ("r13", Part::Ums), (Verb::Get, "/ums/profile"), USERS),
    line((Operation::Register, "register"), ("r6", Part::Ixs), (Verb::Post, "/ixs/content"), PEERS),
    line((Operation::Search, "search"), ("r6", Part::Ixs), (Verb::Get, "/ixs/content"), ANYONE),
];

/// What [`TABLE`] says.
#[must_use]
pub fn allows(role: Role, operation: Operation) -> bool {
    TABLE.iter().any(|line| line.operation == operation && line.roles.contains(&role))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    const ROLES: [Role; 11] = [
        Role::Unis,
        Role::Oms,
        Role::Pams,
        Role::Ixs,
        Role::Ums,
        Role::CacheServer,
        Role::RelayServer,
        Role::Peer,
        Role::Operator,
        Role::Partner,
        Role::None,
    ];

    /// Rows as ROLES, columns as TABLE.
    const EXPECTED: [(&str, &str); 11] = [
        ("unis", ".........."),
        ("oms", ".........."),
        ("pams", ".........."),
        ("ixs", ".........."),
        ("ums", ".........."),
        ("cs", "xxx.x.x..x"),
        ("rs", "....x....x"),
        ("peer", "xxxxx.xxxx"),
        ("operator", "...xxx.x.x"),
        ("partner", ".........."),
        ("none", ".........."),
    ];

    #[test]
    fn every_cell_of_the_table_is_as_documented() {
        for (role, (name, cells)) in ROLES.into_iter().zip(EXPECTED) {
            assert_eq!(role.as_str(), name);
            let allowed: String = TABLE
                .iter()
                .map(|line| if allows(role, line.operation) { 'x' } else { '.' })
                .collect();
            assert_eq!(allowed, cells, "{name}");
        }
    }

    #[test]
    fn each_operation_has_one_place() {
        let places: HashSet<(Verb, &str)> =
            TABLE.iter().map(|line| (line.method, line.path)).collect();
        assert_eq!(places.len(), TABLE.len());
    }
}
