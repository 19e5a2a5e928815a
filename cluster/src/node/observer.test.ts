import { address, nodeId } from '@synod/runtime/protocol'
import { expect, test } from 'vitest'
import { EventRing } from './event-ring.ts'
import { Figures } from './metrics.ts'
import { watch } from './observer.ts'

test('what comes of an actor that failed too often is in the feed and in the log', () => {
  const events = new EventRing()
  const lines: string[] = []
  const observer = watch({ events, figures: new Figures(), log: (_level, message) => lines.push(message) })
  const actor = address(nodeId('n1'), 'learner', 'kv.0')
  observer.escalated?.(actor, new Error('out of order'), 'groupStopped')
  expect(events.last(1)).toMatchObject([
    { actor, name: 'groupStopped', attributes: { error: 'out of order' } },
  ])
  expect(lines[0]).toContain('the others go on without it')
})
