/** The effects of an event that was handled become part of the turn. */
import type { Cell } from './cell.ts'
import type { Core } from './core.ts'
import { answer } from './exchange.ts'

export function merge(core: Core, cell: Cell, trace: string | undefined): void {
  const { out, delivery } = core
  const { sendTo, sendMessage } = out
  if (out.writes.length > 0) cell.basis = delivery.serial
  const { basis } = cell
  for (let i = 0; i < sendTo.length; i++) {
    const to = sendTo[i]
    if (to !== undefined) delivery.send(cell.address, to, sendMessage[i], trace, basis)
  }
  if (out.hasRareEffects) mergeRare(core, cell, trace)
  out.clear()
}

function mergeRare(core: Core, cell: Cell, trace: string | undefined): void {
  const { writes, timers, replies, notes } = core.out
  for (const write of writes) core.writes.push(write)
  for (const { name, delayMs } of timers) {
    if (delayMs < 0) core.timers.cancel(cell, name)
    else core.timers.set(cell, name, delayMs)
  }
  for (const { request, result } of replies) {
    answer(core, cell.address, request, { outcome: 'answered', result }, trace, cell.basis)
  }
  for (const note of notes) core.notes.push(note)
}
