/** The three parts of a turn: handle a batch of events, commit what they wrote, release what they sent. */
import type { TimerEvent } from '../actor.ts'
import type { Cell } from './cell.ts'
import type { Core } from './core.ts'
import { refuse } from './exchange.ts'
import { failed, start } from './life.ts'
import type { Mailbox, WaitingEvent } from './mailbox.ts'
import { merge } from './merge.ts'
import type { TurnReport } from './ports.ts'

/** Messages an actor handles before the next one has its go. */
const quantum = 16
/** Events between two readings of the clock; a power of two. */
const clockEvery = 16
/** Events of one actor between two checks of its invariants, outside tests; a power of two. */
const checkEvery = 1024
/** Stands for "nothing was thrown": an actor may throw anything, `undefined` included. */
const handled = Symbol('handled')

export function handle(core: Core): void {
  core.now = core.ports.clock()
  core.began = core.now.monotonicMs
  core.outOfTime = false
  core.events = 0
  core.requests.expire(core.began)
  startDue(core)
  while (core.events < core.limits.turnEvents && !core.outOfTime) {
    if (!handleNext(core)) break
  }
}

/** An actor that starts may activate another: they count as events, so that a chain of them ends. */
function startDue(core: Core): void {
  for (; core.events < core.limits.turnEvents; core.events++) {
    const cell = core.supervisor.takeDue(core.began)
    if (cell === undefined) return
    start(core, cell)
  }
}

/**
 * Urgent messages first, so that a heartbeat which waits puts off the time-out that it answers; then due timers; then
 * everyone in turn. The first two leave a quarter of the turn to the others, who would starve otherwise.
 */
function handleNext(core: Core): boolean {
  const { ready, readyUrgent } = core.delivery
  if (ready.length === 0 || core.events < core.limits.turnEvents * 0.75) {
    const urgent = readyUrgent.shift()
    if (urgent !== undefined) {
      handleFrom(core, urgent, urgent.urgent, 1)
      urgent.queuedUrgent = false
      core.delivery.resume(urgent)
      return true
    }
    const timer = core.timers.takeDue(core.began)
    if (timer !== undefined) {
      dispatch(core, timer.cell, { kind: 'timer', name: timer.name, now: core.now }, undefined)
      return true
    }
  }
  const cell = ready.shift()
  if (cell === undefined) return false
  handleFrom(core, cell, cell.mailbox, quantum)
  cell.queued = false
  core.delivery.resume(cell)
  return true
}

function handleFrom(core: Core, cell: Cell, mailbox: Mailbox, most: number): void {
  const limit = Math.min(core.limits.turnEvents, core.events + most)
  while (core.events < limit && cell.status === 'running' && !core.outOfTime) {
    const event = mailbox.shift()
    if (event === undefined) return
    event.now = core.now
    if (event.basis === core.delivery.serial) cell.basis = event.basis
    dispatch(core, cell, event, mailbox.trace)
  }
}

function dispatch(core: Core, cell: Cell, event: WaitingEvent | TimerEvent, trace: string | undefined): void {
  core.out.open(cell)
  cell.handled++
  let thrown: unknown = handled
  try {
    cell.type.receive(cell.state, event, core.out)
    if (core.ports.freeze || (cell.handled & (checkEvery - 1)) === 0) cell.type.check?.(cell.state)
  } catch (error) {
    thrown = error
  }
  core.out.close()
  if (thrown === handled) merge(core, cell, trace)
  else {
    failed(core, cell, thrown)
    if (event.kind === 'request') refuse(core, cell.address, event.request, event.message, 'failed')
  }
  if ((++core.events & (clockEvery - 1)) === 0) readClock(core)
}

function readClock(core: Core): void {
  core.now = core.ports.clock()
  core.outOfTime = core.now.monotonicMs - core.began >= core.limits.turnMs
}

/** One transaction for all rows of the turn; a turn that wrote nothing costs none. */
export function commit(core: Core): TurnReport {
  const { ports, writes, events } = core
  let turn = ports.storage.turn()
  const began = core.now.monotonicMs
  if (writes.length > 0) {
    turn++
    core.delivery.releaseEarly(ports)
    ports.crashPoint?.('beforeCommit', turn)
    ports.storage.commit(turn, writes, ports.sightings?.())
    core.writes = []
    ports.crashPoint?.('afterCommit', turn)
  }
  core.now = ports.clock()
  const commitMs = core.now.monotonicMs - began
  return { turn, events, writes: writes.length, sent: core.delivery.leaving, commitMs }
}

/** The turn is durable: now its timers run, and the world hears of it. */
export function release(core: Core, report: TurnReport): void {
  const { ports, notes } = core
  const { observer } = ports
  core.timers.arm(core.now.monotonicMs)
  if (notes.length > 0) {
    core.notes = []
    for (const note of notes) observer?.note?.(note.actor, note.name, note.attributes, core.now)
  }
  observer?.turnEnded?.(report)
  core.delivery.release(ports)
  core.requests.release()
}
