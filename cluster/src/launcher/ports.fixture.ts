/** Where clusters of tests listen. */
import { createServer } from 'node:net'

/** Outside the range that the system hands out to connections: `SYNOD_TEST_PORTS=20000-29999`. */
const [firstPort, lastPort] = (process.env.SYNOD_TEST_PORTS ?? '20000-29999').split('-').map(Number) as [
  number,
  number,
]

/** A base port with room for five nodes above it. */
export async function freeBasePort(): Promise<number> {
  for (let tries = 0; tries < 200; tries++) {
    const base = firstPort + 10 * Math.floor((Math.random() * (lastPort + 1 - firstPort)) / 10)
    const free = await Promise.all([0, 1, 2, 3, 4, 5].map(offset => isFree(base + offset)))
    if (free.every(Boolean)) return base
  }
  throw new Error('no free ports')
}

export function isFree(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const probe = createServer()
    probe.once('error', () => resolve(false))
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
  })
}
