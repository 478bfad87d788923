//! What guards a server on a loopback address: any page that a browser shows, and any user of the
//! machine, can reach it, so that a key says who may, and `Host` has to be its own name.

use std::fmt;
use std::net::SocketAddr;

/// Random bytes of a key.
const KEY_BYTES: usize = 16;

/// A key that nobody can guess, as 32 lower-case hex digits.
#[derive(Clone, Eq, PartialEq)]
pub struct Key(String);

impl Key {
    /// A new one.
    ///
    /// # Errors
    /// The system has no randomness.
    pub fn random() -> anyhow::Result<Self> {
        let mut bytes = [0; KEY_BYTES];
        aws_lc_rs::rand::fill(&mut bytes).map_err(|_| anyhow::anyhow!("no randomness"))?;
        Ok(Self(bytes.iter().map(|byte| format!("{byte:02x}")).collect()))
    }

    /// One that was made before; `None` where it is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        let is_key = text.len() == 2 * KEY_BYTES && text.bytes().all(is_hex);
        is_key.then(|| Self(text.to_owned()))
    }

    /// Whether somebody shows this key; takes the same time whatever is shown.
    #[must_use]
    pub fn is(&self, shown: &str) -> bool {
        let (own, shown) = (self.0.as_bytes(), shown.as_bytes());
        aws_lc_rs::constant_time::verify_slices_are_equal(own, shown).is_ok()
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

/// Whether a `Host` field names the server at `address`, by its address or as `localhost`. Any
/// other name was made to lead here (DNS rebinding).
#[must_use]
pub fn is_own_host(host: &[u8], address: SocketAddr) -> bool {
    let port = address.port();
    let names = [address.to_string(), format!("localhost:{port}")];
    let bare = [address.ip().to_string(), "localhost".to_owned()];
    let is = |name: &String| host.eq_ignore_ascii_case(name.as_bytes());
    names.iter().any(is) || (port == 80 && bare.iter().any(is))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_differ_and_are_known_again() {
        let (one, other) = (Key::random().unwrap(), Key::random().unwrap());
        assert!(one != other && one.is(&one.to_string()) && !one.is(&other.to_string()));
        assert_eq!(Key::parse(&one.to_string()), Some(one.clone()));
        assert!(Key::parse("abc").is_none() && !one.is("") && format!("{one:?}") == "Key(…)");
    }

    #[test]
    fn only_own_names_are_answered() {
        let address: SocketAddr = "127.0.0.1:7680".parse().unwrap();
        let six: SocketAddr = "[::1]:7680".parse().unwrap();
        assert!(is_own_host(b"127.0.0.1:7680", address) && is_own_host(b"LOCALHOST:7680", address));
        assert!(
            is_own_host(b"[::1]:7680", six)
                && is_own_host(b"localhost", "127.0.0.1:80".parse().unwrap())
        );
        for other in ["evil.example:7680", "127.0.0.1", "127.0.0.1:80", "localhost.evil:7680", ""] {
            assert!(!is_own_host(other.as_bytes(), address), "{other}");
        }
    }
}
