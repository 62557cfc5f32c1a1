import Foundation

/// How many processors there are to compute on.
public enum ProcessorCount {
    /// Those that this process may run on, and no more than the whole ones that its container's quota pays for: a thread
    /// that has to wait for its turn keeps all others waiting.
    public static let available = count(
        active: ProcessInfo.processInfo.activeProcessorCount, quota: ControlGroups().processorQuota)

    static func count(active: Int, quota: Double?) -> Int {
        max(1, min(active, quota.map { Int(min($0, 65_536)) } ?? active))
    }
}
