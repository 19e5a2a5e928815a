/** Votes from lives that are over do not count (PX22): their voter has lost its memory since, and may know less now. */
import type { NodeId } from '@synod/runtime/protocol'
import { mergeLives } from './acceptor-recovery.ts'
import type { Lives } from './messages.ts'
import type { ProposerState } from './proposer-state.ts'

/** Takes back the votes of lives that are over, as another voter tells. */
export function noteLives(state: ProposerState, told: Lives | undefined): void {
  const lives = mergeLives(state.lives, told)
  if (lives === state.lives) return
  state.lives = lives
  const { phase } = state
  if (phase.name === 'scouting') {
    for (const [node, { life }] of phase.promises) if (isOver(state, node, life)) phase.promises.delete(node)
  }
  if (phase.name === 'leading') {
    for (const { votes } of phase.commanders.values()) {
      for (const [node, life] of votes) if (isOver(state, node, life)) votes.delete(node)
    }
  }
}

export function isOver(state: ProposerState, node: NodeId, life: number): boolean {
  return life < (state.lives[node] ?? 0)
}
