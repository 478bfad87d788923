//! Opens a file, or a pipe as soon as somebody writes to it.
//!
//! The system lets who opens a pipe to read wait for a writer, for ever if there is none. A command
//! that was told of a pipe by mistake, or whose other half failed, shall say so instead.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::io::{Errno, retry_on_intr};
use rustix::pipe::{SpliceFlags, pipe, tee};

/// A pipe at whose other end nobody is.
#[derive(Debug, thiserror::Error)]
#[error("is a pipe that nobody writes to; waited {0} s for somebody")]
struct NoWriter(i64);

/// Opens to read. A pipe has `wait_s` seconds to get a writer; a writer may take its time.
///
/// # Errors
/// Those of the system, and [`io::ErrorKind::TimedOut`] for a pipe without a writer.
pub(crate) fn open(path: &Path, wait_s: i64) -> io::Result<File> {
    if !std::fs::metadata(path)?.file_type().is_fifo() {
        return File::open(path);
    }
    let at_once = OFlags::NONBLOCK.bits() as i32;
    let file = OpenOptions::new().read(true).custom_flags(at_once).open(path)?;
    if !becomes_ready(&file, wait_s)? && !has_writer(&file)? {
        return Err(io::Error::new(io::ErrorKind::TimedOut, NoWriter(wait_s)));
    }
    fcntl_setfl(&file, fcntl_getfl(&file)? - OFlags::NONBLOCK)?;
    Ok(file)
}

/// Whether within so many seconds there are bytes, or a writer has come and gone.
fn becomes_ready(file: &File, wait_s: i64) -> io::Result<bool> {
    let wait = Timespec { tv_sec: wait_s, tv_nsec: 0 };
    let mut polled = [PollFd::new(file, PollFlags::IN)];
    Ok(retry_on_intr(|| poll(&mut polled, Some(&wait)))? > 0)
}

/// Whether somebody holds the other end, asked without taking a byte out of the pipe: of one
/// without a writer nothing can be copied, from one with a silent writer nothing yet.
fn has_writer(file: &File) -> io::Result<bool> {
    let (_end, copy) = pipe()?;
    match tee(file, &copy, 1, SpliceFlags::NONBLOCK) {
        Ok(0) => Ok(false),
        Ok(_) | Err(Errno::AGAIN) => Ok(true),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::path::PathBuf;

    use rustix::fs::{CWD, FileType, Mode, mknodat};

    use super::*;

    fn fifo() -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pipe");
        mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        (dir, path)
    }

    /// The other end. Also to be read from, so that opening it waits for nobody.
    fn writer(path: &Path) -> File {
        OpenOptions::new().read(true).write(true).open(path).unwrap()
    }

    #[test]
    fn a_pipe_without_a_writer_is_told_of_and_not_waited_for_without_end() {
        let (_dir, path) = fifo();
        let error = open(&path, 0).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        let told = "is a pipe that nobody writes to; waited 0 s for somebody";
        assert_eq!(error.to_string(), told);
    }

    #[test]
    fn a_writer_may_be_silent_at_first_and_is_read_to_its_end() {
        let (_dir, path) = fifo();
        let mut writer = writer(&path);
        let mut file = open(&path, 0).unwrap();
        let writing = std::thread::spawn(move || {
            for _ in 0..100 {
                writer.write_all(&[b'x'; 4096]).unwrap();
            }
        });
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        writing.join().unwrap();
        assert_eq!(text, "x".repeat(409_600));
    }

    #[test]
    fn a_writer_that_comes_later_is_waited_for() {
        let (_dir, path) = fifo();
        let there = path.clone();
        let reading = std::thread::spawn(move || {
            let mut text = String::new();
            open(&there, 60).unwrap().read_to_string(&mut text).unwrap();
            text
        });
        // Opening to write alone waits for the reader.
        OpenOptions::new().write(true).open(&path).unwrap().write_all(b"late").unwrap();
        assert_eq!(reading.join().unwrap(), "late");
    }

    #[test]
    fn what_is_no_pipe_is_opened_as_ever() {
        let mut read = [1; 4];
        open(Path::new("/dev/zero"), 0).unwrap().read_exact(&mut read).unwrap();
        assert_eq!(read, [0; 4]);
        let dir = tempfile::tempdir().unwrap();
        let missing = open(&dir.path().join("none"), 0).unwrap_err();
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
    }
}
