/**
 * Turns of single nodes, by the production kernel. A node between two turns is a value: the states of its actors, its
 * rows and its armed timers. A kernel is built over it for one event, and what is there afterwards is the next value.
 * So commits, what leaves before them and what only after, and crashes at both ends of a commit are the kernel's own.
 *
 * The same node meets the same event in a great many worlds: what came of it is remembered.
 */
import type { AnyActorType } from '../../actor.ts'
import { type ActorId, type Address, actorId, actorOf, address, type NodeId } from '../../address.ts'
import { deepFreeze } from '../../kernel/freeze.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { Activation } from '../../kernel/ports.ts'
import { MemoryStorage } from '../../storage/memory.ts'
import type { End, Flight, SearchModel } from './model.ts'
import { copyOf, hashOf, textOf } from './plain.ts'
import { TurnHost } from './turn-host.ts'

/** A node between two turns. */
export interface SearchNode {
  readonly id: NodeId
  /** Of everything below. */
  readonly hash: number
  readonly states: ReadonlyMap<ActorId, unknown>
  readonly stateHashes: ReadonlyMap<ActorId, number>
  /** Committed, and never written to: a turn works on a copy. */
  readonly rows: MemoryStorage
  readonly rowsHash: number
  readonly timers: ReadonlyMap<ActorId, readonly string[]>
  /** How far timers that fired have moved its clocks. */
  readonly passedMs: number
}

export type TurnCause =
  | { readonly kind: 'message'; readonly flight: Flight }
  | { readonly kind: 'timer'; readonly actor: Address; readonly name: string; readonly advanceMs: number }

export interface TurnOutcome {
  readonly node: SearchNode
  readonly sent: readonly Flight[]
  /** How many of them left before the commit. */
  readonly early: number
  readonly wrote: boolean
  /** An actor threw, or broke its own invariant; or a rule about turns does not hold. */
  readonly broken: { readonly rule: string; readonly error: unknown } | undefined
}

/** Beyond every delay that a protocol asks for: timers fire when a step says so. */
const neverMs = 1e12
const epochMs = 1_000_000

export class Turns {
  readonly #placed = new Map<NodeId, readonly Activation[]>()
  readonly #wallMs: (node: NodeId) => number
  readonly #rules: readonly (readonly [string, (before: SearchNode, after: SearchNode) => void])[]
  readonly #outcomes = new Map<string, TurnOutcome>()
  readonly #nodes = new Map<number, SearchNode>()
  readonly #flights = new Map<number, Flight>()
  /** Turns that were really run. */
  ran = 0

  constructor(model: Pick<SearchModel<unknown>, 'nodes' | 'wallMs' | 'turnRules'>) {
    this.#rules = Object.entries(model.turnRules ?? {})
    for (const { node, actors } of model.nodes) this.#placed.set(node, actors)
    this.#wallMs = model.wallMs ?? (() => 0)
  }

  flight({ from, to, message }: Pick<Flight, 'from' | 'to' | 'message'>): Flight {
    deepFreeze(message)
    const hash = hashOf(`${from}>${to}:${textOf(message)}`)
    let flight = this.#flights.get(hash)
    if (flight === undefined) {
      flight = { from, to, message, hash }
      this.#flights.set(hash, flight)
    }
    return flight
  }

  /** The first start of a node, on an empty disk. */
  boot(id: NodeId): TurnOutcome {
    return this.#boot(id, new MemoryStorage(id), 0)
  }

  /** It dies between two turns and starts again from its rows. */
  restart(node: SearchNode): TurnOutcome {
    return this.#remembered(node, 'restart', () => this.#boot(node.id, node.rows.copy(), node.passedMs))
  }

  /** One turn. With an end that is not `whole` the node dies in it, and starts again in the same step. */
  take(node: SearchNode, cause: TurnCause, end: End): TurnOutcome {
    const what =
      cause.kind === 'message' ? cause.flight.hash : `${cause.actor} ${cause.name} ${cause.advanceMs}`
    return this.#remembered(node, `${what} ${end}`, () => this.#take(node, cause, end))
  }

