/** The workloads by name. */
import { Append } from './append.ts'
import { Bank } from './bank.ts'
import { Register } from './register.ts'
import { Shop } from './shop.ts'
import type { Setup, Workload } from './workload.ts'

export interface WorkloadKind {
  readonly summary: string
  /** How many keys, unless told. */
  readonly keys: number
  /** What of the cluster's is made anew when it begins. */
  readonly replaces?: string
  /** Records a history that `verify` can check. */
  readonly history: boolean
  make(setup: Setup): Workload
}

const shopRows = 'users, items and orders 0, 1, 2, …'

export const workloads: Readonly<Record<string, WorkloadKind>> = {
  shop: {
    summary: 'checkouts of orders of two items, over HTTP',
    keys: 1_000,
    replaces: shopRows,
    history: false,
    make: setup => new Shop(setup),
  },
  hot: {
    summary: 'the same, all on one item',
    keys: 1,
    replaces: shopRows,
    history: false,
    make: setup => new Shop(setup, 1),
  },
  bank: {
    summary: 'transfers between accounts, by the client library',
    keys: 100,
    history: false,
    make: setup => new Bank(setup),
  },
  register: {
    summary: 'get, put and cas on a few registers',
    keys: 8,
    history: true,
    make: setup => new Register(setup),
  },
  append: {
    summary: 'transactions that append to lists and read them',
    keys: 8,
    history: true,
    make: setup => new Append(setup),
  },
}
