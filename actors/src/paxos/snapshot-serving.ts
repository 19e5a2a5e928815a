/** Hands the applied state of one slot to a learner that lags too far, in chunks that it pulls (PX17). */
import type { Address, Outbox } from '@synod/runtime/protocol'
import { encode } from '@synod/runtime/protocol'
import { liveEntries } from '../replicated/store-data.ts'
import type { Capture, LearnerState } from './learner-state.ts'
import type { LearnerMessage } from './messages.ts'

type Of<Type extends LearnerMessage['type']> = Extract<LearnerMessage, { type: Type }>

/** Rows that the asker writes in one turn. */
const chunkEntries = 2_000

export function onSnapshotAsked(
  state: LearnerState,
  from: Address,
  message: Of<'paxos.snapshotAsked'>,
  out: Outbox,
): void {
  const capture = captureFor(state, message, out)
  if (capture === undefined) return
  const { id, slot, index, timeMs, digest, entries } = capture
  // A capture that is gone starts over with another: the asker sees by its name that it must begin anew.
  const offset = message.capture === id ? Math.min(message.offset, entries.length) : 0
  const chunk: LearnerMessage = {
    type: 'paxos.snapshotChunk',
    ...{ capture: id, slot, index, timeMs, digest, offset, total: entries.length },
    ...encodeEntries(capture, offset, state.place.tuning.chunkBytes),
  }
  out.send(from, chunk)
  out.setTimer('capture', state.place.tuning.snapshotIdleMs)
}

function captureFor(
  state: LearnerState,
  message: Of<'paxos.snapshotAsked'>,
  out: Outbox,
): Capture | undefined {
  const { host, capture, place } = state
  if (capture !== undefined && capture.id === message.capture) return capture
  if (capture !== undefined && capture.slot >= message.slot) return capture
  if (host.applied < message.slot) return undefined
  const { applied: slot, index, timeMs, digest, store } = host
  const id = `${place.node}.${place.incarnation}/${slot}/${Math.floor(out.random() * 2 ** 32).toString(36)}`
  state.capture = { id, slot, index, timeMs, digest, entries: [...liveEntries(store)], bytes: [0] }
  return state.capture
}

/** Half as many as could be, and half of that, until their bytes are few enough or one is left. */
function encodeEntries(capture: Capture, offset: number, limit: number) {
  const { entries } = capture
  let count = Math.min(chunkEntries, entries.length - offset)
  while (count > 1 && bytesOf(capture, offset, count) > limit) count = Math.ceil(count / 2)
  return { entries: encode(entries.slice(offset, offset + count)), count }
}

/**
 * Of a list of these entries. Each is encoded once to know, as small chunks would encode what follows them every
 * time.
 */
function bytesOf({ entries, bytes }: Capture, offset: number, count: number): number {
  for (let at = bytes.length; at <= offset + count; at++) {
    bytes.push((bytes[at - 1] ?? 0) + encode(entries[at - 1]).length)
  }
  const header = count < 16 ? 1 : 3
  return header + (bytes[offset + count] ?? 0) - (bytes[offset] ?? 0)
}
