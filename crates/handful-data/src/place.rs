//! Where are the bytes of an image? In a file of its own, or inside an archive that is read in place.

use std::path::Path;
use std::sync::Arc;

/// Where the bytes of an image are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the file that the path names.
    File,
    /// In an archive, which is never unpacked.
    Member(Member),
}

/// A span of an archive that holds one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The archive, from where the program runs. Shared: an archive may hold a hundred thousand files.
    pub archive: Arc<Path>,
    /// Offset of the first byte in the archive.
    pub start: u64,
    /// Bytes in the archive.
    pub packed_bytes: u64,
    /// Bytes of the file.
    pub bytes: u64,
    /// How the bytes are packed.
    pub packing: Packing,
    /// Checksum of the file, where the archive keeps one (tar does not).
    pub crc32: Option<u32>,
}

/// How a file lies in an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// Byte for byte.
    Stored,
    /// Compressed by DEFLATE (RFC 1951), without a header.
    Deflated,
}
