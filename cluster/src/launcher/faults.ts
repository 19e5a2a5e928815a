/**
 * Faults of the real cluster. The launcher does what a node cannot do to itself (kill, pause, resume, restart) and
 * hands message rules to the nodes; it remembers the rules, so that a node that restarts gets them again.
 */
import type { FaultRequest } from '../gateway/faults.ts'
import { exitCode, Failure } from '../node/failure.ts'
import { describeFault, type FaultOrder, type MessageFault, type Partition } from './fault-requests.ts'
import type { NodeProcess } from './node-process.ts'

export interface ActiveFault {
  readonly id: string
  readonly order: FaultOrder
  readonly text: string
}
/** One rule in the plane of one node. */
interface Placed {
  readonly node: string
  readonly rule: FaultRequest
}
interface Active extends ActiveFault {
  readonly placed: readonly Placed[]
  readonly endsAt: number
}

/** Sends rules to a node's plane. */
export interface RulePort {
  add(node: NodeProcess, rule: FaultRequest): Promise<void>
  remove(node: NodeProcess, rule: string): Promise<void>
  clear(node: NodeProcess): Promise<void>
}

export class Faults {
  readonly #nodes: readonly NodeProcess[]
  readonly #port: RulePort
  readonly #active = new Map<string, Active>()
  #count = 0

  constructor(nodes: readonly NodeProcess[], port: RulePort) {
    this.#nodes = nodes
    this.#port = port
  }

  list(): ActiveFault[] {
    this.#forgetEnded()
    const processes = this.#nodes
      .filter(node => node.state === 'paused' || node.state === 'killed')
      .map(node => {
        const kind = node.state === 'paused' ? 'pause' : 'kill'
        const order: FaultOrder = { kind, node: node.spec.id }
        return { id: `${kind}-${node.spec.id}`, order, text: describeFault(order) }
      })
    const rules = [...this.#active.values()].map(({ id, order, text }) => ({ id, order, text }))
    return [...processes, ...rules]
  }

  /** Throws `Failure` on an order that names no node here, or that does not fit the node's state. */
  async cause(order: FaultOrder): Promise<void> {
    switch (order.kind) {
      case 'kill':
        this.#node(order.node).kill()
        return
      case 'pause':
        return this.#must(this.#node(order.node).pause(), order)
      case 'resume':
        return this.#must(this.#node(order.node).resume(), order)
      case 'restart':
        return restart(this.#node(order.node))
      case 'heal':
        return this.#end(fault => fault.order.kind === 'partition')
      default:
        return this.#place(order)
    }
  }

  /** Undoes all: rules go, paused nodes go on, killed ones start. */
  async reset(): Promise<void> {
    for (const node of this.#nodes) {
      node.resume()
      if (node.state === 'killed') node.start()
    }
    await this.#end(() => true)
  }

  /** A node has started and knows no rules yet, or was paused and knows old ones. */
  async restore(node: NodeProcess): Promise<void> {
    this.#forgetEnded()
    await this.#port.clear(node)
    for (const { placed, endsAt } of this.#active.values()) {
      for (const one of placed) {
        if (one.node === node.spec.id) await this.#port.add(node, remaining(one.rule, endsAt))
      }
    }
  }

  async #place(order: MessageFault | Partition): Promise<void> {
    const id = `${order.kind}-${this.#count + 1}`
    const placed = order.kind === 'partition' ? this.#cuts(id, order) : this.#rules(id, order)
    this.#count += 1
    const endsAt =
      order.durationMs === undefined ? Number.POSITIVE_INFINITY : performance.now() + order.durationMs
    this.#active.set(id, { id, order, text: describeFault(order), placed, endsAt })
    await this.#each(placed, (node, { rule }) => this.#port.add(node, rule))
  }

  /** Both ends know of a cut: neither sends what the other would not hear. */
  #cuts(id: string, { sides, oneWay, durationMs }: Partition): Placed[] {
    const ids = sides.map(side => side.map(name => this.#node(name).spec.id))
    const named = ids.flat()
    if (new Set(named).size < named.length) {
      throw new Failure('a node can be on one side only', exitCode.usage)
    }
    const placed: Placed[] = []
    for (const [at, side] of ids.entries()) {
      if (oneWay && at > 0) break
      for (const from of side) {
        for (const to of ids.filter((_, other) => other !== at).flat()) {
          const rule: FaultRequest = {
            id: `${id}/${from}-${to}`,
            from,
            to,
            action: 'cut',
            ...lasting(durationMs),
          }
          placed.push({ node: from, rule }, { node: to, rule })
        }
      }
    }
    return placed
  }

  /** Message rules act where messages arrive; each message meets the rule once. */
  #rules(id: string, { kind, durationMs, ...rest }: MessageFault): Placed[] {
    if (rest.from !== undefined) this.#node(rest.from)
    if (rest.from !== undefined && rest.from === rest.to) {
      throw new Failure(
        `what ${rest.from} sends itself stays within it, where no fault meets it; give --from and --to two nodes`,
        exitCode.usage,
      )
    }
    const receivers = rest.to === undefined ? this.#nodes : [this.#node(rest.to)]
    return receivers.map(({ spec }) => ({
      node: spec.id,
      rule: { id, action: kind, ...defined(rest), to: spec.id, ...lasting(durationMs) },
    }))
  }

  async #end(which: (fault: Active) => boolean): Promise<void> {
    const ended = [...this.#active.values()].filter(which)
    for (const { id } of ended) this.#active.delete(id)
    await this.#each(
      ended.flatMap(fault => fault.placed),
      (node, { rule }) => this.#port.remove(node, rule.id),
    )
  }

  /** A node that is down or paused cannot be told: it has no rules when it starts, or is told when it is. */
  async #each(
    placed: readonly Placed[],
    tell: (node: NodeProcess, placed: Placed) => Promise<void>,
  ): Promise<void> {
    await Promise.all(
      placed.map(async one => {
        const node = this.#node(one.node)
        if (node.state === 'ready') await tell(node, one)
      }),
    )
  }

  #node(id: string): NodeProcess {
    const node = this.#nodes.find(one => one.spec.id === id)
    if (node !== undefined) return node
    const known = this.#nodes.map(one => one.spec.id).join(', ')
    throw new Failure(`there is no node ${id}; there are ${known}`, exitCode.usage)
  }

  #must(done: boolean, order: { readonly kind: string; readonly node: string }): void {
    if (!done) throw new Failure(`cannot ${order.kind} ${order.node}: it is ${this.#node(order.node).state}`)
  }

  #forgetEnded(): void {
    for (const { id, endsAt } of this.#active.values()) {
      if (endsAt <= performance.now()) this.#active.delete(id)
    }
  }
}

const stopWithinMs = 5000

/** Starts a node that is down; one that runs is stopped first. */
async function restart(node: NodeProcess): Promise<void> {
  await node.stop(stopWithinMs)
  node.start()
}

function lasting(durationMs: number | undefined): { durationMs?: number } {
  return durationMs === undefined ? {} : { durationMs }
}
function remaining(rule: FaultRequest, endsAt: number): FaultRequest {
  return endsAt === Number.POSITIVE_INFINITY
    ? rule
    : { ...rule, durationMs: Math.max(1, endsAt - performance.now()) }
}
function defined<Fields extends object>(
  fields: Fields,
): { [Name in keyof Fields]: Exclude<Fields[Name], undefined> } {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined)
  return Object.fromEntries(given) as { [Name in keyof Fields]: Exclude<Fields[Name], undefined> }
}
