/** Waiting for a condition, with a deadline. */
export async function waitFor<Found>(
  what: string,
  withinMs: number,
  look: () => Promise<Found | undefined>,
  everyMs = 50,
): Promise<Found> {
  const until = performance.now() + withinMs
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    if (performance.now() > until) throw new Error(`${what}: not within ${withinMs / 1_000} s`)
    await new Promise(resolve => setTimeout(resolve, everyMs))
  }
}
