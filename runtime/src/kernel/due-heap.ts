/**
 * A binary heap of what is due at some time; each item knows its place, so that removing and re-arming are O(log n)
 * and nothing stale piles up. Equal times leave in the order they came in: runs must repeat exactly.
 */
export interface Due {
  due: number
  /** Place in the heap; -1 when outside. Kept by the heap. */
  place: number
  /** Breaks ties. Kept by the heap. */
  order: number
}

export class DueHeap<T extends Due> {
  #items: T[] = []
  #order = 0

  get size(): number {
    return this.#items.length
  }

  /** When the earliest item is due; Infinity when there is none. */
  get next(): number {
    return this.#items[0]?.due ?? Number.POSITIVE_INFINITY
  }

  add(item: T, due: number): void {
    this.remove(item)
    item.due = due
    item.order = ++this.#order
    item.place = this.#items.length
    this.#items.push(item)
    this.#up(item)
  }

  /** Takes the earliest item that is due at `now`, if any. */
  takeDue(now: number): T | undefined {
    const first = this.#items[0]
    if (first === undefined || first.due > now) return undefined
    this.remove(first)
    return first
  }

  remove(item: T): void {
    const place = item.place
    if (place < 0) return
    item.place = -1
    const last = this.#items.pop()
    if (last === undefined || last === item) return
    this.#items[place] = last
    last.place = place
    this.#up(last)
    this.#down(last)
  }

  #up(item: T): void {
    while (item.place > 0) {
      const parent = this.#items[(item.place - 1) >> 1]
      if (parent === undefined || !earlier(item, parent)) return
      this.#swap(item, parent)
    }
  }

  #down(item: T): void {
    for (;;) {
      const left = this.#items[2 * item.place + 1]
      const right = this.#items[2 * item.place + 2]
      if (left === undefined) return
      const child = right !== undefined && earlier(right, left) ? right : left
      if (!earlier(child, item)) return
      this.#swap(child, item)
    }
  }

  #swap(a: T, b: T): void {
    const place = a.place
    a.place = b.place
    b.place = place
    this.#items[a.place] = a
    this.#items[b.place] = b
  }
}

function earlier(a: Due, b: Due): boolean {
  return a.due < b.due || (a.due === b.due && a.order < b.order)
}
