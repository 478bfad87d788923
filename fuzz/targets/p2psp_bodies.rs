//! Bodies of requests to P2PSP, PAMS's reports among them: whatever comes is a message or an error,
//! and a message is written and read again as the same.
#![no_main]

use std::fmt::Debug;

use libfuzzer_sys::fuzz_target;
use mp2p::message::account::{Consent, SignUp};
use mp2p::message::activity::{CareRequest, PullRequest};
use mp2p::message::content::{DenyRequest, Registration};
use mp2p::message::event::EventAck;
use mp2p::message::failure::FailureReport;
use mp2p::message::join::{JoinRequest, LeaveRequest};
use mp2p::message::overlay::{OverlayChange, OverlayRequest};
use mp2p::message::report::{Receipts, SuccessReport};
use mp2p::message::server::{
    Fault, ReservationChange, ReservationRequest, ServerRegistration, Usage,
};
use mp2p::message::status::{PeerReport, StatusReport};
use mp2p::message::takedown::{StopAcknowledgement, TakedownRequest};
use serde::Serialize;
use serde::de::DeserializeOwned;

fn read<T: Debug + DeserializeOwned + PartialEq + Serialize>(data: &[u8]) -> Option<T> {
    let message: T = serde_json::from_slice(data).ok()?;
    let text = serde_json::to_string(&message).expect("it is written");
    match serde_json::from_str::<T>(&text) {
        Ok(again) => assert_eq!(again, message),
        // A share beyond what 32 bits hold has no text; nobody takes it over either.
        Err(_) => assert!(text.contains("null"), "{text}"),
    }
    Some(message)
}

fuzz_target!(|data: &[u8]| {
    read::<JoinRequest>(data);
    read::<LeaveRequest>(data);
    read::<FailureReport>(data);
    read::<OverlayRequest>(data);
    read::<OverlayChange>(data);
    read::<EventAck>(data);
    read::<ServerRegistration>(data);
    read::<ReservationRequest>(data);
    read::<ReservationChange>(data);
    read::<Usage>(data);
    read::<Fault>(data);
    read::<CareRequest>(data);
    read::<PullRequest>(data);
    read::<Consent>(data);
    read::<SignUp>(data);
    read::<Receipts>(data);
    read::<SuccessReport>(data);
    read::<Registration>(data);
    read::<DenyRequest>(data);
    read::<TakedownRequest>(data);
    read::<StopAcknowledgement>(data);
    let reports = read::<StatusReport>(data).map(|report| report.reports.to_vec());
    let one = read::<PeerReport>(data);
    for report in reports.unwrap_or_default().into_iter().chain(one) {
        // What PAMS takes over gives a load and scores that are shares.
        if report.is_sensible() {
            assert!((0.0..=1.0).contains(&report.status.load()), "{report:?}");
            for resource in report.resources.iter().flat_map(|list| list.iter()) {
                assert!((0.0..=1.0).contains(&resource.score()), "{resource:?}");
            }
        }
    }
});
