import Foundation

/// Threads for what takes a while beside the sessions: reading a request, tokenising, finding regions, attributing. They
/// are not those of Swift's shared pool, which must stay free to answer others, and few.
final class BackgroundThreads: TaskExecutor {
    private let queue = OperationQueue()

    init(count: Int) {
        queue.name = "agd.background"
        queue.maxConcurrentOperationCount = count
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.addOperation { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }

    /// Runs `work` in its turn. `Task.isCancelled` tells it that nobody wants it any more.
    func run<Result: Sendable>(_ work: @Sendable () throws -> Result) async throws -> Result {
        try await withTaskExecutorPreference(self) {
            try Task.checkCancellation()
            return try work()
        }
    }
}
