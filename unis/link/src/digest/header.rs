//! `Authorization: Digest …` (RFC 7616 §3.4; the grammar is RFC 9110 §11.4's).

/// Longest header field read.
const MAX_BYTES: usize = 4096;
/// Most parameters read; RFC 7616 knows eleven.
const MAX_PARAMETERS: usize = 16;
/// The scheme, in any case, and the space after it.
const SCHEME: &[u8] = b"digest ";

/// What a client shows.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Credentials {
    /// The user, or the hash of user and realm.
    pub username: String,
    /// Whether it is the hash.
    pub userhash: bool,
    /// The realm.
    pub realm: String,
    /// The server's nonce.
    pub nonce: String,
    /// What is asked for, path and query.
    pub uri: String,
    /// The proof, 64 hex digits.
    pub response: String,
    /// The client's nonce.
    pub cnonce: String,
    /// How often the client used the server's nonce, this time included.
    pub nc: u32,
}

/// Why credentials cannot be used.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CredentialsError {
    /// Another scheme.
    #[error("they are not of the scheme Digest")]
    Scheme,
    /// Too long, or no list of parameters.
    #[error("they are not a list of parameters")]
    Malformed,
    /// A parameter stands twice.
    #[error("they have `{0}` twice")]
    Repeated(&'static str),
    /// A parameter is not there, or has a value that it cannot have.
    #[error("they have no good `{0}`")]
    Parameter(&'static str),
    /// They are for another realm.
    #[error("they are for another realm")]
    Realm,
    /// They are for another request.
    #[error("they are for another uri than the request's")]
    OtherUri,
}

impl Credentials {
    /// Whether a header field's value is of this scheme.
    pub fn is_digest(value: &[u8]) -> bool {
        value.get(..SCHEME.len()).is_some_and(|start| start.eq_ignore_ascii_case(SCHEME))
    }

    /// Reads the value of the header field.
    ///
    /// # Errors
    /// [`CredentialsError`].
    pub fn parse(value: &[u8]) -> Result<Self, CredentialsError> {
        if !Self::is_digest(value) {
            return Err(CredentialsError::Scheme);
        }
        let text = value.get(SCHEME.len()..).filter(|_| value.len() <= MAX_BYTES);
        let text = text.and_then(|bytes| std::str::from_utf8(bytes).ok());
        let mut given = Parameters::read(text.ok_or(CredentialsError::Malformed)?)?;
        given.only("algorithm", "SHA-256")?;
        given.only("qop", "auth")?;
        let userhash = given.take("userhash")?.is_some_and(|it| it.eq_ignore_ascii_case("true"));
        Ok(Self {
            userhash,
            nc: count(&given.need("nc")?).ok_or(CredentialsError::Parameter("nc"))?,
            username: given.need("username")?,
            realm: given.need("realm")?,
            nonce: given.need("nonce")?,
            uri: given.need("uri")?,
            cnonce: given.need("cnonce")?,
            response: given.need("response")?.to_ascii_lowercase(),
        })
    }
}

/// `nc`: eight hex digits, not zero.
fn count(text: &str) -> Option<u32> {
    let digits = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    u32::from_str_radix(text, 16).ok().filter(|nc| digits && *nc > 0)
}

/// Names, in lower case, and values.
struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// `name=token` or `name="quoted"`, commas between them, empty elements allowed.
    fn read(text: &str) -> Result<Self, CredentialsError> {
        let malformed = || CredentialsError::Malformed;
        let mut read = Vec::new();
        let mut rest = text.trim_start_matches(SEPARATORS);
        while !rest.is_empty() {
            let (name, after) = rest.split_once('=').ok_or_else(malformed)?;
            let name = name.trim_end_matches(BLANKS);
            let (value, after) = value(after.trim_start_matches(BLANKS)).ok_or_else(malformed)?;
            let after = after.trim_start_matches(BLANKS);
            let more = after.starts_with(',') || after.is_empty();
            if !is_token(name) || !more || read.len() == MAX_PARAMETERS {
                return Err(malformed());
            }
            read.push((name.to_ascii_lowercase(), value));
            rest = after.trim_start_matches(SEPARATORS);
        }
        Ok(Self(read))
    }

    fn take(&mut self, name: &'static str) -> Result<Option<String>, CredentialsError> {
        let mut found = self.0.extract_if(.., |(known, _)| known == name);
        let first = found.next().map(|(_, value)| value);
        match found.next() {
            Some(_) => Err(CredentialsError::Repeated(name)),
            None => Ok(first),
        }
    }

    fn need(&mut self, name: &'static str) -> Result<String, CredentialsError> {
        let value = self.take(name)?.filter(|value| !value.is_empty());
        value.ok_or(CredentialsError::Parameter(name))
    }

    fn only(&mut self, name: &'static str, value: &str) -> Result<(), CredentialsError> {
        let given = self.need(name)?;
        given.eq_ignore_ascii_case(value).then_some(()).ok_or(CredentialsError::Parameter(name))
    }
}

