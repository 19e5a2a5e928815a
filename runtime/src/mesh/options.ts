/** What a mesh needs from its node, and its limits. */
import type { NodeId } from '../address.ts'
import type { FaultPlane } from '../faults/plane.ts'
import type { Envelope } from '../kernel/ports.ts'
import type { Testimony } from '../membership/witnesses.ts'
import type { Agreement } from './agreement.ts'
import type { Claim } from './frame.ts'
import type { Met } from './handshake.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'
export type Log = (level: LogLevel, message: string, fields: Readonly<Record<string, unknown>>) => void

export interface PeerAddress {
  readonly id: NodeId
  readonly host: string
  readonly port: number
}

export interface MeshLimits {
  /** Largest WebSocket message accepted; no frame sent is larger. */
  readonly maxPayloadBytes: number
  /** Frames grow to about this before a turn is split. */
  readonly frameBytes: number
  /** What may wait for one slow peer; beyond it envelopes are dropped and counted. */
  readonly queueBytes: number
  readonly handshakeMs: number
  /** Connections that have not proved themselves yet. */
  readonly handshakes: number
  readonly heartbeatMs: number
  /** A link that carries nothing for so long is closed and dialled anew. */
  readonly silenceMs: number
  /** Above it a peer is suspect (see membership/SPEC.md). */
  readonly phi: number
  readonly backoffMs: number
  readonly maxBackoffMs: number
}

export const defaultMeshLimits: MeshLimits = {
  maxPayloadBytes: 16 * 1024 * 1024,
  frameBytes: 1024 * 1024,
  queueBytes: 32 * 1024 * 1024,
  handshakeMs: 5_000,
  handshakes: 32,
  heartbeatMs: 200,
  silenceMs: 5_000,
  phi: 8,
  backoffMs: 40,
  maxBackoffMs: 1_000,
}

export interface MeshPorts {
  readonly cluster: string
  readonly node: NodeId
  readonly secret: string
  /** The other members. */
  readonly peers: readonly PeerAddress[]
  /** This node's incarnation and the turn it claims; read for every frame. */
  claim(): Claim
  /** What this node has seen of its peers; asked at every new link. */
  testimony(): Testimony
  /** A peer claims its incarnation and turn: false when it is of an older life and must not be heard. */
  claimed(peer: NodeId, claim: Claim): boolean
  /** A peer told what it has seen, on a new link. */
  witnessed(met: Met): void
  /**
   * A peer answered a ping of `askedMs`: false when it has to be asked again what it has seen, on a link of its own.
   */
  confirmed(peer: NodeId, claim: Claim, askedMs: number): boolean
  deliver(peer: NodeId, envelopes: readonly Envelope[]): void
  /** What could not be sent: no link, or its queue is full. */
  lost(envelopes: readonly Envelope[]): void
  /** Connected and not suspect, or no longer. */
  reachable(peer: NodeId, reachable: boolean): void
  /** No link comes up to a peer that has other terms. */
  readonly agreement?: Agreement | undefined
  readonly faults: FaultPlane | undefined
  monotonicMs(): number
  random(): number
  log: Log
  readonly limits?: Partial<MeshLimits>
}

export interface LinkStatus {
  readonly peer: NodeId
  readonly state: 'connected' | 'connecting' | 'down'
  /** Connected and not suspect. */
  readonly reachable: boolean
  readonly rttMs: number | undefined
  readonly phi: number
  /** Envelopes, since this process started. */
  readonly sent: number
  readonly received: number
  /** Not sent (no link, full queue, too large) or not heard (an older life). */
  readonly dropped: number
  readonly sentBytes: number
  readonly receivedBytes: number
  readonly queuedBytes: number
  /** Links that came up so far. */
  readonly links: number
  /** Why the last link ended or did not come up. */
  readonly lastClose: string | undefined
}
