//! What peers send in: receipts and reports of success, checked before they reach the ledger.

use mp2p::id::PeerId;
use mp2p::message::report::{MAX_DISTANCES, ReceiptOutcome, Receipts, RefusalCode, SuccessReport};
use mp2p::receipt::{MAX_NUMBER, Receipt, ReceiptError};

use crate::users::Ums;
use crate::users::ledger::{Claim, LedgerError};

/// A report of success that is not taken.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// It cannot be meant.
    #[error("{0}")]
    Content(&'static str),
    /// The reporter never joined, or is locked out.
    #[error("{0} is no peer that takes part")]
    Reporter(PeerId),
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl Ums {
    /// Takes receipts that `sender` sends; the outcomes are in their order, and on the disk.
    ///
    /// # Errors
    /// The ledger cannot be written: send them again.
    pub async fn receipts(
        &self,
        sender: &PeerId,
        receipts: Receipts,
        now: u64,
    ) -> Result<Vec<ReceiptOutcome>, LedgerError> {
        let max_age_s = self.rules.max_receipt_age_s;
        // Signatures take their time: not on a thread that others wait for.
        let opened = tokio::task::spawn_blocking(move || {
            let open = |text: &str| Receipt::open(text, now, max_age_s);
            receipts.receipts.iter().map(|text| open(text)).collect::<Vec<_>>()
        });
        let opened = opened.await.map_err(|broken| LedgerError::Failed(broken.to_string()))?;
        let mut claims = Vec::with_capacity(opened.len());
        let mut outcomes: Vec<Option<ReceiptOutcome>> = Vec::with_capacity(opened.len());
        for one in opened {
            outcomes.push(one.as_ref().err().map(malformed));
            claims.extend(one.ok().map(|receipt| Claim { receipt, sender: sender.clone() }));
        }
        let mut taken = match claims.is_empty() {
            true => Vec::new(),
            false => self.ledger.claim(claims, self.rules.terms, now).await?,
        }
        .into_iter();
        Ok(outcomes.into_iter().filter_map(|refused| refused.or_else(|| taken.next())).collect())
    }

    /// Takes an aggregated report of success (TR 20002 §8.3.8 step 2); whether it was new.
    ///
    /// # Errors
    /// [`ReportError`].
    pub async fn success(
        &self,
        reporter: &PeerId,
        report: SuccessReport,
        now: u64,
    ) -> Result<bool, ReportError> {
        check(&report).map_err(ReportError::Content)?;
        match self.ledger.standing(reporter).await? {
            Some(standing) if !standing.is_out => {}
            _ => return Err(ReportError::Reporter(reporter.clone())),
        }
        Ok(self.ledger.success(reporter, report, now).await?)
    }
}

fn malformed(error: &ReceiptError) -> ReceiptOutcome {
    ReceiptOutcome::Refused { code: RefusalCode::Malformed, reason: error.to_string() }
}

fn check(report: &SuccessReport) -> Result<(), &'static str> {
    let numbers = [report.seq, report.fragments, report.bytes, report.seconds];
    let partners = report.partners.iter().map(|partner| partner.bytes);
    let numbers = numbers.into_iter().chain(report.by_distance.values().copied()).chain(partners);
    if numbers.into_iter().any(|number| number > MAX_NUMBER) {
        return Err("a number is above 2^53-1");
    }
    if report.seq == 0 {
        return Err("reports count from 1");
    }
    if report.by_distance.len() > MAX_DISTANCES {
        return Err("by-distance has too many distances");
    }
    let ranges = || report.partners.iter().flat_map(|partner| partner.fragments.iter());
    match ranges().any(|(first, last)| first > last) {
        true => Err("a range of fragments ends before it begins"),
        false => Ok(()),
    }
}
