/** The simulator: how many events one core plays in a second, beside a scheduler whose events do nothing. */
import { frontDoor, type GroupConfig, paxosGroupActors, type StateMachine } from '@synod/actors'
import { type ActorType, type Address, address, nodeId } from '@synod/runtime/protocol'
import { Simulation } from '@synod/runtime/simulation'
import type { BenchReport } from './figure.ts'
import type { BenchOptions } from './options.ts'

const nodes = ['n1', 'n2', 'n3'].map(nodeId)
const floor = { rate: 100_000 }
const clients = 8

/** Plays on for some virtual time, and says how many events it has played so far. */
type Play = () => number

export async function benchSimulation({ seconds, progress }: BenchOptions): Promise<BenchReport> {
  progress('simulation')
  const peer = { name: 'empty scheduler', rate: measure(emptyScheduler(), seconds) }
  return {
    bench: 'simulation',
    title: 'events of virtual time, one core',
    figures: [
      { what: 'two actors on two nodes', ours: { rate: measure(ballsBetweenNodes(), seconds) }, peer, floor },
      { what: 'a Paxos group of three', ours: { rate: measure(paxosGroup(), seconds) }, peer, floor },
    ],
    notes: [
      'events: frames, turns, commits, and what actors handle; rates by processor time',
      'every check is on: messages encoded, frozen and in the hash of the trace, invariants after every event',
    ],
  }
}

/** By processor time, so that a busy machine counts less. The first fifth warms up. */
function measure(play: Play, seconds: number): number {
  const begin = performance.now()
  while (performance.now() - begin < seconds * 200) play()
  const before = play()
  const from = performance.now()
  const cpu = process.cpuUsage()
  let after = before
  while (performance.now() - from < seconds * 800) after = play()
  const { user, system } = process.cpuUsage(cpu)
  return ((after - before) * 1e6) / (user + system)
}

function played(sim: Simulation): Play {
  return () => {
    sim.run(sim.now + 100)
    return sim.events + sim.handled
  }
}

function endless(seed: number): Simulation {
  return new Simulation({ seed, nodes, maxEvents: Number.POSITIVE_INFINITY })
}

function emptyScheduler(): Play {
  const sim = endless(1)
  for (let at = 0; at < 1000; at++) {
    const again = () => sim.after(1 + at / 1000, again)
    again()
  }
  return played(sim)
}

interface Ball {
  readonly type: 'ball'
}
interface Player {
  readonly partner: Address
}
const player: ActorType<Player, Ball, Player> = {
  type: 'player',
  start({ config }, _rows, out) {
    // By then the nodes have met.
    out.setTimer('serve', 100)
    return config
  },
  receive({ partner }, event, out) {
    const balls = event.kind === 'message' ? 1 : event.kind === 'timer' ? 32 : 0
    for (let ball = 0; ball < balls; ball++) out.send(partner, { type: 'ball' })
  },
  describe: () => null,
}

function ballsBetweenNodes(): Play {
  const sim = endless(2)
  const [left, right] = [address(nodeId('n1'), 'player', 'p'), address(nodeId('n2'), 'player', 'p')]
  sim.place('n1', player, 'p', { partner: right })
  sim.place('n2', player, 'p', { partner: left })
  return played(sim)
}

interface Add {
  readonly type: 'add'
  readonly key: string
}

const counters: StateMachine<Add, number, null, Add> = {
  name: 'counters',
  apply(store, { key }) {
    const count = ((store.get(key) as number | undefined) ?? 0) + 1
    store.put(key, count)
    return count
  },
  leader: {
    start: () => null,
    receive(_state, _seat, event, out) {
      if (event.kind !== 'request') return
      out.propose({ type: 'add', key: event.message.key })
      out.reply(event.request, true)
    },
    applied() {},
    confirmed() {},
    stop() {},
    refuse(_seat, event, _leader, out) {
      if (event.kind === 'request') out.reply(event.request, false)
    },
    describe: () => null,
  },
}

/** Clients on every node, each with one request at a time to whoever leads. */
function paxosGroup(): Play {
  const sim = endless(3)
  const group: GroupConfig = { group: 'g', protocol: 'paxos', members: nodes, preferred: nodeId('n1') }
  for (const node of nodes) {
    for (const { type, name, config } of paxosGroupActors({ group }, counters as unknown as StateMachine)) {
      sim.place(node, type, name, config)
    }
  }
  for (let client = 0; client < clients; client++) ask(sim, client)
  return played(sim)
}

function ask(sim: Simulation, client: number): void {
  const message: Add = { type: 'add', key: `k${client}` }
  sim.ask('n1', frontDoor(nodeId('n1'), 'g'), message, 100, () => sim.after(1, () => ask(sim, client)))
}
