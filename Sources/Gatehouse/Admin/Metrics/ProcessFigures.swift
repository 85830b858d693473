import GatehouseTime
import Glibc

/// What the operating system says of this process.
struct ProcessFigures: Sendable {
    var residentBytes: UInt64 = 0
    var virtualBytes: UInt64 = 0
    var openDescriptors: UInt64 = 0
    var descriptorLimit: UInt64 = 0
    var threads: UInt64 = 0
    var cpuSeconds: Double = 0
    var started: WallTime

    /// Reads `/proc/self`; what it does not tell stays 0.
    /// - Parameter started: when the gateway began.
    static func current(started: WallTime) -> ProcessFigures {
        var figures = ProcessFigures(started: started)
        // proc(5): pid (comm) state ppid …; counted after the name, which may hold blanks, `utime` is the 12th, `num_threads` the 18th,
        // `vsize` the 21st and `rss` the 22nd.
        if let text = contents(of: "/proc/self/stat"), let end = text.lastIndex(of: ")") {
            let fields = text[text.index(after: end)...].split(separator: " ").map { UInt64($0) ?? 0 }
            if fields.count > 21 {
                figures.cpuSeconds = Double(fields[11] + fields[12]) / Double(max(sysconf(CInt(_SC_CLK_TCK)), 1))
                figures.threads = fields[17]
                figures.virtualBytes = fields[20]
                figures.residentBytes = fields[21] * UInt64(max(sysconf(CInt(_SC_PAGESIZE)), 1))
            }
        }
        figures.openDescriptors = UInt64(entries(of: "/proc/self/fd"))
        figures.descriptorLimit = DescriptorLimit.current.soft
        return figures
    }

    private static func contents(of path: String) -> String? {
        let file = Descriptor(open(path, O_RDONLY | O_CLOEXEC))
        guard file.isOpen else { return nil }
        return withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 1) { buffer in
            let count = read(file.number, buffer.baseAddress, buffer.count)
            return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
        }
    }

    /// Without the directory's own descriptor.
    private static func entries(of path: String) -> Int {
        guard let directory = opendir(path) else { return 0 }
        defer { closedir(directory) }
        var count = -3
        while readdir(directory) != nil { count += 1 }
        return max(count, 0)
    }
}
