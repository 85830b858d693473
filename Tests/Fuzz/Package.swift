// swift-tools-version: 6.2
import PackageDescription

// libFuzzer programs over the parsers that see a peer's or an operator's bytes. A package of its own, since the sanitizer's flags are
// unsafe ones and belong to no product. `./run fuzz [NAME] [SECONDS]` builds them, with the parsers themselves instrumented, and runs them.
// Linked with lld, since gold ends with an internal error on instrumented modules.
let entries = ["FuzzHTTP", "FuzzPolicy", "FuzzToken", "FuzzVerify"].map { name in
    Target.executableTarget(
        name: name, dependencies: ["FuzzSupport", .product(name: "GatehouseParsers", package: "gatehouse")],
        swiftSettings: [.unsafeFlags(["-parse-as-library"])], linkerSettings: [.unsafeFlags(["-sanitize=fuzzer", "-use-ld=lld"])])
}

let package = Package(
    name: "fuzz",
    dependencies: [.package(name: "gatehouse", path: "../..")],
    targets: [.target(name: "CFuzzer"), .target(name: "FuzzSupport", dependencies: ["CFuzzer"])] + entries,
    swiftLanguageModes: [.v6]
)
