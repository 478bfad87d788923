//! `POST …/network-map-filtered`: the network map of the PIDs and address types asked for (RFC 7285
//! §11.3.1).

use alto::request::NetworkMapFilter;

use crate::maps::table::Resource;
use crate::maps::version::Version;
use crate::resource::network_map::{Families, NetworkMapChunks};
use crate::resource::{Answer, Refusal};

/// Answers a filter. PIDs and address types that are not known are ignored (§11.3.1.6); where only
/// such were named, the answer is an empty map, never the whole one.
///
/// # Errors
/// A body that is no such filter.
pub fn answer(version: &Version, resource: &Resource, body: &[u8]) -> Result<Answer, Refusal> {
    let filter = NetworkMapFilter::parse(body)?;
    let network = &resource.network;
    let named = |family: &str| {
        filter.address_types.is_empty() || filter.address_types.iter().any(|asked| asked == family)
    };
    let families = Families { ipv4: named("ipv4"), ipv6: named("ipv6") };
    let whole = version.with_id(&network.id("network-map"));
    if let (true, Families::ALL, Some(whole)) = (filter.pids.is_empty(), families, whole) {
        return Ok(Answer::Same(whole.clone()));
    }
    let pids = network.snapshot().pids();
    let asked = if families == Families::NONE {
        Vec::new()
    } else if filter.pids.is_empty() {
        pids.iter().map(|(pid, _)| pid).collect()
    } else {
        filter.pids.iter().filter_map(|name| pids.find(name)).collect()
    };
    Ok(Answer::Chunks(Box::new(NetworkMapChunks::of(network, asked, families))))
}
