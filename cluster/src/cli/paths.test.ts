import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { usualData } from './paths.ts'

test('the data folder is here, or the nearest upward within the project, else that of the project', () => {
  const above = mkdtempSync(join(tmpdir(), 'synod-paths-'))
  const root = join(above, 'project')
  const deep = join(root, 'docs', 'deep')
  mkdirSync(deep, { recursive: true })
  mkdirSync(join(above, '.synod'))
  expect(usualData(deep, root)).toBe(join(root, '.synod'))
  mkdirSync(join(root, '.synod'))
  writeFileSync(join(root, 'docs', '.synod'), 'a file is none')
  expect(usualData(deep, root)).toBe(join(root, '.synod'))
  mkdirSync(join(deep, '.synod'))
  expect(usualData(deep, root)).toBe(join(deep, '.synod'))
  // From elsewhere: what lies there, not above it.
  expect(usualData(above, root)).toBe(join(above, '.synod'))
  mkdirSync(join(above, 'other'))
  expect(usualData(join(above, 'other'), root)).toBe(join(root, '.synod'))
  rmSync(above, { recursive: true })
})
