//! Users of a provider (UMS, TR 20002 §8.2.2): who they are, what they earn, and what is kept of
//! them.

mod accounts;
mod enrolment;
mod killed;
mod operator;
mod scene;
