/**
 * Watches what the members of a shard apply: that an answered request is refused by the log when it comes again, and
 * that an abort leaves its mark: no vote for a closed attempt (TX7). What is broken is kept until `check` throws it, as
 * a machine that throws only fails its command.
 */
import type { ApplyContext, StateMachine, Store } from '@synod/actors'
import { assert } from '@synod/runtime/protocol'
import { tombstoneMs } from '../../actors/src/transactions/apply-forget.ts'
import type { Command, PrepareShare, Result } from '../../actors/src/transactions/commands.ts'
import type { Attempt } from '../../actors/src/transactions/messages.ts'
import type { RecordRow } from '../../actors/src/transactions/rows.ts'

interface Closed extends Attempt {
  readonly index: number
  readonly timeMs: number
}

export class ShardWatch {
  readonly #reached: (goal: string) => void
  readonly #closed = new Map<string, Closed>()
  #broken: string | undefined

  constructor(reached: (goal: string) => void) {
    this.#reached = reached
  }

  /** The machine as one member hosts it. */
  on(member: string, machine: StateMachine<unknown>): StateMachine<unknown> {
    return {
      ...machine,
      apply: (store, given, context) => {
        const command = given as Command
        if (isAnswered(store, command)) this.#reached('duplicate refused by the log')
        const result = machine.apply(store, command, context)
        if (command.type === 'prepare') this.#voted(member, command, result as Result, context)
        if (command.type === 'finish') {
          for (const attempt of command.abort) this.#close(member, attempt, context)
        }
        return result
      },
    }
  }

  check(): void {
    assert(this.#broken === undefined, this.#broken ?? '')
  }

  #close(member: string, { tx, attempt }: Attempt, { index, timeMs }: ApplyContext): void {
    const key = `${member} ${tx}`
    if ((this.#closed.get(key)?.attempt ?? 0) >= attempt) return
    this.#closed.set(key, { tx, attempt, index, timeMs })
  }

  #voted(member: string, { tx, attempt }: PrepareShare, result: Result, context: ApplyContext): void {
    if (result === null || !('vote' in result) || result.vote !== 'yes') return
    const closed = this.#closed.get(`${member} ${tx}`)
    // A member that starts again applies once more what came before the abort.
    if (closed === undefined || closed.attempt < attempt || closed.index > context.index) return
    if (context.timeMs >= closed.timeMs + tombstoneMs) return
    this.#broken ??= `TX7: ${member} votes yes at ${context.index} for attempt ${attempt} of ${tx}, aborted at ${closed.index}`
  }
}

function isAnswered(store: Store, command: Command): boolean {
  if (command.type !== 'execute' && command.type !== 'decide') return false
  return (store.get(`r/${command.tx}`) as RecordRow | undefined)?.outcome !== undefined
}
