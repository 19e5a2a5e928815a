import type { LinkStatus } from '@synod/runtime/host'
import { expect, test } from 'vitest'
import { tellNews } from './link-watch.ts'

test('a reason is told once, and again after the link was up or when it is another', () => {
  const told = new Map<string, string>()
  const said: unknown[] = []
  const see = (state: LinkStatus['state'], lastClose?: string) => {
    const link = { peer: 'n2', state, lastClose } as unknown as LinkStatus
    tellNews([link], told, (_level, _message, fields) => said.push(fields?.why))
  }
  see('connecting')
  see('down', 'refused')
  see('connecting', 'refused')
  see('down', 'wrong secret')
  see('connected', 'wrong secret')
  see('down', 'wrong secret')
  expect(said).toEqual(['refused', 'wrong secret', 'wrong secret'])
})