  #remembered(node: SearchNode, what: string, run: () => TurnOutcome): TurnOutcome {
    const key = `${node.hash} ${what}`
    let outcome = this.#outcomes.get(key)
    if (outcome === undefined) {
      outcome = this.#checked(node, run())
      this.#outcomes.set(key, outcome)
    }
    return outcome
  }

  #checked(before: SearchNode, outcome: TurnOutcome): TurnOutcome {
    if (outcome.broken !== undefined) return outcome
    for (const [rule, holds] of this.#rules) {
      try {
        holds(before, outcome.node)
      } catch (error) {
        return { ...outcome, broken: { rule, error } }
      }
    }
    return outcome
  }

  #take(node: SearchNode, cause: TurnCause, end: End): TurnOutcome {
    const passedMs = node.passedMs + (cause.kind === 'timer' ? cause.advanceMs : 0)
    const host = new TurnHost(node.id, node.rows.copy(), epochMs + passedMs, this.#wallMs(node.id), end)
    const due = cause.kind === 'timer' ? cause : undefined
    host.run(() => {
      for (const { type, name, config } of this.#placedOn(node.id)) {
        const id = actorId(type.type, name)
        host.kernel.spawn(host.timers.watched(resumed(type, node, id, due), id), name, config)
      }
      // Arms the timers; nobody has written or sent anything.
      host.kernel.turn()
      if (cause.kind === 'message') host.kernel.receive(node.id, [cause.flight])
      host.runTurns()
    })
    this.ran += 1
    if (!host.crashed) return this.#outcome(host, passedMs, node)
    const again = this.#boot(node.id, host.rows.crash(), passedMs)
    const sent = [...this.#sent(host), ...again.sent]
    return { node: again.node, sent, early: host.early, wrote: true, broken: host.broken ?? again.broken }
  }

  #boot(id: NodeId, rows: MemoryStorage, passedMs: number): TurnOutcome {
    const host = new TurnHost(id, rows, epochMs + passedMs, this.#wallMs(id), 'whole')
    host.run(() => {
      for (const { type, name, config } of this.#placedOn(id)) {
        host.kernel.spawn(host.timers.watched(type, actorId(type.type, name)), name, config)
      }
      host.runTurns()
    })
    this.ran += 1
    return this.#outcome(host, passedMs)
  }

  #placedOn(id: NodeId): readonly Activation[] {
    return this.#placed.get(id) ?? []
  }

  #sent(host: TurnHost): Flight[] {
    return host.sent.map(envelope => this.flight(envelope))
  }

  #outcome(host: TurnHost, passedMs: number, before?: SearchNode): TurnOutcome {
    const { id, rows, early, wrote, broken } = host
    const { states, stateHashes } = statesOf(host.kernel, before)
    const rowsHash = wrote || before === undefined ? hashOfRows(rows, states.keys()) : before.rowsHash
    const timers = host.timers.armed
    const text = `${id} ${passedMs} ${textOf(timers)} ${rowsHash} ${[...stateHashes.values()].join()}`
    const hash = hashOf(text)
    const known = this.#nodes.get(hash)
    const node = known ?? { id, hash, states, stateHashes, rows, rowsHash, timers, passedMs }
    this.#nodes.set(hash, node)
    return { node, sent: this.#sent(host), early, wrote, broken }
  }
}

/** An actor that nothing came for is as it was. */
function statesOf(kernel: Kernel, before: SearchNode | undefined) {
  const states = new Map<ActorId, unknown>()
  const stateHashes = new Map<ActorId, number>()
  for (const { id, handled } of kernel.actors()) {
    const hash = handled === 0 ? before?.stateHashes.get(id) : undefined
    const state = hash === undefined ? kernel.state(id) : before?.states.get(id)
    states.set(id, state)
    stateHashes.set(id, hash ?? hashOf(`${id} ${textOf(state)}`))
  }
  return { states, stateHashes }
}

function hashOfRows(rows: MemoryStorage, actors: Iterable<ActorId>): number {
  return hashOf([...actors].map(id => `${id} ${textOf([...rows.rows(id).entries()])}`).join())
}

/** The type, set to begin in the state that it had instead of starting. */
function resumed(
  type: AnyActorType,
  node: SearchNode,
  id: ActorId,
  due: { readonly actor: Address; readonly name: string } | undefined,
): AnyActorType {
  return {
    ...type,
    start(_start, _rows, out) {
      for (const name of node.timers.get(id) ?? []) {
        const isDue = due?.name === name && actorOf(due.actor) === id
        out.setTimer(name, isDue ? 0 : neverMs)
      }
      return copyOf(node.states.get(id))
    },
  }
}

export function addressOf(node: NodeId, id: ActorId): Address {
  const slash = id.indexOf('/')
  return address(node, id.slice(0, slash), id.slice(slash + 1))
}
