/** The shipped nginx files against the nodes behind them: who is asked, how often, for how long, with how much. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parseYaml } from '../../cluster/src/config/parse.ts'
import { clusterSchema, nodeSchema } from '../../cluster/src/config/schema.ts'
import { maxBodyBytes } from '../../cluster/src/gateway/body.ts'
import { methods } from '../../cluster/src/gateway/route.ts'
import { bulkDeadlineMs } from '../../cluster/src/gateway/shop.ts'
import { keepAliveMs } from '../../cluster/src/node/server.ts'
import { all, milliseconds, only, parseConf } from './nginx-conf.ts'

const folder = join(import.meta.dirname, '..', '..', 'deploy')
const read = (name: string) => readFileSync(join(folder, name), 'utf8')
const common = parseConf(read('nginx.common.conf'))
const local = parseConf(read('nginx.local.conf'))
const compose = parseConf(read('nginx.compose.conf.template'))
const doors = [local, compose]

/** `proxy_next_upstream` of a location; what stands outside counts where it says nothing. */
function passesOn(location: string): readonly string[] {
  const inside = all(only(common, 'location', location).inner, 'proxy_next_upstream')
  const outside = common.filter(one => one.name === 'proxy_next_upstream')
  return (inside[0] ?? outside[0])?.args ?? ['error', 'timeout']
}

test('only what nginx may repeat goes to a second node: GET, and POST that was not sent', () => {
  const { args, inner } = only(only(common, 'location', '/').inner, 'if')
  const allowed = /^\(\$request_method !~ \^\((.*)\)\$\)$/.exec(args.join(' '))?.[1]?.split('|') ?? []
  expect(allowed).toEqual(['GET', 'HEAD', 'POST'])
  // nginx repeats a request that was sent when its method is idempotent by HTTP's rules; POST is not, unless it is
  // told.
  expect([...passesOn('/')].sort()).toEqual(['error', 'timeout'])
  expect(passesOn('@once')).toEqual(['off'])
  // The other methods leave the first location for the second.
  expect(methods.filter(method => !allowed.includes(method))).toEqual(['PUT', 'DELETE'])
  expect(only(common, 'error_page').args).toEqual([only(inner, 'return').args[0], '=', '@once'])
  for (const location of ['/', '@once']) {
    expect(only(only(common, 'location', location).inner, 'proxy_pass').args).toEqual(['http://nodes'])
  }
})

test('nginx waits for an answer longer than a node takes at most for what it does not refuse', () => {
  const readMs = milliseconds(only(common, 'proxy_read_timeout').args[0] ?? '')
  const { deadlineMs } = clusterSchema.parse({})
  expect(readMs).toBeGreaterThan(Math.max(bulkDeadlineMs, deadlineMs))
  expect(milliseconds(only(common, 'proxy_connect_timeout').args[0] ?? '')).toBeLessThan(deadlineMs)
})

test('what a node would read is let through, and no more', () => {
  expect(only(common, 'client_max_body_size').args).toEqual([`${maxBodyBytes / 1024 ** 2}m`])
})

test('connections to nodes are kept, and nginx closes them first', () => {
  expect(only(common, 'proxy_http_version').args).toEqual(['1.1'])
  expect(only(common, 'proxy_set_header', 'Connection').args).toEqual(['Connection', ''])
  for (const door of doors) {
    const { inner } = only(door, 'upstream', 'nodes')
    expect(Number(only(inner, 'keepalive').args[0])).toBeGreaterThan(0)
    const idle = all(inner, 'keepalive_timeout')[0]?.args[0] ?? '60s'
    expect(milliseconds(idle)).toBeLessThan(keepAliveMs)
  }
})

test('every node is asked, and one that is away is soon asked again', () => {
  const servers = doors.map(door => all(only(door, 'upstream', 'nodes').inner, 'server'))
  const [here = [], containers = []] = servers.map(list => list.map(one => one.args[0]))
  const { port, nodes } = clusterSchema.parse({})
  expect(here).toEqual(Array.from({ length: nodes }, (_, at) => `127.0.0.1:${port + at + 1}`))
  const ids = ['n1', 'n2', 'n3']
  const members = ids.map(id => parseYaml(nodeSchema, read(`nodes/${id}.yaml`), id).value.members)
  for (const one of members) expect(Object.values(one)).toEqual(containers)
  for (const { args } of servers.flat()) expect(args.slice(1)).toEqual(['max_fails=1', 'fail_timeout=1s'])
})

test('both doors have the common rules; from outside nobody reaches /admin', () => {
  for (const door of doors) expect(only(door, 'include').args[0]).toMatch(/(^|\/)nginx\.common\.conf$/)
  expect(only(only(compose, 'location', '/admin').inner, 'return').args).toEqual(['404'])
  // A header that one location sets takes all those that stand outside from it.
  for (const { inner } of all([...common, ...compose], 'location'))
    expect(all(inner, 'proxy_set_header')).toEqual([])
  expect(only(compose, 'proxy_set_header', 'Authorization').args[1]).toMatch(/^Bearer \$\{ACCESS_TOKEN\}$/)
  expect(only(local, 'listen').args).toEqual(['127.0.0.1:8080'])
})
