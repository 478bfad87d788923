//! An ISP that gives no map: its endpoint cost service is asked while a peer waits, with a deadline
//! of whoever asks.

use std::net::IpAddr;

use alto_client::{Client, ClientBuilder};
use tokio::sync::OnceCell;

use crate::calls::{Answer, CallError};
use crate::isp::outlook::METRIC;

/// The endpoint cost service of one ISP.
#[derive(Debug)]
pub struct Endpoints {
    server: ClientBuilder,
    /// Its directory is walked when it is first asked, and again until that succeeds.
    client: OnceCell<Client>,
}

impl Endpoints {
    pub(crate) const fn new(server: ClientBuilder) -> Self {
        Self { server, client: OnceCell::const_new() }
    }

    /// How far others are from `from`: 0 for the nearest, the same for equally near ones; none
    /// where there is no cost.
    pub(crate) fn ordinals<'a>(
        &'a self,
        from: IpAddr,
        to: &'a [IpAddr],
    ) -> Answer<'a, Vec<Option<u32>>> {
        Box::pin(async move {
            let failed = |error: alto_client::CallError| CallError::Failed {
                role: "unis",
                reason: error.to_string(),
            };
            let client = self.client.get_or_try_init(|| self.server.connect());
            let client = client.await.map_err(failed)?;
            let costs = client.costs_from(METRIC, from, to).await.map_err(failed)?;
            let costs: Vec<Option<f64>> =
                to.iter().map(|address| costs.get(&address.to_canonical()).copied()).collect();
            Ok(ordinals(&costs))
        })
    }
}

/// What is no cost in its senses is none.
fn ordinals(costs: &[Option<f64>]) -> Vec<Option<u32>> {
    let is_sane = |cost: &f64| cost.is_finite() && *cost >= 0.0;
    let mut sorted: Vec<f64> = costs.iter().flatten().copied().filter(is_sane).collect();
    sorted.sort_by(f64::total_cmp);
    sorted.dedup();
    let ordinal = |cost: f64| sorted.iter().position(|other| *other == cost);
    let of = |cost: &Option<f64>| {
        let at = ordinal(cost.filter(is_sane)?)?;
        u32::try_from(at).ok()
    };
    costs.iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_become_ranks_and_what_makes_no_sense_is_none() {
        let costs =
            [Some(7.0), None, Some(0.5), Some(7.0), Some(-1.0), Some(f64::NAN), Some(1e300)];
        let expected = [Some(1), None, Some(0), Some(1), None, None, Some(2)];
        assert_eq!(ordinals(&costs), expected);
        assert_eq!(ordinals(&[Some(3.0); 3]), [Some(0); 3]);
        assert_eq!(ordinals(&[Some(f64::INFINITY), Some(f64::NEG_INFINITY)]), [None, None]);
    }
}
