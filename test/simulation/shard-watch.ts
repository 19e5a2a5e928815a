/**
 * Watches what the members of a shard apply: an abort leaves its mark, so that there is no vote for a closed attempt
 * (TX7). What is broken is kept until `check` throws it, as a machine that throws only fails its command.
 */
import type { ApplyContext, StateMachine } from '@synod/actors'
import { assert } from '@synod/runtime/protocol'
import { tombstoneMs } from '../../actors/src/transactions/apply-forget.ts'
import type { Command, PrepareShare, Result } from '../../actors/src/transactions/commands.ts'
import type { Attempt } from '../../actors/src/transactions/messages.ts'

interface Closed extends Attempt {
  readonly index: number
  readonly timeMs: number
}

export class ShardWatch {
  readonly #closed = new Map<string, Closed>()
  #broken: string | undefined

  /** The machine as one member hosts it. */
  on(member: string, machine: StateMachine<unknown>): StateMachine<unknown> {
    return {
      ...machine,
      apply: (store, given, context) => {
        const command = given as Command
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
