//! R-IXS: what IXS asks of OMS (TR 20002 §8.3.4 steps 2 and 5). The framework gives this point no
//! number.

use mp2p::id::{ContentId, OverlayId};
use mp2p::message::takedown::StopResult;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::calls::Answer;

/// What IXS asks of OMS.
pub trait Stops: Send + Sync {
    /// Ends a distribution; the number of the stop that OMS signed. The same order again does
    /// nothing and has the same answer.
    fn stop(&self, order: StopOrder) -> Answer<'_, u64>;

    /// What has become of a stop; `None` where OMS signed none of this number.
    fn stop_result(&self, seq: u64) -> Answer<'_, Option<StopResult>>;

    /// Lets a distribution go on that was stopped; whether OMS had signed that stop. The same order
    /// again does nothing.
    fn lift(&self, order: LiftOrder) -> Answer<'_, bool>;
}

/// What OMS asks of IXS.
pub trait Contents: Send + Sync {
    /// The index file of a content, as its publisher signed it.
    fn index_file(&self, content: ContentId) -> Answer<'_, Option<String>>;

    /// Whether any content is registered in an overlay.
    fn has_contents<'a>(&'a self, overlay: &'a OverlayId) -> Answer<'a, bool>;
}

/// A distribution has to end.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct StopOrder {
    /// The name of the takedown: one order, however often it is sent.
    pub id: String,
    /// In which overlay.
    pub overlay: OverlayId,
    /// Of which content; `None`: of all.
    pub content: Option<ContentId>,
    /// The reason, for people to read.
    pub reason: String,
    /// The authority or operator who asked for it.
    pub authority: String,
    /// Unix seconds.
    pub now: u64,
}

/// A distribution may go on.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct LiftOrder {
    /// The name of the takedown.
    pub id: String,
    /// For people.
    pub reason: String,
    /// Who asked for it.
    pub authority: String,
    /// Unix seconds.
    pub now: u64,
}
