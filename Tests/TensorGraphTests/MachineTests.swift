import Foundation
import Testing

@testable import TensorGraph
@testable import TestFixtures

@Suite("What the machine and its containers leave to this process")
final class MachineTests {
    private var folders: [TemporaryFolder] = []

    /// A root with files of `/proc` and `/sys` for a process in a container.
    private func groups(_ files: [String: String]) throws -> ControlGroups {
        let folder = try TemporaryFolder(files.mapValues { Data($0.utf8) })
        folders.append(folder)
        return ControlGroups(root: folder.url.path)
    }

    @Test("A program that computes at all has every instruction that it was built for")
    func instructions() {
        #expect(Processor.missingInstructions == nil)
    }

    @Test("Version 2: the least quota from the process's group to the root")
    func quotaVersion2() throws {
        let quota = try groups([
            "proc/self/cgroup": "0::/user.slice/unit.scope\n",
            "sys/fs/cgroup/user.slice/unit.scope/cpu.max": "400000 100000\n",
            "sys/fs/cgroup/user.slice/cpu.max": "150000 100000\n", "sys/fs/cgroup/cpu.max": "max 100000\n",
        ]).processorQuota
        #expect(quota == 1.5)
    }

    @Test("Version 2 in a container of its own, whose group is the root")
    func quotaAtRoot() throws {
        #expect(
            try groups(["proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "200000 100000\n"]).processorQuota == 2)
    }

    @Test("Version 1: the group's path may not be visible from inside; the root then tells")
    func quotaVersion1() throws {
        let quota = try groups([
            "proc/self/cgroup": "5:cpu,cpuacct:/docker/1a2b\n4:memory:/docker/1a2b\n",
            "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "250000\n",
            "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
        ]).processorQuota
        #expect(quota == 2.5)
    }

    @Test(
        "No limit where none is set, or nothing can be read",
        arguments: [
            [:], ["proc/self/cgroup": "0::/\n"],
            [
                "proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "max 100000\n",
                "sys/fs/cgroup/memory.max": "max\n",
            ],
            [
                "proc/self/cgroup": "2:cpu:/\n", "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
                "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
            ],
            ["proc/self/cgroup": "nonsense", "sys/fs/cgroup/cpu.max": "0 0"],
        ])
    func unlimited(files: [String: String]) throws {
        let groups = try groups(files)
        #expect(groups.processorQuota == nil && groups.freeMemory == nil)
    }

    @Test("A quota counts by whole processors, at least one, and never more than there are")
    func processors() {
        #expect(ProcessorCount.count(active: 8, quota: nil) == 8)
        #expect(ProcessorCount.count(active: 8, quota: 2.9) == 2)
        #expect(ProcessorCount.count(active: 8, quota: 0.2) == 1)
        #expect(ProcessorCount.count(active: 2, quota: 64) == 2)
        #expect(ProcessorCount.count(active: 2, quota: .infinity) == 2)
    }

    @Test("Memory: what the limit leaves; files that can be given up don't count as taken")
    func memory() throws {
        let second = try groups([
            "proc/self/cgroup": "0::/a\n", "sys/fs/cgroup/a/memory.max": "1000000\n",
            "sys/fs/cgroup/a/memory.current": "900000\n",
            "sys/fs/cgroup/a/memory.stat": "anon 1\ninactive_file 300000\nactive_file 100000\nfile 400000\n",
        ])
        #expect(second.freeMemory == 500_000)
        let first = try groups([
            "proc/self/cgroup": "4:memory:/\n", "sys/fs/cgroup/memory/memory.limit_in_bytes": "1000\n",
            "sys/fs/cgroup/memory/memory.usage_in_bytes": "2000\n",
        ])
        #expect(first.freeMemory == 0)
    }

    @Test("The kernel's own estimate is read, and what can't fit is refused with both sizes")
    func estimate() throws {
        #expect(AvailableMemory.kernelEstimate("MemTotal: 9 kB\nMemAvailable:    2048 kB\n") == 2_097_152)
        #expect(AvailableMemory.kernelEstimate("MemTotal: 9 kB\n") == nil)
        try AvailableMemory.require(1, for: "a byte")
        let error = #expect(throws: TensorGraphError.self) { try AvailableMemory.require(1e30, for: "too much") }
        #expect(error?.description.contains("too much") == true)
        #expect(error?.description.contains("are free") == true)
    }
}
