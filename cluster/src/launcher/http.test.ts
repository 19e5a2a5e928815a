import { describe, expect, test } from 'vitest'
import { clusterCommand } from '../config/command.ts'
import { unfitType } from '../gateway/message-type.ts'
import { Faults } from './faults.ts'
import { type ClusterView, launcherApp } from './http.ts'
import type { NodeProcess, NodeStatus } from './node-process.ts'

const kinds = 'kill, pause, resume, restart, partition, heal, drop, delay, duplicate, reorder'
const view: ClusterView = {
  cluster: 'shop-<1>',
  data: '/data',
  launcherPid: 1,
  faultsAllowed: true,
  faults: [],
  nodes: [{ id: 'n1', url: 'http://127.0.0.1:8001', state: 'ready', pid: 5, restarts: 0, detail: '' }],
}
const nodes = [{ spec: { id: 'n1' }, state: 'ready', resume: () => false } as unknown as NodeProcess]
const led = () => Promise.resolve({ by: new Map([['n1', ['kv.0', 'orders.0']]]), groups: 4, led: 2 })
const unknown = () => Promise.resolve({ by: new Map(), groups: 0, led: 0 })
const nothing = () => Promise.resolve()
const allowed = () => new Faults(nodes, { add: nothing, remove: nothing, clear: nothing })

function appWith(faults: Faults | undefined) {
  const app = launcherApp({ view: () => view, led, faults })
  return async (path: string, init?: RequestInit) => {
    const response = await app.request(path, init)
    return { status: response.status, body: (await response.json()) as { type: string; detail: string } }
  }
}
const post = (body: unknown): RequestInit => ({ method: 'POST', body: JSON.stringify(body) })

describe('the base port', () => {
  test('shows the cluster as a page, what is text as text', async () => {
    const page = await (await launcherApp({ view: () => view, led, faults: undefined }).request('/')).text()
    expect(page).toContain('shop-&lt;1&gt;')
    expect(page).toContain('>kv.0, orders.0</td>')
    expect(page).toContain('>2 of 4 groups have a leader.<')
    expect(page).toContain(`${clusterCommand} status --data /data</code>`)
    expect(page).toContain('href="http://127.0.0.1:8001/openapi.json"')
  })

  test('shows a node that is not ready by more than colour, and why', async () => {
    const down = { ...view.nodes[0], state: 'refused', detail: 'a <b> file' } as NodeStatus
    const app = launcherApp({ view: () => ({ ...view, nodes: [down] }), led: unknown, faults: undefined })
    const page = await (await app.request('/')).text()
    expect(page).toContain('<span class="down">refused</span> (a &lt;b&gt; file)')
    expect(page).toContain('class="down">No node says which groups have a leader.<')
  })

  test.each<[unknown, number, string]>([
    [{ kind: 'kill', node: 'n9' }, 400, 'there is no node n9; there are n1'],
    [{ kind: 'partition', sides: [['n1'], ['n1']] }, 400, 'a node can be on one side only'],
    [{ kind: 'resume', node: 'n1' }, 409, 'cannot resume n1: it is ready'],
    [{ kind: 'partition', sides: [['n1']] }, 400, 'sides: must have at least 2 entries'],
    [{ kind: 'partition', sides: 'n1' }, 400, 'sides: must be a list, not a string'],
    [
      { kind: 'delay', from: 'n1', to: 'n1', delayMs: 10 },
      400,
      'what n1 sends itself stays within it, where no fault meets it; give --from and --to two nodes',
    ],
    [{ kind: 'explode' }, 400, `kind: there is no kind "explode"; it must be one of ${kinds}`],
    [
      { kind: 'dorp' },
      400,
      `kind: there is no kind "dorp"; it must be one of ${kinds}; did you mean "drop"?`,
    ],
    [{}, 400, `kind: must be one of ${kinds}`],
    [{ kind: 'drop', probability: 2 }, 400, 'probability: must be at most 1'],
    [{ kind: 'drop', seed: 0.5 }, 400, 'seed: must be a whole number'],
    [{ kind: 'drop', durationMs: 0 }, 400, 'durationMs: must be more than 0'],
    [{ kind: 'kill', node: 7 }, 400, 'node: must be a string, not a number'],
    [{ kind: 'kill', node: '' }, 400, 'node: must not be empty'],
    [{ kind: 'kill', nod: 'n1' }, 400, 'node is missing; unknown key "nod"; did you mean "node"?'],
    [[], 400, 'body: must be an object, not a list'],
    [undefined, 400, 'the body is empty: send a JSON value'],
    [{ kind: 'drop', messageType: 'acept' }, 400, `messageType: ${unfitType('acept')}`],
  ])('refuses the fault %j', async (body, status, detail) => {
    const answer = await appWith(allowed())('/api/faults', post(body))
    expect(answer.status).toBe(status)
    expect(answer.body.detail).toBe(detail)
    expect(answer.body.type).toBe(status === 400 ? 'urn:synod:problem:bad-request' : 'about:blank')
  })

  test('knows no faults unless the cluster was started for them', async () => {
    const call = appWith(undefined)
    for (const method of ['GET', 'POST', 'DELETE']) {
      expect(await call('/api/faults', { method })).toMatchObject({
        status: 404,
        body: {
          detail:
            'the cluster was started without --faults: nothing here can break it; ' +
            `end it, then: ${clusterCommand} start --faults --data /data (the data stays)`,
        },
      })
    }
  })

  test('does not serve the shop, and says who does', async () => {
    expect(await appWith(undefined)('/orders/find/1')).toMatchObject({
      status: 404,
      body: { detail: 'there is no GET /orders/find/1 here; nodes serve the shop' },
    })
  })
})
