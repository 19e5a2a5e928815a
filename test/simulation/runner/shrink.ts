/** Makes a failure smaller: without kinds of faults, with fewer clients, as long as the seed still fails. */
import type { Less } from '../suite.ts'
import { type Batch, type Failure, isFailure, taskOf } from './batch.ts'
import type { Processes } from './pool.ts'

export interface Smaller {
  readonly failure: Failure
  readonly less: Less
}

export async function shrink(processes: Processes, batch: Batch, first: Failure): Promise<Smaller> {
  const { without, mostClients } = batch
  let best: Smaller = {
    failure: first,
    less: {
      ...(without === undefined ? {} : { without }),
      ...(mostClients === undefined ? {} : { mostClients }),
    },
  }
  const attempt = async (less: Less): Promise<boolean> => {
    const outcome = await processes.run(taskOf({ ...batch, ...less }, first.seed))
    if (isFailure(outcome)) best = { failure: outcome, less }
    return isFailure(outcome)
  }
  for (const kind of first.kinds) {
    if (!best.failure.kinds.includes(kind)) continue
    await attempt({ ...best.less, without: [...(best.less.without ?? []), kind] })
  }
  for (let most = clientsOf(first) >> 1; most >= 1; most >>= 1) {
    if (!(await attempt({ ...best.less, mostClients: most }))) break
  }
  return best
}

function clientsOf({ setup }: Failure): number {
  return typeof setup.clients === 'number' ? setup.clients : 0
}

/** As the command takes it. */
export function flagsOf({ without = [], mostClients }: Less): string {
  const kinds = without.length === 0 ? '' : ` --without ${without.join()}`
  return mostClients === undefined ? kinds : `${kinds} --clients ${mostClients}`
}
