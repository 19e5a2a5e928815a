/**
 * What `load --history` writes, read without the schema, which takes ten times as long for a line. Whatever is not just
 * so is left to the schema, that knows all that may stand in a line and says what is wrong with one.
 */
import type { ListStep, ListTransaction, Outcome, RegisterOperation, Value } from './history.ts'

type Json = Readonly<Record<string, unknown>>

interface Plain {
  readonly client: string
  readonly call: number
  readonly return: number | undefined
  readonly outcome: Outcome
}

/** Undefined: ask the schema. */
export function plainRegisterOperation(line: unknown): RegisterOperation | undefined {
  if (!isObject(line)) return undefined
  const timed = plainTimed(line)
  const { op, key } = line
  if (timed === undefined || typeof key !== 'string') return undefined
  // What JSON.parse returns is a value.
  if (op === 'get') return { ...timed, op, key, output: line.output as Value | undefined }
  const value = line.value as Value | undefined
  if (value === undefined) return undefined
  if (op === 'put') return { ...timed, op, key, value }
  const { from, swapped } = line as { from?: Value; swapped?: unknown }
  if (op !== 'cas' || from === undefined) return undefined
  if (swapped !== undefined && typeof swapped !== 'boolean') return undefined
  return { ...timed, op, key, from, value, swapped }
}

/** Undefined: ask the schema. */
export function plainListTransaction(line: unknown): ListTransaction | undefined {
  if (!isObject(line)) return undefined
  const timed = plainTimed(line)
  const { txn } = line
  if (timed === undefined || !Array.isArray(txn) || !txn.every(isPlainStep)) return undefined
  return { ...timed, txn }
}

function isObject(line: unknown): line is Json {
  return typeof line === 'object' && line !== null
}

function plainTimed(line: Json): Plain | undefined {
  const { client, call, outcome } = line
  const end = line.return
  if (typeof client !== 'string' || !isTime(call) || !(end === undefined || isTime(end))) return undefined
  if (outcome !== 'ok' && outcome !== 'fail' && outcome !== 'unknown') return undefined
  return { client, call, return: end, outcome }
}

function isTime(at: unknown): at is number {
  return typeof at === 'number' && at >= 0 && at < Number.POSITIVE_INFINITY
}

function isPlainStep(step: unknown): step is ListStep {
  if (!Array.isArray(step) || step.length !== 3 || typeof step[1] !== 'string') return false
  const [what, , argument] = step
  if (what === 'append') return isElement(argument)
  return what === 'r' && (argument === null || (Array.isArray(argument) && argument.every(isElement)))
}

function isElement(element: unknown): boolean {
  return typeof element === 'number' ? Number.isFinite(element) : typeof element === 'string'
}
