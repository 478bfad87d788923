//! What stands in a line of the log: fields without anything that moves a terminal or fakes a line.

use std::fmt;
use std::io::{self, Write};

use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::format::{DefaultFields, Writer};
use tracing_subscriber::fmt::{FormatFields, MakeWriter};

use crate::printable::{printable, printable_json};

/// Message and fields as [`DefaultFields`] write them, escaped. Level and time keep their colours.
#[derive(Debug, Default)]
pub(crate) struct Printable(DefaultFields);

impl<'writer> FormatFields<'writer> for Printable {
    fn format_fields<R: RecordFields>(
        &self,
        mut writer: Writer<'writer>,
        fields: R,
    ) -> fmt::Result {
        let mut text = String::new();
        self.0.format_fields(Writer::new(&mut text), fields)?;
        writer.write_str(&printable(&text))
    }
}

/// Lines of JSON, in which what JSON itself does not escape is.
#[derive(Debug)]
pub(crate) struct Json<M>(pub(crate) M);

impl<'a, M: MakeWriter<'a>> MakeWriter<'a> for Json<M> {
    type Writer = Line<M::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        Line(self.0.make_writer())
    }

    fn make_writer_for(&'a self, of: &tracing::Metadata<'_>) -> Self::Writer {
        Line(self.0.make_writer_for(of))
    }
}

/// One line; each is written at once.
#[derive(Debug)]
pub(crate) struct Line<W>(W);

impl<W: Write> Write for Line<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        self.0.write_all(printable_json(&text).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
