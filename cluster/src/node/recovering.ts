/**
 * Groups whose member on this node has no vote yet: it lost its memory and catches up (the amnesia rule, PX20). Until
 * it has one, its group is a loss nearer to standing still than it looks, so the node is not ready.
 */

import type { RunningNode } from '@synod/runtime/host'
import { actorId } from '@synod/runtime/protocol'

export class Recovering {
  readonly #node: RunningNode
  /** The incarnation that was last seen to vote in all groups: it goes on to. */
  #votes: string | undefined

  constructor(node: RunningNode) {
    this.#node = node
  }

  groups(): readonly string[] {
    const { kernel, identity } = this.#node
    if (kernel === undefined || identity?.amnesiac !== true || this.#votes === identity.incarnation) return []
    const waiting = kernel
      .actors()
      .filter(({ type, id }) => type === 'acceptor' && !votes(kernel.inspect(id)?.state))
      .map(({ id }) => id.slice(actorId('acceptor', '').length))
    if (waiting.length === 0) this.#votes = identity.incarnation
    return waiting
  }
}

function votes(state: unknown): boolean {
  return (state as { readonly votes?: boolean } | null | undefined)?.votes === true
}
