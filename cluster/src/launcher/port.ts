/** Ports of this machine: whether they can be had, and what is said of a node that waits for its own. */
import { createServer } from 'node:net'
import type { ClusterConfig } from '../config/config.ts'
import { Failure } from '../node/failure.ts'
import { listen } from '../node/listen.ts'
import { portHolder } from '../node/port-holder.ts'

/** Listens for a moment; throws `Failure`, which names the process that has the port. */
export async function tryPort(host: string, port: number): Promise<void> {
  const probe = createServer()
  await listen(probe, host, port)
  await new Promise(resolve => probe.close(resolve))
}

/** Throws `Failure`; who takes a port a moment later is met, and named, by the one who listens there. */
export async function refuseTakenPorts({ host, port, nodes }: ClusterConfig): Promise<void> {
  for (let index = 0; index <= nodes; index++) {
    try {
      await tryPort(host, port + index)
    } catch (error) {
      if (error instanceof Failure && index > 0) throw new Failure(`n${index}: ${error.message}`)
      throw error
    }
  }
}

/** Whether a node was refused for its port, by what it said: the words are those of `listen`. */
export function isForPort(message: string, port: number): boolean {
  return message.startsWith(`port ${port} is taken `)
}

/** Of one node of a cluster that runs: another port it cannot choose, as the others know it by this one. */
export function takenNow(port: number): string {
  const holder = portHolder(port)
  const who = holder === undefined ? 'another process' : `process ${holder.pid}: ${holder.command}`
  return `port ${port} is taken by ${who}; stop it: the node starts as soon as the port is free`
}
