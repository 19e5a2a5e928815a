import { describe, expect, test } from 'vitest'
import { adminToken, type Caller, deny } from './access.ts'

const tokens = { access: 'access-token', admin: adminToken('secret') }
const here = '127.0.0.1'
const elsewhere = '10.1.2.3'

function caller(
  path: string,
  remoteAddress: string,
  headers: Caller['headers'] = {},
  method = 'GET',
): Caller {
  return { method, path, remoteAddress, headers: { host: '127.0.0.1:8001', ...headers } }
}
const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

describe('who may ask a node', () => {
  test.each<[string, Caller, number | undefined]>([
    ['this machine, the shop', caller('/orders/find/1', here), undefined],
    ['this machine over IPv6, the shop', caller('/orders/find/1', '::1'), undefined],
    ['this machine in IPv6 clothes, the shop', caller('/orders/find/1', '::ffff:127.0.0.1'), undefined],
    ['this machine, admin', caller('/admin/status', here), undefined],
    ['another machine, the shop', caller('/orders/find/1', elsewhere), 401],
    [
      'another machine with the access token',
      caller('/orders/find/1', elsewhere, bearer('access-token')),
      undefined,
    ],
    ['another machine with a wrong token', caller('/orders/find/1', elsewhere, bearer('access-tokem')), 401],
    ['another machine, admin', caller('/admin/status', elsewhere), 401],
    ['the access token does not open admin', caller('/admin/status', elsewhere, bearer('access-token')), 401],
    ['the admin token does', caller('/admin/status', elsewhere, bearer(tokens.admin)), undefined],
    ['the admin token opens the shop too', caller('/tx', elsewhere, bearer(tokens.admin), 'POST'), undefined],
    ['health is for everybody', caller('/healthz', elsewhere), undefined],
    ['links have their own handshake', caller('/mesh', elsewhere), undefined],
    [
      'what a proxy passes on is not local',
      caller('/admin/status', here, { 'x-forwarded-for': '1.2.3.4' }),
      401,
    ],
    ['nor for the shop', caller('/tx', here, { forwarded: 'for=1.2.3.4' }), 401],
    ['a foreign name that leads here', caller('/admin/status', here, { host: 'evil.example' }), 401],
    ['localhost by name', caller('/admin/status', here, { host: 'localhost:8001' }), undefined],
    ['a page of another site', caller('/tx', here, { origin: 'https://evil.example' }, 'POST'), 403],
    ['a page of this server', caller('/tx', here, { origin: 'http://127.0.0.1:8001' }, 'POST'), undefined],
    [
      'a socket from a page of another site',
      caller('/client', here, { origin: 'https://evil.example', upgrade: 'websocket' }),
      403,
    ],
    [
      'a path that only begins like admin',
      caller('/administrator', elsewhere, bearer('access-token')),
      undefined,
    ],
  ])('%s', (_what, asking, status) => {
    expect(deny(asking, tokens)?.status).toBe(status)
  })

  test('without an access token the shop is open to whoever can reach it', () => {
    const open = { ...tokens, access: undefined }
    expect(deny(caller('/tx', elsewhere, {}, 'POST'), open)).toBeUndefined()
    expect(deny(caller('/admin/status', elsewhere), open)?.status).toBe(401)
  })

  test('different secrets have different admin tokens', () => {
    expect(adminToken('a')).not.toBe(adminToken('b'))
    expect(adminToken('a')).toMatch(/^[0-9a-f]{64}$/)
  })
})
