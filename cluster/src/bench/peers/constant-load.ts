/** Loads the constant server with the same connections as the shop has. */
import { HttpConnection } from '../../workloads/http-connection.ts'
import { scriptArgument } from '../children.ts'
import { Latencies } from '../latencies.ts'

export interface ConstantLoad {
  readonly url: string
  readonly users: number
  readonly seconds: number
}

async function load({ url, users, seconds }: ConstantLoad) {
  const latencies = new Latencies()
  const until = performance.now() + seconds * 1_000
  const user = async (index: number) => {
    const connection = new HttpConnection(url)
    for (let order = index; performance.now() < until; order += users) {
      const began = performance.now()
      const { status } = await connection.request('POST', `/orders/checkout/${order}`, 10_000)
      if (status !== 200) throw new Error(`the constant server answered ${status}`)
      latencies.add(performance.now() - began)
    }
    connection.close()
  }
  await Promise.all(Array.from({ length: users }, (_, index) => user(index)))
  return latencies.measured(seconds)
}

process.stdout.write(JSON.stringify(await load(scriptArgument<ConstantLoad>())))
