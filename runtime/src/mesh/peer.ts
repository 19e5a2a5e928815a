/**
 * All that a node keeps about one peer: the link when there is one, the dialling when it is ours to dial, heartbeats and
 * suspicion, and the counts (SPEC.md, MS1, MS2, MS11–MS15).
 */
import { WebSocket } from 'ws'
import type { Envelope } from '../kernel/ports.ts'
import { PhiAccrual } from '../membership/phi.ts'
import { Backoff } from './backoff.ts'
import { closeCodes, closeName, Refusal } from './close-codes.ts'
import type { Frame } from './frame.ts'
import { greet } from './greeting.ts'
import { Handshake, type Met, type Party } from './handshake.ts'
import { Link, type Traffic } from './link.ts'
import type { LinkStatus, MeshLimits, MeshPorts, PeerAddress } from './options.ts'

export const meshPath = '/mesh'

export class Peer {
  readonly address: PeerAddress
  readonly dials: boolean
  readonly #party: Party
  readonly #ports: MeshPorts
  readonly #limits: MeshLimits
  readonly #backoff: Backoff
  readonly #traffic: Traffic = { sent: 0, received: 0, dropped: 0, sentBytes: 0, receivedBytes: 0 }
  #link: Link | undefined
  #links = 0
  #dialling: WebSocket | undefined
  #redial: NodeJS.Timeout | undefined
  #phi: PhiAccrual
  #reachable = false
  #lastClose: string | undefined
  #stopped = false

  constructor(address: PeerAddress, party: Party, ports: MeshPorts, limits: MeshLimits) {
    this.address = address
    this.dials = ports.node < address.id
    this.#party = party
    this.#ports = ports
    this.#limits = limits
    this.#backoff = new Backoff(limits.backoffMs, limits.maxBackoffMs)
    this.#phi = this.#freshPhi()
  }

  send(envelopes: readonly Envelope[]): void {
    if (this.#link !== undefined) {
      this.#link.send(envelopes)
      return
    }
    this.#traffic.dropped += envelopes.length
    this.#ports.lost(envelopes)
  }

  ping(): void {
    this.#link?.ping()
  }

  get connected(): boolean {
    return this.#link !== undefined && this.#link.closedFor === undefined
  }

