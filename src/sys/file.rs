//! Files below `--root`: reads them up to a limit, and replaces them atomically. Does not interpret them.

use rustix::buffer::spare_capacity;
use rustix::fs::{Access, Mode, OFlags};
use rustix::io::{Errno, retry_on_intr};
use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// The directory before each absolute path (`--root`); empty for the real system.
#[derive(Clone, Debug, Default)]
pub struct Root(PathBuf);

impl Root {
    /// A whole system in a folder.
    #[must_use]
    pub fn new(dir: PathBuf) -> Root {
        Root(dir)
    }

    /// The folder; None for the real system.
    #[must_use]
    pub fn dir(&self) -> Option<&Path> {
        (!self.0.as_os_str().is_empty()).then_some(&*self.0)
    }

    /// An absolute path below the root.
    #[must_use]
    pub fn path(&self, absolute: &str) -> PathBuf {
        match self.dir() {
            Some(dir) => dir.join(absolute.trim_start_matches('/')),
            None => PathBuf::from(absolute),
        }
    }
}

/// Reads a regular file of at most `limit` bytes.
///
/// # Errors
/// An error of the system; `FileTooLarge` above the limit, `InvalidInput` if it is not a regular file.
pub fn read(path: &Path, limit: usize) -> io::Result<Vec<u8>> {
    read_with_mode(path, limit).map(|(bytes, _)| bytes)
}

/// The same, with the file's permission bits. Retries once after a failure, because flash sometimes fails.
///
/// # Errors
/// As [`read`].
pub fn read_with_mode(path: &Path, limit: usize) -> io::Result<(Vec<u8>, u32)> {
    let of_the_file = [io::ErrorKind::NotFound, io::ErrorKind::InvalidInput, io::ErrorKind::FileTooLarge];
    match read_once(path, limit) {
        Err(error) if !of_the_file.contains(&error.kind()) => read_once(path, limit),
        known => known,
    }
}

/// Whether an error is not about the file: memory or descriptors are short for the moment.
#[must_use]
pub fn is_shortage(error: &io::Error) -> bool {
    let errno = Errno::from_io_error(error);
    errno.is_some_and(|errno| [Errno::NOMEM, Errno::MFILE, Errno::NFILE].contains(&errno))
}

fn read_once(path: &Path, limit: usize) -> io::Result<(Vec<u8>, u32)> {
    // Without NONBLOCK, opening a FIFO would hang.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    let size = usize::try_from(metadata.len()).unwrap_or(usize::MAX);
    let too_large = || io::Error::new(io::ErrorKind::FileTooLarge, format!("larger than {limit} bytes"));
    if size > limit {
        return Err(too_large());
    }
    // Files of /proc have no size. For others, one read returns everything, without a second one for the end.
    let mut bytes = Vec::new();
    while bytes.len() <= limit {
        bytes.reserve(size.saturating_sub(bytes.len()) + SPARE);
        let length = retry_on_intr(|| rustix::io::read(&file, spare_capacity(&mut bytes)))?;
        if length == 0 || bytes.len() == size {
            break;
        }
    }
    if bytes.len() > limit { Err(too_large()) } else { Ok((bytes, metadata.permissions().mode() & 0o7777)) }
}

/// Whether a directory exists and is not empty.
#[must_use]
pub fn has_entries(path: &Path) -> bool {
    std::fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_some())
}

/// Spare bytes beyond the size of a file.
const SPARE: usize = 64;

/// Reads a file that nicup has written. Does not ask for its kind and size first if one read returns all of it, which
/// saves a system call.
///
/// # Errors
/// As [`read`].
pub fn read_own(path: &Path, limit: usize) -> io::Result<Vec<u8>> {
    match read_head(path, SMALL) {
        Ok(bytes) if bytes.len() < SMALL => Ok(bytes),
        Err(Errno::NOENT) => Err(Errno::NOENT.into()),
        Ok(_) | Err(_) => read(path, limit),
    }
}

/// Bytes of a file that has the records of a few services.
const SMALL: usize = 2048;

