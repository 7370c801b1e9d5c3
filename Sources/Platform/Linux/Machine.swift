import CPlatform

/// Facts about the machine and the process, fixed while the process runs.
package enum Machine {
    package static var processID: Int { Int(basalt_process_id()) }
    package static var userID: Int { Int(basalt_user_id()) }
    /// Cores this process may run on, one at least.
    package static var coreCount: Int { max(1, Int(basalt_core_count())) }

    /// Bytes of memory: those of the machine, or of the control group when that has fewer.
    package static var memoryBytes: Int {
        let physical = Int(basalt_memory_bytes())
        let limit = firstNumber(of: "/sys/fs/cgroup/memory.max")
        return limit.map { min($0, physical) } ?? physical
    }

    package static var hostName: String {
        var name = [UInt8](repeating: 0, count: Limits.nameBytes)
        let length = unsafe name.withUnsafeMutableBytes { buffer -> Int64 in
            guard let start = buffer.baseAddress else { return 0 }
            // SAFETY: the buffer has the length given beside it and outlives the call.
            return unsafe basalt_host_name(start, buffer.count)
        }
        return length > 0 ? String(decoding: name[..<Int(length)], as: UTF8.self) : "localhost"
    }

    /// Reads an environment variable. Only `basalt`'s start-up asks.
    package static func environment(_ name: String) -> String? {
        // SAFETY: nobody changes the environment, so the C string stays where it is.
        guard let value = unsafe basalt_environment(name) else { return nil }
        return unsafe String(cString: value)
    }

    private static func firstNumber(of path: String) -> Int? {
        let files = LinuxFileSystem()
        do {
            let file = try files.open(path, .read, permissions: 0)
            let text = String(decoding: try file.read(at: 0, count: 64), as: UTF8.self)
            return Int(text.prefix { $0.isNumber })
        } catch {
            // No control group: the machine's memory is ours.
            return nil
        }
    }
}
