/**
 * The load of the put bench, in a process of its own: callers in a closed loop over one client. Asked once by its
 * argument, or again and again by messages.
 */
import { connect } from '../client/index.ts'
import { scriptArgument } from './children.ts'
import type { Measured } from './figure.ts'
import { Latencies } from './latencies.ts'

export interface PutLoad {
  readonly urls: readonly string[]
  readonly callers: number
  readonly warmUpSeconds: number
  readonly seconds: number
  readonly keys: number
  readonly valueBytes: number
}

export type PutResult = Measured & {
  readonly failed: number
  readonly firstFailure: string
  /** Puts and processor seconds of the whole run, warm-up included. */
  readonly done: number
  readonly cpuSeconds: number
}

async function load(options: PutLoad): Promise<PutResult> {
  const { urls, callers, keys } = options
  const usedBefore = process.cpuUsage()
  const client = connect(urls)
  const value = 'v'.repeat(options.valueBytes)
  const latencies = new Latencies()
  let failed = 0
  let done = 0
  let firstFailure = ''
  const from = performance.now() + options.warmUpSeconds * 1_000
  const until = from + options.seconds * 1_000
  const caller = async (index: number) => {
    for (let call = index; performance.now() < until; call += callers) {
      const began = performance.now()
      try {
        await client.put('kv', `key-${(call * 7_919) % keys}`, value)
      } catch (error) {
        failed += 1
        firstFailure ||= String(error)
        continue
      }
      const ended = performance.now()
      done += 1
      if (ended >= from && ended < until) latencies.add(ended - began)
    }
  }
  await Promise.all(Array.from({ length: callers }, (_, index) => caller(index)))
  client.close()
  const { user, system } = process.cpuUsage(usedBefore)
  return {
    ...latencies.measured(options.seconds),
    failed,
    firstFailure,
    done,
    cpuSeconds: (user + system) / 1e6,
  }
}

if (process.send === undefined) process.stdout.write(JSON.stringify(await load(scriptArgument<PutLoad>())))
else process.on('message', async (options: PutLoad) => process.send?.(await load(options)))
