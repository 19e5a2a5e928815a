/**
 * Who leads, as the members of groups on this node have it. They hear every election; a session knows only what
 * answered it, and takes the preferred member for the leader until then.
 */
import { frontDoor, type GroupStatus, type RoutesAnswer } from '@synod/actors'
import type { NodeId } from '@synod/runtime/protocol'
import type { GatewayNode } from './node.ts'

const askMs = 1_000
/** Clients ask once a second, each of them. */
const freshMs = 250

export class LocalLeaders {
  readonly #node: GatewayNode
  #known: Promise<ReadonlyMap<string, NodeId | null>> | undefined
  #until = 0

  constructor(node: GatewayNode) {
    this.#node = node
  }

  /** The same with what the members here say. Who does not lead any more is not named. */
  async corrected(routes: RoutesAnswer): Promise<RoutesAnswer> {
    const now = performance.now()
    if (this.#known === undefined || now > this.#until) {
      this.#known = this.#ask(routes)
      this.#until = now + freshMs
    }
    const leaders = { ...routes.leaders }
    for (const [group, leader] of await this.#known) {
      if (leader !== null) leaders[group] = leader
      else if (leaders[group] === this.#node.node) delete leaders[group]
    }
    return { ...routes, leaders }
  }

  async #ask({ map }: RoutesAnswer): Promise<ReadonlyMap<string, NodeId | null>> {
    const { node } = this.#node
    const here = Object.values(map.groups).filter(({ members }) => members.includes(node))
    const found = new Map<string, NodeId | null>()
    await Promise.all(
      here.map(async ({ group }) => {
        const answer = await this.#node.ask(frontDoor(node, group), { type: 'group.status' }, askMs)
        if (answer.outcome === 'answered') found.set(group, (answer.result as GroupStatus).leader)
      }),
    )
    return found
  }
}
