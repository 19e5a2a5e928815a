/** The simulation runner, as CI and `cluster sim` use it, and the suites' own small linearizability checker. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { checkLinearizability } from '../../cluster/src/verify/checkers/linearizability.ts'
import { assertLinearizable, isLinearizable, type Operation } from '../simulation/linearizable.ts'

const runner = join(import.meta.dirname, '..', 'simulation', 'run.ts')
const folder = mkdtempSync(join(tmpdir(), 'synod-simulation-'))
afterAll(() => rmSync(folder, { recursive: true }))

function run(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [runner, ...args], { encoding: 'utf8' })
  return { status, lines: stdout.trimEnd().split('\n'), stderr }
}

describe('seeds that once failed', () => {
  it.each([
    ['paxos', 500_854, 'an acceptor of five recovers below a ballot that only its former life had promised'],
    ['transactions', 40_261, 'a doubled submit executes after its other copy was refused'],
  ])('%s %i: %s', (suite, seed) => {
    const { status, lines } = run('--suite', suite, '--seed', String(seed))
    expect(lines.at(-1)).toBe('1 passed, 0 failed')
    expect(status).toBe(0)
  })
})

describe('the simulation runner', () => {
  it('runs a batch of seeds, then the planted bugs, and counts in its last line', () => {
    const { status, lines } = run('--suite', 'ledger', '--seeds', '100')
    expect(lines.at(-1)).toBe('101 passed, 0 failed')
    expect(lines.some(line => line.includes('planted ackBeforeCommit: caught by seed'))).toBe(true)
    expect(status).toBe(0)
  })

  it('shows what failed, what was drawn and how to see it again', () => {
    const { status, lines } = run('--suite', 'ledger', '--seeds', '30', '--planted', 'ackBeforeCommit')
    const failed = lines.find(line => line.startsWith('FAILED ledger, seed ')) ?? ''
    const seed = /seed (\d+)/.exec(failed)?.[1]
    const replay = `  replay: node test/simulation/run.ts --suite ledger --seed ${seed} --planted ackBeforeCommit`
    expect(lines.some(line => line.startsWith(replay))).toBe(true)
    expect(lines.some(line => line.startsWith('  drawn: {'))).toBe(true)
    expect(status).toBe(1)
  })

  it('writes every event of one seed', () => {
    const file = join(folder, 'trace.jsonl')
    const { status, lines } = run('--suite', 'paxos', '--seed', '7', '--trace', file)
    expect(lines.at(-1)).toBe('1 passed, 0 failed')
    expect(status).toBe(0)
    const kinds = readFileSync(file, 'utf8')
      .trimEnd()
      .split('\n')
      .map(line => (JSON.parse(line) as { kind: string }).kind)
    expect(new Set(kinds)).toContain('send')
  })

  it.each([
    [['--suite', 'nope'], 'no suite nope: there are ledger, '],
    [['--seeds', 'many'], '--seeds many: a whole number is needed'],
    [['--trace', 'x'], '--trace FILE needs --seed N'],
    [['--suite', 'ledger', '--planted', 'nope'], 'ledger has no planted bug nope: ackBeforeCommit'],
    [['--wrong'], "Unknown option '--wrong'"],
  ])('refuses %j', (args, message) => {
    const { status, stderr } = run(...args)
    expect(stderr).toContain(message)
    expect(status).toBe(2)
  })
})

const put = (value: number, called: number, returned: number): Operation => ({
  op: 'put',
  value,
  called,
  returned,
})
const get = (output: unknown, called: number, returned: number): Operation => ({
  op: 'get',
  output,
  called,
  returned,
})

describe('linearizability of one register', () => {
  it('accepts what some order explains', () => {
    expect(isLinearizable([put(1, 0, 10), get(null, 1, 2), get(1, 3, 4)])).toBe(true)
    expect(isLinearizable([put(1, 0, Number.POSITIVE_INFINITY), get(null, 5, 6), get(1, 7, 8)])).toBe(true)
    const swap: Operation = { op: 'cas', from: 1, value: 2, swapped: true, called: 2, returned: 3 }
    expect(isLinearizable([put(1, 0, 1), swap, get(2, 4, 5)])).toBe(true)
  })

  it('refuses a read of the past, and shows the end of the shortest part that is wrong', () => {
    const history = [put(1, 0, 1), put(2, 2, 3), get(1, 4, 5), put(3, 6, 7)]
    expect(isLinearizable(history)).toBe(false)
    expect(() => assertLinearizable('x', history)).toThrow(
      /of x is not linearizable.*\n.*\n.*\n.*"output":1[^\n]*$/,
    )
  })

  it('agrees with the checker of `cluster verify` on small histories', () => {
    const value = fc.integer({ min: 1, max: 3 })
    const nullable = fc.option(value, { nil: null })
    const kind = fc.oneof(
      fc.record({ op: fc.constant('put' as const), value }),
      fc.record({ op: fc.constant('get' as const), output: nullable }),
      fc.record({ op: fc.constant('cas' as const), from: value, value, swapped: fc.boolean() }),
    )
    const timed = fc.tuple(kind, fc.nat(30), fc.integer({ min: 1, max: 12 }), fc.boolean())
    const verdicts = new Set<boolean>()
    fc.assert(
      fc.property(fc.array(timed, { maxLength: 7 }), drawn => {
        const known = drawn.filter(([{ op }, , , lost]) => !(lost && op === 'get'))
        const ours = known.map(([operation, called, took, lost]): Operation => {
          const returned = lost ? Number.POSITIVE_INFINITY : called + took
          return operation.op === 'cas' && lost
            ? { op: 'cas', from: operation.from, value: operation.value, called, returned }
            : { ...operation, called, returned }
        })
        const theirs = known.map(([operation, call, took, lost], index) => ({
          client: `c${index}`,
          key: 'x',
          ...operation,
          call,
          ...(lost ? {} : { return: call + took }),
          outcome: lost ? ('unknown' as const) : ('ok' as const),
        }))
        const verdict = isLinearizable(ours)
        verdicts.add(verdict)
        expect(checkLinearizability(theirs).verdict).toBe(verdict ? 'ok' : 'violated')
      }),
      { numRuns: 2000 },
    )
    expect(verdicts.size).toBe(2)
  })
})
