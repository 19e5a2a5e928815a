/** Operations as they arrive from outside: checked in shape and size, with an error that names the field. */
import type { Operation } from '@synod/actors'
import { z } from 'zod'
import { parse, unknownName } from './parse.ts'
import { unfitness } from './plain-json.ts'
import { BadInput } from './problem.ts'

const name = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, 'must be 1 to 63 letters, digits, ".", "_" or "-"')
const text = z.string().refine(given => given.isWellFormed(), 'holds half of a surrogate pair')
export const keySchema = text.min(1, 'must not be empty').max(512, 'must be at most 512 characters')
export const prefixSchema = text.max(512)
const key = keySchema
const integer = z.int({
  // One that is missing is told as every other field is.
  error: ({ input }) => (input === undefined ? undefined : 'must be an integer between −(2^53−1) and 2^53−1'),
})
// This comes first: the check for JSON calls itself for each level, however many.
const json = z
  .unknown()
  .superRefine((input, context) => {
    const message = unfitness(input)
    if (message !== undefined) context.addIssue({ code: 'custom', message })
  })
  .pipe(z.json())
const value = json.refine(input => input !== null, 'must not be null: delete the key instead')
const on = { keyspace: name, key }
const external = z.boolean().optional()
const conditions = ['equals', 'exists', 'atLeast', 'version'] as const

const check = z
  .strictObject({
    op: z.literal('check'),
    ...on,
    equals: json.optional(),
    exists: z.boolean().optional(),
    atLeast: integer.optional(),
    version: z.int().min(0).optional(),
  })
  .refine(
    operation => conditions.filter(condition => operation[condition] !== undefined).length === 1,
    `must have exactly one of ${conditions.join(', ')}`,
  )

const operationKinds = [
  z.strictObject({ op: z.literal('get'), ...on }),
  z.strictObject({
    op: z.literal('scan'),
    ...on,
    prefix: prefixSchema,
    limit: z.int().min(1).max(1_000).optional(),
  }),
  z.strictObject({ op: z.literal('put'), ...on, value, external }),
  z.strictObject({ op: z.literal('delete'), ...on, external }),
  z.strictObject({
    op: z.literal('add'),
    ...on,
    amount: integer,
    min: integer.optional(),
    max: integer.optional(),
    initial: integer.optional(),
    external,
  }),
  z.strictObject({ op: z.literal('append'), ...on, value, external }),
  check,
] as const
const operationNames = operationKinds.map(kind => kind.shape.op.value)

export const operationSchema = z.discriminatedUnion('op', operationKinds, {
  error: ({ code, input }) => (code === 'invalid_union' ? unknownOperation(input) : undefined),
})

function unknownOperation(input: unknown): string {
  const { op } = input as { readonly op?: unknown }
  return unknownName('operation', op, operationNames)
}

export const mostOperations = 1_000
export const operationsSchema = z
  .array(operationSchema)
  .min(1, 'needs at least one operation')
  .max(mostOperations)

const transactionSchema = z.strictObject({ operations: operationsSchema })

export const transactionJsonSchema: object = z.toJSONSchema(transactionSchema, {
  io: 'input',
  unrepresentable: 'any',
})

/** The body of `POST /tx`: `{"operations": […]}`. */
export function parseTransaction(input: unknown): readonly Operation[] {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw new BadInput('the body is not an object: send {"operations": [...]}')
  }
  // Zod leaves optional members out when they are absent, which exactOptionalPropertyTypes cannot see.
  const operations = parse(transactionSchema, input).operations as readonly Operation[]
  refuseShopWrites(operations)
  return operations
}

/** The shop's rows mean something to its services, and its books must balance: only they write there. */
const shopKeyspaces: ReadonlySet<string> = new Set(['orders', 'stock', 'payment'])

/** Throws `BadInput` when raw operations would write the shop's keyspaces; they may be read. */
export function refuseShopWrites(operations: readonly { op: string; keyspace: string }[]): void {
  const write = operations.find(
    ({ op, keyspace }) => shopKeyspaces.has(keyspace) && op !== 'get' && op !== 'scan' && op !== 'check',
  )
  if (write === undefined) return
  const { keyspace } = write
  throw new BadInput(
    `keyspace ${keyspace} is the shop's: write it by the routes of /${keyspace}`,
    403,
    'forbidden',
  )
}

export function parseName(what: string, text: string): string {
  const parsed = name.safeParse(text)
  if (!parsed.success)
    throw new BadInput(`${what} ${JSON.stringify(text)}: ${parsed.error.issues[0]?.message}`)
  return text
}

export function parseKey(text: string): string {
  const parsed = key.safeParse(text)
  if (!parsed.success) throw new BadInput(`key: ${parsed.error.issues[0]?.message}`)
  return text
}
