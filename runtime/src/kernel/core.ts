/** The parts of a kernel, as plain state that the functions beside share: `turn.ts`, `life.ts`, `exchange.ts`. */
import type { Now } from '../actor.ts'
import type { ActorId, Address } from '../address.ts'
import type { Write } from '../storage/storage.ts'
import type { Cell } from './cell.ts'
import { DeadLetters } from './dead-letters.ts'
import { Delivery } from './delivery.ts'
import { EffectBuffer, type Note } from './outbox.ts'
import type { DeadLetterReason, Envelope, KernelPorts, Limits } from './ports.ts'
import { Requests } from './requests.ts'
import { Supervisor } from './supervisor.ts'
import { Timers } from './timers.ts'

const defaults: Limits = {
  turnEvents: 4096,
  turnMs: 20,
  mailbox: 10_000,
  requests: 100_000,
  stoppedGroups: 2,
}

export interface Core {
  readonly ports: KernelPorts
  readonly limits: Limits
  readonly cells: Map<ActorId, Cell>
  readonly delivery: Delivery
  readonly timers: Timers
  readonly requests: Requests
  readonly supervisor: Supervisor
  readonly deadLetters: DeadLetters
  readonly out: EffectBuffer
  /** Actors that want to hear of peers. */
  readonly observers: Set<Cell>
  /** Rows and notes merged since the last commit. */
  writes: Write[]
  notes: Note[]
  /** The last reading of the clock. */
  now: Now
  /** Of the running turn. */
  began: number
  events: number
  outOfTime: boolean
}

/** `activate` finds an actor of this node that is not there yet. */
export function createCore(ports: KernelPorts, activate: (to: Address) => Cell | undefined): Core {
  const core: Core = {
    ports,
    cells: new Map(),
    limits: { ...defaults, ...ports.limits },
    delivery: new Delivery(ports.node, activate, (envelope, reason) => bury(core, envelope, reason)),
    timers: new Timers(),
    requests: new Requests(ports.random()),
    supervisor: new Supervisor(),
    deadLetters: new DeadLetters(),
    out: new EffectBuffer(ports.freeze === true, () => ports.random()),
    observers: new Set(),
    writes: [],
    notes: [],
    now: ports.clock(),
    began: 0,
    events: 0,
    outOfTime: false,
  }
  return core
}

/** Puts a message among the dead letters. */
export function bury(core: Core, envelope: Envelope, reason: DeadLetterReason): void {
  core.deadLetters.add(envelope, reason, core.now.wallMs)
  core.ports.observer?.deadLetter?.(envelope, reason)
}

export function hasWork(core: Core): boolean {
  const { delivery, timers, requests, supervisor } = core
  return (
    delivery.hasWork ||
    supervisor.startsSoon ||
    requests.hasCompleted ||
    timers.hasPending ||
    core.writes.length + core.notes.length > 0
  )
}
