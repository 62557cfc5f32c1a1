import Dispatch
import Synchronization

/// Threads for what takes a while beside the sessions: reading a request, tokenising, finding regions, attributing. They
/// are not those of Swift's shared pool, which must stay free to answer others, and few.
final class BackgroundThreads: TaskExecutor {
    /// Serial, because dispatch gives such queues threads of their own. Concurrent ones, and operation queues, run on the
    /// threads that Swift's shared pool has too, and as few.
    private let queues: [DispatchQueue]
    /// Jobs that each queue has yet to finish.
    private let unfinished: Mutex<[Int]>

    init(count: Int) {
        queues = (0..<count).map { DispatchQueue(label: "agd.background.\($0)") }
        unfinished = Mutex(Array(repeating: 0, count: count))
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let index = unfinished.withLock { counts in
            let index = counts.indices.min { counts[$0] < counts[$1] } ?? 0
            counts[index] += 1
            return index
        }
        queues[index].async {
            job.runSynchronously(on: self.asUnownedTaskExecutor())
            self.unfinished.withLock { $0[index] -= 1 }
        }
    }

    /// Runs `work` in its turn. `Task.isCancelled` tells it that nobody wants it any more.
    func run<Result: Sendable>(_ work: @Sendable () throws -> Result) async throws -> Result {
        try await withTaskExecutorPreference(self) {
            try Task.checkCancellation()
            return try work()
        }
    }
}
