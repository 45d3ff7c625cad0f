//! How the C library's allocator hands memory back to the system.
#![cfg_attr(all(target_os = "linux", target_env = "gnu"), expect(unsafe_code, reason = "a call into the C library"))]

/// Keeps the memory of one picture for the next one.
///
/// glibc gives blocks of megabytes back at once, so that every copy of a picture and every input of a network is made of
/// new pages, which the kernel has to clear: of a radiograph that was a quarter of the time (3.4 of 14 CPU seconds for two
/// of 5 megapixels; 0.3 with this). The peak is the same, for the next picture asks for as much.
pub(super) fn keep() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        use std::ffi::c_int;
        /// More than any block for a picture that is looked at in tiles.
        const LARGEST: c_int = 1 << 30;
        /// What older versions take at most.
        const LARGEST_BEFORE: c_int = 32 << 20;
        /// What is asked of the system at a time.
        const STEP: c_int = 64 << 20;
        // SAFETY: `mallopt` changes numbers in the allocator under its own lock; it takes any of them or returns 0.
        unsafe {
            if libc::mallopt(libc::M_MMAP_THRESHOLD, LARGEST) == 0 {
                libc::mallopt(libc::M_MMAP_THRESHOLD, LARGEST_BEFORE);
            }
            libc::mallopt(libc::M_TRIM_THRESHOLD, c_int::MAX);
            libc::mallopt(libc::M_TOP_PAD, STEP);
        }
    }
}
