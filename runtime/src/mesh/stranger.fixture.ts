/** A socket that speaks for a peer towards a mesh, as far as the test likes. */
import { onTestFinished } from 'vitest'
import { WebSocket } from 'ws'
import { nodeId } from '../address.ts'
import { Handshake } from './handshake.ts'
import { n1, type TestMesh } from './mesh.fixture.ts'

/** Connected, and silent so far. It is cut off when the test ends. */
export async function strangerTo(mesh: TestMesh, node = n1) {
  const socket = new WebSocket(`ws://127.0.0.1:${mesh.port}/mesh`, { perMessageDeflate: false })
  const closed = new Promise<{ code: number; reason: string }>(resolve =>
    socket.once('close', (code, reason) => resolve({ code, reason: reason.toString() })),
  )
  socket.on('error', () => {})
  onTestFinished(async () => {
    socket.terminate()
    await closed
  })
  await new Promise(resolve => socket.once('open', resolve))
  const handshake = new Handshake(
    {
      cluster: 'test',
      node,
      secret: 'secret',
      claim: () => ({ incarnation: '1-x', turn: 0 }),
      testimony: () => ({ settled: true, sightings: new Map() }),
      nonce: () => '0'.repeat(32),
    },
    true,
    nodeId,
  )
  const sayHello = () => socket.send(handshake.hello())
  const shakeHands = () =>
    new Promise<void>(resolve => {
      socket.on('message', (data, isBinary) => {
        if (isBinary) return
        const step = handshake.receive(String(data))
        if (step.say !== undefined) socket.send(step.say)
        if (step.met !== undefined) resolve()
      })
      sayHello()
    })
  return { socket, closed, sayHello, shakeHands }
}
