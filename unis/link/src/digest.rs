//! HTTP Digest access authentication (RFC 7616) for clients that have no certificate.
//!
//! ```text
//!  401 ◄── challenge: realm, nonce = time ‖ random ‖ HMAC(secret)
//!  Authorization ─► header ─► user's HA1, response ─► nonce: ours, in time, nc not used yet ─► user
//!                     │ malformed      │ wrong              │ not so
//!                     └─ 401           └─ 401               └─ 401, stale=true
//! ```
//!
//! SHA-256 with `qop=auth` only; MD5 is not offered. The password itself is nowhere: what is kept
//! is HA1, the hash of user, realm and password. Only for use below TLS: the answer is not
//! protected by Digest, and neither is the request's body.

mod accounts;
mod header;
mod nonce;

use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderValue, Method, Uri};
use sha2::{Digest as _, Sha256};

pub use crate::crypto::NoRandomness;
use crate::crypto::random;
pub use crate::digest::accounts::{Account, AccountError, Ha1};
pub use crate::digest::header::{Credentials, CredentialsError};
use crate::digest::nonce::Nonces;
use crate::identity::hex;

/// Authenticates the users of one realm.
#[derive(Clone, Debug)]
pub struct DigestAuth {
    realm: String,
    accounts: Vec<Account>,
    nonces: Arc<Nonces>,
    start: Instant,
}

/// Why credentials were not taken.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Refused {
    /// They cannot be read, or are not for this request.
    #[error("the credentials cannot be used: {0}")]
    Malformed(#[from] CredentialsError),
    /// No such user, or another password.
    #[error("user or password is wrong")]
    Wrong,
    /// The user knows the password, but the nonce is old, used or not ours.
    #[error("the nonce is used up")]
    Stale,
}

impl DigestAuth {
    /// For `accounts` of `realm`, with nonces that are good for `lifetime`.
    ///
    /// # Errors
    /// There is no randomness for the nonces.
    pub fn new(
        realm: &str,
        lifetime: Duration,
        accounts: Vec<Account>,
    ) -> Result<Self, NoRandomness> {
        let nonces = Arc::new(Nonces::new(lifetime)?);
        Ok(Self { realm: realm.to_owned(), accounts, nonces, start: Instant::now() })
    }

    /// The same nonces for other accounts.
    #[must_use]
    pub fn with_accounts(&self, accounts: Vec<Account>) -> Self {
        Self { accounts, ..self.clone() }
    }

    /// Whether realm and lifetime of nonces are these.
    pub fn is_for(&self, realm: &str, lifetime: Duration) -> bool {
        self.realm == realm && self.nonces.lifetime() == lifetime
    }

    /// The accounts.
    pub fn accounts(&self) -> &[Account] {
        &self.accounts
    }

    /// `WWW-Authenticate` (RFC 7616 §3.3).
    ///
    /// # Errors
    /// There is no randomness for a nonce.
    pub fn challenge(&self, refused: Option<&Refused>) -> Result<HeaderValue, NoRandomness> {
        let nonce = self.nonces.fresh(self.start.elapsed())?;
        let stale = if refused == Some(&Refused::Stale) { ", stale=true" } else { "" };
        let text = format!(
            "Digest realm=\"{}\", qop=\"auth\", algorithm=SHA-256, nonce=\"{nonce}\", \
             charset=UTF-8, userhash=true{stale}",
            self.realm
        );
        HeaderValue::try_from(text).map_err(|_| NoRandomness)
    }

    /// The user that an `Authorization` proves for a request (RFC 7616 §3.4).
    ///
    /// # Errors
    /// [`Refused`].
    pub fn authenticate(
        &self,
        authorization: &HeaderValue,
        method: &Method,
        target: &Uri,
    ) -> Result<&Account, Refused> {
        let shown = Credentials::parse(authorization.as_bytes())?;
        if shown.realm != self.realm {
            return Err(CredentialsError::Realm.into());
        }
        // RFC 7616 §3.4.6: what was authenticated has to be what is asked for.
        if !is_target(&shown.uri, target) {
            return Err(CredentialsError::OtherUri.into());
        }
        let found = self.accounts.iter().find(|account| account.is_named(&shown, &self.realm));
        // Whether the user exists is not to be seen from the time that the answer takes.
        let nobody = Ha1::nobody();
        let ha1 = found.map_or(&nobody, |account| &account.ha1);
        let expected = response(ha1, method.as_str(), &shown);
        let account = found.filter(|_| same(&expected, &shown.response)).ok_or(Refused::Wrong)?;
        match self.nonces.take(&shown.nonce, shown.nc, self.start.elapsed()) {
            true => Ok(account),
            false => Err(Refused::Stale),
        }
    }
}

/// A password that nobody guesses: 144 bits.
///
/// # Errors
/// There is no randomness for it.
pub fn password() -> Result<String, NoRandomness> {
    Ok(URL_SAFE_NO_PAD.encode(random::<18>()?))
}

/// Whether `uri` is what the request is for: the path, as clients write it, or the effective
/// request URI, as RFC 7616 §3.4 says it (erratum 7005). HTTP/1.1's `target` has no authority.
fn is_target(uri: &str, target: &Uri) -> bool {
    let asked = target.path_and_query().map_or("/", |whole| whole.as_str());
    uri == asked
        || uri.parse::<Uri>().is_ok_and(|whole| {
            whole.scheme_str() == Some("https")
                && whole.path_and_query().is_some_and(|path| path.as_str() == asked)
                && target.authority().is_none_or(|asked| whole.authority() == Some(asked))
        })
}

