/** kill -9 under load: of a random node every second, and of everything at once. What was acknowledged stays. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import type { RealCluster } from '../processes/cluster.fixture.ts'
import { type Load, startLoad, type WorkloadName } from '../processes/load.fixture.ts'
import { onCluster, oneOf, type Say, type Scene, type Stage, untilTime } from './stage.ts'

/** A load whose findings or history are checked when it has ended. */
function begin(workload: WorkloadName, { cluster, folder }: Scene, name: string): Promise<Load> {
  const history = workload === 'append' || workload === 'register'
  return startLoad(workload, cluster.dashboard, {
    ...(history ? { history: join(folder, `${workload}-${name}.jsonl`) } : {}),
    ...(workload === 'shop' ? { create: true, keys: 50 } : {}),
  })
}

function killing(workload: 'bank' | 'shop' | 'append'): Stage {
  return {
    name: `kill-${workload}`,
    summary: `a random node is killed every second, under ${workload} load`,
    unit: 'seconds',
    long: 120,
    short: 4,
    run: (seconds, say) =>
      onCluster(say, async scene => {
        const load = await begin(workload, scene, 'killing')
        const kills = await killEverySecond(scene.cluster, seconds)
        assert.ok(kills > 0, 'no node was killed')
        await scene.cluster.allReady()
        say(`${kills} kills, ${await load.end()} steps done`)
      }),
  }
}

/** Of those that are ready, as long as another one is: a node that is killed while it starts shows nothing. */
async function killEverySecond(cluster: RealCluster, seconds: number): Promise<number> {
  const began = performance.now()
  let kills = 0
  for (let second = 1; second <= seconds; second++) {
    await untilTime(began + second * 1_000)
    const ready = (await cluster.nodes()).filter(({ state }) => state === 'ready')
    if (ready.length < 2) continue
    const { id: node } = oneOf(ready)
    await cluster.fault({ kind: 'kill', node })
    await cluster.fault({ kind: 'restart', node })
    kills += 1
  }
  return kills
}

const inTurn: readonly WorkloadName[] = ['register', 'shop', 'append', 'bank']

const atOnce: Stage = {
  name: 'kill-all',
  summary: 'launcher and all nodes are killed at once, under each load in turn',
  unit: 'cycles',
  long: 50,
  short: inTurn.length,
  run: (cycles, say) =>
    onCluster(say, async scene => {
      for (let cycle = 1; cycle <= cycles; cycle++) await killAll(cycle, scene, say)
    }),
}

async function killAll(cycle: number, scene: Scene, say: Say): Promise<void> {
  const { cluster } = scene
  const workload = inTurn[(cycle - 1) % inTurn.length] ?? 'register'
  const load = await begin(workload, scene, String(cycle))
  await cluster.killAll()
  await cluster.start('--faults')
  // Calls that were open at the crash are sent again by the client library, with the same ids.
  const done = await load.end()
  say(`cycle ${cycle}: ${workload}, ${done} steps done`)
}

export const killingStages = [killing('bank'), killing('shop'), killing('append'), atOnce]
