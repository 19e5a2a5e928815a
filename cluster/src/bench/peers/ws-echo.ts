/** The limit of the remote-tell bench: raw `ws`, echoing frames of one size. Says its port. */
import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'

const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false })
server.on('listening', () => process.send?.((server.address() as AddressInfo).port))
server.on('connection', socket => {
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
})
process.on('disconnect', () => process.exit(0))
