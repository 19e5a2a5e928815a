/**
 * Golden traces: every message of a few short histories, in one fixed notation, to be read line by line when they
 * change. A line is a delivery: `sender > receiver  type field=value …`; what stands in no message (crashes, wipes)
 * starts with `#`.
 */
import { address, decode, nodeId } from '@synod/runtime/protocol'
import { expect, test } from 'vitest'
import { frontDoor } from '../replicated/group.ts'
import type { Batch } from '../replicated/machine-host.ts'
import { acceptor } from './acceptor.ts'
import { learner } from './learner.ts'
import { listMachine } from './list-machine.fixture.ts'
import { type Flight, Network } from './network.fixture.ts'
import { proposer } from './proposer.ts'

const client = address(nodeId('client'), 'client', 'c')
/** Periodic, and the same each time. */
const beating = new Set(['heartbeat', 'confirmed'])

class Story {
  readonly lines: string[] = []
  readonly network: Network
  beats = true

  constructor(tuning = {}) {
    const onDeliver = (flight: Flight) => this.#deliver(flight)
    this.network = new Network({ members: 3, seed: 1, machine: listMachine, tuning, onDeliver })
  }

  #deliver({ from, to, message }: Flight): void {
    const round = (message as { round?: number }).round
    if (message.type === 'heard' || (beating.has(message.type) && !(this.beats && round === 1))) return
    const { type, ...fields } = message
    const printed = Object.entries(fields).map(([name, value]) => `${name}=${print(value)}`)
    this.lines.push(`${short(from)} > ${short(to)}  ${[type, ...printed].join(' ')}`)
  }

  say(text: string): void {
    this.lines.push(`# ${text}`)
  }

  append(node: string, id: string): void {
    this.network.send(frontDoor(nodeId(node), 'g'), { type: 'append', id, client } as { type: string })
  }

  read(node: string, id: string): void {
    this.network.send(frontDoor(nodeId(node), 'g'), { type: 'read', id, client } as { type: string })
  }

  run(ms: number): void {
    this.network.runUntil(this.network.nowMs + ms)
  }

  states(): string {
    for (const { id, up } of this.network.nodes.values()) {
      if (!up) continue
      for (const type of [acceptor, proposer, learner(listMachine)]) {
        const picture = type.describe(this.network.state(id, type.type))
        this.lines.push(`= ${id}.${type.type} ${JSON.stringify(picture)}`)
      }
    }
    return `${this.lines.join('\n')}\n`
  }
}

function short(to: string): string {
  const [node, type] = to.split('/')
  return node === 'client' ? 'client' : `${node}.${type}`
}

function print(value: unknown): string {
  if (value instanceof Uint8Array) {
    const decoded = decode(value) as Batch | [key: string, value: unknown][]
    if (Array.isArray(decoded)) return `<${decoded.map(([key]) => key).join()}>`
    return `<${decoded.commands.map(command => (command as { id: string }).id).join()}>`
  }
  if (Array.isArray(value)) return `[${value.map(print).join(' ')}]`
  if (typeof value === 'object' && value !== null) {
    if ('round' in value && 'by' in value) return `${value.round}.${value.by}`
    return `{${Object.entries(value)
      .map(([name, field]) => `${name}=${print(field)}`)
      .join(' ')}}`
  }
  return typeof value === 'number' && value > 2 ** 32 ? '…' : String(value)
}

test('[PX5, PX9, PX14] normal case: elect, append, read', async () => {
  const story = new Story()
  story.run(20)
  story.beats = false
  story.say('an append; then an append and a read at once')
  story.append('n1', 'a')
  story.run(20)
  story.append('n1', 'b')
  story.read('n1', 'r')
  story.run(20)
  story.say('a follower refuses')
  story.append('n2', 'c')
  story.run(150)
  await expect(story.states()).toMatchFileSnapshot('testdata/normal.txt')
})

test('[PX5, PX6] leader change with a slot in flight', async () => {
  const story = new Story()
  story.run(250)
  story.lines.length = 0
  story.beats = false
  story.say('n1 leads; the accept of b reaches n2 only, then n1 is gone')
  story.append('n1', 'a')
  story.run(20)
  story.network.cuts.add('n1>n3').add('n2>n1')
  story.append('n1', 'b')
  story.run(5)
  story.network.crash('n1')
  story.network.cuts.clear()
  story.say('n1 is down')
  for (const id of ['n2', 'n3']) story.network.peer(id, 'n1')
  story.beats = true
  story.run(400)
  await expect(story.states()).toMatchFileSnapshot('testdata/leader-change.txt')
})

test('[PX20, PX21, PX22] a member that lost its disk recovers', async () => {
  const story = new Story()
  story.run(250)
  story.append('n1', 'a')
  story.append('n1', 'b')
  story.run(250)
  story.lines.length = 0
  story.beats = false
  story.network.wipe('n3')
  story.say('n3 lost its disk and comes back in a second life')
  story.network.start('n3')
  story.run(300)
  story.say('its votes tell which life they come from, those of its helpers that the first one is over')
  story.append('n1', 'c')
  story.run(150)
  await expect(story.states()).toMatchFileSnapshot('testdata/recovery.txt')
})

test('[PX10, PX17] a member that lags below the base takes a snapshot', async () => {
  const story = new Story({ tailSlots: 0, flushSlots: 2, handOverMs: 60_000 })
  story.run(250)
  story.network.crash('n3')
  for (const id of ['a', 'b', 'c']) {
    story.append('n1', id)
    story.run(50)
  }
  story.lines.length = 0
  story.beats = false
  story.say('n3 was down while three slots were chosen, applied and compacted')
  story.network.start('n3')
  story.run(600)
  await expect(story.states()).toMatchFileSnapshot('testdata/snapshot.txt')
})

test('[PX8, PX9] budget: a slot costs four messages between members and one row on each; a read costs four and none', () => {
  const story = new Story()
  story.run(250)
  story.beats = false
  const between = () => {
    const crossing = story.lines.filter(line => !/client/.test(line) && !/^(n\d)\.\w+ > \1\./.test(line))
    const types = crossing.map(line => line.split(/\s+/)[3])
    story.lines.length = 0
    return types.sort()
  }
  between()
  const before = story.network.writes
  for (const id of ['a', 'b', 'c', 'd']) story.append('n1', id)
  story.run(8)
  // Each message is a turn of its own in this host: four slots.
  expect(between()).toEqual([...Array(8).fill('accept'), ...Array(8).fill('accepted')])
  expect(story.network.writes - before).toBe(4 * 3)
  story.beats = true
  const written = story.network.writes
  story.read('n1', 'r')
  story.run(8)
  expect(between().filter(type => type !== 'heartbeat')).toEqual(['confirm', 'confirm'])
  expect(story.network.writes).toBe(written)
})
