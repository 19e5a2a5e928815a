/**
 * Watches what every member of a replicated group applies, from outside the protocol: by wrapping the state machine.
 * Agreement (two members never apply different commands at an index), the same clock and the same results everywhere,
 * and validity (nobody applies what nobody asked for), at the very moment when they are broken.
 */
import type { StateMachine } from '@synod/actors'
import { assert } from '@synod/runtime/protocol'

interface Seen {
  readonly command: string
  readonly timeMs: number
  readonly result: string
  readonly by: string
}
/** Applied in a turn that is not committed yet: a crash before the commit takes it back. */
interface Staged {
  readonly life: number
  readonly index: number
  readonly name: string
  readonly seen: Seen
}

export class Witness<Command, Result, State, Message> {
  readonly #machine: StateMachine<Command, Result, State, Message>
  readonly #nameOf: (command: Command) => string
  readonly #proposed = new Set<string>()
  readonly #staged = new Map<string, Staged[]>()
  readonly #applied: (Seen | undefined)[] = []
  readonly #names = new Set<string>()

  constructor(machine: StateMachine<Command, Result, State, Message>, nameOf: (command: Command) => string) {
    this.#machine = machine
    this.#nameOf = nameOf
  }

  get applied(): number {
    return Math.max(0, this.#applied.length - 1)
  }

  /** Whether some command was chosen at more than one index. */
  get repeated(): boolean {
    return this.applied > this.#names.size
  }

  /** Somebody is about to ask for this command. */
  proposes(command: Command): void {
    this.#proposed.add(this.#nameOf(command))
  }

  /** The machine as one member hosts it; `life` tells the lives of its node apart. */
  on(node: string, life: () => number): StateMachine<Command, Result, State, Message> {
    const machine = this.#machine
    return {
      ...machine,
      apply: (store, command, context) => {
        let result = ''
        try {
          const returned = machine.apply(store, command, context)
          result = JSON.stringify(returned) ?? ''
          return returned
        } catch (error) {
          result = String(error)
          throw error
        } finally {
          this.#stage(node, life(), context.index, command, context.timeMs, result)
        }
      },
    }
  }

  /** To be called after every turn of a node that was committed. Throws what `apply` itself could not. */
  check(node: string, life: number): void {
    const staged = this.#staged.get(node)
    if (staged === undefined || staged.length === 0) return
    this.#staged.set(node, [])
    for (const one of staged) if (one.life === life) this.#see(one)
  }

  #stage(by: string, life: number, index: number, command: Command, timeMs: number, result: string): void {
    let staged = this.#staged.get(by)
    if (staged === undefined) {
      staged = []
      this.#staged.set(by, staged)
    }
    const seen: Seen = { command: JSON.stringify(command), timeMs, result, by }
    staged.push({ life, index, name: this.#nameOf(command), seen })
  }

  #see({ index, name, seen }: Staged): void {
    assert(this.#proposed.has(name), `validity: ${seen.by} applies ${name}, which nobody proposed`)
    const before = this.#applied[index]
    if (before === undefined) {
      this.#applied[index] = seen
      this.#names.add(name)
      return
    }
    const { command, timeMs, result } = before
    assert(
      command === seen.command && timeMs === seen.timeMs && result === seen.result,
      `agreement: at ${index} ${before.by} applied ${show(before)}, and ${seen.by} ${show(seen)}`,
    )
  }
}

function show({ command, timeMs, result }: Seen): string {
  return `${command} at ${timeMs} with ${result}`
}
