/** The clients of a workload: they set it up, do one step after the other until time is over, and finish it. */
import { assert } from '@synod/runtime/protocol'
import type { Run } from './suite.ts'
import type { Workload } from './workload.ts'
import { Transactor } from './workloads/transactor.ts'

/** How long one transaction is tried: during the faults, by clients with little patience or more; and after them. */
const patiences = [600, 2000, 6000]
const patienceAtTheEndMs = 60_000

export class Clients {
  readonly #run: Run
  readonly #workload: Workload
  readonly #untilMs: number
  #busy = 0

  constructor(run: Run, workload: Workload, count: number, untilMs: number) {
    this.#run = run
    this.#workload = workload
    this.#untilMs = untilMs
    const transactors = Array.from({ length: count }, (_, index) =>
      this.#transactor(`client${index}`, run.random.pick(patiences)),
    )
    this.#setUp(() => {
      for (const transactor of transactors) this.#next(transactor)
    })
  }

  get done(): boolean {
    return this.#busy === 0 && this.#run.sim.now >= this.#untilMs
  }

  /** After the faults: everything asked must succeed. */
  finish(): void {
    const { sim } = this.#run
    let finished = false
    this.#workload.finish(this.#transactor('last', patienceAtTheEndMs, true), () => {
      finished = true
    })
    sim.run(() => finished, { maxMs: 180_000 })
    this.#run.reached('finished')
  }

  #setUp(ready: () => void): void {
    const { sim } = this.#run
    const operations = this.#workload.setup()
    this.#busy += 1
    sim.at(0, () => {
      const begin = () => {
        this.#busy -= 1
        ready()
      }
      if (operations.length === 0) begin()
      else this.#transactor('setup', patienceAtTheEndMs).insist(operations, begin)
    })
  }

  #next(transactor: Transactor): void {
    const { sim, random } = this.#run
    if (sim.now >= this.#untilMs) return
    this.#busy += 1
    this.#workload.step(transactor, () => {
      this.#busy -= 1
      sim.after(random.between(0, 30), () => this.#next(transactor))
    })
  }

  #transactor(name: string, patience: number, mustCommit = false): Transactor {
    const run = this.#run
    return new Transactor(
      {
        sim: run.sim,
        random: run.random.fork(name),
        patienceMs: patience,
        reached: goal => run.reached(goal),
        ended: final =>
          assert(!mustCommit || final.status === 'committed', `without faults: ${final.status}`),
      },
      name,
    )
  }
}
