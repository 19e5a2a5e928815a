import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { IndefiniteError, Unavailable } from '../client/index.ts'
import { promises } from '../config/choices.ts'
import { clusterCommand } from '../config/command.ts'
import { messageTypeNames } from '../gateway/message-type.ts'
import { processId } from '../launcher/process-id.ts'
import { Failure } from '../node/failure.ts'
import { cluster } from './program.fixture.ts'
import { verbs } from './verbs/index.ts'
import { cannotPrepare } from './verbs/load.ts'

const types = messageTypeNames.join(', ')
const folder = mkdtempSync(join(tmpdir(), 'synod-cli-'))
const data = join(folder, 'none')
afterAll(() => rmSync(folder, { recursive: true }))

describe('wrong usage ends with 2, and says what would be right', () => {
  test.each<[string[], string]>([
    [['strat'], 'unknown verb "strat"; did you mean "start"?'],
    [['stat'], 'unknown verb "stat"; did you mean "status"?'],
    [['st'], 'unknown verb "st"; did you mean "start" or "stop" or "status"?'],
    [['zzzzzzzz'], `unknown verb "zzzzzzzz"; known: ${verbs.map(verb => verb.name).join(', ')}`],
    [['start', '--nods', '3'], "error: unknown option '--nods'\n(Did you mean --nodes?)"],
    [['start', '--nodes', '4'], '--nodes: must be 1, 3 or 5'],
    [
      ['start', '--nodes', 'x'],
      "error: option '--nodes <n>' argument 'x' is invalid. It must be a whole number.",
    ],
    [['start', '--port', '0'], '--port: must be a whole number from 1 to 65530'],
    [['start', '--config', 'none.yaml'], 'none.yaml: there is no such file'],
    [['start', '--config', 'docs'], 'docs: it is a folder'],
    [['stop', 'now'], "error: too many arguments for 'stop'. Expected 0 arguments but got 1: now."],
    [['node'], "error: required option '--config <file>' not specified"],
    [['log'], `error: missing required argument 'group'\nusage: ${clusterCommand} log [options] <group>`],
    [
      ['kv', 'put', 'a'],
      `error: missing required argument 'json'\nusage: ${clusterCommand} kv put [options] <key> <json>`,
    ],
    [['kv', 'gte', 'a'], `kv has no command "gte"; did you mean "get"? (${clusterCommand} kv --help)`],
    [['kv', 'del', 'a'], `kv has no command "del"; did you mean "delete"? (${clusterCommand} kv --help)`],
    [['kv', 'put', 'a', 'null'], `a key cannot hold null; to remove it: ${clusterCommand} kv delete a`],
    [
      ['kv', '--data', 'here'],
      `kv needs a command first; known: get, put, delete, cas, scan (${clusterCommand} kv --help)`,
    ],
    [['order'], `order needs a command first; known: demo (${clusterCommand} order --help)`],
    ...['', 'k'.repeat(513)].flatMap(key =>
      [
        ['get', key],
        ['put', key, '1'],
        ['delete', key],
        ['cas', key, '1', '2'],
      ].map((argv): [string[], string] => [['kv', ...argv, '--data', data], 'a key has 1 to 512 characters']),
    ),
    [['bench'], 'unknown verb "bench"; it is npx -y pnpm bench'],
    [['help', 'strat'], 'unknown verb "strat"; did you mean "start"?'],
    [['kv', 'put', 'a', ''], `an empty word is not JSON; quote it for the shell: '{"a":1}', or '"text"'`],
    [
      ['tx', '[{"op":"get"'],
      "the operations are not JSON: Expected ',' or '}' after property value in JSON at position 12 (line 1 column 13)",
    ],
    [['tx', '[1,'], 'the operations are not JSON: Unexpected end of JSON input (of 3 characters)'],
    [
      ['tx', '{"operation":[]}'],
      'operations must be a JSON list, for instance \'[{"op":"get","keyspace":"kv","key":"a"}]\'',
    ],
    [['fault', 'partition', 'n1,n2'], "n1,n2 is not a partition; write it as 'n1,n2|n3'"],
    [
      ['fault', 'drop', '--probability', '2'],
      "error: option '--probability <p>' argument '2' is invalid. It must be a number from 0 to 1.",
    ],
    [
      ['fault', 'drop', '--type', 'acept'],
      `--type: there is no message type "acept"; did you mean "accept"? nodes send each other: ${types}`,
    ],
    [
      ['fault', 'delay', '5', '--type', 'propose'],
      `--type: "propose" stays within a node, where no fault meets it; nodes send each other: ${types}`,
    ],
    [['fault', 'partition', 'n1|n1,n2'], 'n1|n1,n2 names n1 twice: a node can be on one side only'],
    ...['abc', '1.5'].map((ms): [string[], string] => [
      ['fault', 'delay', ms],
      `error: command-argument value '${ms}' is invalid for argument 'ms'. It must be a whole number.`,
    ]),
    ...['-5', '600001'].map((ms): [string[], string] => [
      ['fault', 'delay', ms],
      `error: command-argument value '${ms}' is invalid for argument 'ms'. It must be from 0 to 600000.`,
    ]),
    [
      ['fault', 'delay', '5', '--jitter', '-1'],
      "error: option '--jitter <ms>' argument '-1' is invalid. It must be from 0 to 600000.",
    ],
    [
      ['fault', 'drop', '--seconds', '0'],
      "error: option '--seconds <n>' argument '0' is invalid. It must be from 1 to 86400.",
    ],
    [
      ['fault', 'partition', 'n1|n2', '--seconds', '0'],
      "error: option '--seconds <n>' argument '0' is invalid. It must be from 1 to 86400.",
    ],
    [['status', '--url', 'nowhere'], 'nowhere is not a URL; try http://127.0.0.1:8000'],
    [['status', '--url', 'localhost:28001'], 'localhost:28001 is not a URL; write http://localhost:28001'],
    [['status', '--url', '[::1]:28001/'], '[::1]:28001 is not a URL; write http://[::1]:28001'],
    [['status', '--url', 'ftp://localhost'], 'ftp://localhost is not a URL; try http://127.0.0.1:8000'],
    [
      ['verify', '--wait', '-1'],
      "error: option '--wait <seconds>' argument '-1' is invalid. It must be from 0 to 86400.",
    ],
    [['sim', '--depth', '3'], '--depth needs --search'],
    [['sim', '--states', '3', '--protocol', 'paxos'], '--states needs --search'],
    [['sim', '--seed', '1'], '--seed needs --protocol, for instance --protocol paxos'],
    [['sim', '--trace', 'x'], '--trace needs --seed'],
    [
      ['sim', '--protocol', 'paxos', '--seed', '5', '--seeds', '3'],
      '--seeds does nothing with --seed, which is one history',
    ],
    [['sim', '--search', 'paxos', '--jobs', '2'], '--jobs does nothing with --search'],
    [
      ['sim', '--protocol', 'paxos', '--seed', 'abc'],
      "error: option '--seed <n>' argument 'abc' is invalid. It must be a whole number.",
    ],
    [['sim', '--seeds', '-1'], "error: option '--seeds <n>' argument '-1' is invalid. It must be 0 or more."],
    [['verify', '--history', folder], `${folder}: it is a folder`],
    [['sim', '--search', 'foo'], '--search: there is no model "foo"; known: paxos, commit, conflict'],
    [['sim', '--search', 'comit'], '--search: there is no model "comit"; did you mean "commit"?'],
  ])('%j', async (argv, message) => {
    expect(await cluster(...argv)).toEqual({ code: 2, out: '', err: message })
  })

  test('an address that other machines reach, without credentials', async () => {
    const { code, err } = await cluster('start', '--host', '0.0.0.0', '--data', data)
    expect(code).toBe(2)
    expect(err).toContain('listening on 0.0.0.0 lets other machines in, and no access token is set')
    expect(err).toContain('or listen on 127.0.0.1')
  })
})

