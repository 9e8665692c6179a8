//! How much room is there on a disk?

use std::path::Path;

/// Bytes that may still be written into a folder; none where the system is not asked (Windows) or does not say.
#[cfg(unix)]
pub fn free_bytes(folder: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(folder).ok()?;
    disk.f_bavail.checked_mul(disk.f_frsize)
}

/// Bytes that may still be written into a folder; none where the system is not asked (Windows) or does not say.
#[cfg(not(unix))]
pub fn free_bytes(_folder: &Path) -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn a_disk_tells_its_room_and_a_folder_that_is_not_there_has_none() {
        let free = free_bytes(&std::env::temp_dir());
        assert!(free.is_some_and(|free| free < 1 << 60), "{free:?}");
        assert_eq!(free_bytes(Path::new("/not/there")), None);
    }
}
