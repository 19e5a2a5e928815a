/**
 * What all nodes of a cluster must be configured alike: its members and keyspaces, from which each makes the first
 * shard map by itself. Nodes that made different ones would look for the same key in different groups, without a
 * word.
 */
import { createHash } from 'node:crypto'
import type { ShardMap } from '@synod/actors'
import { type Agreement, termsFit } from '@synod/runtime/host'
import { z } from 'zod'
import { changedSettings, type KeyspaceSettings, written } from '../config/keyspaces.ts'
import { placesOf, settingsOf } from './kept-map.ts'

const settingsSchema = z.object({
  shards: z.int().exactOptional(),
  groups: z.union([z.int(), z.string()]).exactOptional(),
  replicas: z.int().exactOptional(),
})
/** Other releases may say more. */
const termsSchema = z.object({
  /** Of where the map has each group and shard: equal, or the nodes disagree. All else only helps to say why. */
  digest: z.string(),
  members: z.array(z.string()).readonly().exactOptional(),
  keyspaces: z.record(z.string(), settingsSchema).exactOptional(),
})
type Terms = z.output<typeof termsSchema>

export function agreementOf(node: string, members: readonly string[], map: ShardMap): Agreement {
  const digest = digestOf(map)
  const keyspaces = Object.fromEntries(Object.keys(map.keyspaces).map(name => [name, settingsOf(map, name)]))
  const own: Terms = { digest, members, keyspaces }
  const full = JSON.stringify(own)
  return {
    terms: termsFit(full) ? full : JSON.stringify({ digest } satisfies Terms),
    differs: (peer, theirs) => difference({ node, terms: own }, { node: peer, terms: termsIn(theirs) }),
  }
}

/** Over the places in words, not over the map as it is written: another release may write it otherwise. */
function digestOf(map: ShardMap): string {
  const places = [...placesOf(map)].map(([what, where]) => `${what} ${where}\n`)
  return createHash('sha256').update(places.sort().join('')).digest('hex').slice(0, 32)
}

interface Side {
  readonly node: string
  readonly terms: Terms
}

/** Short, as it must fit into the reason of a close; what to do comes first. */
function difference(own: Side, other: Side): string | undefined {
  if (own.terms.digest === other.terms.digest) return undefined
  return (
    membersDiffer(own, other) ??
    keyspacesDiffer(own, other) ??
    'give both nodes the same keyspaces, in the same order'
  )
}

function membersDiffer(own: Side, other: Side): string | undefined {
  const [ours, theirs] = [own.terms.members, other.terms.members].map(members => members?.join(' '))
  if (ours === undefined || theirs === undefined || ours === theirs) return undefined
  return `give both nodes the same members, in the same order: ${own.node} has ${ours}, ${other.node} ${theirs}`
}

function keyspacesDiffer(own: Side, other: Side): string | undefined {
  const [ours, theirs] = [own.terms.keyspaces, other.terms.keyspaces]
  if (ours === undefined || theirs === undefined) return undefined
  for (const name of new Set([...Object.keys(ours), ...Object.keys(theirs)])) {
    const [here, there] = [ours[name], theirs[name]]
    const same = 'give both nodes the same keyspaces'
    if (here === undefined) return `${same}: ${own.node} has no ${name}`
    if (there === undefined) return `${same}: ${other.node} has no ${name}`
    const changed = changedSettings(here, there)
    if (Object.keys(changed).length > 0) {
      return `${same}: ${own.node} has ${said(name, changed)}, ${other.node} ${said(name, changedSettings(there, here))}`
    }
  }
  return undefined
}

/** `kv: { shards: 3 }` */
function said(name: string, settings: Partial<KeyspaceSettings>): string {
  return written({ [name]: settings }).replace(/^keyspaces: \{ (.*) \}$/, '$1')
}

/** What cannot be read agrees with nothing. */
function termsIn(text: string): Terms {
  try {
    return termsSchema.parse(JSON.parse(text))
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof z.ZodError) return { digest: '' }
    throw error
  }
}
