/** What a value holds of what must be conserved: goods in units, money in its smallest unit (SPEC.md, SV4). */
import type { Json } from '@synod/runtime/protocol'
import { orderOf, ordersKeyspace, paymentKeyspace, stockKeyspace, units } from './order.ts'

/** Pure: sums of measures, and their differences, are kept by every replica. */
export type Measure = (key: string, value: Json | undefined) => Record<string, number>

export const measures: Readonly<Record<string, Measure>> = {
  [ordersKeyspace](_key, value) {
    const order = orderOf(value)
    if (order === undefined) return {}
    if (order.paid) return { goods: units(order), money: order.total }
    return order.prepaid === undefined ? {} : { money: order.prepaid }
  },
  [stockKeyspace]: (key, value) =>
    key.endsWith('/count') && typeof value === 'number' ? { goods: value } : {},
  [paymentKeyspace]: (_key, value) => (typeof value === 'number' ? { money: value } : {}),
}
