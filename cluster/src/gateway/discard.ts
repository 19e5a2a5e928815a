/** What is left of a body that nobody wants. */

/** Of one request: who sends more, or for longer, is cut off. */
const mostBytes = 64 * 1024 * 1024
const mostMs = 10_000

/** Reads to the end, and keeps nothing. */
export async function discard(body: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
  // What waits for the next part is told that there is none.
  const give = () => void body.cancel().catch(() => undefined)
  const timer = setTimeout(give, mostMs)
  try {
    for (let bytes = 0; bytes <= mostBytes; ) {
      const { done, value } = await body.read()
      if (done) return
      bytes += value.length
    }
    give()
  } catch {
    // The client is gone.
  } finally {
    clearTimeout(timer)
  }
}
