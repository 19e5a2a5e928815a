/** All suites, by name. */
import type { Suite } from './suite.ts'
import { ledger } from './suites/ledger.ts'
import { paxos } from './suites/paxos.ts'
import { shop } from './suites/shop.ts'
import { transactions } from './suites/transactions.ts'

export const suites: readonly Suite[] = [ledger, paxos, transactions, shop]

export function suiteNamed(name: string): Suite | undefined {
  return suites.find(suite => suite.name === name)
}
