/** All suites, by name. */
import type { Suite } from './suite.ts'
import { ledger } from './suites/ledger.ts'
import { paxos } from './suites/paxos.ts'

export const suites: readonly Suite[] = [ledger, paxos]

export function suiteNamed(name: string): Suite | undefined {
  return suites.find(suite => suite.name === name)
}
