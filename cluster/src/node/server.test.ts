import { type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createNodeServer, type NodeServer } from './server.ts'

let door: NodeServer
let url = ''
beforeEach(async () => {
  door = createNodeServer('n1', { access: 'token', admin: 'admin' })
  await door.listen('127.0.0.1', 0)
  url = `http://127.0.0.1:${(door.server.address() as AddressInfo).port}`
})
afterEach(() => {
  door.server.close()
  door.server.closeAllConnections()
})

describe('the server of a node', () => {
  test('lives before it can serve', async () => {
    expect(await (await fetch(`${url}/healthz`)).json()).toEqual({ status: 'alive', node: 'n1' })
    const early = await fetch(`${url}/orders/find/1`)
    expect(early.status).toBe(503)
    expect(early.headers.get('retry-after')).toBe('1')
    expect(await early.json()).toMatchObject({ detail: 'node n1 is starting' })
  })

  test('hands requests on, and refuses who may not ask with a problem', async () => {
    door.serve(() => new Response('served'))
    expect(await (await fetch(`${url}/x`)).text()).toBe('served')
    const refused = await fetch(`${url}/x`, { headers: { 'X-Forwarded-For': '10.0.0.1' } })
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
    expect(refused.headers.get('content-type')).toBe('application/problem+json')
    expect(await refused.json()).toMatchObject({
      type: 'urn:synod:problem:unauthorized',
      title: 'A token is needed',
      status: 401,
    })
  })

  test('says what a route says of what is not allowed', async () => {
    door.serve(() => new Response('served'))
    const headers = { Origin: 'https://evil.example' }
    const refused = await fetch(`${url}/x`, { method: 'POST', headers })
    expect(await refused.json()).toMatchObject({
      type: 'urn:synod:problem:forbidden',
      title: 'Not allowed here',
      status: 403,
    })
  })

  test('refuses upgrades that nobody takes, and those of strangers', async () => {
    door.upgrades.add('/client')
    expect(await upgradeStatus(`${url}/nowhere`, {})).toBe(404)
    expect(await upgradeStatus(`${url}/client`, { 'X-Forwarded-For': '10.0.0.1' })).toBe(401)
    expect(await upgradeStatus(`${url}/client`, { Origin: 'https://evil.example' })).toBe(403)
  })

  test('[GW3] refuses what is too much at the door, and keeps the connection', async () => {
    let served = 0
    const serve = () => {
      served++
      return new Response('served')
    }
    door.serve(serve, path => path === '/busy')
    const refused = await fetch(`${url}/busy`, { method: 'POST', body: 'x'.repeat(100_000) })
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1'])
    expect(refused.headers.get('connection')).not.toBe('close')
    expect(await refused.json()).toMatchObject({ type: 'urn:synod:problem:overloaded', status: 503 })
    expect(served).toBe(0)
    expect(await (await fetch(`${url}/calm`)).text()).toBe('served')
  })

  test('drains: what was taken is answered, what comes then is refused', async () => {
    let answer: (response: Response) => void = () => undefined
    let taken: () => void = () => undefined
    const reached = new Promise<void>(resolve => {
      taken = resolve
    })
    door.serve(() => {
      taken()
      return new Promise<Response>(resolve => {
        answer = resolve
      })
    })
    const inFlight = fetch(`${url}/slow`)
    await reached
    let drained = false
    const draining = door.drain(60_000).then(() => {
      drained = true
    })
    await expect(fetch(`${url}/new`)).rejects.toThrow()
    expect(drained).toBe(false)
    answer(new Response('at last'))
    expect(await (await inFlight).text()).toBe('at last')
    await draining
  })

  test('drains at once when nothing is under way', async () => {
    await door.drain(60_000)
  })
})

function upgradeStatus(target: string, headers: Record<string, string>): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const asking = request(target, { headers: { Connection: 'Upgrade', Upgrade: 'websocket', ...headers } })
    asking.once('response', (response: IncomingMessage) => {
      response.resume()
      resolve(response.statusCode)
    })
    asking.once('upgrade', () => resolve(101))
    asking.once('error', reject)
    asking.end()
  })
}
