import GatehouseVerify
import Synchronization

/// Answers that many events got, kept once: most handlers answer every event alike, and an event whose answer is known here costs no
/// write and no second thread. An answer is common from its second time on while the file that holds it is the current one.
final class CommonAnswers: Sendable {
    /// Distinct answers looked out for at a time; a handler that answers each event differently only turns this table over.
    static let limit = 512
    /// Of body and content type, in bytes; longer answers are rarely alike.
    static let sizeLimit = 1_024

    private let state = Mutex(Table())

    private struct Table {
        var answers: [KeptAnswer: Entry] = [:]
    }

    private struct Entry {
        var events = 1
        var reference: AnswerReference?
        /// The last second in which an event that refers to it is known.
        var expires: UInt32
    }

    /// Notes that an event got `answer` and is known until `expires`. Where the answer is kept; nil where it is not.
    func note(_ answer: KeptAnswer, expires: UInt32) -> AnswerReference? {
        guard answer.body.count + (answer.contentType?.utf8.count ?? 0) <= Self.sizeLimit else { return nil }
        return state.withLock { table in
            guard let index = table.answers.index(forKey: answer) else {
                if table.answers.count >= Self.limit { table.answers = table.answers.filter { $0.value.reference != nil } }
                if table.answers.count < Self.limit { table.answers[answer] = Entry(reference: nil, expires: expires) }
                return nil
            }
            table.answers.values[index].expires = max(table.answers.values[index].expires, expires)
            table.answers.values[index].events += 1
            return table.answers.values[index].reference
        }
    }

    /// Came more than once and is not kept yet.
    func isWanted(_ answer: KeptAnswer) -> Bool {
        state.withLock { table in table.answers[answer].map { $0.reference == nil && $0.events > 1 } ?? false }
    }

    func keep(_ answer: KeptAnswer, at reference: AnswerReference) {
        state.withLock { $0.answers[answer]?.reference = reference }
    }

    /// The current file ends: its answers are no longer referred to by new events. Returns until when those that refer to it are known.
    func forget() -> UInt32 {
        state.withLock { table in
            defer { table.answers = [:] }
            return table.answers.values.reduce(0) { $1.reference == nil ? $0 : max($0, $1.expires) }
        }
    }
}
