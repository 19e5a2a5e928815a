/** Hosts whose cable is pulled while writers write: the others go on, the one alone answers nothing from the past. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { Writers } from '../chaos/writers.ts'
import { main, until } from '../processes/cluster.fixture.ts'
import { Nodes, token } from '../processes/nodes.fixture.ts'
import type { Network } from './network.ts'

const run = promisify(execFile)
const port = 8001
const deadlineMs = 3_000
/** Longer than a client needs to see that its node is gone, so that no write ends open. */
const clientDeadlineMs = 30_000
const group = 'kv.0'

export const hosts = ['n1', 'n2', 'n3'] as const

export function nodesOn(network: Network): Nodes {
  return new Nodes({
    members: Object.fromEntries(hosts.map(host => [host, `${network.address(host)}:${port}`])),
    command: host => [...network.on(host), process.execPath, main, 'node', '--config'],
    config: { access: { tokenFile: 'token' }, deadlineMs },
    elsewhere: true,
  })
}

/** A cluster over three hosts, and its cuts, one after the other: of a leader, and of one that follows. */
export async function cutEach(network: Network, nodes: Nodes, cycles: number): Promise<number> {
  await nodes.startAll()
  const urls = nodes.ids.map(id => nodes.url(id))
  const options = { token, deadlineMs: clientDeadlineMs }
  const writers = new Writers(urls, 'hosts', options)
  try {
    for (let cycle = 0; cycle < cycles; cycle++) {
      const leader = await leaderOf(nodes, hosts[cycle % hosts.length] ?? 'n1')
      const host = cycle % 2 === 0 ? leader : (hosts.find(one => one !== leader) ?? leader)
      await cutOff(network, nodes, host, writers)
      console.log(
        `    cut ${cycle + 1}: ${host}${host === leader ? ', which led' : ''}; ${writers.writes} writes so far`,
      )
    }
  } finally {
    await writers.stop()
  }
  assert.deepEqual(await writers.wrong(urls, options), [], 'writes that were acknowledged')
  await nodes.verified()
  return writers.writes
}

async function cutOff(network: Network, nodes: Nodes, host: string, writers: Writers): Promise<void> {
  const witness = hosts.find(one => one !== host) ?? host
  await writesGoOn(writers)
  network.cut(host)
  try {
    await until('another leads', async () => (await leaderOf(nodes, witness)) !== host)
    await writesGoOn(writers)
    const status = await readAlone(network, nodes, host)
    assert.ok(status === '503' || status === '504', `the host that is cut off answered a read with ${status}`)
  } finally {
    network.heal(host)
  }
  await until(
    'it has caught up',
    async () => (await appliedOf(nodes, host)) >= (await appliedOf(nodes, witness)) - 50,
  )
}

async function writesGoOn(writers: Writers): Promise<void> {
  const before = writers.writes
  await until('writes go on', () => writers.writes > before + 100)
}

/** Asked on the host itself, by a caller that may ask. */
async function readAlone(network: Network, nodes: Nodes, host: string): Promise<string> {
  const [program = '', ...args] = network.on(host)
  const ask = `const headers = { Authorization: 'Bearer ${token}' }
    console.log((await fetch('${nodes.url(host)}/kv/kv/hosts-0', { headers })).status)`
  const script = [process.execPath, '--input-type=module', '-e', ask]
  return (await run(program, [...args, ...script])).stdout.trim()
}

/** As a node believes, which for a moment may be nobody. */
async function leaderOf(nodes: Nodes, node: string): Promise<string> {
  let leader: string | null | undefined
  await until(`${group} has a leader`, async () => {
    leader = (await nodes.groups(node)).find(one => one.group === group)?.leader
    return typeof leader === 'string'
  })
  return leader ?? ''
}

async function appliedOf(nodes: Nodes, node: string): Promise<number> {
  return (await nodes.groups(node)).find(one => one.group === group)?.applied ?? 0
}
