//! Waiting for what another process does: looked at again and again, until a deadline that only a
//! failure reaches.

use std::fmt::{Debug, Display};
use std::time::{Duration, Instant};

use anyhow::bail;

/// Long enough for any machine; only reached when something is wrong.
pub const AMPLE: Duration = Duration::from_secs(120);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(50);

/// Looks until `look` gives `Ok`; what it says instead is told where it never does.
///
/// # Errors
/// The last that it said, after [`AMPLE`].
pub fn until<T, E: Display>(mut look: impl FnMut() -> Result<T, E>) -> anyhow::Result<T> {
    let since = Instant::now();
    loop {
        match look() {
            Ok(found) => return Ok(found),
            Err(said) if since.elapsed() > AMPLE => bail!("it does not become so: {said}"),
            Err(_) => std::thread::sleep(PAUSE),
        }
    }
}

/// Looks until `is_so`; panics where it never is.
///
/// # Panics
/// After [`AMPLE`].
#[track_caller]
pub fn until_so(what: &str, mut is_so: impl FnMut() -> bool) {
    let seen = until(|| if is_so() { Ok(()) } else { Err(what) });
    assert!(seen.is_ok(), "never: {what}");
}

/// Looks until `is_so` of what `look` sees, which is given back; panics with what was seen last
/// where it never is.
///
/// # Panics
/// After [`AMPLE`].
#[track_caller]
pub fn until_seen<T: Debug>(
    what: &str,
    mut look: impl FnMut() -> T,
    is_so: impl Fn(&T) -> bool,
) -> T {
    let seen = until(|| {
        let seen = look();
        if is_so(&seen) { Ok(seen) } else { Err(format!("{seen:?}")) }
    });
    seen.unwrap_or_else(|error| panic!("never: {what}: {error:#}"))
}

/// Looks until there is what `look` wants, which is given back; panics where there never is.
///
/// # Panics
/// After [`AMPLE`].
#[track_caller]
pub fn until_there<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let seen = until(|| look().ok_or(what));
    seen.unwrap_or_else(|error| panic!("never: {error:#}"))
}
