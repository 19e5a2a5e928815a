/** Nodes that nobody launched: one process per configuration file, as on machines of their own. */
import { execFile } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { freeBasePort } from '../../cluster/src/launcher/ports.fixture.ts'
import { nodeFlags } from '../../cluster/src/node/memory-bounds.ts'
import { cli, until } from './cluster.fixture.ts'
import { localMembers, Nodes } from './nodes.fixture.ts'

let base = 0
let nodes: Nodes
beforeEach(async () => {
  base = await freeBasePort()
  nodes = new Nodes({ members: localMembers(base) })
})
afterEach(() => nodes.destroy())

const url = (id: string) => nodes.url(id)

describe('nodes without a launcher', () => {
  test('find each other, serve, are looked at by URL, and end with 0 on SIGTERM', async () => {
    const started = nodes.ids.map(id => nodes.start(id))
    await nodes.allReady()
    expect(await cli('kv', 'put', 'a', '1', '--url', url('n2'))).toMatchObject({ code: 0, stderr: '' })
    const status = await cli('status', '--url', url('n3'), '--json')
    expect(JSON.parse(status.stdout)).toMatchObject({
      cluster: 'test',
      nodes: nodes.ids.map(id => ({ id, state: 'ready' })),
    })
    for (const { pid } of started) {
      const { stdout } = await promisify(execFile)('ps', ['-o', 'args=', '-p', String(pid)])
      expect(stdout).toContain(nodeFlags.join(' '))
    }
    await nodes.stopAll()
    expect(await Promise.all(started.map(({ ended }) => ended))).toEqual([0, 0, 0])
  })

  test('one alone waits, and says for whom; with a second one it serves', async () => {
    const first = nodes.start('n1')
    await until('it waits', () => first.said().includes('waiting for other members'))
    expect((await fetch(`${url('n1')}/readyz`)).status).toBe(503)
    expect((await fetch(`${url('n1')}/stock/find/1`)).status).toBe(503)
    nodes.start('n2')
    await nodes.ready('n1')
  })

  test('with another secret than the others it is not let in', async () => {
    writeFileSync(join(nodes.folder, 'other'), 'a secret that nobody else knows\n')
    nodes.configure('n3', { secretFile: 'other' })
    const first = nodes.start('n1')
    nodes.start('n2')
    await Promise.all(['n1', 'n2'].map(id => nodes.ready(id)))
    nodes.start('n3')
    await until('the log says why', () => /"peer":"n3","why":"[^"]*wrong cluster secret/.test(first.said()))
    expect((await fetch(`${url('n3')}/readyz`)).status).toBe(503)
  })

  test('on an address that others reach it needs a token, which callers from elsewhere must show', async () => {
    nodes.configure('n1', { listen: `0.0.0.0:${base + 1}` })
    const refused = nodes.start('n1')
    expect(await refused.ended).toBe(2)
    expect(refused.said()).toContain('lets other machines in, and no access token is set')
    nodes.configure('n1', { listen: `0.0.0.0:${base + 1}`, access: { tokenFile: 'token' } })
    nodes.start('n1')
    await until('it listens', async () => (await fetch(`${url('n1')}/healthz`)).status === 200)
    const passedOn = { 'X-Forwarded-For': '10.0.0.1' }
    expect((await fetch(`${url('n1')}/stock/find/1`, { headers: passedOn })).status).toBe(401)
    const shown = { ...passedOn, Authorization: 'Bearer a token that callers show' }
    expect((await fetch(`${url('n1')}/stock/find/1`, { headers: shown })).status).toBe(503)
  })

  test('configured differently do not talk, and status says what differs', async () => {
    nodes.configure('n3', { keyspaces: { kv: { shards: 5 } } })
    for (const id of nodes.ids) nodes.start(id)
    await Promise.all(['n1', 'n2'].map(id => nodes.ready(id)))
    const seen = async () => JSON.parse((await cli('status', '--url', url('n1'), '--json')).stdout)
    await until('both links to n3 are refused', async () => (await seen()).disagreements.length === 2)
    const [first] = (await seen()).disagreements as readonly string[]
    expect(first).toMatch(
      /^n1 – n3: give both nodes the same keyspaces: n\d has kv: \{ shards: \d \}, n\d kv: \{ shards: \d \}$/,
    )
    const { stdout } = await cli('status', '--url', url('n3'))
    expect(stdout).toContain(`disagree ${first}`)
    for (const id of ['n1', 'n3']) expect(nodes.running(id)?.said()).toContain('disagree: give both nodes')
    expect((await fetch(`${url('n3')}/readyz`)).status).toBe(503)
    await nodes.stop('n3')
    nodes.configure('n3')
    rmSync(nodes.data('n3'), { recursive: true })
    nodes.start('n3')
    await nodes.ready('n3')
    await until('all agree', async () => (await seen()).disagreements.length === 0)
  })

  test('a file that cannot work ends it with 2 and the line', async () => {
    writeFileSync(nodes.file('n1'), 'cluster: test\nnode: n1\nmembrs: {}\n')
    const { ended, said } = nodes.start('n1')
    expect(await ended).toBe(2)
    expect(said()).toContain(`${nodes.file('n1')}:3: unknown key "membrs"; did you mean "members"?`)
  })
})
