import { createServer } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { performance } from 'node:perf_hooks'
import { describe, expect, test } from 'vitest'
import { Failure } from './failure.ts'
import { explainListen, listen, listenWide } from './listen.ts'
import { portHolder } from './port-holder.ts'

const withCode = (code: string) => Object.assign(new Error(code), { code })
const host = '127.0.0.1'

describe('a port that is taken', () => {
  test.each([
    ['for one socket', listen],
    ['for several', listenWide],
  ])('is explained with the process that holds it, and what to do: %s', async (_, by) => {
    const first = createServer()
    const close = await by(first, host, 0)
    const { port } = first.address() as AddressInfo
    for (const second of [listen, listenWide]) {
      const failure = await second(createServer(), host, port).catch((error: unknown) => error)
      expect(failure).toBeInstanceOf(Failure)
      const who = process.platform === 'linux' ? `by process ${process.pid}: ` : 'by another process'
      expect((failure as Failure).message).toContain(`port ${port} is taken ${who}`)
      expect((failure as Failure).message).toContain('stop it, or choose another with --port')
    }
    close?.()
    await new Promise(resolve => first.close(resolve))
    expect(portHolder(port)).toBeUndefined()
  })

  test.each([
    ['EADDRNOTAVAIL', 'cannot listen on 10.0.0.9:80: this machine has no address 10.0.0.9'],
    [
      'EACCES',
      'cannot listen on 10.0.0.9:80: this user may not use port 80; choose one above 1023 with --port',
    ],
    ['EOTHER', 'cannot listen on 10.0.0.9:80: EOTHER'],
  ])('%s is said in words', (code, message) => {
    expect(explainListen(withCode(code), '10.0.0.9', 80)).toBe(message)
  })
})

// Elsewhere a port has one socket.
describe.runIf(process.platform === 'linux')('several sockets on a port', () => {
  test('[GW9] let many in that dial at once, within a few turns of the event loop', async () => {
    const server = createServer((_, response) => response.end('here'))
    const close = await listenWide(server, host, 0)
    const { port } = server.address() as AddressInfo
    const dialling = 400
    const accepted = new Promise(resolve => {
      let count = 0
      server.on('connection', () => ++count === dialling && resolve(undefined))
    })
    const before = turns()
    const clients = Array.from({ length: dialling }, () => connect(port, host))
    await accepted
    expect(turns() - before).toBeLessThan(dialling / 4)
    expect(await (await fetch(`http://${host}:${port}`)).text()).toBe('here')
    close()
    await ended(server, clients)
  })
})

function turns(): number {
  return performance.nodeTiming.uvMetricsInfo.loopCount
}

async function ended(server: ReturnType<typeof createServer>, clients: readonly Socket[]): Promise<void> {
  const closed = new Promise(resolve => server.close(resolve))
  for (const client of clients) client.destroy()
  server.closeAllConnections()
  await closed
}
