const mostBytes = 64 * 1024 * 1024
const mostMs = 2_000

/**
 * Reads what is left of a request's body and throws it away: a connection that is closed over unread bytes is reset, and
 * takes the answer with it (RFC 9112, §9.6). Whether all of it came, within 64 MiB and 2 s.
 */
export async function discard(body: ReadableStreamDefaultReader<Uint8Array>): Promise<boolean> {
  let late = false
  const timer = setTimeout(() => {
    late = true
    // What waits for the next part is told that there is none.
    void body.cancel()
  }, mostMs)
  try {
    for (let bytes = 0; bytes <= mostBytes; ) {
      const { done, value } = await body.read()
      if (done) return !late
      bytes += value.length
    }
    return false
  } catch {
    // The client is gone.
    return false
  } finally {
    clearTimeout(timer)
  }
}