describe('what cannot be done ends with 1, and says what to do', () => {
  test.each<[string[], string]>([
    [
      ['status', '--data', data],
      `no cluster runs on ${data}; start one with: ${clusterCommand} start --data ${data}`,
    ],
    [
      ['kv', 'get', 'a', '--data', data],
      `no cluster runs on ${data}; start one with: ${clusterCommand} start --data ${data}`,
    ],
    [['stop', '--data', data], `no cluster runs on ${data}`],
  ])('%j', async (argv, message) => {
    expect(await cluster(...argv)).toEqual({ code: 1, out: '', err: message })
  })

  test('a folder that holds other things is not taken for a data folder, nor emptied', async () => {
    const home = join(folder, 'home')
    mkdirSync(home)
    writeFileSync(join(home, 'thesis.txt'), 'precious')
    expect(await cluster('start', '--fresh', '--detach', '--data', home)).toEqual({
      code: 1,
      out: '',
      err: `${home} is not a data folder of Synod: it holds thesis.txt; choose another with --data`,
    })
  })

  test('a data folder with a file in the way', async () => {
    const file = join(folder, 'file')
    writeFileSync(file, '')
    const { code, err } = await cluster('start', '--detach', '--data', file)
    expect({ code, err }).toEqual({
      code: 1,
      err: `cannot use the data folder ${file}: a file is in the way; choose another with --data`,
    })
  })
})

