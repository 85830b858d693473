import Glibc

/// Asks the gateway that serves a state directory. For commands: blocks the calling thread.
package struct ControlClient: Sendable {
    private let directory: String
    private let timeout: Duration

    /// - Parameters:
    ///   - state: the state directory.
    ///   - timeout: how long to wait for the answer.
    package init(state: String, timeout: Duration = .seconds(30)) {
        directory = state
        self.timeout = timeout
    }

    /// Sends one request and returns the answer, whatever it says.
    ///
    /// Throws ``ControlError/Code/notRunning`` where no gateway serves this state: nothing was asked. After any other error the gateway
    /// may have done what it was asked.
    package func send(_ request: ControlRequest) throws(ControlError) -> ControlResponse {
        let socket = try ControlSocket.connect(in: directory, timeout: timeout)
        // Requests carry secrets: another user's process must not get them by standing in for the gateway.
        guard let peer = ControlSocket.peer(of: socket.number), peer.mayControl(geteuid()) || geteuid() == 0 else {
            throw ControlError(.refused, "the control socket in \(directory) belongs to another user's process; nothing was sent")
        }
        do {
            try write(ControlProtocol.line(request), to: socket)
            let response = try ControlProtocol.message(readLine(from: socket), as: ControlResponse.self)
            if let refusal = ControlProtocol.refusal(of: response.version) { throw ControlError(.refused, refusal) }
            return response
        } catch let error as ControlError {
            throw error
        } catch {
            throw ControlError(.refused, "the gateway's answer could not be read")
        }
    }

    private func write(_ line: [UInt8], to socket: borrowing Descriptor) throws(ControlError) {
        var start = 0
        while start < line.count {
            let sent = line.withUnsafeBytes {
                Glibc.send(socket.number, $0.baseAddress.map { $0 + start }, $0.count - start, CInt(MSG_NOSIGNAL))
            }
            if sent >= 0 {
                start += sent
            } else if errno != EINTR {
                throw failure("take the request")
            }
        }
    }

    private func readLine(from socket: borrowing Descriptor) throws(ControlError) -> [UInt8] {
        var line: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 * 1024)
        while line.count <= ControlProtocol.longestResponse {
            let count = read(socket.number, &chunk, chunk.count)
            if count > 0 {
                line.append(contentsOf: chunk[..<count])
                if line.last == UInt8(ascii: "\n") { return line }
            } else if count == 0 {
                throw ControlError(.refused, "the gateway closed the control connection without an answer")
            } else if errno != EINTR {
                throw failure("answer")
            }
        }
        throw ControlError(.refused, "the gateway's answer is too long")
    }

    private func failure(_ action: String) -> ControlError {
        errno == EAGAIN
            ? ControlError(
                .timedOut,
                "the gateway did not \(action) within \(timeout.components.seconds) s. What was asked may still be done when it goes on: look with "
                    + "`gatehouse status`, `secret status` or `key list` before asking again")
            : ControlError(.unusable, "the gateway did not \(action): \(String(cString: strerror(errno)))")
    }
}
