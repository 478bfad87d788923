//! What a name entitles its holder to be (TR 20002 §7.2: the functional entities).

use std::fmt;

/// The part that the holder of a certificate plays; the role table decides what it may do.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash, Ord, PartialOrd)]
pub enum Role {
    /// Underlying network information server of an ISP.
    Unis,
    /// Overlay management server.
    Oms,
    /// Peer activity management server.
    Pams,
    /// Index server.
    Ixs,
    /// User management server.
    Ums,
    /// Cache server.
    CacheServer,
    /// Relay server.
    RelayServer,
    /// A peer.
    Peer,
    /// A person who operates the own servers.
    Operator,
    /// Somebody outside who may have distributions stopped (TR 20002 §8.3.4).
    Authority,
    /// A partner mapped by subject alternative name or by fingerprint, without SPIFFE name.
    Partner,
    /// Authenticated, but the name has no meaning here: every operation is denied.
    None,
}

impl Role {
    /// The word for the role, as it stands in names, metrics and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unis => "unis",
            Self::Oms => "oms",
            Self::Pams => "pams",
            Self::Ixs => "ixs",
            Self::Ums => "ums",
            Self::CacheServer => "cs",
            Self::RelayServer => "rs",
            Self::Peer => "peer",
            Self::Operator => "operator",
            Self::Authority => "authority",
            Self::Partner => "partner",
            Self::None => "none",
        }
    }

    /// The role that a P2P service provider's server has in its name.
    pub(crate) fn of_provider(word: &str) -> Option<Self> {
        [Self::Oms, Self::Pams, Self::Ixs, Self::Ums, Self::CacheServer, Self::RelayServer]
            .into_iter()
            .find(|role| role.as_str() == word)
    }

    /// Whether holders of this role are connected to, and so need a server certificate too.
    pub fn serves(self) -> bool {
        !matches!(self, Self::Operator | Self::Authority | Self::Partner | Self::None)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