/// The content of a small system file: as much as one read returns, at most `limit` bytes. Empty if the file does not
/// exist. Retries once after a failure.
#[must_use]
pub fn head(path: &Path, limit: usize) -> Vec<u8> {
    match read_head(path, limit) {
        Err(error) if error != Errno::NOENT => read_head(path, limit).unwrap_or_default(),
        known => known.unwrap_or_default(),
    }
}

/// What one read returns, at most `limit` bytes.
fn read_head(path: &Path, limit: usize) -> rustix::io::Result<Vec<u8>> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let file = rustix::fs::open(path, flags, Mode::empty())?;
    let mut bytes = Vec::with_capacity(limit);
    rustix::io::read(file, spare_capacity(&mut bytes))?;
    Ok(bytes)
}

/// Whether the new content must be on the medium before it replaces the old one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// On flash: synced before it replaces the old one.
    Durable,
    /// On tmpfs.
    Volatile,
}

/// Replaces the content of a file, all or nothing. Callers have the pass lock, so one name for the new file is enough.
///
/// # Errors
/// An error of the system (a full disk, a read-only one); the old file is then as it was.
pub fn replace(path: &Path, content: &[u8], mode: u32, keep: Keep) -> io::Result<()> {
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    let new = PathBuf::from(new);
    let written = write_new(&new, content, mode, keep).and_then(|()| std::fs::rename(&new, path));
    if written.is_err() {
        let _ = std::fs::remove_file(&new);
        return written;
    }
    if keep == Keep::Durable
        && let Some(dir) = path.parent()
    {
        // The file is replaced in any case; a filesystem that cannot sync a directory loses nothing else.
        let _ = open(dir).and_then(|dir| dir.sync_all());
    }
    Ok(())
}

/// Overwrites an existing file in place; removes it if the content does not fit.
///
/// # Errors
/// An error of the system; the file is gone then, unless the directory cannot be written either.
pub fn overwrite(path: &Path, content: &[u8]) -> io::Result<()> {
    let flags = OFlags::WRONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let write = || {
        let mut file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
        file.write_all(content)?;
        file.set_len(content.len() as u64)
    };
    let written = write();
    if written.is_err() {
        let _ = std::fs::remove_file(path);
    }
    written
}

/// Removes a file.
///
/// # Errors
/// It does not exist, or the system call failed.
pub fn remove(path: &Path) -> io::Result<()> {
    std::fs::remove_file(path)
}

/// Renames a file within its directory.
///
/// # Errors
/// It does not exist, or the system call failed.
pub fn rename(path: &Path, to: impl AsRef<Path>) -> io::Result<()> {
    std::fs::rename(path, to)
}

/// Whether a file could be created at `path` now, as far as nicup can check without creating one.
///
/// # Errors
/// The error that creating it would cause: a full or read-only filesystem, or a directory that this process must not write.
pub fn room(path: &Path) -> io::Result<()> {
    let there = path.ancestors().skip(1).find(|dir| dir.exists()).unwrap_or(Path::new("/"));
    let system = rustix::fs::statvfs(there)?;
    // Some filesystems have no limit of files, and report 0 of 0.
    if system.f_bavail == 0 && system.f_blocks > 0 || system.f_ffree == 0 && system.f_files > 0 {
        return Err(Errno::NOSPC.into());
    }
    Ok(rustix::fs::access(there, Access::WRITE_OK | Access::EXEC_OK)?)
}

fn write_new(path: &Path, content: &[u8], mode: u32, keep: Keep) -> io::Result<()> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let create = || rustix::fs::open(path, flags, Mode::from_raw_mode(mode));
    let mut file = File::from(match create() {
        // A killed process left it, or another program created it.
        Err(Errno::EXIST) => {
            std::fs::remove_file(path)?;
            create()?
        }
        created => created?,
    });
    file.write_all(content)?;
    if keep == Keep::Durable {
        file.sync_all()?;
    }
    // The umask may have taken bits that readers need.
    if mode & 0o077 != 0 {
        rustix::fs::fchmod(&file, Mode::from_raw_mode(mode))?;
    }
    Ok(())
}

/// Opens a file to read it in parts. Calls the kernel directly, because the C library's open makes a second call for a flag.
///
/// # Errors
/// An error of the system.
pub fn open(path: &Path) -> io::Result<File> {
    Ok(File::from(rustix::fs::open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?))
}

