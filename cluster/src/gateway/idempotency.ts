/** `Idempotency-Key`: a write that carries one executes at most once, on whichever node it is retried. */
import { createHash } from 'node:crypto'
import type { TxId } from '@synod/actors'
import type { Context } from 'hono'
import { BadInput } from './problem.ts'

/** How long an answer is kept for retries. */
export const retentionMs = 24 * 60 * 60 * 1_000

export interface Idempotency {
  readonly id: TxId
  readonly fingerprint: string
  readonly retainMs: number
}

/** The id derives from the principal and the key alone; the fingerprint from the whole request. */
export async function idempotency(c: Context): Promise<Idempotency | undefined> {
  const key = c.req.header('idempotency-key')
  if (key === undefined) return undefined
  if (key.length < 1 || key.length > 255) {
    throw new BadInput(`Idempotency-Key has ${key.length} characters: use 1 to 255`)
  }
  const principal = c.req.header('authorization') ?? ''
  return {
    id: { session: `key.${digest(principal, key)}`, sequence: 1 },
    fingerprint: digest(c.req.method, c.req.path, await c.req.text()),
    retainMs: retentionMs,
  }
}

function digest(...parts: readonly string[]): string {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(`${part.length}:`).update(part)
  return hash.digest('base64url').slice(0, 27)
}
