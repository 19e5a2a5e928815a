/**
 * A toy for the simulator's own tests: a durable ledger on one node, and clients on all nodes that send each entry
 * until it is acknowledged. Whoever loses an acknowledged entry, or books one twice, is found out.
 */
import { type ActorType, assert, unreachable } from '../actor.ts'
import { type Address, address, nodeId } from '../address.ts'
import type { SimulationOptions } from './options.ts'
import { Simulation } from './simulation.ts'

interface Ledger {
  readonly entries: Set<string>
}
export type LedgerMessage =
  | { readonly type: 'book'; readonly entry: string }
  | { readonly type: 'booked'; readonly entry: string; readonly total: number }

export const ledger: ActorType<Ledger, LedgerMessage, null> = {
  type: 'ledger',
  start(_start, rows) {
    return { entries: new Set([...rows.entries()].map(([key]) => key)) }
  },
  receive(state, event, out) {
    if (event.kind !== 'message' || event.message.type !== 'book') return
    const { entry } = event.message
    if (!state.entries.has(entry)) {
      state.entries.add(entry)
      out.save(entry, event.now.wallMs)
    }
    out.send(event.from, { type: 'booked', entry, total: state.entries.size })
  },
  describe: state => ({ entries: state.entries.size }),
}

interface Client {
  readonly server: Address
  readonly name: string
  readonly wanted: number
  next: number
  readonly acknowledged: string[]
}

export const client: ActorType<Client, LedgerMessage, { readonly server: Address; readonly wanted: number }> =
  {
    type: 'client',
    start(start, rows, out) {
      out.setTimer('resend', 20)
      const next = (rows.get('next') as number | undefined) ?? 1
      const { server, wanted } = start.config
      return { server, wanted, name: start.node, next, acknowledged: [] }
    },
    receive(state, event, out) {
      switch (event.kind) {
        case 'timer':
          if (state.next > state.wanted) return
          out.send(state.server, { type: 'book', entry: `${state.name}-${state.next}` })
          out.setTimer('resend', 20 + out.random() * 20)
          return
        case 'message':
          if (event.message.type !== 'booked' || event.message.entry !== `${state.name}-${state.next}`) return
          state.acknowledged.push(event.message.entry)
          state.next += 1
          out.save('next', state.next)
          out.setTimer('resend', 0)
          return
        case 'peer':
        case 'request':
          return
        default:
          unreachable(event)
      }
    },
    describe: state => ({ next: state.next }),
  }

export const server = address(nodeId('n1'), 'ledger', 'main')

/** Every node has a client of the ledger on n1; an acknowledged entry must be in the ledger, always. */
export function ledgerSimulation(
  options: Omit<SimulationOptions, 'nodes'> & {
    readonly wanted?: number
    readonly nodes?: readonly string[]
  },
): { sim: Simulation; done: () => boolean } {
  const { wanted = 20, nodes = ['n1', 'n2', 'n3'], ...rest } = options
  const sim = new Simulation({ ...rest, nodes })
  sim.place('n1', ledger, 'main', null)
  for (const node of nodes) sim.place(node, client, 'main', { server, wanted })
  const clients = sim.nodes.map(node => address(node, 'client', 'main'))
  sim.check(() => {
    const books = sim.state(server) as Ledger | undefined
    if (books === undefined) return
    for (const one of clients) {
      const state = sim.state(one) as Client | undefined
      if (state === undefined || state.next === 1) continue
      assert(books.entries.has(`${state.name}-${state.next - 1}`), `${state.name}-${state.next - 1} was lost`)
    }
  })
  const done = () =>
    clients.every(one => {
      const state = sim.state(one) as Client | undefined
      return state !== undefined && state.next > wanted
    })
  return { sim, done }
}
