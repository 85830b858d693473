import GatehousePolicy
import GatehouseState
import GatehouseTLS
import Logging
import NIOCore
import NIOPosix

/// What runs beside the front door: the control socket and the admin listener.
struct SideServices {
    private let control: ControlServer
    private let admin: AdminServer
    let adminAddress: String

    static func start(
        runtime: GatewayRuntime, group: MultiThreadedEventLoopGroup, policy: Policy, state: State, log: Logger
    ) async throws -> SideServices {
        let control = try await ControlServer.start(state: state.directory, group: group, logger: log) { request, peer in
            await runtime.answer(request, peer)
        }
        do {
            let admin = try await AdminServer.start(
                try configuration(policy.gateway.admin), source: RuntimeSource(runtime: runtime), group: group, log: log)
            let port = admin.address.port ?? policy.gateway.admin.address.port
            return SideServices(
                control: control, admin: admin,
                adminAddress: SocketAddressText(host: policy.gateway.admin.address.host, port: port).description)
        } catch {
            await control.close()
            throw error
        }
    }

    func stop() async {
        await control.close()
        await admin.close()
    }

    private static func configuration(_ admin: GatewayPolicy.Admin) throws -> AdminServer.Configuration {
        var configuration = AdminServer.Configuration(address: admin.address)
        guard let identity = admin.identity else { return configuration }
        let context = try TLSServerContext(
            TLSServerConfiguration(
                listener: "admin",
                identities: [
                    TLSServerConfiguration.Identity(
                        certificateFile: identity.certificate, keyFile: identity.privateKey, clientCAFile: identity.clientCA)
                ]), tickets: TicketKeys())
        let needsCertificate = identity.clientCA != nil
        configuration.protection = .tls(
            addHandler: { channel in
                try channel.pipeline.syncOperations.addHandler(TLSHandler(server: context, shared: TLSLoopBuffers()))
            },
            authorize: { channel in
                guard needsCertificate else { return false }
                return (try? channel.pipeline.syncOperations.handler(type: TLSHandler.self).session?.clientCertificate) != nil
            })
        return configuration
    }
}

private struct RuntimeSource: AdminSource {
    let runtime: GatewayRuntime

    var readiness: AdminReadiness {
        get async { await runtime.notReady.map { .notReady($0) } ?? .ready }
    }

    func metrics() async throws -> String { try await runtime.metricsText() }
}
