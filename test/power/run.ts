/**
 * `pnpm test:power`: nodes on file systems that lose their power, one and all, under load. What was acknowledged must
 * be there afterwards. As root.
 *
 * A control run shows that this can fail: nodes that commit at synchronous=NORMAL (a program that only tests start)
 * must lose something, or the runs before prove nothing.
 */
import assert from 'node:assert/strict'
import { readArguments } from '../arguments.ts'
import { disk } from '../chaos/disk-node.ts'
import { nodeIds } from '../chaos/stage.ts'
import { Writers } from '../chaos/writers.ts'
import { until } from '../processes/cluster.fixture.ts'
import { expectKept, losePower } from './losses.ts'
import { onVolumes, type Site } from './site.ts'
import { missing } from './volume.ts'

const { numbers } = readArguments(['cycles', 'control'], {
  usage: 'pnpm test:power [--cycles N] [--control N]',
})
const { cycles = 200, control: controls = 10 } = numbers

/** All three lose it, or one of them does: in turn. */
function whoLoses(cycle: number): readonly string[] {
  return cycle % 2 === 0 ? nodeIds : [nodeIds[((cycle - 1) / 2) % nodeIds.length] ?? 'n1']
}

async function kept(): Promise<string> {
  let writes = 0
  await onVolumes(async site => {
    await site.nodes.startAll()
    for (let cycle = 1; cycle <= cycles; cycle++) {
      writes += await expectKept(site, whoLoses(cycle), cycle)
      console.log(`    cycle ${cycle}: ${writes} acknowledged writes, none lost`)
    }
    await site.nodes.verified()
  })
  return `${cycles} losses of power, ${writes} acknowledged writes, none lost`
}

/** Each from empty volumes: a cluster of which everybody has forgotten something may stop for good. */
async function control(): Promise<string> {
  const lost = { stores: 0, writes: 0, stopped: 0 }
  for (let cycle = 1; cycle <= controls; cycle++) {
    await onVolumes(async site => {
      await site.nodes.startAll(disk({ forgetful: true }))
      const { stores, counters } = await loseAtNormal(site)
      lost.stores += stores
      if (counters === undefined) lost.stopped += 1
      else lost.writes += counters
    })
  }
  const found =
    `${lost.stores} stores of ${controls * nodeIds.length} held less than their node had said; ` +
    `${lost.writes} counters were behind what was acknowledged, ${lost.stopped} clusters stopped`
  assert.ok(lost.stores > 0 && lost.writes + lost.stopped > 0, `the control lost nothing: ${found}`)
  return found
}

/** How long it may take until nodes that forgot have found out what they may still do. */
const settleMs = 15_000

async function loseAtNormal(site: Site): Promise<{ stores: number; counters?: number }> {
  const { nodes } = site
  const urls = nodes.ids.map(id => nodes.url(id))
  const writers = new Writers(urls, 'control')
  const stores = (await losePower(site, nodeIds, writers)).length
  for (const id of nodeIds) nodes.start(id, disk({ forgetful: true }))
  await writers.stop()
  try {
    await nodes.allReady()
    let counters = 0
    const read = async () => {
      counters = (await writers.wrong(urls)).length
      return true
    }
    await until('the counters can be read', read, settleMs)
    return { stores, counters }
  } catch (error) {
    console.log(`    it stopped: ${error instanceof Error ? error.message.slice(0, 300) : String(error)}`)
    return { stores }
  }
}

const problem = missing()
if (problem !== undefined) {
  console.error(`test:power cannot run here: ${problem}`)
  process.exit(1)
}
let passed = 0
for (const [name, part] of [
  ['power', kept],
  ['control at NORMAL', control],
] as const) {
  console.log(`\n=== ${name}`)
  try {
    console.log(`${name} passed: ${await part()}`)
    passed += 1
  } catch (error) {
    console.log(`${name} FAILED:`, error)
  }
}
console.log(`\n${passed} passed, ${2 - passed} failed`)
process.exit(passed === 2 ? 0 : 1)
