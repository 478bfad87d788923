//! A query of the endpoint cost service as it goes over the wire.

use link::load::Target;

/// A query of the endpoint cost service, whole.
pub(crate) fn post(target: &Target, path: &str, body: &[u8]) -> Vec<u8> {
    let mut request = format!(
        "POST /{path} HTTP/1.1\r\nHost: {}\r\nAccept: */*\r\nContent-Type: {}\r\n\
         Content-Length: {}\r\n\r\n",
        target.authority,
        alto::media::ENDPOINT_COST_PARAMS,
        body.len()
    )
    .into_bytes();
    request.extend_from_slice(body);
    request
}
