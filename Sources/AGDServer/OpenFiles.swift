#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// How many files, and so connections, the process may open.
enum OpenFiles {
    /// Files that are open beside connections, and connections that are accepted before others have been closed for them.
    private static let others = 96

    /// Connections that may be open at once, so that accepting never fails for want of a file: it would be tried without end.
    /// - Throws: ``ServerError`` where there is hardly room for any.
    static func connectionLimit(wanted: Int) throws(ServerError) -> Int {
        var limit = rlimit()
        guard getrlimit(RLIMIT_NOFILE.resource, &limit) == 0 else { return wanted }
        let needed = rlim_t(wanted + others)
        if limit.rlim_cur < needed, limit.rlim_cur < limit.rlim_max {
            limit.rlim_cur = min(needed, limit.rlim_max)
            _ = setrlimit(RLIMIT_NOFILE.resource, &limit)
            _ = getrlimit(RLIMIT_NOFILE.resource, &limit)
        }
        let room = Int(clamping: limit.rlim_cur) - others
        guard room >= 8 else {
            throw ServerError(
                description:
                    "This process may open \(limit.rlim_cur) files only; a server needs \(others + 8). Raise it with ulimit -n."
            )
        }
        return min(wanted, room)
    }

    /// Accepted beyond the limit for a moment, until those that give way are closed.
    static let slack = 32
}

#if canImport(Glibc)
    extension __rlimit_resource {
        fileprivate var resource: __rlimit_resource_t { __rlimit_resource_t(rawValue) }
    }
#else
    extension Int32 {
        fileprivate var resource: Int32 { self }
    }
#endif
