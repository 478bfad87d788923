//! What is in signed objects, by their type: whoever writes another program has to read them.

use mp2p::delivery::Delivery;
use mp2p::denylist::DenylistPage;
use mp2p::index_file::IndexFile;
use mp2p::passkey::Passkey;
use mp2p::receipt::Receipt;
use mp2p::reservation::Reservation;
use mp2p::signed::Kind;
use mp2p::stop::{Stop, StopAck};
use schemars::SchemaGenerator;
use serde_json::{Map, Value};

/// The schema of each payload, which goes into the definitions, by `typ` of the object's header.
pub(super) fn payloads(schemas: &mut SchemaGenerator) -> Map<String, Value> {
    let all = [
        (Kind::Passkey, schemas.subschema_for::<Passkey>()),
        (Kind::Receipt, schemas.subschema_for::<Receipt>()),
        (Kind::IndexFile, schemas.subschema_for::<IndexFile>()),
        (Kind::Delivery, schemas.subschema_for::<Delivery>()),
        (Kind::Stop, schemas.subschema_for::<Stop>()),
        (Kind::StopAck, schemas.subschema_for::<StopAck>()),
        (Kind::Reservation, schemas.subschema_for::<Reservation>()),
        (Kind::Denylist, schemas.subschema_for::<DenylistPage>()),
    ];
    all.into_iter().map(|(kind, schema)| (kind.as_str().to_owned(), schema.to_value())).collect()
}
