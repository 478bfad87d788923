//! Waiting for what another process does: looked at again and again, until a deadline that only a
//! failure reaches.

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
pub fn until<T, E: std::fmt::Display>(mut look: impl FnMut() -> Result<T, E>) -> anyhow::Result<T> {
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
pub fn until_so(what: &str, mut is_so: impl FnMut() -> bool) {
    let seen = until(|| if is_so() { Ok(()) } else { Err(what) });
    assert!(seen.is_ok(), "never: {what}");
}
