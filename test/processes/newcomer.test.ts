/** What somebody does who has never seen the command line: pipes, Ctrl-C, a launcher that is killed. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { RealCluster, until } from './cluster.fixture.ts'

const root = join(import.meta.dirname, '..', '..')

let cluster: RealCluster
beforeAll(async () => {
  cluster = await RealCluster.start('--nodes', '1')
})
afterAll(() => cluster?.destroy())

test('the program of the README runs, as it stands there', async () => {
  const [, shown] = /```ts\n([\s\S]*?)```/.exec(readFileSync(join(root, 'README.md'), 'utf8')) ?? []
  const example = join(root, 'cluster', 'examples', 'apples.ts')
  expect(readFileSync(example, 'utf8').replace(/^\/\*\*[\s\S]*?\*\/\n/, '')).toBe(shown)
  const run = () => promisify(execFile)(process.execPath, [example, cluster.url(0)])
  expect((await run()).stdout).toBe('apples 1\n')
  expect((await run()).stdout).toBe('apples 2\n')
})

interface Running {
  readonly child: ChildProcess
  out: string
  err: string
  readonly code: Promise<number | null>
}

function run(...args: readonly string[]): Running {
  const child = spawn(process.execPath, ['cluster/src/cli/main.ts', ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const code = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  const running = { child, out: '', err: '', code }
  child.stdout.on('data', (data: Buffer) => {
    running.out += data.toString()
  })
  child.stderr.on('data', (data: Buffer) => {
    running.err += data.toString()
  })
  return running
}

/** As `| head` does it: reads nothing more. */
function closeReader({ child }: Running): void {
  child.stdout?.destroy()
}

test.for([
  ['--help'],
  ['load', '--help'],
  ['promises', '--json'],
  ['actors'],
  ['log', 'kv.0', '--json'],
  ['verify', '--json'],
])('%j ends without a word when nobody reads on', async ([verb = '', ...args]) => {
  const running = run(
    verb,
    ...args,
    ...(verb === 'promises' || args.includes('--help') || verb === '--help' ? [] : ['--data', cluster.data]),
  )
  closeReader(running)
  expect({ code: await running.code, err: running.err }).toEqual({ code: 141, err: '' })
})

test('events --follow ends with its reader, when something happens', async () => {
  const running = run('events', '--follow', '--json', '--data', cluster.data)
  await until('the first event is printed', () => running.out.includes('\n'))
  closeReader(running)
  await cluster.signal('n1', 'SIGKILL')
  expect({ code: await running.code, err: running.err }).toEqual({ code: 141, err: '' })
  await cluster.allReady()
})

test('Ctrl-C in the middle of load tells what was measured', async () => {
  const running = run('load', 'bank', '--users', '2', '--seconds', '600', '--data', cluster.data)
  await until('it runs', () => running.err.includes('transfers/s'))
  running.child.kill('SIGINT')
  expect(await running.code).toBe(0)
  expect(running.out).toMatch(/^bank: \d+ transfers\/s .*stopped\)/)
})

test('Ctrl-C while load still prepares ends it at once', async () => {
  const running = run('load', 'shop', '--orders', '1000000', '--seconds', '600', '--data', cluster.data)
  await until('it prepares', () => running.err.includes('preparing'))
  running.child.kill('SIGINT')
  expect({ code: await running.code, out: running.out }).toEqual({ code: 130, out: '' })
  expect(running.err).toContain('stopped before it began')
})

test('load tells what it measured of a cluster that went away', async () => {
  const size = ['--users', '2', '--orders', '5000', '--seconds', '8']
  const running = run('load', 'shop', ...size, '--url', cluster.dashboard)
  await until('it runs', () => running.err.includes('newly paid orders/s'))
  await cluster.killAll()
  expect(await running.code).toBe(0)
  expect(running.out).toContain('newly paid orders/s')
  expect(running.out).toContain('unknown: nobody can be asked any more')
  const { code, stderr } = await cluster.cli('status')
  expect(code).toBe(1)
  expect(stderr).toContain('has ended without being stopped')
})

test('a cluster in the foreground outlives the reader of its output, and ends with Ctrl-C', async () => {
  const running = run('start', '--nodes', '1', '--port', String(cluster.port), '--data', cluster.data)
  await until('it is ready', () => running.out.includes('is ready'))
  closeReader(running)
  expect((await fetch(`${cluster.url(0)}/readyz`)).status).toBe(200)
  running.child.kill('SIGINT')
  expect({ code: await running.code, err: running.err }).toEqual({ code: 0, err: '' })
  expect(cluster.processes()).toEqual([])
})
