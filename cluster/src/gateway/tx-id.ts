/** A transaction's id as clients see it: opaque, URL-safe, and enough to find the group that coordinated it. */
import type { TxId } from '@synod/actors'
import { z } from 'zod'
import { BadInput } from './problem.ts'

export interface Handle {
  readonly id: TxId
  /** First key of the operations: its shard keeps the record. */
  readonly keyspace: string
  readonly key: string
}

const shape = z.tuple([z.string().max(128), z.int().min(0), z.string().max(64), z.string().max(512)])

export function writeHandle({ id, keyspace, key }: Handle): string {
  return Buffer.from(JSON.stringify([id.session, id.sequence, keyspace, key])).toString('base64url')
}

export function readHandle(text: string): Handle {
  try {
    const [session, sequence, keyspace, key] = shape.parse(
      JSON.parse(Buffer.from(text, 'base64url').toString()),
    )
    return { id: { session, sequence }, keyspace, key }
  } catch {
    throw new BadInput(`${JSON.stringify(text.slice(0, 80))} is not a transaction id of this cluster`)
  }
}