const BLANKS: [char; 2] = [' ', '\t'];
const SEPARATORS: [char; 3] = [' ', '\t', ','];

/// A value and what follows it.
fn value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([',', ' ', '\t']).unwrap_or(text.len());
        let (token, rest) = text.split_at(end);
        return is_token(token).then(|| (token.to_owned(), rest));
    };
    let mut read = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((read, quoted.get(at + 1..)?)),
            '\\' => read.push(characters.next()?.1),
            _ => read.push(character),
        }
    }
    None
}

/// RFC 9110 §5.6.2.
fn is_token(text: &str) -> bool {
    let is_tchar = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(is_tchar)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "username=\"u\", realm=\"r\", nonce=\"n\", uri=\"/\", response=\"0\", \
        cnonce=\"c\", nc=0000000a, qop=auth, algorithm=SHA-256";

    fn read(parameters: &str) -> Result<Credentials, CredentialsError> {
        Credentials::parse(format!("Digest {parameters}").as_bytes())
    }

    #[test]
    fn a_list_is_read_however_it_is_spaced_and_quoted() {
        let plain = read(GOOD).unwrap();
        assert_eq!((plain.nc, plain.userhash), (10, false));
        let spaced = GOOD.replace(", ", " ,\t,").replace('=', " = ").replace("auth", "\"AUTH\"");
        assert_eq!(read(&spaced), Ok(plain));
        let escaped = read(&GOOD.replace("\"u\"", r#""a\"\\,b""#)).unwrap();
        assert_eq!(escaped.username, r#"a"\,b"#);
        assert!(read(&format!("{GOOD}, x=y, userhash=TRUE")).unwrap().userhash);
    }

    #[test]
    fn what_is_missing_doubled_or_wrong_is_named() {
        for name in ["username", "realm", "nonce", "uri", "response", "cnonce", "nc", "qop"] {
            let without = GOOD.replacen(&format!("{name}="), "x=", 1);
            assert_eq!(read(&without), Err(CredentialsError::Parameter(name)), "{name}");
        }
        assert_eq!(read(&format!("{GOOD}, NONCE=\"m\"")), Err(CredentialsError::Repeated("nonce")));
        for (from, to, name) in [
            ("SHA-256", "MD5", "algorithm"),
            ("SHA-256", "SHA-256-sess", "algorithm"),
            ("qop=auth", "qop=auth-int", "qop"),
            ("0000000a", "00000000", "nc"),
            ("0000000a", "a", "nc"),
            ("0000000a", "+000000a", "nc"),
        ] {
            let refused = read(&GOOD.replace(from, to));
            assert_eq!(refused, Err(CredentialsError::Parameter(name)), "{to}");
        }
    }

    #[test]
    fn what_is_no_list_is_refused() {
        for text in ["username=\"u", "username", "=\"u\"", "a b=c", "a=\"b\"c", "a=b c=d", "a=\"\\"]
        {
            assert_eq!(read(text), Err(CredentialsError::Malformed), "{text}");
        }
        assert_eq!(read(&"a=b,".repeat(17)), Err(CredentialsError::Malformed));
        assert_eq!(read(&" ".repeat(5000)), Err(CredentialsError::Malformed));
        assert_eq!(Credentials::parse(b"Basic dTpw"), Err(CredentialsError::Scheme));
        assert_eq!(Credentials::parse(b"Digest \xff=a"), Err(CredentialsError::Malformed));
    }
}
