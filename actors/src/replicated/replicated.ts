/**
 * The short way to replicate something: commands that change it, queries that read it, and a group of nodes. Commands
 * run exactly once, whichever node is asked and however often it is tried (RIFL: a session numbers its commands,
 * answers are kept until the session says that it has them); queries are linearizable.
 */
import { address, assert, type NodeId } from '@synod/runtime/protocol'
import { paxosGroupActors } from '../paxos/group-actors.ts'
import type { GroupConfig, ReplicationProtocol } from './group.ts'
import { applyOnce, type Invoke } from './once.ts'
import { onceLeader } from './once-leader.ts'
import type { ApplyContext, ReadonlyStore, StateMachine, Store } from './state-machine.ts'

/** Handlers are deterministic: no clock but `context.timeMs`, no randomness; they change nothing but the store. */
export interface Definition {
  readonly commands: {
    readonly [name: string]: (store: Store, args: never, context: ApplyContext) => unknown
  }
  readonly queries: { readonly [name: string]: (store: ReadonlyStore, args: never) => unknown }
}

export interface ReplicationOptions {
  /** Names the group. */
  readonly name: string
  readonly protocol?: ReplicationProtocol
  readonly replicas: readonly NodeId[]
  /** Leads when all is well; the first replica by default. */
  readonly preferred?: NodeId
}

export interface Replicated<D extends Definition> {
  readonly definition: D
  readonly group: GroupConfig
  /** What every replica spawns. */
  readonly actors: ReturnType<typeof paxosGroupActors>
}

/**
 * ```ts
 * const counter = replicated(
 *   {
 *     commands: { add: (store, { by }: { by: number }) => {
 *       const count = Number(store.get('count') ?? 0) + by
 *       store.put('count', count)
 *       return count
 *     } },
 *     queries: { get: store => Number(store.get('count') ?? 0) },
 *   },
 *   { name: 'counter', replicas: [n1, n2, n3] },
 * )
 * ```
 */
export function replicated<D extends Definition>(definition: D, options: ReplicationOptions): Replicated<D> {
  const { name, protocol = 'paxos', replicas } = options
  const [first] = replicas
  if (first === undefined) throw new TypeError(`replicated ${name}: name at least one replica`)
  for (const node of replicas) address(node, 'learner', name)
  const group = { group: name, protocol, members: replicas, preferred: options.preferred ?? first }
  return { definition, group, actors: paxosGroupActors({ group }, machineOf(name, definition)) }
}

type Handler = (store: unknown, args: unknown, context?: ApplyContext) => unknown

function machineOf(name: string, { commands, queries }: Definition): StateMachine {
  const handler = (handlers: Definition['commands'] | Definition['queries'], wanted: string): Handler => {
    assert(Object.hasOwn(handlers, wanted), `${name} has no ${wanted}`)
    return handlers[wanted] as Handler
  }
  const machine: StateMachine<Invoke, unknown> = {
    name,
    apply: (store, command, context) =>
      applyOnce(store, command, () => handler(commands, command.name)(store, command.args, context)),
    leader: onceLeader((store, query, args) => handler(queries, query)(store, args)),
  }
  return machine as StateMachine
}
