/**
 * Runs one transaction to its end as an unlucky client does: through the sessions of changing nodes, always under the
 * same id, until it has a final answer or gives up. What it then knows is exact: `never` is as definite as `committed`.
 */
import type {
  Operation,
  OperationResult,
  Outcome,
  Refusal,
  SessionRequest,
  TransactAnswer,
} from '@synod/actors'
import { address, assert } from '@synod/runtime/protocol'
import type { Random, Simulation } from '@synod/runtime/simulation'

export type Final =
  | { readonly status: 'committed'; readonly results: readonly OperationResult[] }
  | { readonly status: 'refused'; readonly reason: Refusal; readonly operation: number }
  /** It did not happen and never will. */
  | { readonly status: 'never' }
  /** It may have happened, or still happen. */
  | { readonly status: 'unknown' }

export interface TransactorPorts {
  readonly sim: Simulation
  readonly random: Random
  readonly patienceMs: number
  reached(goal: string): void
  /** Sees every final answer first. */
  ended(final: Final): void
}

interface Running {
  readonly operations: readonly Operation[]
  readonly giveUpMs: number
  readonly done: (final: Final) => void
  /** Some try may have got through. */
  maybe: boolean
  tries: number
}

export class Transactor {
  readonly #ports: TransactorPorts
  readonly #name: string
  #life = 1
  #sequence = 0

  constructor(ports: TransactorPorts, name: string) {
    this.#ports = ports
    this.#name = name
  }

  /** One at a time. */
  run(operations: readonly Operation[], done: (final: Final) => void): void {
    this.#sequence += 1
    const giveUpMs = this.#ports.sim.now + this.#ports.patienceMs
    const ended = (final: Final) => {
      this.#ports.ended(final)
      done(final)
    }
    this.#try({ operations, giveUpMs, done: ended, maybe: false, tries: 0 })
  }

  /** Until it is committed, for what must be there before anything else. */
  insist(operations: readonly Operation[], done: () => void): void {
    this.run(operations, final => {
      if (final.status === 'committed') done()
      else this.insist(operations, done)
    })
  }

  #try(running: Running): void {
    const { sim, random } = this.#ports
    if (sim.now >= running.giveUpMs && running.tries > 0) {
      this.#giveUp(running)
      return
    }
    running.tries += 1
    const node = random.pick(sim.nodes)
    const deadlineMs = random.pick([100, 400, 1500, 5000])
    const request: SessionRequest = {
      type: 'transact',
      operations: running.operations,
      id: { session: `${this.#name}.${this.#life}`, sequence: this.#sequence },
      firstIncomplete: this.#sequence,
      deadlineMs,
    }
    sim.ask(node, address(node, 'session', 'main'), request, deadlineMs + 500, answer => {
      if (answer.outcome === 'answered') this.#judge(running, answer.result as TransactAnswer)
      else {
        if (answer.outcome === 'timeout') running.maybe = true
        this.#ports.reached(`session: ${answer.outcome}`)
        this.#again(running)
      }
    })
  }

  #judge(running: Running, { outcome }: TransactAnswer): void {
    this.#ports.reached(outcome.status)
    switch (outcome.status) {
      case 'committed':
        if (running.tries > 1) this.#ports.reached('committed after a retry')
        running.done(outcome)
        return
      case 'refused':
        this.#ports.reached(`refused: ${outcome.reason}`)
        running.done(outcome)
        return
      case 'unknown':
        running.maybe = true
        this.#again(running)
        return
      case 'unavailable':
      case 'overloaded':
        // Definite only over links that deliver a message once, as sockets do (sessions EX5).
        if (this.#ports.sim.network.doubled) running.maybe = true
        this.#again(running)
        return
      default:
        unexpected(outcome)
    }
  }

  #again(running: Running): void {
    this.#ports.sim.after(this.#ports.random.between(1, 100), () => this.#try(running))
  }

  #giveUp(running: Running): void {
    const status = running.maybe ? 'unknown' : 'never'
    this.#ports.reached(`gave up: ${status}`)
    // The session is left behind: its last number stays unanswered for ever.
    this.#life += 1
    this.#sequence = 0
    running.done({ status })
  }
}

function unexpected(outcome: Outcome): never {
  assert(false, `a client that numbers its requests well was told ${JSON.stringify(outcome)}`)
  throw new Error('not reached')
}
