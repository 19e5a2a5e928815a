/** The shape of a configuration, its defaults, and what is said of a value that does not fit. */
import { z } from 'zod'
import { commit, concurrency, isolation, type Layer, partition, replication } from './choices.ts'
import { suggestion } from './nearest.ts'

const settings = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z.strictObject(shape, { error: 'must be a map of settings' })

/** One of a layer's choices that exist; the others are refused by name. */
function choiceOf(layer: Layer, fallback: string) {
  const exists = layer.choices.filter(choice => choice.built).map(choice => choice.name)
  const all = layer.choices.map(choice => choice.name)
  return z
    .string({ error: `must be one of: ${exists.join(', ')}` })
    .superRefine((value, context) => {
      if (exists.includes(value)) return
      const message = all.includes(value)
        ? `${layer.layer} ${JSON.stringify(value)} is not built yet; what exists: ${exists.join(', ')}`
        : `unknown ${layer.layer} ${JSON.stringify(value)}; ${suggestion(value, all)}`
      context.addIssue({ code: 'custom', message })
    })
    .default(fallback)
}

const whole = (least: number, most: number) => {
  const error = `must be a whole number from ${least} to ${most}`
  return z.int({ error }).min(least, { error }).max(most, { error })
}
const text = (what: string) => z.string({ error: `must be ${what}` }).min(1, { error: `must be ${what}` })
const flag = () => z.boolean({ error: 'must be true or false' })
const name = z.string({ error: 'must be a name' }).regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, {
  error: "must be 1 to 63 letters, digits, '.', '_' or '-', starting with a letter or digit",
})

const groupsError = 'must be a whole number from 1 to 256, or the keyspace whose groups it shares'

/**
 * Settled later: `replicas` is by default three, or as many as there are nodes; `groups` as few as keep all nodes
 * equally busy, for payment those of orders.
 */
const keyspace = settings({
  shards: whole(1, 256).default(3),
  groups: z.union([whole(1, 256), name], { error: groupsError }).optional(),
  replicas: whole(1, 7).optional(),
  replication: choiceOf(replication, 'paxos'),
  partition: choiceOf(partition, 'hash'),
  concurrency: choiceOf(concurrency, '2pl'),
})

export const keyspaceDefaults = keyspace.parse({})

/** Names of keyspaces become parts of group names (`orders.0`) and of paths. */
const keyspaceName = z.string().regex(/^[a-z][a-z0-9-]{0,30}$/, {
  error: "a keyspace's name must be 1 to 31 lower-case letters, digits or '-', starting with a letter",
})

const transactions = settings({
  commit: choiceOf(commit, '2pc-escrow'),
  isolation: choiceOf(isolation, 'serializable'),
})

const limits = settings({
  /** Requests that may wait in one node for an answer; beyond it they are refused as overloaded. */
  requests: whole(1, 1_000_000).default(20_000),
  /** Where requests would have to wait longer than this, newcomers are refused as overloaded. */
  waitMs: whole(10, 600_000).default(1_000),
  mailbox: whole(16, 1_000_000).default(10_000),
  turnEvents: whole(16, 1_000_000).default(4096),
  turnMs: whole(1, 1000).default(20),
})

/** What nodes of one cluster have in common. */
const shared = {
  keyspaces: z.record(keyspaceName, keyspace, { error: 'must be a map of names to settings' }).prefault({}),
  transactions: transactions.prefault({}),
  faults: flag().default(false),
  deadlineMs: whole(100, 600_000).default(10_000),
  limits: limits.prefault({}),
  /** Bearer tokens that callers from other machines must show. */
  access: settings({ tokenFile: text('the path of a file').optional() }).prefault({}),
}

/** What `cluster start` runs: several nodes on this machine. */
export const clusterSchema = settings({
  cluster: name.optional(),
  nodes: z.union([z.literal(1), z.literal(3), z.literal(5)], { error: 'must be 1, 3 or 5' }).default(3),
  port: whole(1, 65_530).default(8000),
  host: text('an address').default('127.0.0.1'),
  data: text('the path of a folder').default('.synod'),
  restart: flag().default(true),
  ...shared,
})

const endpoint = text('host:port').regex(/^(\[[0-9a-fA-F:]+\]|[^:\s]+):\d{1,5}$/, {
  error: 'must be host:port, for instance 10.0.0.1:8001',
})

/** What `cluster node --config` runs: one node of a cluster, here or on several machines. */
export const nodeSchema = settings({
  cluster: name,
  node: name,
  /** Where this node listens; by default the member's own host and port. */
  listen: endpoint.optional(),
  members: z
    .record(name, endpoint, { error: 'must be a map of node ids to host:port' })
    .refine(members => Object.keys(members).length % 2 === 1, { error: 'must name 1, 3, 5 or 7 nodes' }),
  data: text('the path of a folder'),
  secretFile: text('the path of a file'),
  logFile: text('the path of a file').optional(),
  ...shared,
})

export type ClusterInput = z.output<typeof clusterSchema>
export type NodeInput = z.output<typeof nodeSchema>
export type SharedInput = Pick<ClusterInput, keyof typeof shared>
