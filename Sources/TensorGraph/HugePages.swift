import CLlama

#if canImport(Glibc)
    import Glibc
#endif

enum HugePages {
    /// Asks Linux to keep a buffer of the CPU in pages of 2 MB, before it is first written. Weights and caches are read from
    /// end to end at every step, and small pages then cost more than the bytes. A hint: where it is refused, nothing changes.
    static func request(for buffer: ggml_backend_buffer_t) {
        #if os(Linux)
            let pageSize = 2 << 20
            guard let base = ggml_backend_buffer_get_base(buffer) else { return }
            let start = (Int(bitPattern: base) + pageSize - 1) / pageSize * pageSize
            let end = Int(bitPattern: base) + ggml_backend_buffer_get_size(buffer)
            guard let first = UnsafeMutableRawPointer(bitPattern: start), end > start else { return }
            _ = madvise(first, end - start, MADV_HUGEPAGE)
        #endif
    }
}
