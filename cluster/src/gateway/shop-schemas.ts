/** What stands in the shop's paths, checked and documented from here, and the schemas of what comes back. */
import type { Context } from 'hono'
import { BadInput } from './problem.ts'
import { parameter } from './route.ts'

/** Most rows of a `batch_init`. */
const mostRows = 1_000_000

interface Whole {
  readonly type: 'integer'
  readonly minimum: number
  readonly maximum: number
}
const whole = (minimum: number, maximum: number = Number.MAX_SAFE_INTEGER): Whole => ({
  type: 'integer',
  minimum,
  maximum,
})

/** The numbers of a path, by their name there. */
const wholes = {
  quantity: whole(1),
  price: whole(0),
  amount: whole(0),
  n: whole(0, mostRows),
  n_items: whole(1),
  n_users: whole(1),
  item_price: whole(0),
  starting_stock: whole(0),
  starting_money: whole(0),
} as const

const idPattern = /^[\w.~:-]{1,128}$/
const idSchema = { type: 'string', pattern: idPattern.source }

export const shopParameters: Readonly<Record<string, object>> = {
  ...wholes,
  user_id: idSchema,
  order_id: idSchema,
  item_id: idSchema,
}

export function id(c: Context, name: string): string {
  const given = parameter(c, name)
  if (idPattern.test(given)) return given
  throw new BadInput(
    `${name} ${JSON.stringify(given.slice(0, 80))}: an id has 1 to 128 letters, digits, or . _ ~ : -`,
  )
}

/** An integer of the path, digits only: `1e3`, `1.5`, `-1` and what JavaScript cannot count exactly are refused. */
export function amount(c: Context, name: keyof typeof wholes): number {
  const { minimum, maximum } = wholes[name]
  const given = parameter(c, name)
  const value = /^\d{1,16}$/.test(given) ? Number(given) : Number.NaN
  if (value >= minimum && value <= maximum) return value
  throw new BadInput(
    `${name} ${JSON.stringify(given.slice(0, 80))}: must be an integer from ${minimum} to ${maximum}`,
  )
}

const string = { type: 'string' }
const integer = { type: 'integer' }
const boolean = { type: 'boolean' }

function record(properties: Readonly<Record<string, object>>): object {
  return { type: 'object', required: Object.keys(properties), properties }
}

/** A sentence for people, `text/plain`. */
export const text: object = string
export const loaded = record({ msg: string })
export const paid = record({ paid: boolean })
export const done = record({ done: boolean })
export const created = {
  order: record({ order_id: string }),
  item: record({ item_id: string }),
  user: record({ user_id: string }),
} as const
export const found = {
  order: record({
    order_id: string,
    paid: boolean,
    items: { type: 'array', items: { type: 'array', prefixItems: [string, integer] } },
    user_id: string,
    total_cost: integer,
  }),
  item: record({ stock: integer, price: integer }),
  user: record({ user_id: string, credit: integer }),
} as const
