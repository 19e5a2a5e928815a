/** Disks that are slow, and disks that fill up, under load. */
import assert from 'node:assert/strict'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { openSqlite } from '@synod/runtime/host'
import { until } from '../processes/cluster.fixture.ts'
import { historyFolder, startLoad } from '../processes/load.fixture.ts'
import type { Nodes } from '../processes/nodes.fixture.ts'
import { disk, diskNode } from './disk-node.ts'
import { nodeIds, onNodes, type Stage, untilTime } from './stage.ts'

const command = () => diskNode
/** Of each commit: a turning disk, or a crowded one. */
const slowMs = 20
/** A transaction waits for a few commits after each other, of whichever nodes. */
const more = 10

export const slowDisk: Stage = {
  name: 'slow-disk',
  summary: `every commit takes ${slowMs} ms longer, on one node, then on two, under append load`,
  unit: 'seconds',
  long: 60,
  short: 2,
  run: async (seconds, say) => {
    for (const slow of [['n1'], ['n1', 'n2']]) {
      await onNodes(say, { command }, async nodes => {
        for (const id of nodeIds) nodes.start(id, slow.includes(id) ? disk({ slowMs }) : {})
        await nodes.allReady()
        const history = join(historyFolder(), 'slow.jsonl')
        const load = await startLoad('append', nodes.url('n3'), { history })
        await untilTime(performance.now() + seconds * 1_000)
        say(`${slow.join(' and ')} slow: ${await load.end(more)} transactions`)
      })
    }
  },
}

export const fullDisk: Stage = {
  name: 'full-disk',
  summary: 'a disk fills up under append load: the node says so and ends, and goes on when there is room',
  unit: 'cycles',
  long: 10,
  short: 1,
  run: (cycles, say) =>
    onNodes(say, { command }, async nodes => {
      await nodes.startAll()
      for (let cycle = 0; cycle < cycles; cycle++) {
        const victim = nodeIds[cycle % nodeIds.length] ?? 'n1'
        say(`cycle ${cycle + 1}: ${victim} was full, ${await fill(nodes, victim)} transactions meanwhile`)
      }
    }),
}

const roomBytes = 300_000

async function fill(nodes: Nodes, victim: string): Promise<number> {
  const before = await nodes.standing(victim)
  await nodes.stop(victim)
  // An open moves the journal into the rows: the room is beside what that takes.
  openSqlite(nodes.data(victim)).close()
  const size = statSync(join(nodes.data(victim), 'node.db')).size
  const full = nodes.start(victim, disk({ maxBytes: size + roomBytes }))
  await nodes.ready(victim)
  const other = nodes.url(nodeIds.find(id => id !== victim) ?? '')
  const history = join(historyFolder(), 'full.jsonl')
  const load = await startLoad('append', other, { history })
  await writeUntilItEnds(nodes, victim, other)
  assert.equal(await full.ended, 70)
  assert.match(full.said(), /node\.db: the disk is full; free some space and start the node again/)
  // The others do not miss it.
  const done = await load.end()
  nodes.start(victim)
  await nodes.ready(victim)
  const { incarnation } = await nodes.standing(victim)
  assert.equal(incarnation, before.incarnation, 'it has lost nothing of what it had said')
  return done
}

/** What others wrote reaches every disk. */
async function writeUntilItEnds(nodes: Nodes, victim: string, url: string): Promise<void> {
  const headers = { 'Content-Type': 'application/json' }
  const body = JSON.stringify('x'.repeat(20_000))
  let key = 0
  await until('the disk is full', async () => {
    await fetch(`${url}/kv/kv/large-${victim}-${key++}`, { method: 'PUT', headers, body })
    return nodes.running(victim) === undefined
  })
}
