/** A newer shard map arrives: what was planned by the old one, and refused for it, is planned again. */
import type { NodeId } from '@synod/runtime/protocol'
import type { MapAnswer } from '../sharding/messages.ts'
import { answered, closeCall, sendTo, waitAfter } from './calls.ts'
import { replanLookup } from './lookup.ts'
import { planShares } from './plan.ts'
import { replanRead } from './read.ts'
import { firstTarget } from './routes.ts'
import { replanScan } from './scan.ts'
import type { Call, Context, SubmitWork } from './state.ts'
import { finishSubmit } from './transact.ts'

export function onMap(context: Context, from: NodeId, message: MapAnswer): void {
  const { state } = context
  const call = state.mapCall === undefined ? undefined : state.calls.get(state.mapCall)
  if (call === undefined || message.tag !== state.firstTag + call.number) return
  closeCall(context, call)
  state.mapCall = undefined
  answered(context, call, from)
  const news = message.map.epoch >= state.map.epoch
  if (news) state.map = message.map
  for (const stale of [...state.calls.values()]) {
    if (stale.phase !== 'stale') continue
    if (news) replan(context, stale)
    else waitAfter(context, stale, 'the shard map is being changed')
  }
}

function replan(context: Context, call: Call) {
  switch (call.work.kind) {
    case 'submit':
      return replanSubmit(context, call, call.work)
    case 'read':
      return replanRead(context, call)
    case 'scan':
      return replanScan(context, call)
    case 'lookup':
      return replanLookup(context, call)
    case 'map':
      return
  }
}

/** The id stays: whoever coordinates now, it is the same transaction. */
function replanSubmit(context: Context, call: Call, work: SubmitWork) {
  const shares = planShares(context.state.map, work.operations)
  if ('misplaced' in shares) {
    const { misplaced: operation, detail } = shares
    return finishSubmit(context, call, work, { status: 'refused', reason: 'invalid', operation, detail })
  }
  const group = shares[0]?.group
  if (group === undefined) return
  work.shares = shares
  call.group = group
  sendTo(context, call, firstTarget(context.state, group))
}
