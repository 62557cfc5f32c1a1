import Foundation

/// What the control groups around this process (a container, a systemd unit) leave it of the machine, as Linux tells it in
/// files, in version 1 or 2. Limits of outer groups hold too, so the least counts. Elsewhere there are none.
struct ControlGroups {
    /// Where `proc` and `sys` are found.
    var root = "/"

    /// Processors' time per time; nil where it isn't limited.
    var processorQuota: Double? {
        let second = folders("").compactMap { folder -> Double? in
            let words = (text(folder + "/cpu.max") ?? "").split(separator: " ").map { Double($0) }
            guard words.count == 2, let quota = words[0], let period = words[1], period > 0 else { return nil }
            return quota / period
        }
        let first = folders("cpu").compactMap { folder -> Double? in
            guard let quota = number(folder + "/cpu.cfs_quota_us"), let period = number(folder + "/cpu.cfs_period_us"),
                quota > 0, period > 0
            else { return nil }
            return Double(quota) / Double(period)
        }
        return (second + first).min()
    }

    /// Bytes that can still be taken; files in memory are given up where there is need, so they don't count as taken.
    var freeMemory: Int? {
        let second = folders("").compactMap {
            free($0, limit: "memory.max", usage: "memory.current", statistics: ["inactive_file", "active_file"])
        }
        let first = folders("memory").compactMap {
            free(
                $0, limit: "memory.limit_in_bytes", usage: "memory.usage_in_bytes",
                statistics: ["total_inactive_file", "total_active_file"])
        }
        return (second + first).min()
    }

    private func free(_ folder: String, limit: String, usage: String, statistics: [String]) -> Int? {
        guard let limit = number(folder + "/" + limit), let usage = number(folder + "/" + usage) else { return nil }
        let files = (text(folder + "/memory.stat") ?? "").split(separator: "\n").reduce(0) { sum, line in
            let words = line.split(separator: " ")
            return words.count == 2 && statistics.contains(String(words[0])) ? sum + (Int(words[1]) ?? 0) : sum
        }
        return max(0, limit - max(0, usage - files))
    }

    /// The folders of the groups that the process is in, from the innermost to the root of what can be seen.
    /// - Parameter controller: of version 1; empty for version 2, where all controllers share one tree.
    private func folders(_ controller: String) -> [String] {
        let lines = (text(root + "/proc/self/cgroup") ?? "").split(separator: "\n")
        return lines.flatMap { line -> [String] in
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3, fields[1].components(separatedBy: ",").contains(controller) else { return [] }
            var steps = fields[2].split(separator: "/")
            var paths = [steps.joined(separator: "/")]
            while steps.popLast() != nil { paths.append(steps.joined(separator: "/")) }
            return paths.map { root + "/sys/fs/cgroup/\(fields[1])/\($0)" }
        }
    }

    private func number(_ path: String) -> Int? { text(path).flatMap { Int($0) } }

    /// Nothing where there is no such file: other systems, and groups that can't be seen from inside.
    private func text(_ path: String) -> String? {
        (try? String(contentsOfFile: path, encoding: .utf8))?.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
