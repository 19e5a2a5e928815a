/**
 * Local messages: a kernel without a disk or peers, whose turns run as fast as they can, beside what the language
 * itself costs: an array drained in a loop, and Node's EventEmitter.
 */
import { EventEmitter } from 'node:events'
import { Kernel, MemoryStorage } from '@synod/runtime/host'
import { type ActorType, type Address, address, type NodeId } from '@synod/runtime/protocol'
import type { BenchReport } from './figure.ts'
import type { BenchOptions } from './options.ts'

const node = 'n1' as NodeId
const inFlight = 1_000
const floor = { rate: 1_000_000 }

interface Counting {
  readonly partner: Address
  count: number
}
interface Ball {
  readonly type: 'ball'
}
const ball: Ball = { type: 'ball' }

const player: ActorType<Counting, Ball, { readonly partner: Address }> = {
  type: 'player',
  start: ({ config }) => ({ partner: config.partner, count: 0 }),
  receive(state, event, out) {
    if (event.kind !== 'message') return
    state.count++
    out.send(state.partner, ball)
  },
  describe: ({ count }) => ({ count }),
}

export async function benchTell({ seconds, progress }: BenchOptions): Promise<BenchReport> {
  progress('tell')
  const peer = { name: 'array in a loop', rate: measure(arrayDrained(), seconds) }
  const emitter = { name: 'EventEmitter', rate: measure(emitterCalls(), seconds) }
  const pair = { rate: measure(pingPong(), seconds) }
  const flood = { rate: measure(oneActor(), seconds) }
  return {
    bench: 'tell',
    title: `local messages, ${inFlight} in flight, nothing written`,
    figures: [
      { what: 'two actors', ours: pair, peer, floor },
      { what: 'one actor to itself', ours: flood, peer, floor },
      { what: 'two actors', ours: pair, peer: emitter },
    ],
    notes: [],
  }
}

/** Handled messages each second. `step` handles some and says how many so far. The first fifth is not counted. */
function measure(step: () => number, seconds: number): number {
  const begin = performance.now()
  while (performance.now() - begin < seconds * 200) step()
  const before = step()
  const from = performance.now()
  let after = before
  while (performance.now() - from < seconds * 800) after = step()
  return ((after - before) * 1_000) / (performance.now() - from)
}

function kernel(): Kernel {
  return new Kernel({
    node,
    incarnation: '1-bench',
    amnesiac: false,
    storage: new MemoryStorage(),
    clock: () => ({ monotonicMs: performance.now(), wallMs: Date.now() }),
    random: Math.random,
    transmit: () => undefined,
    wake: () => undefined,
  })
}

function pingPong(): () => number {
  const [left, right] = [address(node, 'player', 'left'), address(node, 'player', 'right')]
  const one = kernel()
  one.spawn(player, 'left', { partner: right })
  one.spawn(player, 'right', { partner: left })
  for (let at = 0; at < inFlight; at++) one.tell(left, ball)
  return turns(one)
}

function oneActor(): () => number {
  const self = address(node, 'player', 'self')
  const one = kernel()
  one.spawn(player, 'self', { partner: self })
  for (let at = 0; at < inFlight; at++) one.tell(self, ball)
  return turns(one)
}

function turns(one: Kernel): () => number {
  return () => {
    one.turn()
    return one.stats().events
  }
}

function arrayDrained(): () => number {
  let handled = 0
  let waiting: Ball[] = Array.from({ length: inFlight }, () => ball)
  let next: Ball[] = []
  return () => {
    for (let round = 0; round < 100; round++) {
      for (const message of waiting) {
        handled++
        next.push(message)
      }
      ;[waiting, next] = [next, waiting]
      next.length = 0
    }
    return handled
  }
}

function emitterCalls(): () => number {
  let handled = 0
  const emitter = new EventEmitter()
  emitter.on('ball', () => {
    handled++
  })
  return () => {
    for (let at = 0; at < inFlight; at++) emitter.emit('ball', ball)
    return handled
  }
}
