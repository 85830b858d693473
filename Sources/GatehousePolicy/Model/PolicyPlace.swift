/// Where in a policy file a setting stands, for what turns out to be wrong with it later.
///
/// All places are equal: a setting that moves to another line is the same setting, and policies are compared to see what a reload changes.
public struct PolicyPlace: Sendable, Hashable {
    var place: Node.Place?

    init(_ place: Node.Place? = nil) { self.place = place }

    /// What is wrong with the setting. A setting that was not read from a file has no file's name in it.
    public func diagnostic(_ message: String) -> Diagnostic {
        Diagnostic(file: place?.file ?? "policy", line: place?.line ?? 0, column: place?.column ?? 0, message: message)
    }

    public static func == (left: PolicyPlace, right: PolicyPlace) -> Bool { true }

    public func hash(into hasher: inout Hasher) {}
}
