import GatehouseState
import NIOCore

extension KeptAnswer {
    init(_ answer: Answer) {
        self.init(status: answer.status, contentType: answer.contentType, body: answer.body.map { Array($0.readableBytesView) } ?? [])
    }
}

extension Answer {
    init(_ kept: KeptAnswer) {
        self.init(status: kept.status, contentType: kept.contentType, body: kept.body.isEmpty ? nil : ByteBuffer(bytes: kept.body))
    }
}
