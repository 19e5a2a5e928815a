/**
 * Which node believes that it hears which: the hints that a failure detector would give. They come late, after a
 * seeded time, as suspicion does, and only if nothing has changed back meanwhile.
 */
import type { NodeId } from '../address.ts'
import type { Random } from './random.ts'
import type { SimNode } from './sim-node.ts'
import type { World } from './world.ts'

const noticeMs = { from: 100, to: 600 }

export class Reachability {
  readonly #world: World
  readonly #nodes: readonly SimNode[]
  readonly #random: Random
  /** `observer boot>peer` → what that life of the observer was told last. */
  readonly #told = new Map<string, boolean>()
  readonly #planned = new Set<string>()

  constructor(world: World, nodes: readonly SimNode[]) {
    this.#world = world
    this.#nodes = nodes
    this.#random = world.random.fork('reachability')
  }

  /** Plans what each node is going to notice. */
  changed(): void {
    for (const observer of this.#nodes) {
      if (observer.status !== 'running') continue
      for (const peer of this.#nodes) {
        if (peer !== observer) this.#plan(observer, peer)
      }
    }
  }

  #plan(observer: SimNode, peer: SimNode): void {
    const key = pair(observer, peer.id)
    if (this.#planned.has(key) || this.#hears(observer, peer) === this.#told.get(key)) return
    this.#planned.add(key)
    this.#world.scheduler.after(this.#random.between(noticeMs.from, noticeMs.to), () => {
      this.#planned.delete(key)
      if (key === pair(observer, peer.id) && observer.status === 'running') this.#tell(observer, peer, key)
    })
  }

  #tell(observer: SimNode, peer: SimNode, key: string): void {
    const hears = this.#hears(observer, peer)
    if (hears === this.#told.get(key)) return
    this.#told.set(key, hears)
    observer.peer(peer.id, hears)
  }

  #hears(observer: SimNode, peer: SimNode): boolean {
    return peer.audible && !this.#world.network.isSilent(peer.id, observer.id)
  }
}

function pair(observer: SimNode, peer: NodeId): string {
  return `${observer.id} ${observer.boot}>${peer}`
}
