/** The limit of the checkout bench: the same HTTP server as a node's, answering a constant. Prints its port. */
import { serve } from '@hono/node-server'
import { Hono } from 'hono'

const app = new Hono().post('/orders/checkout/:order', c => c.text('paid'))
serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }, ({ port }) => process.stdout.write(`${port}\n`))
