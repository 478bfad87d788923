//! What an engine needs keys or the calendar for: to sign, and to check what others signed.

use mp2p::fragment::FragmentHash;
use mp2p::id::PeerId;

/// Signs and checks for one engine: knows the own key, the key of OMS, overlay, content and the
/// time of day.
pub trait Notary: Send {
    /// The own passkey, compact JWS.
    fn passkey(&self) -> Option<String>;

    /// The class of a peer that shows `passkey` over a connection with `certificate` (SHA-256, 64
    /// hex digits); `None`: it is not let in.
    fn admit(&self, peer: &PeerId, certificate: &str, passkey: Option<&str>) -> Option<u8>;

    /// Whether `passkey` says that `peer` is a member, told by a third.
    fn vouches(&self, passkey: &str, peer: &PeerId) -> bool;

    /// Signs that the own peer sent a fragment; `None`: it cannot be signed now.
    fn sign_delivery(&self, claim: &DeliveryClaim<'_>) -> Option<String>;

    /// What a signed statement says was sent; `None`: it is not signed by `claim.sender`, or not
    /// about this fragment, sender and receiver. `claim.hash` is not looked at.
    fn open_delivery(&self, text: &str, claim: &DeliveryClaim<'_>) -> Option<FragmentHash>;

    /// Signs a receipt of the own peer; `None`: it cannot be signed now.
    fn sign_receipt(&self, claim: &ReceiptClaim<'_>) -> Option<String>;

    /// Epoch and bytes of a receipt that `consumer` gave to the own peer; `None`: it is none.
    fn open_receipt(&self, text: &str, consumer: &PeerId) -> Option<(u64, u64)>;

    /// Whether this is an order of OMS to stop this overlay or content.
    fn is_stop(&self, text: &str) -> bool;
}

/// One fragment sent.
#[derive(Copy, Clone, Debug)]
pub struct DeliveryClaim<'a> {
    /// Which.
    pub fragment: u32,
    /// What its bytes hash to.
    pub hash: &'a FragmentHash,
    /// Who sent it.
    pub sender: &'a PeerId,
    /// To whom.
    pub receiver: &'a PeerId,
}

/// What was received on a link since it began.
#[derive(Copy, Clone, Debug)]
pub struct ReceiptClaim<'a> {
    /// Who gave.
    pub contributor: &'a PeerId,
    /// Drawn when the link began.
    pub epoch: u64,
    /// Counts the receipts of the epoch, from 1.
    pub seq: u64,
    /// Bytes that passed their check.
    pub bytes: u64,
    /// Fragments that did.
    pub fragments: u64,
    /// Fragments that did not.
    pub rejected: u64,
    /// The relay in between.
    pub via: Option<&'a PeerId>,
}
