/** What is wrong with bytes from a peer. */

/** Bytes that are not a frame, or say what no honest peer says. Ends the link, never the node. */
export class FrameError extends Error {
  override readonly name = 'FrameError'
}

export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