/// Creates a directory and its parents, with mode 0755.
///
/// # Errors
/// An error of the system.
pub fn make_dir(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new().recursive(true).mode(0o755).create(path)
}

/// Does something with a file. If its directory is missing, creates it and retries.
///
/// # Errors
/// Those of `act`, and of creating the directory.
pub fn with_dir<T>(path: &Path, act: impl Fn() -> io::Result<T>) -> io::Result<T> {
    match (act(), path.parent()) {
        (Err(error), Some(dir)) if error.kind() == io::ErrorKind::NotFound => {
            make_dir(dir)?;
            act()
        }
        (done, _) => done,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scratch(name: &str) -> PathBuf {
        let dir = std::env::temp_dir().join(format!("nicup-file-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(&dir).unwrap();
        dir
    }

    #[test]
    fn a_replaced_file_has_its_mode_and_leaves_nothing_beside_it() {
        let dir = scratch("replace");
        let path = dir.join("status.json");
        for mode in [0o644, 0o600] {
            replace(&path, b"text", mode, Keep::Durable).unwrap();
            assert_eq!(read(&path, 10).unwrap(), b"text");
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, mode);
        }
        assert_eq!(std::fs::read_dir(&dir).unwrap().count(), 1);
        std::fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn a_link_in_the_way_is_not_followed() {
        let dir = scratch("link");
        std::os::unix::fs::symlink("/nonexistent/target", dir.join("f.new")).unwrap();
        replace(&dir.join("f"), b"x", 0o600, Keep::Volatile).unwrap();
        assert_eq!(read(&dir.join("f"), 10).unwrap(), b"x");
        std::fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn a_filesystem_without_a_limit_of_files_is_not_full() {
        // It reports 0 files of 0. Not everyone may write there.
        let error = room(Path::new("/proc/status.json")).err();
        assert_ne!(error.map(|error| error.kind()), Some(io::ErrorKind::StorageFull));
    }

    #[test]
    fn what_is_no_regular_file_or_too_large_is_refused() {
        let dir = scratch("limit");
        std::fs::write(dir.join("f"), "12345").unwrap();
        assert!(read(&dir.join("f"), 5).is_ok());
        assert_eq!(read(&dir.join("f"), 4).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        assert_eq!(read(&dir, 4).unwrap_err().kind(), io::ErrorKind::InvalidInput);
        assert_eq!(read(&dir.join("g"), 4).unwrap_err().kind(), io::ErrorKind::NotFound);
        // The size is not known before, and reading takes more than one call.
        assert!(read(Path::new("/proc/self/smaps"), 1 << 20).unwrap().len() > 4096);
        std::fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn a_head_is_what_one_read_brings() {
        let dir = scratch("head");
        std::fs::write(dir.join("f"), "12345").unwrap();
        assert_eq!(head(&dir.join("f"), 64), b"12345");
        assert_eq!(head(&dir.join("f"), 4), b"1234");
        assert_eq!(head(&dir, 64), b"");
        assert_eq!(head(&dir.join("g"), 64), b"");
        assert_eq!(head(Path::new("/proc/sys/kernel/random/boot_id"), 64).len(), 37);
        std::fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn a_file_of_nicup_of_any_size_is_read_whole() {
        let dir = scratch("own");
        for size in [0, SMALL - 1, SMALL, SMALL + 1, 10 * SMALL] {
            let content = vec![b'x'; size];
            std::fs::write(dir.join("f"), &content).unwrap();
            assert_eq!(read_own(&dir.join("f"), 10 * SMALL).unwrap(), content, "{size} bytes");
        }
        assert_eq!(read_own(&dir.join("f"), SMALL).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        assert_eq!(read_own(&dir.join("g"), SMALL).unwrap_err().kind(), io::ErrorKind::NotFound);
        assert_eq!(read_own(&dir, SMALL).unwrap_err().kind(), io::ErrorKind::InvalidInput);
        std::fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn a_root_stands_before_absolute_paths() {
        assert_eq!(Root::new("/tmp/r".into()).path("/etc/config"), Path::new("/tmp/r/etc/config"));
        assert_eq!(Root::default().path("/etc/config"), Path::new("/etc/config"));
    }
}
