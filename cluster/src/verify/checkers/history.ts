/**
 * Histories: what clients asked and what they were told, one JSON object a line, as `load --history` writes them.
 * Times are nanoseconds of one clock, in numbers below 2^53 (so: since the run began, not since 1970).
 *
 * `outcome` is what the client knows. `ok`: it happened, somewhere between `call` and `return`. `fail`: it did not
 * and will not happen. `unknown`: it may have happened, or may happen at any time after `call`.
 */
import { z } from 'zod'
import { plainListTransaction, plainRegisterOperation } from './plain-history.ts'

export type Value = null | boolean | number | string | readonly Value[] | { readonly [key: string]: Value }
export type Outcome = 'ok' | 'fail' | 'unknown'

interface Timed {
  readonly client: string
  readonly call: number
  /** Absent when the client never heard. */
  readonly return?: number | undefined
  readonly outcome: Outcome
}

/** One operation on a register. A key without a value reads as null. */
export type RegisterOperation = Timed & { readonly key: string } & (
    | { readonly op: 'get'; readonly output?: Value | undefined }
    | { readonly op: 'put'; readonly value: Value }
    | {
        readonly op: 'cas'
        readonly from: Value
        readonly value: Value
        readonly swapped?: boolean | undefined
      }
  )

/** An append of an element that no other append uses, or a read of the whole list. */
export type ListStep =
  | readonly ['append', string, number | string]
  | readonly ['r', string, readonly (number | string)[] | null]

/** A transaction over lists. Reads of one that is not `ok` are ignored. */
export interface ListTransaction extends Timed {
  readonly txn: readonly ListStep[]
}

/** What JSON.parse returns is a value, and stays as it is: `z.json()` would leave out a name `__proto__`. */
const value = z.custom<Value>(json => json !== undefined, 'must be a JSON value')
const time = z.number().nonnegative()
const name = z.union([z.string(), z.number()]).transform(String)
const element = z.union([z.string(), z.number()])

const timed = {
  client: name,
  call: time,
  return: time.nullish().transform(at => at ?? undefined),
  outcome: z.enum(['ok', 'fail', 'unknown']),
}
const onKey = { ...timed, key: name }

export const registerOperation: z.ZodType<RegisterOperation> = z.discriminatedUnion('op', [
  z.object({ ...onKey, op: z.literal('get'), output: value.optional() }),
  z.object({ ...onKey, op: z.literal('put'), value }),
  z.object({
    ...onKey,
    op: z.literal('cas'),
    from: value,
    value,
    swapped: z
      .boolean()
      .nullish()
      .transform(swapped => swapped ?? undefined),
  }),
])

export const listTransaction: z.ZodType<ListTransaction> = z.object({
  ...timed,
  txn: z.array(
    z.union([
      z.tuple([z.literal('append'), name, element]),
      z.tuple([z.literal('r'), name, z.array(element).nullable()]),
    ]),
  ),
})

/** A line of a history that is not what the format says. */
export class BadHistory extends Error {
  override readonly name = 'BadHistory'
  readonly line: number

  constructor(line: number, problem: string) {
    super(`line ${line}: ${problem}`)
    this.line = line
  }
}

/** Reads JSON lines; empty ones are skipped. Throws `BadHistory`, which names the line. */
export function parseRegisterHistory(lines: Iterable<string>): RegisterOperation[] {
  return parseLines(lines, plainRegisterOperation, registerOperation, operation => {
    if (operation.outcome !== 'ok') return undefined
    if (operation.op === 'get' && operation.output === undefined) return 'a get that is ok has an output'
    if (operation.op === 'cas' && operation.swapped === undefined)
      return 'a cas that is ok says whether it swapped'
    return undefined
  })
}

/** Reads JSON lines; empty ones are skipped. Throws `BadHistory`, which names the line. */
export function parseListHistory(lines: Iterable<string>): ListTransaction[] {
  return parseLines(lines, plainListTransaction, listTransaction, () => undefined)
}

function parseLines<T extends Timed>(
  lines: Iterable<string>,
  plain: (json: unknown) => T | undefined,
  schema: z.ZodType<T>,
  problem: (parsed: T) => string | undefined,
): T[] {
  const parsed: T[] = []
  let line = 0
  for (const text of lines) {
    line++
    if (text.trim() === '') continue
    const json = jsonOf(text, line)
    const read = plain(json) ?? checked(schema, json, line)
    const wrong = timeProblem(read) ?? problem(read)
    if (wrong !== undefined) throw new BadHistory(line, wrong)
    parsed.push(read)
  }
  return parsed
}

function checked<T>(schema: z.ZodType<T>, json: unknown, line: number): T {
  const result = schema.safeParse(json)
  if (!result.success) throw new BadHistory(line, z.prettifyError(result.error))
  return result.data
}

function jsonOf(text: string, line: number): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new BadHistory(line, `not JSON: ${(error as Error).message}`)
  }
}

function timeProblem(operation: Timed): string | undefined {
  if (operation.return === undefined)
    return operation.outcome === 'ok' ? 'what is ok has a return time' : undefined
  return operation.return < operation.call ? 'it returns before it is called' : undefined
}
