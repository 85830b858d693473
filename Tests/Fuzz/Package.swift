// swift-tools-version: 6.2
import PackageDescription

// libFuzzer programs over the parsers that see a peer's or an operator's bytes. A package of its own, since the sanitizer's flags are
// unsafe ones and belong to no product. `./run fuzz [NAME] [SECONDS]` builds and runs them.
let fuzzer: [SwiftSetting] = [.unsafeFlags(["-sanitize=fuzzer", "-parse-as-library"])]
let linker: [LinkerSetting] = [.unsafeFlags(["-sanitize=fuzzer"])]

let package = Package(
    name: "fuzz",
    dependencies: [.package(name: "gatehouse", path: "../..")],
    targets: [
        .executableTarget(
            name: "FuzzHTTP", dependencies: [.product(name: "GatehouseParsers", package: "gatehouse")], swiftSettings: fuzzer,
            linkerSettings: linker),
        .executableTarget(
            name: "FuzzVerify", dependencies: [.product(name: "GatehouseParsers", package: "gatehouse")], swiftSettings: fuzzer,
            linkerSettings: linker),
        .executableTarget(
            name: "FuzzPolicy", dependencies: [.product(name: "GatehouseParsers", package: "gatehouse")], swiftSettings: fuzzer,
            linkerSettings: linker),
    ],
    swiftLanguageModes: [.v6]
)
