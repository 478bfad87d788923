//! Media types of what can be played (RFC 9110 §8.3), by the ending of its name.

/// What a player is told where the name says nothing: bytes.
const BYTES: &str = "application/octet-stream";

/// Endings and media types. Pages and scripts are not among them: what strangers publish is never
/// shown as a document of this machine.
const KINDS: &[(&str, &str)] = &[
    ("aac", "audio/aac"),
    ("avi", "video/x-msvideo"),
    ("avif", "image/avif"),
    ("flac", "audio/flac"),
    ("gif", "image/gif"),
    ("jpeg", "image/jpeg"),
    ("jpg", "image/jpeg"),
    ("m4a", "audio/mp4"),
    ("m4v", "video/mp4"),
    ("mka", "audio/x-matroska"),
    ("mkv", "video/x-matroska"),
    ("mov", "video/quicktime"),
    ("mp3", "audio/mpeg"),
    ("mp4", "video/mp4"),
    ("mpeg", "video/mpeg"),
    ("mpg", "video/mpeg"),
    ("oga", "audio/ogg"),
    ("ogg", "audio/ogg"),
    ("ogv", "video/ogg"),
    ("opus", "audio/ogg"),
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("srt", "text/plain; charset=utf-8"),
    ("ts", "video/mp2t"),
    ("txt", "text/plain; charset=utf-8"),
    ("vtt", "text/vtt; charset=utf-8"),
    ("wav", "audio/wav"),
    ("webm", "video/webm"),
    ("webp", "image/webp"),
];

/// The media type of a file of this name.
pub(crate) fn of(name: &str) -> &'static str {
    let Some((_, ending)) = name.rsplit_once('.') else { return BYTES };
    let known = KINDS.iter().find(|(known, _)| ending.eq_ignore_ascii_case(known));
    known.map_or(BYTES, |(_, kind)| kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_played_is_named_and_the_rest_is_bytes() {
        assert_eq!(of("Film.MKV"), "video/x-matroska");
        assert_eq!(of("a/b.c/film.mp4"), "video/mp4");
        for bytes in ["page.html", "image.svg", "film", "film.", "mp4"] {
            assert_eq!(of(bytes), BYTES, "{bytes}");
        }
    }
}
