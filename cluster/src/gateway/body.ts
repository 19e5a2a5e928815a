/** Request bodies: JSON, bounded, with errors that say what is wrong. */
import type { Context } from 'hono'
import { BadInput } from './problem.ts'

/** Largest body that is read, in bytes. */
export const maxBodyBytes = 1024 * 1024

export async function jsonBody(c: Context): Promise<unknown> {
  const text = await c.req.text()
  if (text === '') throw new BadInput('the body is empty: send a JSON value')
  try {
    return JSON.parse(text) as unknown
  } catch (error) {
    throw new BadInput(`the body is not JSON: ${(error as Error).message}`)
  }
}
