/** kill -9 under load: of a random node every second, and of everything at once. What was acknowledged stays. */
import { join } from 'node:path'
import { Load, type LoadOptions, type WorkloadName } from '../processes/load.fixture.ts'
import { nodeIds, onCluster, oneOf, type Say, type Scene, type Stage } from './stage.ts'

/** A load whose findings or history are checked when it has ended. */
function begin(
  workload: WorkloadName,
  { cluster, folder }: Scene,
  options: LoadOptions & { name: string },
): Load {
  const history = workload === 'append' || workload === 'register'
  return new Load(workload, cluster.dashboard, {
    ...options,
    ...(history ? { history: join(folder, `${workload}-${options.name}.jsonl`) } : {}),
    ...(workload === 'shop' ? { create: true, keys: 50 } : {}),
  })
}

function killing(workload: 'bank' | 'shop' | 'append'): Stage {
  return {
    name: `kill-${workload}`,
    summary: `a random node is killed every second, under ${workload} load`,
    unit: 'seconds',
    long: 120,
    short: 7,
    run: (seconds, say) =>
      onCluster(say, async scene => {
        const load = begin(workload, scene, { seconds, name: 'killing' })
        await load.underWay()
        const kills = await killEverySecond(scene, seconds - 2)
        const done = await load.result()
        say(`${kills} kills, ${done} steps done`)
      }),
  }
}

/** The last one is given time to come back before the load ends and is summed up. */
async function killEverySecond({ cluster }: Scene, seconds: number): Promise<number> {
  const began = performance.now()
  let kills = 0
  for (let second = 1; second < seconds; second++) {
    await new Promise(resolve => setTimeout(resolve, began + second * 1_000 - performance.now()))
    const node = oneOf(nodeIds)
    await cluster.fault({ kind: 'kill', node })
    await cluster.fault({ kind: 'restart', node })
    kills += 1
  }
  await cluster.allReady()
  return kills
}

const atOnce: Stage = {
  name: 'kill-all',
  summary: 'launcher and all nodes are killed at once, under each load in turn',
  unit: 'cycles',
  long: 50,
  short: 2,
  run: (cycles, say) =>
    onCluster(say, async scene => {
      for (let cycle = 1; cycle <= cycles; cycle++) await killAll(cycle, scene, say)
    }),
}

const inTurn: readonly WorkloadName[] = ['register', 'shop', 'append', 'bank']

async function killAll(cycle: number, scene: Scene, say: Say): Promise<void> {
  const { cluster } = scene
  const workload = inTurn[(cycle - 1) % inTurn.length] ?? 'register'
  const load = begin(workload, scene, { seconds: 8, name: String(cycle) })
  await load.underWay()
  await cluster.killAll()
  await cluster.start('--faults')
  // Calls that were open at the crash are sent again by the client library, with the same ids.
  const done = await load.result()
  say(`cycle ${cycle}: ${workload}, ${done} steps done`)
}

export const killingStages = [killing('bank'), killing('shop'), killing('append'), atOnce]
