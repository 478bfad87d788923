//! Why bytes are no frame.

/// Bytes that are no frame; what follows them on the link cannot be understood.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// A type that nobody here knows.
    #[error("{0} is no type of a frame")]
    Kind(u8),
    /// No room for the type.
    #[error("a frame of length 0 has no type")]
    Empty,
    /// Longer than any of its type.
    #[error("a {kind} of {got} bytes is longer than {max}")]
    TooLong {
        /// Name of the type.
        kind: &'static str,
        /// Bytes that the header announces.
        got: usize,
        /// The bound.
        max: usize,
    },
    /// The body has not the fields of its type.
    #[error("a {kind} is malformed: {why}")]
    Body {
        /// Name of the type.
        kind: &'static str,
        /// What is wrong.
        why: &'static str,
    },
    /// The body is not the JSON of its type.
    #[error("a {kind} is malformed: {error}")]
    Json {
        /// Name of the type.
        kind: &'static str,
        /// Where and why.
        error: serde_json::Error,
    },
}
