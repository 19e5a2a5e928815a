/** Real processes, one cluster of one node at a time: what the launcher does with them. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { clusterCommand } from '../config/command.ts'
import { type ClusterFlags, loadClusterConfig } from '../config/config.ts'
import { readRunning } from './data-folder.ts'
import { Launcher } from './launcher.ts'
import { freeBasePort } from './ports.fixture.ts'
import { isAlive, type ProcessId } from './process-id.ts'

let data = ''
let launcher: Launcher | undefined
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'synod-launcher-'))
})
afterEach(async () => {
  await launcher?.stop()
  launcher = undefined
  rmSync(data, { recursive: true })
})

async function start(flags: ClusterFlags = {}, fresh = false, file?: string): Promise<Launcher> {
  const config = loadClusterConfig(file, { nodes: 1, data, port: await freeBasePort(), ...flags }, data)
  launcher = await Launcher.start(config, { fresh })
  return launcher
}

function only(of: Launcher) {
  const [node] = of.nodes
  if (node === undefined) throw new Error('there is no node')
  return node
}
function processOf(of: Launcher): ProcessId {
  const id = only(of).process
  if (id === undefined) throw new Error(`node is ${only(of).state}`)
  return id
}
const until = (condition: () => boolean, what: string) =>
  expect.poll(condition, { timeout: 15_000, message: what }).toBe(true)

describe('a local cluster', () => {
  test('runs, is described in its folder, and leaves no process and no claim behind', async () => {
    const running = await start()
    const id = processOf(running)
    expect(isAlive(id)).toBe(true)
    const view = (await (await fetch(`${running.dashboard}/api/cluster`)).json()) as { nodes: unknown[] }
    expect(view.nodes).toMatchObject([{ id: 'n1', state: 'ready', pid: id.pid, restarts: 0 }])
    expect(await (await fetch(running.dashboard)).text()).toContain('<span>ready</span>')
    // Ready is before elected.
    await expect
      .poll(() => running.led(), { timeout: 15_000 })
      .toEqual({ by: new Map([['n1', ['directory', 'kv.0', 'orders.0', 'stock.0']]]), groups: 4, led: 4 })
    expect(readRunning(data)).toMatchObject({
      dashboard: running.dashboard,
      nodes: [{ id: 'n1', process: id }],
    })
    expect(statSync(join(data, 'secret')).mode & 0o077).toBe(0)
    expect(statSync(join(data, 'cluster.json')).mode & 0o077).toBe(0)
    expect((await fetch(`${running.dashboard}/api/faults`)).status).toBe(404)
    await running.stop()
    expect(isAlive(id)).toBe(false)
    expect(readRunning(data)).toBeUndefined()
    expect(existsSync(join(data, 'launcher.lock'))).toBe(false)
  })

  test('starts a node again that was killed from outside', async () => {
    const running = await start()
    const first = processOf(running)
    process.kill(first.pid, 'SIGKILL')
    await until(() => only(running).state === 'ready' && only(running).process?.pid !== first.pid, 'restart')
    expect(only(running).status().restarts).toBe(1)
  })

  test('goes on where it cannot note its nodes, and does not start there', async () => {
    const running = await start()
    const first = processOf(running)
    // In the way of what is written first, as a full disk is.
    mkdirSync(join(data, `cluster.json.${process.pid}`))
    process.kill(first.pid, 'SIGKILL')
    await until(() => only(running).state === 'ready' && only(running).process?.pid !== first.pid, 'restart')
    await running.stop()
    await expect(start()).rejects.toThrow('EISDIR')
    expect(readRunning(data)).toBeUndefined()
  })

  test('leaves it down with --no-restart', async () => {
    const running = await start({ restart: false })
    process.kill(processOf(running).pid, 'SIGKILL')
    await until(() => only(running).state === 'stopped', 'stopped')
    expect(only(running).detail).toBe('ended by signal SIGKILL')
  })

  test('goes on from its data, and starts empty with --fresh', async () => {
    const { cluster } = await start()
    await launcher?.stop()
    expect((await start()).cluster).toBe(cluster)
    await launcher?.stop()
    expect((await start({}, true)).cluster).not.toBe(cluster)
  })
})

test('a configuration file that leaves groups to the defaults goes on with those of the data', async () => {
  const files = mkdtempSync(join(tmpdir(), 'synod-files-'))
  const file = (name: string, text: string) => {
    writeFileSync(join(files, name), text)
    return join(files, name)
  }
  const groups = async (running: Launcher) => {
    const answer = await fetch(`${only(running).spec.url}/admin/groups`)
    return ((await answer.json()) as { group: string }[]).map(({ group }) => group).sort()
  }
  const first = await start({}, false, file('first.yaml', 'keyspaces: { payment: { groups: 1 } }'))
  const made = await groups(first)
  expect(made).toContain('payment.0')
  await first.stop()
  expect(await groups(await start({}, false, file('second.yaml', 'deadlineMs: 5000')))).toEqual(made)
  rmSync(files, { recursive: true })
})

describe('faults', () => {
  async function order(running: Launcher, body: object): Promise<Response> {
    return fetch(`${running.dashboard}/api/faults`, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'Content-Type': 'application/json' },
    })
  }

  test('kill stays down until restart; pause and resume keep the process', async () => {
    const running = await start({ faults: true })
    const node = only(running)
    const first = processOf(running)
    expect((await order(running, { kind: 'kill', node: 'n1' })).status).toBe(200)
    await until(() => node.process === undefined, 'the launcher has noticed')
    expect([isAlive(first), node.state]).toEqual([false, 'killed'])
    expect((await order(running, { kind: 'pause', node: 'n1' })).status).toBe(409)
    await order(running, { kind: 'restart', node: 'n1' })
    await until(() => node.state === 'ready', 'restarted')
    const second = processOf(running)
    await order(running, { kind: 'pause', node: 'n1' })
    expect(stateOf(second)).toBe('T')
    expect(await (await fetch(`${running.dashboard}/api/faults`)).json()).toMatchObject([{ id: 'pause-n1' }])
    await fetch(`${running.dashboard}/api/faults`, { method: 'DELETE' })
    expect([node.state, node.process]).toEqual(['ready', second])
    expect(await (await fetch(`${running.dashboard}/api/faults`)).json()).toEqual([])
  })

  test('a paused node is stopped like any other', async () => {
    const running = await start({ faults: true })
    const id = processOf(running)
    await order(running, { kind: 'pause', node: 'n1' })
    await running.stop()
    expect(isAlive(id)).toBe(false)
    // In an orderly way, not by being killed when the patience ran out.
    expect(readFileSync(only(running).spec.logFile, 'utf8')).toContain('"msg":"stopped"')
  })

  test('rules reach the node, survive its restart, and go with reset', async () => {
    const running = await start({ faults: true })
    const rules = async () => (await fetch(`${only(running).spec.url}/admin/faults`)).json()
    await order(running, { kind: 'delay', delayMs: 5, to: 'n1', messageType: 'accept' })
    const wanted = [{ id: 'delay-1', action: 'delay', delayMs: 5, to: 'n1', messageType: 'accept' }]
    expect(await rules()).toMatchObject(wanted)
    await order(running, { kind: 'restart', node: 'n1' })
    await until(() => only(running).state === 'ready', 'restarted')
    await expect.poll(rules, { timeout: 5000 }).toMatchObject(wanted)
    await fetch(`${running.dashboard}/api/faults`, { method: 'DELETE' })
    expect(await rules()).toEqual([])
  })
})

describe('a start that cannot be', () => {
  test('on a folder where a cluster runs says so', async () => {
    const { dashboard } = await start()
    const again = start()
    await expect(again).rejects.toThrow(
      `a cluster runs already on ${data} (${dashboard}); end it with: ${clusterCommand} stop --data ${data}`,
    )
  })

  test('on a taken node port says who holds it, and leaves nothing running', async () => {
    const port = await freeBasePort()
    const holder = createServer()
    await new Promise<void>(resolve => holder.listen(port + 1, '127.0.0.1', resolve))
    await expect(start({ port })).rejects.toThrow(`n1: port ${port + 1} is taken`)
    expect(readdirSync(data)).toEqual([])
    await new Promise(resolve => holder.close(resolve))
    await start({ port })
  })

  test('on a taken port with --fresh keeps the data', async () => {
    const { cluster } = await start()
    await launcher?.stop()
    const port = await freeBasePort()
    const holder = createServer()
    await new Promise<void>(resolve => holder.listen(port, '127.0.0.1', resolve))
    await expect(start({ port }, true)).rejects.toThrow(`port ${port} is taken`)
    await new Promise(resolve => holder.close(resolve))
    expect((await start()).cluster).toBe(cluster)
  })

  test('with another number of nodes than its data was made with', async () => {
    await start()
    await launcher?.stop()
    await expect(start({ nodes: 3 })).rejects.toThrow(
      `${data} was made with 1 nodes, not 3; give the same, or else another --data, or --fresh`,
    )
  })

  test('with a store that is not one says what the node said', async () => {
    const running = await start()
    await running.stop()
    const store = join(data, 'n1', 'node.db')
    for (const suffix of ['-wal', '-shm']) rmSync(store + suffix, { force: true })
    writeFileSync(store, 'not a store '.repeat(1000))
    await expect(start()).rejects.toThrow(`n1: ${store}: not a node's store`)
    expect(readRunning(data)).toBeUndefined()
  })
})

/** As `/proc` has it: T is stopped. */
function stateOf({ pid }: ProcessId): string {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3)
}
