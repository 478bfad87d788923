//! What fewer PIDs and fewer prefixes have done, for `unis check`.

use std::io::{self, Write};

use serde_json::{Value, json};
use topology::{Aggregation, CostError, Network};

/// The report's members `aggregation` and `reduction`; null where nothing became fewer.
pub(super) fn json(network: &Network) -> (Value, Value) {
    let aggregation = network.aggregation().map_or(Value::Null, |aggregation| {
        let errors = aggregation.errors.iter().map(|(metric, error)| error_json(metric, error));
        json!({
            "by": aggregation.by.as_str(),
            "pids-before": aggregation.before,
            "pids": aggregation.after,
            "errors": errors.collect::<Vec<_>>(),
        })
    });
    let reduction = network.reduction().map_or(
        Value::Null,
        |reduction| json!({"prefixes-before": reduction.before, "prefixes": reduction.after}),
    );
    (aggregation, reduction)
}

fn error_json(metric: &str, error: &CostError) -> Value {
    let order = &error.order;
    json!({
        "metric": metric,
        "pairs": error.pairs,
        "absolute": {"max": error.absolute_max, "mean": error.absolute_mean},
        "relative": {
            "pairs": error.relative_pairs,
            "max": error.relative_max,
            "mean": error.relative_mean,
        },
        "lost": error.lost,
        "gained": error.gained,
        "order": {
            "sources": order.sources,
            "sources-all": order.sources_all,
            "pairs": order.pairs,
            "reversed": order.reversed,
            "tied": order.tied,
            "parted": order.parted,
            "changed-share": order.share(),
        },
    })
}

/// The same for people.
pub(super) fn print(network: &Network, out: &mut dyn Write) -> io::Result<()> {
    if let Some(Aggregation { by, before, after, errors }) = network.aggregation() {
        writeln!(out, "  aggregation by {by}: {before} PIDs became {after}")?;
        for (metric, error) in errors {
            print_error(metric, error, out)?;
        }
    }
    if let Some(reduction) = network.reduction() {
        let (before, after) = (reduction.before, reduction.after);
        writeln!(out, "  reduced: {before} prefixes became {after}, the same for every address")?;
    }
    Ok(())
}

fn print_error(metric: &str, error: &CostError, out: &mut dyn Write) -> io::Result<()> {
    let CostError { pairs, absolute_max, absolute_mean, lost, gained, order, .. } = error;
    let percent = |part: f64| format!("{:.1} %", 100.0 * part);
    writeln!(
        out,
        "    {metric}: {pairs} pairs are off by {absolute_mean:.3} in the mean, {absolute_max} at \
         most; by {} of the cost in the mean, {} at most",
        percent(error.relative_mean),
        percent(error.relative_max),
    )?;
    let share = |count: u64| percent(count as f64 / order.pairs.max(1) as f64);
    writeln!(
        out,
        "    {metric}: a source sees two destinations in another order in {} of {} cases (reversed \
         {}, now equal {}, no longer equal {}); {} of {} sources looked at",
        percent(order.share()),
        order.pairs,
        share(order.reversed),
        share(order.tied),
        share(order.parted),
        order.sources,
        order.sources_all,
    )?;
    if lost + gained > 0 {
        writeln!(out, "    {metric}: {lost} pairs lost their cost, {gained} gained one")?;
    }
    Ok(())
}