test('a file that cannot be used is named with the reason, without a stack', async () => {
  const file = join(folder, 'secret')
  writeFileSync(file, '')
  const inside = join(file, 'history.jsonl')
  const { code, err } = await cluster('verify', '--history', inside)
  expect({ code, err }).toEqual({ code: 1, err: `${inside}: a file is in the way` })
  expect(await cluster('sim', '--protocol', 'paxos', '--seed', '1', '--trace', inside)).toEqual({
    code: 1,
    out: '',
    err: `${inside}: a file is in the way`,
  })
})

/** A data folder whose cluster runs, as far as the command line can see. */
function running(name: string, url: string): string {
  const alive = processId(process.pid)
  const path = join(folder, name)
  mkdirSync(path)
  writeFileSync(
    join(path, 'cluster.json'),
    JSON.stringify({ nodes: [{ id: 'n1', url, process: alive }], launcher: alive }),
  )
  return path
}

test.each([
  [['register', '--orders', '5'], '--orders does nothing with register; shop and hot have orders'],
  [['bank', '--create'], '--create does nothing with bank; shop and hot have orders'],
  [['hot', '--keys', '5'], '--keys does nothing with hot, which is about one item'],
  [['--create', '--orders', '5'], '--orders does nothing with --create, which prepares none'],
])('load %j: an option that does nothing is refused', async (argv, err) => {
  expect(await cluster('load', ...argv, '--data', data)).toEqual({ code: 2, out: '', err })
})

test('load of a cluster that does not answer says so, without a stack', async () => {
  const silent = running('silent', 'http://127.0.0.1:1')
  const { code, err } = await cluster('load', 'shop', '--data', silent)
  expect(code).toBe(1)
  expect(err).toBe(
    'preparing shop (users, items and orders 0, 1, 2, … are made anew) …\npreparing failed: POST /payment/batch_init/1000/1000000000: ' +
      `no node answers: connect ECONNREFUSED 127.0.0.1:1; see: ${clusterCommand} status`,
  )
  for (const error of [new Unavailable('crowded'), new IndefiniteError('silence')]) {
    expect(() => cannotPrepare(error)).toThrow(
      new Failure(`preparing failed: ${error.message}; see: ${clusterCommand} status`),
    )
  }
  const defect = new TypeError('a defect')
  expect(() => cannotPrepare(defect)).toThrow(defect)
})

test('a cluster that ended without being stopped is not waited for', async () => {
  const gone = { pid: 1, began: 'never' }
  const left = { nodes: [{ id: 'n1', url: 'http://127.0.0.1:1', process: gone }], launcher: gone }
  const crashed = join(folder, 'crashed')
  mkdirSync(crashed)
  writeFileSync(join(crashed, 'cluster.json'), JSON.stringify(left))
  const { code, err } = await cluster('status', '--data', crashed)
  expect({ code, err }).toEqual({
    code: 1,
    err: `the cluster on ${crashed} has ended without being stopped; start it again with: ${clusterCommand} start --data ${crashed}`,
  })
  expect(await cluster('stop', '--data', crashed)).toEqual({
    code: 0,
    out: `nothing ran on ${crashed} any more: what was left of a start is cleared\n`,
    err: '',
  })
})

describe('help', () => {
  test.each([['help'], ['-h'], ['--help']])('%s shows every verb', async argument => {
    const { code, out } = await cluster(argument)
    expect(code).toBe(0)
    for (const verb of verbs) expect(out).toContain(`\n  ${verb.name} `)
  })

  test('help of a verb, and the version', async () => {
    expect((await cluster('help', 'start')).out).toContain('start a cluster on this machine')
    expect(await cluster('--version')).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    })
  })

  test('alone shows every verb and the five to start with', async () => {
    const { code, out } = await cluster()
    expect(code).toBe(0)
    for (const verb of verbs) expect(out).toContain(`\n  ${verb.name} `)
    expect(out.split('\n').filter(line => line.startsWith(`  ${clusterCommand} `))).toHaveLength(5)
  })

  test.each(verbs.map(verb => verb.name))('of %s has examples of itself', async name => {
    const { code, out } = await cluster(name, '--help')
    expect(code).toBe(0)
    expect(out).toContain(`  ${clusterCommand} ${name}`)
  })
})

test('promises prints the table of the code, as JSON too', async () => {
  const { out } = await cluster('promises', '--json')
  expect(JSON.parse(out)).toEqual(promises())
  expect((await cluster('promises')).out.trimEnd().split('\n')).toHaveLength(promises().length + 1)
})
