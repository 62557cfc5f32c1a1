import Foundation

/// What Swift's runtime writes to stderr when a program dies.
enum CrashReports {
    /// Starts the program anew with reports that have no registers, beside which the runtime shows the memory they point at:
    /// a server's holds its key and what people said. The runtime reads this setting when a program starts, and only then.
    /// Where the user has set it that counts.
    static func leaveOutMemory() {
        #if os(Linux)
            let name = "SWIFT_BACKTRACE"
            guard ProcessInfo.processInfo.environment[name] == nil, setenv(name, "registers=none", 1) == 0 else {
                return
            }
            execv("/proc/self/exe", CommandLine.unsafeArgv)  // Goes on here only if it fails; then reports stay as they are.
        #endif
    }
}
