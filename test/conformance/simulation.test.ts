/** The simulation runner, as CI and `cluster sim` use it, and the suites' own small linearizability checker. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { checkLinearizability } from '../../cluster/src/verify/checkers/linearizability.ts'
import { assertLinearizable, isLinearizable, type Operation } from '../simulation/linearizable.ts'
import { runBatch } from '../simulation/runner/batch.ts'
import type { Outcome } from '../simulation/runner/one-seed.ts'
import type { Processes } from '../simulation/runner/pool.ts'
import { ledger } from '../simulation/suites/ledger.ts'

const runner = join(import.meta.dirname, '..', 'simulation', 'run.ts')
const folder = mkdtempSync(join(tmpdir(), 'synod-simulation-'))
afterAll(() => rmSync(folder, { recursive: true }))

function run(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [runner, ...args], { encoding: 'utf8' })
  return { status, lines: stdout.trimEnd().split('\n'), stderr }
}

describe('the simulation runner', { timeout: 60_000 }, () => {
  it('runs a batch of seeds side by side, then the planted bugs, and counts in its last line', () => {
    const { status, lines } = run('--suite', 'ledger', '--seeds', '20', '--jobs', '2')
    expect(lines.at(-1)).toBe('21 passed, 0 failed')
    expect(lines.some(line => line.includes('  ackBeforeCommit: caught by seed'))).toBe(true)
    expect(lines.some(line => /drawn: size 1 \d+ · size 3 \d+ · size 5 \d+/.test(line))).toBe(true)
    expect(lines).toContain('  same seed, same trace: 1 seeds, each in two fresh processes')
    expect(status).toBe(0)
  })

  it('shows what failed, in a smaller history, and the one command that plays it again', () => {
    const { status, lines } = run('--suite', 'ledger', '--seeds', '30', '--planted', 'ackBeforeCommit')
    expect(status).toBe(1)
    expect(lines.some(line => /^FAILED ledger, seed \d+, commit \w+/.test(line))).toBe(true)
    const drawn = lines.find(line => line.startsWith('  drawn: {')) ?? ''
    // One kind of crash is enough for this bug.
    expect(JSON.parse(drawn.slice('  drawn: '.length)).mix.faults).toHaveLength(1)
    const replay = lines.find(line => line.startsWith('  replay: ')) ?? ''
    const [script, ...args] = replay.slice('  replay: node '.length).split(' ').slice(0, -2)
    expect(script).toBe('test/simulation/run.ts')
    expect(args).toContain('--without')
    const again = run(...args)
    expect(again.status).toBe(1)
    expect(again.lines.at(-1)).toBe('0 passed, 1 failed')
  })

  it('writes every event, message and commit of one seed', () => {
    const file = join(folder, 'trace.jsonl')
    const { status, lines } = run('--suite', 'paxos', '--seed', '7', '--trace', file)
    expect(lines.at(-1)).toBe('1 passed, 0 failed')
    expect(status).toBe(0)
    const written = readFileSync(file, 'utf8')
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line) as { kind: string; event?: string })
    const kinds = new Set(written.map(({ kind }) => kind))
    for (const kind of ['boot', 'send', 'deliver', 'event', 'commit', 'answer']) expect(kinds).toContain(kind)
    const events = new Set(written.map(({ event }) => event))
    for (const event of ['start', 'message', 'request', 'timer']) expect(events).toContain(event)
    const traced = lines.find(line => line.includes('virtual ms'))
    const plain = run('--suite', 'paxos', '--seed', '7')
    expect(plain.lines).toContain(traced)
  })

  it('takes a trace that differs in another process for a failure, and a goal that is never reached', async () => {
    const outcome = (seed: number, hash: string): Outcome => {
      return {
        seed,
        hash,
        setup: {},
        kinds: [],
        nowMs: 0,
        events: 0,
        handled: 0,
        turns: 0,
        goals: [],
        error: undefined,
      }
    }
    const processes: Processes = {
      run: async ({ seed }) => outcome(seed, 'one'),
      runFresh: async ({ seed }) => outcome(seed, seed === 51 ? 'another' : 'one'),
    }
    const { passed, failures, missedGoals } = await runBatch(processes, {
      suite: ledger,
      from: 1,
      seeds: 300,
    })
    expect(passed).toBe(299)
    expect(failures.map(({ seed, error }) => [seed, error.message])).toEqual([
      [51, 'runs of the same seed in three processes differ: one, another, another'],
    ])
    expect(missedGoals).toEqual(ledger.goals)
  })

  it.each([
    [['--suite', 'nope'], 'no suite nope: there are ledger, '],
    [['--seeds', 'many'], '--seeds many: a whole number is needed'],
    [['--trace', 'x'], '--trace FILE needs --seed N'],
    [['--suite', 'ledger', '--planted', 'nope'], 'ledger has no planted bug nope: ackBeforeCommit'],
    [['--seed', '3'], '--seed N needs --suite NAME'],
    [['--without', 'clog,rain'], '--without rain: there are loss, duplicate, '],
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
