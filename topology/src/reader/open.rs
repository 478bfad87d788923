//! Opens a file, plain or compressed, with a bound on what comes out.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Chain, Cursor, Read};
use std::path::Path;
use std::sync::Arc;

use bzip2::read::MultiBzDecoder;
use flate2::read::MultiGzDecoder;
use liblzma::read::XzDecoder;
use liblzma::stream::{CONCATENATED, Stream};

use crate::progress::Progress;
use crate::reader::handle;
use crate::refusal::LoadError;
use crate::spot::{LineCursor, Spot};

/// Largest file read row by row, uncompressed.
const STREAM_BYTES_MAX: u64 = 4 << 30;
/// Largest routing table, uncompressed: the Internet's by way of a hundred peers.
const TABLE_BYTES_MAX: u64 = 32 << 30;
/// Largest document read whole, uncompressed.
const DOCUMENT_BYTES_MAX: u64 = 512 << 20;
/// Memory that unpacking an xz file may take; the highest preset of `xz` needs 65 MiB.
const XZ_MEMORY_BYTES_MAX: u64 = 256 << 20;
/// Bytes asked from the disk at a time, which is also how often progress is told.
const READ_BYTES: usize = 64 << 10;
/// How much of a document is looked at before the rest is read.
const HEAD_BYTES: u64 = 64 << 10;
/// How long a pipe may be without a writer.
const WRITER_WAIT_S: i64 = 5;

const GZIP: &[u8] = &[0x1f, 0x8b];
const BZIP2: &[u8] = b"BZh";
/// Byte order marks of UTF-16; no packed file, nor a routing table before 2106, begins with one.
const UTF_16: [&[u8]; 2] = [&[0xff, 0xfe], &[0xfe, 0xff]];
const XZ: &[u8] = &[0xfd, b'7', b'z', b'X', b'Z', 0];
/// What else packs files, by the first bytes. As the time of an MRT record these are long before
/// there were any, one second of 2012, or followed by a type that is none.
const OTHER_PACKERS: [(&[u8], &str); 6] = [
    (&[0x28, 0xb5, 0x2f, 0xfd], "zstd"),
    (&[b'P', b'K', 3, 4], "zip (also a spreadsheet of an office program)"),
    (&[b'7', b'z', 0xbc, 0xaf, 0x27, 0x1c], "7z"),
    (&[0x04, 0x22, 0x4d, 0x18], "lz4"),
    (&[0x1f, 0x9d], "compress"),
    (&[b'L', b'Z', b'I', b'P', 1], "lzip"),
];

/// Why a file's bytes cannot be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    #[error("cannot open: {0}")]
    Open(#[source] io::Error),
    #[error("is a directory; expected a file")]
    Directory,
    #[error("cannot read: {0}")]
    Read(#[source] io::Error),
    #[error("is empty")]
    Empty,
    #[error("is not UTF-8 text")]
    NotText,
    #[error("is no text: its byte {0} is zero")]
    Binary(usize),
    #[error("is UTF-16 text; write it as UTF-8")]
    Utf16,
    #[error("is packed by {0}, which is not read; unpack it, or pack it by gzip, bzip2 or xz")]
    Packed(&'static str),
}

/// A stream of the file's uncompressed bytes, at most 4 GiB of them.
pub(crate) fn open<'a>(
    file: &Arc<Path>,
    progress: &'a dyn Progress,
) -> Result<Box<dyn BufRead + 'a>, LoadError> {
    stream(file, progress, STREAM_BYTES_MAX)
}

/// A stream of a routing table's uncompressed bytes, at most 32 GiB of them.
pub(crate) fn open_table<'a>(
    file: &Arc<Path>,
    progress: &'a dyn Progress,
) -> Result<Box<dyn BufRead + 'a>, LoadError> {
    stream(file, progress, TABLE_BYTES_MAX)
}

fn stream<'a>(
    file: &Arc<Path>,
    progress: &'a dyn Progress,
    bytes_max: u64,
) -> Result<Box<dyn BufRead + 'a>, LoadError> {
    let reader = unpacked(file, progress, bytes_max)
        .map_err(|error| LoadError::at(Spot::file(file), error))?;
    Ok(Box::new(BufReader::with_capacity(READ_BYTES, reader)))
}

/// The whole file as UTF-8 text without byte order mark, at most 512 MiB of it and not nothing.
pub(crate) fn read_text(file: &Arc<Path>, progress: &dyn Progress) -> Result<String, LoadError> {
    text(read_bytes(file, progress)?, file)
}

