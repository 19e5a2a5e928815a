import { expect, test } from 'vitest'
import { assert } from '../../actor.ts'
import { address } from '../../address.ts'
import { heardBy, hearing, modelOf, n1, n2, placed, said, seen } from './search.fixture.ts'
import { search } from './search.ts'
import { story } from './story.ts'

const all = { depth: 20, states: 10_000 }
const listener = { node: n2, actors: [placed(hearing('ear'))] }

test('[SE3, SE4, SE6] two messages come in either order: five states, and nothing beyond', () => {
  const lists = new Set<string>()
  const rules = seen(lists, world => heardBy(world, 'ear').join(''))
  const report = search(
    modelOf({ nodes: [listener], inputs: [said('a', 'ear'), said('b', 'ear')], rules }),
    all,
  )
  expect([...lists]).toEqual(['', 'a', 'b', 'ab', 'ba'])
  expect(report).toMatchObject({ states: 5, steps: 4, depth: 2, exhausted: true })
})

test('[SE4] where the order leaves no trace the ways meet', () => {
  const sorting = hearing('ear', (_event, _out, heard) => heard.sort())
  const inputs = ['a', 'b', 'c'].map(type => said(type, 'ear'))
  const report = search(modelOf({ nodes: [{ node: n2, actors: [placed(sorting)] }], inputs }), all)
  expect(report).toMatchObject({ states: 8, steps: 12, depth: 3 })
})

test('[SE7] the same model gives the same numbers', () => {
  const inputs = ['a', 'b', 'c'].map(type => said(type, 'ear'))
  const model = modelOf({
    nodes: [listener],
    inputs,
    bounds: { crashes: 1, losses: 1, copies: 1, timers: {} },
  })
  expect(search(model, all)).toEqual(search(model, all))
})

test('[SE1] what actors of one node tell each other is one step', () => {
  const teller = hearing('teller', (_event, out) => out.send(address(n2, 'ear', 'x'), { type: 'told' }))
  const nodes = [{ node: n2, actors: [placed(teller), placed(hearing('ear'))] }]
  const lists = new Set<string>()
  const rules = seen(lists, world => heardBy(world, 'ear').join())
  expect(search(modelOf({ nodes, inputs: [said('go', 'teller')], rules }), all).states).toBe(2)
  expect([...lists]).toEqual(['', 'told'])
})

/** Saves what it is told and then says it to n1; `crier` says so to n1 beforehand, and depends on nothing saved. */
function savers() {
  const keeper = hearing('keeper', (event, out) => {
    if (event.kind !== 'message') return
    out.save(event.message.type, true)
    out.send(address(n1, 'ear', 'x'), { type: 'kept' })
  })
  const crier = hearing('crier', (event, out) => {
    if (event.kind !== 'message') return
    out.send(address(n2, 'keeper', 'x'), event.message)
    out.send(address(n1, 'ear', 'x'), { type: 'cried' })
  })
  return [
    { node: n2, actors: [placed(keeper), placed(crier)] },
    { node: n1, actors: [placed(hearing('ear'))] },
  ]
}

test('[SE2] death before a commit takes the rows and what rests on them, death after it only what waited', () => {
  const states = new Set<string>()
  const rules = seen(states, world => {
    const flying = world.flights.map(({ message }) => (message as { type: string }).type)
    return `${world.used.crashes} ${heardBy(world, 'keeper').join()} ${flying.sort().join()}`
  })
  const bounds = { crashes: 1, losses: 0, copies: 0, timers: {} }
  search(modelOf({ nodes: savers(), inputs: [said('go', 'crier')], bounds, rules }), { ...all, depth: 1 })
  expect([...states].sort()).toEqual([
    '0  go',
    '0 go cried,kept',
    // Between two turns, before the commit, after it.
    '1  cried',
    '1  go',
    '1 go cried',
  ])
})

test('[SE3] losses and copies are bounded', () => {
  const count = (losses: number, copies: number): string[] => {
    const lists = new Set<string>()
    const rules = seen(lists, world => `${heardBy(world, 'ear').join('')}${world.flights.length}`)
    const bounds = { crashes: 0, losses, copies, timers: {} }
    search(modelOf({ nodes: [listener], inputs: [said('a', 'ear')], bounds, rules }), all)
    return [...lists]
  }
  expect(count(0, 0)).toEqual(['1', 'a0'])
  expect(count(1, 0)).toEqual(['1', 'a0', '0'])
  expect(count(0, 2)).toEqual(['1', 'a0', 'a1', 'aa0', 'aa1', 'aaa0'])
})

