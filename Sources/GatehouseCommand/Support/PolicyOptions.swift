import ArgumentParser

/// Where the policy files are.
struct PolicyOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("The directory with gateway.yaml, senders/, endpoints/ and schemes/.", valueName: "dir"), completion: .directory)
    var policies = "policies"
}

/// For commands that read.
struct OutputOptions: ParsableArguments {
    @Flag(help: "Print JSON: one object, or one a line for lists.")
    var json = false
}
