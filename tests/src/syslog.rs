//! A record of syslog, read by the grammar of RFC 5424 §6.

use std::process::Command;

use anyhow::{Context, bail, ensure};

/// One record.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Record {
    /// §6.2.1, 0 to 23.
    pub facility: u8,
    /// §6.2.1, 0 (emergency) to 7 (debug).
    pub severity: u8,
    /// TIMESTAMP.
    pub time: String,
    /// HOSTNAME.
    pub host: String,
    /// APP-NAME.
    pub program: String,
    /// PROCID.
    pub process: String,
    /// MSGID.
    pub kind: String,
    /// STRUCTURED-DATA.
    pub data: String,
    /// MSG, without the mark that says that it is UTF-8.
    pub message: String,
}

impl Record {
    /// Reads one: `PRI VERSION SP TIMESTAMP SP HOSTNAME SP APP-NAME SP PROCID SP MSGID SP
    /// STRUCTURED-DATA [SP MSG]`, where structured data is the NILVALUE.
    ///
    /// # Errors
    /// What the grammar forbids.
    pub fn parse(bytes: &[u8]) -> anyhow::Result<Self> {
        let text = std::str::from_utf8(bytes)?;
        let rest = text.strip_prefix('<').context("no `<`")?;
        let (pri, rest) = rest.split_once('>').context("no `>`")?;
        // PRIVAL = 1*3DIGIT ; range 0 .. 191
        let digits = pri.bytes().all(|byte| byte.is_ascii_digit()) && (1..=3).contains(&pri.len());
        let leading_zero = pri.len() > 1 && pri.starts_with('0');
        ensure!(digits && !leading_zero, "PRI {pri:?}");
        let pri: u8 = pri.parse()?;
        ensure!(pri <= 191, "PRI {pri}");
        let (version, rest) = rest.split_once(' ').context("no VERSION")?;
        ensure!(version == "1", "VERSION {version:?}");
        let mut rest = rest;
        let mut field = |name: &str, most: usize| {
            let (field, after) = rest.split_once(' ').with_context(|| format!("no {name}"))?;
            rest = after;
            let printable = field.bytes().all(|byte| (33..=126).contains(&byte));
            ensure!(printable && (1..=most).contains(&field.len()), "{name} {field:?}");
            Ok(field.to_owned())
        };
        let time = field("TIMESTAMP", 32)?;
        check_time(&time)?;
        let (host, program) = (field("HOSTNAME", 255)?, field("APP-NAME", 48)?);
        let (process, kind) = (field("PROCID", 128)?, field("MSGID", 32)?);
        let data = field("STRUCTURED-DATA", 1)?;
        ensure!(data == "-", "STRUCTURED-DATA {data:?}");
        let message = rest.strip_prefix('\u{feff}');
        // What is not ASCII has to say that it is UTF-8.
        ensure!(message.is_some() || rest.is_ascii(), "no BOM before {rest:?}");
        let message = message.unwrap_or(rest).to_owned();
        let (facility, severity) = (pri / 8, pri % 8);
        Ok(Self { facility, severity, time, host, program, process, kind, data, message })
    }

    /// How long ago it was made, seconds, as `date` reads the time.
    ///
    /// # Errors
    /// `date` does not know what it says.
    pub fn age_s(&self) -> anyhow::Result<f64> {
        let seconds = |text: &str| {
            let output = Command::new("date").args(["+%s.%N", "--date", text]).output()?;
            anyhow::Ok(String::from_utf8(output.stdout)?.trim().parse::<f64>()?)
        };
        Ok(seconds("now")? - seconds(&self.time)?)
    }
}

/// `FULL-DATE "T" FULL-TIME`, with at most six digits of a second (§6.2.3).
fn check_time(text: &str) -> anyhow::Result<()> {
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    let Some(rest) = shape.strip_prefix("0000-00-00T00:00:00") else { bail!("TIMESTAMP {text:?}") };
    let offset = match rest.strip_prefix('.') {
        Some(rest) => {
            let offset = rest.trim_start_matches('0');
            ensure!((1..=6).contains(&(rest.len() - offset.len())), "TIMESTAMP {text:?}");
            // An offset's own digits were taken for the fraction's only if it began with one.
            offset
        }
        None => rest,
    };
    ensure!(["Z", "+00:00", "-00:00"].contains(&offset), "TIMESTAMP {text:?}");
    Ok(())
}
