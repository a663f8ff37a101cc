import { once } from 'node:events'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'

/** The trigger (Sender/SenderControl.cs): a TCP connection of its own that says `GO frames`. */
export class SenderControl {
  #socket
  #lines

  constructor(socket) {
    this.#socket = socket
    this.#lines = createInterface({ input: socket })[Symbol.asyncIterator]()
  }

  static async connect(port) {
    const socket = connect(Number(port), '127.0.0.1')
    await once(socket, 'connect')
    return new SenderControl(socket)
  }

  /** Asks the sender to send; resolves when it is about to. */
  async send(frames) {
    this.#socket.write(`GO ${frames}\n`)
    await this.#expect('SIZE')
  }

  /** Resolves when all is sent, with the share of that time in which the sender computed. */
  async wait() {
    const [seconds, cpuSeconds] = await this.#expect('DONE')
    return Number(cpuSeconds) / Number(seconds)
  }

  async #expect(word) {
    const { value } = await this.#lines.next()
    const [said, ...figures] = (value ?? '').split(' ')
    if (said !== word) throw new Error(`The sender said '${said}', not ${word}.`)
    return figures
  }
}
