import Gatehouse
import GatehousePolicy

/// The gateway that serves the state of a policy directory.
struct RunningGateway {
    private var state: String

    init(policies: String) throws {
        state = try Policy.stateDirectory(policies: policies)
    }

    /// The gateway's answer to a command, a refusal too.
    func response(to command: String) throws -> ControlResponse {
        do {
            return try ControlClient(state: state).send(ControlRequest(command))
        } catch {
            guard error.code == .notRunning else { throw error }
            throw CommandFailure("no gateway runs on the state in \(state)", hint: "start one with: gatehouse serve")
        }
    }
}
