/** An actor's rows as the storage will have them once the turn's writes so far are committed. */
import type { KeyRange, Rows } from '../actor.ts'
import type { ActorId } from '../address.ts'
import type { Write } from '../storage/storage.ts'

export function readThrough(committed: Rows, writes: readonly Write[], actor: ActorId): Rows {
  const own = writes.filter(write => write.actor === actor)
  return own.length === 0 ? committed : overlay(committed, own)
}

function overlay(committed: Rows, writes: readonly Write[]): Rows {
  const entries = (range?: KeyRange): (readonly [string, unknown])[] => {
    const found = new Map(committed.entries(range))
    for (const write of writes) {
      if ('key' in write) {
        if (within(write.key, range)) found.set(write.key, write.value)
      } else if (typeof write.erase === 'string') found.delete(write.erase)
      else for (const key of [...found.keys()]) if (within(key, write.erase)) found.delete(key)
    }
    return [...found].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  }
  const get = (key: string): unknown => {
    for (const write of writes.toReversed()) {
      if ('key' in write) {
        if (write.key === key) return write.value
      } else if (typeof write.erase === 'string' ? write.erase === key : within(key, write.erase))
        return undefined
    }
    return committed.get(key)
  }
  return { get, entries }
}

function within(key: string, range: KeyRange | undefined): boolean {
  return range === undefined || (key >= range.from && key < range.to)
}
