/** Power that goes away under load, and what is there when it is back. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { openSqlite } from '@synod/runtime/host'
import { Writers } from '../chaos/writers.ts'
import { until } from '../processes/cluster.fixture.ts'
import type { Nodes } from '../processes/nodes.fixture.ts'
import type { Site } from './site.ts'
import type { Volume } from './volume.ts'

/** Writes of a cycle before the power goes. */
const enough = 150
const mostMore = 600
/** On a machine that has other things to do. */
const writesWithinMs = 300_000

/**
 * Lets writers write for a while, then takes the power from these nodes, whose file systems are mounted again. Returns
 * those whose stores hold less than they had said.
 */
export async function losePower(site: Site, who: readonly string[], writers: Writers): Promise<string[]> {
  const { nodes, volumes } = site
  const wanted = enough + Math.floor(Math.random() * mostMore)
  await until(`${wanted} writes`, () => writers.writes >= wanted, writesWithinMs)
  const said = await Promise.all(who.map(id => nodes.standing(id)))
  await Promise.all(who.map(id => volumeOf(volumes, id).losePower()))
  await Promise.all(who.map(id => nodes.stop(id, 'SIGKILL')))
  for (const id of who) {
    volumeOf(volumes, id).unmount()
    volumeOf(volumes, id).mount()
  }
  return who.filter((id, at) => turnOnDisk(nodes, id) < (said[at]?.turn ?? 0))
}

/**
 * One cycle that must cost nothing: no acknowledged write is missing, and no store holds less than its node had said.
 */
export async function expectKept(site: Site, who: readonly string[], cycle: number): Promise<number> {
  const { nodes } = site
  const urls = nodes.ids.map(id => nodes.url(id))
  const before = await livesOf(nodes)
  const writers = new Writers(urls, `cycle${cycle}`)
  try {
    const forgot = await losePower(site, who, writers)
    for (const id of who) nodes.start(id)
    await nodes.allReady()
    await writers.stop()
    assert.deepEqual(forgot, [], 'stores that hold less than their node had said')
    assert.deepEqual(await writers.wrong(urls), [], 'writes that were acknowledged')
    assert.deepEqual(await livesOf(nodes), before, 'nodes that were seen to have forgotten something')
  } finally {
    await writers.stop()
  }
  return writers.writes
}

async function livesOf(nodes: Nodes): Promise<string[]> {
  return Promise.all(nodes.ids.map(async id => (await nodes.standing(id)).incarnation))
}

/** At NORMAL the file itself may be gone. */
function turnOnDisk(nodes: Nodes, id: string): number {
  if (!existsSync(join(nodes.data(id), 'node.db'))) return 0
  const store = openSqlite(nodes.data(id), { readOnly: true })
  try {
    return store.turn()
  } finally {
    store.close()
  }
}

function volumeOf(volumes: Site['volumes'], id: string): Volume {
  const volume = volumes.get(id)
  if (volume === undefined) throw new Error(`${id} has no volume`)
  return volume
}
