/** Why a client socket was closed (SPEC.md, GW4). */
export const closeCodes = { badFrame: 4001, tooManyWaiting: 4002, answersNotRead: 4003 } as const

/** What a client may send and have waiting. */
export const socketLimits = {
  /** Requests without an answer. */
  waiting: 20_000,
  /** Requests in a frame, and its bytes. */
  inFrame: 10_000,
  frameBytes: 4 * 1024 * 1024,
} as const

/** WebSocket's own (RFC 6455 §7.4.1), sent by `ws` when the bytes below the messages are wrong. */
export const webSocketCodes = {
  protocolError: 1002,
  notUtf8: 1007,
  tooManyPieces: 1008,
  tooBig: 1009,
} as const
