// swift-tools-version: 6.2
import PackageDescription

// A program that embeds the gateway and takes the events itself: the `swift:` hand-over of the benches. Apart from the main package,
// so that nothing of it is built or shipped with the product.
let package = Package(
    name: "EmbeddedGateway",
    dependencies: [.package(name: "gatehouse", path: "../../..")],
    targets: [.executableTarget(name: "EmbeddedGateway", dependencies: [.product(name: "Gatehouse", package: "gatehouse")])],
    swiftLanguageModes: [.v6]
)
