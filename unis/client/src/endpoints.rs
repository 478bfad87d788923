//! Costs from one endpoint to others, by address: the endpoint cost service (RFC 7285 §11.5) for
//! those who have no use for its texts.

use std::collections::HashMap;
use std::net::IpAddr;

use alto::address::{self, TypedAddress};
use alto::cost::{CostType, Mode};
use alto::request::EndpointCostQuery;

use crate::client::Client;
use crate::exchange::CallError;

impl Client {
    /// Costs of `metric` from an address to others, numerical ones where they are offered, else
    /// ordinal ones; those without a cost are left out.
    ///
    /// # Errors
    /// As [`Client::endpoint_costs`].
    pub async fn costs_from(
        &self,
        metric: &str,
        from: IpAddr,
        to: &[IpAddr],
    ) -> Result<HashMap<IpAddr, f64>, CallError> {
        let mut dsts: Vec<TypedAddress> = to.iter().copied().map(TypedAddress::from).collect();
        dsts.sort_unstable_by_key(|destination| destination.address);
        dsts.dedup_by_key(|destination| destination.address);
        let modes = [Mode::Numerical, Mode::Ordinal].map(|mode| CostType::new(metric, mode));
        let is_offered = |kind: &CostType| self.catalogue().endpoint_cost(kind, false).is_some();
        let [numerical, ordinal] = modes;
        let by_rank_only = !is_offered(&numerical) && is_offered(&ordinal);
        let query = EndpointCostQuery {
            cost_type: if by_rank_only { ordinal } else { numerical },
            constraints: None,
            srcs: vec![TypedAddress::from(from)],
            dsts,
        };
        let answer = self.endpoint_costs(&query).await?;
        let costs = answer.map.into_values().next().unwrap_or_default();
        let known = costs
            .into_iter()
            .filter_map(|(text, cost)| address::parse(&text).ok().map(|address| (address, cost)));
        Ok(known.collect())
    }
}
