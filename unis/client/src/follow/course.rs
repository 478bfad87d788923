//! What to do about an error within one round.

use crate::follow::weigh::FollowError;
use crate::map::MapError;

/// Most times that one round asks for the maps. Network map and cost maps are separate answers: a
/// server that changes between them is asked again.
const MAX_TRIES: u32 = 3;

/// So many rounds in a row that fail make the directory suspect, whatever the errors say.
const SUSPECT_AFTER: u32 = 3;

/// The course of one round.
#[derive(Debug)]
pub(crate) struct Course {
    tries: u32,
    /// Whether the directory was read in this round.
    walked: bool,
}

/// What may help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Remedy {
    /// Ask for everything again, whole.
    Again,
    /// Read the directory, then ask again.
    Walk,
    /// Nothing now.
    Wait,
}

impl Course {
    pub(crate) fn new() -> Self {
        Self { tries: 1, walked: false }
    }

    /// The directory was read.
    pub(crate) fn walked(&mut self) {
        self.walked = true;
    }

    /// Whether the directory was read in this round; once is enough.
    pub(crate) fn has_walked(&self) -> bool {
        self.walked
    }

    /// Weighs an error of the try that just ended.
    pub(crate) fn after(&mut self, error: &FollowError) -> Remedy {
        let remedy = match error {
            FollowError::Map { source, .. } => match source.as_ref() {
                MapError::Mismatch { .. } => Remedy::Again,
                // The resource is another one than the directory said.
                MapError::CostType { .. } if !self.walked => Remedy::Walk,
                _ => Remedy::Wait,
            },
            FollowError::Call(error) if error.blames_directory() && !self.walked => Remedy::Walk,
            FollowError::Plan(_) if !self.walked => Remedy::Walk,
            _ => Remedy::Wait,
        };
        if self.tries >= MAX_TRIES {
            return Remedy::Wait;
        }
        self.tries += 1;
        remedy
    }
}

/// Whether to read the directory in the next round, after so many failures in a row.
pub(crate) fn suspects_directory(failures: u32) -> bool {
    failures >= SUSPECT_AFTER
}

#[cfg(test)]
mod tests {
    use alto::network_map::VersionTag;
    use http::StatusCode;

    use super::*;
    use crate::exchange::CallError;
    use crate::url::Url;

    fn url() -> Url {
        Url::parse("https://alto.example.com/costmap").unwrap()
    }

    fn status(status: StatusCode) -> FollowError {
        CallError::Status { url: url(), status, retry_after: None }.into()
    }

    #[test]
    fn maps_that_do_not_match_are_asked_for_three_times() {
        let vtag = |tag: &str| VersionTag { resource_id: "net".into(), tag: tag.into() };
        let (metric, got, network) = ("routingcost".to_owned(), vtag("1"), vtag("2"));
        let source = Box::new(MapError::Mismatch { metric, got, network });
        let error = FollowError::Map { url: url(), source };
        let mut course = Course::new();
        let remedies = [(); 4].map(|()| course.after(&error));
        assert_eq!(remedies, [Remedy::Again, Remedy::Again, Remedy::Wait, Remedy::Wait]);
    }

    #[test]
    fn what_is_gone_is_looked_up_once() {
        let mut course = Course::new();
        assert_eq!(course.after(&status(StatusCode::NOT_FOUND)), Remedy::Walk);
        course.walked();
        assert_eq!(course.after(&status(StatusCode::NOT_FOUND)), Remedy::Wait);
    }

    #[test]
    fn a_server_in_trouble_is_left_alone() {
        for code in [StatusCode::SERVICE_UNAVAILABLE, StatusCode::TOO_MANY_REQUESTS] {
            assert_eq!(Course::new().after(&status(code)), Remedy::Wait);
        }
    }
}
