import ArgumentParser
import Gatehouse
import GatehousePolicy
import Synchronization

struct Dev: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Start a gateway to try things with: no configuration, its own certificate, an example of everything.",
        discussion: """
            Makes a certificate authority and certificate under certs/dev, policy files, state and example credentials under var/dev, starts
            the gateway with a handler that prints what it gets, and shows commands to paste. Files that are there are used again; edit
            var/dev/policies as you like. Ctrl-C stops it; remove certs/dev and var/dev to begin anew.

            Example:
              gatehouse dev --port 9443
            """)

    @Option(help: "Where certs/dev and var/dev are.", completion: .directory)
    var directory = "."

    @Option(help: "The port of the public listener, kept in var/dev/policies/gateway.yaml (default: the one it has, at first 8443).")
    var port: Int?

    @Option(help: "The port of the admin listener, kept likewise (default: the one it has, at first 9180).")
    var adminPort: Int?

    func validate() throws {
        for port in [port, adminPort].compactMap({ $0 }) where !(1...65_535).contains(port) {
            throw ValidationError("\(port) is not a port: 1 to 65535")
        }
    }

    func run() async throws {
        let place = DevelopmentPlace(root: directory)
        let isStateNew = try place.prepare()
        let isAuthorityNew = try DevelopmentCertificates(place: place).prepare()
        let policies = DevelopmentPolicies(place: place)
        let kept = try policies.prepare(port: port, adminPort: adminPort)
        let policy = try Policy.load(directory: place.policies)
        try DevelopmentCredentials(place: place, isStateNew: isStateNew, isAuthorityNew: isAuthorityNew).prepare()

        let publicURL = policy.gateway.publicURL
        let isServing = Atomic<Bool>(false)
        do {
            try await Gateway(policies: place.policies, handlers: [PrintingHandler.name: PrintingHandler()]).run { status in
                isServing.store(true, ordering: .relaxed)
                Walkthrough(place: place, publicURL: publicURL, admin: status.admin).show()
            }
        } catch {
            // A port that is taken must not stay chosen for the next start.
            if !isServing.load(ordering: .relaxed), let kept { try policies.restore(kept) }
            if let failure = error as? GatewayError, failure.code == .listen {
                throw CommandFailure("\(failure)", hint: "gatehouse dev --port PORT --admin-port PORT")
            }
            throw error
        }
        Terminal.note("stopped")
    }
}
