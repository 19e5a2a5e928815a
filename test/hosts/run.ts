/**
 * `pnpm test:hosts`: a cluster over several hosts, each a network namespace with an address of its own, started as on
 * machines: `cluster node --config`, a shared secret, a token for callers. Cables are pulled and put back under load.
 * As root.
 */
import { rmSync } from 'node:fs'
import { readArguments } from '../arguments.ts'
import { unlessInterrupted } from '../chaos/stage.ts'
import { cutEach, hosts, nodesOn } from './cuts.ts'
import { missing, Network } from './network.ts'

const { cycles = 10 } = readArguments(['cycles'], { usage: 'pnpm test:hosts [--cycles N]' }).numbers
const problem = missing()
if (problem !== undefined) {
  console.error(`test:hosts cannot run here: ${problem}`)
  process.exit(1)
}

const network = new Network(hosts)
const nodes = nodesOn(network)
const leave = async () => {
  await nodes.stopAll('SIGKILL')
  network.close()
}
let passed = 0
try {
  await unlessInterrupted(leave, async () => {
    network.open()
    console.log(
      `passed: ${cycles} cuts, ${await cutEach(network, nodes, cycles)} acknowledged writes, none lost`,
    )
    passed = 1
  })
} catch (error) {
  console.log(`FAILED (the data of the nodes is kept in ${nodes.folder}):`, error)
} finally {
  await leave()
}
if (passed === 1) rmSync(nodes.folder, { recursive: true })
console.log(`\n${passed} passed, ${1 - passed} failed`)
process.exit(1 - passed)
