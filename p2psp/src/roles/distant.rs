//! A role of another process, behind the traits of [`crate::calls`].

use arc_swap::ArcSwapOption;
use http::StatusCode;
use link::client::Client;
use link::shutdown::Shutdown;
use mp2p::id::{ContentId, OverlayId, PeerId};
use mp2p::message::account::ClassAnswer;
use mp2p::message::profile::Profile;
use mp2p::message::takedown::StopResult;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::calls::{
    Activity, Answer, CallError, Contents, ErrorNote, Founding, LiftOrder, Measured, NewsAfter,
    Overlays, Publishing, REFUSED, Serving, Standing, StandingsOf, StatusRequests, StopOrder,
    Stops, UserNews, Users, Visit,
};
use crate::settings::Part;

/// What both ends send.
const JSON: &str = "application/json";
/// Most of a refusal that is told on, characters.
const MAX_TOLD_CHARS: usize = 200;

/// A role of another process. Where it is may change while it is asked.
pub struct Distant {
    part: Part,
    end: ArcSwapOption<End>,
}

/// Where a role is.
pub(crate) struct End {
    /// Base URL.
    pub(crate) url: String,
    /// The name that it has to have.
    pub(crate) name: String,
    pub(crate) client: Client,
    /// Ends what keeps the client's certificates fresh.
    pub(crate) watch: Shutdown,
}

impl Drop for End {
    fn drop(&mut self) {
        self.watch.trigger();
    }
}

impl Distant {
    /// A role that nobody has said the place of.
    #[must_use]
    pub fn new(part: Part) -> Self {
        Self { part, end: ArcSwapOption::empty() }
    }

    /// Base URL of the process that has the role.
    #[must_use]
    pub fn url(&self) -> Option<String> {
        self.end.load().as_ref().map(|end| end.url.clone())
    }

    pub(crate) fn is_at(&self, url: &str, name: &str) -> bool {
        self.end.load().as_ref().is_some_and(|end| end.url == url && end.name == name)
    }

    pub(crate) fn moves(&self, end: Option<End>) {
        self.end.store(end.map(Into::into));
    }

    /// `POST /roles/ROLE/WHAT`: the arguments there, the answer back.
    pub(crate) fn ask<'a, A>(
        &'a self,
        what: &'static str,
        arguments: &impl Serialize,
    ) -> Answer<'a, A>
    where
        A: DeserializeOwned + Send + 'a,
    {
        let body = serde_json::to_vec(arguments);
        Box::pin(async move {
            let role = self.part.as_str();
            let failed = |reason: String| CallError::Failed { role, reason };
            let end = self.end.load_full().ok_or(CallError::Absent(role))?;
            let body = body.map_err(|error| failed(error.to_string()))?;
            let url = format!("{}/roles/{role}/{what}", end.url);
            let answer = end.client.post(&url, JSON, JSON, body).await;
            let answer = answer.map_err(|error| failed(error.to_string()))?;
            if answer.status == StatusCode::FORBIDDEN
                && let Some(reason) = refusal(&answer.body)
            {
                return Err(CallError::Refused(reason));
            }
            if answer.status != StatusCode::OK {
                let text = clipped(&String::from_utf8_lossy(&answer.body));
                return Err(failed(format!("{url} answers {}: {text}", answer.status)));
            }
            serde_json::from_slice(&answer.body).map_err(|error| failed(error.to_string()))
        })
    }
}

/// What the role itself says, as opposed to the table that lets nobody near it.
fn refusal(body: &[u8]) -> Option<String> {
    let error = &serde_json::from_slice::<serde_json::Value>(body).ok()?["error"];
    let is_refusal = error["code"] == REFUSED;
    error["message"].as_str().filter(|_| is_refusal).map(clipped)
}

fn clipped(text: &str) -> String {
    text.chars().take(MAX_TOLD_CHARS).collect()
}

impl Users for Distant {
    fn joined(&self, visit: Visit) -> Answer<'_, Profile> {
        self.ask("joined", &visit)
    }

    fn class<'a>(&'a self, peer: &'a PeerId) -> Answer<'a, ClassAnswer> {
        self.ask("class", peer)
    }

    fn consents<'a>(&'a self, peers: &'a [PeerId]) -> Answer<'a, Vec<Option<bool>>> {
        self.ask("consents", &peers)
    }

    fn news(&self, after: NewsAfter) -> Answer<'_, UserNews> {
        self.ask("news", &after)
    }

    fn founded(&self, founding: Founding) -> Answer<'_, ()> {
        self.ask("founded", &founding)
    }

    fn serving(&self, serving: Serving) -> Answer<'_, ()> {
        self.ask("serving", &serving)
    }

    fn measured(&self, measured: Vec<Measured>) -> Answer<'_, ()> {
        self.ask("measured", &measured)
    }

    fn errors(&self, notes: Vec<ErrorNote>) -> Answer<'_, u64> {
        self.ask("errors", &notes)
    }
}

impl StatusRequests for Distant {
    fn ask_status<'a>(&'a self, peers: &'a [PeerId]) -> Answer<'a, u64> {
        self.ask("ask-status", &peers)
    }
}

impl Activity for Distant {
    fn standings<'a>(&'a self, peers: &'a [PeerId], now: u64) -> Answer<'a, Vec<Option<Standing>>> {
        self.ask("standings", &StandingsOf { peers: peers.to_vec(), now })
    }
}

impl Contents for Distant {
    fn index_file(&self, content: ContentId) -> Answer<'_, Option<String>> {
        self.ask("index-file", &content)
    }

    fn has_contents<'a>(&'a self, overlay: &'a OverlayId) -> Answer<'a, bool> {
        self.ask("has-contents", overlay)
    }
}

impl Overlays for Distant {
    fn may_publish(&self, publishing: Publishing) -> Answer<'_, Option<bool>> {
        self.ask("may-publish", &publishing)
    }

    fn there<'a>(&'a self, overlays: &'a [OverlayId]) -> Answer<'a, Vec<bool>> {
        self.ask("there", &overlays)
    }
}

impl Stops for Distant {
    fn stop(&self, order: StopOrder) -> Answer<'_, u64> {
        self.ask("stop", &order)
    }

    fn stop_result(&self, seq: u64) -> Answer<'_, Option<StopResult>> {
        self.ask("stop-result", &seq)
    }

    fn lift(&self, order: LiftOrder) -> Answer<'_, bool> {
        self.ask("lift", &order)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_of_the_role_is_told_from_one_of_the_table() {
        let told = br#"{"error":{"code":"refused","message":"peer a is another user's"}}"#;
        assert_eq!(refusal(told).as_deref(), Some("peer a is another user's"));
        assert_eq!(refusal(br#"{"error":{"code":"role","message":"no"}}"#), None);
        assert_eq!(refusal(b"<html>"), None);
    }
}
