/**
 * Keys in order (UTF-16 code units), for scans that do not sort everything each time: blocks of at most 512 keys,
 * so that an insertion shifts one small array. Plain data: it survives `structuredClone`.
 */
const blockLimit = 512

export interface SortedKeys {
  /** Non-empty blocks, each sorted, in order. */
  readonly blocks: string[][]
  /** Changes with every insertion and removal: a scan under way then finds its place anew. */
  version: number
}

export function sortedKeys(keys: Iterable<string> = []): SortedKeys {
  // By code units, as `sort` does by itself, in half the time that a function takes.
  const all = [...keys].sort()
  const blocks: string[][] = []
  for (let at = 0; at < all.length; at += blockLimit / 2) blocks.push(all.slice(at, at + blockLimit / 2))
  return { blocks, version: 0 }
}

/** A key that is not there yet. */
export function insertKey(keys: SortedKeys, key: string): void {
  keys.version++
  const at = Math.max(0, blockOf(keys.blocks, key))
  const block = keys.blocks[at]
  if (block === undefined) {
    keys.blocks.push([key])
    return
  }
  block.splice(positionIn(block, key), 0, key)
  if (block.length > blockLimit) keys.blocks.splice(at + 1, 0, block.splice(blockLimit / 2))
}

export function removeKey(keys: SortedKeys, key: string): void {
  const at = blockOf(keys.blocks, key)
  const block = keys.blocks[at]
  if (block === undefined) return
  const position = positionIn(block, key)
  if (block[position] !== key) return
  keys.version++
  block.splice(position, 1)
  if (block.length === 0) keys.blocks.splice(at, 1)
}

/** Up to `to`, or the end. Keys may come and go while it runs: it goes on behind the last key it gave. */
export function* keysBetween(keys: SortedKeys, from: string, to?: string): Generator<string> {
  let at = Math.max(0, blockOf(keys.blocks, from))
  let position = positionIn(keys.blocks[at] ?? [], from)
  let version = keys.version
  for (;;) {
    const block = keys.blocks[at]
    if (block === undefined) return
    const key = block[position]
    if (key === undefined) {
      at++
      position = 0
      continue
    }
    if (to !== undefined && key >= to) return
    yield key
    position++
    if (version !== keys.version) {
      version = keys.version
      at = Math.max(0, blockOf(keys.blocks, key))
      position = positionAfter(keys.blocks[at] ?? [], key)
    }
  }
}

/** The last block whose first key is not above `key`; -1 when there is none. */
function blockOf(blocks: readonly string[][], key: string): number {
  let low = 0
  let high = blocks.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const first = blocks[middle]?.[0]
    if (first !== undefined && first <= key) low = middle + 1
    else high = middle
  }
  return low - 1
}

/** Where `key` is, or would be put. */
function positionIn(block: readonly string[], key: string): number {
  let low = 0
  let high = block.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const there = block[middle]
    if (there !== undefined && there < key) low = middle + 1
    else high = middle
  }
  return low
}

function positionAfter(block: readonly string[], key: string): number {
  const position = positionIn(block, key)
  return block[position] === key ? position + 1 : position
}
