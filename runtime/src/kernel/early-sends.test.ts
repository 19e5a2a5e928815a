import { expect, test } from 'vitest'
import { at, n2, probe, saver, type TestNode, testNode } from './kernel.fixture.ts'

/** Says what it hears to a peer, and keeps it when told to; `relay` passes on to another actor here. */
const teller = probe('teller', (event, out) => {
  const text = 'message' in event ? String(event.message) : ''
  if (text.startsWith('keep')) out.save('k', text)
  if (text.startsWith('pass')) out.send(at('hearer'), text)
  out.send(at('far', n2), `${text} told`)
})
const hearer = probe('hearer', (event, out) => {
  out.send(at('far', n2), 'message' in event ? `${String(event.message)} heard` : '')
})

function pieces(node: TestNode): unknown[] {
  return node.log.map(entry => ('peer' in entry ? entry.envelopes.map(e => e.message) : 'commit'))
}

test('[KN30] what rests on nothing that the turn writes leaves before its commit', () => {
  const node = testNode()
  node.kernel.spawn(teller, 'x', undefined)
  node.kernel.spawn(hearer, 'x', undefined)
  node.kernel.turn()
  for (const text of ['pass 1', 'keep 2', 'pass 3']) node.kernel.tell(at('teller'), text)
  node.kernel.turn()
  // 1 was told and passed on before anything was written; the hearer heard it before it heard 3.
  expect(pieces(node)).toEqual([
    ['pass 1 told', 'pass 1 heard'],
    'commit',
    ['keep 2 told', 'pass 3 told', 'pass 3 heard'],
  ])
})

test('[KN30] the next turn rests on what this one has committed', () => {
  const node = testNode()
  node.kernel.spawn(teller, 'x', undefined)
  node.kernel.spawn(saver, 'x', undefined)
  node.kernel.tell(at('teller'), 'keep 1')
  node.kernel.turn()
  node.log.length = 0
  node.kernel.tell(at('teller'), '2')
  node.kernel.tell(at('saver'), 'go')
  node.kernel.turn()
  expect(pieces(node)).toEqual([['2 told'], 'commit', ['saved']])
})

test('[KN30] an actor that starts from rows of the turn waits for its commit', () => {
  const node = testNode()
  const late = probe('late', () => undefined, { begin: out => out.send(at('far', n2), 'begun') })
  const early = probe('early', () => undefined, { begin: out => out.save('k', 1) })
  node.kernel.spawn(early, 'x', undefined)
  node.kernel.spawn(late, 'x', undefined)
  node.kernel.turn()
  expect(pieces(node)).toEqual(['commit', ['begun']])
})

test('[KN30] answers to a peer follow the same rule', () => {
  const node = testNode()
  node.kernel.spawn(teller, 'x', undefined)
  const echo = probe('echo', (event, out) => event.kind === 'request' && out.reply(event.request, 'echo'))
  node.kernel.spawn(echo, 'x', undefined)
  node.kernel.turn()
  const answers = node.ask(at('echo'), 'here')
  const request = { to: at('echo'), from: at('far', n2), message: 'there', request: { node: n2, id: 7 } }
  node.kernel.receive(n2, [request])
  node.kernel.tell(at('teller'), 'keep')
  node.kernel.turn()
  expect(pieces(node)).toEqual([[{ outcome: 'answered', result: 'echo' }], 'commit', ['keep told']])
  expect(answers).toEqual([{ outcome: 'answered', result: 'echo' }])
})

test('[KN30] a refusal leaves with what rests on the turn: what it rests on is not known', () => {
  const node = testNode()
  node.kernel.spawn(teller, 'x', undefined)
  const frail = probe('frail', () => {
    throw new Error('oops')
  })
  node.kernel.spawn(frail, 'x', undefined)
  node.kernel.turn()
  const request = { to: at('frail'), from: at('far', n2), message: 'there', request: { node: n2, id: 7 } }
  node.kernel.receive(n2, [request])
  node.kernel.tell(at('teller'), 'keep')
  node.kernel.turn()
  expect(pieces(node)).toEqual(['commit', [{ outcome: 'refused', reason: 'failed' }, 'keep told']])
})
