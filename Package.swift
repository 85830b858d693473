// swift-tools-version: 6.2
import PackageDescription

// Every arrow points down: a target may lean only on those listed before it. Only COpenSSL and CLinux hold C.
let settings: [SwiftSetting] = [
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioHTTP1: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let nioEmbedded: Target.Dependency = .product(name: "NIOEmbedded", package: "swift-nio")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let httpTypes: Target.Dependency = .product(name: "HTTPTypes", package: "swift-http-types")

let package = Package(
    name: "gatehouse",
    products: [
        .library(name: "Gatehouse", targets: ["Gatehouse"]),
        .executable(name: "gatehouse", targets: ["GatehouseCommand"]),
        // For the fuzz entries of Tests/Fuzz.
        .library(
            name: "GatehouseParsers",
            targets: [
                "GatehouseTime", "GatehouseCrypto", "GatehouseHTTP", "GatehousePolicy", "GatehouseToken", "GatehouseVerify",
                "GatehouseOAuth",
            ]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    ],
    targets: [
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CLinux"),
        .target(name: "GatehouseTime", swiftSettings: settings),
        .target(name: "GatehouseCrypto", dependencies: ["COpenSSL", "GatehouseTime"], swiftSettings: settings),
        .target(name: "GatehouseHTTP", swiftSettings: settings),
        .target(name: "GatehouseTLS", dependencies: ["COpenSSL", "GatehouseCrypto", "GatehouseTime", nioCore], swiftSettings: settings),
        .target(
            name: "GatehousePolicy", dependencies: ["GatehouseCrypto", "GatehouseTime", .product(name: "Yams", package: "Yams")],
            exclude: ["Shipped/embed.sh"], swiftSettings: settings),
        .target(name: "GatehouseToken", dependencies: ["GatehouseCrypto", "GatehousePolicy", "GatehouseTime"], swiftSettings: settings),
        .target(
            name: "GatehouseVerify",
            dependencies: ["GatehouseCrypto", "GatehouseHTTP", "GatehousePolicy", "GatehouseTime", "GatehouseToken"],
            swiftSettings: settings),
        .target(
            name: "GatehouseOAuth",
            dependencies: ["GatehouseCrypto", "GatehousePolicy", "GatehouseTime", "GatehouseToken", "GatehouseVerify"],
            swiftSettings: settings),
        .target(name: "GatehouseAudit", dependencies: ["GatehouseCrypto", "GatehouseTime"], swiftSettings: settings),
        .target(
            name: "GatehouseState",
            dependencies: [
                "GatehouseToken", "GatehouseVerify", "GatehouseAudit", "GatehouseCrypto", "GatehousePolicy", "GatehouseTime", "CLinux",
                .product(name: "GRDB", package: "GRDB.swift"),
            ],
            swiftSettings: settings),
        .target(
            name: "Gatehouse",
            dependencies: [
                "GatehouseTLS", "GatehouseHTTP", "GatehousePolicy", "GatehouseToken", "GatehouseVerify", "GatehouseOAuth", "GatehouseAudit",
                "GatehouseState",
                "GatehouseCrypto", "GatehouseTime", "CLinux", nioCore, nioPosix, nioHTTP1, logging, httpTypes,
            ], swiftSettings: settings),
        .executableTarget(
            name: "GatehouseCommand",
            dependencies: [
                "Gatehouse", "GatehouseAudit", "GatehouseCrypto", "GatehousePolicy", "GatehouseTLS", "GatehouseTime", "GatehouseVerify",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: settings),
        .target(
            name: "GatehouseTesting",
            dependencies: [
                "Gatehouse", "GatehouseTLS", "GatehousePolicy", "GatehouseVerify", "GatehouseAudit", "GatehouseCrypto", "GatehouseTime",
                "CLinux",
                nioCore, nioPosix,
            ], swiftSettings: settings),
        // The documentation's example, built and run by a test.
        .executableTarget(name: "Orders", dependencies: ["Gatehouse"], path: "Tests/Example"),
        .testTarget(name: "GatehouseTimeTests", dependencies: ["GatehouseTime"], swiftSettings: settings),
        .testTarget(name: "GatehouseCryptoTests", dependencies: ["GatehouseCrypto", "GatehouseTime"], swiftSettings: settings),
        .testTarget(
            name: "GatehouseTLSTests",
            dependencies: ["GatehouseTLS", "GatehouseTesting", "GatehouseCrypto", "GatehouseTime", "COpenSSL", nioEmbedded, nioPosix],
            swiftSettings: settings),
        .testTarget(name: "GatehouseHTTPTests", dependencies: ["GatehouseHTTP"], swiftSettings: settings),
        .testTarget(name: "GatehousePolicyTests", dependencies: ["GatehousePolicy"], swiftSettings: settings),
        .testTarget(
            name: "GatehouseVerifyTests",
            dependencies: ["GatehouseVerify", "GatehouseHTTP", "GatehousePolicy", "GatehouseCrypto", "GatehouseTime", "GatehouseToken"],
            resources: [.copy("Vectors")], swiftSettings: settings),
        .testTarget(
            name: "GatehouseTokenTests",
            dependencies: ["GatehouseToken", "GatehouseOAuth", "GatehouseVerify", "GatehouseCrypto", "GatehousePolicy", "GatehouseTime"],
            resources: [.copy("Vectors")], swiftSettings: settings),
        .testTarget(name: "GatehouseAuditTests", dependencies: ["GatehouseAudit", "GatehouseTesting"], swiftSettings: settings),
        .testTarget(name: "GatehouseStateTests", dependencies: ["GatehouseState"], swiftSettings: settings),
        .testTarget(
            name: "GatehouseTests", dependencies: ["Gatehouse", "GatehouseTesting", "CLinux", nioEmbedded], exclude: ["Audit/Tools"],
            swiftSettings: settings),
        .testTarget(
            name: "GatehouseCommandTests",
            dependencies: ["GatehouseTesting", "GatehouseCommand", "Orders", "GatehouseCrypto", "GatehouseTime"],
            exclude: ["Audit/Schema", "Operations/Tools", "OAuth/Interop"], swiftSettings: settings),
    ],
    swiftLanguageModes: [.v6]
)
