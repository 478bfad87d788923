//! The members of a request's object, and the faults that name them (RFC 7285 §8.5.2).

use crate::fault::Fault;
use crate::json::Json;

/// An object of a request, and where it stands in the body.
pub(crate) struct Fields<'a> {
    members: &'a [(String, Json)],
    /// Name of the object in the body; empty for the body itself.
    path: &'static str,
}

impl<'a> Fields<'a> {
    /// The body as an object.
    pub(crate) fn of_body(body: &'a Json) -> Result<Self, Fault> {
        match body {
            Json::Object(members) => Ok(Self { members, path: "" }),
            _ => Err(Fault::body_is_no_object()),
        }
    }

    /// The body's member `path` as an object.
    pub(crate) fn of(path: &'static str, value: &'a Json) -> Result<Self, Fault> {
        match value {
            Json::Object(members) => Ok(Self { members, path }),
            _ => Err(Fault::invalid_type(path)),
        }
    }

    /// A member that may be absent.
    pub(crate) fn find(&self, name: &str) -> Option<&'a Json> {
        self.members.iter().find(|(member, _)| member == name).map(|(_, value)| value)
    }

    /// A member that must be there.
    pub(crate) fn require(&self, name: &str) -> Result<&'a Json, Fault> {
        self.find(name).ok_or_else(|| Fault::missing(self.path_of(name)))
    }

    /// A member's value as a string that `read` accepts.
    pub(crate) fn text<T>(
        &self,
        name: &str,
        value: &Json,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<T, Fault> {
        let Json::String(text) = value else {
            return Err(Fault::invalid_type(self.path_of(name)));
        };
        read(text).ok_or_else(|| Fault::invalid_value(self.path_of(name), text))
    }

    /// A member's value as an array of strings that `read` accepts, one by one. A wrong element is
    /// a wrong value of the array, whatever its type.
    pub(crate) fn list<T>(
        &self,
        name: &str,
        value: &Json,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<Vec<T>, Fault> {
        let Json::Array(elements) = value else {
            return Err(Fault::invalid_type(self.path_of(name)));
        };
        let element = |element: &Json| match element {
            Json::String(text) => {
                read(text).ok_or_else(|| Fault::invalid_value(self.path_of(name), text.as_str()))
            }
            other => Err(Fault::invalid_value(self.path_of(name), other.to_string())),
        };
        elements.iter().map(element).collect()
    }

    /// The full path of a member: `cost-type/cost-metric`.
    pub(crate) fn path_of(&self, name: &str) -> String {
        match self.path {
            "" => name.to_owned(),
            path => format!("{path}/{name}"),
        }
    }
}
