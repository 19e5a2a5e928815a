/**
 * The simulator's own suite, on a toy: a durable ledger on one node, clients on all nodes that ask until they are
 * answered. Everything acknowledged stays, nothing is booked twice, and after the faults everyone gets done.
 */
import { type ActorType, type Address, actorOf, address, assert, nodeId } from '@synod/runtime/protocol'
import type { Simulation } from '@synod/runtime/simulation'
import { faultGoals } from '../goals.ts'
import type { Run, Suite } from '../suite.ts'

interface Book {
  readonly amounts: Map<string, number>
  total: number
}
interface BookRequest {
  readonly entry: string
  readonly amount: number
}

const book: ActorType<Book, BookRequest, null> = {
  type: 'ledger',
  start(_start, rows) {
    const amounts = new Map<string, number>()
    let total = 0
    for (const [entry, amount] of rows.entries()) {
      amounts.set(entry, amount as number)
      total += amount as number
    }
    return { amounts, total }
  },
  receive(state, event, out) {
    if (event.kind !== 'request') return
    const { entry, amount } = event.message
    if (!state.amounts.has(entry)) {
      state.amounts.set(entry, amount)
      state.total += amount
      out.save(entry, amount)
    }
    out.reply(event.request, state.total)
  },
  check(state) {
    let total = 0
    for (const amount of state.amounts.values()) total += amount
    assert(total === state.total, 'the total is the sum of the entries')
  },
  describe: state => ({ entries: state.amounts.size, total: state.total }),
}

class Client {
  readonly acknowledged: string[] = []
  readonly #run: Run
  readonly #name: string
  readonly #server: Address
  readonly #wanted: number

  constructor(run: Run, name: string, server: Address, wanted: number) {
    this.#run = run
    this.#name = name
    this.#server = server
    this.#wanted = wanted
  }

  get done(): boolean {
    return this.acknowledged.length === this.#wanted
  }

  /** The same entry until it is answered, through any node. */
  ask(): void {
    if (this.done) return
    const { sim, random } = this.#run
    const entry = `${this.#name}-${this.acknowledged.length}`
    const request: BookRequest = { entry, amount: entry.length }
    sim.ask(random.pick(sim.nodes), this.#server, request, 500, answer => {
      if (answer.outcome === 'answered') this.acknowledged.push(entry)
      else this.#run.reached(answer.outcome)
      sim.after(answer.outcome === 'answered' ? 0 : 20, () => this.ask())
    })
  }
}

function runLedger(run: Run): void {
  const size = run.random.pick([1, 3, 5])
  const wanted = run.random.integer(5, 40)
  const askers = run.clients(size)
  const { sim, nodes } = run.simulate(size)
  const server = address(nodeId('n1'), 'ledger', 'main')
  sim.place('n1', book, 'main', null)
  const clients = nodes.slice(0, askers).map(node => new Client(run, node, server, wanted))
  sim.check(() => nothingLost(sim, server, clients))
  for (const client of clients) sim.at(0, () => client.ask())
  Object.assign(run.setup, { size, wanted, clients: askers, mix: run.faults() })
  sim.run(run.random.integer(500, 5000))
  sim.heal()
  sim.run(() => clients.every(client => client.done))
  const rows = sim.storage('n1').rows(actorOf(server))
  assert([...rows.entries()].length === askers * wanted, 'every entry is booked once')
  run.reached('done')
}

function nothingLost(sim: Simulation, server: Address, clients: readonly Client[]): void {
  const state = sim.state(server) as Book | undefined
  if (state === undefined) return
  for (const { acknowledged } of clients) {
    const last = acknowledged.at(-1)
    assert(last === undefined || state.amounts.has(last), `the acknowledged entry ${last} is lost`)
  }
}

export const ledger: Suite = {
  name: 'ledger',
  about: 'a durable toy ledger: what was acknowledged stays, nothing is booked twice',
  goals: ['done', 'timeout', 'refused', ...faultGoals],
  planted: ['ackBeforeCommit'],
  run: runLedger,
}