/// The whole file, at most 512 MiB of it, without UTF-8's byte order mark. What has a zero byte
/// near its beginning is refused before the rest is read.
pub(crate) fn read_bytes(file: &Arc<Path>, progress: &dyn Progress) -> Result<Vec<u8>, LoadError> {
    let refuse = |error| LoadError::at(Spot::file(file), error);
    let mut bytes = Vec::new();
    let unreadable = |error| refuse(OpenError::Read(error));
    let mut reader = unpacked(file, progress, DOCUMENT_BYTES_MAX).map_err(refuse)?;
    reader.by_ref().take(HEAD_BYTES).read_to_end(&mut bytes).map_err(unreadable)?;
    // Of what is no text, a device say, there may be no end.
    if let Some(at) = bytes.iter().position(|byte| *byte == 0) {
        return Err(refuse(OpenError::Binary(at + 1)));
    }
    reader.read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.starts_with(b"\xef\xbb\xbf") {
        bytes.drain(..3);
    }
    Ok(bytes)
}

/// The bytes of a file as UTF-8 text that is not empty.
pub(crate) fn text(bytes: Vec<u8>, file: &Arc<Path>) -> Result<String, LoadError> {
    let text = String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let text = String::from_utf8_lossy(&error.as_bytes()[..valid]);
        let line = LineCursor::new(&text).line_at(valid);
        LoadError::at(Spot::line(file, line), OpenError::NotText)
    })?;
    if text.trim().is_empty() {
        return Err(LoadError::at(Spot::file(file), OpenError::Empty));
    }
    Ok(text)
}

/// Whether these are the first bytes of a file that would be unpacked.
pub(crate) fn is_packed(head: &[u8]) -> bool {
    [GZIP, BZIP2, XZ].iter().any(|mark| head.starts_with(mark))
}

/// Bytes as ISO 8859-1: each is the Unicode character of its number.
pub(crate) fn latin1(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

fn unpacked<'a>(
    file: &Arc<Path>,
    progress: &'a dyn Progress,
    bytes_max: u64,
) -> Result<Box<dyn Read + 'a>, OpenError> {
    let handle = handle::open(file, WRITER_WAIT_S).map_err(OpenError::Open)?;
    let metadata = handle.metadata().map_err(OpenError::Open)?;
    if metadata.is_dir() {
        return Err(OpenError::Directory);
    }
    let (path, total_bytes) = (Arc::clone(file), metadata.len());
    let counted = Counted { handle, path, progress, done_bytes: 0, total_bytes };
    let (magic, packed) = peek(counted).map_err(OpenError::Read)?;
    if UTF_16.iter().any(|mark| magic.starts_with(mark)) {
        return Err(OpenError::Utf16);
    }
    if let Some((_, packer)) = OTHER_PACKERS.iter().find(|(mark, _)| magic.starts_with(mark)) {
        return Err(OpenError::Packed(packer));
    }
    let reader: Box<dyn Read + 'a> = if magic.starts_with(GZIP) {
        Box::new(MultiGzDecoder::new(packed))
    } else if magic.starts_with(BZIP2) {
        Box::new(MultiBzDecoder::new(packed))
    } else if magic.starts_with(XZ) {
        let stream = Stream::new_stream_decoder(XZ_MEMORY_BYTES_MAX, CONCATENATED)
            .map_err(|error| OpenError::Read(error.into()))?;
        Box::new(XzDecoder::new_stream(packed, stream))
    } else {
        Box::new(packed)
    };
    Ok(Box::new(Bounded { reader, left: bytes_max, bytes_max }))
}

type Peeked<R> = Chain<Cursor<Vec<u8>>, BufReader<R>>;

/// The first bytes, and a reader that still has them.
fn peek<R: Read>(reader: R) -> io::Result<(Vec<u8>, Peeked<R>)> {
    let mut reader = BufReader::with_capacity(READ_BYTES, reader);
    let mut magic = Vec::new();
    reader.by_ref().take(XZ.len() as u64).read_to_end(&mut magic)?;
    Ok((magic.clone(), Cursor::new(magic).chain(reader)))
}

/// Tells how many bytes have come off the disk.
struct Counted<'a> {
    handle: File,
    path: Arc<Path>,
    progress: &'a dyn Progress,
    done_bytes: u64,
    total_bytes: u64,
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.handle.read(buffer)?;
        self.done_bytes += read as u64;
        self.progress.reading(&self.path, self.done_bytes, self.total_bytes);
        Ok(read)
    }
}

