/**
 * The links of one node to all its peers: one WebSocket for each pair, dialled by the node with the smaller id, on
 * the path `/mesh` of the server that also carries HTTP (SPEC.md, MS1–MS17). Lossy by contract: protocols send again.
 */
import { randomBytes } from 'node:crypto'
import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import type { NodeId } from '../address.ts'
import type { Envelope } from '../kernel/ports.ts'
import { termsFit } from './agreement.ts'
import { closeCodes, Refusal } from './close-codes.ts'
import { greet } from './greeting.ts'
import { Handshake, type Party } from './handshake.ts'
import { defaultMeshLimits, type LinkStatus, type MeshLimits, type MeshPorts } from './options.ts'
import { meshPath, Peer } from './peer.ts'

export class Mesh {
  readonly #ports: MeshPorts
  readonly #limits: MeshLimits
  readonly #party: Party
  readonly #peers = new Map<string, Peer>()
  readonly #sockets: WebSocketServer
  /** Connections that have not proved themselves, the oldest first, and what breaks each off. */
  readonly #greeting = new Map<WebSocket, (refusal: Refusal) => void>()
  #detach: (() => void) | undefined
  #beats: NodeJS.Timeout | undefined
  #lastBeatMs = 0

  constructor(ports: MeshPorts) {
    this.#ports = ports
    this.#limits = { ...defaultMeshLimits, ...ports.limits }
    const { cluster, node, secret, agreement } = ports
    if (agreement !== undefined && !termsFit(agreement.terms)) throw new RangeError('the terms are too long')
    this.#party = {
      cluster,
      node,
      secret,
      claim: ports.claim,
      testimony: ports.testimony,
      nonce: () => randomBytes(16).toString('hex'),
      agreement,
    }
    for (const address of ports.peers) {
      this.#peers.set(address.id, new Peer(address, this.#party, ports, this.#limits))
    }
    this.#sockets = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: this.#limits.maxPayloadBytes,
    })
  }

  /** Takes the upgrades of `/mesh` and leaves every other one to others. */
  attach(server: Server): void {
    const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      if (request.url?.split('?', 1)[0] === meshPath) this.#upgrade(request, socket, head)
    }
    server.on('upgrade', upgrade)
    this.#detach = () => server.off('upgrade', upgrade)
  }

  start(): void {
    this.#lastBeatMs = this.#ports.monotonicMs()
    this.#beats = setInterval(() => this.#beat(), this.#limits.heartbeatMs)
    for (const peer of this.#peers.values()) peer.begin()
  }

  /** Lost when there is no link to the peer, or its queue is full. */
  transmit(peer: NodeId, envelopes: readonly Envelope[]): void {
    this.#peers.get(peer)?.send(envelopes)
  }

  /** Asks every peer for a sign of life, now. */
  ping(): void {
    for (const peer of this.#peers.values()) peer.ping()
  }

  connected(peer: NodeId): boolean {
    return this.#peers.get(peer)?.connected === true
  }

  links(): LinkStatus[] {
    return [...this.#peers.values()].map(peer => peer.status())
  }

  /** Resolves when every link has closed. */
  async stop(): Promise<void> {
    this.#end()
    await Promise.all([...this.#peers.values()].map(peer => peer.stop()))
  }

  /** Ends every link at once: nothing that was queued leaves any more. */
  abort(): void {
    this.#end()
    for (const peer of this.#peers.values()) peer.abort()
  }

  #end(): void {
    clearInterval(this.#beats)
    this.#detach?.()
    for (const socket of this.#greeting.keys()) socket.terminate()
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#sockets.handleUpgrade(request, socket, head, accepted => this.#accept(accepted))
  }

  #accept(socket: WebSocket): void {
    this.#makeRoom()
    socket.on('error', error => this.#ports.log('debug', 'mesh connection failed', { error: error.message }))
    const handshake = new Handshake(this.#party, false, name => {
      this.#peers.get(name)?.knocked()
      const peer = this.#dialler(name)
      if (peer?.isCut(this.#ports.monotonicMs())) socket.terminate()
      return peer?.address.id
    })
    socket.on('close', (code, reason) => {
      this.#greeting.delete(socket)
      if (code === closeCodes.disagree)
        this.#dialler(handshake.proved ?? '')?.disagrees(reason.toString('utf8'))
    })
    const breakOff = greet(socket, handshake, this.#limits.handshakeMs, met => {
      this.#greeting.delete(socket)
      this.#dialler(met.peer)?.adopt(socket, met)
    })
    this.#greeting.set(socket, breakOff)
  }

  /** A member proves itself in milliseconds: whoever has waited longest is the least likely to be one. */
  #makeRoom(): void {
    for (const [socket, breakOff] of this.#greeting) {
      if (this.#greeting.size < this.#limits.handshakes) return
      this.#greeting.delete(socket)
      breakOff(new Refusal('tooSlow', 'others wait to shake hands: is that port a node of the mesh?'))
    }
  }

  /** The peer of this name, if it is one that dials this node. */
  #dialler(name: string): Peer | undefined {
    const peer = this.#peers.get(name)
    return peer === undefined || peer.dials ? undefined : peer
  }

  #beat(): void {
    const nowMs = this.#ports.monotonicMs()
    const stalled = nowMs - this.#lastBeatMs > 3 * this.#limits.heartbeatMs
    this.#lastBeatMs = nowMs
    for (const peer of this.#peers.values()) peer.beat(stalled)
  }
}
