extension SpawnedProcess {
    public struct Finished: Sendable {
        /// Negative for a signal.
        public var status: Int32
        public var output: String
        public var messages: String
    }

    /// Runs a program to its end. Its streams are files, so that none of them can fill up and block it.
    public static func run(
        _ executable: String, _ arguments: [String], in directory: String? = nil, input: String = ""
    ) async throws -> Finished {
        let folder = try TemporaryFolder()
        let process = try SpawnedProcess(
            executable, arguments, in: directory, input: .file(try folder.write("input", input)), output: .file(folder("output")),
            errors: .file(folder("messages")))
        let status = await process.exit.status
        func text(_ name: String) -> String { String(decoding: folder.read(name), as: UTF8.self) }
        return Finished(status: status, output: text("output"), messages: text("messages"))
    }
}
