//! Users, their credit and their classes.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::settings::SettingsError;

/// Longest life of a token, minutes.
const MAX_TOKEN_MINUTES: u64 = 7 * 24 * 60;
/// Longest life of a peer's certificate, seconds: that of every other.
const MAX_CERTIFICATE_S: u64 = 90 * 86_400;
/// Longest age of a receipt, hours.
const MAX_RECEIPT_HOURS: u64 = 90 * 24;

/// Who may be a user, and what credit is given for.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct UsersSettings {
    /// Who may sign up.
    pub sign_up: SignUpBy,
    /// New users of a day, where anybody may sign up.
    pub max_sign_ups_a_day: u32,
    /// … from one address.
    pub max_sign_ups_of_address: u32,
    /// Minutes that the token of a sign-up is good.
    pub token_minutes: u64,
    /// Seconds that the certificate of a peer is good; peers renew at two thirds of it.
    pub certificate_seconds: u64,
    /// Hours after which a receipt is too old.
    pub max_receipt_hours: u64,
    /// The relay's share of what came through it, per cent.
    pub relay_percent: u64,
    /// What a cache earns of what it gives, per cent.
    pub cache_percent: u64,
    /// GiB that one user earns from one other user on a day.
    pub max_pair_gib: u64,
    /// GiB that one user earns on a day.
    pub max_user_gib: u64,
    /// Of the bytes out that a peer measured on a day so much of its credit counts for the class,
    /// per cent; 0: all counts.
    pub measured_percent: u64,
    /// … and so many MiB besides.
    pub unmeasured_mib: u64,
    /// Days after which days of users and results of contents are forgotten.
    pub keep_days: u64,
}

/// Who may sign up.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignUpBy {
    /// Whom the operator invites.
    #[default]
    Invitation,
    /// Anybody.
    Open,
}

/// How users get their classes.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct ClassSettings {
    /// The policy file; without one no class changes by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<PathBuf>,
    /// Minutes from one look at all users to the next.
    pub review_minutes: u64,
    /// Seconds that a peer may keep the answer about a class.
    pub good_for_seconds: u64,
}

impl Default for UsersSettings {
    fn default() -> Self {
        Self {
            sign_up: SignUpBy::Invitation,
            max_sign_ups_a_day: 200,
            max_sign_ups_of_address: 5,
            token_minutes: 60,
            certificate_seconds: 259_200,
            max_receipt_hours: 168,
            relay_percent: 10,
            cache_percent: 100,
            max_pair_gib: 20,
            max_user_gib: 200,
            measured_percent: 125,
            unmeasured_mib: 64,
            keep_days: 400,
        }
    }
}

impl Default for ClassSettings {
    fn default() -> Self {
        Self { policy: None, review_minutes: 60, good_for_seconds: 60 }
    }
}

/// Checks what no type can.
pub(crate) fn check(users: &UsersSettings, class: &ClassSettings) -> Result<(), SettingsError> {
    let within = |key, value: u64, least: u64, most: u64| match (least..=most).contains(&value) {
        true => Ok(()),
        false => Err(SettingsError::invalid(key, format!("has to be {least} to {most}"))),
    };
    within("users.token-minutes", users.token_minutes, 1, MAX_TOKEN_MINUTES)?;
    within("users.certificate-seconds", users.certificate_seconds, 10, MAX_CERTIFICATE_S)?;
    within("users.max-receipt-hours", users.max_receipt_hours, 1, MAX_RECEIPT_HOURS)?;
    within("users.relay-percent", users.relay_percent, 0, 100)?;
    within("users.cache-percent", users.cache_percent, 0, 1000)?;
    within("users.max-pair-gib", users.max_pair_gib, 0, 1 << 20)?;
    within("users.max-user-gib", users.max_user_gib, 0, 1 << 20)?;
    within("users.measured-percent", users.measured_percent, 0, 10_000)?;
    within("users.unmeasured-mib", users.unmeasured_mib, 0, 1 << 30)?;
    within("users.keep-days", users.keep_days, 31, 3660)?;
    within("class.review-minutes", class.review_minutes, 1, 7 * 24 * 60)?;
    within("class.good-for-seconds", class.good_for_seconds, 1, 3600)
}
