/**
 * Who may ask a node what. This machine is trusted; others show a bearer token; a page of another site, or what a
 * proxy passes on, is nobody's word. Links between nodes have their own handshake.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { isLoopback } from '../config/config.ts'

export interface Caller {
  readonly method: string
  readonly path: string
  readonly remoteAddress: string
  readonly headers: IncomingHttpHeaders
}
export interface Tokens {
  /** For everything but `/admin`. Undefined: only this machine calls. */
  readonly access: string | undefined
  readonly admin: string
}
export interface Denied {
  readonly status: 401 | 403
  readonly detail: string
}

/** What the CLI and the launcher show to nodes; whoever knows the cluster's secret knows it. */
export function adminToken(secret: string): string {
  return createHmac('sha256', secret).update('synod admin 1').digest('hex')
}

const isPublic = (path: string) => path === '/healthz' || path === '/readyz'
/** Links authenticate themselves by the cluster's secret. */
const isMesh = (path: string) => path === '/mesh'
export const isAdmin = (path: string) => path === '/admin' || path.startsWith('/admin/')

/** Undefined when the caller may go on. */
export function deny(caller: Caller, tokens: Tokens): Denied | undefined {
  if (isPublic(caller.path) || isMesh(caller.path)) return undefined
  if (isForeignPage(caller)) return { status: 403, detail: 'requests from pages of other sites are refused' }
  if (holds(caller, tokens.admin)) return undefined
  const local = isLocal(caller)
  if (isAdmin(caller.path)) {
    if (local && hasLocalName(caller)) return undefined
    return {
      status: 401,
      detail: 'send the admin token as "Authorization: Bearer …", or ask from the same machine',
    }
  }
  if (local || tokens.access === undefined || holds(caller, tokens.access)) return undefined
  return { status: 401, detail: 'send the access token as "Authorization: Bearer …"' }
}

/** Directly from this machine: what a proxy here passes on comes from elsewhere. */
function isLocal({ remoteAddress, headers }: Caller): boolean {
  const forwarded = headers['x-forwarded-for'] ?? headers.forwarded ?? headers['x-real-ip']
  return forwarded === undefined && isLoopback(remoteAddress.replace(/^::ffff:/, ''))
}

/** A name that somebody else pointed at this machine (DNS rebinding) does not count. */
function hasLocalName({ headers }: Caller): boolean {
  const host = (headers.host ?? '').replace(/:\d+$/, '').replace(/^\[|\]$/g, '')
  return isLoopback(host)
}

function isForeignPage({ headers, method }: Caller): boolean {
  if (method === 'GET' && headers.upgrade === undefined) return false
  return headers.origin !== undefined && headers.origin.replace(/^https?:\/\//, '') !== headers.host
}

function holds({ headers: { authorization } }: Caller, token: string): boolean {
  if (authorization === undefined) return false
  const shown = Buffer.from(authorization)
  const wanted = Buffer.from(`Bearer ${token}`)
  return shown.length === wanted.length && timingSafeEqual(shown, wanted)
}
