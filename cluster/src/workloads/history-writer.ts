/** Writes a history as JSON lines, in the order in which operations return; times in nanoseconds since it began. */
import { closeSync, openSync, writeSync } from 'node:fs'

const chunkBytes = 1024 * 1024
/** More than checkers can take. */
const mostLines = 5_000_000

export class HistoryWriter {
  readonly #file: number
  #chunk: string[] = []
  #length = 0
  #lines = 0
  readonly #began = process.hrtime.bigint()

  constructor(path: string) {
    this.#file = openSync(path, 'w')
  }

  get lines(): number {
    return this.#lines
  }
  get full(): boolean {
    return this.#lines >= mostLines
  }

  now(): number {
    return Number(process.hrtime.bigint() - this.#began)
  }

  write(line: object): void {
    const text = `${JSON.stringify(line)}\n`
    this.#lines += 1
    this.#chunk.push(text)
    this.#length += text.length
    if (this.#length >= chunkBytes) this.#flush()
  }

  close(): void {
    this.#flush()
    closeSync(this.#file)
  }

  #flush(): void {
    writeSync(this.#file, this.#chunk.join(''))
    this.#chunk = []
    this.#length = 0
  }
}