  /** Takes over a link that has passed the handshake; the one before it ends. */
  adopt(socket: WebSocket, met: Met): void {
    this.#link?.close('replaced', `a newer link took over: is a second process running as ${met.peer}?`)
    const link = new Link(met.peer, socket, this.#ports, this.#limits, this.#traffic, frame =>
      this.#receive(link, frame),
    )
    this.#link = link
    this.#links++
    this.#phi = this.#freshPhi()
    this.#backoff.reset()
    socket.on('close', (code, reason) => this.#closed(link, code, reason.toString('utf8')))
    // The claim in the hello is not noted: a peer whose own answer is still on its way would then be told of this life.
    this.#ports.witnessed(met)
    this.#ports.log('info', 'link up', { peer: met.peer, ...met.claim })
    link.ping()
    this.#judge()
  }

  /**
   * At the start also by who does not dial: the other end may just have begun to wait a second for a node that was away. It
   * ends that connection, and dials (MS17).
   */
  dial(): void {
    if (this.#stopped || this.#link !== undefined || this.#dialling !== undefined) return
    const nowMs = this.#ports.monotonicMs()
    if (this.isCut(nowMs)) {
      this.#dialLater()
      return
    }
    const { id, host, port } = this.address
    const target = host.includes(':') ? `[${host}]` : host
    const socket = new WebSocket(`ws://${target}:${port}${meshPath}`, {
      perMessageDeflate: false,
      maxPayload: this.#limits.maxPayloadBytes,
      handshakeTimeout: this.#limits.handshakeMs,
      generateMask: noMask,
    })
    this.#dialling = socket
    socket.on('error', error => this.#note(error.message))
    socket.on('close', (code, reason) => this.#dialEnded(socket, code, reason.toString('utf8')))
    const handshake = new Handshake(this.#party, true, name => (name === id ? id : undefined))
    greet(socket, handshake, this.#limits.handshakeMs, met => {
      this.#dialling = undefined
      this.adopt(socket, met)
    })
    socket.on('open', () => socket.send(handshake.hello()))
  }

  /** The peer is there, and this node dials: it does so now. Throws the `Refusal` that ends the peer's own connection. */
  knocked(): void {
    if (!this.dials) return
    clearTimeout(this.#redial)
    this.#backoff.reset()
    this.dial()
    throw new Refusal('dialsBack', 'this end dials, and does so now')
  }

  /** It dialled, proved who it is, and has other terms: seen at this end too, as either may be the one to mend. */
  disagrees(reason: string): void {
    this.#note(closeText(closeCodes.disagree, reason))
  }

  /** A connection cannot be made when either direction is cut. */
  isCut(nowMs: number): boolean {
    const { faults, node } = this.#ports
    if (faults?.active !== true) return false
    return faults.cuts(node, this.address.id, nowMs) || faults.cuts(this.address.id, node, nowMs)
  }

  /** Every heartbeat interval. `stalled`: this node itself slept, so that silence proves nothing yet. */
  beat(stalled: boolean): void {
    if (this.#link === undefined) return
    this.#link.ping()
    if (stalled) return
    const silentMs = this.#ports.monotonicMs() - this.#link.lastHeardMs
    if (silentMs > this.#limits.silenceMs) {
      this.#link.close(
        'silent',
        `nothing was heard for ${Math.round(silentMs)} ms: is the node or its network stuck?`,
      )
    }
    this.#judge()
  }

  status(): LinkStatus {
    const link = this.#link
    return {
      peer: this.address.id,
      state: link !== undefined ? 'connected' : this.#dialling !== undefined ? 'connecting' : 'down',
      reachable: this.#reachable,
      rttMs: link?.rttMs,
      phi: link === undefined ? 0 : this.#phi.phi(this.#ports.monotonicMs()),
      ...this.#traffic,
      queuedBytes: link?.queuedBytes ?? 0,
      links: this.#links,
      lastClose: this.#lastClose,
    }
  }

  /** Ends at once, without a word. */
  abort(): void {
    this.#stopped = true
    clearTimeout(this.#redial)
    this.#dialling?.terminate()
    this.#link?.abort()
  }

  /** Resolves when no socket is left. */
  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#redial)
    const link = this.#link
    link?.close('stopping', 'this node stops')
    await Promise.all([link?.closed, this.#endDialling()])
  }

  #receive(link: Link, frame: Frame): void {
    const nowMs = this.#ports.monotonicMs()
    const { faults, node } = this.#ports
    if (faults?.active === true && faults.cuts(link.peer, node, nowMs)) return
    this.#phi.signOfLife(nowMs)
    const admitted = this.#ports.claimed(link.peer, frame)
    switch (frame.kind) {
      case 'ping':
        this.#phi.heartbeat(nowMs)
        link.pong(frame.stampMs)
        return
      case 'pong':
        link.rttMs = Math.max(0, nowMs - frame.stampMs)
        if (!this.#ports.confirmed(link.peer, frame, frame.stampMs)) {
          link.close('askAgain', 'what this node answered before it was settled does not count: ask again')
        }
        return
      case 'envelopes':
        if (!admitted) this.#traffic.dropped += frame.envelopes.length
        else {
          this.#traffic.received += frame.envelopes.length
          this.#ports.deliver(link.peer, frame.envelopes)
        }
    }
  }

  #closed(link: Link, code: number, reason: string): void {
    this.#note(link.closedFor ?? closeText(code, reason))
    if (this.#link !== link) return
    this.#link = undefined
    this.#judge()
    this.#dialLater()
  }

  #dialEnded(socket: WebSocket, code: number, reason: string): void {
    if (this.#dialling !== socket) return
    this.#dialling = undefined
    if (reason !== '' && code !== closeCodes.dialsBack) this.#note(closeText(code, reason))
    this.#dialLater()
  }

  async #endDialling(): Promise<void> {
    const socket = this.#dialling
    if (socket === undefined) return
    const closed = new Promise(resolve => socket.once('close', resolve))
    socket.terminate()
    await closed
  }

  #dialLater(): void {
    if (!this.dials || this.#stopped) return
    clearTimeout(this.#redial)
    this.#redial = setTimeout(() => this.dial(), this.#backoff.next(this.#ports.random()))
  }

  /** Says what keeps the link down, once for each new reason. */
  #note(why: string): void {
    if (why === this.#lastClose) return
    this.#lastClose = why
    this.#ports.log(this.#stopped ? 'debug' : 'warn', 'link down', { peer: this.address.id, why })
  }

  #judge(): void {
    const suspect = this.#phi.phi(this.#ports.monotonicMs()) > this.#limits.phi
    const reachable = this.connected && !suspect
    if (reachable === this.#reachable) return
    this.#reachable = reachable
    this.#ports.log('info', reachable ? 'peer reachable' : 'peer unreachable', { peer: this.address.id })
    this.#ports.reachable(this.address.id, reachable)
  }

  #freshPhi(): PhiAccrual {
    const { heartbeatMs } = this.#limits
    return new PhiAccrual({ intervalMs: heartbeatMs, minDeviationMs: heartbeatMs / 2, window: 100 })
  }
}

function closeText(code: number, reason: string): string {
  const name = closeName(code) ?? `code ${code}`
  return reason === '' ? `the peer closed: ${name}` : `the peer closed: ${name}: ${reason}`
}

/** Masking protects web proxies from browsers (RFC 6455 §10.3); between two servers it only costs: a mask of zeros. */
function noMask(mask: Buffer): void {
  mask.fill(0)
}
