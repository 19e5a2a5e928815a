/**
 * A route as data: the app registers it, the OpenAPI document describes it, and its methods answer 405 for the
 * others.
 */
import type { Context } from 'hono'

export const methods = ['GET', 'POST', 'PUT', 'DELETE'] as const
export type Method = (typeof methods)[number]

export interface Route {
  readonly method: Method
  /** OpenAPI form: `/kv/{keyspace}/{key}`. */
  readonly path: string
  readonly summary: string
  readonly tag: string
  /** JSON Schema of what stands in the path, by name; others are strings. */
  readonly parameters?: Readonly<Record<string, object>>
  /** JSON Schema of the body, when the route takes one. */
  readonly body?: object
  readonly query?: Readonly<Record<string, object>>
  /** Status → what it means; 200 comes with the schema of its body. */
  readonly answers: Readonly<Record<number, string>>
  readonly result?: object
  /** 200 is text instead of JSON. */
  readonly text?: true
  handle(c: Context): Promise<Response> | Response
}

/** `/kv/{keyspace}/{key}` as Hono writes it. */
export function honoPath(path: string): string {
  return path.replace(/\{(\w+)\}/g, ':$1')
}

export function parameter(c: Context, name: string): string {
  return c.req.param(name) ?? ''
}
