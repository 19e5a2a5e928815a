/** Nodes that nobody launched: one process per configuration file, as on machines of their own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { cli, freeBasePort, until } from './cluster.fixture.ts'

const main = join(import.meta.dirname, '..', '..', 'cluster', 'src', 'cli', 'main.ts')
const ids = ['n1', 'n2', 'n3']
let folder = ''
let base = 0
const running = new Map<string, ChildProcess>()

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'synod-nodes-'))
  base = await freeBasePort()
  writeFileSync(join(folder, 'secret'), 'a secret that all three nodes share\n')
  writeFileSync(join(folder, 'token'), 'a token that callers show\n')
  for (const id of ids) configure(id, {})
})
afterEach(async () => {
  for (const id of [...running.keys()]) await stop(id)
  rmSync(folder, { recursive: true })
})

const port = (id: string) => base + 1 + ids.indexOf(id)
const url = (id: string) => `http://127.0.0.1:${port(id)}`
const file = (id: string) => join(folder, `${id}.yaml`)

function configure(id: string, more: Readonly<Record<string, unknown>>): void {
  const members = Object.fromEntries(ids.map(one => [one, `127.0.0.1:${port(one)}`]))
  const config = { cluster: 'test', node: id, members, data: `./${id}`, secretFile: 'secret', ...more }
  writeFileSync(file(id), JSON.stringify(config))
}

function start(id: string): { readonly ended: Promise<number | null>; readonly said: () => string } {
  const child = spawn(process.execPath, [main, 'node', '--config', file(id)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.set(id, child)
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (data: Buffer) => {
      said += data.toString()
    })
  }
  const ended = new Promise<number | null>(resolve => {
    child.once('exit', code => {
      running.delete(id)
      resolve(code)
    })
  })
  return { ended, said: () => said }
}

async function stop(id: string): Promise<void> {
  const child = running.get(id)
  if (child === undefined) return
  const ended = new Promise(resolve => child.once('exit', resolve))
  child.kill('SIGTERM')
  await ended
}
const ready = (id: string) =>
  until(`${id} is ready`, async () => (await fetch(`${url(id)}/readyz`)).status === 200)

describe('nodes without a launcher', () => {
  test('find each other, serve, are looked at by URL, and end with 0 on SIGTERM', async () => {
    const started = ids.map(id => start(id))
    await Promise.all(ids.map(ready))
    expect(await cli('kv', 'put', 'a', '1', '--url', url('n2'))).toMatchObject({ code: 0, stderr: '' })
    const status = await cli('status', '--url', url('n3'), '--json')
    expect(JSON.parse(status.stdout)).toMatchObject({
      cluster: 'test',
      nodes: ids.map(id => ({ id, state: 'ready' })),
    })
    await Promise.all(ids.map(stop))
    expect(await Promise.all(started.map(({ ended }) => ended))).toEqual([0, 0, 0])
  })

  test('one alone waits, and says for whom; with a second one it serves', async () => {
    const first = start('n1')
    await until('it waits', () => first.said().includes('waiting for other members'))
    expect((await fetch(`${url('n1')}/readyz`)).status).toBe(503)
    expect((await fetch(`${url('n1')}/stock/find/1`)).status).toBe(503)
    start('n2')
    await ready('n1')
  })

  test('with another secret than the others it is not let in', async () => {
    writeFileSync(join(folder, 'other'), 'a secret that nobody else knows\n')
    configure('n3', { secretFile: 'other' })
    const first = start('n1')
    start('n2')
    await Promise.all(['n1', 'n2'].map(ready))
    start('n3')
    await until('the log says why', () => /"peer":"n3","why":"[^"]*wrong cluster secret/.test(first.said()))
    expect((await fetch(`${url('n3')}/readyz`)).status).toBe(503)
  })

  test('on an address that others reach it needs a token, which callers from elsewhere must show', async () => {
    configure('n1', { listen: `0.0.0.0:${port('n1')}` })
    const refused = start('n1')
    expect(await refused.ended).toBe(2)
    expect(refused.said()).toContain('lets other machines in, and no access token is set')
    configure('n1', { listen: `0.0.0.0:${port('n1')}`, access: { tokenFile: 'token' } })
    start('n1')
    await until('it listens', async () => (await fetch(`${url('n1')}/healthz`)).status === 200)
    const passedOn = { 'X-Forwarded-For': '10.0.0.1' }
    expect((await fetch(`${url('n1')}/stock/find/1`, { headers: passedOn })).status).toBe(401)
    const shown = { ...passedOn, Authorization: 'Bearer a token that callers show' }
    expect((await fetch(`${url('n1')}/stock/find/1`, { headers: shown })).status).toBe(503)
  })

  test('a file that cannot work ends it with 2 and the line', async () => {
    writeFileSync(file('n1'), 'cluster: test\nnode: n1\nmembrs: {}\n')
    const { ended, said } = start('n1')
    expect(await ended).toBe(2)
    expect(said()).toContain(`${file('n1')}:3: unknown key "membrs"; did you mean "members"?`)
  })
})
