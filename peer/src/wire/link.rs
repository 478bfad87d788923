//! One link: a task that reads frames and a task that writes them.

use std::time::Duration;

use bytes::BytesMut;
use mp2p::frame::{Frame, decode};
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::sync::mpsc;
use tokio_rustls::TlsStream;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::wire::batch::{BATCH_BYTES, Batch};
use crate::wire::blocks::Blocks;
use crate::wire::{Carrier, Met, Pace};

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

/// So many bytes of DATA were handed to the connection of a link, in one frame or several.
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
///
/// DATA, and a BYE, go in their order; whatever else is said goes before the DATA that waits.
#[derive(Debug)]
pub struct Link {
    queue: mpsc::Sender<Frame>,
    urgent: mpsc::Sender<Frame>,
    /// Ends the reader when this half is gone.
    closing: CancellationToken,
    _reader: DropGuard,
}

impl Link {
    /// Starts both tasks; what happens is told to `ears` under the number `id`, and what comes is
    /// read at `pace`.
    pub fn start(met: Met, id: LinkId, ears: &Ears, pace: Pace) -> Self {
        let mut stream = met.stream;
        stream.get_mut().0.limit(pace);
        match &mut stream {
            TlsStream::Client(stream) => stream.get_mut().1.set_buffer_limit(Some(BATCH_BYTES)),
            TlsStream::Server(stream) => stream.get_mut().1.set_buffer_limit(Some(BATCH_BYTES)),
        }
        let (reader, writer) = tokio::io::split(stream);
        let (queue, in_order) = mpsc::channel(MAX_QUEUED_FRAMES);
        let (urgent, first) = mpsc::channel(MAX_QUEUED_FRAMES);
        let queued = Queued { first, in_order };
        let closing = CancellationToken::new();
        tokio::spawn(write_all(writer, queued, id, ears.sent.clone(), closing.clone()));
        tokio::spawn(read_all(reader, met.pending, id, ears.notes.clone(), closing.clone()));
        Self { queue, urgent, _reader: closing.clone().drop_guard(), closing }
    }

    /// Queues a frame. A link whose queue is full ends.
    pub fn send(&self, frame: Frame) {
        let queue = match frame {
            Frame::Data(_) | Frame::Bye(_) => &self.queue,
            _ => &self.urgent,
        };
        if queue.try_send(frame).is_err() {
            self.closing.cancel();
        }
    }
}

/// What waits to be written.
struct Queued {
    first: mpsc::Receiver<Frame>,
    in_order: mpsc::Receiver<Frame>,
}

impl Queued {
    /// The next frame; `None`: there will be none.
    async fn next(&mut self) -> Option<Frame> {
        tokio::select! {
            biased;
            Some(frame) = self.first.recv() => Some(frame),
            frame = self.in_order.recv() => match frame {
                Some(frame) => Some(frame),
                None => self.first.recv().await,
            },
        }
    }

    /// The next that is there already.
    fn waiting(&mut self) -> Option<Frame> {
        self.first.try_recv().or_else(|_| self.in_order.try_recv()).ok()
    }
}

async fn read_all(
    mut stream: ReadHalf<TlsStream<Carrier>>,
    mut buffer: BytesMut,
    link: LinkId,
    notes: mpsc::Sender<Note>,
    closing: CancellationToken,
) {
    let mut blocks = Blocks::default();
    let why = loop {
        blocks.make_room(&mut buffer);
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
    mut stream: WriteHalf<TlsStream<Carrier>>,
    mut queued: Queued,
    link: LinkId,
    sent: mpsc::UnboundedSender<Sent>,
    closing: CancellationToken,
) {
    let mut batch = Batch::default();
    // What is queued goes out even after the sending half was dropped; a broken link does not.
    'link: loop {
        let first = tokio::select! {
            biased;
            frame = queued.next() => frame,
            () = closing.cancelled() => None,
        };
        let mut next = first;
        while let Some(frame) = next {
            if batch.push(&frame).is_err() {
                break 'link;
            }
            next = if batch.is_full() { None } else { queued.waiting() };
        }
        if batch.frames() == 0 {
            break;
        }
        let bound = WRITE_TIMEOUT.saturating_mul(batch.frames());
        let Ok(Ok(bytes)) = tokio::time::timeout(bound, batch.write(&mut stream)).await else {
            break;
        };
        // At most as many of these wait as the other side has queued frames.
        if bytes > 0 && sent.send(Sent { link, bytes }).is_err() {
            break;
        }
    }
    let _ = tokio::time::timeout(WRITE_TIMEOUT, stream.shutdown()).await;
    closing.cancel();
}
