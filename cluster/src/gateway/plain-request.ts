/**
 * The requests that come most, recognised without a walk through a schema, which costs a put a tenth of its leader's
 * time. Whatever is not recognised goes to the schema, which decides, and words the error. What is recognised here
 * the schema would take as it is (a property test holds them together).
 */
import { deepest } from './plain-json.ts'

const mostOperations = 1_000
const mostKeyCharacters = 512
const mostDeadlineMs = 600_000
const name = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/

type Fields = Readonly<Record<string, unknown>>

/** A transaction of nothing but gets, plain puts and deletes. */
export function isPlainTransact(input: unknown): boolean {
  if (!isFields(input) || countOf(input) !== 5) return false
  const { type, operations, id, firstIncomplete, deadlineMs } = input
  return (
    type === 'transact' &&
    isFields(id) &&
    countOf(id) === 2 &&
    typeof id.session === 'string' &&
    id.session.length >= 1 &&
    id.session.length <= 128 &&
    isCount(id.sequence) &&
    id.sequence >= 1 &&
    isCount(firstIncomplete) &&
    typeof deadlineMs === 'number' &&
    deadlineMs > 0 &&
    deadlineMs <= mostDeadlineMs &&
    Array.isArray(operations) &&
    operations.length >= 1 &&
    operations.length <= mostOperations &&
    operations.every(isPlainOperation)
  )
}

function isPlainOperation(operation: unknown): boolean {
  if (!isFields(operation) || !isName(operation.keyspace) || !isKey(operation.key)) return false
  switch (operation.op) {
    case 'get':
    case 'delete':
      return countOf(operation) === 3
    case 'put':
      return countOf(operation) === 4 && operation.value !== null && isPlainJson(operation.value, deepest)
    default:
      return false
  }
}

/** What `unfitness` lets in and JSON can say. */
function isPlainJson(value: unknown, levels: number): boolean {
  switch (typeof value) {
    case 'string':
      return value.isWellFormed()
    case 'number':
      return Number.isFinite(value)
    case 'boolean':
      return true
    case 'object':
      return value === null || (levels > 0 && isPlainWithin(value, levels - 1))
    default:
      return false
  }
}

function isPlainWithin(value: object, levels: number): boolean {
  if (Array.isArray(value)) return value.every(part => isPlainJson(part, levels))
  if (!isFields(value)) return false
  for (const key in value) {
    if (key === '__proto__' || !key.isWellFormed() || !isPlainJson(value[key], levels)) return false
  }
  return true
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}

function countOf(fields: Fields): number {
  let count = 0
  for (const _ in fields) count++
  return count
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function isName(value: unknown): boolean {
  return typeof value === 'string' && name.test(value)
}

function isKey(value: unknown): boolean {
  return (
    typeof value === 'string' &&
    value.length >= 1 &&
    value.length <= mostKeyCharacters &&
    value.isWellFormed()
  )
}