/// Fails once more than `bytes_max` have come out, so that a small file cannot become a huge one.
struct Bounded<R> {
    reader: R,
    left: u64,
    bytes_max: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        match self.left.checked_sub(read as u64) {
            Some(left) => self.left = left,
            None => {
                let message = format!("more than {} bytes uncompressed", self.bytes_max);
                return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
            }
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    const TEXT: &str = "prefix,pop\n192.0.2.0/24,MI\n";

    fn file_of(bytes: &[u8]) -> (tempfile::TempDir, Arc<Path>) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        std::fs::write(&path, bytes).unwrap();
        (dir, Arc::from(path))
    }

    fn text_of(bytes: &[u8]) -> Result<String, String> {
        let (_dir, file) = file_of(bytes);
        read_text(&file, &()).map_err(|error| error.to_string())
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn each_compression_is_known_by_its_first_bytes_also_in_several_members() {
        let bzip2 = |bytes: &[u8]| {
            let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        };
        let xz = |bytes: &[u8]| {
            let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 6);
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        };
        let (head, tail) = TEXT.as_bytes().split_at(9);
        for packed in [
            TEXT.as_bytes().to_vec(),
            [gzip(head), gzip(tail)].concat(),
            [bzip2(head), bzip2(tail)].concat(),
            [xz(head), xz(tail)].concat(),
        ] {
            assert_eq!(text_of(&packed).unwrap(), TEXT);
        }
    }

    #[test]
    fn what_cannot_be_read_says_why() {
        assert!(text_of(b"").unwrap_err().ends_with("is empty"));
        assert!(text_of(b"a\n\xff\xfe").unwrap_err().ends_with(":2: is not UTF-8 text"));
        assert!(
            text_of(b"\xff\xfea\0").unwrap_err().ends_with("is UTF-16 text; write it as UTF-8")
        );
        assert!(text_of(b"\xfe\xff\0a").unwrap_err().contains("is UTF-16"));
        for (mark, packer) in OTHER_PACKERS {
            let message = text_of(mark).unwrap_err();
            assert!(message.contains(&format!("is packed by {packer}, which")), "{message}");
        }
        let packed = gzip(TEXT.as_bytes());
        let cut = &packed[..packed.len() - 9];
        assert!(text_of(cut).unwrap_err().contains("cannot read"));
        let dir = tempfile::tempdir().unwrap();
        let message = |path: &Path| match read_text(&Arc::from(path), &()) {
            Ok(_) => String::new(),
            Err(error) => error.to_string(),
        };
        assert!(message(dir.path()).contains("is a directory"));
        assert!(message(&dir.path().join("none")).contains("cannot open"));
    }

    #[test]
    fn a_bomb_is_cut_off() {
        let packed = gzip(&vec![b' '; 1 << 20]);
        let (_dir, file) = file_of(&packed);
        let mut reader = unpacked(&file, &(), 1 << 16).unwrap();
        let error = io::copy(&mut reader, &mut io::sink()).unwrap_err();
        assert_eq!(error.to_string(), "more than 65536 bytes uncompressed");
    }

    #[test]
    fn what_is_no_text_is_refused_by_its_beginning() {
        let endless = read_text(&Arc::from(Path::new("/dev/zero")), &()).unwrap_err();
        assert_eq!(endless.to_string(), "/dev/zero: is no text: its byte 1 is zero");
        assert!(text_of(b"graph\0").unwrap_err().ends_with("its byte 6 is zero"));
        // Packed it is looked at unpacked.
        assert!(text_of(&gzip(b"{\0}")).unwrap_err().ends_with("its byte 2 is zero"));
    }

    #[test]
    fn progress_counts_bytes_on_disk() {
        struct Last(std::sync::Mutex<(u64, u64)>);
        impl Progress for Last {
            fn reading(&self, _path: &Path, done_bytes: u64, total_bytes: u64) {
                *self.0.lock().unwrap() = (done_bytes, total_bytes);
            }
        }
        let packed = gzip(TEXT.as_bytes());
        let (_dir, file) = file_of(&packed);
        let last = Last(std::sync::Mutex::new((0, 0)));
        read_text(&file, &last).unwrap();
        assert_eq!(*last.0.lock().unwrap(), (packed.len() as u64, packed.len() as u64));
    }
}
