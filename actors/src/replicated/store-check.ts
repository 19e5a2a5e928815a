/** What must hold of a store, however its rows came to be as they are. */
import { assert } from '@synod/runtime/protocol'
import { type Entry, type StoreData, tablesOf } from './store-data.ts'

export function checkStore(data: StoreData): void {
  checkCounts(data)
  for (const entry of data.changed) checkEntry(entry)
  for (const entry of data.waiting) if (entry.value !== undefined) checkEntry(entry)
}

function checkCounts(data: StoreData): void {
  const { size, waiting, changed, dirty, erased } = data
  let [sorted, kept, live] = [0, 0, 0]
  for (const { rows, names, size: withValue } of tablesOf(data)) {
    let ordered = 0
    for (const block of names.blocks) ordered += block.length
    assert(ordered <= rows.size && withValue <= rows.size, 'every name is in order once')
    sorted += ordered
    kept += rows.size
    live += withValue
  }
  assert(live === size && size <= sorted + waiting.length, 'every row is in order')
  assert(kept - size <= changed.length, 'what is gone is known')
  assert(erased >= 0 && erased <= dirty && dirty <= changed.length, 'what must be written is known')
}

interface Looked {
  readonly slot: number
  readonly size: number
  readonly waiting: number
  readonly changed: number
  readonly dirty: number
  /** The slot at which every value was looked at. */
  readonly wholeSlot: number
}
/** What each store was like at its last look. */
const looks = new WeakMap<StoreData, Looked>()
/**
 * All changes are looked at when they are so few, and otherwise after so many slots, and no more than so many of them
 * for each slot; the newest every time.
 */
const few = 32
const wholeEvery = 16
const changesPerSlot = 16

/**
 * For a look after every event of an actor, at a price for what has happened only: a store changes when a slot is
 * applied, when its rows are written and when a scan puts names in order, and each shows in `slot` or in the counts.
 */
export function checkStoreAfter(data: StoreData, slot: number): void {
  const { waiting, changed } = data
  const last = looks.get(data)
  if (last !== undefined && isUnchanged(data, slot, last)) return
  const many = waiting.length + changed.length
  const wholeAfter = Math.max(wholeEvery, Math.ceil(many / changesPerSlot))
  const isWhole = last === undefined || many <= few || slot >= last.wholeSlot + wholeAfter
  if (isWhole) checkStore(data)
  else {
    checkCounts(data)
    for (let at = Math.max(0, changed.length - few); at < changed.length; at++) checkEntry(changed[at])
  }
  const wholeSlot = isWhole ? slot : last.wholeSlot
  const { size, dirty } = data
  looks.set(data, { slot, size, waiting: waiting.length, changed: changed.length, dirty, wholeSlot })
}

function isUnchanged({ size, waiting, changed, dirty }: StoreData, slot: number, last: Looked): boolean {
  return (
    last.slot === slot &&
    last.size === size &&
    last.waiting === waiting.length &&
    last.changed === changed.length &&
    last.dirty === dirty
  )
}

function checkEntry(entry: Entry | undefined): void {
  assert(entry === undefined || entry.table.rows.get(entry.name) === entry, 'a row has one value')
}
