/**
 * What happens to an actor that throws: it is rebuilt from its rows after a pause that doubles. When it keeps failing,
 * its whole group is rebuilt; when that does not help, the group is stopped; and when the node is of no use without
 * it, the node ends. The event that it threw on is lost; what else waits for it goes on waiting.
 */
import type { Cell } from './cell.ts'
import { DueHeap } from './due-heap.ts'
import type { Escalation } from './ports.ts'

const firstPauseMs = 100
const windowMs = 60_000
/** More failures than this within the window escalate. */
const tolerated = 5

const groupPauseMs = 1_000
const groupWindowMs = 600_000
/** How often a group is rebuilt within its window before it is stopped. */
const groupRestarts = 2

export class Supervisor {
  #restarts = new DueHeap<Cell['restart']>()
  /** When each group was rebuilt, and when groups were stopped, within the window of groups. */
  readonly #rebuilt = new Map<string, number[]>()
  #stopped: number[] = []

  get next(): number {
    return this.#restarts.next
  }

  /** An actor waits for the next turn to start. */
  get startsSoon(): boolean {
    return this.#restarts.next === Number.NEGATIVE_INFINITY
  }

  /** Says whether the actor gets another life. */
  failed(cell: Cell, error: Error, now: number): 'backOff' | 'escalate' {
    cell.lastError = error
    cell.restarts++
    cell.failures = [...within(cell.failures, windowMs, now), now]
    if (cell.failures.length > tolerated) return 'escalate'
    this.#restarts.add(cell.restart, now + firstPauseMs * 2 ** (cell.failures.length - 1))
    return 'backOff'
  }

  /** What comes of an actor of this group, or of none, that failed too often. */
  escalate(group: string | undefined, now: number, mayStop: number): Escalation {
    if (group === undefined) return 'nodeEnds'
    const rebuilt = within(this.#rebuilt.get(group) ?? [], groupWindowMs, now)
    if (rebuilt.length < groupRestarts) {
      this.#rebuilt.set(group, [...rebuilt, now])
      return 'groupRestarted'
    }
    this.#rebuilt.delete(group)
    this.#stopped = [...within(this.#stopped, groupWindowMs, now), now]
    return this.#stopped.length > mayStop ? 'nodeEnds' : 'groupStopped'
  }

  /** An actor starts anew together with its group: what it did before is forgiven. */
  withGroup(cell: Cell, now: number): void {
    cell.failures = []
    this.#restarts.remove(cell.restart)
    this.#restarts.add(cell.restart, now + groupPauseMs)
  }

  /** Starts an actor in the next turn. */
  soon(cell: Cell): void {
    this.#restarts.add(cell.restart, Number.NEGATIVE_INFINITY)
  }

  stopped(cell: Cell): void {
    this.#restarts.remove(cell.restart)
  }

  takeDue(now: number): Cell | undefined {
    return this.#restarts.takeDue(now)?.cell
  }
}

function within(times: readonly number[], windowMs: number, now: number): number[] {
  return times.filter(at => at > now - windowMs)
}
