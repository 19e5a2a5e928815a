/** The shop's services as actor types. */
import { ordersLogic } from './orders.ts'
import { paymentLogic } from './payment.ts'
import { service } from './service.ts'
import { stockLogic } from './stock.ts'

export const orders = service('orders', ordersLogic)
export const stock = service('stock', stockLogic)
export const payment = service('payment', paymentLogic)
