//! The information resource directory: what this server offers, to this client (RFC 7285 §9.2).

use std::collections::BTreeMap;

use alto::cost::{CostType, Mode};
use alto::directory::{Capabilities, Directory, Entry, Meta};

use crate::maps::network::{ServedNetwork, cost_type_name};
use crate::maps::table::{Kind, Resource};
use crate::maps::version::Version;
use crate::settings::View;

/// The directory of `version` in a client's view, its URIs below `base` (`https://HOST:PORT`, or
/// empty for relative ones).
#[must_use]
pub fn directory(version: &Version, view: View, base: &str) -> Directory {
    let mut cost_types = BTreeMap::new();
    for network in version.networks() {
        for (metric, mode) in offered(network, view) {
            let cost_type = CostType { metric: metric.to_owned(), mode, description: None };
            cost_types.insert(cost_type_name(metric, mode), cost_type);
        }
    }
    let visible = version.resources().iter().filter(|resource| is_visible(resource, view));
    let resources = visible
        .map(|resource| (resource.id.to_string(), entry(version, resource, view, base)))
        .collect();
    let default = version.networks().first().map(|network| network.id("network-map"));
    Directory { meta: Meta { cost_types, default_network_map: default }, resources }
}

/// The cost types of a network that a view may use.
pub fn offered(network: &ServedNetwork, view: View) -> impl Iterator<Item = (&str, Mode)> {
    let modes: &[Mode] = match view {
        View::Full => &[Mode::Numerical, Mode::Ordinal],
        View::Ordinal => &[Mode::Ordinal],
        View::None => &[],
    };
    network
        .metrics()
        .iter()
        .flat_map(move |metric| modes.iter().map(move |mode| (metric.as_str(), *mode)))
}

/// Whether a view may see a resource at all.
#[must_use]
pub fn is_visible(resource: &Resource, view: View) -> bool {
    match &resource.kind {
        Kind::CostMap { metric, mode } => offered(&resource.network, view)
            .any(|(name, offered)| name == metric && offered == *mode),
        _ => view != View::None,
    }
}

/// The properties that the endpoint property service looks up: `pid` of every network map (RFC 7285
/// §11.4.1.4).
#[must_use]
pub fn properties(version: &Version) -> Vec<String> {
    version.networks().iter().map(|network| format!("{}.pid", network.id("network-map"))).collect()
}

fn entry(version: &Version, resource: &Resource, view: View, base: &str) -> Entry {
    let network = &resource.network;
    let all_cost_types =
        || offered(network, view).map(|(metric, mode)| cost_type_name(metric, mode)).collect();
    let map = || vec![network.id("network-map")];
    let (capabilities, uses) = match &resource.kind {
        Kind::NetworkMap => (Capabilities::default(), Vec::new()),
        Kind::FilteredNetworkMap => (Capabilities::default(), map()),
        Kind::CostMap { metric, mode } => {
            let names = vec![cost_type_name(metric, *mode)];
            (Capabilities { cost_type_names: names, ..Capabilities::default() }, map())
        }
        // RFC 7285 §11.5.1.5: an endpoint cost service names no map.
        Kind::FilteredCostMap | Kind::EndpointCost => {
            let uses = if resource.kind == Kind::EndpointCost { Vec::new() } else { map() };
            let names = all_cost_types();
            (
                Capabilities {
                    cost_type_names: names,
                    cost_constraints: true,
                    ..Capabilities::default()
                },
                uses,
            )
        }
        Kind::EndpointProperty => (
            Capabilities { prop_types: properties(version), ..Capabilities::default() },
            Vec::new(),
        ),
    };
    Entry {
        uri: format!("{base}{}", resource.path),
        media_type: resource.kind.media_type().to_owned(),
        accepts: resource.kind.accepts().map(str::to_owned),
        capabilities,
        uses,
    }
}
