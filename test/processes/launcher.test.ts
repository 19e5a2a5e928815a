/** The launcher as its user meets it: one line when ready, restarts, and no process left behind, however it ends. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { cli, RealCluster, until } from './cluster.fixture.ts'

let cluster: RealCluster
beforeEach(async () => {
  cluster = await RealCluster.start('--faults')
})
afterEach(() => cluster.destroy())

describe('a detached cluster', () => {
  test('kill -9 of one node: it comes back by itself, and serves', async () => {
    const pid = await cluster.signal('n2', 'SIGKILL')
    await until('n2 runs again', async () => {
      const n2 = (await cluster.nodes()).find(node => node.id === 'n2')
      return n2?.state === 'ready' && n2.pid !== pid
    })
    const put = await cluster.cli('kv', 'put', 'a', '1')
    expect(put).toMatchObject({ code: 0, stderr: '' })
    const get = await fetch(`${cluster.url(1)}/kv/kv/a`)
    expect(await get.json()).toMatchObject({ value: 1 })
  })

  test('a second start on its data is refused, and disturbs nothing', async () => {
    const before = cluster.processes().map(({ pid }) => pid)
    const again = await cli('start', '--detach', '--json', '--data', cluster.data, '--port', '19000')
    expect(again).toMatchObject({ code: 1, stdout: '' })
    expect(again.stderr).toContain(`a cluster runs already on ${cluster.data} (${cluster.dashboard})`)
    // The launcher that was refused may still be on its way out.
    await until('the same processes run', () =>
      isDeepStrictEqual(
        cluster.processes().map(({ pid }) => pid),
        before,
      ),
    )
  })

  test('stop leaves no process, also of nodes that are paused or down', async () => {
    await cluster.cli('fault', 'pause', 'n1')
    await cluster.cli('fault', 'kill', 'n3')
    await cluster.stop()
    expect(await cluster.cli('stop')).toMatchObject({
      code: 1,
      stderr: `no cluster runs on ${cluster.data}\n`,
    })
  })

  test('a launcher that is killed takes its nodes with it; the data is good for the next start', async () => {
    await cluster.cli('kv', 'put', 'kept', '"yes"')
    await killLauncher(cluster)
    await until('no orphan is left', () => cluster.processes().length === 0)
    await cluster.start()
    expect((await cluster.cli('kv', 'get', 'kept')).stdout).toContain('"yes"')
  })

  test('a paused node, which cannot see its launcher die, is ended by the next start', async () => {
    await cluster.cli('fault', 'pause', 'n2')
    await killLauncher(cluster)
    await until('only the paused node is left', () => cluster.processes().length === 1)
    await cluster.start()
    await cluster.stop()
  })

  test('a partition stops the smaller side, and heal ends it', async () => {
    await cluster.cli('fault', 'partition', 'n1,n2|n3')
    const links = async () =>
      (await (await fetch(`${cluster.url(2)}/admin/links`)).json()) as { reachable: boolean }[]
    await until('n3 suspects both', async () => (await links()).every(link => !link.reachable))
    const across = await fetch(`${cluster.url(0)}/kv/kv/b`, {
      method: 'PUT',
      body: '2',
      headers: { 'Content-Type': 'application/json' },
    })
    expect(across.status).toBe(200)
    expect((await cluster.cli('fault', 'heal')).stdout).toBe('all partitions ended\nnothing is broken now\n')
    await until('n3 reads what was written without it', async () => {
      const read = await fetch(`${cluster.url(2)}/kv/kv/b`)
      return read.status === 200 && ((await read.json()) as { value: unknown }).value === 2
    })
  })
})

test('in the foreground, Ctrl-C ends all', async () => {
  await cluster.stop()
  const main = join(import.meta.dirname, '..', '..', 'cluster', 'src', 'cli', 'main.ts')
  const args = [main, 'start', '--data', cluster.data, '--port', String(cluster.port)]
  const foreground = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'], detached: true })
  let out = ''
  foreground.stdout.on('data', (data: Buffer) => {
    out += data.toString()
  })
  const ended = new Promise(resolve => foreground.once('exit', resolve))
  await until('it is ready', () => out.includes('Ctrl-C'))
  expect(out).toContain(`n1        ${cluster.url(0)}`)
  // As the terminal does: to the whole group.
  process.kill(-(foreground.pid ?? 0), 'SIGINT')
  expect(await ended).toBe(0)
  expect(cluster.processes()).toEqual([])
})

async function killLauncher(of: RealCluster): Promise<void> {
  const launcher = of.processes().find(({ command }) => command.includes('launcher/main'))
  if (launcher === undefined) throw new Error('there is no launcher')
  process.kill(launcher.pid, 'SIGKILL')
  await until('the launcher is gone', () => of.processes().every(({ pid }) => pid !== launcher.pid))
}
