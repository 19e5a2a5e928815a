/** The life of an actor: it starts from its rows, may fail and start again, and is stopped in the end. */
import { assert } from '../actor.ts'
import { type Address, actorOf } from '../address.ts'
import { StorageError } from '../storage/storage.ts'
import { Cell } from './cell.ts'
import { bury, type Core } from './core.ts'
import { refuse } from './exchange.ts'
import { merge } from './merge.ts'
import { readThrough } from './overlay.ts'
import type { Activation } from './ports.ts'

/** A place for an actor, which has yet to start. */
export function create(core: Core, placement: Activation): Cell {
  const cell = new Cell(core.ports.node, placement, core.limits.mailbox)
  core.cells.set(cell.id, cell)
  core.delivery.add(cell)
  if (placement.type.observesPeers) core.observers.add(cell)
  return cell
}

/** A message came for an actor that is not there: the host may let it begin. It starts in the next turn. */
export function activate(core: Core, to: Address): Cell | undefined {
  const found = core.ports.activate?.(actorOf(to))
  if (found === undefined) return undefined
  const cell = create(core, found)
  assert(cell.address === to, `the actor activated for ${to} has that address`)
  core.supervisor.soon(cell)
  return cell
}

/** Builds the state from the actor's rows, seen through what this turn has written so far. */
export function start(core: Core, cell: Cell): void {
  const { node, incarnation, amnesiac, storage, freeze } = core.ports
  const { out } = core
  out.open(cell)
  try {
    cell.state = cell.type.start(
      { config: cell.config, self: cell.address, node, incarnation, amnesiac, now: core.now },
      readThrough(storage.rows(cell.id), core.writes, cell.id),
      out,
    )
    if (freeze) cell.type.check?.(cell.state)
  } catch (error) {
    out.close()
    failed(core, cell, error)
    return
  }
  out.close()
  cell.status = 'running'
  if (core.writes.length > 0) cell.basis = core.delivery.serial
  merge(core, cell, undefined)
  core.delivery.resume(cell)
}

/** An actor failed too often, and the node is of no use without it, or without what failed before it (KN35). */
export class NodeGivenUp extends Error {
  override readonly name = 'NodeGivenUp'
}

/** The actor threw: the effects of that event are dropped, its state is rebuilt after a pause. */
export function failed(core: Core, cell: Cell, thrown: unknown): void {
  core.out.clear()
  // A store that cannot be read is the node's trouble, not the actor's.
  if (thrown instanceof StorageError) throw thrown
  const error = thrown instanceof Error ? thrown : new Error(String(thrown))
  rest(core, cell)
  const verdict = core.supervisor.failed(cell, error, core.now.monotonicMs)
  core.ports.observer?.failed?.(cell.address, error, cell.restarts)
  if (verdict === 'escalate') escalate(core, cell, error)
}

/** The actor failed too often: what it belongs to on this node starts anew, stops, or takes the node with it. */
function escalate(core: Core, cell: Cell, error: Error): void {
  const { monotonicMs } = core.now
  const step = core.supervisor.escalate(cell.group, monotonicMs, core.limits.stoppedGroups)
  core.ports.observer?.escalated?.(cell.address, error, step)
  if (step === 'nodeEnds') {
    throw new NodeGivenUp(`${cell.id} failed too often: ${error.message}`, { cause: error })
  }
  for (const member of core.cells.values()) {
    if (member.group !== cell.group || member.status === 'stopped') continue
    if (step === 'groupRestarted') {
      rest(core, member)
      core.supervisor.withGroup(member, monotonicMs)
    } else {
      if (member !== cell) member.lastError = new Error(`stopped with ${cell.id}`, { cause: error })
      stop(core, member)
    }
  }
}

/** Down until it is started again: its messages wait, its timers are gone. */
function rest(core: Core, cell: Cell): void {
  cell.status = 'backingOff'
  cell.state = undefined
  core.timers.clear(cell)
}

/** Its state is gone, its rows stay; what waits for it becomes dead letters. */
export function stop(core: Core, cell: Cell): void {
  cell.status = 'stopped'
  cell.state = undefined
  core.timers.clear(cell)
  core.supervisor.stopped(cell)
  core.observers.delete(cell)
  for (const mailbox of [cell.urgent, cell.mailbox]) {
    for (let event = mailbox.shift(); event !== undefined; event = mailbox.shift()) {
      if (event.kind === 'request') refuse(core, cell.address, event.request, event.message, 'stopped')
      else if (event.kind === 'message') {
        bury(core, { to: cell.address, from: event.from, message: event.message }, 'stopped')
      }
    }
  }
}
