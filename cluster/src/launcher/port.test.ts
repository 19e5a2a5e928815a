/** A node that ended and cannot start again: it waits for its port, and says what to do about anything else. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest'
import { clusterCommand } from '../config/command.ts'
import { loadClusterConfig } from '../config/config.ts'
import { Launcher } from './launcher.ts'
import type { NodeProcess, NodeState } from './node-process.ts'
import { freeBasePort } from './ports.fixture.ts'

let data = ''
let launcher: Launcher
let node: NodeProcess
beforeEach(async () => {
  data = mkdtempSync(join(tmpdir(), 'synod-port-'))
  const config = loadClusterConfig(undefined, { nodes: 1, data, port: await freeBasePort() }, data)
  launcher = await Launcher.start(config, { fresh: false })
  const [first] = launcher.nodes
  if (first === undefined) throw new Error('there is no node')
  node = first
})
afterEach(async () => {
  await launcher.stop()
  rmSync(data, { recursive: true })
})

const poll = { timeout: 15_000 }
async function isNow(state: NodeState): Promise<void> {
  await expect.poll(() => `${node.state} ${node.detail}`, poll).toMatch(new RegExp(`^${state} `))
}
function kill(): void {
  if (node.process !== undefined) process.kill(node.process.pid, 'SIGKILL')
}

test('waits for a port that another process has, and starts when it is free', async () => {
  const { port } = node.spec.listen
  const text = (pid: number) =>
    new RegExp(
      `^port ${port} is taken by process ${pid}: .*; stop it: the node starts as soon as the port is free$`,
    )
  const holder = createServer()
  kill()
  // Before the node starts again, which it does a second later.
  await expect.poll(() => node.process, poll).toBeUndefined()
  await new Promise<void>(resolve => holder.listen(port, '127.0.0.1', resolve))
  await expect.poll(() => node.detail, poll).toMatch(text(process.pid))
  expect(node.state).toBe('waiting')

  const file = join(data, 'holder.cjs')
  writeFileSync(
    file,
    "process.once('message', (_, server) => { globalThis.kept = server; process.send('kept') })",
  )
  const other = fork(file, { execArgv: [] })
  onTestFinished(() => void other.kill('SIGKILL'))
  other.send('take', holder)
  await once(other, 'message')
  await new Promise(resolve => holder.close(resolve))
  await expect.poll(() => node.detail, poll).toMatch(text(other.pid ?? 0))

  other.kill('SIGKILL')
  await isNow('ready')
  expect(node.status().restarts).toBe(1)
})

test('stays down where waiting would not help, and says what to do', async () => {
  writeFileSync(node.spec.configFile, 'nod: n1')
  kill()
  await isNow('refused')
  await expect
    .poll(() => node.detail, poll)
    .toMatch(new RegExp(` – then: ${clusterCommand} stop --data ${data}, and start the cluster as before$`))
})
