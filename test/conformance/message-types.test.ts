/** The table of message types against what actors of simulated clusters do send from node to node. */
import { expect, it } from 'vitest'
import { messageTypes } from '../../actors/src/message-types.ts'
import { Run } from '../simulation/suite.ts'
import { shop } from '../simulation/suites/shop.ts'
import { transactions } from '../simulation/suites/transactions.ts'

it('every type of message that goes between nodes is listed as one', () => {
  const seen = new Set<string>()
  const note = ({ kind, message }: { readonly kind: string; readonly message?: unknown }): void => {
    if (kind === 'send') seen.add((message as { type?: string }).type ?? '')
  }
  for (const [suite, seed] of [
    [shop, 7],
    [transactions, 9],
  ] as const) {
    suite.run(new Run(seed, { trace: note }))
  }
  // Answers to requests have no type of their own.
  seen.delete('')
  expect([...seen].filter(type => !messageTypes.betweenNodes.includes(type))).toEqual([])
  expect(seen.size).toBeGreaterThan(15)
}, 60_000)
