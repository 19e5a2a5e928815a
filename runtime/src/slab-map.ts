/**
 * A `Map` for what comes and goes: to whoever uses it a `Map`, but its values lie in an array beside it. Not to be
 * cloned or encoded as it is: `structuredClone` and the codec would look past its methods. Make a `Map` of it for
 * that.
 *
 * A map of V8 makes itself a new table whenever the places of what was deleted are used up, and the old table refers to
 * the new one, for the sake of iterators. Once such a table has outlived two collections of the young generation, it is
 * dead but not collected, and keeps the next table alive, and that the next one, each with the values that were in it:
 * until everything is collected, whatever has gone through the map counts as alive (docs/performance.md). So the map
 * itself holds nothing but places in the array here.
 */
export class SlabMap<K, V> extends Map<K, V> {
  readonly #values: (V | undefined)[] = []
  readonly #free: number[] = []

  constructor(entries: Iterable<readonly [K, V]> = []) {
    super()
    for (const [key, value] of entries) this.set(key, value)
  }

  override get(key: K): V | undefined {
    const place = super.get(key) as number | undefined
    return place === undefined ? undefined : this.#values[place]
  }
  override set(key: K, value: V): this {
    let place = super.get(key) as number | undefined
    if (place === undefined) {
      place = this.#free.pop() ?? this.#values.length
      super.set(key, place as V)
    }
    this.#values[place] = value
    return this
  }
  override delete(key: K): boolean {
    const place = super.get(key) as number | undefined
    if (place === undefined) return false
    super.delete(key)
    this.#values[place] = undefined
    this.#free.push(place)
    return true
  }
  override clear(): void {
    super.clear()
    this.#values.length = 0
    this.#free.length = 0
  }
  override *values(): MapIterator<V> {
    for (const place of super.values()) yield this.#values[place as number] as V
  }
  override *entries(): MapIterator<[K, V]> {
    for (const [key, place] of super.entries()) yield [key, this.#values[place as number] as V]
  }
  override [Symbol.iterator](): MapIterator<[K, V]> {
    return this.entries()
  }
  override forEach(each: (value: V, key: K, map: Map<K, V>) => void, that?: unknown): void {
    for (const [key, value] of this) each.call(that, value, key, this)
  }
}
