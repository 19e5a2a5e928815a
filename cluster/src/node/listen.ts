/** Listening on a port: what goes wrong is said in words, and thousands that come at once get in. */
import type { Server } from 'node:http'
import { type AddressInfo, createServer, type ListenOptions, type Server as NetServer } from 'node:net'
import { joinEndpoint } from '../config/config.ts'
import { codeOf, Failure } from './failure.ts'
import { portHolder } from './port-holder.ts'

/**
 * Connections that may wait to be accepted; the kernel takes less where `net.core.somaxconn` is less. Node's own 511
 * overflow when thousands of clients dial at once: their requests then hang in the kernel for longer than their
 * deadline.
 */
const backlog = 16_384

/**
 * libuv (from 1.45) accepts one connection per listening socket and turn of the event loop. In a flood a node turns
 * ten to fifty times a second: of 2,700 clients that dialled at once most were still waiting after 13 s.
 */
const sockets = 64

/** Throws `Failure`; a taken port is explained with the process that holds it. */
export async function listen(server: NetServer, host: string, port: number): Promise<void> {
  await listenOn(server, { host, port, backlog }).catch((error: Error) => {
    throw new Failure(explainListen(error, host, port))
  })
}

/**
 * As `listen`, with several sockets on the port where the system can share one (`SO_REUSEPORT`). Returns what closes
 * all but the server's own.
 */
export async function listenWide(server: Server, host: string, port: number): Promise<() => void> {
  // Those that share would also share with another node that was given this port by mistake: the first asks for it
  // alone.
  const alone = createServer()
  await listen(alone, host, port)
  const shared = { host, port: (alone.address() as AddressInfo).port, backlog, reusePort: true }
  await new Promise(resolve => alone.close(resolve))
  const refused = await listenOn(server, shared).catch((error: Error) => error)
  if (refused instanceof Error) {
    await listen(server, host, shared.port)
    return () => undefined
  }
  const others = Array.from({ length: sockets - 1 }, () =>
    // As `node:http` makes its own sockets.
    createServer({ noDelay: true, allowHalfOpen: true }, socket => server.emit('connection', socket)),
  )
  await Promise.all(others.map(other => listenOn(other, shared))).catch((error: Error) => {
    throw new Failure(explainListen(error, host, shared.port))
  })
  return () => {
    for (const other of others) other.close()
  }
}

function listenOn(server: NetServer, options: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(options, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

export function explainListen(error: Error, host: string, port: number): string {
  const at = joinEndpoint(host, port)
  switch (codeOf(error)) {
    case 'EADDRINUSE': {
      const holder = portHolder(port)
      const who = holder === undefined ? 'by another process' : `by process ${holder.pid}: ${holder.command}`
      return `port ${port} is taken ${who}; stop it, or choose another with --port`
    }
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `cannot listen on ${at}: this machine has no address ${host}`
    case 'EACCES':
      return `cannot listen on ${at}: this user may not use port ${port}; choose one above 1023 with --port`
    default:
      return `cannot listen on ${at}: ${error.message}`
  }
}
