import Foundation

/// How much memory can still be taken.
///
/// Linux grants more memory than there is and ends the process when it is used, so that a request that can't be met has to
/// be refused before.
package enum AvailableMemory {
    /// Bytes, counting as free what the system would give up; where it doesn't tell, all that the machine has.
    package static var byteCount: Int {
        let free = kernelEstimate((try? String(contentsOfFile: "/proc/meminfo", encoding: .utf8)) ?? "")
        return min(free ?? Int(clamping: ProcessInfo.processInfo.physicalMemory), ControlGroups().freeMemory ?? .max)
    }

    /// - Parameter byteCount: as a float, since the product of large sizes may not fit an integer.
    /// - Throws: ``TensorGraphError/outOfMemory(purpose:byteCount:available:)``.
    package static func require(_ byteCount: Double, for purpose: String) throws {
        let available = self.byteCount
        guard byteCount <= Double(available) else {
            throw TensorGraphError.outOfMemory(
                purpose: purpose, byteCount: Int(min(byteCount, 0x1p62)), available: available)
        }
    }

    static func kernelEstimate(_ text: String) -> Int? {
        let words = text.split(separator: "\n").first { $0.hasPrefix("MemAvailable:") }?.split(separator: " ")
        guard let words, words.count >= 2, let kibibytes = Int(words[1]) else { return nil }
        return kibibytes.multipliedReportingOverflow(by: 1024).partialValue
    }
}
