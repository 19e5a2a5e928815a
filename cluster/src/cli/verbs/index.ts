/** All verbs, in the order of the help. */
import type { Verb } from '../verb.ts'
import { actors } from './actors.ts'
import { events } from './events.ts'
import { fault } from './fault.ts'
import { groups } from './groups.ts'
import { inspect } from './inspect.ts'
import { kv } from './kv.ts'
import { load } from './load.ts'
import { log } from './log.ts'
import { node } from './node.ts'
import { nodes } from './nodes.ts'
import { order } from './order.ts'
import { promises } from './promises.ts'
import { shards } from './shards.ts'
import { sim } from './sim.ts'
import { start } from './start.ts'
import { status } from './status.ts'
import { stop } from './stop.ts'
import { tx } from './tx.ts'
import { txns } from './txns.ts'
import { verify } from './verify.ts'

export const verbs: readonly Verb[] = [
  ...[start, stop, node],
  ...[status, nodes, groups, shards, actors, txns, log, inspect, events, promises],
  ...[order, kv, tx],
  ...[load, verify, fault, sim],
]
