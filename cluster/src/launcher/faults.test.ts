/** Where message rules are put: pure, with nodes that are only names. */
import { describe, expect, test, vi } from 'vitest'
import type { FaultRequest } from '../gateway/faults.ts'
import { describeFault, type FaultOrderInput, faultSchema } from './fault-requests.ts'
import { Faults } from './faults.ts'
import type { NodeProcess, NodeState } from './node-process.ts'

function cluster(states: Readonly<Record<string, NodeState>> = { n1: 'ready', n2: 'ready', n3: 'ready' }) {
  const nodes = Object.entries(states).map(
    ([id, state]) => ({ spec: { id }, state }) as unknown as NodeProcess,
  )
  const planes = new Map<string, FaultRequest[]>(nodes.map(node => [node.spec.id, []]))
  const faults = new Faults(nodes, {
    async add({ spec }, rule) {
      planes.set(spec.id, [...(planes.get(spec.id) ?? []), rule])
    },
    async remove({ spec }, id) {
      planes.set(
        spec.id,
        (planes.get(spec.id) ?? []).filter(rule => rule.id !== id),
      )
    },
    async clear({ spec }) {
      planes.set(spec.id, [])
    },
  })
  const cause = (order: FaultOrderInput) => faults.cause(faultSchema.parse(order))
  /** `from>to` of each node's rules. */
  const cuts = () =>
    Object.fromEntries(
      [...planes].map(([id, rules]) => [
        id,
        rules.map(rule => `${rule.from ?? '*'}>${rule.to ?? '*'}`).sort(),
      ]),
    )
  return { faults, cause, cuts, nodes, planes }
}

describe('a partition', () => {
  test('is cuts in both directions between the sides, known at both ends', async () => {
    const { cause, cuts } = cluster()
    await cause({ kind: 'partition', sides: [['n1', 'n2'], ['n3']] })
    expect(cuts()).toEqual({
      n1: ['n1>n3', 'n3>n1'],
      n2: ['n2>n3', 'n3>n2'],
      n3: ['n1>n3', 'n2>n3', 'n3>n1', 'n3>n2'],
    })
  })

  test('one-way: only from the first side', async () => {
    const { cause, cuts } = cluster()
    await cause({ kind: 'partition', sides: [['n1'], ['n3']], oneWay: true })
    expect(cuts()).toEqual({ n1: ['n1>n3'], n2: [], n3: ['n1>n3'] })
  })

  test('heal ends partitions and nothing else; reset ends all', async () => {
    const { cause, cuts, faults } = cluster({ n1: 'ready', n2: 'ready' })
    await cause({ kind: 'partition', sides: [['n1'], ['n2']] })
    await cause({ kind: 'drop', to: 'n2' })
    await cause({ kind: 'heal' })
    expect(cuts()).toEqual({ n1: [], n2: ['*>n2'] })
    expect(faults.list().map(fault => fault.text)).toEqual(['drop messages *→n2'])
  })
})

describe('a message rule', () => {
  test('is put where the messages arrive, so that each message meets it once', async () => {
    const { cause, cuts } = cluster()
    await cause({ kind: 'delay', delayMs: 5, from: 'n1' })
    expect(cuts()).toEqual({ n1: ['n1>n1'], n2: ['n1>n2'], n3: ['n1>n3'] })
  })

  test('is remembered for a node that is down, which gets it when it is ready', async () => {
    const { cause, cuts, faults, nodes } = cluster({ n1: 'ready', n2: 'killed' })
    await cause({ kind: 'drop', from: 'n1', to: 'n2' })
    expect(cuts()).toEqual({ n1: [], n2: [] })
    for (const node of nodes) if (node.spec.id === 'n2') await faults.restore(node)
    expect(cuts()).toEqual({ n1: [], n2: ['n1>n2'] })
  })

  test('is remembered until its time is up', async () => {
    const { cause, faults } = cluster()
    vi.useFakeTimers({ toFake: ['performance'] })
    try {
      await cause({ kind: 'drop', durationMs: 1_000 })
      vi.advanceTimersByTime(999)
      expect(faults.list()).toHaveLength(1)
      vi.advanceTimersByTime(1)
      expect(faults.list()).toEqual([])
    } finally {
      vi.useRealTimers()
    }
  })

  test.each([
    [{ kind: 'drop', from: 'n9' } as const],
    [{ kind: 'drop', to: 'n9' } as const],
    [{ kind: 'partition', sides: [['n1'], ['n9']] } as const],
  ])('that names no node here is refused: %j', async order => {
    const { cause, faults } = cluster()
    await expect(cause(order as FaultOrderInput)).rejects.toThrow('there is no node n9; there are n1, n2, n3')
    expect(faults.list()).toEqual([])
  })
})

test.each<[FaultOrderInput, string]>([
  [{ kind: 'kill', node: 'n1' }, 'kill n1'],
  [{ kind: 'partition', sides: [['n1', 'n2'], ['n3']], durationMs: 500 }, 'partition n1,n2|n3 for 500 ms'],
  [{ kind: 'partition', sides: [['n1'], ['n3']], oneWay: true }, 'partition n1>n3'],
  [
    { kind: 'delay', delayMs: 5, jitterMs: 2, from: 'n1', messageType: 'accept', probability: 0.5 },
    'delay accept n1→* 5 ms ± 2 ms p=0.5',
  ],
])('%j reads %s', (order, text) => {
  expect(describeFault(faultSchema.parse(order))).toBe(text)
})
