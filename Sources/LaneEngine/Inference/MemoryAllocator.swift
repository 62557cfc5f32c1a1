import CLlama

/// The process's `malloc`.
package enum MemoryAllocator {
    /// Gives large blocks back to the system as soon as they are freed, which a process that lives long should do.
    ///
    /// Once it has seen a large block freed, glibc keeps such blocks for later, in several heaps: a server whose requests
    /// need buffers of many sizes then grows to several times of what it uses.
    package static func returnLargeBlocks() { agd_return_blocks_from(1 << 18) }
}
