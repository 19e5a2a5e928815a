import { tmpdir } from 'node:os'
import { expect, test } from 'vitest'
import { explainDisk, noSpaceOn } from './disk.ts'

const full = (data: string) =>
  `no space left on the file system of ${data}: make room, or choose another folder with --data`

test.runIf(process.platform === 'linux')('a file system that has no room is told from one that has', () => {
  expect(noSpaceOn('/proc')?.message).toBe(full('/proc'))
  expect(noSpaceOn(tmpdir())).toBeUndefined()
})

test('an error for want of room is said in words, any other left as it is', () => {
  const error = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
  expect(explainDisk(error, '/data')).toMatchObject({ name: 'Failure', message: full('/data') })
  const other = new Error('a defect')
  expect(explainDisk(other, '/data')).toBe(other)
})