test('[SE3] a timer fires when it likes, as often as it may, and moves the clock of its node', () => {
  const ticking = hearing('ear', (event, out, heard) => {
    heard.push(String(event.now.monotonicMs % 1_000))
    out.setTimer('tick', 50)
  })
  const nodes = [{ node: n2, actors: [placed(ticking)] }]
  const bounds = { crashes: 0, losses: 0, copies: 0, timers: { 'ear tick': 2 } }
  const lists = new Set<string>()
  const rules = seen(lists, world => heardBy(world, 'ear').join(' '))
  const advanceMs = { 'ear tick': 7 }
  search(modelOf({ nodes, inputs: [said('a', 'ear')], bounds, rules, advanceMs }), all)
  expect([...lists]).toEqual(['', 'a 0', 'a 0 @tick 7', 'a 0 @tick 7 @tick 14'])
})

test('[SE5] a broken rule is shown by a shortest way', () => {
  const rules = {
    'never b after a': (world: Parameters<typeof heardBy>[0]) =>
      assert(!/ab/.test(heardBy(world, 'ear').join('')), 'b after a'),
  }
  const inputs = ['c', 'a', 'b'].map(type => said(type, 'ear'))
  const { broken } = search(modelOf({ nodes: [listener], inputs, rules }), all)
  expect(broken).toMatchObject({ rule: 'never b after a', error: { message: 'b after a' } })
  expect(story(broken?.way ?? [])).toEqual([
    '  1  n2 gets a from outside/client/x',
    '  2  n2 gets b from outside/client/x',
  ])
})

test('[SE5] so is an actor that throws, and one that breaks its own invariant', () => {
  const frail = hearing('ear', (_event, _out, heard) => assert(heard.length < 2, 'it is too much'))
  const checked = {
    ...hearing('ear'),
    check: (heard: string[]) => assert(heard.length < 2, 'it is too much'),
  }
  for (const type of [frail, checked]) {
    const nodes = [{ node: n2, actors: [placed(type)] }]
    const { broken } = search(modelOf({ nodes, inputs: [said('a', 'ear'), said('b', 'ear')] }), all)
    expect(broken).toMatchObject({
      rule: 'n2/ear/x throws',
      error: { message: 'it is too much' },
      way: [{}, {}],
    })
  }
})

test('[SE5] a rule about turns sees a node before and after, restarts included', () => {
  const turnRules = {
    'nothing is forgotten': (before: { states: ReadonlyMap<unknown, unknown> }, after: typeof before) => {
      const [was, is] = [before, after].map(({ states }) => [...states.values()].flat().length)
      assert((is ?? 0) >= (was ?? 0), 'forgotten')
    },
  }
  const bounds = { crashes: 1, losses: 0, copies: 0, timers: {} }
  const { broken } = search(
    modelOf({ nodes: [listener], inputs: [said('a', 'ear')], bounds, turnRules }),
    all,
  )
  expect(broken).toMatchObject({
    rule: 'nothing is forgotten',
    way: [{ step: { kind: 'deliver' } }, { step: { kind: 'crash' } }],
  })
})

test('[SE6] goals that were never reached are named, and the depth that is complete', () => {
  const goals = {
    'hears b': ({ after }: { after: Parameters<typeof heardBy>[0] }) => heardBy(after, 'ear').includes('b'),
    'hears c': ({ after }: { after: Parameters<typeof heardBy>[0] }) => heardBy(after, 'ear').includes('c'),
  }
  const inputs = [said('a', 'ear'), said('b', 'ear')]
  const model = modelOf({ nodes: [listener], inputs, goals })
  expect(search(model, { depth: 1, states: 100 })).toMatchObject({
    depth: 1,
    exhausted: false,
    missed: ['hears c'],
  })
  expect([...search(model, all).reached]).toEqual([['hears b', 1]])
  expect(search(model, { depth: 9, states: 4 })).toMatchObject({ states: 4, depth: 1, exhausted: false })
})

test('[SE8] when the faults end everything arrives and timers fire; what must hold then must hold', () => {
  const asking = hearing('asker', (event, out, heard) => {
    if (event.kind === 'message' && event.message.type === 'answer') return
    out.send(address(n2, 'ear', 'x'), { type: 'question' })
    if (heard.length < 3) out.setTimer('again', 10)
  })
  const answering = hearing('ear', (_event, out) => out.send(address(n1, 'asker', 'x'), { type: 'answer' }))
  const settling = (timers: readonly string[]) => {
    const model = modelOf({
      nodes: [
        { node: n1, actors: [placed(asking)] },
        { node: n2, actors: [placed(answering)] },
      ],
      inputs: [said('go', 'asker', n1)],
      bounds: { crashes: 0, losses: 1, copies: 0, timers: {} },
      settled: {
        rule: 'answered in the end',
        every: 1,
        rounds: 2,
        timers,
        holds: world =>
          assert(
            world.used.losses === 0 ||
              heardBy(world, 'asker', n1).includes('answer') ||
              heardBy(world, 'asker', n1).length === 0,
            'no answer',
          ),
      },
    })
    return search(model, all)
  }
  expect(settling(['asker again'])).toMatchObject({ broken: undefined, settled: 6 })
  expect(settling([])).toMatchObject({
    broken: { rule: 'answered in the end', way: [{}, { step: { kind: 'lose' } }] },
  })
})
