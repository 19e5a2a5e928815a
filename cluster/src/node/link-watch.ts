/** Says in the log why a link does not come up: a wrong secret is found by who reads, not by who guesses. */
import type { LinkStatus } from '@synod/runtime/host'
import type { Log } from './log.ts'

const everyMs = 1000

/** Ends when it is called. */
export function watchLinks(links: () => readonly LinkStatus[], log: Log): () => void {
  const told = new Map<string, string>()
  const timer = setInterval(() => tellNews(links(), told, log), everyMs)
  return () => clearInterval(timer)
}

/** Each reason once, until the link has been up or the reason changes. */
export function tellNews(links: readonly LinkStatus[], told: Map<string, string>, log: Log): void {
  for (const { peer, state, lastClose } of links) {
    if (state === 'connected' || lastClose === undefined) told.delete(peer)
    else if (told.get(peer) !== lastClose) {
      told.set(peer, lastClose)
      log('warn', 'no link to a member', { peer, why: lastClose })
    }
  }
}
