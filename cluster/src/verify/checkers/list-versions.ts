/**
 * What reads tell of each list: the order in which its elements were appended. Elements are never removed and no two
 * appends use the same one, so that the longest read of a key holds every version, and each read names the
 * transactions that it saw (Elle, §4: traceability and recoverability).
 */
import type { ListTransaction } from './history.ts'

export type Element = number | string

/** An anomaly that shows without any order between transactions. */
export interface ReadAnomaly {
  readonly type: 'G1a' | 'G1b' | 'internal' | 'incompatible order' | 'duplicate element' | 'unwritten element'
  readonly key: string
  readonly transactions: readonly ListTransaction[]
  readonly message: string
}

/** One append, by its transaction's index in the history. */
interface Append {
  readonly writer: number
  /** The transaction's last append to the key. */
  readonly last: boolean
}

/** A read of a version of the key that the transaction itself did not make: the first `length` elements. */
export interface ExternalRead {
  readonly reader: number
  readonly length: number
}

export interface KeyVersions {
  /** The elements in order, as far as they were read. */
  readonly order: readonly Element[]
  readonly writers: ReadonlyMap<Element, Append>
  readonly reads: readonly ExternalRead[]
}

export interface ListVersions {
  readonly keys: ReadonlyMap<string, KeyVersions>
  /** Transactions of unknown outcome that did happen: somebody read an append of theirs. */
  readonly shown: ReadonlySet<number>
  readonly anomalies: readonly ReadAnomaly[]
}

interface Read extends ExternalRead {
  readonly list: readonly Element[]
}

interface Building {
  order: readonly Element[]
  longestReader: number
  readonly writers: Map<Element, Append>
  readonly reads: Read[]
}

export function listVersions(history: readonly ListTransaction[]): ListVersions {
  const keys = new Map<string, Building>()
  const anomalies: ReadAnomaly[] = []
  for (const [index, transaction] of history.entries())
    collectAppends(keys, anomalies, history, index, transaction)
  for (const [index, transaction] of history.entries()) {
    if (transaction.outcome === 'ok') collectReads(keys, anomalies, index, transaction)
  }
  const shown = new Set<number>()
  for (const [key, building] of keys) {
    checkReads(key, building, history, anomalies)
    for (const element of building.order) {
      const writer = building.writers.get(element)?.writer
      if (writer !== undefined && history[writer]?.outcome === 'unknown') shown.add(writer)
    }
  }
  return { keys, shown, anomalies }
}

function keyOf(keys: Map<string, Building>, key: string): Building {
  let building = keys.get(key)
  if (!building) {
    building = { order: [], longestReader: -1, writers: new Map(), reads: [] }
    keys.set(key, building)
  }
  return building
}

function collectAppends(
  keys: Map<string, Building>,
  anomalies: ReadAnomaly[],
  history: readonly ListTransaction[],
  index: number,
  transaction: ListTransaction,
): void {
  const seen = new Set<string>()
  // Backwards: the first one met is the last append to its key.
  for (const [what, key, element] of transaction.txn.toReversed()) {
    if (what !== 'append') continue
    const { writers } = keyOf(keys, key)
    const other = writers.get(element)
    if (other) {
      anomalies.push({
        type: 'duplicate element',
        key,
        transactions: [history[other.writer] as ListTransaction, transaction],
        message: `${element} is appended to ${key} twice: the history cannot be checked`,
      })
    }
    writers.set(element, { writer: index, last: !seen.has(key) })
    seen.add(key)
  }
}

function collectReads(
  keys: Map<string, Building>,
  anomalies: ReadAnomaly[],
  index: number,
  transaction: ListTransaction,
): void {
  /** What the transaction must see of a key it has touched: the version it read, if any, and its own appends. */
  const known = new Map<string, { base: readonly Element[] | undefined; own: Element[] }>()
  for (const [what, key, argument] of transaction.txn) {
    const local = known.get(key) ?? { base: undefined, own: [] }
    known.set(key, local)
    if (what === 'append') {
      local.own.push(argument)
      continue
    }
    const list = argument ?? []
    const building = keyOf(keys, key)
    const length = list.length - local.own.length
    const base = list.slice(0, Math.max(0, length))
    const ownSeen = length >= 0 && local.own.every((element, i) => list[length + i] === element)
    const baseSame = local.base === undefined || equal(local.base, base)
    const future = base.some(element => building.writers.get(element)?.writer === index)
    if (!ownSeen || !baseSame || future) {
      anomalies.push({
        type: 'internal',
        key,
        transactions: [transaction],
        message: `it reads ${showList(list)} of ${key}, which its own earlier steps contradict`,
      })
      continue
    }
    local.base = base
    building.reads.push({ reader: index, length, list })
    if (list.length > building.order.length) {
      building.order = list
      building.longestReader = index
    }
  }
}

function checkReads(
  key: string,
  { order, longestReader, writers, reads }: Building,
  history: readonly ListTransaction[],
  anomalies: ReadAnomaly[],
): void {
  const longest = history[longestReader]
  if (!longest) return
  const report = (type: ReadAnomaly['type'], transactions: readonly ListTransaction[], message: string) =>
    anomalies.push({ type, key, transactions, message })
  if (new Set(order).size < order.length) {
    report('duplicate element', [longest], `${showList(order)} of ${key} holds an element twice`)
  }
  checkElements(longest, order)
  for (const { reader, length, list } of reads) {
    const transaction = history[reader] as ListTransaction
    // A prefix of the longest read has the elements that were checked there.
    if (!isPrefix(list, order)) {
      const both = `${showList(list)} and as ${showList(order)}`
      report('incompatible order', [transaction, longest], `${key} is read as ${both}`)
      checkElements(transaction, list)
    }
    checkLast(transaction, list[length - 1])
  }

  function checkElements(reader: ListTransaction, list: readonly Element[]): void {
    for (const element of list) {
      const writer = history[writers.get(element)?.writer ?? -1]
      if (!writer) {
        report('unwritten element', [reader], `${element}, read of ${key}, was appended by nobody`)
      } else if (writer.outcome === 'fail') {
        report(
          'G1a',
          [writer, reader],
          `${element}, read of ${key}, was appended by a transaction that failed`,
        )
      }
    }
  }

  function checkLast(reader: ListTransaction, element: Element | undefined): void {
    const append = element === undefined ? undefined : writers.get(element)
    const writer = append && history[append.writer]
    if (!writer || append.last) return
    report('G1b', [writer, reader], `${key} is read up to ${element}, between two appends of one transaction`)
  }
}

function equal(a: readonly Element[], b: readonly Element[]): boolean {
  return a.length === b.length && isPrefix(a, b)
}

function isPrefix(short: readonly Element[], long: readonly Element[]): boolean {
  return short.every((element, i) => element === long[i])
}

/** The end of it, which is what differs between versions. */
export function showList(list: readonly Element[]): string {
  return list.length <= 12 ? `[${list.join(' ')}]` : `[… ${list.slice(-12).join(' ')}]`
}
