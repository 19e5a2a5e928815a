/** The figures of a node for `/metrics`: counted where they happen, read when somebody asks. */
import type { DeadLetterReason, RunningNode, TurnReport } from '@synod/runtime/host'
import type { Metric } from '../gateway/health.ts'

type Sample = Metric['samples'][number]

export class Figures {
  #commits = 0
  #commitSeconds = 0
  #writes = 0
  #failures = 0
  readonly #deadLetters = new Map<DeadLetterReason, number>()

  turnEnded({ writes, commitMs }: TurnReport): void {
    if (writes === 0) return
    this.#commits += 1
    this.#writes += writes
    this.#commitSeconds += commitMs / 1000
  }
  deadLetter(reason: DeadLetterReason): void {
    this.#deadLetters.set(reason, (this.#deadLetters.get(reason) ?? 0) + 1)
  }
  failed(): void {
    this.#failures += 1
  }

  metrics(node: RunningNode): readonly Metric[] {
    const stats = node.kernel?.stats()
    const links = node.links()
    const perPeer = (value: (link: (typeof links)[number]) => number): Sample[] =>
      links.map(link => ({ labels: { peer: link.peer }, value: value(link) }))
    return [
      gauge('synod_ready', 'Whether the node serves', node.ready() ? 1 : 0),
      counter('synod_turn', 'Number of the last committed turn', node.turn()),
      counter('synod_events_total', 'Events handled by actors', stats?.events ?? 0),
      counter('synod_commits_total', 'Turns that wrote', this.#commits),
      counter('synod_commit_seconds_total', 'Time spent in commits', this.#commitSeconds),
      counter('synod_rows_written_total', 'Rows written', this.#writes),
      counter('synod_actor_failures_total', 'Events that made an actor throw', this.#failures),
      gauge('synod_requests_pending', 'Requests that wait for an answer', stats?.pendingRequests ?? 0),
      gauge('synod_actors', 'Actors on this node', stats?.actors ?? 0),
      gauge('synod_memory_bytes', 'Resident memory of the process', process.memoryUsage.rss()),
      many('counter', 'synod_dead_letters_total', 'Messages that reached nobody, by reason', [
        ...[...this.#deadLetters].map(([reason, value]) => ({ labels: { reason }, value })),
      ]),
      many(
        'counter',
        'synod_link_sent_total',
        'Messages sent to a peer',
        perPeer(link => link.sent),
      ),
      many(
        'counter',
        'synod_link_received_total',
        'Messages from a peer',
        perPeer(link => link.received),
      ),
      many(
        'counter',
        'synod_link_dropped_total',
        'Messages a link dropped',
        perPeer(link => link.dropped),
      ),
      many(
        'gauge',
        'synod_link_reachable',
        'Connected and not suspect',
        perPeer(link => (link.reachable ? 1 : 0)),
      ),
      many(
        'gauge',
        'synod_link_rtt_seconds',
        'Round trip to a peer',
        perPeer(link => (link.rttMs ?? 0) / 1000),
      ),
      many(
        'gauge',
        'synod_link_queued_bytes',
        'Bytes that wait for a peer',
        perPeer(link => link.queuedBytes),
      ),
    ]
  }
}

function many(type: Metric['type'], name: string, help: string, samples: readonly Sample[]): Metric {
  return { type, name, help, samples }
}
function counter(name: string, help: string, value: number): Metric {
  return many('counter', name, help, [{ value }])
}
function gauge(name: string, help: string, value: number): Metric {
  return many('gauge', name, help, [{ value }])
}
