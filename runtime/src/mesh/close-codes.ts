/**
 * Why a link was closed (SPEC.md, MS6): WebSocket close codes of our own, each with a reason that says what to change.
 * A peer that is not authenticated learns nothing about this node's configuration from them.
 */
export const closeCodes = {
  badVersion: 4000,
  wrongCluster: 4001,
  badSecret: 4002,
  notAFrame: 4003,
  tooSlow: 4004,
  replaced: 4005,
  unknownNode: 4006,
  silent: 4007,
  /** Nothing is wrong: what the peer has seen is asked again. */
  askAgain: 4008,
  /** Members that were configured differently. */
  disagree: 4009,
  /** Nothing is wrong: of the two nodes it is the other one that dials. */
  dialsBack: 4010,
  /** WebSocket's own: this node stops. */
  stopping: 1001,
  /** WebSocket's own (RFC 6455 §7.4.1), sent by `ws`: the bytes below the messages are wrong. */
  protocolError: 1002,
  notUtf8: 1007,
  tooManyPieces: 1008,
  /** The message was larger than `maxPayload`. */
  tooBig: 1009,
} as const

export type CloseName = keyof typeof closeCodes

export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly why: CloseName

  constructor(why: CloseName, reason: string) {
    super(reason)
    this.why = why
  }
}

export function closeName(code: number): CloseName | undefined {
  for (const [name, known] of Object.entries(closeCodes)) if (known === code) return name as CloseName
  return undefined
}

/** WebSocket allows 123 bytes, and a reason may quote what a peer sent. */
export function reasonText(text: string): string {
  const bytes = Buffer.from(text)
  // A character that is cut in two becomes one of three bytes: the whole stays below.
  return bytes.length <= 123 ? text : `${bytes.subarray(0, 117).toString()}...`
}
