/**
 * One sum over the checksums of all rows in their table, kept beside the turn number. A row's own checksum is silent
 * about a page that is an older version of itself, as a lost write leaves it, or a checkpoint that was cut short when
 * the write-ahead log is lost as well: whatever rows came back, went away or did not change with the others show here.
 */
export class TableDigest {
  #sum = 0

  get sum(): number {
    return this.#sum
  }

  /** What is in the file. */
  set(sum: number): void {
    this.#sum = sum
  }

  add(crc: number): void {
    this.#sum = (this.#sum + mixed(crc)) >>> 0
  }

  take(crc: number): void {
    this.#sum = (this.#sum - mixed(crc)) >>> 0
  }
}

/** CRCs are linear: without this two rows that changed alike could cancel each other. (The end of MurmurHash3.) */
function mixed(crc: number): number {
  let mix = crc ^ (crc >>> 16)
  mix = Math.imul(mix, 0x85ebca6b)
  mix ^= mix >>> 13
  mix = Math.imul(mix, 0xc2b2ae35)
  return mix ^ (mix >>> 16)
}
