/** A leader that is stopped, or cut off: it must serve nothing of the past when it is back. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type RealCluster, until } from '../processes/cluster.fixture.ts'
import { keyOf, put, reached, startLoad } from '../processes/load.fixture.ts'
import { call } from '../processes/shop.fixture.ts'
import { anotherThan, nodeIds, numberOf, onCluster, type Scene, type Stage, untilTime } from './stage.ts'

const group = 'kv.0'
const stoppedMs = 3_000

export const leaderStopped: Stage = {
  name: 'stop-leader',
  summary: 'a leader is stopped for 3 s and wakes with reads in its sockets, under register load',
  unit: 'cycles',
  long: 20,
  short: 1,
  run: (cycles, say) =>
    onCluster(say, async scene => {
      for (let cycle = 1; cycle <= cycles; cycle++) {
        const history = join(scene.folder, `stopped-${cycle}.jsonl`)
        const load = await startLoad('register', scene.cluster.dashboard, { history })
        const reads = await stopLeader(scene.cluster)
        say(`cycle ${cycle}: ${await load.end()} steps done, ${reads} reads answered after waking`)
      }
    }),
}

async function stopLeader(cluster: RealCluster): Promise<number> {
  const leader = await cluster.leaderOf(group)
  const other = anotherThan(leader)
  const key = await keyOf(cluster, group)
  await put(cluster.url(other), key, 'old')
  const pid = await cluster.signal(leader, 'SIGSTOP')
  const stopped = performance.now()
  let asked: Promise<{ status: number; body: unknown }[]>
  try {
    await until('another leads', async () => (await cluster.leaderOf(group, other)) !== leader)
    await put(cluster.url(other), key, 'new')
    // They wait in the sockets of the stopped node, which finds them when it wakes.
    const url = `${cluster.url(numberOf(leader))}/kv/kv/${key}`
    asked = Promise.all(Array.from({ length: 20 }, () => call('GET', url)))
    await untilTime(stopped + stoppedMs)
  } finally {
    process.kill(pid, 'SIGCONT')
  }
  return expectNew(await asked)
}

function expectNew(answers: readonly { status: number; body: unknown }[]): number {
  for (const { status, body } of answers) {
    assert.equal(status, 200)
    assert.equal((body as { value: unknown }).value, 'new')
  }
  return answers.length
}

export const partitions: Stage = {
  name: 'partition',
  summary: 'a leader is cut off, both ways and one way, under register and append load',
  unit: 'cycles',
  long: 16,
  short: 2,
  run: (cycles, say) =>
    onCluster(say, async scene => {
      for (let cycle = 0; cycle < cycles; cycle++) {
        const cut = cuts[cycle % cuts.length] ?? cuts[0]
        say(`cycle ${cycle + 1}: ${cut[0]}, ${await partition(scene, cut, cycle)} steps done`)
      }
    }),
}

type Cut = readonly [
  what: string,
  workload: 'register' | 'append',
  from: 'leader' | 'others',
  oneWay: boolean,
]
const cuts: readonly [Cut, ...Cut[]] = [
  ['register, the leader is deaf and dumb', 'register', 'leader', false],
  ['append, the leader is not heard', 'append', 'leader', true],
  ['append, the leader is deaf and dumb', 'append', 'leader', false],
  ['register, the leader does not hear', 'register', 'others', true],
]

async function partition({ cluster, folder }: Scene, cut: Cut, cycle: number): Promise<number> {
  const [, workload, from, oneWay] = cut
  const history = join(folder, `${workload}-${cycle}.jsonl`)
  const load = await startLoad(workload, cluster.dashboard, { history })
  const leader = await cluster.leaderOf(group)
  const watcher = anotherThan(leader)
  const others = nodeIds.filter(id => id !== leader)
  const sides = from === 'leader' ? [[leader], others] : [others, [leader]]
  await cluster.fault({ kind: 'partition', sides, oneWay })
  await until('another leads', async () => (await cluster.leaderOf(group, watcher)) !== leader)
  await reached(cluster, group, watcher)
  await cluster.fault({ kind: 'heal' })
  return load.end()
}
