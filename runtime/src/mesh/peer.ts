/**
 * All that a node keeps about one peer: the link when there is one, the dialling when it is ours to dial, heartbeats
 * and suspicion, and the counts (SPEC.md, MS1, MS2, MS11–MS15).
 */
import type { WebSocket } from 'ws'
import type { Envelope } from '../kernel/ports.ts'
import { PhiAccrual } from '../membership/phi.ts'
import { closeCodes, closeName, Refusal } from './close-codes.ts'
import { Dialling } from './dialling.ts'
import type { Frame } from './frame.ts'
import { Handshake, type Met, type Party } from './handshake.ts'
import { Link, type Traffic } from './link.ts'
import type { LinkStatus, MeshLimits, MeshPorts, PeerAddress } from './options.ts'

export const meshPath = '/mesh'
/** WebSocket's code where the other end said none: the connection broke, or never was (RFC 6455 §7.1.5). */
const noClosing = 1006

export class Peer {
  readonly address: PeerAddress
  readonly dials: boolean
  readonly #party: Party
  readonly #ports: MeshPorts
  readonly #limits: MeshLimits
  readonly #dialling: Dialling
  readonly #traffic: Traffic = { sent: 0, received: 0, dropped: 0, sentBytes: 0, receivedBytes: 0 }
  #link: Link | undefined
  #links = 0
  #phi: PhiAccrual
  #reachable = false
  #lastClose: string | undefined
  #stopped = false
  #knockedMs = Number.NEGATIVE_INFINITY

  constructor(address: PeerAddress, party: Party, ports: MeshPorts, limits: MeshLimits) {
    this.address = address
    this.dials = ports.node < address.id
    this.#party = party
    this.#ports = ports
    this.#limits = limits
    this.#dialling = this.#makeDialling()
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
    socket.on('close', (code, reason) => this.#closed(link, code, reason.toString('utf8')))
    // The claim in the hello is not noted: a peer whose own answer is still on its way would then be told of this life.
    this.#ports.witnessed(met)
    this.#ports.log('info', 'link up', { peer: met.peer, ...met.claim })
    link.ping()
    this.#judge()
  }

  /** The first word at a start: to dial, or to say to who does that it may (MS17). */
  begin(): void {
    if (this.dials) this.#dialling.dial()
    else this.#dialling.knock()
  }

  /**
   * The peer begins, and this node dials: it does so now, also beside a link that is silent, which the new one
   * replaces when it has proved itself. Strangers can knock, so once in a while. Throws the `Refusal` that ends the
   * connection of who knocked.
   */
  knocked(): void {
    if (!this.dials) return
    const nowMs = this.#ports.monotonicMs()
    const silentMs = nowMs - (this.#link?.lastHeardMs ?? Number.NEGATIVE_INFINITY)
    const { heartbeatMs } = this.#limits
    if (!this.#stopped && nowMs - this.#knockedMs >= heartbeatMs && silentMs > 3 * heartbeatMs) {
      this.#knockedMs = nowMs
      this.#dialling.dialAnew()
    }
    throw new Refusal('dialsBack', 'of these two nodes this one dials')
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
      state: link !== undefined ? 'connected' : this.#dialling.isUnderWay ? 'connecting' : 'down',
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
    this.#dialling.abort()
    this.#link?.abort()
  }

  /** Resolves when no socket is left. */
  async stop(): Promise<void> {
    this.#stopped = true
    const link = this.#link
    link?.close('stopping', 'this node stops')
    await Promise.all([link?.closed, this.#dialling.stop()])
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
    if (this.dials) this.#dialling.later()
  }

  #makeDialling(): Dialling {
    const { id, host, port } = this.address
    return new Dialling({
      url: `ws://${host.includes(':') ? `[${host}]` : host}:${port}${meshPath}`,
      limits: this.#limits,
      isCut: () => this.isCut(this.#ports.monotonicMs()),
      handshake: () => new Handshake(this.#party, true, name => (name === id ? id : undefined)),
      met: (socket, met) => this.adopt(socket, met),
      failed: (code, reason) => {
        if (reason !== '') this.#note(code === noClosing ? reason : closeText(code, reason))
      },
      random: () => this.#ports.random(),
    })
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
