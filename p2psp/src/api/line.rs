//! One line of the role × operation table: what can be asked, how, where, and who may.

use axum::routing::MethodFilter;
use link::identity::Role;

use crate::api::does::Does;
use crate::settings::Part;

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
    /// In lower case, as OpenAPI has it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Post => "post",
            Self::Put => "put",
            Self::Delete => "delete",
        }
    }

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
#[derive(Clone, Copy)]
pub struct Line {
    /// Its name in metrics and logs.
    pub name: &'static str,
    /// What it does, in a sentence.
    pub about: &'static str,
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
    /// What answers.
    pub(crate) does: Does,
}

/// Who can be a member of an overlay.
pub(crate) const MEMBERS: &[Role] = &[Role::Peer, Role::CacheServer];
/// Whoever takes part or serves those who do.
pub(crate) const SERVED: &[Role] = &[Role::Peer, Role::CacheServer, Role::RelayServer];
/// Whoever has a certificate of this provider.
pub(crate) const ANYONE: &[Role] =
    &[Role::Peer, Role::CacheServer, Role::RelayServer, Role::Operator];
/// The provider's staff.
pub(crate) const OPERATORS: &[Role] = &[Role::Operator];
/// Who may have distributions stopped: staff, and whoever was given that right.
pub(crate) const AUTHORITIES: &[Role] = &[Role::Operator, Role::Authority];
/// Peers and staff.
pub(crate) const USERS: &[Role] = &[Role::Peer, Role::Operator];
/// Whoever has no certificate yet, peers and staff.
pub(crate) const ANYBODY: &[Role] = &[Role::None, Role::Peer, Role::Operator];
/// Peers alone.
pub(crate) const PEERS: &[Role] = &[Role::Peer];