/// RFC 7616 §3.4.1 with `qop=auth`, 64 lower-case hex digits.
fn response(ha1: &Ha1, method: &str, shown: &Credentials) -> String {
    let ha2 = sha256(&format!("{method}:{}", shown.uri));
    let Credentials { nonce, nc, cnonce, .. } = shown;
    sha256(&format!("{}:{nonce}:{nc:08x}:{cnonce}:auth:{ha2}", ha1.as_str()))
}

fn sha256(text: &str) -> String {
    hex(&Sha256::digest(text))
}

/// Compares in a time that says nothing about where they differ.
fn same(one: &str, other: &str) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(one.as_bytes(), other.as_bytes()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7616 §3.9.1.
    #[test]
    fn the_example_of_the_rfc_has_the_response_of_the_rfc() {
        let shown = Credentials::parse(
            b"Digest username=\"Mufasa\", realm=\"http-auth@example.org\", \
              uri=\"/dir/index.html\", algorithm=SHA-256, \
              nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", nc=00000001, \
              cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\", qop=auth, \
              response=\"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1\", \
              opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"",
        )
        .unwrap();
        let ha1 = Ha1::of("Mufasa", "http-auth@example.org", "Circle of Life");
        assert_eq!(response(&ha1, "GET", &shown), shown.response);
    }

    struct Client<'a> {
        server: &'a DigestAuth,
        nonce: String,
    }

    fn server() -> DigestAuth {
        let ha1 = Ha1::of("acme", "alto", "secret");
        let account = Account { user: "acme".into(), ha1, partner: "acme".into() };
        DigestAuth::new("alto", Duration::from_secs(300), vec![account]).unwrap()
    }

    impl<'a> Client<'a> {
        fn challenged(server: &'a DigestAuth) -> Self {
            let challenge = server.challenge(None).unwrap();
            let nonce = challenge.to_str().unwrap().split("nonce=\"").nth(1).unwrap();
            Self { server, nonce: nonce.split('"').next().unwrap().to_owned() }
        }

        /// Asks `GET target` for `/a?b` with the answer to the challenge, user as `named`.
        fn ask(&self, named: &str, password: &str, nc: u32, target: &str) -> Result<(), Refused> {
            self.ask_as("/a?b", named, password, nc, target)
        }

        /// The same, with `uri` for `/a?b`.
        fn ask_as(
            &self,
            uri: &str,
            named: &str,
            password: &str,
            nc: u32,
            target: &str,
        ) -> Result<(), Refused> {
            let ha1 = Ha1::of("acme", "alto", password);
            let ha2 = sha256(&format!("GET:{uri}"));
            let nonce = &self.nonce;
            let response = sha256(&format!("{}:{nonce}:{nc:08x}:c:auth:{ha2}", ha1.as_str()));
            let header = format!(
                "Digest {named}, realm=\"alto\", nonce=\"{nonce}\", uri=\"{uri}\", qop=auth, \
                 algorithm=SHA-256, nc={nc:08x}, cnonce=\"c\", response=\"{response}\""
            );
            let header = HeaderValue::from_str(&header).unwrap();
            let target = target.parse().unwrap();
            self.server.authenticate(&header, &Method::GET, &target).map(|_| ())
        }
    }

    const NAMED: &str = "username=\"acme\"";

    #[test]
    fn who_knows_the_password_is_let_in_once_for_each_count() {
        let server = server();
        let client = Client::challenged(&server);
        assert_eq!(client.ask(NAMED, "secret", 1, "/a?b"), Ok(()));
        assert_eq!(client.ask(NAMED, "secret", 1, "/a?b"), Err(Refused::Stale));
        assert_eq!(client.ask(NAMED, "secret", 2, "https://x/a?b"), Ok(()));
        assert_eq!(client.ask(NAMED, "guess", 3, "/a?b"), Err(Refused::Wrong));
    }

    #[test]
    fn a_user_may_come_as_a_hash() {
        let server = server();
        let named = format!("username=\"{}\", userhash=true", sha256("acme:alto"));
        assert_eq!(Client::challenged(&server).ask(&named, "secret", 1, "/a?b"), Ok(()));
        let other = format!("username=\"{}\", userhash=true", sha256("other:alto"));
        let refused = Client::challenged(&server).ask(&other, "secret", 1, "/a?b");
        assert_eq!(refused, Err(Refused::Wrong));
    }

    #[test]
    fn credentials_are_for_one_target() {
        let server = server();
        let refused = Client::challenged(&server).ask(NAMED, "secret", 1, "/b");
        assert_eq!(refused, Err(CredentialsError::OtherUri.into()));
    }

    /// RFC 7616 §3.4: `uri` is the effective request URI; its example has the path alone.
    #[test]
    fn the_target_may_be_named_with_its_authority() {
        let (server, whole) = (server(), "https://x:1/a?b");
        for (target, taken) in
            [("/a?b", true), ("https://x:1/a?b", true), ("https://y:1/a?b", false), ("/a?c", false)]
        {
            let answer = Client::challenged(&server).ask_as(whole, NAMED, "secret", 1, target);
            assert_eq!(answer.is_ok(), taken, "{target}: {answer:?}");
        }
        let other = Client::challenged(&server).ask_as("ftp://x/a?b", NAMED, "secret", 1, "/a?b");
        assert_eq!(other, Err(CredentialsError::OtherUri.into()));
    }

    #[test]
    fn a_nonce_of_another_server_is_stale_and_not_wrong() {
        let (one, other) = (server(), server());
        let client = Client { server: &other, ..Client::challenged(&one) };
        assert_eq!(client.ask(NAMED, "secret", 1, "/a?b"), Err(Refused::Stale));
        let told = other.challenge(Some(&Refused::Stale)).unwrap();
        assert!(told.to_str().unwrap().ends_with(", stale=true"), "{told:?}");
    }
}
