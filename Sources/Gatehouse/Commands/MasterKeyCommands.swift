import GatehouseAudit
public import GatehouseCrypto
import GatehousePolicy
import GatehouseState
import GatehouseTime

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What `gatehouse master-key …` does.
public struct MasterKeyCommands: Sendable {
    private let place: StatePlace

    /// - Throws: `PolicyError` where no policy says where the state is.
    public init(policies: String) throws { place = try StatePlace(policies: policies) }

    /// Seals everything with a new master key, running or stopped. `key`: given; nil: made, where the key is kept in a file.
    public func rotate(key: Secret?) throws -> MasterKeyOutcome {
        let pipe = try key.flatMap { key in try place.isThere ? ValuePipe(key, in: place.directory) : nil }
        let operation = MasterKeyOperation(pipe: pipe?.name)
        defer { withExtendedLifetime(pipe) {} }
        return try place.perform(try ControlRequest("master-key-rotate", encoding: operation), mode: .existing) { stopped in
            let actor = Actor(uid: getuid())
            return try stopped.recording { record in
                do {
                    let outcome = MasterKeyOutcome(stopped.state, resealed: try operation.perform(key, on: stopped.state))
                    try record(operation.record(actor, outcome, refusal: nil).members)
                    return outcome
                } catch let error as StateError {
                    try record(operation.record(actor, nil, refusal: error.code.rawValue).members)
                    throw error
                }
            }
        }
    }
}

/// A rotation of the master key as a command asks for it.
struct MasterKeyOperation: Codable, Sendable {
    /// Names the ``ValuePipe`` with the new key; nil: the state makes one.
    var pipe: String?

    func perform(_ key: Secret?, on state: State) throws(StateError) -> Int { try state.rotateMasterKey(to: key) }

    func record(_ actor: Actor, _ outcome: MasterKeyOutcome?, refusal: String?) -> AdminRecord {
        AdminRecord(
            uid: actor.uid, user: actor.user, command: "master-key rotate", result: refusal ?? "ok",
            details: outcome.map { [.init("resealed", .number(Int64($0.resealed)))] } ?? [])
    }
}

/// What a rotation of the master key did.
public struct MasterKeyOutcome: Codable, Sendable {
    /// Values that were sealed anew.
    public var resealed: Int
    /// Where the key is kept, for people.
    public var place: String
    /// False: whoever gave the key has to put it there before the next start.
    public var installed: Bool

    init(_ state: State, resealed: Int) {
        self.resealed = resealed
        place = state.masterKeyPlace
        installed = state.keepsMasterKey
    }
}
