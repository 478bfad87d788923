//! The addresses of an entry of a list, in place: lists have many entries, most of one address.

use std::borrow::Cow;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::ops::Deref;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::message::bound::List;
use crate::message::join::{AddressKind, PeerAddress};

/// Addresses of an entry at most: its own, and that of its relay server.
const MAX: usize = 2;
const NOWHERE: PeerAddress =
    PeerAddress { ip_address: IpAddr::V4(Ipv4Addr::UNSPECIFIED), port: 0, kind: AddressKind::Host };

/// At most two addresses; a list of them as JSON.
#[derive(Clone)]
pub struct Addresses {
    all: [PeerAddress; MAX],
    count: usize,
}

/// The first two.
impl FromIterator<PeerAddress> for Addresses {
    fn from_iter<I: IntoIterator<Item = PeerAddress>>(addresses: I) -> Self {
        let mut made = Self { all: [NOWHERE; MAX], count: 0 };
        for (place, address) in made.all.iter_mut().zip(addresses) {
            *place = address;
            made.count += 1;
        }
        made
    }
}

impl Deref for Addresses {
    type Target = [PeerAddress];

    fn deref(&self) -> &[PeerAddress] {
        &self.all[..self.count]
    }
}

impl fmt::Debug for Addresses {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(out)
    }
}

impl PartialEq for Addresses {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Serialize for Addresses {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (**self).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Addresses {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let all = Vec::from(List::<PeerAddress, MAX>::deserialize(deserializer)?);
        Ok(all.into_iter().collect())
    }
}

impl JsonSchema for Addresses {
    fn inline_schema() -> bool {
        List::<PeerAddress, MAX>::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        List::<PeerAddress, MAX>::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        List::<PeerAddress, MAX>::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_a_list_of_two_at_most() {
        let one = r#"{"ip_address":"192.0.2.1","port":7000,"type":"PROXY"}"#;
        for count in 0..=MAX {
            let text = format!("[{}]", vec![one; count].join(","));
            let read: Addresses = serde_json::from_str(&text).unwrap();
            assert_eq!((read.len(), serde_json::to_string(&read).unwrap()), (count, text));
        }
        assert!(serde_json::from_str::<Addresses>(&format!("[{one},{one},{one}]")).is_err());
    }
}
