/** Plays the handshake over a fresh WebSocket, within its deadline. Nothing else is heard before it is through. */
import type { RawData, WebSocket } from 'ws'
import { closeCodes, Refusal, reasonText } from './close-codes.ts'
import type { Handshake, Met } from './handshake.ts'

/** No message of the handshake is longer. */
const maxWords = 16_384

/** Who does not answer our closing does not keep the socket. */
const closingMs = 1_000

/**
 * `met` is called at most once, before any further message of the socket is read. Otherwise the socket closes. Returns
 * what breaks it off.
 */
export function greet(
  socket: WebSocket,
  handshake: Handshake,
  deadlineMs: number,
  met: (met: Met) => void,
): (refusal: Refusal) => void {
  const deadline = setTimeout(() => {
    breakOff(new Refusal('tooSlow', `no handshake within ${deadlineMs} ms: is that port a node of the mesh?`))
  }, deadlineMs)
  const stop = () => {
    clearTimeout(deadline)
    socket.off('message', hear)
    socket.off('close', stop)
  }
  const breakOff = (refusal: Refusal) => {
    stop()
    refuse(socket, refusal)
  }
  const hear = (data: RawData, isBinary: boolean) => {
    try {
      const step = handshake.receive(textOf(data, isBinary))
      if (step.say !== undefined) socket.send(step.say)
      if (step.met === undefined) return
      stop()
      met(step.met)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      breakOff(error)
    }
  }
  socket.on('message', hear)
  socket.on('close', stop)
  return breakOff
}

function refuse(socket: WebSocket, refusal: Refusal): void {
  socket.close(closeCodes[refusal.why], reasonText(refusal.message))
  const giveUp = setTimeout(() => socket.terminate(), closingMs)
  socket.once('close', () => clearTimeout(giveUp))
}

function textOf(data: RawData, isBinary: boolean): string {
  if (isBinary || !Buffer.isBuffer(data)) throw new Refusal('notAFrame', 'expected the text of a handshake')
  if (data.length > maxWords)
    throw new Refusal('notAFrame', `a handshake message has at most ${maxWords} bytes`)
  return data.toString('utf8')
}
