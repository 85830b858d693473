import Testing

/// The built program with the tools of an operator. One after another: some bring the machine to its limits.
@Suite("Operations", .serialized)
enum Operations {}
