//! Files that the settings name for partners: read as `serve` reads them, so that a partner who would
//! be kept out is told of before it stands at the door.

use std::path::Path;

use topology::Warning;

use crate::access::accounts;
use crate::settings::Settings;

/// The code of these warnings.
const CODE: &str = "partner-files";

/// One for each partner that would be barred; `file` is the settings file.
pub(super) fn warnings(settings: &Settings, file: Option<&Path>) -> Vec<Warning> {
    let most = settings.limits.max_intermediates;
    let known = settings.partner.iter().filter(|partner| partner.has_certificates());
    let barred = known.filter_map(|partner| {
        let error = partner.trust().check(most).err()?;
        Some(format!("partner {:?} would be barred: {error}", partner.name))
    });
    let without = accounts::read(settings).into_iter().filter_map(Result::err);
    let told = barred.chain(without.map(|error| error.to_string()));
    let file = file.unwrap_or_else(|| Path::new("settings"));
    told.map(|message| Warning { file: file.to_owned(), line: None, code: CODE, message }).collect()
}
