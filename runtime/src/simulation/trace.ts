/**
 * The trace of a simulation: a running hash over everything that happened, in order, and on demand the same as JSON
 * lines. Two runs of a seed must give the same hash; when they do not, the two files show the first difference.
 */
import { fnv1a } from './random.ts'

export type TraceKind =
  | 'boot'
  | 'settled'
  | 'turn'
  | 'send'
  | 'lose'
  | 'deliver'
  | 'event'
  | 'commit'
  | 'answer'
  | 'note'
  | 'crash'
  | 'fault'
  | 'heal'

/** One JSON line. */
export interface TraceLine {
  readonly at: number
  readonly kind: TraceKind
  readonly node: string
  readonly [key: string]: unknown
}

export type TraceSink = (line: TraceLine) => void

const words = new Uint32Array(2)
const float = new Float64Array(words.buffer)
const kinds = new Map<string, number>()

export class Trace {
  #low = 0x9e3779b9 | 0
  #high = 0x85ebca6b | 0
  readonly #sink: TraceSink | undefined

  constructor(sink?: TraceSink) {
    this.#sink = sink
  }

  /** Whether somebody reads the lines: check it before building one. */
  get written(): boolean {
    return this.#sink !== undefined
  }

  get hash(): string {
    return hex(this.#high) + hex(this.#low)
  }

  /** An event into the hash: what, when, on which node (its index), and two numbers that tell it from others. */
  event(kind: TraceKind, at: number, node: number, a: number, b: number): void {
    float[0] = at
    this.#mix((kindOf(kind) << 8) | node)
    this.#mix(words[0] as number)
    this.#mix(words[1] as number)
    this.#mix(a | 0)
    this.#mix(b | 0)
  }

  line(line: TraceLine): void {
    this.#sink?.(line)
  }

  #mix(word: number): void {
    let low = Math.imul(this.#low ^ word, 0xcc9e2d51)
    low = (low << 13) | (low >>> 19)
    this.#low = (Math.imul(low, 5) + 0x38495ab5) | 0
    let high = Math.imul(this.#high + word, 0x1b873593)
    high = (high << 15) | (high >>> 17)
    this.#high = (high ^ this.#low) | 0
  }
}

function kindOf(kind: TraceKind): number {
  let code = kinds.get(kind)
  if (code === undefined) {
    code = fnv1a(kind) & 0xffffff
    kinds.set(kind, code)
  }
  return code
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0')
}
