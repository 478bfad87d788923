//! One link: a task that reads frames and a task that writes them.

use std::io;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use mp2p::frame::{Frame, FrameError, decode};
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::sync::mpsc;
use tokio_rustls::TlsStream;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::wire::{Met, Stream};

/// Bytes asked of the connection at a time.
const READ_BYTES: usize = 128 << 10;
/// Frames that wait to be written; whoever sends more has lost count, and the link ends.
const MAX_QUEUED_FRAMES: usize = 4096;
/// A frame that the other end does not take for so long ends the link.
const WRITE_TIMEOUT: Duration = Duration::from_secs(60);

/// A link's number in this process.
pub type LinkId = u64;

/// Something about a link.
#[derive(Debug)]
pub struct Note {
    /// Which link.
    pub link: LinkId,
    /// What is to be known.
    pub heard: Heard,
}

/// What is heard of a link.
#[derive(Debug)]
pub enum Heard {
    /// A frame came.
    Frame(Frame),
    /// It ended; the last that is heard.
    Down(String),
}

/// So many bytes of DATA were handed to the connection of a link.
#[derive(Clone, Copy, Debug)]
pub struct Sent {
    /// Which link.
    pub link: LinkId,
    /// How many.
    pub bytes: usize,
}

/// Where it is told what happens on links. Whoever stops to receive `notes` stops the reading.
#[derive(Clone, Debug)]
pub struct Ears {
    /// Frames, and the end, in the order in which they came.
    pub notes: mpsc::Sender<Note>,
    /// What was written.
    pub sent: mpsc::UnboundedSender<Sent>,
}

/// The sending half. Dropping it ends the link once what is queued was written.
#[derive(Debug)]
pub struct Link {
    queue: mpsc::Sender<Frame>,
    /// Ends the reader when this half is gone.
    closing: CancellationToken,
    _reader: DropGuard,
}

impl Link {
    /// Starts both tasks; what happens is told to `ears` under the number `id`.
    pub fn start(met: Met, id: LinkId, ears: &Ears) -> Self {
        let (reader, writer) = tokio::io::split(met.stream);
        let (queue, frames) = mpsc::channel(MAX_QUEUED_FRAMES);
        let closing = CancellationToken::new();
        tokio::spawn(write_all(writer, frames, id, ears.sent.clone(), closing.clone()));
        tokio::spawn(read_all(reader, met.pending, id, ears.notes.clone(), closing.clone()));
        Self { queue, _reader: closing.clone().drop_guard(), closing }
    }

    /// Queues a frame. A link whose queue is full ends.
    pub fn send(&self, frame: Frame) {
        if self.queue.try_send(frame).is_err() {
            self.closing.cancel();
        }
    }
}

async fn read_all(
    mut stream: ReadHalf<TlsStream<Box<dyn Stream>>>,
    mut buffer: BytesMut,
    link: LinkId,
    notes: mpsc::Sender<Note>,
    closing: CancellationToken,
) {
    let why = loop {
        match decode(&mut buffer) {
            Ok(Some(frame)) => {
                let note = Note { link, heard: Heard::Frame(frame) };
                if notes.send(note).await.is_err() {
                    return;
                }
                continue;
            }
            Ok(None) => {}
            Err(error) => break error.to_string(),
        }
        buffer.reserve(READ_BYTES);
        let read = tokio::select! {
            read = stream.read_buf(&mut buffer) => read,
            () = closing.cancelled() => break "closed here".to_owned(),
        };
        match read {
            Ok(0) => break "closed by the other end".to_owned(),
            Ok(_some) => {}
            Err(error) => break error.to_string(),
        }
    };
    closing.cancel();
    let _ = notes.send(Note { link, heard: Heard::Down(why) }).await;
}

async fn write_all(
    mut stream: WriteHalf<TlsStream<Box<dyn Stream>>>,
    mut frames: mpsc::Receiver<Frame>,
    link: LinkId,
    sent: mpsc::UnboundedSender<Sent>,
    closing: CancellationToken,
) {
    let mut head = BytesMut::new();
    // What is queued goes out even after the sending half was dropped; a broken link does not.
    loop {
        let frame = tokio::select! {
            biased;
            frame = frames.recv() => frame,
            () = closing.cancelled() => None,
        };
        let Some(frame) = frame else { break };
        let written = tokio::time::timeout(
            WRITE_TIMEOUT,
            write(&mut stream, &mut head, &frame, frames.is_empty()),
        );
        let Ok(Ok(bytes)) = written.await else { break };
        // At most as many of these wait as the other side has queued frames.
        if matches!(frame, Frame::Data(_)) && sent.send(Sent { link, bytes }).is_err() {
            break;
        }
    }
    let _ = tokio::time::timeout(WRITE_TIMEOUT, stream.shutdown()).await;
    closing.cancel();
}

/// Writes one frame; its length.
async fn write(
    stream: &mut WriteHalf<TlsStream<Box<dyn Stream>>>,
    head: &mut BytesMut,
    frame: &Frame,
    is_last: bool,
) -> io::Result<usize> {
    head.clear();
    let payload: Bytes = frame.encode(head).map_err(|error: FrameError| io::Error::other(error))?;
    stream.write_all(head).await?;
    stream.write_all(&payload).await?;
    if is_last {
        stream.flush().await?;
    }
    Ok(head.len() + payload.len())
}
