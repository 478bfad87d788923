//! Log records in the shape of RFC 5424, one datagram each (RFC 5426 over UDP).
//!
//! ```text
//! <30>1 2026-11-29T04:12:16.003471Z alto1 unis 4711 unis::reload - map reloaded network="…"
//!  PRI                               host  program    MSGID      SD message, UTF-8
//! ```

use std::fmt;
use std::io::{self, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

use crate::log::Address;

/// Facility of system daemons (§6.2.1).
const DAEMON: u8 = 3;
/// What receivers should take (§6.1); the rest of a longer record is cut off.
const MAX_RECORD_BYTES: usize = 2048;
/// Longest HOSTNAME, APP-NAME and MSGID (§6).
const MAX_HOST: usize = 255;
const MAX_PROGRAM: usize = 48;
const MAX_MSGID: usize = 32;
/// Marks a message as UTF-8 (§6.4); one in ASCII needs none.
const BOM: &str = "\u{feff}";

/// A receiver, and what stands the same in every record.
pub(crate) struct Syslog {
    receiver: Receiver,
    host: String,
    program: String,
}

enum Receiver {
    Unix(UnixDatagram, PathBuf),
    Udp(UdpSocket, SocketAddr),
}

impl Syslog {
    /// Records of this process for the receiver at `address`. Whether somebody receives is seen
    /// with each record.
    pub(crate) fn open(address: &Address) -> io::Result<Self> {
        let receiver = match address {
            Address::Unix(path) => Receiver::Unix(UnixDatagram::unbound()?, path.clone()),
            Address::Udp(to) => {
                let any = if to.is_ipv4() {
                    (Ipv4Addr::UNSPECIFIED, 0).into()
                } else {
                    SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0))
                };
                Receiver::Udp(UdpSocket::bind(any)?, *to)
            }
        };
        match &receiver {
            Receiver::Unix(socket, _) => socket.set_nonblocking(true)?,
            Receiver::Udp(socket, _) => socket.set_nonblocking(true)?,
        }
        let system = rustix::system::uname();
        let host = system.nodename().to_string_lossy();
        let program = std::env::args_os().next().map(PathBuf::from);
        let program = program.and_then(|path| Some(path.file_name()?.to_string_lossy().into()));
        let program: String = program.unwrap_or_default();
        Ok(Self { receiver, host: word(&host, MAX_HOST), program: word(&program, MAX_PROGRAM) })
    }

    fn send(&self, record: &[u8]) -> io::Result<()> {
        let sent = match &self.receiver {
            Receiver::Unix(socket, path) => socket.send_to(record, path),
            Receiver::Udp(socket, to) => socket.send_to(record, to),
        };
        sent.map(|_bytes| ())
    }

    /// All before the message (§6).
    fn header(&self, severity: u8, target: &str, now: OffsetDateTime) -> String {
        // Six digits of a second are the most.
        let micros = now.microsecond() * 1_000;
        let now = now.replace_nanosecond(micros).ok().and_then(|now| now.format(&Rfc3339).ok());
        let now = now.as_deref().unwrap_or("-");
        let pri = DAEMON * 8 + severity;
        let Self { host, program, .. } = self;
        let (process, kind) = (std::process::id(), word(target, MAX_MSGID));
        format!("<{pri}>1 {now} {host} {program} {process} {kind} - ")
    }

    fn record(&self, severity: u8, target: &str, now: OffsetDateTime, message: &str) -> String {
        let mut record = self.header(severity, target, now);
        let message = message.trim_end_matches('\n');
        if !message.is_ascii() {
            record.push_str(BOM);
        }
        record.push_str(message);
        let mut end = record.len().min(MAX_RECORD_BYTES);
        while !record.is_char_boundary(end) {
            end -= 1;
        }
        record.truncate(end);
        record
    }
}

impl fmt::Debug for Syslog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Syslog").field("program", &self.program).finish_non_exhaustive()
    }
}

impl<'a> MakeWriter<'a> for Syslog {
    type Writer = Message<'a>;

    fn make_writer(&'a self) -> Message<'a> {
        self.message(Level::INFO, "")
    }

    fn make_writer_for(&'a self, of: &Metadata<'_>) -> Message<'a> {
        self.message(*of.level(), of.target())
    }
}

impl Syslog {
    fn message(&self, level: Level, target: &str) -> Message<'_> {
        let target = target.to_owned();
        Message { syslog: self, severity: severity(level), target, text: Vec::new() }
    }
}

/// The message of one record, sent when dropped.
pub(crate) struct Message<'a> {
    syslog: &'a Syslog,
    severity: u8,
    target: String,
    text: Vec<u8>,
}

impl Write for Message<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // More than this is cut off in any case.
        let room = MAX_RECORD_BYTES.saturating_sub(self.text.len());
        self.text.extend_from_slice(&bytes[..bytes.len().min(room)]);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Message<'_> {
    fn drop(&mut self) {
        if self.text.is_empty() {
            return;
        }
        let text = String::from_utf8_lossy(&self.text);
        let now = OffsetDateTime::now_utc();
        let record = self.syslog.record(self.severity, &self.target, now, &text);
        if let Err(error) = self.syslog.send(record.as_bytes()) {
            // Better here than nowhere; and nobody waits for a receiver that is slow.
            let _ = writeln!(io::stderr(), "{record} (not taken by syslog: {error})");
        }
    }
}

/// §6.2.1, table 2.
const fn severity(level: Level) -> u8 {
    match level {
        Level::ERROR => 3,
        Level::WARN => 4,
        Level::INFO => 6,
        Level::DEBUG | Level::TRACE => 7,
    }
}

/// PRINTUSASCII and no longer than `most`; `-` for nothing (NILVALUE, §6).
fn word(text: &str, most: usize) -> String {
    let kept: String = text.chars().filter(char::is_ascii_graphic).take(most).collect();
    if kept.is_empty() { "-".to_owned() } else { kept }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn syslog() -> Syslog {
        let udp = Address::Udp(([127, 0, 0, 1], 9).into());
        let opened = Syslog::open(&udp).unwrap();
        Syslog { host: "mymachine.example.com".to_owned(), program: "su".to_owned(), ..opened }
    }

    /// The timestamps are those of §6.2.3.1, example 2 and 3.
    #[test]
    fn a_record_is_that_of_the_rfc() {
        let now = OffsetDateTime::parse("2003-10-11T22:14:15.003000999Z", &Rfc3339).unwrap();
        let (syslog, process) = (syslog(), std::process::id());
        let record = syslog.record(severity(Level::WARN), "a b::c", now, "failed\n");
        let expected = format!(
            "<28>1 2003-10-11T22:14:15.003Z mymachine.example.com su {process} ab::c - failed"
        );
        assert_eq!(record, expected);
        let record = syslog.record(severity(Level::ERROR), "", now, "für");
        assert!(record.starts_with("<27>1 ") && record.ends_with(" - - \u{feff}für"), "{record}");
    }

    #[test]
    fn a_long_record_is_cut_between_characters() {
        let record = syslog().record(6, "x", OffsetDateTime::UNIX_EPOCH, &"ü".repeat(5_000));
        assert!((MAX_RECORD_BYTES - 1..=MAX_RECORD_BYTES).contains(&record.len()));
        assert!(record.ends_with('ü'));
    }
}
