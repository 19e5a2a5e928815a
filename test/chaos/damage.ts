/**
 * Damaged files of one node. Judged by behaviour: the node refuses to start, says which file and what to do, and doing
 * that brings it back; or it starts, and what it holds is what everybody holds. In each trial another node is damaged,
 * and while it is down the one before it has a vote that counts: had it come back with less, or with something else,
 * reads and writes would show it.
 */
import assert from 'node:assert/strict'
import { renameSync } from 'node:fs'
import { join } from 'node:path'
import { type Client, connect } from '@synod/cluster/client'
import { until } from '../processes/cluster.fixture.ts'
import type { Nodes } from '../processes/nodes.fixture.ts'
import { damageFiles } from './damaging.ts'
import { nodeIds, oneOf, onNodes, type Stage } from './stage.ts'

export const damage: Stage = {
  name: 'damage',
  summary: 'bits flipped, pages zeroed, files cut: refused, or repaired from the others; never served',
  unit: 'trials',
  long: 200,
  short: 4,
  run: (trials, say) =>
    onNodes(say, {}, async nodes => {
      await nodes.startAll()
      const model = new Model(nodes)
      const ends: Record<End, number> = { refused: 0, recovered: 0, unharmed: 0 }
      let victim = ''
      for (let trial = 1; trial <= trials; trial++) {
        victim = oneOf(nodeIds.filter(id => id !== victim))
        const { done, end } = await tryOne(nodes, model, victim)
        ends[end] += 1
        say(`${trial}: ${end}: ${done}`)
      }
      say(JSON.stringify(ends))
      model.close()
      if (trials >= enough) judge(ends)
    }),
}

type End = 'refused' | 'recovered' | 'unharmed'

/** In fewer trials chance may leave one of the ends out. */
const enough = 50

/** Damage that no node ever notices proves nothing. */
function judge({ refused, recovered }: Record<End, number>): void {
  assert.ok(refused > 0, 'no damaged file was refused')
  assert.ok(recovered > 0, 'no node has recovered from the others')
}

async function tryOne(nodes: Nodes, model: Model, victim: string): Promise<{ done: string; end: End }> {
  await model.change(20)
  const before = await nodes.standing(victim)
  await nodes.stop(victim, oneOf(['SIGTERM', 'SIGKILL', 'SIGKILL']))
  await model.check()
  if (Math.random() < 0.5) await model.change(5)
  const done = damageFiles(nodes.data(victim))
  try {
    const refused = await refusal(nodes, victim)
    if (refused !== undefined) await wayOut(nodes, victim, refused)
    const after = await nodes.standing(victim)
    const end =
      refused !== undefined ? 'refused' : after.incarnation === before.incarnation ? 'unharmed' : 'recovered'
    assert.equal(await nodes.soundness(), 'ok')
    await model.check()
    return { done, end }
  } catch (error) {
    throw new Error(`${victim}, ${done}: ${nodes.running(victim)?.said() ?? 'it is down'}`, { cause: error })
  }
}

/** Starts it. What it said when it would not run; undefined when it runs. */
async function refusal(nodes: Nodes, victim: string): Promise<string | undefined> {
  const node = nodes.start(victim)
  const ready = async () => (await fetch(`${nodes.url(victim)}/readyz`)).status === 200
  // A row that is damaged is met by the actor that it belongs to, which may be a moment later.
  await until('it is settled', async () => nodes.running(victim) === undefined || (await ready()))
  if (nodes.running(victim) === undefined) {
    assert.equal(await node.ended, 1, `it ended otherwise than by refusing: ${node.said()}`)
    return node.said().split('\n').at(-2) ?? ''
  }
  return undefined
}

/**
 * What the message says: move the file away, and start the node again. Its log may stay: it belongs to no file then.
 */
async function wayOut(nodes: Nodes, victim: string, message: string): Promise<void> {
  const file = join(nodes.data(victim), 'node.db')
  assert.ok(message.startsWith(`${file}: `), `the file is not named: ${message}`)
  assert.match(message, /move (it|the file) away and let the node recover from the others/)
  if (/\brow\b/.test(message)) assert.match(message, /the row ".+" of actor \S+ is damaged/)
  if (/turn \d/.test(message)) assert.match(message, /what turn \d+ wrote/)
  renameSync(file, `${file}.damaged`)
  nodes.start(victim)
  await nodes.ready(victim)
  assert.equal((await nodes.standing(victim)).amnesiac, true, 'it came back as if it had never been')
}

/** What was written, and is to be read. */
class Model {
  readonly #values = new Map<string, string>()
  readonly #client: Client
  #writes = 0

  constructor(nodes: Nodes) {
    this.#client = connect(nodes.ids.map(id => nodes.url(id)))
  }

  async change(count: number): Promise<void> {
    await Promise.all(
      Array.from({ length: count }, async () => {
        const key = `damage-${Math.floor(Math.random() * mostKeys)}-${this.#writes % count}`
        const value = `${++this.#writes} ${'x'.repeat(Math.random() * mostBytes)}`
        await until(`${key} is written`, async () => (await this.#client.put('kv', key, value)) > 0)
        this.#values.set(key, value)
      }),
    )
  }

  async check(): Promise<void> {
    await Promise.all(
      [...this.#values].map(async ([key, value]) => {
        let found: unknown
        await until(`${key} can be read`, async () => {
          found = (await this.#client.get('kv', key))?.value
          return true
        })
        assert.equal(found, value, `${key} reads otherwise than it was written`)
      }),
    )
  }

  close(): void {
    this.#client.close()
  }
}

const mostKeys = 8
const mostBytes = 6_000
