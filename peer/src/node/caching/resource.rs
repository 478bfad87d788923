//! The room of a cache as a resource that others can find (Req-Reso-010 to 030, Req-Coop-060).

use mp2p::message::bound::Text;
use mp2p::message::resource::{Resource, ResourcePolicy, ResourceType};

use crate::node::Node;

impl Node {
    /// What PAMS is told of; none of a peer that is no cache.
    pub(crate) fn cache_resource(&self) -> Option<Resource> {
        let status = self.cache.get()?.status(self);
        let capacity = status.storage_bytes;
        let used = status.used_bytes as f64 / capacity.max(1) as f64;
        Some(Resource {
            resource_id: Text::new("cache").ok()?,
            kind: ResourceType::Storage,
            location: Text::default(),
            owner: None,
            policy: ResourcePolicy {
                class_floor: self.settings().sharing.class_floor,
                delegate: true,
                ..ResourcePolicy::default()
            },
            capacity,
            usage: status.reserved_bytes.min(capacity),
            ratio: 1.0,
            load: used.clamp(0.0, 1.0) as f32,
        })
    }
}
