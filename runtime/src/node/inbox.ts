/**
 * Where message faults act on a production node: on decoded envelopes as they arrive, so that a rule has to be known
 * only to the node at its receiving end. Without rules it is one comparison per frame.
 */
import type { NodeId } from '../address.ts'
import type { FaultPlane } from '../faults/plane.ts'
import type { Envelope } from '../kernel/ports.ts'

export interface InboxPorts {
  readonly node: NodeId
  readonly faults: FaultPlane | undefined
  monotonicMs(): number
  receive(peer: NodeId, envelopes: readonly Envelope[]): void
  /** A fault rule took it. */
  taken(envelope: Envelope): void
}

export class Inbox {
  readonly #ports: InboxPorts
  readonly #held = new Set<NodeJS.Timeout>()

  constructor(ports: InboxPorts) {
    this.#ports = ports
  }

  deliver(peer: NodeId, envelopes: readonly Envelope[]): void {
    if (this.#ports.faults?.active !== true) this.#ports.receive(peer, envelopes)
    else this.#deliverFaulty(this.#ports.faults, peer, envelopes)
  }

  /** What is held back is lost. */
  clear(): void {
    for (const timer of this.#held) clearTimeout(timer)
    this.#held.clear()
  }

  #deliverFaulty(faults: FaultPlane, peer: NodeId, envelopes: readonly Envelope[]): void {
    const nowMs = this.#ports.monotonicMs()
    const undelayed: Envelope[] = []
    for (const envelope of envelopes) {
      const verdict = faults.decide(peer, this.#ports.node, messageType(envelope), nowMs)
      if (verdict.drop) this.#ports.taken(envelope)
      for (const delayMs of verdict.delaysMs) {
        if (delayMs > 0) this.#hold(peer, envelope, delayMs)
        else undelayed.push(envelope)
      }
    }
    if (undelayed.length > 0) this.#ports.receive(peer, undelayed)
  }

  #hold(peer: NodeId, envelope: Envelope, delayMs: number): void {
    const timer = setTimeout(() => {
      this.#held.delete(timer)
      this.#ports.receive(peer, [envelope])
    }, delayMs)
    this.#held.add(timer)
  }
}

/** What a rule's `messageType` is compared with: `reply` for the answers to requests. */
export function messageType({ message, isReply }: Envelope): string {
  if (isReply) return 'reply'
  if (typeof message !== 'object' || message === null || !('type' in message)) return ''
  return typeof message.type === 'string' ? message.type : ''
}
