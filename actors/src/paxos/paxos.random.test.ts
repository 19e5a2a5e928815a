/**
 * A group under random loss, duplication, reordering, crashes, cuts and lost disks: safety all the time, and, once the
 * faults stop, everything that was asked is answered. Each seed is one history.
 */
import { type Address, address, nodeId } from '@synod/runtime/protocol'
import { describe, expect, test } from 'vitest'
import { frontDoor } from '../replicated/group.ts'
import { StoreReader } from '../replicated/store.ts'
import type { LearnerState } from './learner-state.ts'
import { itemsOf, type ListAnswer, listMachine } from './list-machine.fixture.ts'
import { Network } from './network.fixture.ts'

const tuning = {
  window: 4,
  batchCommands: 5,
  chunkSlots: 4,
  tailSlots: 12,
  flushSlots: 6,
  flushKeys: 12,
  flushMs: 300,
  handOverMs: 1_000,
  candidateLagSlots: 20,
}
const client: Address = address(nodeId('client'), 'client', 'c')

interface Op {
  readonly id: string
  readonly kind: 'append' | 'read'
  /** Appends that were answered before this one was asked. */
  readonly before: ReadonlySet<string>
  done: boolean
}

class History {
  readonly network: Network
  readonly ops = new Map<string, Op>()
  readonly acked = new Set<string>()
  readonly digests = new Map<number, number>()
  #answersSeen = 0
  #next = 0

  constructor(seed: number, members: number) {
    this.network = new Network({ members, seed, machine: listMachine, tuning })
  }

  ask(kind: 'append' | 'read', poison = false): void {
    const id = `${kind}${++this.#next}`
    this.ops.set(id, { id, kind, before: new Set(this.acked), done: false })
    this.#send(id, kind, poison)
  }

  /** Clients ask again, anywhere. */
  askAgain(): void {
    for (const op of this.ops.values()) if (!op.done) this.#send(op.id, op.kind, false)
  }

  #send(id: string, kind: 'append' | 'read', poison: boolean): void {
    const nodes = [...this.network.nodes.keys()]
    const to = nodes[Math.floor(this.network.random.next() * nodes.length)] ?? nodeId('n1')
    this.network.send(frontDoor(to, 'g'), { type: kind, id, client, ...(poison && { poison }) } as {
      type: string
    })
  }

  check(): void {
    for (const { message } of this.network.answers.slice(this.#answersSeen))
      this.#answered(message as ListAnswer)
    this.#answersSeen = this.network.answers.length
    for (const [id] of this.network.nodes)
      this.#agrees(this.network.state(id, 'learner') as LearnerState | undefined)
  }

  #answered(answer: ListAnswer): void {
    const op = this.ops.get(answer.id)
    if (op === undefined || op.done || answer.type === 'notLeader') return
    op.done = true
    if (answer.type === 'appended') {
      if (typeof answer.at === 'number') this.acked.add(answer.id)
    } else {
      const items = new Set(answer.items)
      for (const id of op.before) expect(items.has(id), `${answer.id} must see ${id}`).toBe(true)
    }
  }

  #agrees(learner: LearnerState | undefined): void {
    if (learner === undefined) return
    const { applied, digest } = learner.host
    const known = this.digests.get(applied)
    if (known === undefined) this.digests.set(applied, digest)
    else expect(digest, `log up to slot ${applied}`).toBe(known)
  }

  run(ms: number): void {
    const until = this.network.nowMs + ms
    while (this.network.nowMs < until) {
      this.network.runUntil(Math.min(until, this.network.nowMs + 5))
      this.check()
    }
  }
}

function hurt(history: History, wipes: { left: number }): void {
  const { network } = history
  const { random } = network
  const ids = [...network.nodes.keys()]
  const id = random.pick(ids)
  const down = [...network.nodes.values()].filter(
    node => !node.up || !network.state(node.id, 'acceptor').votes,
  )
  const dice = random.next()
  if (dice < 0.2 && down.length < Math.ceil(ids.length / 2) - 1) network.crash(id)
  else if (dice < 0.27 && down.length === 0 && wipes.left-- > 0 && ids.length > 1) network.wipe(id)
  else if (dice < 0.5) for (const node of network.nodes.values()) if (!node.up) network.start(node.id)
  if (dice > 0.5 && dice < 0.6) network.cuts.add(`${id}>${random.pick(ids)}`)
  else if (dice > 0.6 && dice < 0.8) isolate(network, leaderOf(network) ?? id)
  else if (dice > 0.8) network.cuts.clear()
}

/** Clients still reach it, its peers do not. */
function isolate(network: Network, id: string): void {
  for (const other of network.nodes.keys())
    if (other !== id) network.cuts.add(`${id}>${other}`).add(`${other}>${id}`)
}

function leaderOf(network: Network): string | undefined {
  return [...network.nodes.keys()].find(id => network.state(id, 'proposer')?.phase.name === 'leading')
}

function runSeed(seed: number): ReadonlyMap<string, number> {
  const members = [1, 3, 3, 3, 5][seed % 5] ?? 3
  const history = new History(seed, members)
  const { network } = history
  const { random } = network
  network.faults = {
    loss: random.next() * 0.2,
    duplicate: random.next() * 0.2,
    delayMs: 1 + random.next() * 40,
  }
  const wipes = { left: 2 }
  for (let round = 0; round < 60; round++) {
    for (let at = random.next() * 6; at > 0; at--)
      history.ask(random.next() < 0.7 ? 'append' : 'read', random.next() < 0.1)
    if (random.next() < 0.3) hurt(history, wipes)
    if (random.next() < 0.2) history.askAgain()
    history.run(random.next() * 300)
  }
  heal(history)
  return network.notes
}

function heal(history: History): void {
  const { network } = history
  network.faults = { loss: 0, duplicate: 0, delayMs: 3 }
  network.cuts.clear()
  for (const node of network.nodes.values()) if (!node.up) network.start(node.id)
  const open = () => [...history.ops.values()].filter(op => !op.done)
  for (let round = 0; round < 60 && open().length > 0; round++) {
    history.askAgain()
    history.run(500)
  }
  expect(open().map(op => op.id)).toEqual([])
  history.run(4_000)
  const lists = [...network.nodes.keys()].map(id => {
    const learner = network.state(id, 'learner') as LearnerState
    return { applied: learner.host.applied, items: itemsOf(new StoreReader(learner.host.store)) }
  })
  for (const list of lists) expect(list).toEqual(lists[0])
  const items = lists[0]?.items ?? []
  expect(new Set(items).size).toBe(items.length)
  expect(network.state('n1', 'proposer').phase.name).toBe('leading')
}

describe('[PX6, PX14, PX19] agreement, linearizable reads, and progress after healing', () => {
  const count = Number(process.env.SEEDS ?? 60)
  const first = Number(process.env.SEED ?? 1)
  const seen = new Map<string, number>()
  test.each(Array.from({ length: count }, (_, at) => first + at))('seed %i', seed => {
    for (const [note, times] of runSeed(seed)) seen.set(note, (seen.get(note) ?? 0) + times)
  })
  test('sometimes each of these happens', () => {
    expect([...seen.keys()].sort()).toEqual([
      'acceptor has lost its memory',
      'acceptor has recovered',
      'hands over',
      'installed a snapshot',
      'leads',
      'lost the lead',
      'needs a snapshot',
    ])
  })
})
